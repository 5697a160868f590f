// Stand-ins for what the generator writes at the top of every translation unit, so that an editor and a compiler can read
// the templates on their own. Never part of an emitted kernel.
#pragma once

namespace spec {
constexpr int head_dim_qk = 128, head_dim_v = 128;
constexpr int group = 4;  // query heads of one KV head
constexpr bool causal = true, window_left = false, window_right = false, bottom_right = true;
constexpr bool softcap = false, alibi = false, sinks = false, lse = true;
constexpr bool kv_lengths = false, varlen = false;
constexpr int page_size = 0;  // 0: K and V are not paged
constexpr bool positive_scale = true;
enum class Mask { none, boolean, fp32, fp16, bf16 };
constexpr Mask mask = Mask::none;
constexpr bool mask_broadcast_kv = false, mask_short = false;
enum class Lists { none, padded, csr };
constexpr Lists lists = Lists::none;
constexpr bool full_lists = false, partial_lists = false;
constexpr bool quantized = false;  // some operands are codes, in the workspace
}  // namespace spec

namespace config {
constexpr int block_m = 128, block_n = 64, warps = 4, stages = 2, splits = 1, v_splits = 1;
constexpr bool q_in_registers = false, peel = true, reverse = true, pack_gqa = false;
constexpr int rescale_threshold = 0, min_blocks = 1, qk_unroll = 16;
constexpr int shared_bytes = 98304;
}  // namespace config
