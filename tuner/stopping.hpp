// When to stop sampling one config.
#pragma once

#include <string_view>
#include <vector>

namespace attune::tuner {

struct SamplingRule {
  int min_samples = 3;  // kept ones: the first sample never counts
  int max_samples = 9;
  double max_total_ms = 300;         // time in the kernel, the dropped sample included
  double relative_precision = 0.03;  // half width of the median's confidence interval over the median
  // When the fastest of three samples is above this, or of fewer that took a quarter of max_total_ms, it is hopeless. 0:
  // never.
  double give_up_above_ms = 0;
};

// Add samples one by one until finished(). Pure: no clock.
class Sampling {
 public:
  explicit Sampling(const SamplingRule& rule) : rule_(rule) {}

  void add(double sample_ms);
  bool finished() const { return !reason_.empty(); }
  // "precise", "samples", "time" or "hopeless"; empty while not finished.
  std::string_view reason() const { return reason_; }
  const std::vector<double>& samples_ms() const { return samples_ms_; }  // all, the first included

 private:
  SamplingRule rule_;
  std::vector<double> samples_ms_;
  double total_ms_ = 0;
  std::string_view reason_;
};

}  // namespace attune::tuner
