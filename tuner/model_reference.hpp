// Results of a quantized problem against its exact model: the quantized counterpart of check_against_double().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "common/thread_pool.hpp"
#include "generator/family.hpp"
#include "generator/problem.hpp"
#include "generator/tensors.hpp"
#include "tuner/quantized/model.hpp"
#include "tuner/validate.hpp"

namespace attune::tuner {

// Relative L1 distance from its model that a kernel may have: fp16 sums depend on the order within an mma.
double model_gate(const Quantization& request);

// Gates, each as error over tolerance:
//   all rows together   relative L1 <= model_gate()
//   every row           sum of errors <= 16 x model_gate() x (sum of magnitudes + the mean of that over its head)
//   what is not finite  exactly where the model's is not: whether infinities give NaN depends on their order
//   rows without a key  O exactly 0, LSE exactly -inf
//   LSE                 5e-4 in the mean; of a row 2e-4 + 4e-6 |LSE| + what fp32 rounding of the scores can do to it, twice,
//                       + with smoothing what one code of K does: a mean is a sum in the kernel's own order, and a code
//                       next to a half may turn out one more or one less
// The metrics of Accuracy are then those against the model.
//
// One problem and one set of inputs; the model's rows are kept by schedule, since the candidates of a search share a few.
// Not thread-safe.
class ModelReference {
 public:
  // Checks `rows` rows, spread over at most eight heads with the first and last row of each among them; 0: all rows of all
  // heads. invalid_argument: the problem's quantization is none, or `sage`, which has no numbers until it is chosen.
  static Result<std::unique_ptr<ModelReference>> create(const Problem& problem, const Tensors& tensors, int64_t rows,
                                                        uint64_t seed);
  ~ModelReference();

  // `tensors` are host-readable and hold the inputs and a result. O(checked rows * keys * head_dim), plus O(keys *
  // head_dim) a head, the first time that a schedule is seen.
  Result<Accuracy> check(const Tensors& tensors, const QuantizedSchedule& schedule);

 private:
  struct Head {
    int64_t b = 0, h = 0;
    std::vector<int64_t> rows;
  };
  // Of one schedule, head by head.
  using Outputs = std::vector<quantized::HeadOutput>;

  ModelReference(Problem problem, Quantization request);
  void choose(const Tensors& tensors, int64_t rows, uint64_t seed);
  void find_slack(const Tensors& tensors);
  Result<const Outputs*> outputs(const Tensors& tensors, const QuantizedSchedule& schedule);

  Problem problem_;
  Quantization request_;
  std::vector<Head> heads_;
  std::vector<std::vector<double>> slack_;  // of the LSE, by head and row: of rounding and of one code
  std::vector<std::pair<QuantizedSchedule, Outputs>> kept_;
  std::unique_ptr<ThreadPool> pool_;
};

// Of a result that is looked at once.
Result<Accuracy> check_against_model(const Problem& problem, const Tensors& tensors, const QuantizedSchedule& schedule,
                                     int64_t rows, uint64_t seed);

}  // namespace attune::tuner
