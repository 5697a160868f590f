// Sums in int32 as floats. A conversion instruction has a quarter of an addition's rate or less, so where sums are below 2^22
// they begin at the bits of 1.5 * 2^23, whose last place is 1: the bits then are those of 1.5 * 2^23 + sum, and one exact
// subtraction gives the number.
#pragma once

#include "types.cuh"

template <i64 largest>
struct WholeNumbers {
  static constexpr bool biased = largest < (i64{1} << 22);
  static constexpr int start = biased ? 0x4b400000 : 0;
  static __device__ float of(int sum) { return biased ? __int_as_float(sum) - 12582912.0f : static_cast<float>(sum); }
};
