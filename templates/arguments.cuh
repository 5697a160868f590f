// What a kernel is launched with, by value: GpuArguments of generator/families/gpu_arguments.hpp, field by field.
#pragma once

#include "types.cuh"

struct Arguments {
  const char* q;
  const char* k;
  const char* v;
  char* o;
  float* lse;
  const char* mask;
  const float* sinks;
  const float* alibi_slopes;
  const int* cu_seqlens_q;
  const int* cu_seqlens_kv;
  const int* kv_lengths;
  const int* page_table;
  const int* full_counts;
  const int* full_indices;
  const int* partial_counts;
  const int* partial_indices;
  const i64* full_row_ptr;
  const i64* partial_row_ptr;
  float* partials;

  // In bytes, but for the last five: slopes, page table entries, list entries, and rows of lists.
  i64 q_stride_batch, q_stride_head, q_stride_seq;
  i64 k_stride_batch, k_stride_head, k_stride_seq;
  i64 v_stride_batch, v_stride_head, v_stride_seq;
  i64 o_stride_batch, o_stride_head, o_stride_seq;
  i64 lse_stride_batch, lse_stride_head;
  i64 mask_stride_batch, mask_stride_head, mask_stride_q;
  i64 alibi_stride_batch;
  i64 page_table_stride;
  i64 list_max_blocks;
  i64 list_stride_batch, list_stride_head;

  int batch, heads_q, heads_kv;
  int seqlen_q, seqlen_kv;
  int row_blocks;
  int splits;
  int window_left, window_right;
  int mask_seqlen_kv;
  int list_block_q, list_block_kv, list_q_blocks;
  int list_head_divisor;
  int list_sub_blocks;
  int aligned_q, aligned_k, aligned_v, aligned_o;

  float scale, scale_log2, softcap;
};
