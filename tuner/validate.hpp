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
  double worst_ratio = 0;  // largest error over its tolerance: <= 1 passes (inputs_and_tolerances.md section 3)
  int64_t rows_checked = 0;
  std::string worst;  // where the largest ratio is, and which gate it belongs to
  bool passed() const { return worst_ratio <= 1.0; }
  std::string to_text() const;
};

// Gates, each as error over tolerance (u: unit roundoff of the dtype; plain: the same rows computed by plain code in the
// dtype):
//   every element, fp32       1e-6 + 1e-4 |O| + what fp32 rounding of the scores can do to it
//   every element, fp16/bf16  8 u * sum_j P_j |V_j| (oneDNN's row rule) + what fp32 rounding of the scores can do to it
//   largest error, fp32       4x the largest error of plain + 1e-6 * largest sum_j P_j |V_j|
//   largest error, fp16/bf16  2x the largest error of plain + 1e-5 (fp16) or 1e-4 (bf16) + what rounding P and O once does
//   LSE                       2e-5 + 2e-6 |LSE| + what fp32 rounding of the scores can do to it
//                             (below -1e38 fp32 saturates: finite and below -1e38 is enough)
//   rows without a key        O exactly 0, LSE exactly -inf
// An element whose reference is not finite (NaN or inf in a visible key) is held to none; all others must be finite.
//
// `tensors` are host-readable and `tensors.o` (and lse) hold the result. Checks `rows` rows spread over batch, heads and
// queries (first and last rows of each always among them, so at least 8 where there are 8), or every row when rows == 0.
// Costs O(seqlen_kv * head_dim) a row on the calling thread.
Accuracy check_against_double(const Problem& problem, const Tensors& tensors, int64_t rows, uint64_t seed);

// Attention in double for one row (b, h, i), straight from the definition: O row (head_dim_v values) and LSE. varlen: i
// counts within batch element b and is below its length.
void reference_row(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h, int64_t i, double* o_row,
                   double* lse);

}  // namespace attune::tuner
