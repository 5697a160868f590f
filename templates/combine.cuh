// The second launch of split KV: one warp a row.
#pragma once

#include "pv.cuh"
#include "qk.cuh"
#include "split.cuh"

constexpr int combine_warps = 4;

extern "C" __global__ void __launch_bounds__(combine_warps * warp_lanes) attune_combine(const __grid_constant__ KernelArguments a) {
  const int lane = static_cast<int>(threadIdx.x % warp_lanes);
  const i64 row = static_cast<i64>(blockIdx.x) * combine_warps + threadIdx.x / warp_lanes;
  if (row >= partial_rows(a)) return;
  const int query = static_cast<int>(row % a.seqlen_q);
  const int head = static_cast<int>(row / a.seqlen_q % a.heads_q);
  Work w = {};
  w.batch = static_cast<int>(row / a.seqlen_q / a.heads_q);
  w.kv_head = head / spec::group;
  if constexpr (spec::varlen) {
    w.q_first = a.cu_seqlens_q[w.batch];
    if (query >= a.cu_seqlens_q[w.batch + 1] - w.q_first) return;
  }

  float m = -infinity;
#pragma unroll 1
  for (int split = 0; split < config::splits; ++split) m = fmaxf(m, partial_state(a, row, split)[0]);
  const float reference = m == -infinity ? 0.0f : m;
  float l = 0;
#pragma unroll 1
  for (int split = 0; split < config::splits; ++split) {
    const float* state = partial_state(a, row, split);
    l += state[1] * exp2_approximate(state[0] - reference);
  }
  const RowResult result = finish_row(a, m, l, head, Qk::row_constant(a, w, head, query));
  const Pv::Channels channels(a, w, 0);
  char* o = row_of_o(a, w, query, head);
#pragma unroll
  for (int first = 0; first < spec::head_dim_v; first += 2 * warp_lanes) {
    const int column = first + 2 * lane;
    if (column >= spec::head_dim_v) break;
    float low = 0, high = 0;
#pragma unroll 1
    for (int split = 0; split < config::splits; ++split) {
      const float* state = partial_state(a, row, split);
      // A split without a visible key has written nothing but its state.
      if (state[1] == 0) continue;
      const float weight = exp2_approximate(state[0] - reference);
      const float2 sums = *reinterpret_cast<const float2*>(partial_sums(a, row, split) + column);
      low += sums.x * weight;
      high += sums.y * weight;
    }
    const u32 pair = Element::pack(channels.finish(low, result.factor, result.share, column),
                                   channels.finish(high, result.factor, result.share, column + 1));
    store_pair(o + column * 2, pair, a.aligned_o != 0);
  }
  if (spec::lse && lane == 0) *lse_of(a, w, query, head) = result.lse;
}
