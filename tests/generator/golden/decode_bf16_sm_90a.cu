// Attune forward_mma version 3: attention forward by mma.sync.
// arch: sm_90a
// spec: forward_mma v3 sm_90a alibi=0 alignment=none causal=0 dtype=bf16 full_lists=0 group=4 head_dim_qk=128 head_dim_v=128 kv_lengths=0 lse=0 mask=none mask_broadcast_kv=0 mask_dtype=none mask_short=0 page_size=0 partial_lists=0 positive_scale=1 sinks=0 softcap=0 sparsity=none varlen=0 window_left=0 window_right=0
// config: block_m=16 block_n=64 min_blocks=1 pack_gqa=1 peel=1 q_in_registers=0 qk_unroll=16 rescale_threshold=0 reverse=0 splits=16 stages=2 v_splits=1 warps=1

namespace spec {
constexpr int head_dim_qk = 128;
constexpr int head_dim_v = 128;
constexpr int group = 4;
constexpr int page_size = 0;
constexpr bool causal = false;
constexpr bool window_left = false;
constexpr bool window_right = false;
constexpr bool softcap = false;
constexpr bool alibi = false;
constexpr bool sinks = false;
constexpr bool lse = false;
constexpr bool kv_lengths = false;
constexpr bool varlen = false;
constexpr bool positive_scale = true;
constexpr bool mask_broadcast_kv = false;
constexpr bool mask_short = false;
constexpr bool bottom_right = false;
enum class Mask { none, boolean, fp32, fp16, bf16 };
constexpr Mask mask = Mask::none;
enum class Lists { none, padded, csr };
constexpr Lists lists = Lists::none;
constexpr bool quantized = false;
}  // namespace spec

namespace config {
constexpr int block_m = 16;
constexpr int block_n = 64;
constexpr int warps = 1;
constexpr int stages = 2;
constexpr int splits = 16;
constexpr int v_splits = 1;
constexpr int rescale_threshold = 0;
constexpr int min_blocks = 1;
constexpr int qk_unroll = 16;
constexpr bool q_in_registers = false;
constexpr bool peel = true;
constexpr bool reverse = false;
constexpr bool pack_gqa = true;
constexpr int shared_bytes = 69632;
}  // namespace config

// ... templates/types.cuh

// ... templates/arguments.cuh

// ... templates/kernel_arguments.cuh

// ... templates/work.cuh

// ... templates/code_poison.cuh

// ... templates/cta.cuh

// ... templates/element_bf16.cuh

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

// ... templates/poison.cuh

// ... templates/value_rows.cuh

// ... templates/pv_input.cuh

// ... templates/qk_input.cuh

// ... templates/forward_mma.cuh

// ... templates/combine.cuh
