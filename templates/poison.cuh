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
#pragma unroll
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

// Adds the tile's NaN and infinities to the rows of O that give their key a probability, and replaces them by zeros.
// Contains barriers of the CTA.
template <class VTile, int threads, int m_tiles>
__device__ inline void move_nonfinite(float (&o)[m_tiles][VTile::chunks][4],
                                      const float (&p)[m_tiles][VTile::rows / 8][4], u32 values) {
  const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
#pragma unroll
  for (int i = 0; i < m_tiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int word = 0; word < ceil_div(VTile::rows, 32); ++word) {
        // Bit k: the row gives key 32 * word + k a probability (or NaN). Each lane of the quad knows two keys of eight.
        u32 seen = 0;
#pragma unroll
        for (int n = 4 * word; n < 4 * word + 4 && n < VTile::rows / 8; ++n) {
          const u32 pair = (p[i][n][2 * half] != 0 ? 1u : 0u) | (p[i][n][2 * half + 1] != 0 ? 2u : 0u);
          seen |= pair << (8 * (n % 4) + 2 * (lane % 4));
        }
        seen |= __shfl_xor_sync(0xffffffff, seen, 1);
        seen |= __shfl_xor_sync(0xffffffff, seen, 2);
#pragma unroll 1
        for (int k = 0; k < 32 && 32 * word + k < VTile::rows; ++k) {
          if ((seen >> k & 1) == 0) continue;
#pragma unroll
          for (int n = 0; n < VTile::chunks; ++n) {
            const u32 pair = load_shared_4_bytes(values + VTile::offset(32 * word + k, n) + lane % 4 * 4);
            if (!Element::low_is_finite(pair)) o[i][n][2 * half] += Element::low(pair);
            if (!Element::high_is_finite(pair)) o[i][n][2 * half + 1] += Element::high(pair);
          }
        }
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
