// forward_cpu: attention forward on the host, emitted as LLVM IR. Flash-style: scores live in one small panel per thread.
#pragma once

#include "generator/family.hpp"

namespace attune::forward_cpu {

class ForwardCpu final : public Family {
 public:
  std::string_view name() const override { return "forward_cpu"; }
  int version() const override { return 1; }
  SourceKind source_kind() const override { return SourceKind::llvm_ir; }
  Result<void> supports(const Problem& problem, const DeviceClass& device) const override;
  Spec spec(const Problem& problem, const DeviceClass& device) const override;
  std::string shape_bucket(const Problem& problem) const override;
  Space space(const Spec& spec, const Problem& problem, const DeviceClass& device) const override;
  Config heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const override;
  Result<Source> emit(const Spec& spec, const Config& config) const override;
  std::vector<Launch> launches(const Problem& problem, const Config& config, const DeviceClass& device) const override;
  int64_t workspace_bytes(const Problem& problem, const Config& config, const DeviceClass& device) const override;
  void bind(const Problem& problem, const Config& config, const DeviceClass& device, const Tensors& tensors, void* workspace,
            ArgumentBlock& arguments) const override;
  QuantizedSchedule quantized_schedule(const Problem& problem, const Config& config,
                                       const DeviceClass& device) const override;
  std::string_view model() const override { return "attention_fp64"; }
};

}  // namespace attune::forward_cpu
