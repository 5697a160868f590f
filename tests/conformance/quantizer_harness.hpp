// Runs the quantizers of a problem alone on an emulated GPU, and holds what they wrote to the model, bit by bit.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generator/families/quantized_arguments.hpp"
#include "generator/family.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"
#include "runtime/context.hpp"
#include "runtime/emulated_device.hpp"
#include "tests/reference/workload.hpp"

namespace attune::test {

// The quantizers' units of forward_mma.
Result<std::vector<Source>> quantizer_sources(const Problem& problem, const Quantization& request,
                                              const DeviceClass& device);

class QuantizerRun {
 public:
  // `arch` as "sm_89".
  explicit QuantizerRun(const std::string& arch);

  // Quantizes Q, K and V of the workload into workspace(). What went wrong, empty when nothing did.
  std::string run(Workload& work, const Quantization& request);
  // Of the latest run: every buffer against the model, every padding row, every byte that nobody owns.
  std::string check(const Workload& work, const Quantization& request) const;
  std::string run_and_check(Workload& work, const Quantization& request);

  // Of the latest run.
  const QuantizedArguments& buffers() const { return buffers_; }
  const std::vector<std::byte>& workspace() const { return workspace_; }
  std::vector<runtime::LaunchCounters> counters() const;

 private:
  std::string arch_;
  std::unique_ptr<runtime::Context> context_;
  std::map<std::string, runtime::KernelPtr> kernels_;  // by source
  std::vector<std::byte> workspace_;
  QuantizedArguments buffers_;
};

}  // namespace attune::test
