// NaN and infinity in V: a matrix product would carry them, as 0 * NaN, into rows that do not see their key.
//
// In tiles where some row does not see some key, V is probed. Only when something is found, the tile is cleaned for the
// product; what rows see of it, they get once they are stored (amend_rows.cuh).
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

// Replaces them by zeros. A barrier of the CTA.
template <class VTile, int threads>
__device__ inline void clear_nonfinite(u32 values) {
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
