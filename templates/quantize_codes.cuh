// From a group's largest magnitude to its scale, and from numbers to their codes, by each convention (ScaleConvention of
// generator/quantization.hpp). Every operation is rounded once and by itself: the model does the same steps.
#pragma once

#include "ptx_e4m3.cuh"
#include "ptx_f16.cuh"
#include "quantize_sequence.cuh"
#include "sample_quantization.cuh"

namespace quantizer {

struct GroupScale {
  float scale;
  float factor;  // multiplied by; divided by where the convention divides
};

__device__ inline GroupScale group_scale(float amax, float target, bool divides) {
  if (divides) {
    const float scale = __fadd_rn(__fdiv_rn(amax, target), 1e-7f);
    return {scale, scale};
  }
  constexpr float floor = safe ? 6.018531076210112e-36f : 1e-7f;  // 2^-117
  const float floored = amax > floor ? amax : floor;
  return {__fdiv_rn(floored, target), __fdiv_rn(target, floored)};
}

[[maybe_unused]] constexpr bool rows_divide = quant::scales == quant::Scales::divided;
// Both published quantizers of V multiply by a reciprocal.
__device__ inline GroupScale row_scale(float amax) { return group_scale(amax, quant::qk_target, rows_divide); }
__device__ inline GroupScale value_scale(float amax) { return group_scale(amax, quant::v_target, false); }

// The low bits are the code as an integer in two's complement; what stands above them is of no meaning.
template <bool divides>
__device__ inline u32 integer_code(float x, float factor, float largest) {
  if constexpr (safe) {
    // A finite x times the factor of its group is at most `largest` once rounded. Adding 1.5 * 2^23 rounds to nearest even.
    return __float_as_uint(__fadd_rn(__fmul_rn(x, factor), 12582912.0f));
  }
  const float scaled = divides ? __fdiv_rn(x, factor) : __fmul_rn(x, factor);
  if (scaled != scaled) return 0;
  const float bounded = fminf(fmaxf(scaled, -largest), largest);
  if constexpr (divides) return static_cast<u32>(__float2int_rz(__fadd_rn(bounded, copysignf(0.5f, bounded))));
  return static_cast<u32>(__float2int_rn(bounded));
}

template <bool divides>
__device__ inline u32 four_integer_codes(float x0, float x1, float x2, float x3, float factor) {
  const u32 low = __byte_perm(integer_code<divides>(x0, factor, 127), integer_code<divides>(x1, factor, 127), 0x0040);
  const u32 high = __byte_perm(integer_code<divides>(x2, factor, 127), integer_code<divides>(x3, factor, 127), 0x0040);
  return __byte_perm(low, high, 0x5410);
}

template <bool divides>
__device__ inline u32 four_e4m3_codes(float x0, float x1, float x2, float x3, float factor) {
  const auto scaled = [&](float x) { return divides ? __fdiv_rn(x, factor) : __fmul_rn(x, factor); };
  return pack_e4m3(scaled(x0), scaled(x1), scaled(x2), scaled(x3));
}

// Eight codes of Q or K: their bytes stand in .x and .y, of 4 bits in .x alone.
__device__ inline uint2 row_codes(const float (&x)[8], float factor) {
  if constexpr (quant::qk == quant::Qk::int4) {
    u32 codes = 0;
#pragma unroll
    for (int i = 0; i < 8; ++i) codes |= (integer_code<rows_divide>(x[i], factor, 7) & 15) << 4 * i;
    return {codes, 0};
  } else if constexpr (quant::qk == quant::Qk::e4m3) {
    return {four_e4m3_codes<rows_divide>(x[0], x[1], x[2], x[3], factor),
            four_e4m3_codes<rows_divide>(x[4], x[5], x[6], x[7], factor)};
  } else {
    return {four_integer_codes<rows_divide>(x[0], x[1], x[2], x[3], factor),
            four_integer_codes<rows_divide>(x[4], x[5], x[6], x[7], factor)};
  }
}

// Codes of four tokens of one channel of V.
__device__ inline u32 value_codes(float x0, float x1, float x2, float x3, float factor) {
  if constexpr (quant::pv == quant::Pv::e4m3) {
    return four_e4m3_codes<false>(x0, x1, x2, x3, factor);
  } else {
    return four_integer_codes<false>(x0, x1, x2, x3, factor);
  }
}

}  // namespace quantizer
