// What the quantizers work on: one head of Q, or of K and V, of one batch element; where its rows lie, in the caller's
// tensors and in the buffers of the workspace.
#pragma once

#include "element.cuh"
#include "quantized_arguments.cuh"
#include "sample_constants.cuh"
#include "sample_quantization.cuh"

namespace quantizer {

constexpr int threads = 256;                       // of every CTA
[[maybe_unused]] constexpr int rows_of_cta = 128;  // rows of Q, or of K, that a CTA quantizes: whole scale blocks of both
constexpr bool packed_keys = spec::varlen && spec::page_size == 0;
constexpr bool safe = quant::scales == quant::Scales::safe;
static_assert(quant::block_q == rows_of_cta && rows_of_cta % quant::block_kv == 0, "rows of a CTA are whole scale blocks");

struct Sequence {
  int batch, head;
  int length;
  i64 first;   // varlen: rows before it in the packed tensor
  i64 padded;  // row 0 in a buffer of the workspace that is kept by head
};

__device__ inline Sequence query_sequence(const KernelArguments& a, int batch, int head) {
  Sequence s = {batch, head, a.seqlen_q, 0, (static_cast<i64>(batch) * a.heads_q + head) * a.q_rows};
  if constexpr (spec::varlen) {
    s.first = a.cu_seqlens_q[batch];
    s.length = a.cu_seqlens_q[batch + 1] - static_cast<int>(s.first);
    s.padded = head * a.q_rows + (s.first / quant::block_q + batch) * quant::block_q;
  }
  return s;
}

__device__ inline Sequence key_sequence(const KernelArguments& a, int batch, int head) {
  Sequence s = {batch, head, a.seqlen_kv, 0, (static_cast<i64>(batch) * a.heads_kv + head) * a.kv_rows};
  if constexpr (packed_keys) {
    s.first = a.cu_seqlens_kv[batch];
    s.length = a.cu_seqlens_kv[batch + 1] - static_cast<int>(s.first);
    s.padded = head * a.kv_rows + (s.first / quant::block_kv + batch) * quant::block_kv;
  }
  if constexpr (spec::kv_lengths) s.length = max_of(0, min_of(s.length, a.kv_lengths[batch]));
  return s;
}

// Rows of a sequence in one of the caller's tensors.
struct Rows {
  const char* base;
  i64 stride, stride_page;
  const int* pages;  // of this batch element; null: not paged
  bool aligned;      // rows start at multiples of 16 bytes

  __device__ const char* row(int index) const {
    if constexpr (spec::page_size > 0) {
      constexpr int size = spec::page_size > 0 ? spec::page_size : 1;
      if (pages != nullptr) return base + pages[index / size] * stride_page + index % size * stride;
    }
    return base + index * stride;
  }

  // Elements 8 * vector to 8 * vector + 7 of a row.
  __device__ uint4 load(const char* row, int vector) const {
    const char* at = row + vector * 16;
    if (aligned) return *reinterpret_cast<const uint4*>(at);
    const u16* e = reinterpret_cast<const u16*>(at);
    const auto pair = [&](int i) { return e[i] | static_cast<u32>(e[i + 1]) << 16; };
    return {pair(0), pair(2), pair(4), pair(6)};
  }
};

__device__ inline Rows rows_of_queries(const KernelArguments& a, const Sequence& s) {
  return {a.q + s.batch * a.q_stride_batch + s.head * a.q_stride_head + s.first * a.q_stride_seq, a.q_stride_seq, 0, nullptr,
          a.aligned_q != 0};
}

__device__ inline Rows rows_of_keys(const KernelArguments& a, const Sequence& s) {
  if constexpr (spec::page_size > 0) {
    return {a.k + s.head * a.k_stride_head, a.k_stride_seq, a.k_stride_batch, a.page_table + s.batch * a.page_table_stride,
            a.aligned_k != 0};
  }
  return {a.k + s.batch * a.k_stride_batch + s.head * a.k_stride_head + s.first * a.k_stride_seq, a.k_stride_seq, 0, nullptr,
          a.aligned_k != 0};
}

__device__ inline Rows rows_of_values(const KernelArguments& a, const Sequence& s) {
  if constexpr (spec::page_size > 0) {
    return {a.v + s.head * a.v_stride_head, a.v_stride_seq, a.v_stride_batch, a.page_table + s.batch * a.page_table_stride,
            a.aligned_v != 0};
  }
  return {a.v + s.batch * a.v_stride_batch + s.head * a.v_stride_head + s.first * a.v_stride_seq, a.v_stride_seq, 0, nullptr,
          a.aligned_v != 0};
}

__device__ inline void unpack(uint4 packed, float (&x)[8]) {
  const u32 words[4] = {packed.x, packed.y, packed.z, packed.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    x[2 * i] = Element::low(words[i]);
    x[2 * i + 1] = Element::high(words[i]);
  }
}

// Eight numbers that exist here: the compiler neither makes them again on each path that reads them nor holds them as
// integers because some path makes them of integers.
__device__ inline void hold(float (&x)[8]) {
#pragma unroll
  for (int e = 0; e < 8; ++e) asm("" : "+f"(x[e]));
}
__device__ inline int held(int x) {
  asm("" : "+r"(x));
  return x;
}

__device__ inline bool is_finite(float x) { return fabsf(x) <= largest_float; }

// Numbers of the channels of a row in shared memory. Eight channels stand in two places of four, 16 banks apart, so that
// neither lanes of neighbouring channels nor lanes of neighbouring eights meet a bank twice.
template <int columns>
struct Channels {
  static constexpr int half = columns / 2 + (48 - columns / 2 % 32) % 32, size = half + columns / 2;
  alignas(16) float values[size];

  static __device__ u32 place(u32 c) { return c % 8 / 4 * half + c / 8 * 4 + c % 4; }
  __device__ float& operator[](u32 c) { return values[place(c)]; }
  __device__ float operator[](u32 c) const { return values[place(c)]; }
  // Channels 8 * vector to 8 * vector + 7.
  __device__ void read(int vector, float (&x)[8]) const {
    const float4 low = *reinterpret_cast<const float4*>(values + vector * 4);
    const float4 high = *reinterpret_cast<const float4*>(values + half + vector * 4);
    x[0] = low.x, x[1] = low.y, x[2] = low.z, x[3] = low.w;
    x[4] = high.x, x[5] = high.y, x[6] = high.z, x[7] = high.w;
  }
};

// The work of one launch is parted by CTA: `take` says whether this one is among the next `count`, and which.
struct Share {
  u32 index = blockIdx.x;

  __device__ bool take(u32 count) {
    if (index < count) return true;
    index -= count;
    return false;
  }
  // Splits off the fastest of the dimensions that `index` counts.
  __device__ int next(int extent) {
    const u32 rest = index / static_cast<u32>(extent), part = index - rest * static_cast<u32>(extent);
    index = rest;
    return static_cast<int>(part);
  }
};

// The largest of a CTA's numbers, to all threads; `scratch`: a float a warp. None is NaN.
__device__ inline float largest_of_cta(float value, float* scratch) {
#pragma unroll
  for (int distance = warp_lanes / 2; distance > 0; distance /= 2) {
    value = fmaxf(value, __shfl_xor_sync(~0u, value, distance));
  }
  __syncthreads();
  if (threadIdx.x % warp_lanes == 0) scratch[threadIdx.x / warp_lanes] = value;
  __syncthreads();
#pragma unroll
  for (int warp = 0; warp < threads / warp_lanes; ++warp) value = fmaxf(value, scratch[warp]);
  return value;
}

}  // namespace quantizer
