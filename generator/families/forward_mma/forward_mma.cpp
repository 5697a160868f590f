#include "generator/families/forward_mma/forward_mma.hpp"

#include <fmt/format.h>

#include <cstring>

#include "generator/cuda/arch.hpp"
#include "generator/families/attention_spec.hpp"
#include "generator/families/forward_mma/tiles.hpp"
#include "generator/families/gpu_arguments.hpp"

namespace attune::forward_mma {

Result<void> ForwardMma::supports(const Problem& problem, const DeviceClass& device) const {
  const auto no = [](std::string text) { return Error(Status::unsupported, std::move(text)); };
  if (device.kind != "cuda" && device.kind != "emulated") {
    return no("forward_mma runs on GPUs. Choose the device `cuda:N`, or `emulated:sm_XX` to check a kernel.");
  }
  ATTUNE_TRY([[maybe_unused]] const cuda::Arch arch, cuda::find_arch(device.arch));
  if (problem.quantization != "none") {
    return no(fmt::format("quantization `{}` is not available in forward_mma. Use `none`.", problem.quantization));
  }
  if (problem.dtype != DType::f16 && problem.dtype != DType::bf16) {
    return no(fmt::format("dtype {} is not multiplied by forward_mma. Use fp16 or bf16.", attune::name(problem.dtype)));
  }
  if (problem.head_dim_qk % 8 != 0 || problem.head_dim_v % 8 != 0) {
    return no(fmt::format("head_dim_qk {} and head_dim_v {} must be multiples of 8 for forward_mma. Pad the tensors.",
                          problem.head_dim_qk, problem.head_dim_v));
  }
  return check_gpu_lengths(problem);
}

Spec ForwardMma::spec(const Problem& problem, const DeviceClass& device) const {
  Spec spec(std::string(name()), version(), device.arch);
  set_attention_features(problem, spec);
  spec.set("page_size", problem.page_size).set("positive_scale", problem.scale() > 0 ? 1 : 0);
  return spec;
}

std::string ForwardMma::shape_bucket(const Problem& problem) const { return attention_bucket(problem, problem.heads_kv); }

std::vector<Launch> ForwardMma::launches(const Problem& problem, const Config& config, const DeviceClass&) const {
  const bool pack = config.at("pack_gqa") != 0;
  const int64_t heads = pack ? problem.heads_kv : problem.heads_q;
  Launch forward;
  forward.entry = "attune_forward";
  forward.grid = {problem.batch * heads * row_blocks(problem, config) * config.at("splits") * config.at("v_splits"), 1, 1};
  forward.block = {config.at("warps") * warp_lanes, 1, 1};
  forward.shared_bytes = Tiles(problem.head_dim_qk, problem.head_dim_v, config).shared_bytes;
  std::vector<Launch> launches{forward};
  if (config.at("splits") > 1) {
    Launch combine;
    combine.entry = "attune_combine";
    combine.grid = {ceil_div(problem.batch * problem.heads_q * problem.seqlen_q, combine_warps), 1, 1};
    combine.block = {combine_warps * warp_lanes, 1, 1};
    launches.push_back(combine);
  }
  return launches;
}

int64_t ForwardMma::workspace_bytes(const Problem& problem, const Config& config, const DeviceClass&) const {
  const int64_t splits = config.at("splits");
  if (splits == 1) return 0;
  return problem.batch * problem.heads_q * problem.seqlen_q * splits * (problem.head_dim_v + 2) * 4;
}

void ForwardMma::bind(const Problem& problem, const Config& config, const DeviceClass&, const Tensors& tensors,
                      void* workspace, ArgumentBlock& block) const {
  static_assert(sizeof(GpuArguments) <= ArgumentBlock::capacity_bytes);
  GpuArguments a = gpu_arguments(problem, tensors);
  a.row_blocks = static_cast<int32_t>(row_blocks(problem, config));
  a.splits = static_cast<int32_t>(config.at("splits"));
  if (problem.sparsity.kind != SparsityKind::none) {
    a.list_sub_blocks = static_cast<int32_t>(ceil_div(problem.sparsity.block_q, config.at("block_m")));
  }
  a.partials = static_cast<float*>(workspace);
  std::memcpy(block.bytes.data(), &a, sizeof a);
  block.used_bytes = sizeof a;
}

int64_t row_blocks(const Problem& problem, const Config& config) {
  const int64_t block_m = config.at("block_m");
  const SparsityRequest& sparsity = problem.sparsity;
  if (sparsity.kind != SparsityKind::none) {
    return ceil_div(problem.seqlen_q, sparsity.block_q) * ceil_div(sparsity.block_q, block_m);
  }
  return ceil_div(problem.seqlen_q * (config.at("pack_gqa") != 0 ? problem.group() : 1), block_m);
}

}  // namespace attune::forward_mma
