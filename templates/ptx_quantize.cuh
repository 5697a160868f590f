// Instructions of the quantizers that C++ has no name for: PTX ISA 9.7.9, cvt.
#pragma once

#include "types.cuh"

// Two e4m3 codes in 16 bits, nearest even, magnitudes above 448 to 448, NaN to NaN; `low` stands at the lower address. From
// sm_89 on.
__device__ inline u32 pack_e4m3(float low, float high) {
  u16 packed;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(packed) : "f"(high), "f"(low));
  return packed;
}

// Two fp16 numbers, whatever the type of the tensors is; overflow is infinity.
__device__ inline u32 pack_f16(float low, float high) {
  u32 packed;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
  return packed;
}
