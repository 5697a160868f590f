// Every narrow format, exhaustively: codes round-trip, and rounding agrees with a search over all codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/numerics/integers.hpp"

namespace attune::emulator {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Case {
  Format format;
  const char* name;
  int bits;
  double largest;
  double smallest;  // positive
};
constexpr Case kNarrow[] = {
    {Format::f16, "f16", 16, 65504.0, 0x1p-24}, {Format::bf16, "bf16", 16, 0x1.fep127, 0x1p-133},
    {Format::e4m3, "e4m3", 8, 448.0, 0x1p-9},   {Format::e5m2, "e5m2", 8, 57344.0, 0x1p-16},
    {Format::e2m1, "e2m1", 4, 6.0, 0.5},        {Format::e2m3, "e2m3", 6, 7.5, 0.125},
    {Format::e3m2, "e3m2", 6, 28.0, 0.0625},    {Format::ue4m3, "ue4m3", 7, 448.0, 0x1p-9},
};

class Narrow : public testing::TestWithParam<Case> {
 protected:
  // Every finite value of the format with its code, ascending; of the zeros only +0.
  std::vector<std::pair<double, uint64_t>> finite_values() const {
    std::vector<std::pair<double, uint64_t>> values;
    for (uint64_t code = 0; code < (uint64_t{1} << GetParam().bits); ++code) {
      const double value = decode(GetParam().format, code);
      if (std::isfinite(value) && !(value == 0 && std::signbit(value))) values.emplace_back(value, code);
    }
    std::sort(values.begin(), values.end());
    return values;
  }
};

TEST_P(Narrow, LimitsAreThoseOfTheFormat) {
  const auto values = finite_values();
  EXPECT_EQ(values.back().first, GetParam().largest);
  const auto positive = std::upper_bound(values.begin(), values.end(), std::pair(0.0, ~uint64_t{0}));
  EXPECT_EQ(positive->first, GetParam().smallest);
}

TEST_P(Narrow, EveryCodeRoundTripsInEveryRounding) {
  const auto [format, name, bits, largest, smallest] = GetParam();
  for (uint64_t code = 0; code < (uint64_t{1} << bits); ++code) {
    const double value = decode(format, code);
    if (std::isnan(value)) continue;
    for (const Rounding rounding :
         {Rounding::nearest_even, Rounding::nearest_away, Rounding::zero, Rounding::down, Rounding::up}) {
      ASSERT_EQ(encode(format, value, {.rounding = rounding}), code) << name << " " << value;
    }
  }
}

// The definition of rounding, by search: the neighbours below and above, and which of them wins.
uint64_t expected_code(const std::vector<std::pair<double, uint64_t>>& values, double x, Rounding rounding) {
  auto above = std::lower_bound(values.begin(), values.end(), std::pair(x, uint64_t{0}));
  if (above != values.end() && above->first == x) return above->second;
  const auto below = above - 1;
  const double gap_below = x - below->first, gap_above = above->first - x;  // exact: x is a midpoint or near a code
  const auto& nearer_to_zero = std::fabs(below->first) < std::fabs(above->first) ? below : above;
  const auto& farther = nearer_to_zero == below ? above : below;
  switch (rounding) {
    case Rounding::down: return below->second;
    case Rounding::up: return above->second;
    case Rounding::zero: return nearer_to_zero->second;
    default: break;
  }
  if (gap_below != gap_above) return gap_below < gap_above ? below->second : above->second;
  if (rounding == Rounding::nearest_away) return farther->second;
  return (below->second & 1u) == 0 ? below->second : above->second;
}

TEST_P(Narrow, RoundingAgreesWithASearchAtMidpointsAndBesideThem) {
  const auto [format, name, bits, largest, smallest] = GetParam();
  const auto values = finite_values();
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    const double low = values[i].first, high = values[i + 1].first;
    const double middle = low + (high - low) / 2;
    for (const double x : {middle, std::nextafter(middle, low), std::nextafter(middle, high), std::nextafter(low, high),
                           std::nextafter(high, low), low + (high - low) / 4, high - (high - low) / 4}) {
      for (const Rounding rounding :
           {Rounding::nearest_even, Rounding::nearest_away, Rounding::zero, Rounding::down, Rounding::up}) {
        uint64_t code = encode(format, x, {.rounding = rounding});
        const uint64_t zero_of_sign = std::signbit(x) && format != Format::ue4m3 ? uint64_t{1} << (bits - 1) : 0;
        uint64_t expected = expected_code(values, x, rounding);
        if (expected == 0) expected = zero_of_sign;  // the search knows one zero
        ASSERT_EQ(code, expected) << name << " " << std::hexfloat << x << " rounding " << static_cast<int>(rounding);
      }
    }
  }
}

TEST_P(Narrow, SaturationReluAndNan) {
  const auto [format, name, bits, largest, smallest] = GetParam();
  const uint64_t top = encode(format, largest);
  EXPECT_EQ(encode(format, kInfinity, {.satfinite = true}), top);
  EXPECT_EQ(encode(format, 1e300, {.satfinite = true}), top);
  if (format != Format::ue4m3) {
    EXPECT_EQ(decode(format, encode(format, -kInfinity, {.satfinite = true})), -largest);
    EXPECT_EQ(encode(format, -smallest, {.satfinite = true, .relu = true}), 0u);
    EXPECT_EQ(encode(format, -kInfinity, {.satfinite = true, .relu = true}), 0u);
    EXPECT_EQ(encode(format, -0.0), uint64_t{1} << (bits - 1));
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const bool has_nan = format != Format::e2m1 && format != Format::e2m3 && format != Format::e3m2;
  for (const double x : {nan, -nan}) {
    const uint64_t code = encode(format, x, {.satfinite = true, .relu = true});
    EXPECT_EQ(code, has_nan ? (bits == 16 ? 0x7fffu : 0x7fu) : top) << name;
  }
}

TEST_P(Narrow, OverflowWithoutSaturationIsThatOfTheFormat) {
  const auto [format, name, bits, largest, smallest] = GetParam();
  if (format == Format::f16 || format == Format::bf16 || format == Format::e5m2) {
    EXPECT_EQ(decode(format, encode(format, 2 * largest)), kInfinity);
    EXPECT_EQ(decode(format, encode(format, -2 * largest)), -kInfinity);
    EXPECT_EQ(decode(format, encode(format, 2 * largest, {.rounding = Rounding::zero})), largest);
    EXPECT_EQ(decode(format, encode(format, 2 * largest, {.rounding = Rounding::down})), largest);
    EXPECT_EQ(decode(format, encode(format, 2 * largest, {.rounding = Rounding::up})), kInfinity);
    EXPECT_EQ(decode(format, encode(format, -2 * largest, {.rounding = Rounding::down})), -kInfinity);
    EXPECT_EQ(decode(format, encode(format, kInfinity, {.rounding = Rounding::zero})), kInfinity);
  } else if (format == Format::e4m3 || format == Format::ue4m3) {
    EXPECT_EQ(encode(format, 464.0), 0x7eu) << "the tie goes to the even code";
    EXPECT_EQ(encode(format, 464.01), 0x7fu);
    EXPECT_EQ(encode(format, kInfinity), 0x7fu);
  } else {
    EXPECT_EQ(decode(format, encode(format, kInfinity)), largest);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Narrow, testing::ValuesIn(kNarrow),
                         [](const auto& one) { return std::string(one.param.name); });

// A few codes written by hand from the definitions of the formats, so that decode and encode cannot be wrong together.
TEST(Formats, KnownCodes) {
  EXPECT_EQ(decode(Format::f16, 0x3c00), 1.0);
  EXPECT_EQ(decode(Format::f16, 0xc100), -2.5);
  EXPECT_EQ(decode(Format::f16, 0x0001), 0x1p-24);
  EXPECT_EQ(decode(Format::bf16, 0x3fc0), 1.5);
  EXPECT_EQ(decode(Format::e4m3, 0x38), 1.0);
  EXPECT_EQ(decode(Format::e4m3, 0xb9), -1.125);
  EXPECT_TRUE(std::isnan(decode(Format::e4m3, 0xff)));
  EXPECT_EQ(decode(Format::e5m2, 0x3c), 1.0);
  EXPECT_EQ(decode(Format::e5m2, 0x7c), kInfinity);
  EXPECT_TRUE(std::isnan(decode(Format::e5m2, 0x7d)));
  const double e2m1[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  for (uint64_t code = 0; code < 8; ++code) EXPECT_EQ(decode(Format::e2m1, code), e2m1[code]);
  EXPECT_EQ(decode(Format::e2m3, 0x08), 1.0);
  EXPECT_EQ(decode(Format::e3m2, 0x0c), 1.0);
  EXPECT_EQ(decode(Format::ue4m3, 0xb8), 1.0) << "the eighth bit is ignored";
  EXPECT_EQ(decode(Format::tf32, 0x3f801fff), 1.0) << "the lower 13 bits are ignored";
}

TEST(Formats, PowersOfTwo) {
  for (uint64_t code = 0; code < 255; ++code) {
    const double value = std::ldexp(1.0, static_cast<int>(code) - 127);
    EXPECT_EQ(decode(Format::ue8m0, code), value);
    for (const Rounding rounding : {Rounding::zero, Rounding::up}) {
      EXPECT_EQ(encode(Format::ue8m0, value, {.rounding = rounding}), code);
      EXPECT_EQ(encode(Format::ue8m0, -value, {.rounding = rounding}), code) << "the sign is ignored";
    }
    EXPECT_EQ(encode(Format::ue8m0, 1.25 * value, {.rounding = Rounding::zero}), code);
    const uint64_t above = code == 254 ? 0xff : code + 1;
    EXPECT_EQ(encode(Format::ue8m0, 1.25 * value, {.rounding = Rounding::up}), above);
  }
  EXPECT_TRUE(std::isnan(decode(Format::ue8m0, 0xff)));
  EXPECT_EQ(encode(Format::ue8m0, 0.0, {.rounding = Rounding::up}), 0u);
  EXPECT_EQ(encode(Format::ue8m0, 0x1p-130, {.rounding = Rounding::up}), 0u);
  EXPECT_EQ(encode(Format::ue8m0, kInfinity, {.rounding = Rounding::zero}), 0xffu);
  EXPECT_EQ(encode(Format::ue8m0, kInfinity, {.rounding = Rounding::zero, .satfinite = true}), 0xfeu);
  EXPECT_EQ(encode(Format::ue8m0, 0x1.8p127, {.rounding = Rounding::up, .satfinite = true}), 0xfeu);
  EXPECT_EQ(encode(Format::ue8m0, std::nan(""), {.rounding = Rounding::zero, .satfinite = true}), 0xffu);
}

// The compiler's own conversions, where it has them, over random bits and over the neighbourhood of every f16 boundary.
class FastPaths : public testing::Test {
 protected:
  static void check(float value) {
    const uint16_t f16 = f16_from_f32(value), bf16 = bf16_from_f32(value);
    ASSERT_EQ(f16, encode(Format::f16, value)) << std::hexfloat << value;
    ASSERT_EQ(bf16, encode(Format::bf16, value)) << std::hexfloat << value;
#ifdef __FLT16_MANT_DIG__
    if (std::isnan(value)) return;
    ASSERT_EQ(f16, std::bit_cast<uint16_t>(static_cast<_Float16>(value))) << std::hexfloat << value;
#endif
  }
};

TEST_F(FastPaths, RandomBits) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000000; ++i) check(std::bit_cast<float>(static_cast<uint32_t>(random())));
  std::uniform_real_distribution<float> exponent(-30, 18);
  for (int i = 0; i < 1000000; ++i) check(std::exp2(exponent(random)) * (random() % 2 == 0 ? 1.0f : -1.0f));
}

TEST_F(FastPaths, BoundariesOfF16) {
  for (uint32_t code = 0; code < 0x7c00; ++code) {
    const auto low = static_cast<float>(decode(Format::f16, code));
    const auto high = code == 0x7bff ? 65536.0f : static_cast<float>(decode(Format::f16, code + 1));
    const float middle = low + (high - low) / 2;
    for (const float x : {low, middle, std::nextafter(middle, low), std::nextafter(middle, high)}) {
      check(x);
      check(-x);
    }
  }
}

TEST_F(FastPaths, WideningIsExact) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    const double f16 = decode(Format::f16, code), bf16 = decode(Format::bf16, code);
    const float wide_f16 = f32_from_f16(static_cast<uint16_t>(code)), wide_bf16 = f32_from_bf16(static_cast<uint16_t>(code));
    if (std::isnan(f16)) {
      ASSERT_EQ(std::bit_cast<uint32_t>(wide_f16), kNanF32);
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(wide_f16), std::bit_cast<uint32_t>(static_cast<float>(f16)));
    }
    if (std::isnan(bf16)) {
      ASSERT_EQ(std::bit_cast<uint32_t>(wide_bf16), kNanF32);
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(wide_bf16), std::bit_cast<uint32_t>(static_cast<float>(bf16)));
    }
  }
}

TEST(Formats, WideFormatsAgreeWithTheHost) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 300000; ++i) {
    const auto x = std::bit_cast<double>(random());
    if (std::isnan(x)) continue;
    ASSERT_EQ(encode(Format::f32, x), std::bit_cast<uint32_t>(static_cast<float>(x))) << std::hexfloat << x;
    ASSERT_EQ(encode(Format::f64, x), std::bit_cast<uint64_t>(x));
    const auto y = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(y)) continue;
    // tf32 by nearest even, on the bits.
    const uint32_t bits = std::bit_cast<uint32_t>(y);
    const uint32_t rounded = std::isinf(y) ? bits : (bits + 0xfffu + ((bits >> 13) & 1u)) & 0xffffe000u;
    ASSERT_EQ(encode(Format::tf32, y), rounded) << std::hexfloat << y;
    const uint32_t away = std::isinf(y) ? bits : (bits + 0x1000u) & 0xffffe000u;
    ASSERT_EQ(encode(Format::tf32, y, {.rounding = Rounding::nearest_away}), away) << std::hexfloat << y;
  }
}

TEST(Formats, NoDoubleRoundingFromF64) {
  // Just above a midpoint of f16, by less than f32 can hold: rounding through f32 would lose it.
  const double x = 1.0 + 0x1p-11 + 0x1p-40;
  EXPECT_EQ(encode(Format::f16, x), 0x3c01u);
  EXPECT_EQ(f16_from_f32(static_cast<float>(x)), 0x3c00u);
}

TEST(Formats, F16FromF64RoundsOnce) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 500000; ++i) {
    // A value on or beside a midpoint of f16 (subnormals included), moved by less than f32 can hold.
    const uint64_t code = random() % 0x7c00;
    const double low = decode(Format::f16, code), high = code == 0x7bff ? 65536.0 : decode(Format::f16, code + 1);
    double x = low + (high - low) * static_cast<double>(random() % 5) / 4;
    if (random() % 2 == 0) x *= 1 + std::ldexp(1.0, -30 - static_cast<int>(random() % 22));
    if (random() % 2 == 0) x = std::nextafter(x, random() % 2 == 0 ? 0.0 : kInfinity);
    ASSERT_EQ(f16_from_f64(x), encode(Format::f16, x)) << std::hexfloat << x;
    ASSERT_EQ(f16_from_f64(-x), encode(Format::f16, -x)) << std::hexfloat << -x;
  }
  for (const double x : {kInfinity, -kInfinity, 1e300, -1e300, 1e-300, 0.0, -0.0, std::nan("")}) {
    EXPECT_EQ(f16_from_f64(x), encode(Format::f16, x)) << x;
  }
}

TEST(Integers, FromFloat) {
  const auto s32 = [](double x, IntegerRounding r) { return static_cast<int32_t>(integer_from_float(x, r, {32, true})); };
  EXPECT_EQ(s32(2.5, IntegerRounding::nearest_even), 2);
  EXPECT_EQ(s32(3.5, IntegerRounding::nearest_even), 4);
  EXPECT_EQ(s32(-2.5, IntegerRounding::nearest_even), -2);
  EXPECT_EQ(s32(-2.51, IntegerRounding::nearest_even), -3);
  EXPECT_EQ(s32(0.49999999999999994, IntegerRounding::nearest_even), 0);
  EXPECT_EQ(s32(-2.7, IntegerRounding::zero), -2);
  EXPECT_EQ(s32(-2.1, IntegerRounding::down), -3);
  EXPECT_EQ(s32(-2.9, IntegerRounding::up), -2);
  EXPECT_EQ(s32(1e10, IntegerRounding::zero), std::numeric_limits<int32_t>::max());
  EXPECT_EQ(s32(-kInfinity, IntegerRounding::zero), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(integer_from_float(-1.5, IntegerRounding::zero, {32, false}), 0u);
  EXPECT_EQ(integer_from_float(1e10, IntegerRounding::zero, {32, false}), 0xffffffffu);
  EXPECT_EQ(integer_from_float(300, IntegerRounding::zero, {8, false}), 255u);
  EXPECT_EQ(static_cast<int64_t>(integer_from_float(-300, IntegerRounding::zero, {8, true})), -128);
  EXPECT_EQ(integer_from_float(0x1p63, IntegerRounding::zero, {64, true}), 0x7fffffffffffffffu);
  EXPECT_EQ(integer_from_float(0x1p64, IntegerRounding::zero, {64, false}), ~uint64_t{0});
  EXPECT_EQ(integer_from_float(0x1p63, IntegerRounding::zero, {64, false}), uint64_t{1} << 63);
  const double nan = std::nan("");
  EXPECT_EQ(integer_from_float(nan, IntegerRounding::zero, {32, true}), 0u);
  EXPECT_EQ(integer_from_float(nan, IntegerRounding::zero, {64, false}), uint64_t{1} << 63);
  EXPECT_EQ(static_cast<uint32_t>(integer_from_float(nan, IntegerRounding::zero, {32, true}, true)), 0x80000000u);
}

TEST(Integers, ToIntegralKeepsTheSignOfZero) {
  EXPECT_TRUE(std::signbit(round_to_integral(-0.3, IntegerRounding::nearest_even)));
  EXPECT_TRUE(std::signbit(round_to_integral(-0.3, IntegerRounding::up)));
  std::mt19937_64 random(3);
  for (int i = 0; i < 100000; ++i) {
    const double x = std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 70) - 68);
    ASSERT_EQ(round_to_integral(x, IntegerRounding::nearest_even), std::nearbyint(x)) << std::hexfloat << x;
  }
}

TEST(Integers, ToFloatRoundsOnce) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t bits = random() >> (random() % 64);
    ASSERT_EQ(float_from_integer(Format::f32, bits, false), std::bit_cast<uint32_t>(static_cast<float>(bits)));
    ASSERT_EQ(float_from_integer(Format::f64, bits, true),
              std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(bits))));
    ASSERT_EQ(float_from_integer(Format::f32, ~bits, true),
              std::bit_cast<uint32_t>(static_cast<float>(static_cast<int64_t>(~bits))));
  }
  EXPECT_EQ(float_from_integer(Format::f32, 0x1000001, false, {.rounding = Rounding::up}), 0x4b800001u);
  EXPECT_EQ(float_from_integer(Format::f32, 0x1000001, false, {.rounding = Rounding::zero}), 0x4b800000u);
  EXPECT_EQ(float_from_integer(Format::f16, 65519, false), 0x7bffu);
  EXPECT_EQ(float_from_integer(Format::f16, 65520, false), 0x7c00u);
  EXPECT_EQ(float_from_integer(Format::f32, 0, true), 0u);
}

}  // namespace
}  // namespace attune::emulator
