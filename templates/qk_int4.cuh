// Q and K as int4, two to a byte, summed in int32.
#pragma once

#include "qk_codes.cuh"
#include "whole_numbers.cuh"

struct Qk : QkCodes {
  using Sum = int;
  using Numbers = WholeNumbers<7 * 7 * 2 * row_bytes>;
  static constexpr Sum start = Numbers::start;
  static __device__ float number(Sum sum) { return Numbers::of(sum); }
  static __device__ void multiply_add(Sum (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
    asm volatile(
        "mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
};
