// The floating-point formats of PTX as codes: decoding is exact, encoding rounds once, from a value that is exact in double.
//
// Source: PTX ISA, "Fundamental types", "Alternate floating-point data formats" and the cvt instruction. All functions are
// pure and may be called from any thread; they do not depend on the rounding mode of the host.
#pragma once

#include <bit>
#include <cstdint>

namespace attune::emulator {

enum class Format : uint8_t {
  f16,
  bf16,
  tf32,  // in the upper 19 bits of a 32-bit register; the lower 13 are ignored by decode and zero after encode
  f32,
  f64,
  e4m3,   // no infinity; 0x7f and 0xff are NaN; largest 448
  e5m2,   // as IEEE; largest finite 57344
  e2m1,   // finite only, largest 6
  e2m3,   // finite only, largest 7.5
  e3m2,   // finite only, largest 28
  ue8m0,  // 2^(code-127), 0xff is NaN; neither zero nor sign
  ue4m3,  // e4m3 without its sign, 0x7f is NaN
};

enum class Rounding : uint8_t {
  nearest_even,  // .rn
  nearest_away,  // .rna
  zero,          // .rz
  down,          // .rm
  up,            // .rp
};

struct Encoding {
  Rounding rounding = Rounding::nearest_even;
  bool satfinite = false;  // infinity and overflow become the largest finite value of their sign
  bool relu = false;       // negative values become +0 (NaN stays NaN)
};

// What a NaN becomes where the result is of that format: PTX's canonical NaN.
inline constexpr uint16_t kNanF16 = 0x7fff;
inline constexpr uint16_t kNanBf16 = 0x7fff;
inline constexpr uint32_t kNanF32 = 0x7fffffff;
inline constexpr uint64_t kNanF64 = 0xfff8000000000000;

// Bits of one code: 4, 6, 8, 16, 32 or 64. (ue4m3 and e4m3 fill a byte, e2m3 and e3m2 six bits.)
int width_bits(Format format);

// The value of a code; bits above the width are ignored. NaN codes give a quiet NaN.
double decode(Format format, uint64_t code);

// The code of `value` in `format`, rounded once.
// - NaN gives the canonical NaN of the format; formats without NaN (e2m1, e2m3, e3m2) give +largest, as cvt does.
// - Overflow follows IEEE for the rounding where the format has an infinity; the 8-bit formats without one (e4m3, ue4m3)
// give
//   NaN unless satfinite, and those without NaN always saturate.
// - ue8m0: the sign is ignored and values below 2^-127 give 2^-127; zero and up are the roundings of PTX.
// - ue4m3: negative values give 0.
uint64_t encode(Format format, double value, Encoding how = {});

// The same for an integer magnitude * 2^exponent (of either sign), which need not be exact in double; `sticky` says that a
// non-zero part below the magnitude was cut off. For cvt from 64-bit integers and for sums wider than double.
uint64_t encode_scaled(Format format, bool negative, uint64_t magnitude, int exponent, bool sticky, Encoding how = {});

// Fast paths of the common conversions; the same results as decode() and encode() with rounding to nearest even.

inline float f32_from_f16(uint16_t code) {
  const uint32_t sign = static_cast<uint32_t>(code & 0x8000u) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(code & 0x7fffu) << 13;
  if (magnitude >= 0x0f800000u) return std::bit_cast<float>(magnitude > 0x0f800000u ? kNanF32 : sign | 0x7f800000u);
  if (magnitude < 0x00800000u) {  // subnormal: let a subtraction normalise it
    const float value = std::bit_cast<float>(magnitude + 0x38800000u) - std::bit_cast<float>(0x38800000u);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
  }
  return std::bit_cast<float>((magnitude + 0x38000000u) | sign);
}

inline float f32_from_bf16(uint16_t code) {
  return std::bit_cast<float>((code & 0x7fffu) > 0x7f80u ? kNanF32 : static_cast<uint32_t>(code) << 16);
}

inline uint16_t f16_from_f32(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return kNanF16;
  if (magnitude >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65536 and above
  if (magnitude < 0x38800000u) {  // subnormal: 0.5 has the unit in the last place of the subnormals, so adding it rounds
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(sum) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude - 0x38000000u + 0x0fffu + ((magnitude >> 13) & 1u);
  return static_cast<uint16_t>(sign | (rounded >> 13));
}

// One rounding: what f32 cannot hold goes into its last bit first, toward odd, where it still decides about ties.
inline uint16_t f16_from_f64(double value) {
  const auto near = static_cast<float>(value);
  if (near == value || value != value) return f16_from_f32(near);
  uint32_t bits = std::bit_cast<uint32_t>(near);
  if ((bits & 1u) == 0) bits += (near < value) == (value > 0) ? 1u : ~0u;
  return f16_from_f32(std::bit_cast<float>(bits));
}

inline uint16_t bf16_from_f32(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return kNanBf16;
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace attune::emulator
