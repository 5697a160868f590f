// Short names for the integers kernels count and address with, and the mathematics every kernel needs.
#pragma once

using u16 = unsigned short;
using u32 = unsigned int;
using i64 = long long;
using u64 = unsigned long long;

constexpr int warp_lanes = 32;
#if __CUDACC_VER_MAJOR__ == 12 && __CUDACC_VER_MINOR__ < 3  // without the builtin, and taking what C++ does not
[[maybe_unused]] constexpr float infinity = 1.0f / 0.0f;
#else
[[maybe_unused]] constexpr float infinity = __builtin_bit_cast(float, 0x7f800000);
#endif
[[maybe_unused]] constexpr float largest_float = 3.402823466e38f;

__host__ __device__ constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
__device__ inline int min_of(int a, int b) { return a < b ? a : b; }
__device__ inline int max_of(int a, int b) { return a > b ? a : b; }
