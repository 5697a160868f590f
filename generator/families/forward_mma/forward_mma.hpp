// Attention forward on tensor cores by mma.sync, fp16 and bf16, for every architecture from sm_80 on.
// The kernel is templates/forward_mma.cuh; here stands what surrounds it: support, spec, space, launch.
#pragma once

#include "generator/family.hpp"

namespace attune::forward_mma {

class ForwardMma final : public Family {
 public:
  std::string_view name() const override { return "forward_mma"; }
  int version() const override { return 3; }
  SourceKind source_kind() const override { return SourceKind::cuda_cpp; }

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

}  // namespace attune::forward_mma
