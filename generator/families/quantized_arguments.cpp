// Sizes and places of the buffers of a quantized plan.
#include "generator/families/quantized_arguments.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "common/arithmetic.hpp"

namespace attune {
namespace {

constexpr int64_t alignment_bytes = 256;

}  // namespace

bool keeps_v(const Quantization& request) {
  return request.pv != PvOperand::input || request.accumulator == PvAccumulator::f16;
}

int64_t code_row_bytes(QkOperand operand, int64_t head_dim) {
  constexpr int64_t mma_step_bytes = 32;  // 32 codes, or 64 of 4 bits
  return round_up(ceil_div(head_dim * code_bits(operand), 8), mma_step_bytes);
}

KeyChunks key_chunks(const Problem& problem) {
  // CTAs of K's and of V's statistics together; fewer keys than that a chunk are not worth a CTA.
  constexpr int64_t wanted_ctas = 256, most_chunks = 32, fewest_keys = 256;
  const int64_t heads = std::max<int64_t>(problem.batch * problem.heads_kv, 1);
  const int64_t most = std::clamp<int64_t>(ceil_div(wanted_ctas, 2 * heads), 2, most_chunks);
  const int64_t keys = round_up(std::max(ceil_div(problem.seqlen_kv, most), fewest_keys), 64);
  return {std::max<int64_t>(ceil_div(problem.seqlen_kv, keys), 1), keys};
}

int64_t statistics_floats(const Problem& problem, const Quantization& request) {
  const bool keys = request.k_smoothing != KSmoothing::none || request.granularity == Granularity::tensor;
  const bool by_tensor = request.quantizes_qk() && request.granularity == Granularity::tensor;
  if (!keys && !keeps_v(request)) return 0;
  // Four numbers a channel of K and V, and 16 a chunk; by tensors, the largest magnitude of each block of Q.
  const int64_t record = 4 * (problem.head_dim_qk + problem.head_dim_v) + 16;
  const int64_t q_blocks = ceil_div(problem.seqlen_q, QuantizationTiles{}.block_q);
  return problem.batch * problem.heads_kv * key_chunks(problem).count * record +
         (by_tensor ? problem.batch * problem.heads_q * q_blocks : 0);
}

int64_t QuantizedLayout::add(int64_t bytes) {
  if (bytes == 0) return -1;
  const int64_t at = bytes_;
  bytes_ = round_up(bytes_ + bytes, alignment_bytes);
  return at;
}

QuantizedLayout::QuantizedLayout(const Problem& problem, const Quantization& request)
    : rows_(problem, request.granularity), chunks_(key_chunks(problem)) {
  const Quantization own = request.own();
  const QuantizationTiles tiles;
  const int64_t q_heads = rows_.q_heads, kv_heads = rows_.kv_heads, q_rows = rows_.q_rows, kv_rows = rows_.kv_rows;
  const int64_t bh_kv = problem.batch * problem.heads_kv, row_bytes = code_row_bytes(own.qk, problem.head_dim_qk);
  const bool codes = own.quantizes_qk(), keeps_v = attune::keeps_v(own);
  const bool k_mean = own.k_smoothing != KSmoothing::none, k_sink = own.k_smoothing == KSmoothing::sink_mean;
  const bool q_mean = own.q_smoothing != QSmoothing::none;
  delta_stride_ = q_mean ? rows_.kv_blocks * tiles.block_kv : 0;
  const int64_t v_bytes = own.pv == PvOperand::input ? 2 : 1;

  const std::array<int64_t, parts> sizes = {
      q_heads * q_rows * row_bytes,
      codes ? rows_.q_scales * 4 : 0,
      codes ? q_heads * q_rows * 4 : 0,
      k_sink ? q_heads * q_rows * max_sink_keys * 4 : 0,
      q_mean ? q_heads * (q_rows / tiles.block_q) * problem.head_dim_qk * 4 : 0,
      q_heads * (q_rows / tiles.block_q) * delta_stride_ * 4,
      kv_heads * kv_rows * row_bytes,
      codes ? rows_.k_scales * 4 : 0,
      k_mean ? bh_kv * problem.head_dim_qk * 4 : 0,
      k_sink ? bh_kv * max_sink_keys * 4 : 0,
      keeps_v ? kv_heads * kv_rows * problem.head_dim_v * v_bytes : 0,
      keeps_v ? bh_kv * problem.head_dim_v * 4 : 0,
      own.v_smoothing != VSmoothing::none ? bh_kv * problem.head_dim_v * 4 : 0,
      codes ? kv_heads * (kv_rows / 32) * 4 : 0,
      keeps_v ? kv_heads * (kv_rows / 32) * 4 : 0,
      own.none() ? 0 : bh_kv * 4,
      own.none() ? 0 : statistics_floats(problem, own) * 4,
  };
  for (size_t part = 0; part < sizes.size(); ++part) offsets_[part] = add(sizes[part]);
}

void QuantizedLayout::bind(void* workspace, QuantizedArguments& arguments) const {
  int part = 0;
  const auto set = [&](auto*& pointer) {
    const int64_t offset = offsets_[part++];
    pointer =
        offset < 0
            ? nullptr
            : reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(static_cast<std::byte*>(workspace) + offset);
  };
  set(arguments.q_codes);
  set(arguments.q_scales);
  set(arguments.q_constants);
  set(arguments.q_sink_scores);
  set(arguments.q_means);
  set(arguments.delta_s);
  set(arguments.k_codes);
  set(arguments.k_scales);
  set(arguments.k_means);
  set(arguments.sink_keys);
  set(arguments.v_codes);
  set(arguments.v_scales);
  set(arguments.v_means);
  set(arguments.k_poison);
  set(arguments.v_poison);
  set(arguments.poison);
  set(arguments.statistics);
  arguments.q_rows = rows_.q_rows;
  arguments.kv_rows = rows_.kv_rows;
  arguments.q_groups = rows_.q_groups;
  arguments.k_groups = rows_.k_groups;
  arguments.delta_stride = delta_stride_;
  arguments.chunks = static_cast<int32_t>(chunks_.count);
  arguments.chunk_keys = static_cast<int32_t>(chunks_.keys);
}

}  // namespace attune
