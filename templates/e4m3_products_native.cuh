// d += a * b for a 16x32, b 32x8 of e4m3, by the tensor cores of sm_89 and of sm_120 on (PTX ISA 9.7.14, mma.m16n8k32).
#pragma once

#include "types.cuh"

// Of the 23 fraction bits of an fp32 sum sm_89 keeps 13; sm_120 is taken to do so, too.
constexpr bool e4m3_sums_are_short = true;

__device__ inline void multiply_add_e4m3(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two registers of two fp16 sums each; CUDA 12.8 and later.
__device__ inline void multiply_add_e4m3_f16(u32 (&d)[2], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k32.row.col.f16.e4m3.e4m3.f16 {%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%0, %1};"
               : "+r"(d[0]), "+r"(d[1])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
