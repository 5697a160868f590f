// The tiles of keys that a CTA visits: a contiguous range, from the first key any of its rows sees to the last.
#pragma once

#include "kv_tile.cuh"
#include "work.cuh"

class KvTiles {
 public:
  __device__ KvTiles(const Arguments& a, const Work& w) {
    // Both ends of the visible range grow with the query.
    const int first = visible_keys(a, w, query_of(w.row_begin)).first;
    end_ = visible_keys(a, w, query_of(w.row_end - 1)).end;
    next_ = first / config::block_n * config::block_n;
    if constexpr (config::splits > 1) {
      const int tiles = end_ > next_ ? ceil_div(end_ - next_, config::block_n) : 0;
      const int from = static_cast<int>(static_cast<i64>(tiles) * w.split / config::splits);
      const int to = static_cast<int>(static_cast<i64>(tiles) * (w.split + 1) / config::splits);
      end_ = min_of(end_, next_ + to * config::block_n);
      next_ += from * config::block_n;
    }
  }

  // Whether there is another tile, and that tile. The same in every thread of the CTA.
  __device__ bool more() const { return next_ < end_; }
  __device__ KvTile take() {
    const int begin = next_;
    next_ += config::block_n;
    return {begin, min_of(end_, begin + config::block_n), begin, false};
  }

 private:
  int next_, end_;
};
