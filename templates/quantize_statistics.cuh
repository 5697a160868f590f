// The first launch of the quantizers: statistics of K and V by chunks of keys, of Q by blocks; each element is read once.
#pragma once

#include "statistics.cuh"

namespace quantizer {

struct StatisticsShared {
  float sum[threads * 8], least[threads * 8], largest[threads * 8], count[threads * 8];
  float warps[threads / warp_lanes];
};

// Numbers of one channel over some rows.
struct ChannelStatistics {
  Sum sum;
  float count, least, largest;
};

// Each thread owns 8 neighbouring channels of every slots-th row.
template <int columns>
struct ChannelWork {
  static constexpr int vectors = columns / 8, slots = threads / vectors, batch = 4;
  float sum[8], least[8], largest[8], count[8];

  // `filtered`: elements that are not finite have no part, and the others are counted.
  template <bool filtered, bool extremes>
  __device__ void read(const Rows& rows, int begin, int end, float unit) {
    const int slot = static_cast<int>(threadIdx.x) / vectors, vector = static_cast<int>(threadIdx.x) % vectors;
    float inner[8];
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      sum[e] = inner[e] = count[e] = 0;
      least[e] = infinity;
      largest[e] = -infinity;
    }
    if (slot >= slots) return;
    int addends = 0;
    for (int first = begin + slot; first < end; first += batch * slots) {
      uint4 packed[batch] = {};
#pragma unroll
      for (int i = 0; i < batch; ++i) {
        if (first + i * slots < end) packed[i] = rows.load(rows.row(first + i * slots), vector);
      }
#pragma unroll
      for (int i = 0; i < batch; ++i) {
        if (first + i * slots >= end) break;
        float x[8];
        unpack(packed[i], x);
#pragma unroll
        for (int e = 0; e < 8; ++e) {
          if constexpr (filtered) {
            if (!is_finite(x[e])) continue;
            count[e] += 1;
          }
          inner[e] = __fmaf_rn(x[e], unit, inner[e]);
          if constexpr (extremes) {
            least[e] = fminf(least[e], x[e]);
            largest[e] = fmaxf(largest[e], x[e]);
          }
        }
      }
      // Short sums first: the error of a sum grows with its length.
      addends += batch;
      if (addends % (8 * batch) == 0) {
#pragma unroll
        for (int e = 0; e < 8; ++e) {
          sum[e] += inner[e];
          inner[e] = 0;
        }
      }
    }
#pragma unroll
    for (int e = 0; e < 8; ++e) sum[e] += inner[e];
  }

  __device__ bool is_finite_sum() const {
    bool finite = true;
#pragma unroll
    for (int e = 0; e < 8; ++e) finite = finite && is_finite(sum[e]);
    return finite;
  }
};

// Calls `take(channel, statistics)` once for every channel, by the thread that has it, and returns whether elements were
// left out.
template <int columns, bool extremes, class Take>
__device__ bool statistics_of(const Rows& rows, int begin, int end, float unit, StatisticsShared& shared, Take&& take) {
  using Work = ChannelWork<columns>;
  Work work;
  work.template read<false, extremes>(rows, begin, end, unit);
  // All finite elements have a finite sum: looking at each is left to the chunks where it is needed.
  const bool missing = __syncthreads_or(safe && !work.is_finite_sum()) != 0;
  if (missing) work.template read<true, extremes>(rows, begin, end, unit);
  const int slot = static_cast<int>(threadIdx.x) / Work::vectors, vector = static_cast<int>(threadIdx.x) % Work::vectors;
  if (slot < Work::slots) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const int at = slot * columns + vector * 8 + e;
      shared.sum[at] = work.sum[e];
      if (missing) shared.count[at] = work.count[e];
      if constexpr (extremes) {
        shared.least[at] = work.least[e];
        shared.largest[at] = work.largest[e];
      }
    }
  }
  __syncthreads();
  for (int c = static_cast<int>(threadIdx.x); c < columns; c += threads) {
    ChannelStatistics all = {{}, missing ? 0.0f : static_cast<float>(end - begin), infinity, -infinity};
    for (int at = c; at < Work::slots * columns; at += columns) {
      all.sum.add(shared.sum[at]);
      if (missing) all.count += shared.count[at];
      if constexpr (extremes) {
        all.least = fminf(all.least, shared.least[at]);
        all.largest = fmaxf(all.largest, shared.largest[at]);
      }
    }
    take(c, all);
  }
  return missing;
}

__device__ inline void key_chunk(const KernelArguments& a, i64 index, StatisticsShared& shared) {
  const int chunk = static_cast<int>(index % a.chunks), sequence = static_cast<int>(index / a.chunks);
  const Sequence s = key_sequence(a, sequence / a.heads_kv, sequence % a.heads_kv);
  const int begin = chunk * a.chunk_keys, end = min_of(s.length, begin + a.chunk_keys);
  if (begin >= end) return;
  const Record record = record_of(a, s, chunk);
  const auto take = [&](int c, const ChannelStatistics& all) {
    record.key(Record::sum, c) = all.sum.value();
    record.key(Record::count, c) = all.count;
    if constexpr (key_extremes) {
      record.key(Record::least, c) = all.least;
      record.key(Record::largest, c) = all.largest;
    }
  };
  const bool missing =
      statistics_of<spec::head_dim_qk, key_extremes>(rows_of_keys(a, s), begin, end, unit_of(s.length), shared, take);
  if (threadIdx.x == 0) record.keys_missing() = missing ? 1.0f : 0.0f;
}

__device__ inline void value_chunk(const KernelArguments& a, i64 index, StatisticsShared& shared) {
  const int chunk = static_cast<int>(index % a.chunks), sequence = static_cast<int>(index / a.chunks);
  const Sequence s = key_sequence(a, sequence / a.heads_kv, sequence % a.heads_kv);
  const int begin = chunk * a.chunk_keys, end = min_of(s.length, begin + a.chunk_keys);
  if (begin >= end) return;
  const Record record = record_of(a, s, chunk);
  const auto take = [&](int c, const ChannelStatistics& all) {
    record.value(Record::sum, c) = all.sum.value();
    record.value(Record::count, c) = all.count;
    if constexpr (value_extremes) {
      record.value(Record::least, c) = all.least;
      record.value(Record::largest, c) = all.largest;
    }
  };
  const bool missing =
      statistics_of<spec::head_dim_v, value_extremes>(rows_of_values(a, s), begin, end, unit_of(s.length), shared, take);
  if (threadIdx.x == 0) record.values_missing() = missing ? 1.0f : 0.0f;
}

// The mean of a block of Q, and by tensors the block's largest magnitude.
__device__ inline void query_block(const KernelArguments& a, i64 index, StatisticsShared& shared) {
  const int blocks = ceil_div(a.seqlen_q, quant::block_q);
  const int block = static_cast<int>(index % blocks), sequence = static_cast<int>(index / blocks);
  const Sequence s = query_sequence(a, sequence / a.heads_q, sequence % a.heads_q);
  const int begin = block * quant::block_q, end = min_of(s.length, begin + quant::block_q);
  if (begin >= end) return;
  const float unit = unit_of(quant::block_q);
  float amax = 0;
  const auto take = [&](int c, const ChannelStatistics& all) {
    float mean = 0;
    if constexpr (quant::q_mean) {
      mean = mean_of(all.sum, all.count, unit);
      a.q_means[((s.padded + begin) / quant::block_q) * spec::head_dim_qk + c] = mean;
    }
    if constexpr (by_tensor) amax = fmaxf(amax, largest_difference(all.least, all.largest, mean));
  };
  statistics_of<spec::head_dim_qk, by_tensor>(rows_of_queries(a, s), begin, end, unit, shared, take);
  if constexpr (by_tensor) {
    amax = largest_of_cta(amax, shared.warps);
    if (threadIdx.x == 0) block_amax_of_queries(a, s)[block] = amax;
  }
}

}  // namespace quantizer

extern "C" __global__ void __launch_bounds__(quantizer::threads)
    attune_statistics(const __grid_constant__ KernelArguments a) {
  using namespace quantizer;
  __shared__ StatisticsShared shared;
  const i64 sequences = static_cast<i64>(a.batch) * a.heads_kv;
  // The last launch sets it where something is poisoned.
  for (i64 i = blockIdx.x * static_cast<i64>(threads) + threadIdx.x; i < sequences;
       i += static_cast<i64>(gridDim.x) * threads) {
    a.poison[i] = 0;
  }
  Share share;
  if constexpr (key_sums || key_extremes) {
    if (share.take(sequences * a.chunks)) return key_chunk(a, share.index, shared);
  }
  if constexpr (value_sums || value_extremes) {
    if (share.take(sequences * a.chunks)) return value_chunk(a, share.index, shared);
  }
  if constexpr (query_statistics) {
    const i64 blocks = static_cast<i64>(a.batch) * a.heads_q * ceil_div(a.seqlen_q, quant::block_q);
    if (share.take(blocks)) return query_block(a, share.index, shared);
  }
}
