// Q and K as int8, summed in int32.
#pragma once

#include "ptx_int8.cuh"
#include "qk_codes.cuh"
#include "whole_numbers.cuh"

struct Qk : QkCodes {
  using Sum = int;
  using Numbers = WholeNumbers<127 * 127 * row_bytes>;
  static constexpr Sum start = Numbers::start;
  static __device__ float number(Sum sum) { return Numbers::of(sum); }
  static __device__ void multiply_add(Sum (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { multiply_add_int8(d, a, b0, b1); }
};
