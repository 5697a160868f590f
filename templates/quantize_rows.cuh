// Codes and scales of Q and K: one CTA takes 128 rows. Rows wait in registers for the scale of their group, or are read
// again where they are too wide for that.
#pragma once

#include "key_smoothing.cuh"
#include "quantize_codes.cuh"

namespace quantizer {

struct RowShared {
  KeySmoothing smoothing;
  alignas(16) float sink_rows[quant::k_sink ? quant::max_sink_keys : 1][spec::head_dim_qk];  // less the mean key
  alignas(16) float block_mean[spec::head_dim_qk];                                           // of Q; by channel_place()
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

  __device__ void add(const float (&x)[8], int vector, const RowShared& shared) {
    if constexpr (quant::k_mean) constant += dot(x, shared.smoothing.mean, vector);
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
  static constexpr int vectors = RowLanes::vectors;
  static constexpr int of_lane = ceil_div(vectors, RowLanes::count), codes_of_lane = ceil_div(code_vectors, RowLanes::count);
  static constexpr int steps = ceil_div(rows_of_cta, RowLanes::at_once);
  static constexpr bool kept = steps * of_lane <= 16;

  const KernelArguments& a;
  const Sequence& s;
  RowShared& shared;
  Rows rows;
  int begin;

  // Eight elements as they are quantized, but for those that are not finite.
  __device__ void smooth(const float (&x)[8], int vector, bool sink, float (&value)[8]) const {
    if constexpr (queries) {
      float mean[8] = {};
      if constexpr (quant::q_mean) read_channels(shared.block_mean, vector, mean);
#pragma unroll
      for (int e = 0; e < 8; ++e) value[e] = quant::q_mean ? __fadd_rn(x[e], -mean[e]) : x[e];
    } else {
      float mean[8] = {};
      if constexpr (quant::k_mean) read_channels(shared.smoothing.mean, vector, mean);
      smooth_key(x, mean, sink, value);
    }
  }

  __device__ void run() {
    uint4 packed[kept ? steps * of_lane : 1] = {};
    if constexpr (kept) {
      // All loads are under way before the first is used.
#pragma unroll
      for (int step = 0; step < steps; ++step) {
        const int row = begin + step * RowLanes::at_once + RowLanes::row();
        if (row >= s.length || row >= begin + rows_of_cta) continue;
        const char* at = rows.row(row);
#pragma unroll
        for (int i = 0; i < of_lane; ++i) {
          const int vector = RowLanes::lane() + i * RowLanes::count;
          if (vector < vectors) packed[step * of_lane + i] = rows.load(at, vector);
        }
      }
    }
#pragma unroll(kept ? steps : 1)
    for (int step = 0; step < steps; ++step) {
      const int local = step * RowLanes::at_once + RowLanes::row(), row = begin + local;
      const bool exists = row < s.length && local < rows_of_cta, sink = !queries && shared.smoothing.is_sink(row);
      float amax = 0;
      bool finite = true;
      RowScores scores;
      if (exists) {
#pragma unroll
        for (int i = 0; i < of_lane; ++i) {
          const int vector = RowLanes::lane() + i * RowLanes::count;
          if (vector >= vectors) break;
          float x[8], value[8];
          unpack(kept ? packed[kept ? step * of_lane + i : 0] : rows.load(rows.row(row), vector), x);
          smooth(x, vector, sink, value);
          if constexpr (queries) scores.add(x, vector, shared);
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
            for (int e = 0; e < 8; ++e) {
              if (is_finite(value[e])) largest = fmaxf(largest, fabsf(value[e]));
            }
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
    write(packed);
  }

  // Rows that are written: whole scale blocks.
  __device__ int end() const {
    constexpr int block = queries ? quant::block_q : quant::block_kv;
    return min_of(begin + rows_of_cta, ceil_div(s.length, block) * block);
  }

  template <int count>
  __device__ void write(const uint4 (&packed)[count]) {
    float whole = 1;
    if constexpr (by_tensor) {
      const GroupScale scale = row_scale(shared.warps[0]);
      whole = scale.factor;
      float* scales = queries ? a.q_scales : a.k_scales;
      if (begin == 0 && threadIdx.x == 0) scales[s.batch * (queries ? a.heads_q : a.heads_kv) + s.head] = scale.scale;
      __syncthreads();
    } else {
      scale_rows<queries>(queries ? a.q_scales : a.k_scales, s, begin, end(), shared);
    }
    char* codes = queries ? a.q_codes : a.k_codes;
#pragma unroll(kept ? steps : 1)
    for (int step = 0; step < steps; ++step) {
      const int local = step * RowLanes::at_once + RowLanes::row(), row = begin + local;
      if (row >= end() || local >= rows_of_cta) continue;
      const bool exists = row < s.length, sink = !queries && shared.smoothing.is_sink(row);
      const bool poisoned = shared.poisoned[local] != 0;
      const float factor = by_tensor ? whole : shared.factor[local];
      char* at = codes + (s.padded + row) * quant::row_bytes;
#pragma unroll
      for (int i = 0; i < codes_of_lane; ++i) {
        const int vector = RowLanes::lane() + i * RowLanes::count;
        if (vector >= code_vectors) break;
        uint2 bytes = {0, 0};
        if (exists && vector < vectors) {
          float x[8], value[8];
          unpack(kept ? packed[kept ? step * of_lane + (i < of_lane ? i : 0) : 0] : rows.load(rows.row(row), vector), x);
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
};

// ---- Queries ----

__device__ inline void quantize_queries(const KernelArguments& a, i64 index, RowShared& shared) {
  const int blocks = ceil_div(a.seqlen_q, rows_of_cta), thread = static_cast<int>(threadIdx.x);
  const int block = static_cast<int>(index % blocks), sequence = static_cast<int>(index / blocks);
  const int batch = sequence / a.heads_q, head = sequence % a.heads_q;
  const Sequence s = query_sequence(a, batch, head);
  const int begin = block * rows_of_cta;
  if (begin >= s.length && !(by_tensor && begin == 0)) return;
  if constexpr (quant::k_mean) {
    const Sequence keys = key_sequence(a, batch, head / spec::group);
    load_key_smoothing<quant::k_sink>(a, keys, shared.smoothing);
    if constexpr (quant::k_sink) {
      const Rows rows = rows_of_keys(a, keys);
      __syncthreads();
      for (int i = thread; i < quant::max_sink_keys * spec::head_dim_qk; i += threads) {
        const int sink = i / spec::head_dim_qk, c = i % spec::head_dim_qk, key = shared.smoothing.sinks[sink];
        float x = 0;
        if (key >= 0) {
          const float element = Element::low(reinterpret_cast<const u16*>(rows.row(key))[c]);
          x = __fadd_rn(element, -shared.smoothing.mean[channel_place(c)]);
        }
        shared.sink_rows[sink][channel_place(c)] = x;
      }
    }
  }
  if constexpr (quant::q_mean) {
    const float* mean = a.q_means + (s.padded + begin) / quant::block_q * spec::head_dim_qk;
    for (int c = thread; c < spec::head_dim_qk; c += threads) {
      shared.block_mean[channel_place(c)] = begin < s.length ? mean[c] : 0.0f;
    }
  }
  if constexpr (by_tensor) {
    const float* magnitudes = block_amax_of_queries(a, s);
    float amax = 0;
    for (int i = thread; i < ceil_div(s.length, quant::block_q); i += threads) amax = fmaxf(amax, magnitudes[i]);
    amax = largest_of_cta(amax, shared.warps);
    __syncthreads();
    if (thread == 0) shared.warps[0] = amax;
  }
  __syncthreads();
  QuantizeRows<true>{a, s, shared, rows_of_queries(a, s), begin}.run();
}

// ---- Keys ----

// The largest magnitude of all smoothed keys, to all threads.
__device__ inline float magnitude_of_keys(const KernelArguments& a, const Sequence& s, RowShared& shared) {
  const int chunks = ceil_div(s.length, a.chunk_keys), thread = static_cast<int>(threadIdx.x);
  float amax = 0;
  if constexpr (quant::k_sink) {
    for (int chunk = thread; chunk < chunks; chunk += threads) amax = fmaxf(amax, record_of(a, s, chunk).key_amax());
  } else {
    __syncthreads();
    for (int c = thread; c < spec::head_dim_qk; c += threads) {
      float least = infinity, largest = -infinity;
      for (int chunk = 0; chunk < chunks; ++chunk) {
        least = fminf(least, record_of(a, s, chunk).key(Record::least, c));
        largest = fmaxf(largest, record_of(a, s, chunk).key(Record::largest, c));
      }
      const float mean = quant::k_mean ? shared.smoothing.mean[channel_place(c)] : 0.0f;
      float of_channel = largest_difference(least, largest, mean);
      if constexpr (quant::k_mean && quant::scales == quant::Scales::divided) {
        of_channel = Element::low(Element::pack(of_channel, 0.0f));
      }
      amax = fmaxf(amax, of_channel);
    }
  }
  return largest_of_cta(amax, shared.warps);
}

__device__ inline void quantize_keys(const KernelArguments& a, i64 index, RowShared& shared) {
  const int blocks = max_of(ceil_div(a.seqlen_kv, rows_of_cta), 1), thread = static_cast<int>(threadIdx.x);
  const int block = static_cast<int>(index % blocks), sequence = static_cast<int>(index / blocks);
  const Sequence s = key_sequence(a, sequence / a.heads_kv, sequence % a.heads_kv);
  const int begin = block * rows_of_cta;
  // What is one of a sequence is there for an empty one, too.
  if (begin >= s.length && begin > 0) return;
  if constexpr (quant::k_mean) {
    load_key_smoothing<quant::k_sink>(a, s, shared.smoothing);
    __syncthreads();
    if (begin == 0) {
      for (int c = thread; c < spec::head_dim_qk; c += threads) {
        a.k_means[static_cast<i64>(sequence) * spec::head_dim_qk + c] = shared.smoothing.mean[channel_place(c)];
      }
      if (quant::k_sink && thread < quant::max_sink_keys) {
        a.sink_keys[static_cast<i64>(sequence) * quant::max_sink_keys + thread] = shared.smoothing.sinks[thread];
      }
    }
  }
  if constexpr (by_tensor) {
    const float amax = magnitude_of_keys(a, s, shared);
    __syncthreads();
    if (thread == 0) shared.warps[0] = amax;
    __syncthreads();
  }
  QuantizeRows<false> work{a, s, shared, rows_of_keys(a, s), begin};
  work.run();
  if (thread < rows_of_cta) {
    const u32 bits = __ballot_sync(~0u, shared.poisoned[thread] != 0);
    if (thread % warp_lanes == 0 && begin + thread < work.end()) {
      a.k_poison[(s.padded + begin + thread) / warp_lanes] = bits;
      if (bits != 0) atomicOr(a.poison + sequence, 1u);
    }
  }
}

}  // namespace quantizer
