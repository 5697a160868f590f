// Conversions between fp32 and the 16-bit floats: exact one way, round to nearest even the other.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "generator/problem.hpp"

namespace attune {

constexpr float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

constexpr uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (value != value) return static_cast<uint16_t>(bits >> 16 | 0x40);  // a NaN stays one, whatever its low bits
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

constexpr float fp16_to_float(uint16_t bits) {
  // Shifted into place the exponent is short of the fp32 bias by 112; one multiplication mends normals and subnormals alike.
  const float scaled = std::bit_cast<float>(static_cast<uint32_t>(bits & 0x7fff) << 13) * 0x1p112F;
  uint32_t magnitude = std::bit_cast<uint32_t>(scaled);
  if ((bits & 0x7c00) == 0x7c00) magnitude |= 0x7f800000;
  return std::bit_cast<float>(magnitude | static_cast<uint32_t>(bits & 0x8000) << 16);
}

constexpr uint16_t float_to_fp16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;  // 65520 and more round to inf
  if (magnitude < 0x38800000) {
    // Below 2^-14: adding 0.5 leaves the subnormal's 10 bits, rounded by the adder, at the end of the significand.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(0.5F)));
  }
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded - (112U << 23)) >> 13));
}

// Element `index` of an array of fp32, fp16 or bf16.
inline float load_float(DType dtype, const void* data, int64_t index) {
  const auto* bytes = static_cast<const char*>(data) + index * size_bytes(dtype);
  if (dtype == DType::f32) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  uint16_t bits = 0;
  std::memcpy(&bits, bytes, sizeof bits);
  return dtype == DType::f16 ? fp16_to_float(bits) : bf16_to_float(bits);
}

inline void store_float(DType dtype, void* data, int64_t index, float value) {
  auto* bytes = static_cast<char*>(data) + index * size_bytes(dtype);
  if (dtype == DType::f32) {
    std::memcpy(bytes, &value, sizeof value);
    return;
  }
  const uint16_t bits = dtype == DType::f16 ? float_to_fp16(value) : float_to_bf16(value);
  std::memcpy(bytes, &bits, sizeof bits);
}

// `value` rounded to the nearest number of `dtype`.
inline float round_to(DType dtype, float value) {
  if (dtype == DType::f16) return fp16_to_float(float_to_fp16(value));
  if (dtype == DType::bf16) return bf16_to_float(float_to_bf16(value));
  return value;
}

// Half the distance from 1 to the next number: the largest relative error of one rounding.
constexpr double unit_roundoff(DType dtype) {
  return dtype == DType::f16 ? 0x1p-11 : dtype == DType::bf16 ? 0x1p-8 : 0x1p-24;
}

}  // namespace attune
