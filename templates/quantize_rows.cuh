// Codes and scales of Q and K: one CTA takes 128 rows. It looks at them for the scales of their groups, and reads them again
// for their codes, from a cache: what that costs is small beside memory, and code that keeps rows in registers is too long
// to be compiled while a call waits. For the same reason rows of Q and of K go through the same code: what is done to one of
// them alone is asked for at run time.
#pragma once

#include "key_smoothing.cuh"
#include "quantize_codes.cuh"

namespace quantizer {

struct RowShared {
  Channels<spec::head_dim_qk> sink_rows[quant::k_sink ? quant::max_sink_keys : 1];  // less the mean key
  Channels<spec::head_dim_qk> mean;  // with q-mean: of the block of Q or of K, whichever the rows are of
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
  static_assert(segment <= warp_lanes || segment % warp_lanes == 0, "a warp has rows of two scale segments");
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
__device__ inline void scale_rows(float* scales, const Sequence& s, int begin, int end, RowShared& shared) {
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
  constexpr int segment = Groups::segment > 0 ? Groups::segment : 1;
  if constexpr (segment > warp_lanes) {
    __syncthreads();
    if (row < rows_of_cta) shared.amax[row] = amax;
    __syncthreads();
    if (row < rows_of_cta) {
      const int first = row / segment * segment + row % warp_lanes;
#pragma unroll
      for (int warp = 0; warp < segment / warp_lanes; ++warp) amax = fmaxf(amax, shared.amax[first + warp * warp_lanes]);
    }
  }
  if (row < rows_of_cta) {
    const GroupScale scale = row_scale(amax);
    shared.factor[row] = scale.factor;
    const i64 padded = s.padded + begin + row;
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
  static __device__ float dot(const float (&x)[8], const Channels<spec::head_dim_qk>& values, int vector) {
    float y[8], sum = 0;
    values.read(vector, y);
#pragma unroll
    for (int e = 0; e < 8; ++e) sum = fmaf(x[e], y[e], sum);
    return sum;
  }
};

// The larger of two magnitudes. By the safe convention what is not finite stays what it is, so that it is found; by the
// others NaN is passed over.
__device__ inline float larger(float x, float y) {
  if constexpr (!safe) return fmaxf(x, y);
  float larger;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(larger) : "f"(x), "f"(y));
  return larger;
}

struct QuantizeRows {
  // Vectors of a row of codes; those beyond the row of elements are padding.
  static constexpr int code_bytes = quant::qk == quant::Qk::int4 ? 4 : 8, code_vectors = quant::row_bytes / code_bytes;
  static constexpr int steps = ceil_div(rows_of_cta, RowLanes::at_once);
  // Loads of a lane that are under way together: some, and not a row of 576 elements unrolled.
  static constexpr int together = RowLanes::vectors > RowLanes::count ? 2 : 1, stride = RowLanes::count * together;
  // Every vector that a lane comes by is one of elements.
  static constexpr bool whole = RowLanes::vectors % stride == 0 && code_vectors == RowLanes::vectors;

  const KernelArguments& a;
  const bool queries;
  const Sequence& s;
  const KeySmoothing& smoothing;
  RowShared& shared;
  const Rows rows;
  const int begin, end;  // the rows that are written: whole scale blocks
  const int lane = held(RowLanes::lane()), first_row = held(RowLanes::row());

  // Vectors of a row that this lane has next; zeros where there is none.
  __device__ void load(const char* row, int first, uint4 (&packed)[together]) const {
#pragma unroll
    for (int i = 0; i < together; ++i) {
      const int vector = first + i * RowLanes::count;
      packed[i] = {};
      if (whole || vector < RowLanes::vectors) packed[i] = rows.load(row, vector);
    }
  }

  // Eight elements as they are quantized, but for those that are not finite.
  __device__ void smooth(float (&x)[8], int vector, bool sink) const {
    if (queries ? quant::q_mean : quant::k_mean) {
      float mean[8], smoothed[8];
      (quant::q_mean ? shared.mean : smoothing.mean).read(vector, mean);
#pragma unroll
      for (int e = 0; e < 8; ++e) smoothed[e] = __fsub_rn(x[e], mean[e]);
      if (quant::k_sink && sink) drop_sink(x, smoothed);
#pragma unroll
      for (int e = 0; e < 8; ++e) x[e] = smoothed[e];
      if constexpr (rounds_keys) {
        if (!queries) round_key(x);
      }
    }
  }

  static __device__ void drop_not_finite(float (&x)[8]) {
#pragma unroll
    for (int e = 0; e < 8; ++e) x[e] = is_finite(x[e]) ? x[e] : 0.0f;
    hold(x);
  }

  // The largest magnitude of a row, and what else is found in its elements. `drop`: those that are not finite have no part.
  __device__ float look_at(int row, bool drop, RowScores& scores) const {
    float largest = 0;
    if (row >= s.length) return largest;
    const char* at = rows.row(row);
    const bool sink = !queries && smoothing.is_sink(row);
#pragma unroll 1
    for (int turn = 0; turn < ceil_div(RowLanes::vectors, stride); ++turn) {
      const int first = lane + turn * stride;
      uint4 packed[together];
      load(at, first, packed);
#pragma unroll
      for (int i = 0; i < together; ++i) {
        const int vector = first + i * RowLanes::count;
        if (!whole && vector >= RowLanes::vectors) break;
        float x[8];
        unpack(packed[i], x);
        hold(x);
        if (queries) scores.add(x, vector, smoothing, shared);
        smooth(x, vector, sink);
        if (drop) drop_not_finite(x);
#pragma unroll
        for (int e = 0; e < 8; ++e) largest = larger(largest, fabsf(x[e]));
      }
    }
    return largest;
  }

  __device__ void look() {
#pragma unroll 1
    for (int step = 0; step < steps; ++step) {
      const int local = step * RowLanes::at_once + first_row, row = begin + local;
      // A warp that meets what is not finite looks again, without it.
      bool poisoned = false;
      RowScores scores;
      float largest;
#pragma unroll 1
      for (bool drop = false;; drop = true) {
        scores = {};
        largest = look_at(local < rows_of_cta ? row : s.length, drop, scores);
        largest = RowLanes::reduce(largest, larger);
        if (!safe || drop) break;
        poisoned = !is_finite(largest);
        if (!__any_sync(~0u, poisoned)) break;
      }
      if (queries) scores.reduce();
      if (lane != 0 || local >= rows_of_cta) continue;
      shared.amax[local] = largest;
      shared.poisoned[local] = poisoned ? 1 : 0;
      if (queries && row < end) {
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
      const int local = step * RowLanes::at_once + first_row, row = begin + local;
      if (row >= end || local >= rows_of_cta) break;
      const bool exists = row < s.length, sink = !queries && smoothing.is_sink(row);
      const bool poisoned = shared.poisoned[local] != 0;
      const float factor = shared.factor[by_tensor ? 0 : local];
      const char* from = exists ? rows.row(row) : nullptr;
      char* at = codes + (s.padded + row) * quant::row_bytes;
#pragma unroll 1
      for (int turn = 0; turn < ceil_div(code_vectors, stride); ++turn) {
        const int first = lane + turn * stride;
        uint4 packed[together];
        if (exists) load(from, first, packed);
#pragma unroll
        for (int i = 0; i < together; ++i) {
          const int vector = first + i * RowLanes::count;
          if (code_vectors % stride != 0 && vector >= code_vectors) break;
          uint2 bytes = {0, 0};
          if (exists && (whole || vector < RowLanes::vectors)) {
            float x[8];
            unpack(packed[i], x);
            hold(x);
            smooth(x, vector, sink);
            if (poisoned) drop_not_finite(x);
            bytes = row_codes(x, factor);
          }
          if constexpr (code_bytes == 8) {
            *reinterpret_cast<uint2*>(at + vector * 8) = bytes;
          } else {
            *reinterpret_cast<u32*>(at + vector * 4) = bytes.x;
          }
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
    } else if (queries) {
      scale_rows<true>(scales, s, begin, end, shared);
    } else {
      scale_rows<false>(scales, s, begin, end, shared);
    }
    write();
  }
};

// ---- Queries ----

// What rows of Q need beside themselves; and, where Q has one scale, this thread's part of its largest magnitude.
__device__ inline float prepare_queries(const KernelArguments& a, const Sequence& s, const Sequence& keys, int begin,
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
        x = __fsub_rn(element, smoothing.mean[c]);
      }
      shared.sink_rows[sink][c] = x;
    }
  }
  if constexpr (quant::q_mean) {
    const float* mean = a.q_means + (s.padded + begin) / quant::block_q * spec::head_dim_qk;
#pragma unroll 1
    for (int c = thread; c < spec::head_dim_qk; c += threads) shared.mean[c] = begin < s.length ? mean[c] : 0.0f;
  }
  float magnitude = 0;
  if constexpr (by_tensor) {
    const float* magnitudes = block_amax_of_queries(a, s);
#pragma unroll 1
    for (int i = thread; i < ceil_div(s.length, quant::block_q); i += threads) magnitude = fmaxf(magnitude, magnitudes[i]);
  }
  return magnitude;
}

// ---- Keys ----

// Of the largest magnitude of all smoothed keys this thread's part.
__device__ inline float magnitude_of_keys(const KernelArguments& a, const Sequence& s, const KeySmoothing& smoothing) {
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
      const float mean = quant::k_mean ? smoothing.mean[c] : 0.0f;
      float of_channel = largest_difference(least, largest, mean);
      if constexpr (quant::k_mean && quant::scales == quant::Scales::divided) {
        of_channel = Element::low(Element::pack(of_channel, 0.0f));
      }
      amax = fmaxf(amax, of_channel);
    }
  }
  return amax;
}

// The same of rows of K; the first CTA of a sequence writes what is one of it.
__device__ inline float prepare_keys(const KernelArguments& a, const Sequence& s, int begin, const KeySmoothing& smoothing,
                                     RowShared& shared) {
  const int thread = static_cast<int>(threadIdx.x);
  const i64 sequence = s.batch * a.heads_kv + s.head;
  if (quant::k_mean && begin == 0) {
#pragma unroll 1
    for (int c = thread; c < spec::head_dim_qk; c += threads) {
      a.k_means[sequence * spec::head_dim_qk + c] = smoothing.mean[c];
    }
    if (quant::k_sink && thread < quant::max_sink_keys) {
      a.sink_keys[sequence * quant::max_sink_keys + thread] = smoothing.sinks[thread];
    }
  }
  if constexpr (quant::k_mean && quant::q_mean) {
#pragma unroll 1
    for (int c = thread; c < spec::head_dim_qk; c += threads) shared.mean[c] = smoothing.mean[c];
  }
  return by_tensor ? magnitude_of_keys(a, s, smoothing) : 0.0f;
}

__device__ inline void write_key_poison(const KernelArguments& a, const Sequence& s, int begin, int end,
                                        const RowShared& shared) {
  const int thread = static_cast<int>(threadIdx.x);
  if (thread >= rows_of_cta) return;
  const u32 bits = __ballot_sync(~0u, shared.poisoned[thread] != 0);
  if (thread % warp_lanes == 0 && begin + thread < end) {
    a.k_poison[(s.padded + begin + thread) / warp_lanes] = bits;
    if (bits != 0) atomicOr(a.poison + s.batch * a.heads_kv + s.head, 1u);
  }
}

// ---- Either ----

// Rows of `s`, which is `keys` or a sequence of queries.
__device__ inline void quantize_rows(const KernelArguments& a, bool queries, const Sequence& s, const Sequence& keys,
                                     int begin, const KeySmoothing& smoothing, RowShared& shared) {
  float magnitude =
      queries ? prepare_queries(a, s, keys, begin, smoothing, shared) : prepare_keys(a, s, begin, smoothing, shared);
  if constexpr (by_tensor) magnitude = largest_of_cta(magnitude, shared.warps);
  __syncthreads();
  const Rows rows = queries ? rows_of_queries(a, s) : rows_of_keys(a, s);
  const int block = queries ? quant::block_q : quant::block_kv;
  const int end = min_of(begin + rows_of_cta, (s.length + block - 1) & -block);
  QuantizeRows{a, queries, s, smoothing, shared, rows, begin, end}.run(magnitude);
  if (!queries) write_key_poison(a, s, begin, end, shared);
}

}  // namespace quantizer
