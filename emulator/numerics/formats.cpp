#include "emulator/numerics/formats.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attune::emulator {
namespace {

enum class Specials : uint8_t { ieee, nan_only, none };  // what the highest exponent means

struct Layout {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  Specials specials;
  uint64_t nan;
};

Layout layout_of(Format format) {
  switch (format) {
    case Format::f16: return {5, 10, 15, Specials::ieee, kNanF16};
    case Format::bf16: return {8, 7, 127, Specials::ieee, kNanBf16};
    case Format::tf32: return {8, 10, 127, Specials::ieee, kNanF32 >> 13};
    case Format::f32: return {8, 23, 127, Specials::ieee, kNanF32};
    case Format::f64: return {11, 52, 1023, Specials::ieee, kNanF64};
    case Format::e5m2: return {5, 2, 15, Specials::ieee, 0x7f};
    case Format::e2m1: return {2, 1, 1, Specials::none, 0};
    case Format::e2m3: return {2, 3, 1, Specials::none, 0};
    case Format::e3m2: return {3, 2, 3, Specials::none, 0};
    case Format::e4m3:
    case Format::ue4m3:
    case Format::ue8m0: break;
  }
  return {4, 3, 7, Specials::nan_only, 0x7f};
}

uint64_t largest_code(const Layout& layout) {
  const uint64_t all_ones = (uint64_t{1} << (layout.exponent_bits + layout.mantissa_bits)) - 1;
  switch (layout.specials) {
    case Specials::ieee: return all_ones - (uint64_t{1} << layout.mantissa_bits);
    case Specials::nan_only: return all_ones - 1;
    default: return all_ones;
  }
}

// Whether the cut-off part makes the magnitude grow: `half` compares it with half a unit (-1, 0, 1), `inexact` with zero.
bool grows(Rounding rounding, bool negative, bool odd, int half, bool inexact) {
  switch (rounding) {
    case Rounding::nearest_even: return half > 0 || (half == 0 && odd);
    case Rounding::nearest_away: return half >= 0;
    case Rounding::zero: return false;
    case Rounding::down: return inexact && negative;
    default: return inexact && !negative;
  }
}

uint64_t encode_power(bool nan, bool infinite, uint64_t magnitude, int exponent, bool sticky, Encoding how) {
  if (nan) return 0xff;
  if (infinite) return how.satfinite ? 0xfe : 0xff;
  if (magnitude == 0) return 0;
  const int leading = 63 - std::countl_zero(magnitude);
  int power = leading + exponent;
  if (power < -127) return 0;
  const bool inexact = sticky || (magnitude & (magnitude - 1)) != 0;
  if (how.rounding == Rounding::up && inexact) ++power;
  if (how.rounding == Rounding::nearest_even || how.rounding == Rounding::nearest_away) {
    if (leading > 0 && ((magnitude >> (leading - 1)) & 1u) != 0) ++power;  // 1.5 * 2^n and above go up
  }
  return power > 127 ? (how.satfinite ? 0xfe : 0xff) : static_cast<uint64_t>(power + 127);
}

uint64_t with_sign(Format format, const Layout& layout, bool negative, uint64_t code) {
  if (negative && format != Format::ue4m3) code |= uint64_t{1} << (layout.exponent_bits + layout.mantissa_bits);
  return format == Format::tf32 ? code << 13 : code;
}

uint64_t overflow(Format format, const Layout& layout, bool negative, bool infinite, Encoding how) {
  if (how.satfinite || layout.specials == Specials::none) return with_sign(format, layout, negative, largest_code(layout));
  if (layout.specials == Specials::nan_only) return layout.nan;
  const bool stays_finite = how.rounding == Rounding::zero || (how.rounding == Rounding::down && !negative) ||
                            (how.rounding == Rounding::up && negative);
  return with_sign(format, layout, negative, largest_code(layout) + (stays_finite && !infinite ? 0 : 1));
}

uint64_t nan_code(Format format, const Layout& layout) {
  if (layout.specials == Specials::none) return largest_code(layout);
  return format == Format::tf32 ? kNanF32 : layout.nan;
}

}  // namespace

int width_bits(Format format) {
  switch (format) {
    case Format::f16:
    case Format::bf16: return 16;
    case Format::tf32:
    case Format::f32: return 32;
    case Format::f64: return 64;
    case Format::e2m1: return 4;
    case Format::e2m3:
    case Format::e3m2: return 6;
    default: return 8;
  }
}

double decode(Format format, uint64_t code) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (format == Format::f64) return std::bit_cast<double>(code);
  if (format == Format::f32) return std::bit_cast<float>(static_cast<uint32_t>(code));
  if (format == Format::tf32) return std::bit_cast<float>(static_cast<uint32_t>(code) & 0xffffe000u);
  if (format == Format::ue8m0) return (code & 0xff) == 0xff ? kNan : std::ldexp(1.0, static_cast<int>(code & 0xff) - 127);

  const Layout layout = layout_of(format);
  const int magnitude_bits = layout.exponent_bits + layout.mantissa_bits;
  const uint64_t magnitude = code & ((uint64_t{1} << magnitude_bits) - 1);
  const bool negative = format != Format::ue4m3 && ((code >> magnitude_bits) & 1u) != 0;
  double value;
  if (magnitude > largest_code(layout)) {
    const bool infinite = layout.specials == Specials::ieee && magnitude == largest_code(layout) + 1;
    value = infinite ? std::numeric_limits<double>::infinity() : kNan;
  } else {
    const uint64_t exponent = magnitude >> layout.mantissa_bits;
    const uint64_t fraction = magnitude & ((uint64_t{1} << layout.mantissa_bits) - 1);
    const uint64_t significand = exponent == 0 ? fraction : fraction | uint64_t{1} << layout.mantissa_bits;
    const int scale = std::max(static_cast<int>(exponent), 1) - layout.bias - layout.mantissa_bits;
    value = std::ldexp(static_cast<double>(significand), scale);
  }
  return negative ? -value : value;
}

uint64_t encode_scaled(Format format, bool negative, uint64_t magnitude, int exponent, bool sticky, Encoding how) {
  if (format == Format::ue8m0) return encode_power(false, false, magnitude, exponent, sticky, how);
  const Layout layout = layout_of(format);
  if (negative && (how.relu || format == Format::ue4m3)) return 0;
  if (magnitude == 0) return with_sign(format, layout, negative, 0);

  const int smallest_normal = 1 - layout.bias;
  const int leading = 63 - std::countl_zero(magnitude) + exponent;
  const int binade = std::max(leading, smallest_normal);
  const int cut = binade - layout.mantissa_bits - exponent;  // bits of the magnitude below the unit in the last place
  uint64_t kept;
  bool inexact = sticky;
  int half = -1;
  if (cut <= 0) {
    kept = magnitude << -cut;
  } else if (cut > 64) {
    kept = 0;
    inexact = true;
  } else {
    kept = cut == 64 ? 0 : magnitude >> cut;
    const uint64_t rest = cut == 64 ? magnitude : magnitude & ((uint64_t{1} << cut) - 1);
    const uint64_t middle = uint64_t{1} << (cut - 1);
    inexact = inexact || rest != 0;
    half = rest > middle || (rest == middle && sticky) ? 1 : rest == middle ? 0 : -1;
  }
  if (grows(how.rounding, negative, (kept & 1u) != 0, half, inexact)) ++kept;
  // `kept` has its leading bit for normal numbers, so that adding it carries into the exponent where rounding made it
  // longer.
  const uint64_t code = (static_cast<uint64_t>(binade - smallest_normal) << layout.mantissa_bits) + kept;
  if (code > largest_code(layout)) return overflow(format, layout, negative, false, how);
  return with_sign(format, layout, negative, code);
}

uint64_t encode(Format format, double value, Encoding how) {
  const Layout layout = layout_of(format);
  const bool negative = std::signbit(value);
  if (std::isnan(value)) return format == Format::ue8m0 ? 0xff : nan_code(format, layout);
  if (std::isinf(value)) {
    if (format == Format::ue8m0) return encode_power(false, true, 0, 0, false, how);
    if (negative && (how.relu || format == Format::ue4m3)) return 0;
    return overflow(format, layout, negative, true, how);
  }
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const int field = static_cast<int>((bits >> 52) & 0x7ff);
  const uint64_t fraction = bits & 0xfffffffffffffu;
  return encode_scaled(format, negative, field == 0 ? fraction : fraction | uint64_t{1} << 52, std::max(field, 1) - 1075,
                       false, how);
}

}  // namespace attune::emulator
