// Attune quantizers of Q, K and V.
// arch: sm_80
// quantization: int8,token,k-sink,v-mean,acc-f16,flush-32

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace spec {
constexpr int head_dim_qk = 40;
constexpr int head_dim_v = 24;
constexpr int group = 2;
constexpr bool kv_lengths = true;
constexpr bool varlen = false;
constexpr int page_size = 0;
}  // namespace spec
#pragma nv_diagnostic pop

// ... templates/types.cuh

// ... templates/element_fp16.cuh

// ... templates/arguments.cuh

// ... templates/quantized_arguments.cuh

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace quant {
enum class Qk { input, int8, int4, e4m3 };
constexpr Qk qk = Qk::int8;
enum class Pv { input, e4m3, int8 };
constexpr Pv pv = Pv::input;
enum class Scales { safe, reciprocal, divided };
constexpr Scales scales = Scales::safe;
constexpr bool k_mean = true;
constexpr bool k_sink = true;
constexpr bool q_mean = false;
constexpr bool v_mean = true;
constexpr bool f16_sums = true;
constexpr bool keeps_v = true;
constexpr bool given_qk = false;
constexpr bool given_v = false;
constexpr int flush_keys = 32;
constexpr int block_q = 128;
constexpr int block_kv = 64;
constexpr int q_segment_rows = 1;
constexpr int q_segment_groups = 1;
constexpr int q_rows_per_lane = 1;
constexpr int k_segment_rows = 1;
constexpr int k_segment_groups = 1;
constexpr int k_rows_per_lane = 2;
constexpr int qk_bits = 8;
constexpr int row_bytes = 64;
constexpr int max_sink_keys = 4;
constexpr float qk_target = 127.0f;
constexpr float v_target = 0.0f;
constexpr float sink_ratio = 2.0f;
}  // namespace quant
#pragma nv_diagnostic pop

// ... templates/quantize_sequence.cuh

// ... templates/statistics.cuh

// ... templates/quantize_statistics.cuh

// Attune quantizers of Q, K and V.
// arch: sm_80
// quantization: int8,token,k-sink,v-mean,acc-f16,flush-32

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace spec {
constexpr int head_dim_qk = 40;
constexpr int head_dim_v = 24;
constexpr int group = 2;
constexpr bool kv_lengths = true;
constexpr bool varlen = false;
constexpr int page_size = 0;
}  // namespace spec
#pragma nv_diagnostic pop

// ... templates/types.cuh

// ... templates/element_fp16.cuh

// ... templates/arguments.cuh

// ... templates/quantized_arguments.cuh

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace quant {
enum class Qk { input, int8, int4, e4m3 };
constexpr Qk qk = Qk::int8;
enum class Pv { input, e4m3, int8 };
constexpr Pv pv = Pv::input;
enum class Scales { safe, reciprocal, divided };
constexpr Scales scales = Scales::safe;
constexpr bool k_mean = true;
constexpr bool k_sink = true;
constexpr bool q_mean = false;
constexpr bool v_mean = true;
constexpr bool f16_sums = true;
constexpr bool keeps_v = true;
constexpr bool given_qk = false;
constexpr bool given_v = false;
constexpr int flush_keys = 32;
constexpr int block_q = 128;
constexpr int block_kv = 64;
constexpr int q_segment_rows = 1;
constexpr int q_segment_groups = 1;
constexpr int q_rows_per_lane = 1;
constexpr int k_segment_rows = 1;
constexpr int k_segment_groups = 1;
constexpr int k_rows_per_lane = 2;
constexpr int qk_bits = 8;
constexpr int row_bytes = 64;
constexpr int max_sink_keys = 4;
constexpr float qk_target = 127.0f;
constexpr float v_target = 0.0f;
constexpr float sink_ratio = 2.0f;
}  // namespace quant
#pragma nv_diagnostic pop

// ... templates/quantize_sequence.cuh

// ... templates/statistics.cuh

// ... templates/key_smoothing.cuh

// ... templates/find_sinks.cuh

// Attune quantizers of Q, K and V.
// arch: sm_80
// quantization: int8,token,k-sink,v-mean,acc-f16,flush-32

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace spec {
constexpr int head_dim_qk = 40;
constexpr int head_dim_v = 24;
constexpr int group = 2;
constexpr bool kv_lengths = true;
constexpr bool varlen = false;
constexpr int page_size = 0;
}  // namespace spec
#pragma nv_diagnostic pop

// ... templates/types.cuh

// ... templates/element_fp16.cuh

// ... templates/arguments.cuh

// ... templates/quantized_arguments.cuh

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace quant {
enum class Qk { input, int8, int4, e4m3 };
constexpr Qk qk = Qk::int8;
enum class Pv { input, e4m3, int8 };
constexpr Pv pv = Pv::input;
enum class Scales { safe, reciprocal, divided };
constexpr Scales scales = Scales::safe;
constexpr bool k_mean = true;
constexpr bool k_sink = true;
constexpr bool q_mean = false;
constexpr bool v_mean = true;
constexpr bool f16_sums = true;
constexpr bool keeps_v = true;
constexpr bool given_qk = false;
constexpr bool given_v = false;
constexpr int flush_keys = 32;
constexpr int block_q = 128;
constexpr int block_kv = 64;
constexpr int q_segment_rows = 1;
constexpr int q_segment_groups = 1;
constexpr int q_rows_per_lane = 1;
constexpr int k_segment_rows = 1;
constexpr int k_segment_groups = 1;
constexpr int k_rows_per_lane = 2;
constexpr int qk_bits = 8;
constexpr int row_bytes = 64;
constexpr int max_sink_keys = 4;
constexpr float qk_target = 127.0f;
constexpr float v_target = 0.0f;
constexpr float sink_ratio = 2.0f;
}  // namespace quant
#pragma nv_diagnostic pop

// ... templates/quantize_sequence.cuh

// ... templates/statistics.cuh

// ... templates/key_smoothing.cuh

// ... templates/delta_scores.cuh

// ... templates/ptx_e4m3.cuh

// ... templates/ptx_f16.cuh

// ... templates/quantize_codes.cuh

// ... templates/quantize_rows.cuh

// ... templates/quantize_values.cuh

// ... templates/quantize.cuh

// Attune forward_mma version 3: attention forward by mma.sync.
// arch: sm_80
// spec: forward_mma v3 sm_80 alibi=1 alignment=bottom_right causal=1 dtype=fp16 full_lists=0 group=2 head_dim_qk=40 head_dim_v=24 kv_lengths=1 lse=1 mask=additive mask_broadcast_kv=0 mask_dtype=fp32 mask_short=0 page_size=0 partial_lists=0 positive_scale=1 quantization=int8,token,k-sink,v-mean,acc-f16,flush-32 sinks=1 softcap=1 sparsity=none varlen=0 window_left=1 window_right=0
// config: block_m=64 block_n=64 min_blocks=1 pack_gqa=0 peel=1 q_in_registers=0 qk_unroll=16 rescale_threshold=0 reverse=1 splits=1 stages=2 v_splits=1 warps=4

namespace spec {
constexpr int head_dim_qk = 40;
constexpr int head_dim_v = 24;
constexpr int group = 2;
constexpr int page_size = 0;
constexpr bool causal = true;
constexpr bool window_left = true;
constexpr bool window_right = false;
constexpr bool softcap = true;
constexpr bool alibi = true;
constexpr bool sinks = true;
constexpr bool lse = true;
constexpr bool kv_lengths = true;
constexpr bool varlen = false;
constexpr bool positive_scale = true;
constexpr bool mask_broadcast_kv = false;
constexpr bool mask_short = false;
constexpr bool bottom_right = true;
enum class Mask { none, boolean, fp32, fp16, bf16 };
constexpr Mask mask = Mask::fp32;
enum class Lists { none, padded, csr };
constexpr Lists lists = Lists::none;
constexpr bool quantized = true;
}  // namespace spec

namespace config {
constexpr int block_m = 64;
constexpr int block_n = 64;
constexpr int warps = 4;
constexpr int stages = 2;
constexpr int splits = 1;
constexpr int v_splits = 1;
constexpr int rescale_threshold = 0;
constexpr int min_blocks = 1;
constexpr int qk_unroll = 16;
constexpr bool q_in_registers = false;
constexpr bool peel = true;
constexpr bool reverse = true;
constexpr bool pack_gqa = false;
constexpr int shared_bytes = 18432;
}  // namespace config

// ... templates/types.cuh

// ... templates/arguments.cuh

// ... templates/quantized_arguments.cuh

#pragma nv_diagnostic push
#pragma nv_diag_suppress 177

namespace quant {
enum class Qk { input, int8, int4, e4m3 };
constexpr Qk qk = Qk::int8;
enum class Pv { input, e4m3, int8 };
constexpr Pv pv = Pv::input;
enum class Scales { safe, reciprocal, divided };
constexpr Scales scales = Scales::safe;
constexpr bool k_mean = true;
constexpr bool k_sink = true;
constexpr bool q_mean = false;
constexpr bool v_mean = true;
constexpr bool f16_sums = true;
constexpr bool keeps_v = true;
constexpr bool given_qk = false;
constexpr bool given_v = false;
constexpr int flush_keys = 32;
constexpr int block_q = 128;
constexpr int block_kv = 64;
constexpr int q_segment_rows = 1;
constexpr int q_segment_groups = 1;
constexpr int q_rows_per_lane = 1;
constexpr int k_segment_rows = 1;
constexpr int k_segment_groups = 1;
constexpr int k_rows_per_lane = 2;
constexpr int qk_bits = 8;
constexpr int row_bytes = 64;
constexpr int max_sink_keys = 4;
constexpr float qk_target = 127.0f;
constexpr float v_target = 0.0f;
constexpr float sink_ratio = 2.0f;
}  // namespace quant
#pragma nv_diagnostic pop

// ... templates/work.cuh

// ... templates/padded_rows.cuh

// ... templates/code_poison_flags.cuh

// ... templates/cta.cuh

// ... templates/element_fp16.cuh

// ... templates/kv_tile.cuh

// ... templates/kv_dense.cuh

// ... templates/rows.cuh

// ... templates/logarithms.cuh

// ... templates/ptx.cuh

// ... templates/scores.cuh

// ... templates/softmax.cuh

// ... templates/epilogue.cuh

// ... templates/split.cuh

// ... templates/amend_rows.cuh

// ... templates/tile.cuh

// ... templates/products.cuh

// ... templates/channels.cuh

// ... templates/ptx_f16.cuh

// ... templates/value_rows.cuh

// ... templates/pv_fp16_sums.cuh

// ... templates/ptx_int8.cuh

// ... templates/qk_codes.cuh

// ... templates/whole_numbers.cuh

// ... templates/qk_int8.cuh

// ... templates/forward_mma.cuh
