// Q and K as fp8 e4m3, summed in fp32.
#pragma once

#include "e4m3_products.cuh"
#include "qk_codes.cuh"

struct Qk : QkCodes {
  using Sum = float;
  static constexpr Sum start = 0;
  static __device__ float number(Sum sum) { return sum; }
  static __device__ void multiply_add(Sum (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) { multiply_add_e4m3(d, a, b0, b1); }
};
