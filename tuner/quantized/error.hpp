// The field's metrics of a result against a reference.
//
// Source: SageAttention's papers. With O the reference and O' the result, over all elements:
//     CosSim = sum O O' / (|O| |O'|),  relative L1 = sum |O - O'| / sum |O|,  RMSE = sqrt(mean (O - O')^2).
#pragma once

#include <cstdint>
#include <span>

namespace attune::tuner::quantized {

struct ErrorMetrics {
  double cosine = 1, relative_l1 = 0, rmse = 0;
};

// Sums over any number of pieces.
class ErrorSum {
 public:
  void add(std::span<const double> reference, std::span<const float> result);
  ErrorMetrics metrics() const;

 private:
  double product_ = 0, reference_square_ = 0, result_square_ = 0, difference_ = 0, magnitude_ = 0, difference_square_ = 0;
  int64_t count_ = 0;
};

}  // namespace attune::tuner::quantized
