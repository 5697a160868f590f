// The sampling rule: precise enough, or out of samples or time.
#include "tuner/stopping.hpp"

#include <algorithm>

#include "tuner/statistics.hpp"

namespace attune::tuner {

void Sampling::add(double sample_ms) {
  samples_ms_.push_back(sample_ms);
  total_ms_ += sample_ms;
  // Contention only ever adds time, so the fastest sample judges. On a machine that others use, a first call of ten times
  // its true time is common: three looks, unless the first ones cost a good part of the time already.
  const bool looked = samples_ms_.size() >= 3 || total_ms_ >= rule_.max_total_ms / 4;
  const double fastest_ms = *std::min_element(samples_ms_.begin(), samples_ms_.end());
  if (rule_.give_up_above_ms > 0 && looked && fastest_ms > rule_.give_up_above_ms) {
    reason_ = "hopeless";
    return;
  }
  const auto kept = static_cast<int>(samples_ms_.size()) - 1;
  if (kept < 1) return;
  const auto values = steady(samples_ms_);
  const Interval interval = median_interval(values);
  if (kept >= rule_.min_samples && (interval.high - interval.low) / 2 <= rule_.relative_precision * median(values)) {
    reason_ = "precise";
  } else if (kept >= rule_.max_samples) {
    reason_ = "samples";
  } else if (total_ms_ >= rule_.max_total_ms) {
    reason_ = "time";
  }
}

}  // namespace attune::tuner
