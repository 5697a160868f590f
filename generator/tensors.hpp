// The run-time side of a problem: pointers and strides. Strides are in elements; the last dimension is contiguous.
#pragma once

#include <cstdint>

#include "generator/problem.hpp"

namespace attune {

// [B,H,S,D]; packed [total,H,D] with stride_batch = 0 (varlen). Paged K and V are [page_count,H,page_size,D]: stride_batch
// leads from page to page, stride_seq from key to key within one.
struct TensorView {
  void* data = nullptr;
  int64_t stride_batch = 0, stride_head = 0, stride_seq = 0;
};

// `data` keeps the caller's const-ness out of the struct; kernels never write through an input.
struct MaskView {
  const void* data = nullptr;
  int64_t stride_batch = 0, stride_head = 0, stride_q = 0;  // 0 where the extent is 1
  int64_t stride_kv = 1;                                    // 1, or 0 to broadcast one column
};

struct BlockLists {
  // padded_lists: counts[b][h][qb], indices[b][h][qb][max_blocks]. csr_lists: row_ptr[b][h][n_qblocks + 1] into indices.
  const int32_t* full_counts = nullptr;
  const int32_t* full_indices = nullptr;
  const int32_t* partial_counts = nullptr;
  const int32_t* partial_indices = nullptr;
  const int64_t* full_row_ptr = nullptr;
  const int64_t* partial_row_ptr = nullptr;
};

// Of a problem whose quantization has given operands, q and k point to codes with strides in codes, v to codes without
// strides, and their scales are here (given_operands.hpp); null otherwise.
struct Tensors {
  TensorView q, k, v, o;
  const float* q_scales = nullptr;
  const float* k_scales = nullptr;
  const float* v_scales = nullptr;
  float* lse = nullptr;  // [B,Hq,Sq], or [Hq,total_q] for varlen; strides below
  int64_t lse_stride_batch = 0, lse_stride_head = 0;
  MaskView mask;
  const float* sinks = nullptr;         // [Hq]
  const float* alibi_slopes = nullptr;  // [Hq], or [B,Hq] with alibi_stride_batch = Hq
  int64_t alibi_stride_batch = 0;
  const int32_t* cu_seqlens_q = nullptr;   // [B+1]
  const int32_t* cu_seqlens_kv = nullptr;  // [B+1]
  const int32_t* kv_lengths = nullptr;     // [B]
  // Paged: [B, ceil(seqlen_kv / page_size)] page numbers; entries beyond a sequence's last page are never used.
  const int32_t* page_table = nullptr;
  int64_t page_table_stride = 0;  // from one batch element to the next
  BlockLists lists;
};

// The strides of contiguous tensors in the problem's layout: Q, K, V (pages laid out like batch elements), O, LSE
// ([B,Hq,Sq], or [Hq,total_q] for varlen), mask ([b][h][q][kv] of its extents, 0 where an extent is 1), ALiBi slopes ([Hq])
// and page table. Pointers are left alone.
void set_contiguous_strides(const Problem& problem, Tensors& tensors);

}  // namespace attune
