// Stand-in for the constants of a quantization that the generator writes, so that an editor and a compiler can read the
// templates on their own. Never part of an emitted kernel.
#pragma once

namespace quant {
enum class Qk { input, int8, int4, e4m3 };
constexpr Qk qk = Qk::int8;
enum class Pv { input, e4m3, int8 };
constexpr Pv pv = Pv::e4m3;
enum class Scales { safe, reciprocal, divided };
constexpr Scales scales = Scales::safe;
constexpr bool k_mean = true, k_sink = true;  // k_sink: with k_mean
constexpr bool q_mean = true, v_mean = true;
constexpr bool f16_sums = false;
constexpr bool keeps_v = true;
constexpr bool given_qk = false, given_v = false;  // by the caller: codes in place of the tensors
constexpr int flush_keys = 64;
// Scale groups: generator/quantization_layout.hpp. segment_rows 0: all rows of a head.
constexpr int block_q = 128, block_kv = 64;
constexpr int q_segment_rows = 32, q_segment_groups = 8, q_rows_per_lane = 1;
constexpr int k_segment_rows = 64, k_segment_groups = 4, k_rows_per_lane = 2;
constexpr int qk_bits = 8, row_bytes = 128;
constexpr int max_sink_keys = 4;
// What the largest magnitude of a group is mapped to.
constexpr float qk_target = 127, v_target = 448;
constexpr float sink_ratio = 2;
}  // namespace quant
