// The tiles of keys that a CTA visits: blocks named by lists, each cut into tiles of block_n keys. With codes the tiles are
// those of the whole sequence, as scales and permuted tokens need it, and a block may begin inside one.
#pragma once

#include "kv_tile.cuh"
#include "work.cuh"

class KvTiles {
 public:
  __device__ KvTiles(const Arguments& a, const Work& w)
      : block_kv_(a.list_block_kv), kv_length_(w.kv_length), block_end_(0), next_(0) {
    // Row of the lists: (batch, head, query block).
    const i64 outer = w.batch * a.list_stride_batch + w.head / a.list_head_divisor * a.list_stride_head;
    const i64 row = outer * a.list_q_blocks + w.list_q_block;
    if constexpr (spec::full_lists) full_ = find(a, a.full_counts, a.full_indices, a.full_row_ptr, row, outer);
    if constexpr (spec::partial_lists) {
      partial_ = find(a, a.partial_counts, a.partial_indices, a.partial_row_ptr, row, outer);
    }
  }

  // Whether there is another tile, and that tile. The same in every thread of the CTA.
  __device__ bool more() {
    while (next_ >= block_end_) {
      List& list = full_.count > 0 ? full_ : partial_;
      if (list.count == 0) return false;
      in_full_ = full_.count > 0;
      --list.count;
      const i64 begin = static_cast<i64>(*list.next++) * block_kv_;
      if (begin >= kv_length_) continue;
      first_ = static_cast<int>(begin);
      next_ = spec::quantized ? first_ / config::block_n * config::block_n : first_;
      block_end_ = static_cast<int>(begin + block_kv_ < kv_length_ ? begin + block_kv_ : kv_length_);
    }
    return true;
  }
  __device__ KvTile take() {
    const int begin = next_;
    next_ += config::block_n;
    return {begin, min_of(block_end_, begin + config::block_n), max_of(first_, begin), in_full_};
  }

 private:
  struct List {
    const int* next = nullptr;
    i64 count = 0;
  };

  static __device__ List find(const Arguments& a, const int* counts, const int* indices, const i64* row_ptr, i64 row,
                              i64 outer) {
    // CSR rows of one (batch, head) have one pointer more than query blocks.
    if constexpr (spec::lists == spec::Lists::csr) {
      const i64* ends = row_ptr + row + outer;
      return {indices + ends[0], ends[1] - ends[0]};
    }
    return {indices + row * a.list_max_blocks, counts[row]};
  }

  List full_, partial_;
  int block_kv_, kv_length_, block_end_, next_, first_ = 0;
  bool in_full_ = false;
};
