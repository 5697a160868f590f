// Names of budgets, and "30s", "10m", "200evals".
#include "tuner/budget.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace attune::tuner {

Result<Budget> parse_budget(std::string_view text) {
  if (text == "quick") return Budget{"quick", 10, 0};
  if (text == "default") return Budget{"default", 60, 0};
  if (text == "thorough") return Budget{"thorough", 600, 0};

  const Error malformed(
      Status::invalid_argument,
      fmt::format("budget '{}' is not understood. Give quick, default, thorough, seconds (30s), minutes (10m), "
                  "hours (1h) or evaluations (200evals).",
                  text.substr(0, 100)));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number <= 0) return malformed;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));

  // Beyond a week it is a typing error.
  constexpr double max_seconds = 7 * 86400, max_evaluations = 1e9, no_time_limit_s = max_seconds;
  const double scale = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (scale > 0 && number * scale <= max_seconds) return Budget{std::string(text), number * scale, 0};
  const bool counts = unit == "evals" || unit == "eval" || unit == "evaluations";
  if (counts && number >= 1 && number <= max_evaluations && number == std::floor(number)) {
    return Budget{std::string(text), no_time_limit_s, static_cast<int64_t>(number)};
  }
  return malformed;
}

}  // namespace attune::tuner
