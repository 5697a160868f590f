#include "generator/families/forward_mma/forward_mma.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cstring>

#include "generator/cuda/arch.hpp"
#include "generator/families/attention_spec.hpp"
#include "generator/families/forward_mma/tiles.hpp"
#include "generator/families/gpu_arguments.hpp"
#include "generator/families/quantized_arguments.hpp"
#include "generator/families/quantizers.hpp"

namespace attune::forward_mma {
namespace {

// What the instructions of an architecture can do, with the nearest request that they can.
Result<void> supports_quantization(const Problem& problem, const Quantization& request, const cuda::Arch& arch) {
  const auto no = [&](std::string_view why, Quantization nearest) {
    return Error(Status::unsupported, fmt::format("quantization {}: {}. Use {}.", to_text(request), why, to_text(nearest)));
  };
  Quantization nearest = request;
  if (request.automatic) {
    return no("`sage` stands for a choice, which forward_mma does not make", quantization_candidates().back());
  }
  if (request.qk == QkOperand::int4 && arch.number > 89) {
    nearest.qk = QkOperand::int8;
    return no(fmt::format("{} has no tensor cores for int4 (sm_80 to sm_89 do)", arch.name), nearest);
  }
  const bool has_fp8 = arch.number >= 89;
  if (request.qk == QkOperand::e4m3 && !has_fp8) {
    nearest.qk = QkOperand::int8;
    return no(fmt::format("{} has no tensor cores for fp8 (sm_89 and later do)", arch.name), nearest);
  }
  if (request.pv == PvOperand::e4m3 && !has_fp8) {
    nearest.pv = PvOperand::input;
    nearest.accumulator = PvAccumulator::f16;
    return no(fmt::format("{} has no tensor cores for fp8 (sm_89 and later do)", arch.name), nearest);
  }
  // The smallest tiles that hold a flush window.
  const auto fits = [&](int64_t flush_keys) {
    Config least;
    least.set("block_m", 16).set("block_n", flush_keys).set("stages", 1).set("q_in_registers", 1).set("v_splits", 4);
    return Tiles(problem.head_dim_qk, problem.head_dim_v, request, least).shared_bytes <= arch.shared_bytes_per_block;
  };
  while (nearest.flush_keys > 32 && !fits(nearest.flush_keys)) nearest.flush_keys /= 2;
  if (nearest.flush_keys != request.flush_keys) {
    return no(fmt::format("{} keys of head dimensions {} and {} are more than {} has shared memory for", request.flush_keys,
                          problem.head_dim_qk, problem.head_dim_v, arch.name),
              nearest);
  }
  return {};
}

// Kernels never write through an input.
template <class T>
T* writable(const T* pointer) {
  return const_cast<T*>(pointer);
}

// Given operands, in place of what the workspace would hold.
void bind_given(const Quantization& request, const Tensors& tensors, QuantizedArguments& all) {
  if (request.given_qk()) {
    GpuArguments& a = all.attention;
    const int64_t bits = code_bits(request.qk);
    const auto strides = [bits](const TensorView& view, int64_t& batch, int64_t& head, int64_t& seq) {
      batch = batch == 0 ? 0 : view.stride_batch * bits / 8;
      head = view.stride_head * bits / 8;
      seq = view.stride_seq * bits / 8;
    };
    strides(tensors.q, a.q_stride_batch, a.q_stride_head, a.q_stride_seq);
    strides(tensors.k, a.k_stride_batch, a.k_stride_head, a.k_stride_seq);
    all.q_scales = writable(tensors.q_scales);
    all.k_scales = writable(tensors.k_scales);
  }
  if (request.given_v()) {
    all.v_codes = tensors.v.data;
    all.v_scales = writable(tensors.v_scales);
  }
}

}  // namespace

Result<void> ForwardMma::supports(const Problem& problem, const DeviceClass& device) const {
  const auto no = [](std::string text) { return Error(Status::unsupported, std::move(text)); };
  if (device.kind != "cuda" && device.kind != "emulated") {
    return no("forward_mma runs on GPUs. Choose the device `cuda:N`, or `emulated:sm_XX` to check a kernel.");
  }
  ATTUNE_TRY(const cuda::Arch arch, cuda::find_arch(device.arch));
  ATTUNE_TRY(const Quantization request, parse_quantization(problem.quantization));
  ATTUNE_CHECK(supports_quantization(problem, request, arch));
  if (problem.dtype != DType::f16 && problem.dtype != DType::bf16) {
    return no(fmt::format("dtype {} is not multiplied by forward_mma. Use fp16 or bf16.", attune::name(problem.dtype)));
  }
  ATTUNE_CHECK(validate_given(problem, request, GivenPages::read));
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
  // What is quantized from pages is contiguous in the workspace; pages of given codes are as they are.
  if (problem.quantization != "none") spec.set("quantization", problem.quantization);
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
  const Quantization request = quantization_of(problem.quantization);
  forward.shared_bytes = Tiles(problem.head_dim_qk, problem.head_dim_v, request, config).shared_bytes;
  std::vector<Launch> launches;
  if (const Quantization own = request.own(); !own.none()) launches = quantizer_launches(problem, own);
  launches.push_back(forward);
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
  const Quantization request = quantization_of(problem.quantization);
  const int64_t codes = request.none() ? 0 : QuantizedLayout(problem, request).bytes();
  const int64_t splits = config.at("splits");
  if (splits == 1) return codes;
  return codes + problem.batch * problem.heads_q * problem.seqlen_q * splits * (problem.head_dim_v + 2) * 4;
}

void ForwardMma::bind(const Problem& problem, const Config& config, const DeviceClass&, const Tensors& tensors,
                      void* workspace, ArgumentBlock& block) const {
  static_assert(sizeof(QuantizedArguments) <= ArgumentBlock::capacity_bytes);
  QuantizedArguments all;
  GpuArguments& a = all.attention;
  a = gpu_arguments(problem, tensors);
  a.row_blocks = static_cast<int32_t>(row_blocks(problem, config));
  a.splits = static_cast<int32_t>(config.at("splits"));
  if (problem.sparsity.kind != SparsityKind::none) {
    a.list_sub_blocks = static_cast<int32_t>(ceil_div(problem.sparsity.block_q, config.at("block_m")));
  }
  const Quantization request = quantization_of(problem.quantization);
  auto* bytes = static_cast<std::byte*>(workspace);
  if (!request.none()) {
    const QuantizedLayout layout(problem, request);
    layout.bind(bytes, all);
    bytes += layout.bytes();
    bind_given(request, tensors, all);
  }
  a.partials = reinterpret_cast<float*>(bytes);
  block.used_bytes = request.none() ? sizeof a : sizeof all;
  std::memcpy(block.bytes.data(), &all, block.used_bytes);
}

QuantizedSchedule ForwardMma::quantized_schedule(const Problem& problem, const Config& config, const DeviceClass&) const {
  QuantizedSchedule schedule;
  schedule.key_tile = config.at("block_n");
  schedule.row_block = config.at("block_m");
  schedule.packed_heads = config.at("pack_gqa") != 0;
  schedule.splits = config.at("splits");
  if (problem.sparsity.kind != SparsityKind::none) schedule.splits = 1;
  return schedule;
}

Quantization quantization_of(std::string_view text) {
  auto request = parse_quantization(text);
  assert(request.ok());
  return *std::move(request);
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
