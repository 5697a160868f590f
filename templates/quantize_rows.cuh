// Codes and scales of Q and K: one CTA takes 128 rows. It looks at them for the scales of their groups, and reads them again
// for their codes, from a cache: what that costs is small beside memory, and code that keeps rows in registers is too long
// to be compiled while a call waits.
#pragma once

#include "key_smoothing.cuh"
#include "quantize_codes.cuh"

namespace quantizer {

struct RowShared {
  alignas(16) float sink_rows[quant::k_sink ? quant::max_sink_keys : 1][channel_places];  // less the mean key
  alignas(16) float block_mean[channel_places];                                           // of Q; by channel_place()
  float amax[rows_of_cta], factor[rows_of_cta];
  int poisoned[rows_of_cta];
  float warps[threads / warp_lanes];
};

template <bool queries>
struct RowGroups {
  static constexpr int segment = queries ? quant::q_segment_rows : quant::k_segment_rows;
  static constexpr int groups = queries ? quant::q_segment_groups : quant::k_segment_groups;
  static constexpr int rows_per_lane = queries ? quant::q_rows_per_lane : quant::k_rows_per_lane;
  static_assert(segment == 0 || rows_of_cta % segment == 0, "scale segments do not divide the rows of a CTA");
  // Rows of one warp that share a scale.
  static constexpr bool shares(int distance) {
    if (segment <= 1) return false;
    if (distance >= 8) return distance < segment;
    return groups == 1 || distance < rows_per_lane;
  }
};

// Scales of the CTA's rows from their largest magnitudes: shared.factor, and the scales in memory. `end`: rows that are
// written.
template <bool queries>
__device__ void scale_rows(float* scales, const Sequence& s, int begin, int end, RowShared& shared) {
  using Groups = RowGroups<queries>;
  const int row = static_cast<int>(threadIdx.x);
  float amax = 0;
  __syncthreads();
  if (row < rows_of_cta) {
    amax = shared.amax[row];
#pragma unroll
    for (int distance = 1; distance < warp_lanes; distance *= 2) {
      if (Groups::shares(distance)) amax = fmaxf(amax, __shfl_xor_sync(~0u, amax, distance));
    }
  }
  if constexpr (Groups::segment > warp_lanes) {
    __syncthreads();
    if (row < rows_of_cta) shared.amax[row] = amax;
    __syncthreads();
    if (row < rows_of_cta) {
      for (int other = row / Groups::segment * Groups::segment + row % warp_lanes; other < rows_of_cta;
           other += warp_lanes) {
        if (other / Groups::segment == row / Groups::segment) amax = fmaxf(amax, shared.amax[other]);
      }
    }
  }
  if (row < rows_of_cta) {
    const GroupScale scale = row_scale(amax);
    shared.factor[row] = scale.factor;
    const i64 padded = s.padded + begin + row;
    constexpr int segment = Groups::segment > 0 ? Groups::segment : 1;
    // The first row of each group writes its scale.
    const bool first =
        padded % segment < 8 && (Groups::groups == 1 ? padded % segment == 0 : row % Groups::rows_per_lane == 0);
    if (first && begin + row < end) {
      scales[padded / segment * Groups::groups + row % 8 / Groups::rows_per_lane % Groups::groups] = scale.scale;
    }
  }
  __syncthreads();
}

// What is written of a row of Q beside its codes.
struct RowScores {
  float constant = 0, sinks[quant::max_sink_keys] = {};

  __device__ void add(const float (&x)[8], int vector, const KeySmoothing& smoothing, const RowShared& shared) {
    if constexpr (quant::k_mean) constant += dot(x, smoothing.mean, vector);
    if constexpr (quant::k_sink) {
#pragma unroll
      for (int i = 0; i < quant::max_sink_keys; ++i) sinks[i] += dot(x, shared.sink_rows[i], vector);
    }
  }
  __device__ void reduce() {
    if constexpr (quant::k_mean) constant = RowLanes::sum(constant);
    if constexpr (quant::k_sink) {
#pragma unroll
      for (int i = 0; i < quant::max_sink_keys; ++i) sinks[i] = RowLanes::sum(sinks[i]);
    }
  }

 private:
  static __device__ float dot(const float (&x)[8], const float* values, int vector) {
    float y[8], sum = 0;
    read_channels(values, vector, y);
#pragma unroll
    for (int e = 0; e < 8; ++e) sum = fmaf(x[e], y[e], sum);
    return sum;
  }
};

template <bool queries>
struct QuantizeRows {
  // Vectors of a row of codes; those beyond the row of elements are padding.
  static constexpr int code_bytes = quant::qk == quant::Qk::int4 ? 4 : 8, code_vectors = quant::row_bytes / code_bytes;
  static constexpr int steps = ceil_div(rows_of_cta, RowLanes::at_once);
  // Loads of a lane that are under way together: some, and not a row of 576 elements unrolled.
  static constexpr int of_lane = ceil_div(RowLanes::vectors, RowLanes::count), unrolled = of_lane < 2 ? of_lane : 2;

  const KernelArguments& a;
  const Sequence& s;
  const KeySmoothing& smoothing;
  RowShared& shared;
  Rows rows;
  int begin;

  // Eight elements as they are quantized, but for those that are not finite.
  __device__ void smooth(const float (&x)[8], int vector, bool sink, float (&value)[8]) const {
    float mean[8] = {};
    if constexpr (queries) {
      if constexpr (quant::q_mean) read_channels(shared.block_mean, vector, mean);
#pragma unroll
      for (int e = 0; e < 8; ++e) value[e] = quant::q_mean ? __fadd_rn(x[e], -mean[e]) : x[e];
    } else {
      if constexpr (quant::k_mean) read_channels(smoothing.mean, vector, mean);
      smooth_key(x, mean, sink, value);
    }
  }

  // Rows that are written: whole scale blocks.
  __device__ int end() const {
    constexpr int block = queries ? quant::block_q : quant::block_kv;
    return min_of(begin + rows_of_cta, ceil_div(s.length, block) * block);
  }

  // The largest magnitude of each row, and what else is found in its elements.
  __device__ void look() {
#pragma unroll 1
    for (int step = 0; step < steps; ++step) {
      const int local = step * RowLanes::at_once + RowLanes::row(), row = begin + local;
      float amax = 0;
      bool finite = true;
      RowScores scores;
      if (row < s.length && local < rows_of_cta) {
        const char* at = rows.row(row);
        const bool sink = !queries && smoothing.is_sink(row);
#pragma unroll unrolled
        for (int i = 0; i < of_lane; ++i) {
          const int vector = RowLanes::lane() + i * RowLanes::count;
          if (vector >= RowLanes::vectors) break;
          float x[8], value[8];
          unpack(rows.load(at, vector), x);
          smooth(x, vector, sink, value);
          if constexpr (queries) scores.add(x, vector, smoothing, shared);
          float largest = 0, probe = 0;
#pragma unroll
          for (int e = 0; e < 8; ++e) {
            largest = fmaxf(largest, fabsf(value[e]));
            if constexpr (safe) probe = __fmaf_rn(value[e], 0.0f, probe);
          }
          // Not 0: one of the eight is not finite, and has no part.
          if (safe && !(probe == 0)) {
            finite = false;
            largest = 0;
#pragma unroll
            for (int e = 0; e < 8; ++e) largest = fmaxf(largest, is_finite(value[e]) ? fabsf(value[e]) : 0.0f);
          }
          amax = fmaxf(amax, largest);
        }
      }
      amax = RowLanes::largest(amax);
      const bool poisoned = RowLanes::largest(finite ? 0.0f : 1.0f) > 0;
      if constexpr (queries) scores.reduce();
      if (RowLanes::lane() != 0 || local >= rows_of_cta) continue;
      shared.amax[local] = amax;
      shared.poisoned[local] = poisoned ? 1 : 0;
      if (queries && row < end()) {
        a.q_constants[s.padded + row] = poisoned ? __uint_as_float(0x7fffffff) : scores.constant;
        if constexpr (quant::k_sink) {
          float* of_row = a.q_sink_scores + (s.padded + row) * quant::max_sink_keys;
          *reinterpret_cast<float4*>(of_row) = {scores.sinks[0], scores.sinks[1], scores.sinks[2], scores.sinks[3]};
        }
      }
    }
  }

  __device__ void write() {
    char* codes = queries ? a.q_codes : a.k_codes;
#pragma unroll 1
    for (int step = 0; step < steps; ++step) {
      const int local = step * RowLanes::at_once + RowLanes::row(), row = begin + local;
      if (row >= end() || local >= rows_of_cta) break;
      const bool exists = row < s.length, sink = !queries && smoothing.is_sink(row);
      const bool poisoned = shared.poisoned[local] != 0;
      const float factor = shared.factor[by_tensor ? 0 : local];
      const char* from = exists ? rows.row(row) : nullptr;
      char* at = codes + (s.padded + row) * quant::row_bytes;
#pragma unroll unrolled
      for (int vector = RowLanes::lane(); vector < code_vectors; vector += RowLanes::count) {
        uint2 bytes = {0, 0};
        if (exists && vector < RowLanes::vectors) {
          float x[8], value[8];
          unpack(rows.load(from, vector), x);
          smooth(x, vector, sink, value);
          if (poisoned) {
#pragma unroll
            for (int e = 0; e < 8; ++e) value[e] = is_finite(value[e]) ? value[e] : 0.0f;
          }
          bytes = row_codes(value, factor);
        }
        if constexpr (code_bytes == 8) {
          *reinterpret_cast<uint2*>(at + vector * 8) = bytes;
        } else {
          *reinterpret_cast<u32*>(at + vector * 4) = bytes.x;
        }
      }
    }
  }

  // `magnitude`: of the whole tensor, where that has one scale.
  __device__ void run(float magnitude) {
    look();
    float* scales = queries ? a.q_scales : a.k_scales;
    if constexpr (by_tensor) {
      const GroupScale scale = row_scale(magnitude);
      if (threadIdx.x == 0) {
        shared.factor[0] = scale.factor;
        if (begin == 0) scales[s.batch * (queries ? a.heads_q : a.heads_kv) + s.head] = scale.scale;
      }
      __syncthreads();
    } else {
      scale_rows<queries>(scales, s, begin, end(), shared);
    }
    write();
  }
};

// ---- Queries ----

__device__ inline void quantize_queries(const KernelArguments& a, const Sequence& s, const Sequence& keys, int begin,
                                        const KeySmoothing& smoothing, RowShared& shared) {
  const int thread = static_cast<int>(threadIdx.x);
  if constexpr (quant::k_sink) {
    const Rows rows = rows_of_keys(a, keys);
#pragma unroll 1
    for (int i = thread; i < quant::max_sink_keys * spec::head_dim_qk; i += threads) {
      const int sink = i / spec::head_dim_qk, c = i % spec::head_dim_qk, key = smoothing.sinks[sink];
      float x = 0;
      if (key >= 0) {
        const float element = Element::low(reinterpret_cast<const u16*>(rows.row(key))[c]);
        x = __fadd_rn(element, -smoothing.mean[channel_place(c)]);
      }
      shared.sink_rows[sink][channel_place(c)] = x;
    }
  }
  if constexpr (quant::q_mean) {
    const float* mean = a.q_means + (s.padded + begin) / quant::block_q * spec::head_dim_qk;
#pragma unroll 1
    for (int c = thread; c < spec::head_dim_qk; c += threads) {
      shared.block_mean[channel_place(c)] = begin < s.length ? mean[c] : 0.0f;
    }
  }
  float magnitude = 0;
  if constexpr (by_tensor) {
    const float* magnitudes = block_amax_of_queries(a, s);
#pragma unroll 1
    for (int i = thread; i < ceil_div(s.length, quant::block_q); i += threads) magnitude = fmaxf(magnitude, magnitudes[i]);
    magnitude = largest_of_cta(magnitude, shared.warps);
  }
  __syncthreads();
  QuantizeRows<true>{a, s, smoothing, shared, rows_of_queries(a, s), begin}.run(magnitude);
}

// ---- Keys ----

// The largest magnitude of all smoothed keys, to all threads.
__device__ inline float magnitude_of_keys(const KernelArguments& a, const Sequence& s, const KeySmoothing& smoothing,
                                          RowShared& shared) {
  const int chunks = ceil_div(s.length, a.chunk_keys), thread = static_cast<int>(threadIdx.x);
  float amax = 0;
  if constexpr (quant::k_sink) {
#pragma unroll 1
    for (int chunk = thread; chunk < chunks; chunk += threads) amax = fmaxf(amax, record_of(a, s, chunk).key_amax());
  } else {
#pragma unroll 1
    for (int c = thread; c < spec::head_dim_qk; c += threads) {
      float least = infinity, largest = -infinity;
#pragma unroll 2
      for (int chunk = 0; chunk < chunks; ++chunk) {
        least = fminf(least, record_of(a, s, chunk).key(Record::least, c));
        largest = fmaxf(largest, record_of(a, s, chunk).key(Record::largest, c));
      }
      const float mean = quant::k_mean ? smoothing.mean[channel_place(c)] : 0.0f;
      float of_channel = largest_difference(least, largest, mean);
      if constexpr (quant::k_mean && quant::scales == quant::Scales::divided) {
        of_channel = Element::low(Element::pack(of_channel, 0.0f));
      }
      amax = fmaxf(amax, of_channel);
    }
  }
  return largest_of_cta(amax, shared.warps);
}

__device__ inline void quantize_keys(const KernelArguments& a, const Sequence& s, int begin, const KeySmoothing& smoothing,
                                     RowShared& shared) {
  const int thread = static_cast<int>(threadIdx.x), sequence = s.batch * a.heads_kv + s.head;
  if (quant::k_mean && begin == 0) {
#pragma unroll 1
    for (int c = thread; c < spec::head_dim_qk; c += threads) {
      a.k_means[static_cast<i64>(sequence) * spec::head_dim_qk + c] = smoothing.mean[channel_place(c)];
    }
    if (quant::k_sink && thread < quant::max_sink_keys) {
      a.sink_keys[static_cast<i64>(sequence) * quant::max_sink_keys + thread] = smoothing.sinks[thread];
    }
  }
  const float magnitude = by_tensor ? magnitude_of_keys(a, s, smoothing, shared) : 0.0f;
  QuantizeRows<false> work{a, s, smoothing, shared, rows_of_keys(a, s), begin};
  work.run(magnitude);
  if (thread < rows_of_cta) {
    const u32 bits = __ballot_sync(~0u, shared.poisoned[thread] != 0);
    if (thread % warp_lanes == 0 && begin + thread < work.end()) {
      a.k_poison[(s.padded + begin + thread) / warp_lanes] = bits;
      if (bits != 0) atomicOr(a.poison + sequence, 1u);
    }
  }
}

}  // namespace quantizer
