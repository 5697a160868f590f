// Q and K in the tensors' own type.
#pragma once

#include "element.cuh"
#include "epilogue.cuh"
#include "kernel_arguments.cuh"
#include "kv_tiles.cuh"
#include "rows.cuh"
#include "scores.cuh"

struct Qk {
  static constexpr int width_bytes = spec::head_dim_qk * 2;
  static constexpr int row_bytes = ceil_div(spec::head_dim_qk, 16) * 32;  // of a tile
  using Sum = float;
  static constexpr Sum start = 0;
  static __device__ void multiply_add(Sum (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { Element::multiply_add(d, a, b0, b1); }
  static __device__ float number(Sum sum) { return sum; }

  static __device__ QueryRows queries(const KernelArguments& a, const Work& w) { return query_rows(a, w); }
  static __device__ KeyRows keys(const KernelArguments& a, const Work& w) { return key_rows(a, w); }
  static __device__ bool queries_aligned(const KernelArguments& a) { return a.aligned_q != 0; }
  static __device__ bool keys_aligned(const KernelArguments& a) { return a.aligned_k != 0; }

  // Nothing is known of a key or a row but what the operands hold.
  struct KeyScales {
    KeyScales() = default;
    __device__ KeyScales(const KernelArguments&, const Work&, const KvTile&) {}
  };
  struct RowScale {};
  static __device__ RowScale row_scale(const KernelArguments&, const Work&, int) { return {}; }
  static __device__ RowConstant row_constant(const KernelArguments&, const Work&, int, int) { return {0, false}; }
  // Brings products to scores short of the softmax scale, and returns what the softmax shall multiply them by.
  template <int tiles>
  static __device__ float dequantize(const KernelArguments& a, const Work&, ScoreRow&, int, const RowScale&, const KeyScales&,
                                     const KvTile&, float (&)[tiles][4], int) {
    return scores_are_modified ? 1.0f : a.scale_log2;
  }
};
