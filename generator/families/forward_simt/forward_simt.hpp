// forward_simt: attention forward on any GPU with plain fp32 multiply-adds, emitted as LLVM IR. It needs no NVRTC and no
// tensor cores: the path of machines with a driver alone, and what other families are validated against on the device.
#pragma once

#include "generator/family.hpp"

namespace attune::forward_simt {

class ForwardSimt final : public Family {
 public:
  std::string_view name() const override { return "forward_simt"; }
  int version() const override { return 1; }
  SourceKind source_kind() const override { return SourceKind::llvm_ir; }
  Result<void> supports(const Problem& problem, const DeviceClass& device) const override;
  Spec spec(const Problem& problem, const DeviceClass& device) const override;
  std::string shape_bucket(const Problem& problem) const override;
  Space space(const Spec& spec, const Problem& problem, const DeviceClass& device) const override;
  Config heuristic(const Spec& spec, const Problem& problem, const DeviceClass& device) const override;
  Result<Source> emit(const Spec& spec, const Config& config) const override;
  std::vector<Launch> launches(const Problem& problem, const Config& config, const DeviceClass& device) const override;
  int64_t workspace_bytes(const Problem&, const Config&, const DeviceClass&) const override { return 0; }
  void bind(const Problem& problem, const Config& config, const DeviceClass& device, const Tensors& tensors, void* workspace,
            ArgumentBlock& arguments) const override;
  std::string_view model() const override { return "attention_fp64"; }
};

}  // namespace attune::forward_simt
