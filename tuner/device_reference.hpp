// Every row of a result against forward_simt on the same device: the sampled rows of the double reference can miss a tile.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "runtime/context.hpp"
#include "tuner/workload.hpp"

namespace attune::tuner {

// The output of forward_simt, which has no tensor cores, no tiles and no pipeline to go wrong, for one workload. A coarse
// gate over all rows beside the fine one over some: the relative L1 error of a row may be 2e-3 (fp32), 2e-2 (fp16) or 8e-2
// (bf16), and its LSE may differ by 1e-3 + 1e-4 |LSE|. A row of one missing block of 64 keys among 4096 is off by 0.1.
class DeviceReference {
 public:
  // Runs forward_simt and checks some of its rows against double. Null where it cannot serve: on the cpu, in builds without
  // LLVM, for problems that it does not support or that would take it too long, and should it ever fail its own check; the
  // reason is logged once. Overwrites the workload's output.
  static Result<std::unique_ptr<const DeviceReference>> create(runtime::Context& context, const Problem& problem,
                                                               Workload& workload, int64_t validation_rows, uint64_t seed);

  // What is wrong with the worst row of `result` (host-readable), if anything is.
  std::optional<std::string> difference(const Tensors& result) const;

 private:
  explicit DeviceReference(Problem problem) : problem_(std::move(problem)) {}
  void keep(const Tensors& result);

  Problem problem_;
  std::vector<std::byte> output_;  // as the workload lays it out
  std::vector<float> lse_;
};

}  // namespace attune::tuner
