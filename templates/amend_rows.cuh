// Rows that see NaN or infinity of K or V which the loop over keys kept from the matrix products: codes have none, and in a
// tile of 16-bit V one would reach rows that do not see its key, as 0 * NaN.
//
// Once its rows are stored, a warp goes over the keys a second time and amends those rows in memory. It does so only where a
// head or a tile holds any, so that every step is a loop: a few hundred instructions for the compiler, and none in the loop over
// keys.
#pragma once

#include "code_poison.cuh"
#include "cta.cuh"
#include "element.cuh"
#include "kv_tiles.cuh"
#include "rows.cuh"
#include "scores.cuh"
#include "split.cuh"

class AmendRows {
 public:
  __device__ AmendRows(const KernelArguments& a, const Work& w)
      : a_(a),
        w_(w),
        codes_(a, w),
        values_(value_rows(a, w, w.v_part * v_columns)),
        columns_(min_of(v_columns, spec::head_dim_v - w.v_part * v_columns)),
        lane_(static_cast<int>(threadIdx.x % warp_lanes)) {}

  // Rows of the CTA from `first` on, warp_rows of them, which this warp has stored. Tiles that end at key `from` or before
  // have nothing to amend.
  __device__ void run(int first, int from) const {
    __syncwarp();  // lanes amend what others stored
    // Each lane knows one row.
    static_assert(warp_rows <= warp_lanes, "a warp's rows are those of its lanes");
    const bool exists = lane_ < warp_rows && w_.row_begin + first + lane_ < w_.row_end;
    const ScoreRow row = score_row(a_, w_, first + lane_);
    KvTiles tiles(a_, w_);
    while (tiles.more()) {
      const KvTile tile = tiles.take();
      if (tile.end <= from) continue;
#pragma unroll 1
      for (int key = tile.first; key < tile.end; ++key) {
        const bool all_columns = codes_.key(key);
        if (!all_columns && !holds_nonfinite(key)) continue;
        for (u32 seen = __ballot_sync(0xffffffff, exists && sees_key(row, tile, key)); seen != 0; seen &= seen - 1) {
          amend(w_.row_begin + first + __ffs(static_cast<int>(seen)) - 1, key, all_columns);
        }
      }
    }
  }

 private:
  __device__ float value(int key, int column) const {
    return Element::low(reinterpret_cast<const u16*>(values_.start(key))[column]);
  }

  // Of the row of V: the same answer in every lane.
  __device__ bool holds_nonfinite(int key) const {
    if constexpr (!CodePoison::has_values) return false;
    if constexpr (CodePoison::of_values) return codes_.value(key);
    bool found = false;
#pragma unroll 1
    for (int column = lane_; column < columns_; column += warp_lanes) found |= !is_finite(value(key, column));
    return __any_sync(0xffffffff, found) != 0;
  }

  __device__ void amend(int index, int key, bool all_columns) const {
    const int query = query_of(index), head = w_.head + group_head_of(index);
    const i64 partial = partial_row(a_, w_.batch, head, query);
    u16* o = reinterpret_cast<u16*>(row_of_o(a_, w_, query, head));
#pragma unroll 1
    for (int i = lane_; i < columns_; i += warp_lanes) {
      const float nonfinite = all_columns ? not_a_number() : value(key, i);
      if (is_finite(nonfinite)) continue;
      // Behind a code everything is NaN. V itself adds what it is: infinity, unless both signs meet.
      const float more = CodePoison::of_values ? not_a_number() : nonfinite;
      const int column = w_.v_part * v_columns + i;
      if constexpr (config::splits > 1) {
        partial_sums(a_, partial, w_.split)[column] += more;
      } else {
        o[column] = static_cast<u16>(Element::pack(Element::low(o[column]) + more, 0));
      }
    }
    if (!all_columns || w_.v_part != 0 || lane_ != 0) return;
    if constexpr (config::splits > 1) {
      partial_state(a_, partial, w_.split)[1] = not_a_number();
    } else if constexpr (spec::lse) {
      *lse_of(a_, w_, query, head) = not_a_number();
    }
  }

  static __device__ bool is_finite(float x) { return fabsf(x) <= largest_float; }
  static __device__ float not_a_number() { return __uint_as_float(0x7fffffff); }

  const KernelArguments& a_;
  const Work& w_;
  CodePoison codes_;
  KeyRows values_;
  int columns_, lane_;
};
