// A launch between those of sinks and of codes, where K has one scale a head and sinks have no part in it: the largest
// magnitude of each chunk of smoothed keys.
#pragma once

#include "key_smoothing.cuh"

namespace quantizer {

struct MagnitudeShared {
  KeySmoothing smoothing;
  float warps[threads / warp_lanes];
};

__device__ inline void key_magnitudes(const KernelArguments& a, MagnitudeShared& shared) {
  const int chunk = static_cast<int>(blockIdx.x % static_cast<u32>(a.chunks));
  const int sequence = static_cast<int>(blockIdx.x / static_cast<u32>(a.chunks));
  const Sequence s = key_sequence(a, sequence / a.heads_kv, sequence % a.heads_kv);
  const int begin = chunk * a.chunk_keys, end = min_of(s.length, begin + a.chunk_keys);
  if (begin >= end) return;
  load_key_smoothing<true>(a, s, shared.smoothing);
  __syncthreads();
  const Rows keys = rows_of_keys(a, s);
  float amax = 0;
#pragma unroll 1
  for (int key = begin + RowLanes::row(); key < end; key += RowLanes::at_once) {
    const char* row = keys.row(key);
    const bool sink = shared.smoothing.is_sink(key);
#pragma unroll 2
    for (int vector = RowLanes::lane(); vector < RowLanes::vectors; vector += RowLanes::count) {
      float x[8], mean[8], smoothed[8];
      unpack(keys.load(row, vector), x);
      read_channels(shared.smoothing.mean, vector, mean);
      smooth_key(x, mean, sink, smoothed);
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        if (!safe || is_finite(smoothed[e])) amax = fmaxf(amax, fabsf(smoothed[e]));
      }
    }
  }
  amax = largest_of_cta(amax, shared.warps);
  if (threadIdx.x == 0) record_of(a, s, chunk).key_amax() = amax;
}

}  // namespace quantizer

extern "C" __global__ void __launch_bounds__(quantizer::threads)
    attune_key_magnitudes(const __grid_constant__ KernelArguments a) {
  __shared__ quantizer::MagnitudeShared shared;
  quantizer::key_magnitudes(a, shared);
}
