// V as rows of 16-bit elements in shared memory, and fragments of it.
#pragma once

#include "cta.cuh"
#include "tile.cuh"

using ValueRowTile = Tile<config::block_n, v_columns * 2>;

// Copies the columns that this CTA sums; those past the end of V become zeros.
template <class Rows>
__device__ inline void load_value_rows(u32 shared, const Rows& rows, bool aligned, int v_part) {
  if constexpr (spec::head_dim_v % v_columns == 0) {
    load_tile<ValueRowTile, v_columns * 2, threads>(shared, rows, aligned);
  } else if (v_part < config::v_splits - 1) {
    load_tile<ValueRowTile, v_columns * 2, threads>(shared, rows, aligned);
  } else {
    constexpr int rest = spec::head_dim_v - (config::v_splits - 1) * v_columns;
    load_tile<ValueRowTile, rest * 2, threads>(shared, rows, aligned);
  }
}

// Fragments B of 16 keys and two times eight columns, {b[0], b[1]} for the first eight: at(key, column / 8). Lanes 0 to 15 tell
// of the first eight alone.
__device__ inline FragmentPlace<ValueRowTile> place_of_values(u32 values) {
  const int lane = static_cast<int>(threadIdx.x % warp_lanes);
  return {values, lane % 16, lane / 16};
}
