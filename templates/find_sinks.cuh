// The second launch of the quantizers, where sinks are scored apart: the keys of each chunk that the subtraction of the mean
// would raise the most.
#pragma once

#include "key_smoothing.cuh"

namespace quantizer {

struct SinkShared {
  KeySmoothing smoothing;
  SinkCandidate candidates[threads * quant::max_sink_keys];
};

__device__ inline void find_sinks(const KernelArguments& a, SinkShared& shared) {
  const int chunk = static_cast<int>(blockIdx.x % static_cast<u32>(a.chunks));
  const int sequence = static_cast<int>(blockIdx.x / static_cast<u32>(a.chunks));
  const Sequence s = key_sequence(a, sequence / a.heads_kv, sequence % a.heads_kv);
  const int begin = chunk * a.chunk_keys, end = min_of(s.length, begin + a.chunk_keys);
  if (begin >= end) return;
  load_key_smoothing<false>(a, s, shared.smoothing);
  __syncthreads();

  const Rows keys = rows_of_keys(a, s);
  SinkCandidate own[quant::max_sink_keys];
#pragma unroll
  for (SinkCandidate& one : own) one = no_candidate;
#pragma unroll 1
  for (int first = begin; first < end; first += RowLanes::at_once) {
    const int key = first + RowLanes::row();
    float magnitude = 0, smoothed_magnitude = 0;
    if (key < end) {
      const char* row = keys.row(key);
#pragma unroll 2
      for (int vector = RowLanes::lane(); vector < RowLanes::vectors; vector += RowLanes::count) {
        float x[8], mean[8];
        unpack(keys.load(row, vector), x);
        shared.smoothing.mean.read(vector, mean);
#pragma unroll
        for (int e = 0; e < 8; ++e) {
          const float difference = __fsub_rn(x[e], mean[e]);
          if (is_finite(x[e])) magnitude = fmaxf(magnitude, fabsf(x[e]));
          if (is_finite(difference)) smoothed_magnitude = fmaxf(smoothed_magnitude, fabsf(difference));
        }
      }
    }
    magnitude = RowLanes::largest(magnitude);
    smoothed_magnitude = RowLanes::largest(smoothed_magnitude);
    if (smoothed_magnitude > quant::sink_ratio * magnitude) {
      SinkCandidate next = sink_candidate(magnitude, smoothed_magnitude, key);
#pragma unroll
      for (SinkCandidate& one : own) {
        const SinkCandidate larger = one > next ? one : next;
        one = one < next ? one : next;
        next = larger;
      }
    }
  }
  if (RowLanes::lane() == 0) {
#pragma unroll
    for (int i = 0; i < quant::max_sink_keys; ++i) shared.candidates[RowLanes::row() * quant::max_sink_keys + i] = own[i];
  }
  __syncthreads();
  if (threadIdx.x >= warp_lanes) return;
  const SinkCandidate chosen =
      first_candidates(RowLanes::at_once * quant::max_sink_keys, [&](int at) { return shared.candidates[at]; });
  if (threadIdx.x < quant::max_sink_keys) record_of(a, s, chunk).candidates()[threadIdx.x] = chosen;
}

}  // namespace quantizer

extern "C" __global__ void __launch_bounds__(quantizer::threads)
    attune_find_sinks(const __grid_constant__ KernelArguments a) {
  __shared__ quantizer::SinkShared shared;
  quantizer::find_sinks(a, shared);
}
