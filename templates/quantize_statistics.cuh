// The first launch of the quantizers: statistics of K and V by chunks of keys, of Q by blocks; each element is read once.
#pragma once

#include "statistics.cuh"

namespace quantizer {

struct StatisticsShared {
  float sum[threads * 8], least[threads * 8], largest[threads * 8], count[threads * 8];
  float warps[threads / warp_lanes];

  // Of channel `e` of a thread: neither the lanes that store one of their channels nor those that load neighbouring channels
  // meet a bank twice.
  static __device__ int place(int thread, int e) { return thread * 8 + (e + thread / 4) % 8; }
};

enum class Role { keys, values, queries };

// Rows [begin, end) of one tensor, and where their statistics go.
struct StatisticsTask {
  Role role;
  Rows rows;
  int begin, end;
  float unit;
  float* out;      // of K and V: sums, counts, least and largest elements; of Q: the mean
  float* of_rows;  // of K and V: whether elements are missing; of Q: the largest magnitude
};

// Each thread owns 8 neighbouring channels of every slots-th row.
template <int columns, bool extremes>
struct ChannelWork {
  static constexpr int vectors = columns / 8, slots = threads / vectors, batch = 4;
  float sum[8], least[8], largest[8], count[8];

  static __device__ int slot() { return static_cast<int>(threadIdx.x) / vectors; }
  static __device__ int vector() { return static_cast<int>(threadIdx.x) % vectors; }

  __device__ void clear() {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      sum[e] = count[e] = 0;
      least[e] = infinity;
      largest[e] = -infinity;
    }
  }

  __device__ void add(int e, float x, float unit, float& to) {
    to = __fmaf_rn(x, unit, to);
    if constexpr (extremes) {
      least[e] = fminf(least[e], x);
      largest[e] = fmaxf(largest[e], x);
    }
  }

  __device__ void read(const StatisticsTask& task) {
    clear();
    if (slot() >= slots) return;
    float inner[8] = {};
    int addends = 0;
#pragma unroll 1
    for (int first = task.begin + slot(); first < task.end; first += batch * slots) {
      uint4 packed[batch] = {};
#pragma unroll
      for (int i = 0; i < batch; ++i) {
        if (first + i * slots < task.end) packed[i] = task.rows.load(task.rows.row(first + i * slots), vector());
      }
#pragma unroll
      for (int i = 0; i < batch; ++i) {
        if (first + i * slots >= task.end) break;
        float x[8];
        unpack(packed[i], x);
#pragma unroll
        for (int e = 0; e < 8; ++e) add(e, x[e], task.unit, inner[e]);
      }
      // Short sums first: the error of a sum grows with its length.
      addends += batch;
      if (addends % (8 * batch) == 0) flush(inner);
    }
    flush(inner);
  }

  // Elements that are not finite have no part, and the others are counted. Once, where there are any.
  __device__ void read_finite(const StatisticsTask& task) {
    clear();
    if (slot() >= slots) return;
#pragma unroll 1
    for (int row = task.begin + slot(); row < task.end; row += slots) {
      float x[8];
      unpack(task.rows.load(task.rows.row(row), vector()), x);
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        if (!is_finite(x[e])) continue;
        add(e, x[e], task.unit, sum[e]);
        count[e] += 1;
      }
    }
  }

  __device__ bool is_finite_sum() const {
    bool finite = true;
#pragma unroll
    for (int e = 0; e < 8; ++e) finite = finite && is_finite(sum[e]);
    return finite;
  }

 private:
  __device__ void flush(float (&inner)[8]) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      sum[e] += inner[e];
      inner[e] = 0;
    }
  }
};

template <int columns>
__device__ void find_statistics(const StatisticsTask& task, StatisticsShared& shared) {
  constexpr bool of_values = columns == spec::head_dim_v && value_extremes;
  constexpr bool of_rows = columns == spec::head_dim_qk && by_tensor, extremes = of_values || of_rows;
  using Work = ChannelWork<columns, extremes>;
  Work work;
  work.read(task);
  // All finite elements have a finite sum: looking at each is left to the chunks where it is needed.
  const bool missing = __syncthreads_or(safe && !work.is_finite_sum()) != 0;
  if (missing) work.read_finite(task);
  if (Work::slot() < Work::slots) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const int at = StatisticsShared::place(static_cast<int>(threadIdx.x), e);
      shared.sum[at] = work.sum[e];
      shared.count[at] = work.count[e];
      if constexpr (extremes) {
        shared.least[at] = work.least[e];
        shared.largest[at] = work.largest[e];
      }
    }
  }
  __syncthreads();
  float amax = 0;
#pragma unroll 1
  for (int c = static_cast<int>(threadIdx.x); c < columns; c += threads) {
    Sum sum;
    float count = 0, least = infinity, largest = -infinity;
#pragma unroll 1
    for (int slot = 0; slot < Work::slots; ++slot) {
      const int at = StatisticsShared::place(slot * Work::vectors + c / 8, c % 8);
      sum.add(shared.sum[at]);
      count += shared.count[at];
      if constexpr (extremes) {
        least = fminf(least, shared.least[at]);
        largest = fmaxf(largest, shared.largest[at]);
      }
    }
    if (!missing) count = static_cast<float>(task.end - task.begin);
    if (task.role == Role::queries) {
      const float mean = quant::q_mean ? mean_of(sum, count, task.unit) : 0.0f;
      if constexpr (quant::q_mean) task.out[c] = mean;
      if constexpr (by_tensor) amax = fmaxf(amax, largest_difference(least, largest, mean));
    } else {
      task.out[Record::sum * columns + c] = sum.value();
      task.out[Record::count * columns + c] = count;
      if constexpr (extremes) {
        task.out[Record::least * columns + c] = least;
        task.out[Record::largest * columns + c] = largest;
      }
    }
  }
  if (task.role == Role::queries) {
    if constexpr (by_tensor) {
      amax = largest_of_cta(amax, shared.warps);
      if (threadIdx.x == 0) *task.of_rows = amax;
    }
  } else if (threadIdx.x == 0) {
    *task.of_rows = missing ? 1.0f : 0.0f;
  }
}

// The task of this CTA; an empty one where there is none.
__device__ inline StatisticsTask statistics_task(const KernelArguments& a) {
  Share share;
  const u32 chunks = static_cast<u32>(a.batch) * a.heads_kv * a.chunks;
  const bool keys = (key_sums || key_extremes) && share.take(chunks);
  if (keys || ((value_sums || value_extremes) && share.take(chunks))) {
    const int chunk = share.next(a.chunks), head = share.next(a.heads_kv);
    const Sequence s = key_sequence(a, static_cast<int>(share.index), head);
    const Record record = record_of(a, s, chunk);
    const int begin = chunk * a.chunk_keys, end = min_of(s.length, begin + a.chunk_keys);
    if (keys) {
      return {Role::keys, rows_of_keys(a, s), begin, end, unit_of(s.length), record.base, &record.keys_missing()};
    }
    return {Role::values,
            rows_of_values(a, s),
            begin,
            end,
            unit_of(s.length),
            record.base + Record::values,
            &record.values_missing()};
  }
  const int blocks = ceil_div(a.seqlen_q, quant::block_q);
  if (!query_statistics || !share.take(static_cast<u32>(a.batch) * a.heads_q * blocks)) return {};
  const int block = share.next(blocks), head = share.next(a.heads_q);
  const Sequence s = query_sequence(a, static_cast<int>(share.index), head);
  const int begin = block * quant::block_q, end = min_of(s.length, begin + quant::block_q);
  return {Role::queries,
          rows_of_queries(a, s),
          begin,
          end,
          unit_of(quant::block_q),
          quant::q_mean ? a.q_means + (s.padded + begin) / quant::block_q * spec::head_dim_qk : nullptr,
          by_tensor ? block_amax_of_queries(a, s) + block : nullptr};
}

}  // namespace quantizer

extern "C" __global__ void __launch_bounds__(quantizer::threads)
    attune_statistics(const __grid_constant__ KernelArguments a) {
  using namespace quantizer;
  __shared__ StatisticsShared shared;
  // The last launch sets it where something is poisoned.
  const i64 sequences = static_cast<i64>(a.batch) * a.heads_kv;
#pragma unroll 1
  for (i64 i = blockIdx.x * static_cast<i64>(threads) + threadIdx.x; i < sequences;
       i += static_cast<i64>(gridDim.x) * threads) {
    a.poison[i] = 0;
  }
  const StatisticsTask task = statistics_task(a);
  if (task.begin >= task.end) return;
  if constexpr (spec::head_dim_qk == spec::head_dim_v) {
    find_statistics<spec::head_dim_qk>(task, shared);
  } else if (task.role == Role::values) {
    find_statistics<spec::head_dim_v>(task, shared);
  } else {
    find_statistics<spec::head_dim_qk>(task, shared);
  }
}
