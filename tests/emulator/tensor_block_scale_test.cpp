// Block-scaled mma: which lane, which byte scales which part of which row; and the two accumulator models of 8-bit floats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/multiply.hpp"
#include "emulator/tensor/short_accumulator.hpp"
#include "tests/emulator/mma_case.hpp"

namespace attune::emulator {
namespace {

using oracle::MmaCase;

MmaInstruction parsed(const std::string& opcode) {
  const Result<MmaInstruction> result = parse_mma(opcode);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.value_or({});
}

struct Scaled {
  const char* opcode;
  int vectors;
  Format format;
};
class BlockScale : public testing::TestWithParam<Scaled> {};

// Scale of (row, block v) of A as PTX says it: of the four lanes of a group the pair thread_a, its even lane for row g and
// its odd lane for row g + 8, byte byte_a + v. Of B: lane thread_b of the group of column n.
TEST_P(BlockScale, EverySelectorScalesItsRowAndBlock) {
  const MmaInstruction instruction = parsed(GetParam().opcode);
  ASSERT_EQ(instruction.scale_vectors, GetParam().vectors);
  ASSERT_EQ(instruction.scale, GetParam().format);
  std::mt19937 random(3);
  const int block = instruction.k / instruction.scale_vectors;
  for (int byte_a = 0; byte_a < 4; ++byte_a) {
    for (int thread_a = 0; thread_a < 2; ++thread_a) {
      const int byte_b = instruction.scale_vectors == 4 ? 0 : (byte_a + 2) % 4, thread_b = (2 * thread_a + byte_a) % 4;
      LaneRegisters scale_a, scale_b;
      const auto draw = [&] {
        uint32_t word = 0;  // near 1, so that sums stay exact
        for (int byte = 0; byte < 4; ++byte) {
          const uint32_t code = GetParam().format == Format::ue8m0 ? 125 + random() % 5 : 0x30 + random() % 0x18;
          word |= code << (8 * byte);
        }
        return word;
      };
      for (uint32_t& word : scale_a) word = draw();
      for (uint32_t& word : scale_b) word = draw();
      const MmaScales scales{&scale_a, &scale_b, byte_a, thread_a, byte_b, thread_b};
      const bool fits = instruction.scale_vectors == 1 || (instruction.scale_vectors == 2 ? byte_a % 2 == 0 : byte_a == 0);
      ASSERT_EQ(check_scales(instruction, scales).ok(), fits) << byte_a;
      if (!fits) continue;

      MmaCase test(instruction);
      const auto code = [&](MmaType type) {
        const Format format = oracle::type_of(type, instruction.kind).format;
        return static_cast<uint32_t>(encode(format, static_cast<double>(static_cast<int>(random() % 13) - 6) / 2));
      };
      for (uint32_t& one : test.a) one = code(instruction.a);
      for (uint32_t& one : test.b) one = code(instruction.b);
      for (uint32_t& one : test.c) one = std::bit_cast<uint32_t>(static_cast<float>(static_cast<int>(random() % 64) - 32));
      const std::vector<uint32_t> d = test.run({}, &scales);
      for (int row = 0; row < 16; ++row) {
        for (int column = 0; column < 8; ++column) {
          double sum = test.c_value(row, column);
          for (int k = 0; k < instruction.k; ++k) {
            const int v = k / block;
            const auto a_lane = static_cast<size_t>((row % 8) * 4 + thread_a * 2 + (row >= 8 ? 1 : 0));
            const auto b_lane = static_cast<size_t>(column * 4 + thread_b);
            const double sa = decode(instruction.scale, (scale_a[a_lane] >> (8 * (byte_a + v))) & 0xffu);
            const double sb = decode(instruction.scale, (scale_b[b_lane] >> (8 * (byte_b + v))) & 0xffu);
            sum += test.a_value(row, k) * sa * (test.b_value(k, column) * sb);
          }
          ASSERT_EQ(d[static_cast<size_t>(8 * row + column)], std::bit_cast<uint32_t>(static_cast<float>(sum)));
        }
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, BlockScale,
    testing::Values(
        Scaled{"mma.sync.aligned.m16n8k32.row.col.kind::mxf8f6f4.block_scale.f32.e4m3.e2m1.f32.ue8m0", 1, Format::ue8m0},
        Scaled{"mma.sync.aligned.kind::mxf8f6f4.block_scale.scale_vec::1X.m16n8k32.row.col.f32.e3m2.e5m2.f32.ue8m0", 1,
               Format::ue8m0},
        Scaled{"mma.sync.aligned.m16n8k64.row.col.kind::mxf4.block_scale.f32.e2m1.e2m1.f32.ue8m0", 2, Format::ue8m0},
        Scaled{"mma.sync.aligned.kind::mxf4nvf4.block_scale.scale_vec::2X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue8m0", 2,
               Format::ue8m0},
        Scaled{"mma.sync.aligned.kind::mxf4nvf4.block_scale.scale_vec::4X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue4m3", 4,
               Format::ue4m3}));

TEST(BlockScales, SelectorsOutOfRangeAreRefused) {
  const MmaInstruction i = parsed("mma.sync.aligned.m16n8k64.row.col.kind::mxf4.block_scale.f32.e2m1.e2m1.f32.ue8m0");
  EXPECT_FALSE(check_scales(i, {.byte_a = 1}).ok());
  EXPECT_FALSE(check_scales(i, {.byte_b = 4}).ok());
  EXPECT_FALSE(check_scales(i, {.thread_a = 2}).ok());
  EXPECT_FALSE(check_scales(i, {.thread_b = 4}).ok());
  EXPECT_TRUE(check_scales(i, {.byte_a = 2, .thread_a = 1, .byte_b = 2, .thread_b = 3}).ok());
}

// The model of the short accumulator, by hand: units of 2^(exponent of the largest addend - 13), all cut off toward zero.
TEST(ShortAccumulator, CutsOffWhatIsBelow13Bits) {
  MmaCase test(parsed("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32"));
  const auto e4m3 = [](double value) { return static_cast<uint32_t>(encode(Format::e4m3, value)); };
  const auto run = [&](double c, std::initializer_list<std::pair<double, double>> products) {
    std::fill(test.a.begin(), test.a.end(), 0u);
    size_t k = 0;
    for (const auto& [x, y] : products) {
      test.a[k] = e4m3(x);
      test.b[8 * k] = e4m3(y);
      ++k;
    }
    test.c[0] = std::bit_cast<uint32_t>(static_cast<float>(c));
    return std::bit_cast<float>(test.run({.fp8_short_accumulator = true})[0]);
  };
  EXPECT_EQ(run(0.0, {{1.5, 2.0}, {-1.0, 0.5}}), 2.5f);
  EXPECT_EQ(run(1.0, {{0x1p-6, 0x1p-7}}), 1.0f + 0x1p-13f) << "the last bit that is kept";
  EXPECT_EQ(run(1.0, {{0x1p-7, 0x1p-7}}), 1.0f) << "one bit lower it is lost";
  EXPECT_EQ(run(1.0, {{0x1p-7, 0x1p-7}, {0x1p-7, 0x1p-7}}), 1.0f) << "each addend is cut off before the sum";
  EXPECT_EQ(run(1.0, {{-0x1p-7, 0x1p-7}}), 1.0f) << "toward zero, not down";
  EXPECT_EQ(run(1.0 + 0x1p-13 + 0x1p-20, {}), 1.0f + 0x1p-13f) << "C too";
  EXPECT_EQ(run(1.5, {{1.0, 1.0}, {0x1p-6, 0x1p-7}}), 2.5f) << "the sum moved up a binade and lost its last bit";
  EXPECT_EQ(run(0.0, {}), 0.0f);
  test.c[0] = 0x7f800000u;
  EXPECT_EQ(test.run({.fp8_short_accumulator = true})[0], 0x7f800000u);
}

TEST(ShortAccumulator, OnlyFp8WithF32Accumulators) {
  std::mt19937 random(5);
  for (const char* types :
       {"m16n8k16.row.col.f32.f16.f16.f32", "m16n8k32.row.col.f16.e4m3.e4m3.f16", "m16n8k32.row.col.s32.s8.s8.s32"}) {
    MmaCase test(parsed("mma.sync.aligned." + std::string(types)));
    for (uint32_t& code : test.a) code = random() % 0x70;
    for (uint32_t& code : test.b) code = random() % 0x70;
    for (uint32_t& code : test.c) code = random() % 0x7000;
    EXPECT_EQ(test.run({.fp8_short_accumulator = true}), test.run());
  }
}

TEST(ShortAccumulator, LosesTheAccuracyThatIsReported) {
  // A long sum of products in [0, 1): once it is near 1024 each of 4096 products loses half of 1/8 on average, downward, so
  // that a few percent are missing in the end.
  MmaCase test(parsed("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32"));
  std::mt19937 random(6);
  double exact = 0;
  uint32_t sum = 0;
  for (int step = 0; step < 128; ++step) {
    for (uint32_t& code : test.a) code = static_cast<uint32_t>(encode(Format::e4m3, (random() % 1000) / 1000.0));
    for (uint32_t& code : test.b) code = static_cast<uint32_t>(encode(Format::e4m3, (random() % 1000) / 1000.0));
    for (int k = 0; k < 32; ++k) exact += test.a_value(0, k) * test.b_value(k, 0);
    test.c[0] = sum;
    sum = test.run({.fp8_short_accumulator = true})[0];
  }
  const double relative = (exact - std::bit_cast<float>(sum)) / exact;
  EXPECT_GT(relative, 0.02);
  EXPECT_LT(relative, 0.10);
}

TEST(VectorForm, GivesTheBitsOfThePortableForm) {
  std::mt19937 random(7);
  for (const char* types :
       {"k16.row.col.f32.f16.f16.f32", "k8.row.col.f32.f16.f16.f32", "k16.row.col.f32.bf16.bf16.f32",
        "k8.row.col.f32.bf16.bf16.f32", "k16.row.col.f16.f16.f16.f16", "k8.row.col.f16.f16.f16.f16",
        "k32.row.col.f32.e4m3.e5m2.f32", "k16.row.col.f32.e5m2.e4m3.f32", "k32.row.col.f16.e4m3.e4m3.f16",
        "k16.row.col.f16.e5m2.e5m2.f16", "k32.row.col.s32.s8.u8.s32", "k16.row.col.s32.u8.s8.s32",
        "k32.row.col.satfinite.s32.s8.s8.s32", "k32.row.col.satfinite.s32.u8.u8.s32"}) {
    const MmaInstruction i = parsed("mma.sync.aligned.m16n8" + std::string(types));
    for (int repeat = 0; repeat < 200; ++repeat) {
      LaneRegisters a[4], b[2], c[4], d[4], expected[4];
      for (auto& one : a) {
        for (uint32_t& word : one) word = static_cast<uint32_t>(random());  // NaN, infinity and subnormals among them
      }
      for (auto& one : b) {
        for (uint32_t& word : one) word = static_cast<uint32_t>(random()) & (repeat % 2 == 0 ? ~0u : 0xbfffbfffu);
      }
      for (auto& one : c) {
        for (uint32_t& word : one) word = static_cast<uint32_t>(random()) | (repeat % 3 == 0 ? 0x7ffff000u : 0u);
      }
      const LaneRegisters* const pa[] = {&a[0], &a[1], &a[2], &a[3]};
      const LaneRegisters* const pb[] = {&b[0], &b[1]};
      const LaneRegisters* const pc[] = {&c[0], &c[1], &c[2], &c[3]};
      LaneRegisters* const pd[] = {&d[0], &d[1], &d[2], &d[3]};
      LaneRegisters* const pe[] = {&expected[0], &expected[1], &expected[2], &expected[3]};
      mma(i, pa, pb, pc, pd);
      static MmaOperands operands;
      unpack(i, pa, pb, pc, nullptr, operands);
      multiply_portable(operands, 16, i.k);
      pack(i, operands, pe);
      for (int r = 0; r < i.d_registers; ++r) ASSERT_EQ(d[r], expected[r]) << types;
    }
  }
}

}  // namespace
}  // namespace attune::emulator
