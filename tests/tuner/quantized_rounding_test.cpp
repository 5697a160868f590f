// The rounding rules of the quantized model, bit by bit against brute force and against the emulator's formats.
#include "tuner/quantized/rounding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "emulator/numerics/formats.hpp"

namespace attune::tuner::quantized {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

// Values at and around every number of a format and every midpoint, and random bits.
std::vector<float> probes() {
  std::vector<float> all = {0.0F, -0.0F, infinity, -infinity, 1e-45F, 3e38F, 448, 464, 465, 480, 0x1p-10F, 0x1.8p-10F};
  for (uint64_t code = 0; code < 256; ++code) {
    const auto value = static_cast<float>(emulator::decode(emulator::Format::e4m3, code));
    const auto next = static_cast<float>(emulator::decode(emulator::Format::e4m3, code + 1));
    for (const float x : {value, (value + next) / 2}) {
      for (const float y : {x, std::nextafter(x, infinity), std::nextafter(x, -infinity)}) all.push_back(y);
    }
  }
  std::mt19937 random(7);
  for (int n = 0; n < 200000; ++n) all.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  std::erase_if(all, [](float x) { return std::isnan(x); });
  return all;
}

TEST(QuantizedRounding, E4m3IsTheHardwaresConversion) {
  for (const float x : probes()) {
    const uint64_t code = emulator::encode(emulator::Format::e4m3, static_cast<double>(x),
                                           {emulator::Rounding::nearest_even, /*satfinite=*/true, false});
    const auto expected = static_cast<float>(emulator::decode(emulator::Format::e4m3, code));
    EXPECT_EQ(std::bit_cast<uint32_t>(round_e4m3(x)), std::bit_cast<uint32_t>(expected)) << std::hexfloat << x;
  }
  EXPECT_TRUE(std::isnan(round_e4m3(nan_value)));
}

TEST(QuantizedRounding, F16IsTheHardwaresConversion) {
  for (const float x : probes()) {
    const uint64_t code = emulator::encode(emulator::Format::f16, static_cast<double>(x));
    EXPECT_EQ(round_f16(x), static_cast<float>(emulator::decode(emulator::Format::f16, code))) << x;
  }
}

// The nearest integer by searching all of them, exactly; ties to the even one.
float nearest_by_search(double scaled, int bound) {
  int best = -bound;
  for (int candidate = -bound; candidate <= bound; ++candidate) {
    const double now = std::fabs(candidate - scaled), before = std::fabs(best - scaled);
    if (now < before || (now == before && candidate % 2 == 0)) best = candidate;
  }
  return static_cast<float>(best);
}

// Half away from zero as it is published: 0.5 is added in fp32, which may round, and the sum is cut off.
float away_by_search(float scaled, int bound) {
  const float shifted = std::fabs(scaled) + 0.5F;
  int magnitude = 0;
  while (magnitude < bound && static_cast<float>(magnitude + 1) <= shifted) ++magnitude;
  return static_cast<float>(scaled < 0 ? -magnitude : magnitude);
}

void check_integers(CodeFormat format, ScaleConvention convention) {
  const auto bound = static_cast<int>(largest_code(format));
  std::mt19937 random(11);
  std::uniform_real_distribution<float> unit(-1, 1);
  for (const float amax : {1.0F, 127.0F, 3.3F, 1e-3F, 2e4F, 1e30F}) {
    const GroupScale group = group_scale(convention, amax, largest_code(format));
    std::vector<float> values = {amax, -amax, 0, amax / 2, 1.5F * amax};
    for (int half = -2 * bound; half <= 2 * bound; ++half) {
      // Midpoints of codes, as exactly as the scale allows, and their neighbours.
      const float x = group.scale * static_cast<float>(half) / 2;
      for (const float y : {x, std::nextafter(x, infinity), std::nextafter(x, -infinity)}) values.push_back(y);
    }
    for (int n = 0; n < 500; ++n) values.push_back(amax * unit(random));
    for (const float x : values) {
      const bool divides = convention == ScaleConvention::divided;
      // The convention's own fp32 product or quotient; the rounding of it is what is searched for.
      const float scaled = divides ? x / group.scale : x * group.inverse;
      const float expected = divides ? away_by_search(scaled, bound) : nearest_by_search(static_cast<double>(scaled), bound);
      EXPECT_EQ(quantize(format, convention, group, x), expected) << amax << " " << x;
    }
  }
}

TEST(QuantizedRounding, Int8AndInt4OfEveryConvention) {
  for (const CodeFormat format : {CodeFormat::int8, CodeFormat::int4}) {
    for (const ScaleConvention c : {ScaleConvention::safe, ScaleConvention::reciprocal, ScaleConvention::divided}) {
      check_integers(format, c);
    }
  }
}

TEST(QuantizedRounding, ScalesOfTheConventions) {
  EXPECT_EQ(group_scale(ScaleConvention::safe, 254, 127).scale, 2.0F);
  EXPECT_EQ(group_scale(ScaleConvention::reciprocal, 254, 127).scale, 2.0F);
  EXPECT_EQ(group_scale(ScaleConvention::divided, 254, 127).scale, 2.0F + 1e-7F);
  EXPECT_EQ(group_scale(ScaleConvention::reciprocal, 0, 127).scale, 1e-7F / 127);
  EXPECT_EQ(group_scale(ScaleConvention::divided, 0, 127).scale, 1e-7F);
  EXPECT_EQ(group_scale(ScaleConvention::reciprocal, 1, 2.25F).inverse, 2.25F);
  // One division each, not a reciprocal of a quotient: these differ in the last bit for many magnitudes.
  int differ = 0;
  for (const ScaleConvention convention : {ScaleConvention::safe, ScaleConvention::reciprocal}) {
    for (int n = 1; n < 100; ++n) {
      const float amax = 0.37F * static_cast<float>(n);
      const GroupScale group = group_scale(convention, amax, 127);
      EXPECT_EQ(group.scale, amax / 127);
      EXPECT_EQ(group.inverse, 127 / amax);
      differ += static_cast<int>(group.inverse != 1 / group.scale);
    }
  }
  EXPECT_GT(differ, 10);
  // The two published conventions disagree at a tie: 0.5 is 0 by one, 1 by the other.
  EXPECT_EQ(quantize(CodeFormat::int8, ScaleConvention::reciprocal, {1, 1}, 0.5F), 0.0F);
  EXPECT_EQ(quantize(CodeFormat::int8, ScaleConvention::divided, {1, 1}, 0.5F), 1.0F);
  EXPECT_EQ(quantize(CodeFormat::int8, ScaleConvention::divided, {1, 1}, -2.5F), -3.0F);
  EXPECT_EQ(quantize(CodeFormat::int8, ScaleConvention::reciprocal, {1, 1}, nan_value), 0.0F);
}

// From the smallest to the largest number: scale and inverse stay normal (but for 2.25 over huge values), codes stay in
// range, and what is not tiny comes back within half a step.
TEST(QuantizedRounding, SafeScalesHoldForEveryMagnitude) {
  for (const float target : {7.0F, 127.0F, 448.0F, 2.25F}) {
    const CodeFormat format = target == 7 ? CodeFormat::int4 : target == 127 ? CodeFormat::int8 : CodeFormat::e4m3;
    for (int exponent = -149; exponent <= 127; ++exponent) {
      const float amax = std::ldexp(1.75F, exponent);
      const GroupScale group = group_scale(ScaleConvention::safe, amax, target);
      EXPECT_GE(group.scale, std::numeric_limits<float>::min()) << amax;
      EXPECT_GT(group.inverse, 0.0F) << amax;
      EXPECT_TRUE(std::isfinite(group.inverse)) << amax;
      for (const float part : {1.0F, -1.0F, 0.3F}) {
        const float code = quantize(format, ScaleConvention::safe, group, amax * part);
        EXPECT_LE(std::fabs(code), target * 1.07F);
        const float step = format == CodeFormat::e4m3 ? target / 16 : 0.5F;
        if (exponent >= -117) {
          EXPECT_NEAR(code, part * target, step * 1.001F) << amax << " " << part;
        }
      }
    }
    const GroupScale zeros = group_scale(ScaleConvention::safe, 0, target);
    EXPECT_GT(zeros.scale, 0.0F);
    EXPECT_EQ(quantize(format, ScaleConvention::safe, zeros, 0.0F), 0.0F);
  }
}

TEST(QuantizedRounding, LargestMagnitudes) {
  LargestMagnitude safe(ScaleConvention::safe), published(ScaleConvention::reciprocal);
  for (const float x : {1.0F, -3.0F, nan_value, infinity}) {
    safe.add(x);
    published.add(x);
  }
  EXPECT_EQ(safe.value(), 3.0F);
  EXPECT_EQ(published.value(), infinity);
}

}  // namespace
}  // namespace attune::tuner::quantized
