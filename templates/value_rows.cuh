// V as rows of 16-bit elements in shared memory, and fragments of it.
#pragma once

#include "cta.cuh"
#include "tile.cuh"

using ValueRowTile = Tile<config::block_n, v_columns * 2>;

// Copies the columns that this CTA sums; those past the end of V become zeros.
template <class Rows>
__device__ inline void load_value_rows(u32 shared, const Rows& rows, const void* valid, bool aligned, int v_part) {
  if constexpr (spec::head_dim_v % v_columns == 0) {
    load_tile<ValueRowTile, v_columns * 2, threads>(shared, rows, valid, aligned);
  } else if (v_part < config::v_splits - 1) {
    load_tile<ValueRowTile, v_columns * 2, threads>(shared, rows, valid, aligned);
  } else {
    constexpr int rest = spec::head_dim_v - (config::v_splits - 1) * v_columns;
    load_tile<ValueRowTile, rest * 2, threads>(shared, rows, valid, aligned);
  }
}

// Fragments B of 16 keys from `key` on and 16 columns: {b[0], b[1]} for the first eight.
__device__ inline void load_two_value_b(u32 (&b)[4], u32 values, int key, int column) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  load_matrix_x4_transposed(b, values + ValueRowTile::offset(key + lane % 16, column / 8 + lane / 16));
}
__device__ inline void load_value_b(u32 (&b)[2], u32 values, int key, int column) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  load_matrix_x2_transposed(b[0], b[1], values + ValueRowTile::offset(key + lane % 16, column / 8));
}
