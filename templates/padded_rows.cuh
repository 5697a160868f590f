// Rows of the workspace's codes, scales and flags, as generator/families/quantized_arguments.hpp lays them out, and of codes
// that are given in pages (generator/given_operands.hpp).
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

// Row of a key among codes or scales, the caller's (`given`) or the workspace's. Pages of given codes are rows of one
// head after the other, in whole blocks of block_kv; `key` has to exist, as only then its page does.
template <bool given>
__device__ inline i64 code_key_row(const KernelArguments& a, const Work& w, int key) {
  if constexpr (given && spec::page_size > 0) {
    constexpr int size = spec::page_size > 0 ? spec::page_size : 1;
    const i64 page = a.page_table[w.batch * a.page_table_stride + key / size];
    return (page * a.heads_kv + w.kv_head) * size + key % size;
  }
  return padded_key_row(a, w, key);
}
// Whether a tile of keys, which begins at a multiple of block_n, may reach from one page into the next.
constexpr bool tiles_cross_pages = spec::page_size > 0 && spec::page_size % config::block_n != 0;
