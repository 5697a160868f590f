// The argument block of forward_cpu: one flat struct, so that emitted IR reads a field by its offset and its name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::forward_cpu {

// Pointers and 64-bit numbers only; strides are in bytes, so that the IR needs no element size.
struct Arguments {
  const void* q = nullptr;
  const void* k = nullptr;
  const void* v = nullptr;
  void* o = nullptr;
  float* lse = nullptr;
  const void* mask = nullptr;
  const float* sinks = nullptr;
  const float* alibi_slopes = nullptr;
  const int32_t* cu_seqlens_q = nullptr;
  const int32_t* cu_seqlens_kv = nullptr;
  const int32_t* kv_lengths = nullptr;
  const int32_t* full_counts = nullptr;
  const int32_t* full_indices = nullptr;
  const int32_t* partial_counts = nullptr;
  const int32_t* partial_indices = nullptr;
  const int64_t* full_row_ptr = nullptr;
  const int64_t* partial_row_ptr = nullptr;
  float* partials = nullptr;  // split KV: per row and split, head_dim_v padded to registers, then m and l

  int64_t heads_q = 0, heads_kv = 0, seqlen_q = 0, seqlen_kv = 0;
  int64_t row_blocks = 0;  // work items of one (batch, head): block_m rows each
  int64_t splits = 1;
  int64_t q_stride_batch = 0, q_stride_head = 0, q_stride_seq = 0;
  int64_t k_stride_batch = 0, k_stride_head = 0, k_stride_seq = 0;
  int64_t v_stride_batch = 0, v_stride_head = 0, v_stride_seq = 0;
  int64_t o_stride_batch = 0, o_stride_head = 0, o_stride_seq = 0;
  int64_t lse_stride_batch = 0, lse_stride_head = 0;
  int64_t mask_stride_batch = 0, mask_stride_head = 0, mask_stride_q = 0;
  int64_t mask_seqlen_kv = 0;  // keys at and beyond it are masked
  int64_t alibi_stride_batch = 0;
  int64_t window_left = 0, window_right = 0;
  int64_t list_block_q = 0, list_block_kv = 0, list_q_blocks = 0, list_max_blocks = 0;
  int64_t list_stride_batch = 0, list_stride_head = 0;  // in (b, h) rows of lists: 0 broadcasts
  int64_t list_head_divisor = 1;                        // query heads that share one list
  int64_t list_sub_blocks = 1;                          // work items of one query block
  double scale_log2 = 0;                                // softmax_scale * log2(e)
  double scale = 0;                                     // softmax_scale
  double softcap = 0;                                   // softcap
  const int32_t* page_table = nullptr;
  int64_t page_table_stride = 0;
  int64_t page_size = 0;  // keys of one page; the batch strides of k and v lead from page to page

  // Of quantized kernels: prepared.hpp says what lies in them.
  std::byte* q_codes = nullptr;
  float* q_meta = nullptr;
  float* q_means = nullptr;
  float* delta_s = nullptr;
  std::byte* k_codes = nullptr;
  float* k_scales = nullptr;
  int32_t* k_offsets = nullptr;
  float* k_means = nullptr;
  int64_t* sink_keys = nullptr;
  std::byte* v_codes = nullptr;
  float* v_scales = nullptr;
  float* v_means = nullptr;
  uint16_t* v_poison = nullptr;
  int64_t* v_flags = nullptr;
  int64_t q_rows = 0, kv_rows = 0;
  int64_t delta_stride = 0;

  // Of operands that are given as codes: given_operands.hpp. The codes stand in q, k and v, the strides of q and k are those
  // of their codes.
  const float* given_q_scales = nullptr;
  const float* given_k_scales = nullptr;
  const float* given_v_scales = nullptr;
  int64_t given_q_groups = 0, given_k_groups = 0, given_kv_rows = 0;
};

}  // namespace attune::forward_cpu
