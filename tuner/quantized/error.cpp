// Sums and what is made of them.
#include "tuner/quantized/error.hpp"

#include <cassert>
#include <cmath>

namespace attune::tuner::quantized {

void ErrorSum::add(std::span<const double> reference, std::span<const float> result) {
  assert(reference.size() == result.size());
  for (size_t n = 0; n < reference.size(); ++n) {
    const double exact = reference[n];
    const auto value = static_cast<double>(result[n]);
    product_ += exact * value;
    reference_square_ += exact * exact;
    result_square_ += value * value;
    difference_ += std::fabs(exact - value);
    magnitude_ += std::fabs(exact);
    difference_square_ += (exact - value) * (exact - value);
  }
  count_ += static_cast<int64_t>(reference.size());
}

ErrorMetrics ErrorSum::metrics() const {
  if (count_ == 0) return {};
  const double norms = std::sqrt(reference_square_) * std::sqrt(result_square_);
  // Two results of zeros agree; zeros against anything else do not point anywhere.
  const double cosine = norms > 0 || norms != norms ? product_ / norms : reference_square_ == result_square_ ? 1.0 : 0.0;
  const double relative = magnitude_ > 0 ? difference_ / magnitude_ : difference_ == 0 ? 0.0 : HUGE_VAL;
  return {cosine, relative, std::sqrt(difference_square_ / static_cast<double>(count_))};
}

}  // namespace attune::tuner::quantized
