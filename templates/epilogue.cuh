// From the sums of one warp's rows to O and LSE.
#pragma once

#include "element.cuh"
#include "logarithms.cuh"
#include "rows.cuh"
#include "softmax.cuh"

// A finished row: the factor of its sums, what part of its probability its keys have, and its LSE. l is the whole sum; a row
// with l = 0 has no visible key.
struct RowResult {
  float factor, share, lse;
};

// What the products of a row were short of before the softmax scale, and whether the row is NaN whatever they are.
struct RowConstant {
  float value;
  bool poisoned;
};

__device__ inline RowResult finish_row(const Arguments& a, float m, float l, int head, RowConstant constant) {
  if (l == 0) return {0, 0, -infinity};  // also with a sink: it adds mass to the denominator, not a key
  if (constant.poisoned) return {constant.value, constant.value, constant.value};
  // A softcap had the whole scores.
  const float missing = spec::quantized && !spec::softcap ? constant.value * a.scale : 0.0f;
  if constexpr (spec::sinks) {
    // The larger of the two becomes the reference, so that neither exponential overflows.
    const float sink = (a.sinks[head] - missing) * log2_e, reference = fmaxf(m, sink);
    const float decay = exp2_approximate(m - reference);
    const float keys = l * decay;
    l = keys + exp2_approximate(sink - reference);
    return {decay / l, keys / l, (reference + log2_approximate(l)) * ln_2 + missing};
  }
  return {1.0f / l, 1, (m + log2_approximate(l)) * ln_2 + missing};
}

__device__ inline float* lse_of(const Arguments& a, const Work& w, int query, int head) {
  char* row = reinterpret_cast<char*>(a.lse) + w.batch * a.lse_stride_batch + head * a.lse_stride_head;
  return reinterpret_cast<float*>(row) + w.q_first + query;
}

__device__ inline char* row_of_o(const Arguments& a, const Work& w, int query, int head) {
  return a.o + w.batch * a.o_stride_batch + head * a.o_stride_head + (w.q_first + query) * a.o_stride_seq;
}

// Two neighbouring columns of O.
__device__ inline void store_pair(char* address, u32 pair, bool aligned) {
  if (aligned) {
    *reinterpret_cast<u32*>(address) = pair;
  } else {
    reinterpret_cast<u16*>(address)[0] = static_cast<u16>(pair);
    reinterpret_cast<u16*>(address)[1] = static_cast<u16>(pair >> 16);
  }
}

// Eight columns of O, wherever they lie.
__device__ inline void store_8_elements(char* address, uint4 value, bool aligned) {
  if (aligned) {
    *reinterpret_cast<uint4*>(address) = value;
    return;
  }
#pragma unroll 1
  for (int i = 0; i < 8; ++i) {
    reinterpret_cast<u16*>(address)[i] = static_cast<u16>(value.x);
    value = {__funnelshift_r(value.x, value.y, 16), __funnelshift_r(value.y, value.z, 16),
             __funnelshift_r(value.z, value.w, 16), value.w >> 16};
  }
}

// Each lane of a quad holds, for four neighbouring 8-column tiles of one row, columns 2 * (lane % 4) and the next. Afterwards
// it holds the eight columns of tile lane % 4: 16 bytes, so that the quad stores 64 in a row instead of four times 16.
__device__ inline void transpose_quad(u32 (&pairs)[4]) {
  const bool odd = (threadIdx.x & 1) != 0, upper = (threadIdx.x & 2) != 0;
  // What stays and what goes is chosen by selects: an array indexed by a lane's number would live in memory.
  const u32 first = __shfl_xor_sync(0xffffffff, odd ? pairs[0] : pairs[1], 1);
  const u32 second = __shfl_xor_sync(0xffffffff, odd ? pairs[2] : pairs[3], 1);
  const u32 a = odd ? first : pairs[0], b = odd ? pairs[1] : first;
  const u32 c = odd ? second : pairs[2], d = odd ? pairs[3] : second;
  const u32 third = __shfl_xor_sync(0xffffffff, upper ? a : c, 2);
  const u32 fourth = __shfl_xor_sync(0xffffffff, upper ? b : d, 2);
  pairs[0] = upper ? third : a;
  pairs[1] = upper ? fourth : b;
  pairs[2] = upper ? c : third;
  pairs[3] = upper ? d : fourth;
}

// Stores one row's `tiles` tiles of O from column `first_column` on: `sums`, two of each tile, as `channels`, counted from
// the first of this lane, finishes them.
// `row` is where the row starts. Every lane of the warp calls it; what does not exist is not stored.
template <int tiles, class Channels>
__device__ inline void store_row(char* row, const float (&sums)[tiles][2], const RowResult& result, const Channels& channels,
                                 int first_column, bool exists, bool aligned) {
  const int quad = static_cast<int>(threadIdx.x % 4);
  char* start = row + first_column * 2;
  const auto pair = [&](int n) {
    if (spec::quantized && first_column + 8 * n >= spec::head_dim_v) return 0u;  // no channel, no scale
    return Element::pack(channels.finish(sums[n][0], result.factor, result.share, 8 * n),
                         channels.finish(sums[n][1], result.factor, result.share, 8 * n + 1));
  };
  constexpr bool every_column_exists = spec::head_dim_v % (8 * tiles) == 0;
  const auto inside = [&](int n) { return exists && (every_column_exists || first_column + 8 * n < spec::head_dim_v); };
#pragma unroll
  for (int n = 0; n + 4 <= tiles; n += 4) {
    u32 pairs[4] = {pair(n), pair(n + 1), pair(n + 2), pair(n + 3)};
    transpose_quad(pairs);
    if (inside(n + quad)) store_8_elements(start + 16 * (n + quad), {pairs[0], pairs[1], pairs[2], pairs[3]}, aligned);
  }
#pragma unroll
  for (int n = tiles / 4 * 4; n < tiles; ++n) {
    if (inside(n)) store_pair(start + 16 * n + 4 * quad, pair(n), aligned);
  }
}
