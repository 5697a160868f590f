// What the first launches of the quantizers leave for the last: for each chunk of the keys of a sequence a record of numbers
// a channel of K and V; and, where Q has one scale a head, the largest magnitude of each block of Q. No number is added to
// by two CTAs, so that results are the same on every run.
//
// A sum is of elements times unit_of(), a power of two that keeps sums of the largest numbers finite; what it makes
// subnormal is far below the smallest scale there is.
#pragma once

#include "quantize_sequence.cuh"

namespace quantizer {

[[maybe_unused]] constexpr bool quantizes_rows = quant::qk != quant::Qk::input;
[[maybe_unused]] constexpr bool key_sums = quantizes_rows && quant::k_mean;
[[maybe_unused]] constexpr bool by_tensor = quantizes_rows && quant::k_segment_rows == 0;
// With sinks, which the extremes must not contain, K has a launch of its own instead.
[[maybe_unused]] constexpr bool key_extremes = by_tensor && !quant::k_sink;
[[maybe_unused]] constexpr bool value_sums = quant::keeps_v && quant::v_mean;
[[maybe_unused]] constexpr bool value_extremes = quant::keeps_v && (quant::pv != quant::Pv::input || safe);
[[maybe_unused]] constexpr bool query_statistics = quantizes_rows && (quant::q_mean || by_tensor);

// Floats of a record: sums, counts, least and largest elements of K, then of V; and what is one of a chunk.
struct Record {
  static constexpr int key_channels = spec::head_dim_qk, value_channels = spec::head_dim_v;
  static constexpr int values = 4 * key_channels, chunk = values + 4 * value_channels, floats = chunk + 16;
  enum Field { sum, count, least, largest };

  float* base;
  __device__ float& key(Field field, int c) const { return base[field * key_channels + c]; }
  __device__ float& value(Field field, int c) const { return base[values + field * value_channels + c]; }
  // Not 0: elements are missing from the sums, so that the counts are not the number of keys.
  __device__ float& keys_missing() const { return base[chunk]; }
  __device__ float& values_missing() const { return base[chunk + 1]; }
  __device__ float& key_amax() const { return base[chunk + 2]; }
  // The sinks of the chunk, as codes whose order is that of SinkCandidate.
  __device__ u64* candidates() const { return reinterpret_cast<u64*>(base + chunk + 4); }
};

__device__ inline Record record_of(const KernelArguments& a, const Sequence& s, int chunk) {
  return {a.statistics + ((static_cast<i64>(s.batch) * a.heads_kv + s.head) * a.chunks + chunk) * Record::floats};
}
__device__ inline float* block_amax_of_queries(const KernelArguments& a, const Sequence& s) {
  const i64 records = static_cast<i64>(a.batch) * a.heads_kv * a.chunks * Record::floats;
  const int blocks = ceil_div(a.seqlen_q, quant::block_q);
  return a.statistics + records + (static_cast<i64>(s.batch) * a.heads_q + s.head) * blocks;
}

__device__ inline float unit_of(int rows) { return __uint_as_float(static_cast<u32>(127 - (32 - __clz(rows))) << 23); }

// A sum of few addends whose error is that of its last rounding.
struct Sum {
  float high = 0, low = 0;
  __device__ void add(float x) {
    const float sum = __fadd_rn(high, x), part = __fsub_rn(sum, high);
    low = __fadd_rn(low, __fadd_rn(__fadd_rn(high, -__fsub_rn(sum, part)), __fsub_rn(x, part)));
    high = sum;
  }
  // An infinite sum leaves NaN in `low`.
  __device__ float value() const { return is_finite(high) ? __fadd_rn(high, low) : high; }
};

__device__ inline float mean_of(const Sum& sum, float count, float unit) {
  return count > 0 ? __fdiv_rn(sum.value(), __fmul_rn(count, unit)) : 0.0f;
}

// A mean as the conventions take it off K: the published ones have it in the tensors' type.
__device__ inline float rounded_mean(float mean) { return safe ? mean : Element::low(Element::pack(mean, mean)); }

// The least and the largest difference to a mean are those of the least and the largest element, since rounding does not
// change an order. NaN, where there is one, is passed over.
__device__ inline float largest_difference(float least, float largest, float mean) {
  const float amax = fmaxf(fmaxf(__fsub_rn(largest, mean), __fsub_rn(mean, least)), 0.0f);
  // The safe convention has no infinite scale.
  return safe ? fminf(amax, largest_float) : amax;
}

}  // namespace quantizer
