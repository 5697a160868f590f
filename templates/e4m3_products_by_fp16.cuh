// d += a * b for a 16x32, b 32x8 of e4m3, by the tensor cores of sm_90 to sm_103, which mma.sync gives no e4m3.
//
// The instruction assembles there, too: into conversions to fp16, two fp16 products with zeros for sums, and additions of
// those to the sums. Written out, the products take the sums themselves, and the additions, one for each sum and product,
// are gone. Every e4m3 number is an fp16 number.
#pragma once

#include "ptx_f16.cuh"

constexpr bool e4m3_sums_are_short = false;

// Two fragments of 16-bit elements of k step 16 have the elements of one of 8-bit elements of k step 32, in an order of their
// own, the same for A and B: the sum over k is one over any order.
struct E4m3AsFp16 {
  u32 low, high;  // of each register the two lower bytes, and the two upper ones

  __device__ explicit E4m3AsFp16(u32 packed) {
    asm("{ .reg .b16 a, b;\n"
        "  mov.b32 {a, b}, %2;\n"
        "  cvt.rn.f16x2.e4m3x2 %0, a;\n"
        "  cvt.rn.f16x2.e4m3x2 %1, b; }"
        : "=r"(low), "=r"(high)
        : "r"(packed));
  }
};

// Products of the first and of the second 16 of the k step: multiply(fragment A, fragment B).
template <class Multiply>
__device__ inline void multiply_halves(const u32 (&a)[4], u32 b0, u32 b1, const Multiply& multiply) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const E4m3AsFp16 upper(a[2 * half]), lower(a[2 * half + 1]), b(half == 0 ? b0 : b1);
    multiply({upper.low, lower.low, upper.high, lower.high}, b);
  }
}

__device__ inline void multiply_add_e4m3(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  multiply_halves(a, b0, b1, [&](const u32(&rows)[4], const E4m3AsFp16& b) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(rows[0]), "r"(rows[1]), "r"(rows[2]), "r"(rows[3]), "r"(b.low), "r"(b.high));
  });
}

// Two registers of two fp16 sums each.
__device__ inline void multiply_add_e4m3_f16(u32 (&d)[2], const u32 (&a)[4], u32 b0, u32 b1) {
  multiply_halves(a, b0, b1, [&](const u32(&rows)[4], const E4m3AsFp16& b) { multiply_add_f16(d, rows, b.low, b.high); });
}
