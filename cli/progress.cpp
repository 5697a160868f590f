// Live progress of tuning.
#include "cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "cli/plan_report.hpp"

namespace attune::cli {
namespace {

constexpr auto updating_interval = std::chrono::milliseconds(100);
constexpr auto plain_interval = std::chrono::seconds(3);
constexpr size_t fallback_columns = 100;

size_t columns_of(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 1) return size.ws_col;
  return fallback_columns;
}

}  // namespace

std::string progress_text(const tuner::Progress& p) {
  std::string text =
      fmt::format("shape {}/{} {} | {} {}", p.problem_index + 1, p.problem_count, p.problem, p.phase, p.evaluated);
  if (p.planned > 0) text += fmt::format("/{}", p.planned);
  if (p.best_ms > 0) {
    text += fmt::format(" | best {}", time_text(p.best_ms));
    if (p.heuristic_ms > 0) text += fmt::format(", {:.2f}x the heuristic", p.heuristic_ms / p.best_ms);
  }
  if (p.compile_queue > 0) text += fmt::format(" | {} queued", p.compile_queue);
  if (p.failed > 0) text += fmt::format(" | {} failed", p.failed);
  if (p.budget_s > 0) text += fmt::format(" | {:.0f} s left", std::max(0.0, p.budget_s - p.elapsed_s));
  return text;
}

std::string fit(const std::string& text, size_t columns) {
  if (text.size() <= columns) return text;
  if (columns <= 3) return text.substr(0, columns);
  return text.substr(0, columns - 3) + "...";
}

ProgressLine::Style ProgressLine::style_of(std::FILE* stream) {
  return isatty(fileno(stream)) != 0 ? Style::updating : Style::plain;
}

void ProgressLine::show(const tuner::Progress& progress) {
  if (style_ == Style::silent) return;
  const auto now = Clock::now();
  const bool new_shape = progress.problem_index != shape_;
  const auto interval = style_ == Style::updating ? Clock::duration(updating_interval) : Clock::duration(plain_interval);
  if (!new_shape && now - last_ < interval) return;
  shape_ = progress.problem_index;
  last_ = now;
  const std::string text = progress_text(progress);
  if (style_ == Style::plain) {
    fmt::print(stream_, "{}\n", text);
  } else {
    fmt::print(stream_, "\r\x1b[K{}", fit(text, columns_of(stream_) - 1));
    visible_ = true;
  }
  std::fflush(stream_);
}

void ProgressLine::clear() {
  if (!visible_) return;
  fmt::print(stream_, "\r\x1b[K");
  std::fflush(stream_);
  visible_ = false;
}

}  // namespace attune::cli
