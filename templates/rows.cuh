// Where rows of Q, K, V and O lie in global memory.
#pragma once

#include "work.cuh"

// The query rows of a CTA.
struct QueryRows {
  const char* base;
  i64 stride_seq, stride_head;
  int begin, end;

  static constexpr bool evenly_spaced = !config::pack_gqa;
  __device__ bool exists(int row) const { return begin + row < end; }
  __device__ const char* start(int row) const {
    return base + query_of(begin + row) * stride_seq + group_head_of(begin + row) * stride_head;
  }
};

__device__ inline QueryRows query_rows(const Arguments& a, const Work& w) {
  return {a.q + w.batch * a.q_stride_batch + w.head * a.q_stride_head + w.q_first * a.q_stride_seq, a.q_stride_seq,
          a.q_stride_head, w.row_begin, w.row_end};
}

// Keys (or values) [begin, end) of one KV head: row r of a tile is key begin + r.
struct KeyRows {
  const char* base;
  i64 stride_seq, stride_page;
  const int* page_table;  // of this batch element
  int begin, end;

  static constexpr bool evenly_spaced = spec::page_size == 0;
  __device__ bool exists(int row) const { return begin + row < end; }
  __device__ const char* start(int row) const {
    const int key = begin + row;
    if constexpr (spec::page_size > 0) {
      constexpr int size = spec::page_size > 0 ? spec::page_size : 1;
      return base + page_table[key / size] * stride_page + key % size * stride_seq;
    }
    return base + key * stride_seq;
  }
};

__device__ inline KeyRows key_rows(const Arguments& a, const Work& w) {
  if constexpr (spec::page_size > 0) {
    return {a.k + w.kv_head * a.k_stride_head, a.k_stride_seq, a.k_stride_batch,
            a.page_table + w.batch * a.page_table_stride, 0, 0};
  }
  return {a.k + w.batch * a.k_stride_batch + w.kv_head * a.k_stride_head + w.kv_first * a.k_stride_seq, a.k_stride_seq, 0,
          nullptr, 0, 0};
}

// Starting at column `column` of V.
__device__ inline KeyRows value_rows(const Arguments& a, const Work& w, int column) {
  if constexpr (spec::page_size > 0) {
    return {a.v + w.kv_head * a.v_stride_head + column * 2, a.v_stride_seq, a.v_stride_batch,
            a.page_table + w.batch * a.page_table_stride, 0, 0};
  }
  return {a.v + w.batch * a.v_stride_batch + w.kv_head * a.v_stride_head + w.kv_first * a.v_stride_seq + column * 2,
          a.v_stride_seq, 0, nullptr, 0, 0};
}
