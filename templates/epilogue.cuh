// From the sums of one warp's rows to O and LSE.
#pragma once

#include "element.cuh"
#include "rows.cuh"
#include "softmax.cuh"

// A finished row: the factor of its sums, and its LSE. l is the whole sum; a row with l = 0 has no visible key.
struct RowResult {
  float factor, lse;
};

__device__ inline RowResult finish_row(const Arguments& a, float m, float l, int head) {
  if (l == 0) return {0, -infinity};  // also with a sink: it adds mass to the denominator, not a key
  if constexpr (spec::sinks) {
    // The larger of the two becomes the reference, so that neither exponential overflows.
    const float sink = a.sinks[head] * log2_e, reference = fmaxf(m, sink);
    const float decay = exp2_approximate(m - reference);
    l = l * decay + exp2_approximate(sink - reference);
    return {decay / l, (reference + log2_approximate(l)) * ln_2};
  }
  return {1.0f / l, (m + log2_approximate(l)) * ln_2};
}

__device__ inline float* lse_of(const Arguments& a, const Work& w, int query, int head) {
  char* row = reinterpret_cast<char*>(a.lse) + w.batch * a.lse_stride_batch + head * a.lse_stride_head;
  return reinterpret_cast<float*>(row) + w.q_first + query;
}

// Two neighbouring columns of O.
__device__ inline void store_pair(char* address, float low, float high, bool aligned) {
  const u32 packed = Element::pack(low, high);
  if (aligned) {
    *reinterpret_cast<u32*>(address) = packed;
  } else {
    reinterpret_cast<u16*>(address)[0] = static_cast<u16>(packed);
    reinterpret_cast<u16*>(address)[1] = static_cast<u16>(packed >> 16);
  }
}
