// f32, f64, f16 and bf16 arithmetic: directed rounding, flushing, saturation, NaN, one rounding per operation.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/half.hpp"

namespace attune::emulator {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const float kNan = std::numeric_limits<float>::quiet_NaN();

#ifdef __SIZEOF_FLOAT128__
using Wide = __float128;
#else
using Wide = long double;  // 113 bits where there is no __float128
#endif

uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

// The exact result as the sum of two long doubles is beyond what f32 needs: products of f32 fit 48 bits, and x87 has 64.
TEST(Arithmetic, DirectedRoundingBracketsTheExactResult) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-4, 4);
  for (int i = 0; i < 20000; ++i) {
    const float a = uniform(random), b = uniform(random) * std::exp2(static_cast<float>(random() % 30) - 15.0f);
    for (const Operation operation : {Operation::add, Operation::subtract, Operation::multiply, Operation::divide}) {
      const double x = a, y = b;
      // Exact in double but for the quotient, which is far enough from every f32 not to matter.
      const double exact = operation == Operation::add        ? x + y
                           : operation == Operation::subtract ? x - y
                           : operation == Operation::multiply ? x * y
                                                              : x / y;
      const float down = arithmetic(operation, a, b, 0.0f, {.rounding = Rounding::down});
      const float up = arithmetic(operation, a, b, 0.0f, {.rounding = Rounding::up});
      const float zero = arithmetic(operation, a, b, 0.0f, {.rounding = Rounding::zero});
      const float nearest = arithmetic(operation, a, b, 0.0f, {});
      ASSERT_LE(down, exact);
      ASSERT_GE(up, exact);
      ASSERT_EQ(zero, exact < 0 ? up : down);
      ASSERT_EQ(nearest, static_cast<float>(exact));
      ASSERT_TRUE(down == up || std::nextafter(down, kInf) == up) << "at most one step apart";
    }
  }
}

TEST(Arithmetic, FmaRoundsOnceInEveryDirection) {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: the last term is half a unit of f32.
  const float a = 1.0f + 0x1p-12f;
  const float product = 1.0f + 0x1p-11f;
  EXPECT_EQ(arithmetic(Operation::fma, a, a, -product, {}), 0x1p-24f);
  EXPECT_EQ(arithmetic(Operation::fma, a, a, 0x1p-60f, {}), std::nextafter(product, 2.0f)) << "the tie is broken by c";
  EXPECT_EQ(arithmetic(Operation::fma, a, a, -0x1p-60f, {}), product);
  EXPECT_EQ(arithmetic(Operation::fma, a, a, 0.0f, {.rounding = Rounding::up}), std::nextafter(product, 2.0f));
  EXPECT_EQ(arithmetic(Operation::fma, a, a, 0.0f, {.rounding = Rounding::zero}), product);
  EXPECT_EQ(arithmetic(Operation::fma, -a, a, 0.0f, {.rounding = Rounding::down}), -std::nextafter(product, 2.0f));
}

TEST(Arithmetic, SquareRootAndDoubles) {
  EXPECT_EQ(arithmetic(Operation::square_root, 2.0f, 0.0f, 0.0f, {}), std::sqrt(2.0f));
  const float down = arithmetic(Operation::square_root, 2.0f, 0.0f, 0.0f, {.rounding = Rounding::down});
  const float up = arithmetic(Operation::square_root, 2.0f, 0.0f, 0.0f, {.rounding = Rounding::up});
  EXPECT_LT(static_cast<double>(down) * down, 2.0);
  EXPECT_GT(static_cast<double>(up) * up, 2.0);
  EXPECT_EQ(arithmetic(Operation::divide, 1.0, 3.0, 0.0, {.rounding = Rounding::up}),
            std::nextafter(arithmetic(Operation::divide, 1.0, 3.0, 0.0, {.rounding = Rounding::down}), 1.0));
  EXPECT_EQ(1.0 / 3.0, arithmetic(Operation::divide, 1.0, 3.0, 0.0, {})) << "the host is back at nearest";
  EXPECT_EQ(arithmetic(Operation::fma, 1.0 + 0x1p-30, 1.0 + 0x1p-30, -1.0, {}), 0x1p-29 + 0x1p-60);
}

TEST(Arithmetic, FlushSaturateNan) {
  const float tiny = 0x1p-140f;
  EXPECT_EQ(bits(arithmetic(Operation::add, -tiny, -0.0f, 0.0f, {.ftz = true})), 0x80000000u);
  EXPECT_EQ(arithmetic(Operation::multiply, 0x1p-70f, 0x1p-70f, 0.0f, {}), tiny);
  EXPECT_EQ(bits(arithmetic(Operation::multiply, 0x1p-70f, -0x1p-70f, 0.0f, {.ftz = true})), 0x80000000u);
  EXPECT_EQ(arithmetic(Operation::multiply, tiny, 0x1p100f, 0.0f, {.ftz = true}), 0.0f);
  EXPECT_EQ(arithmetic(Operation::add, 0.75f, 0.75f, 0.0f, {.sat = true}), 1.0f);
  EXPECT_EQ(bits(arithmetic(Operation::add, -3.0f, 1.0f, 0.0f, {.sat = true})), 0u);
  EXPECT_EQ(bits(arithmetic(Operation::add, kInf, -kInf, 0.0f, {.sat = true})), 0u);
  EXPECT_EQ(bits(arithmetic(Operation::add, kInf, -kInf, 0.0f, {})), kNanF32);
  EXPECT_EQ(bits(arithmetic(Operation::add, std::bit_cast<float>(0xffc12345u), 1.0f, 0.0f, {})), kNanF32);
}

TEST(Arithmetic, MinimumAndMaximum) {
  EXPECT_EQ(minimum(kNan, 2.0f), 2.0f);
  EXPECT_EQ(maximum(2.0f, kNan), 2.0f);
  EXPECT_EQ(bits(maximum(2.0f, kNan, {.nan = true})), kNanF32);
  EXPECT_EQ(bits(minimum(-kNan, kNan)), kNanF32);
  EXPECT_EQ(bits(minimum(0.0f, -0.0f)), 0x80000000u);
  EXPECT_EQ(bits(maximum(-0.0f, 0.0f)), 0u);
  EXPECT_EQ(maximum(-3.0f, 2.0f, {.xorsign_abs = true}), -3.0f);
  EXPECT_EQ(minimum(-3.0f, -2.0f, {.xorsign_abs = true}), 2.0f);
  EXPECT_EQ(bits(minimum(-0x1p-140f, 1.0f, {.ftz = true})), 0x80000000u);
  EXPECT_EQ(minimum(std::nan(""), 1.0), 1.0);
}

TEST(Arithmetic, ApproximationsAtSpecialValues) {
  EXPECT_EQ(approximate(Approximation::exp2, -kInf, true), 0.0f);
  EXPECT_EQ(approximate(Approximation::exp2, kInf, true), kInf);
  EXPECT_EQ(approximate(Approximation::exp2, -130.0f, true), 0.0f);
  EXPECT_EQ(approximate(Approximation::exp2, -130.0f, false), 0x1p-130f);
  EXPECT_EQ(approximate(Approximation::exp2, 3.0f, true), 8.0f);
  EXPECT_EQ(approximate(Approximation::log2, 0.0f, true), -kInf);
  EXPECT_EQ(bits(approximate(Approximation::log2, -1.0f, true)), kNanF32);
  EXPECT_EQ(approximate(Approximation::reciprocal, -0.0f, true), -kInf);
  EXPECT_EQ(approximate(Approximation::reciprocal_square_root, 4.0f, false), 0.5f);
  EXPECT_EQ(approximate(Approximation::tanh, 100.0f, false), 1.0f);
}

class Half : public testing::TestWithParam<Format> {
 protected:
  // bf16 within 2^-20 to 2^20, so that 113 bits hold every sum.
  uint16_t random_code(std::mt19937& random) const {
    if (GetParam() == Format::f16) return static_cast<uint16_t>(random());
    return static_cast<uint16_t>((random() % 2) << 15 | (107 + random() % 41) << 7 | random() % 128);
  }
};

// One rounding of the exact result, which Wide holds.
TEST_P(Half, OneRoundingAgainstWideArithmetic) {
  const Format format = GetParam();
  std::mt19937 random(5);
  for (int i = 0; i < 300000; ++i) {
    const uint16_t a = random_code(random), b = random_code(random), c = random_code(random);
    const double x = decode(format, a), y = decode(format, b), z = decode(format, c);
    if (std::isnan(x) || std::isnan(y) || std::isnan(z)) continue;
    ASSERT_EQ(half_multiply(format, a, b), encode(format, x * y));
    if (std::isinf(x) || std::isinf(y) || std::isinf(z)) continue;
    const auto round = [&](Wide exact) {
      // To double, toward odd: the bits that double cannot hold stay visible to the second rounding.
      double head = static_cast<double>(exact);
      if (exact != head && (std::bit_cast<uint64_t>(head) & 1u) == 0) {
        head = std::nextafter(head, exact > head ? std::numeric_limits<double>::max() : -std::numeric_limits<double>::max());
      }
      return encode(format, head);
    };
    const Wide product = static_cast<Wide>(x) * y;
    uint16_t sum = half_add(format, a, b), difference = half_subtract(format, a, b), fused = half_fma(format, a, b, c);
    ASSERT_EQ(sum, round(static_cast<Wide>(x) + y)) << a << " " << b;
    ASSERT_EQ(difference, round(static_cast<Wide>(x) - y)) << a << " " << b;
    ASSERT_EQ(fused, round(product + z)) << a << " " << b << " " << c;
  }
}

// A product in the middle between two bf16 numbers, and an addend far below anything that double keeps beside it.
TEST(HalfTies, AreBrokenByTheFaintestAddend) {
  const auto code = [](double value) { return static_cast<uint16_t>(encode(Format::bf16, value)); };
  // (1 + 2^-4)^2 = 1 + 2^-3 + 2^-8, where the unit is 2^-7.
  const uint16_t a = code(1 + 0x1p-4);
  const uint16_t huge = code((1 + 0x1p-4) * 0x1p60), low = code((1 + 0x1p-3) * 0x1p60),
                 high = code((1 + 0x1p-3 + 0x1p-7) * 0x1p60);
  ASSERT_EQ(half_fma(Format::bf16, huge, a, code(0)), low);
  ASSERT_EQ(half_fma(Format::bf16, huge, a, code(0x1p-100)), high);
  ASSERT_EQ(half_fma(Format::bf16, huge, a, code(-0x1p-100)), low);
}

TEST_P(Half, NanReluSaturation) {
  const Format format = GetParam();
  const auto code = [&](double value) { return static_cast<uint16_t>(encode(format, value)); };
  const uint16_t one = code(1), minus = code(-3), nan = 0xffff, infinity = code(kInf);
  EXPECT_EQ(half_add(format, nan, one), 0x7fff);
  EXPECT_EQ(half_add(format, infinity, code(-kInf)), 0x7fff);
  EXPECT_EQ(half_fma(format, one, one, minus, {.relu = true}), 0);
  EXPECT_EQ(half_fma(format, one, nan, minus, {.relu = true}), 0x7fff);
  EXPECT_EQ(half_fma(format, one, one, one, {.sat = true}), one);
  EXPECT_EQ(half_add(format, nan, one, {.sat = true}), 0);
  EXPECT_EQ(half_minimum(format, nan, one), one);
  EXPECT_EQ(half_maximum(format, nan, one, {.nan = true}), 0x7fff);
  EXPECT_EQ(half_minimum(format, code(0.0), code(-0.0)), 0x8000);
  EXPECT_EQ(half_maximum(format, one, minus, {.xorsign_abs = true}), minus);
  EXPECT_EQ(half_negate(format, one), code(-1));
  EXPECT_EQ(half_absolute(format, minus), code(3));
  EXPECT_EQ(half_approximate(format, Approximation::exp2, code(3)), code(8));
  EXPECT_EQ(half_approximate(format, Approximation::tanh, infinity), one);
}
INSTANTIATE_TEST_SUITE_P(Formats, Half, testing::Values(Format::f16, Format::bf16),
                         [](const auto& one) { return one.param == Format::f16 ? "f16" : "bf16"; });

TEST(HalfFlush, SubnormalsOfF16) {
  EXPECT_EQ(half_add(Format::f16, 0x0001, 0x0001, {.ftz = true}), 0);
  EXPECT_EQ(half_add(Format::f16, 0x0001, 0x0001), 0x0002);
  EXPECT_EQ(half_multiply(Format::f16, 0x8400, 0x3800, {.ftz = true}), 0x8000) << "2^-14 halved is subnormal";
  EXPECT_EQ(half_multiply(Format::f16, 0x8400, 0x3800), 0x8200);
  EXPECT_EQ(half_value(Format::f16, 0x8001, true), 0.0f);
}

}  // namespace
}  // namespace attune::emulator
