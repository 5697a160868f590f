// S = Q K^T on tiles in shared memory: a k step of every mma is 32 bytes of a row of Q and of K, whatever their operands are.
// Fragment layouts: PTX ISA 9.7.14, mma.m16n8k16 with 16-bit elements, m16n8k32 with 8, m16n8k64 with 4.
#pragma once

#include "sample_constants.cuh"
#include "tile.cuh"

// Fragments A of a tile: at(row, 2 * step) of the 16 rows from `row` on.
template <class Tile>
__device__ inline FragmentPlace<Tile> place_of_a(u32 tile) {
  const int lane = static_cast<int>(threadIdx.x % warp_lanes);
  return {tile, lane % 16, lane / 16};
}

// Fragments B of two times eight rows, which are columns of B: {b[0], b[1]} for the first eight.
template <class Tile>
__device__ inline FragmentPlace<Tile> place_of_two_b(u32 tile) {
  const int lane = static_cast<int>(threadIdx.x % warp_lanes);
  return {tile, lane % 8 + lane / 16 * 8, lane / 8 % 2};
}

// S = A K^T for `rows` = 16 * m_tiles query rows and the tile's keys, in the sums of Qk, which begin at Qk::start.
// `fragment(a, i, step)` gives fragment i of A at a step along d.
template <class Qk, class KTile, int m_tiles, class Fragment>
__device__ inline void multiply_keys(typename Qk::Sum (&s)[m_tiles][KTile::rows / 8][4], const Fragment& fragment, u32 keys) {
#pragma unroll
  for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
    for (int n = 0; n < KTile::rows / 8; ++n) s[i][n][0] = s[i][n][1] = s[i][n][2] = s[i][n][3] = Qk::start;
  }
  const auto place = place_of_two_b<KTile>(keys);
  // Written out whole, every step's swizzled addresses are registers that live through the kernel.
#pragma unroll (config::qk_unroll)
  for (int step = 0; step < KTile::chunks / 2; ++step) {
    u32 a[m_tiles][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) fragment(a[i], i, step);
#pragma unroll
    for (int n = 0; n < KTile::rows / 16; ++n) {
      u32 b[4];
      load_matrix_x4(b, place.at(16 * n, 2 * step));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
        Qk::multiply_add(s[i][2 * n], a[i], b[0], b[1]);
        Qk::multiply_add(s[i][2 * n + 1], a[i], b[2], b[3]);
      }
    }
  }
}
