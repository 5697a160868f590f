// Rows of the workspace's codes, scales and flags, as generator/families/quantized_arguments.hpp lays them out.
#pragma once

#include "kernel_arguments.cuh"
#include "sample_quantization.cuh"
#include "work.cuh"

// Of all heads: the row of a query, or of a key, of the sequence that `w` works on.
__device__ inline i64 padded_query_row(const KernelArguments& a, const Work& w, int head, int query) {
  if constexpr (spec::varlen) {
    return head * a.q_rows + (w.q_first / quant::block_q + w.batch) * quant::block_q + query;
  }
  return (static_cast<i64>(w.batch) * a.heads_q + head) * a.q_rows + query;
}
__device__ inline i64 padded_key_row(const KernelArguments& a, const Work& w, int key) {
  if constexpr (spec::varlen && spec::page_size == 0) {
    return w.kv_head * a.kv_rows + (w.kv_first / quant::block_kv + w.batch) * quant::block_kv + key;
  }
  return (static_cast<i64>(w.batch) * a.heads_kv + w.kv_head) * a.kv_rows + key;
}
