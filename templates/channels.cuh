// Scales and means of the channels of V, which O gets at the end.
#pragma once

#include "kernel_arguments.cuh"
#include "sample_quantization.cuh"
#include "work.cuh"

class Channels {
 public:
  __device__ Channels(const KernelArguments& a, const Work& w)
      : first_(static_cast<i64>(w.batch * a.heads_kv + w.kv_head) * spec::head_dim_v), a_(a) {}

  // `factor` makes a sum of P V a mean of V; `share` is the part of a row's probability that its keys have, less than 1 with
  // a sink, 0 for a row without keys.
  __device__ float finish(float sum, float factor, float share, int column) const {
    const float value = sum * (factor * a_.v_scales[first_ + column]);
    return quant::v_mean ? value + share * a_.v_means[first_ + column] : value;
  }

 private:
  i64 first_;
  const KernelArguments& a_;
};
