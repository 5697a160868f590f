// Online softmax (Milakov and Gimelshein, arXiv 1805.02867) of the rows of one warp, in units of log2.
#pragma once

#include "ptx.cuh"

// Over the four lanes that share a row of an accumulator.
__device__ inline float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffff, x, 2));
}
__device__ inline float quad_sum(float x) {
  x += __shfl_xor_sync(0xffffffff, x, 1);
  return x + __shfl_xor_sync(0xffffffff, x, 2);
}

// m: the reference maximum, -infinity before the first visible key; l: this lane's part of the sum of exponentials.
struct SoftmaxRow {
  float m = -infinity, l = 0;
};

// Replaces the scores of one row in `s` (elements 2 * half and the next of each tile) by probabilities relative to row.m, and
// returns the factor for what was summed before. Scores are multiplied by `scale_log2` on the way, which is positive
// and may differ between lanes.
// The largest probability is 2^offset: part of the reference, it cancels in O and LSE.
// The maximum may lag behind by `threshold`: probabilities then reach 2^threshold, and rows are rescaled less often
// (FlashAttention-4's conditional rescaling; results differ by rounding only).
template <int threshold, int tiles>
__device__ inline float softmax_step(SoftmaxRow& row, float (&s)[tiles][4], int half, float scale_log2, float offset) {
  float largest = -infinity;
#pragma unroll
  for (int n = 0; n < tiles; ++n) largest = fmaxf(largest, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
  largest = quad_max(largest * scale_log2) - offset;
  const float m_old = row.m;
  if (largest > m_old + threshold) row.m = largest;
  // A row without a visible key keeps m = -infinity; 0 in its place gives 2^-inf = 0 where inf - inf would be NaN.
  const float reference = row.m == -infinity ? 0.0f : row.m;
  const float decay = exp2_approximate(m_old - reference);
  float sum = 0;
#pragma unroll
  for (int n = 0; n < tiles; ++n) {
#pragma unroll
    for (int e = 2 * half; e < 2 * half + 2; ++e) {
      s[n][e] = exp2_approximate(fmaf(s[n][e], scale_log2, -reference));
      sum += s[n][e];
    }
  }
  row.l = row.l * decay + sum;
  return decay;
}
