// Scales and means of the channels of V, which O gets at the end.
#pragma once

#include "kernel_arguments.cuh"
#include "sample_quantization.cuh"
#include "work.cuh"

class Channels {
 public:
  // Columns are counted from `column` on.
  __device__ Channels(const KernelArguments& a, const Work& w, int column) {
    const i64 first = static_cast<i64>(w.batch * a.heads_kv + w.kv_head) * spec::head_dim_v + column;
    scales_ = a.v_scales + first;
    if constexpr (quant::v_mean) means_ = a.v_means + first;
  }

  // `factor` makes a sum of P V a mean of V; `share` is the part of a row's probability that its keys have, less than 1 with
  // a sink, 0 for a row without keys.
  __device__ float finish(float sum, float factor, float share, int column) const {
    const float value = sum * (factor * scales_[column]);
    return quant::v_mean ? value + share * means_[column] : value;
  }

 private:
  const float* scales_;
  const float* means_ = nullptr;
};
