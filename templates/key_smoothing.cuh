// The mean key and the sinks of a sequence, from its records; and keys less the mean.
#pragma once

#include "statistics.cuh"

namespace quantizer {

// A key that may be scored apart, as a number whose order is that of being chosen: what the subtraction of the mean raises
// most comes first, of equals the first key.
using SinkCandidate = u64;
[[maybe_unused]] constexpr SinkCandidate no_candidate = ~0ull;
__device__ inline SinkCandidate sink_candidate(float magnitude, float smoothed_magnitude, int key) {
  return static_cast<u64>(__float_as_uint(__fdiv_rn(magnitude, smoothed_magnitude))) << 32 | static_cast<u32>(key);
}

// The max_sink_keys first of `count` candidates: in ascending order to as many lanes of one warp, one a lane.
template <class Get>
__device__ SinkCandidate first_candidates(int count, Get&& get) {
  const int lane = static_cast<int>(threadIdx.x % warp_lanes);
  SinkCandidate own = no_candidate, best = 0;
#pragma unroll 1
  for (int i = 0; i < quant::max_sink_keys; ++i) {
    // A candidate names its key, so that no two are equal.
    const SinkCandidate last = best;
    best = no_candidate;
#pragma unroll 1
    for (int at = lane; at < count; at += warp_lanes) {
      const SinkCandidate one = get(at);
      if ((i == 0 || one > last) && one < best) best = one;
    }
#pragma unroll
    for (int distance = warp_lanes / 2; distance > 0; distance /= 2) {
      const SinkCandidate other = __shfl_xor_sync(~0u, best, distance);
      if (other < best) best = other;
    }
    if (lane == i) own = best;
  }
  return own;
}

struct KeySmoothing {
  Channels<spec::head_dim_qk> mean;
  int sinks[quant::max_sink_keys];  // ascending, then -1

  __device__ bool is_sink(int key) const {
    bool sink = false;
    if constexpr (quant::k_sink) {
#pragma unroll
      for (int i = 0; i < quant::max_sink_keys; ++i) sink = sink || sinks[i] == key;
    }
    return sink;
  }
};

// Fills `smoothing` by all threads of a CTA; the caller synchronises. `with_sinks`: the sinks are known, and have no part in
// the mean.
template <bool with_sinks>
__device__ void load_key_smoothing(const KernelArguments& a, const Sequence& s, KeySmoothing& smoothing) {
  const int chunks = ceil_div(s.length, a.chunk_keys);
  if constexpr (with_sinks) {
    if (threadIdx.x < warp_lanes) {
      const int lane = static_cast<int>(threadIdx.x);
      const SinkCandidate own = first_candidates(chunks * quant::max_sink_keys, [&](int at) {
        return record_of(a, s, at / quant::max_sink_keys).candidates()[at % quant::max_sink_keys];
      });
      // Each key's place is the number of keys before it; where there is none, -1 comes last, in order of the lanes.
      const u32 key = static_cast<u32>(own);
      int place = 0;
#pragma unroll
      for (int other = 0; other < quant::max_sink_keys; ++other) {
        const u32 other_key = __shfl_sync(~0u, key, other);
        place += other_key < key || (other_key == key && other < lane) ? 1 : 0;
      }
      if (lane < quant::max_sink_keys) smoothing.sinks[place] = static_cast<int>(key);
    }
    __syncthreads();
  }
  const float unit = unit_of(max_of(s.length, 1));
  const Rows keys = rows_of_keys(a, s);
#pragma unroll 1
  for (int c = static_cast<int>(threadIdx.x); c < spec::head_dim_qk; c += threads) {
    float mean = 0;
    if constexpr (key_sums) {
      Sum sum;
      int count = s.length;
#pragma unroll 4
      for (int chunk = 0; chunk < chunks; ++chunk) sum.add(record_of(a, s, chunk).key(Record::sum, c));
      if constexpr (safe) {
#pragma unroll 1
        for (int chunk = 0; chunk < chunks; ++chunk) {
          const Record record = record_of(a, s, chunk);
          if (record.keys_missing() == 0) continue;
          count -= min_of(a.chunk_keys, s.length - chunk * a.chunk_keys) - static_cast<int>(record.key(Record::count, c));
        }
      }
      if constexpr (with_sinks) {
#pragma unroll 1
        for (int i = 0; i < quant::max_sink_keys && smoothing.sinks[i] >= 0; ++i) {
          const u16* element = reinterpret_cast<const u16*>(keys.row(smoothing.sinks[i])) + c;
          const float x = Element::low(*element);
          if (safe && !is_finite(x)) continue;
          sum.add(__fmul_rn(-x, unit));
          --count;
        }
        mean = rounded_mean(mean_of(sum, static_cast<float>(count), unit));
      } else {
        // Which keys are sinks is asked of the mean as it is.
        mean = mean_of(sum, static_cast<float>(count), unit);
        if constexpr (!quant::k_sink) mean = rounded_mean(mean);
      }
    }
    smoothing.mean[c] = mean;
  }
}

// A sink is scored apart; an element that is not finite stays what it is, so that it is found.
__device__ inline void drop_sink(const float (&x)[8], float (&smoothed)[8]) {
#pragma unroll
  for (int e = 0; e < 8; ++e) smoothed[e] = is_finite(x[e]) ? 0.0f : smoothed[e];
}

[[maybe_unused]] constexpr bool rounds_keys = quant::k_mean && quant::scales == quant::Scales::divided;
__device__ inline void round_key(float (&smoothed)[8]) {
#pragma unroll
  for (int e = 0; e < 8; e += 2) {
    const u32 packed = Element::pack(smoothed[e], smoothed[e + 1]);
    smoothed[e] = Element::low(packed);
    smoothed[e + 1] = Element::high(packed);
  }
}

// Eight channels of a key as they are quantized.
__device__ inline void smooth_key(const float (&x)[8], const float (&mean)[8], bool sink, float (&smoothed)[8]) {
#pragma unroll
  for (int e = 0; e < 8; ++e) smoothed[e] = quant::k_mean ? __fsub_rn(x[e], mean[e]) : x[e];
  if (quant::k_sink && sink) drop_sink(x, smoothed);
  if constexpr (rounds_keys) round_key(smoothed);
}

// How the rows of Q and K are dealt to lanes: the lanes of one row are neighbours, and read 16 bytes each.
struct RowLanes {
  static constexpr int vectors = spec::head_dim_qk / 8;
  static constexpr int count = vectors >= 5 ? 8 : vectors >= 3 ? 4 : vectors;
  static constexpr int at_once = threads / count;  // rows of a CTA
  static __device__ int lane() { return static_cast<int>(threadIdx.x % count); }
  static __device__ int row() { return static_cast<int>(threadIdx.x / count); }

  template <class Combine>
  static __device__ float reduce(float value, Combine&& combine) {
#pragma unroll
    for (int distance = count / 2; distance > 0; distance /= 2) {
      value = combine(value, __shfl_xor_sync(~0u, value, distance));
    }
    return value;
  }
  static __device__ float largest(float value) {
    return reduce(value, [](float x, float y) { return fmaxf(x, y); });
  }
  static __device__ float sum(float value) {
    return reduce(value, [](float x, float y) { return x + y; });
  }
};

}  // namespace quantizer
