#include "generator/families/forward_mma/forward_mma.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "generator/cuda/arch.hpp"
#include "generator/families/forward_mma/tiles.hpp"
#include "generator/families/gpu_arguments.hpp"

namespace attune::forward_mma {
namespace {

// [2^i, 2^(i+1) - 1] as text; small numbers, where shapes behave differently, stand alone.
std::string octave(int64_t value) {
  if (value <= 2) return std::to_string(value);
  const auto low = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(value)));
  return fmt::format("{}-{}", low, 2 * low - 1);
}

std::string mask_name(const MaskRequest& mask) {
  if (mask.kind == MaskKind::none) return "none";
  if (mask.kind == MaskKind::boolean) return "boolean";
  return std::string(name(mask.dtype));
}

}  // namespace

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
  const MaskRequest& mask = problem.mask;
  const SparsityRequest& sparsity = problem.sparsity;
  const bool has_mask = mask.kind != MaskKind::none, has_lists = sparsity.kind != SparsityKind::none;
  const bool positions = problem.causal || problem.window_left >= 0 || problem.window_right >= 0 || problem.alibi;
  Spec spec(std::string(name()), version(), device.arch);
  spec.set("dtype", std::string(attune::name(problem.dtype)))
      .set("head_dim_qk", problem.head_dim_qk)
      .set("head_dim_v", problem.head_dim_v)
      .set("group", problem.group())
      .set("causal", problem.causal ? 1 : 0)
      .set("window_left", problem.window_left >= 0 ? 1 : 0)
      .set("window_right", problem.window_right >= 0 ? 1 : 0)
      .set("bottom_right", positions && problem.alignment == Alignment::bottom_right ? 1 : 0)
      .set("softcap", problem.softcap > 0 ? 1 : 0)
      .set("sinks", problem.sinks ? 1 : 0)
      .set("alibi", problem.alibi ? 1 : 0)
      .set("kv_lengths", problem.kv_lengths ? 1 : 0)
      .set("varlen", problem.varlen ? 1 : 0)
      .set("page_size", problem.page_size)
      .set("lse", problem.want_lse ? 1 : 0)
      .set("positive_scale", problem.scale() > 0 ? 1 : 0)
      .set("mask", mask_name(mask))
      .set("mask_broadcast_kv", has_mask && mask.seqlen_kv == 1 ? 1 : 0)
      .set("mask_short", has_mask && mask.seqlen_kv != 1 && mask.seqlen_kv < problem.seqlen_kv ? 1 : 0)
      .set("lists", !has_lists                                    ? "none"
                    : sparsity.kind == SparsityKind::padded_lists ? "padded"
                                                                  : "csr")
      .set("full_lists", has_lists && sparsity.full ? 1 : 0)
      .set("partial_lists", has_lists && sparsity.partial ? 1 : 0);
  return spec;
}

std::string ForwardMma::shape_bucket(const Problem& problem) const {
  std::string bucket = fmt::format("q{} kv{} bh{}", octave(problem.seqlen_q), octave(problem.seqlen_kv),
                                   octave(problem.batch * problem.heads_kv));
  if (problem.layout != Layout::bhsd) bucket += fmt::format(" {}", attune::name(problem.layout));
  if (problem.sparsity.kind != SparsityKind::none) {
    bucket += fmt::format(" blocks{}x{}", problem.sparsity.block_q, problem.sparsity.block_kv);
  }
  return bucket;
}

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
