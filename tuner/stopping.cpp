// The sampling rule: precise enough, or out of samples or time.
#include "tuner/stopping.hpp"

#include "tuner/statistics.hpp"

namespace attune::tuner {

void Sampling::add(double sample_ms) {
  samples_ms_.push_back(sample_ms);
  total_ms_ += sample_ms;
  if (rule_.give_up_above_ms > 0 && sample_ms > rule_.give_up_above_ms) {
    // One outlier must not condemn a good config: only a first look that is hopeless, or most of the samples, do.
    if (samples_ms_.size() == 1 || median(samples_ms_) > rule_.give_up_above_ms) {
      reason_ = "hopeless";
      return;
    }
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
