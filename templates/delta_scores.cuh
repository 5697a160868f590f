// Delta S: the mean of each block of Q times each smoothed key, in fp32. What the smoothing of Q takes off the scores.
#pragma once

#include "key_smoothing.cuh"

namespace quantizer {

struct DeltaTiles {
  static constexpr int rows = 64, keys = 64, columns = 32;  // means of Q, keys, channels of a step
};

struct DeltaShared {
  // By channel. The rows of each eight channels are permuted, so that the lanes of a transposed store meet no bank twice.
  alignas(16) float means[DeltaTiles::columns][DeltaTiles::rows], keys[DeltaTiles::columns][DeltaTiles::keys];
};

// The rows of a tile are the query blocks of the heads that share a KV head, one head after the other.
struct DeltaRow {
  i64 block;  // in q_means and delta_s; -1: no such block
  static __device__ DeltaRow of(const KernelArguments& a, const Sequence& keys, int row) {
    const int blocks = ceil_div(a.seqlen_q, quant::block_q), head = row / blocks, block = row % blocks;
    if (head >= spec::group) return {-1};
    const Sequence s = query_sequence(a, keys.batch, keys.head * spec::group + head);
    if (block * quant::block_q >= s.length) return {-1};
    return {s.padded / quant::block_q + block};
  }
};

__device__ inline int delta_row_tiles(const KernelArguments& a) {
  return ceil_div(ceil_div(a.seqlen_q, quant::block_q) * spec::group, DeltaTiles::rows);
}
__device__ inline int delta_key_tiles(const KernelArguments& a) { return ceil_div(a.seqlen_kv, DeltaTiles::keys); }

__device__ inline void delta_scores(const KernelArguments& a, const Sequence& s, int row_begin, int key_begin,
                                    const KeySmoothing& smoothing, DeltaShared& shared) {
  using Tiles = DeltaTiles;
  const int thread = static_cast<int>(threadIdx.x);
  const Rows keys = rows_of_keys(a, s);
  // A thread loads a quarter of the step's channels of one mean and of one key.
  const int row_of_load = thread / 4, quarter = thread % 4, key = key_begin + row_of_load;
  const DeltaRow mean_row = DeltaRow::of(a, s, row_begin + row_of_load);
  const bool has_key = key < s.length;
  const char* key_row = has_key ? keys.row(key) : nullptr;
  const bool sink = quant::k_sink && has_key && smoothing.is_sink(key);

  float sums[4][4] = {};
  const int row_place = thread / 16 * 4, key_place = thread % 16 * 4;
#pragma unroll 1
  for (int column = 0; column < spec::head_dim_qk; column += Tiles::columns) {
    const int vector = column / 8 + quarter;
    __syncthreads();
    float mean[8] = {}, smoothed[8] = {};
    if (vector < spec::head_dim_qk / 8) {
      if (mean_row.block >= 0) {
        const float4* from = reinterpret_cast<const float4*>(a.q_means + mean_row.block * spec::head_dim_qk + vector * 8);
        const float4 low = from[0], high = from[1];
        mean[0] = low.x, mean[1] = low.y, mean[2] = low.z, mean[3] = low.w;
        mean[4] = high.x, mean[5] = high.y, mean[6] = high.z, mean[7] = high.w;
      }
      if (has_key) {
        float x[8], of_keys[8] = {};
        unpack(keys.load(key_row, vector), x);
        if constexpr (quant::k_mean) smoothing.mean.read(vector, of_keys);
        smooth_key(x, of_keys, sink, smoothed);
        // The key's flag poisons the rows that see it; an infinite score would hide it from them.
#pragma unroll
        for (int e = 0; e < 8; ++e) smoothed[e] = !safe || is_finite(smoothed[e]) ? smoothed[e] : 0.0f;
      }
    }
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      shared.means[quarter * 8 + e][row_of_load ^ quarter * 8] = mean[e];
      shared.keys[quarter * 8 + e][row_of_load ^ quarter * 8] = smoothed[e];
    }
    __syncthreads();
#pragma unroll 1
    for (int eight = 0; eight < Tiles::columns; eight += 8) {
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        const int c = eight + e;
        const float4 m = *reinterpret_cast<const float4*>(&shared.means[c][row_place ^ eight]);
        const float4 k = *reinterpret_cast<const float4*>(&shared.keys[c][key_place ^ eight]);
        const float ms[4] = {m.x, m.y, m.z, m.w}, ks[4] = {k.x, k.y, k.z, k.w};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
          for (int j = 0; j < 4; ++j) sums[i][j] = fmaf(ms[i], ks[j], sums[i][j]);
        }
      }
    }
  }
#pragma unroll 1
  for (int i = 0; i < 4; ++i) {
    const DeltaRow row = DeltaRow::of(a, s, row_begin + row_place + i);
    if (row.block >= 0) {
      *reinterpret_cast<float4*>(a.delta_s + row.block * a.delta_stride + key_begin + key_place) = {sums[0][0], sums[0][1],
                                                                                                    sums[0][2], sums[0][3]};
    }
    // The next row takes the place of this one: where a row goes is too long to be written out four times.
#pragma unroll
    for (int r = 0; r < 3; ++r) {
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[r][j] = sums[r + 1][j];
    }
  }
}

}  // namespace quantizer
