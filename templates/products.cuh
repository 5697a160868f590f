// The two matrix products of attention on tiles in shared memory: S = Q K^T and O += P V, m16n8k16 at a time.
// Fragment layouts: PTX ISA 9.7.14, mma.m16n8k16 with 16-bit elements.
#pragma once

#include "element.cuh"
#include "sample_constants.cuh"
#include "tile.cuh"

// The 16x16 block of A at (row, 16 * step) of a tile.
template <class Tile>
__device__ inline void load_a(u32 (&a)[4], u32 tile, int row, int step) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  load_matrix_x4(a, tile + Tile::offset(row + lane % 16, 2 * step + lane / 16));
}

// S = A K^T for `rows` = 16 * m_tiles query rows and the tile's keys. `a(i, step)` gives fragment i of A at a step along d.
template <class KTile, int m_tiles, class Fragment>
__device__ inline void multiply_keys(float (&s)[m_tiles][KTile::rows / 8][4], const Fragment& fragment, u32 keys) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
#pragma unroll
  for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
    for (int n = 0; n < KTile::rows / 8; ++n) s[i][n][0] = s[i][n][1] = s[i][n][2] = s[i][n][3] = 0;
  }
  // Written out whole, every step's swizzled addresses are registers that live through the kernel.
#pragma unroll (config::qk_unroll)
  for (int step = 0; step < KTile::columns / 16; ++step) {
    u32 a[m_tiles][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) fragment(a[i], i, step);
#pragma unroll
    for (int n = 0; n < KTile::rows / 16; ++n) {
      // Matrices: keys 0-7 and 8-15, each at d 0-7 and 8-15 of the step.
      u32 b[4];
      load_matrix_x4(b, keys + KTile::offset(16 * n + lane % 8 + lane / 16 * 8, 2 * step + lane / 8 % 2));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
        Element::multiply_add(s[i][2 * n], a[i], b[0], b[1]);
        Element::multiply_add(s[i][2 * n + 1], a[i], b[2], b[3]);
      }
    }
  }
}

// O += P V. The accumulators of S are the fragments of A for the next product: only packing lies between the two.
template <class VTile, int m_tiles>
__device__ inline void multiply_values(float (&o)[m_tiles][VTile::columns / 8][4],
                                       const float (&p)[m_tiles][VTile::rows / 8][4], u32 values) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
#pragma unroll
  for (int step = 0; step < VTile::rows / 16; ++step) {
    u32 a[m_tiles][4];
#pragma unroll
    for (int i = 0; i < m_tiles; ++i) {
      const float(&left)[4] = p[i][2 * step];
      const float(&right)[4] = p[i][2 * step + 1];
      a[i][0] = Element::pack(left[0], left[1]);
      a[i][1] = Element::pack(left[2], left[3]);
      a[i][2] = Element::pack(right[0], right[1]);
      a[i][3] = Element::pack(right[2], right[3]);
    }
    const int key = 16 * step + lane % 16;
#pragma unroll
    for (int d = 0; d < VTile::columns / 16; ++d) {
      u32 b[4];
      load_matrix_x4_transposed(b, values + VTile::offset(key, 2 * d + lane / 16));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) {
        Element::multiply_add(o[i][2 * d], a[i], b[0], b[1]);
        Element::multiply_add(o[i][2 * d + 1], a[i], b[2], b[3]);
      }
    }
    if constexpr (VTile::columns % 16 != 0) {
      constexpr int last = VTile::columns / 8 - 1;
      u32 b[2];
      load_matrix_x2_transposed(b[0], b[1], values + VTile::offset(key, last));
#pragma unroll
      for (int i = 0; i < m_tiles; ++i) Element::multiply_add(o[i][last], a[i], b[0], b[1]);
    }
  }
}
