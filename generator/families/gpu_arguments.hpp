// The argument block of the GPU attention families: one flat struct, passed to the kernel by value.
// templates/arguments.cuh declares the same struct in CUDA C++; a test compares the two layouts field by field.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generator/problem.hpp"
#include "generator/tensors.hpp"

namespace attune {

// Strides named *_stride_* are in bytes unless a comment says otherwise. Lengths fit 32 bits (supports() sees to it),
// products of lengths and strides do not: kernels form addresses in 64 bits.
struct GpuArguments {
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
  const int32_t* page_table = nullptr;
  const int32_t* full_counts = nullptr;
  const int32_t* full_indices = nullptr;
  const int32_t* partial_counts = nullptr;
  const int32_t* partial_indices = nullptr;
  const int64_t* full_row_ptr = nullptr;
  const int64_t* partial_row_ptr = nullptr;
  float* partials = nullptr;  // workspace of split KV

  int64_t q_stride_batch = 0, q_stride_head = 0, q_stride_seq = 0;
  int64_t k_stride_batch = 0, k_stride_head = 0, k_stride_seq = 0;  // paged: batch is the stride between pages
  int64_t v_stride_batch = 0, v_stride_head = 0, v_stride_seq = 0;
  int64_t o_stride_batch = 0, o_stride_head = 0, o_stride_seq = 0;
  int64_t lse_stride_batch = 0, lse_stride_head = 0;
  int64_t mask_stride_batch = 0, mask_stride_head = 0, mask_stride_q = 0;
  int64_t alibi_stride_batch = 0;                       // in slopes
  int64_t page_table_stride = 0;                        // in entries
  int64_t list_max_blocks = 0;                          // padded lists: entries of one row of indices
  int64_t list_stride_batch = 0, list_stride_head = 0;  // in (batch, head) rows of lists: 0 broadcasts

  int32_t batch = 0, heads_q = 0, heads_kv = 0;
  int32_t seqlen_q = 0, seqlen_kv = 0;  // varlen: the largest lengths
  int32_t row_blocks = 0;               // blocks of query rows of one (batch, head)
  int32_t splits = 1;                   // parts of the keys
  int32_t window_left = 0, window_right = 0;
  int32_t mask_seqlen_kv = 0;  // keys at and beyond it are masked
  int32_t list_block_q = 1, list_block_kv = 1, list_q_blocks = 0;
  int32_t list_head_divisor = 1;  // query heads that share one list
  int32_t list_sub_blocks = 1;    // blocks of query rows of one query block of the lists
  // Whether every row starts at a multiple of 16 bytes: kernels copy such rows 16 bytes at a time, others by element.
  int32_t aligned_q = 0, aligned_k = 0, aligned_v = 0, aligned_o = 0;

  float scale = 0;       // softmax_scale
  float scale_log2 = 0;  // softmax_scale * log2(e)
  float softcap = 0;
};

// Everything that follows from problem and tensors. The caller sets what depends on its tiles: row_blocks, splits,
// list_sub_blocks, partials.
GpuArguments gpu_arguments(const Problem& problem, const Tensors& tensors);

// Lengths that the struct above cannot hold are refused, with the field's name.
Result<void> check_gpu_lengths(const Problem& problem);

}  // namespace attune
