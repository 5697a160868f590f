// Live progress of tuning: one line that updates itself on a terminal, plain lines every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "tuner/tuner.hpp"

namespace attune::cli {

// "shape 1/3 B1 H8 ... | screen 12/40 | best 1.23 ms, 1.80x the heuristic | 3 queued | 7 s left".
std::string progress_text(const tuner::Progress& progress);

// Cut to `columns` characters, so that an updating line never wraps.
std::string fit(const std::string& text, size_t columns);

class ProgressLine {
 public:
  enum class Style { silent, updating, plain };

  // `updating` where `stream` is a terminal, `plain` elsewhere.
  static Style style_of(std::FILE* stream);

  ProgressLine(std::FILE* stream, Style style) : stream_(stream), style_(style) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const tuner::Progress& progress);
  // Removes an updating line, so that a report starts on a clean one.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* stream_;
  Style style_;
  bool visible_ = false;
  int64_t shape_ = -1;
  Clock::time_point last_{};
};

}  // namespace attune::cli
