// Scales and codes.
#include "tuner/quantized/rounding.hpp"

#include <bit>
#include <cmath>

#include "emulator/numerics/formats.hpp"

namespace attune::tuner::quantized {
namespace {

// With the largest target, 448, a scale of a group no larger than this is still a normal number, and so is its inverse.
constexpr float smallest_safe_amax = 0x1p-117F;
constexpr float published_epsilon = 1e-7F;

float round_to_even(float value) {
  // |value| < 2^22: adding 1.5 * 2^23 leaves no fraction bits, and the adder rounds to nearest even.
  constexpr float magic = 0x1.8p23F;
  volatile float shifted = value + magic;
  return shifted - magic;
}

float clamp(float value, float largest) { return value > largest ? largest : value < -largest ? -largest : value; }

}  // namespace

float round_e4m3(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits & 0x80000000U, magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return value;
  if (magnitude >= 0x43e00000U) return std::bit_cast<float>(sign | 0x43e00000U);  // 448
  uint32_t rounded = 0;
  if (magnitude < 0x3c800000U) {
    // Below 2^-6 the codes are multiples of 2^-9, the unit in the last place of 2^14.
    const float sum = std::bit_cast<float>(magnitude) + 0x1p14F;
    rounded = std::bit_cast<uint32_t>(sum - 0x1p14F);
  } else {
    rounded = (magnitude + 0x7ffffU + ((magnitude >> 20) & 1U)) & 0xfff00000U;  // three fraction bits of 23 stay
  }
  return std::bit_cast<float>(sign | rounded);
}

float round_f16(float value) { return emulator::f32_from_f16(emulator::f16_from_f32(value)); }

CodeFormat code_format(QkOperand operand) {
  return operand == QkOperand::int4 ? CodeFormat::int4 : operand == QkOperand::e4m3 ? CodeFormat::e4m3 : CodeFormat::int8;
}

CodeFormat code_format(PvOperand operand) { return operand == PvOperand::int8 ? CodeFormat::int8 : CodeFormat::e4m3; }

float largest_code(CodeFormat format) {
  return format == CodeFormat::int8 ? 127.0F : format == CodeFormat::int4 ? 7.0F : 448.0F;
}

GroupScale group_scale(ScaleConvention convention, float amax, float target) {
  switch (convention) {
    case ScaleConvention::safe: {
      const float floored = amax > smallest_safe_amax ? amax : smallest_safe_amax;
      return {floored / target, target / floored};
    }
    case ScaleConvention::reciprocal: {
      const float floored = amax > published_epsilon ? amax : published_epsilon;
      return {floored / target, target / floored};
    }
    case ScaleConvention::divided: return {amax / target + published_epsilon, 1};
  }
  return {};
}

float quantize(CodeFormat format, ScaleConvention convention, const GroupScale& group, float value) {
  const bool divides = convention == ScaleConvention::divided;
  const float scaled = divides ? value / group.scale : value * group.inverse;
  if (format == CodeFormat::e4m3) return round_e4m3(scaled);
  if (scaled != scaled) return 0;
  const float bounded = clamp(scaled, largest_code(format));
  if (!divides) return round_to_even(bounded);
  return std::trunc(bounded + std::copysign(0.5F, bounded));
}

void LargestMagnitude::add(float value) {
  const float magnitude = std::fabs(value);
  if (finite_only_ && !std::isfinite(magnitude)) return;
  if (magnitude > value_) value_ = magnitude;  // false for NaN
}

}  // namespace attune::tuner::quantized
