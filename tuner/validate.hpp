// Validation against attention in double precision, on all rows or on a sample: a fast wrong config must lose.
#pragma once

#include <cstdint>
#include <string>

#include "common/result.hpp"
#include "generator/problem.hpp"
#include "generator/tensors.hpp"

namespace attune::tuner {

// The field's metrics (sage.md section 4.5) of a result against the double reference.
struct Accuracy {
  double cosine = 1, relative_l1 = 0, rmse = 0, max_error = 0;
  double lse_max_error = 0;
  double worst_ratio = 0;   // largest error over its tolerance: <= 1 passes (inputs_and_tolerances.md section 3)
  int64_t rows_checked = 0;
  bool passed() const { return worst_ratio <= 1.0; }
  std::string to_text() const;
};

// `tensors` are host-readable and `tensors.o` (and lse) hold the result. Checks `rows` rows spread over batch, heads and
// queries (first and last rows of each always among them), or every row when rows == 0. NaN in the result fails.
Accuracy check_against_double(const Problem& problem, const Tensors& tensors, int64_t rows, uint64_t seed);

// Attention in double for one row (b, h, i), straight from the definition: O row (head_dim_v values) and LSE.
void reference_row(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h, int64_t i, double* o_row,
                   double* lse);

}  // namespace attune::tuner
