// What one CTA works on: a block of query rows of one head of one batch element, a part of its keys, a part of V's columns.
#pragma once

#include "arguments.cuh"
#include "sample_constants.cuh"

struct Work {
  int batch, head, kv_head;  // head: with packed GQA the first query head of the group
  int split, v_part;
  int q_length, kv_length;  // of this batch element
  i64 q_first, kv_first;    // varlen: rows before it in the packed tensors
  int shift;                // query i stands at position i + shift among the keys
  int row_begin, row_end;   // rows of this CTA; empty when there is nothing to do
  int list_q_block;         // block lists: the query block
};

// Rows are queries, or with packed GQA (query, head in the group) pairs, heads fastest.
__device__ inline int query_of(int row) { return config::pack_gqa ? row / spec::group : row; }
__device__ inline int group_head_of(int row) { return config::pack_gqa ? row % spec::group : 0; }

// Of the CTA whose number is `index`.
__device__ inline Work find_work(const Arguments& a, u32 index) {
  Work w = {};
  int row_block = static_cast<int>(index % static_cast<u32>(a.row_blocks));
  index /= static_cast<u32>(a.row_blocks);
  // Causal rows at the end see the most keys: begun first, they do not finish last and alone.
  if constexpr (config::reverse) row_block = a.row_blocks - 1 - row_block;
  if constexpr (config::v_splits > 1) {
    w.v_part = static_cast<int>(index % config::v_splits);
    index /= config::v_splits;
  }
  if constexpr (config::splits > 1) {
    w.split = static_cast<int>(index % config::splits);
    index /= config::splits;
  }
  const u32 heads = static_cast<u32>(config::pack_gqa ? a.heads_kv : a.heads_q);
  w.head = static_cast<int>(index % heads) * (config::pack_gqa ? spec::group : 1);
  w.kv_head = w.head / spec::group;
  w.batch = static_cast<int>(index / heads);

  w.q_length = a.seqlen_q;
  w.kv_length = a.seqlen_kv;
  if constexpr (spec::varlen) {
    w.q_first = a.cu_seqlens_q[w.batch];
    w.q_length = a.cu_seqlens_q[w.batch + 1] - static_cast<int>(w.q_first);
    if constexpr (spec::page_size == 0) {
      w.kv_first = a.cu_seqlens_kv[w.batch];
      w.kv_length = a.cu_seqlens_kv[w.batch + 1] - static_cast<int>(w.kv_first);
    }
  }
  if constexpr (spec::kv_lengths) w.kv_length = max_of(0, min_of(w.kv_length, a.kv_lengths[w.batch]));
  w.shift = spec::bottom_right ? w.kv_length - w.q_length : 0;

  if constexpr (spec::lists == spec::Lists::none) {
    w.row_begin = row_block * config::block_m;
    w.row_end = min_of(w.q_length * (config::pack_gqa ? spec::group : 1), w.row_begin + config::block_m);
  } else {
    // A CTA stays inside one query block, whose rows share their lists.
    w.list_q_block = row_block / a.list_sub_blocks;
    const int block_begin = w.list_q_block * a.list_block_q;
    w.row_begin = block_begin + row_block % a.list_sub_blocks * config::block_m;
    w.row_end = min_of(w.q_length, min_of(block_begin + a.list_block_q, w.row_begin + config::block_m));
  }
  return w;
}

// The keys that a query's position lets it see: [first, end), empty when end <= first. Masks and lists take more away.
struct KeyRange {
  int first, end;
};

__device__ inline KeyRange visible_keys(const Arguments& a, const Work& w, int query) {
  const int position = query + w.shift;
  KeyRange range = {0, w.kv_length};
  if constexpr (spec::window_left) range.first = max_of(0, position - a.window_left);
  if constexpr (spec::causal) range.end = min_of(range.end, position + 1);
  if constexpr (spec::window_right) range.end = min_of(range.end, position + a.window_right + 1);
  if constexpr (spec::mask_short) range.end = min_of(range.end, a.mask_seqlen_kv);
  return range;
}
