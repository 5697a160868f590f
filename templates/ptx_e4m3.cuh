// What PTX has for fp8 e4m3, from sm_89 on (PTX ISA 9.7.9.22, cvt).
#pragma once

#include "types.cuh"

// Four values at ascending addresses, rounded to nearest even, magnitudes above 448 to 448.
__device__ inline u32 pack_e4m3(float x0, float x1, float x2, float x3) {
  u32 packed;
  asm("{ .reg .b16 low, high;\n"
      "  cvt.rn.satfinite.e4m3x2.f32 low, %2, %1;\n"
      "  cvt.rn.satfinite.e4m3x2.f32 high, %4, %3;\n"
      "  mov.b32 %0, {low, high}; }"
      : "=r"(packed)
      : "f"(x0), "f"(x1), "f"(x2), "f"(x3));
  return packed;
}
