// The elements of Q, K, V and O as bf16 (8-bit exponent, 7-bit mantissa): packing, and the matrix instruction that multiplies them.
#pragma once

#include "types.cuh"

struct Element {
  // Two values, rounded to nearest even; `low` stands at the lower address.
  static __device__ u32 pack(float low, float high) {
    u32 packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
  }

  static __device__ float low(u32 packed) { return __uint_as_float(packed << 16); }
  static __device__ float high(u32 packed) { return __uint_as_float(packed & 0xffff0000); }

  static constexpr u32 exponent = 0x7f80;  // all ones: NaN or infinity
  static __device__ bool low_is_finite(u32 packed) { return (packed & exponent) != exponent; }
  static __device__ bool high_is_finite(u32 packed) { return (packed >> 16 & exponent) != exponent; }

  // 0 * x + sum for both halves: NaN for good once a NaN or an infinity went through.
  static __device__ u32 probe(u32 packed, u32 sum) {
    u32 result;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(packed), "r"(0), "r"(sum));
    return result;
  }

  // d += a * b for a 16x16, b 16x8: row-major and column-major fragments (PTX ISA 9.7.14, mma.m16n8k16).
  static __device__ void multiply_add(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
};
