// NaN and infinity in V: a matrix product would carry them, as 0 * NaN, into rows that do not see their key.
//
// In tiles where some row does not see some key, V is probed. Only when something is found, what each row sees of it is added
// to O element by element, and the tile is cleaned for the product.
#pragma once

#include "element.cuh"
#include "tile.cuh"

// Whether the tile holds NaN or infinity: the same answer in every thread. A barrier of the CTA.
template <class VTile, int threads>
__device__ inline bool holds_nonfinite(u32 values) {
  u32 sum = 0;
#pragma unroll 8
  for (int first = 0; first < VTile::bytes / 16; first += threads) {
    const int chunk = first + static_cast<int>(threadIdx.x);
    if (VTile::bytes / 16 % threads != 0 && chunk >= VTile::bytes / 16) break;
    const uint4 value = load_shared_16_bytes(values + static_cast<u32>(chunk) * 16);
    sum = Element::probe(value.x, sum);
    sum = Element::probe(value.y, sum);
    sum = Element::probe(value.z, sum);
    sum = Element::probe(value.w, sum);
  }
  // Zeros of either sign are fine.
  return __syncthreads_or((sum & 0x7fff7fff) != 0) != 0;
}

// Two bits for each eight keys of a tile.
template <bool many>
struct BitsOf {
  using Type = u32;
};
template <>
struct BitsOf<true> {
  using Type = u64;
};

// Adds the tile's NaN and infinities to the rows of O that give their key a probability, and replaces them by zeros.
// Contains barriers of the CTA. Rarely run and always compiled: keys are a loop, so that only what indexes O is written out.
template <class VTile, int threads, int m_tiles>
__device__ inline void move_nonfinite(float (&o)[m_tiles][VTile::chunks][4],
                                      const float (&p)[m_tiles][VTile::rows / 8][4], u32 values) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
  // Of each eight keys a lane of the quad knows two: bits 2 * n and 2 * n + 1 for keys 8 * n + 2 * (lane % 4) and the next,
  // whether the row gives them a probability (or NaN). No P is below zero.
  typename BitsOf<(VTile::rows > 128)>::Type seen[2 * m_tiles] = {};
#pragma unroll
  for (int row = 0; row < 2 * m_tiles; ++row) {
#pragma unroll
    for (int place = VTile::rows / 4 - 1; place >= 0; --place) {
      const float probability = p[row / 2][place / 2][row % 2 * 2 + place % 2];
      seen[row] = 2 * seen[row] + (__float_as_uint(probability) != 0);
    }
  }
#pragma unroll 1
  for (int key = 0; key < VTile::rows; ++key) {
    const int owner = lane / 4 * 4 + key / 2 % 4, bit = key / 8 * 2 + key % 2;
    bool sees[2 * m_tiles];
#pragma unroll
    for (int row = 0; row < 2 * m_tiles; ++row) sees[row] = (__shfl_sync(0xffffffff, seen[row], owner) >> bit & 1) != 0;
#pragma unroll
    for (int n = 0; n < VTile::chunks; ++n) {
      const u32 pair = load_shared_4_bytes(values + VTile::offset(key, n) + lane % 4 * 4);
      const float low = Element::low_is_finite(pair) ? 0.0f : Element::low(pair);
      const float high = Element::high_is_finite(pair) ? 0.0f : Element::high(pair);
#pragma unroll
      for (int row = 0; row < 2 * m_tiles; ++row) {
        if (!sees[row]) continue;
        o[row / 2][n][row % 2 * 2] += low;
        o[row / 2][n][row % 2 * 2 + 1] += high;
      }
    }
  }
  __syncthreads();
#pragma unroll 1
  for (int chunk = static_cast<int>(threadIdx.x); chunk < VTile::bytes / 16; chunk += threads) {
    const u32 address = values + static_cast<u32>(chunk) * 16;
    uint4 value = load_shared_16_bytes(address);
    u32* words[4] = {&value.x, &value.y, &value.z, &value.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (!Element::low_is_finite(*words[i])) *words[i] &= 0xffff0000;
      if (!Element::high_is_finite(*words[i])) *words[i] &= 0x0000ffff;
    }
    store_shared_16_bytes(address, value);
  }
  __syncthreads();
}
