// mma.sync: layouts and arithmetic of every form, with fragments built from the formulas of the PTX ISA.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/mma.hpp"
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

// A code of a small value: multiples of a quarter at most 3.5, so that all sums of the test are exact in every accumulator.
uint32_t small_code(MmaType type, std::mt19937& random) {
  const auto in = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  switch (type) {
    case MmaType::f16: return static_cast<uint32_t>(encode(Format::f16, in(-14, 14) / 4.0));
    case MmaType::bf16: return static_cast<uint32_t>(encode(Format::bf16, in(-14, 14) / 4.0));
    case MmaType::tf32: return static_cast<uint32_t>(encode(Format::tf32, in(-14, 14) / 4.0));
    case MmaType::e4m3: return static_cast<uint32_t>(encode(Format::e4m3, in(-14, 14) / 4.0));
    case MmaType::e5m2: return static_cast<uint32_t>(encode(Format::e5m2, in(-6, 6) / 4.0));
    case MmaType::e2m3: return static_cast<uint32_t>(encode(Format::e2m3, in(-14, 14) / 4.0));
    case MmaType::e3m2: return static_cast<uint32_t>(encode(Format::e3m2, in(-6, 6) / 4.0));
    case MmaType::e2m1: return static_cast<uint32_t>(in(0, 15));
    case MmaType::s8:
    case MmaType::u8: return static_cast<uint32_t>(in(0, 255));
    case MmaType::s4:
    case MmaType::u4: return static_cast<uint32_t>(in(0, 15));
    case MmaType::b1: return static_cast<uint32_t>(in(0, 1));
    case MmaType::s32: return static_cast<uint32_t>(in(-100000, 100000));
    default: return std::bit_cast<uint32_t>(static_cast<float>(in(-40, 40)) / 4.0f);
  }
}

void fill(MmaCase& test, std::mt19937& random) {
  for (uint32_t& code : test.a) code = small_code(test.instruction.a, random);
  for (uint32_t& code : test.b) code = small_code(test.instruction.b, random);
  for (uint32_t& code : test.c) code = small_code(test.instruction.c, random);
}

class Form : public testing::TestWithParam<std::string> {};

// Any element out of its place changes some sum of random numbers; all sums here are exact, so equality is required.
TEST_P(Form, ProductOfExactNumbers) {
  const MmaInstruction instruction = parsed(GetParam());
  std::mt19937 random(7);
  for (int repeat = 0; repeat < 8; ++repeat) {
    MmaCase test(instruction);
    fill(test, random);
    const std::vector<uint32_t> d = test.run();
    for (int row = 0; row < instruction.m; ++row) {
      for (int column = 0; column < instruction.n; ++column) {
        double sum = test.c_value(row, column);
        for (int k = 0; k < instruction.k; ++k) {
          const double x = test.a_value(row, k), y = test.b_value(k, column);
          sum += instruction.a != MmaType::b1 ? x * y : instruction.bit_and ? static_cast<double>(x == 1 && y == 1) : x != y;
        }
        const uint32_t code = d[static_cast<size_t>(row * instruction.n + column)];
        ASSERT_EQ(oracle::value_of(instruction.d, instruction.kind, code), sum) << row << ", " << column;
      }
    }
  }
}

// Row i of A picks row pick(i) of B, whose elements name their own place.
TEST_P(Form, SelectsIndexValuedRows) {
  const MmaInstruction instruction = parsed(GetParam());
  if (instruction.a == MmaType::b1) return;  // covered above: one bit cannot hold an index
  MmaCase test(instruction);
  const oracle::Type type_a = oracle::type_of(instruction.a, instruction.kind);
  const uint32_t one = type_a.is_float ? static_cast<uint32_t>(encode(type_a.format, 1.0)) : 1u;
  // Codes 0..6 of four-bit types, and their values, are distinct.
  const auto index_code = [&](int k, int n) { return static_cast<uint32_t>((3 * k + 5 * n) % 7); };
  for (int k = 0; k < instruction.k; ++k) {
    for (int n = 0; n < instruction.n; ++n) test.b[static_cast<size_t>(k * instruction.n + n)] = index_code(k, n);
  }
  for (int first = 0; first < instruction.k; ++first) {
    const auto pick = [&](int row) { return (first + 3 * row) % instruction.k; };
    std::fill(test.a.begin(), test.a.end(), 0u);
    for (int row = 0; row < instruction.m; ++row) test.a[static_cast<size_t>(row * instruction.k + pick(row))] = one;
    const std::vector<uint32_t> d = test.run();
    for (int row = 0; row < instruction.m; ++row) {
      for (int n = 0; n < instruction.n; ++n) {
        const double expected = oracle::value_of(instruction.b, instruction.kind, index_code(pick(row), n));
        const uint32_t code = d[static_cast<size_t>(row * instruction.n + n)];
        const double got = oracle::value_of(instruction.d, instruction.kind, code);
        if (instruction.d == MmaType::f16) {
          ASSERT_EQ(got, decode(Format::f16, encode(Format::f16, expected)));
        } else {
          ASSERT_EQ(got, expected) << row << ", " << n;
        }
      }
    }
  }
}

std::vector<std::string> forms() {
  std::vector<std::string> list = {
      "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32",
      "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16",
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32",
      "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16",
      "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32",
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
      "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32",
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
      "mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.xor.popc",
      "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.xor.popc",
      "mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.and.popc",
      "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc",
  };
  for (const char* k : {"k16", "k32"}) {
    for (const char* a : {"s8", "u8"}) {
      for (const char* b : {"s8", "u8"}) {
        list.push_back("mma.sync.aligned.m16n8" + std::string(k) + ".row.col.s32." + a + "." + b + ".s32");
      }
    }
    for (const char* a : {"e4m3", "e5m2"}) {
      for (const char* b : {"e4m3", "e5m2"}) {
        for (const char* d : {"f32", "f16"}) {
          list.push_back("mma.sync.aligned.m16n8" + std::string(k) + ".row.col." + d + "." + a + "." + b + "." + d);
        }
      }
    }
  }
  for (const char* k : {"k32", "k64"}) {
    for (const char* a : {"s4", "u4"}) {
      for (const char* b : {"s4", "u4"}) {
        list.push_back("mma.sync.aligned.m16n8" + std::string(k) + ".row.col.satfinite.s32." + a + "." + b + ".s32");
      }
    }
  }
  for (const char* a : {"e4m3", "e5m2", "e3m2", "e2m3", "e2m1"}) {
    for (const char* b : {"e4m3", "e5m2", "e3m2", "e2m3", "e2m1"}) {
      for (const char* d : {"f32", "f16"}) {
        list.push_back("mma.sync.aligned.kind::f8f6f4.m16n8k32.row.col." + std::string(d) + "." + a + "." + b + "." + d);
      }
    }
  }
  return list;
}
INSTANTIATE_TEST_SUITE_P(All, Form, testing::ValuesIn(forms()), [](const auto& form) {
  std::string name = form.param.substr(form.param.find(".m16") + 1);
  if (form.param.find("kind") != std::string::npos) name = "f8f6f4." + name;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

TEST(Mma, SumsAreThoseOfDoubleRoundedOnce) {
  for (const char* types : {"f32.f16.f16.f32", "f32.bf16.bf16.f32"}) {
    const MmaInstruction instruction = parsed("mma.sync.aligned.m16n8k16.row.col." + std::string(types));
    const Format format = instruction.a == MmaType::f16 ? Format::f16 : Format::bf16;
    std::mt19937 random(11);
    std::normal_distribution<double> normal(0, 1);
    MmaCase test(instruction);
    for (uint32_t& code : test.a)
      code = static_cast<uint32_t>(encode(format, std::exp(3 * normal(random)) * normal(random)));
    for (uint32_t& code : test.b) code = static_cast<uint32_t>(encode(format, normal(random)));
    for (uint32_t& code : test.c) code = std::bit_cast<uint32_t>(static_cast<float>(10 * normal(random)));
    const std::vector<uint32_t> d = test.run();
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < 8; ++column) {
        long double sum = test.c_value(row, column);
        for (int k = 0; k < 16; ++k) sum += static_cast<long double>(test.a_value(row, k)) * test.b_value(k, column);
        EXPECT_EQ(d[static_cast<size_t>(row * 8 + column)], std::bit_cast<uint32_t>(static_cast<float>(sum)));
      }
    }
  }
}

TEST(Mma, HalfAccumulatorsRoundOnceAndOverflowToInfinity) {
  MmaCase test(parsed("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16"));
  test.c[0] = static_cast<uint32_t>(encode(Format::f16, 2048.0));
  // 2048 + 16 * 0.25: every single step would be lost in f16, where the unit there is 2.
  for (int k = 0; k < 16; ++k) {
    test.a[static_cast<size_t>(k)] = static_cast<uint32_t>(encode(Format::f16, 0.25));
    test.b[static_cast<size_t>(8 * k)] = static_cast<uint32_t>(encode(Format::f16, 1.0));
  }
  EXPECT_EQ(decode(Format::f16, test.run()[0]), 2052.0);
  test.c[0] = static_cast<uint32_t>(encode(Format::f16, 65504.0));
  test.a[0] = static_cast<uint32_t>(encode(Format::f16, 16.0));
  EXPECT_EQ(test.run()[0], 0x7c00u);
}

TEST(Mma, InfinityAndNanStayInTheirRowAndColumn) {
  MmaCase test(parsed("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"));
  for (uint32_t& code : test.a) code = 0x3c00;
  for (uint32_t& code : test.b) code = 0x3c00;
  test.a[3 * 16 + 5] = 0xfe00;  // a NaN with a sign and a payload in row 3
  test.b[2 * 8 + 6] = 0x7c00;   // infinity in column 6
  const std::vector<uint32_t> d = test.run();
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      const uint32_t expected = row == 3 ? kNanF32 : column == 6 ? 0x7f800000u : std::bit_cast<uint32_t>(16.0f);
      EXPECT_EQ(d[static_cast<size_t>(row * 8 + column)], expected) << row << ", " << column;
    }
  }
}

TEST(Mma, SubnormalsAreKept) {
  MmaCase test(parsed("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"));
  test.a[0] = 0x0001;  // 2^-24
  test.b[0] = 0x8001;
  EXPECT_EQ(test.run()[0], std::bit_cast<uint32_t>(-0x1p-48f));
}

TEST(Mma, IntegersWrapOrSaturate) {
  for (const bool saturates : {false, true}) {
    MmaCase test(
        parsed(std::string("mma.sync.aligned.m16n8k32.row.col") + (saturates ? ".satfinite" : "") + ".s32.s8.s8.s32"));
    test.c[0] = 0x7fffffff;
    test.c[1] = 0x80000000;
    test.a[0] = 100;
    test.b[0] = 100;
    test.b[1] = static_cast<uint8_t>(-100);
    const std::vector<uint32_t> d = test.run();
    EXPECT_EQ(d[0], saturates ? 0x7fffffffu : 0x7fffffffu + 10000u);
    EXPECT_EQ(d[1], saturates ? 0x80000000u : 0x80000000u - 10000u);
  }
}

TEST(Mma, DoublePrecision) {
  for (const char* shape : {"m8n8k4", "m16n8k4", "m16n8k8", "m16n8k16"}) {
    const MmaInstruction i = parsed("mma.sync.aligned." + std::string(shape) + ".row.col.f64.f64.f64.f64");
    std::mt19937 random(13);
    std::uniform_real_distribution<double> uniform(-1, 1);
    std::vector<LaneRegisters> a(8 * 2), b(4 * 2), c(4 * 2), d(4 * 2);
    std::vector<double> ma(static_cast<size_t>(i.m * i.k)), mb(static_cast<size_t>(8 * i.k)),
        mc(static_cast<size_t>(8 * i.m));
    const auto put = [](std::vector<LaneRegisters>& registers, int element, int lane, double value) {
      const auto bits = std::bit_cast<uint64_t>(value);
      registers[static_cast<size_t>(2 * element)][static_cast<size_t>(lane)] = static_cast<uint32_t>(bits);
      registers[static_cast<size_t>(2 * element + 1)][static_cast<size_t>(lane)] = static_cast<uint32_t>(bits >> 32);
    };
    const int halves = i.m / 8;
    for (int lane = 0; lane < 32; ++lane) {
      for (int e = 0; e < i.a_registers / 2; ++e) {  // m16: a_e is in row group (+8 for odd e), column in_group + 4 (e / 2)
        const int row = lane / 4 + 8 * (e % halves), column = lane % 4 + 4 * (e / halves);
        put(a, e, lane, ma[static_cast<size_t>(row * i.k + column)] = uniform(random));
      }
      for (int e = 0; e < i.b_registers / 2; ++e) {
        put(b, e, lane, mb[static_cast<size_t>((lane % 4 + 4 * e) * 8 + lane / 4)] = uniform(random));
      }
      for (int e = 0; e < i.c_registers / 2; ++e) {
        put(c, e, lane, mc[static_cast<size_t>((lane / 4 + 8 * (e / 2)) * 8 + 2 * (lane % 4) + e % 2)] = uniform(random));
      }
    }
    std::vector<const LaneRegisters*> pa, pb, pc;
    std::vector<LaneRegisters*> pd;
    for (int r = 0; r < i.a_registers; ++r) pa.push_back(&a[static_cast<size_t>(r)]);
    for (int r = 0; r < i.b_registers; ++r) pb.push_back(&b[static_cast<size_t>(r)]);
    for (int r = 0; r < i.c_registers; ++r)
      pc.push_back(&c[static_cast<size_t>(r)]), pd.push_back(&d[static_cast<size_t>(r)]);
    mma(i, pa, pb, pc, pd);
    for (int lane = 0; lane < 32; ++lane) {
      for (int e = 0; e < i.d_registers / 2; ++e) {
        const int row = lane / 4 + 8 * (e / 2), column = 2 * (lane % 4) + e % 2;
        double sum = mc[static_cast<size_t>(row * 8 + column)];
        for (int k = 0; k < i.k; ++k)
          sum += ma[static_cast<size_t>(row * i.k + k)] * mb[static_cast<size_t>(k * 8 + column)];
        const uint64_t bits = uint64_t{d[static_cast<size_t>(2 * e + 1)][static_cast<size_t>(lane)]} << 32 |
                              d[static_cast<size_t>(2 * e)][static_cast<size_t>(lane)];
        EXPECT_NEAR(std::bit_cast<double>(bits), sum, 1e-14);
      }
    }
  }
}

TEST(Mma, RefusesWhatPtxDoesNotHave) {
  for (const char* opcode : {
           "mma.sync.aligned.m16n8k16.row.col.f32.f16.bf16.f32",
           "mma.sync.aligned.m16n8k16.row.row.f32.f16.f16.f32",
           "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f32",
           "mma.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32",
           "mma.sync.aligned.m16n8k16.row.col.f16.bf16.bf16.f16",
           "mma.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32",
           "mma.sync.aligned.m16n8k32.row.col.f32.e2m1.e2m1.f32",
           "mma.sync.aligned.m16n8k16.row.col.satfinite.f32.f16.f16.f32",
           "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32",
           "mma.sync.aligned.kind::mxf4.m16n8k64.row.col.f32.e2m1.e2m1.f32",
           "mma.sync.aligned.kind::mxf4.block_scale.scale_vec::4X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue8m0",
           "mma.sync.aligned.kind::mxf4nvf4.block_scale.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue4m3",
           "mma.sync.aligned.kind::mxf4nvf4.block_scale.scale_vec::4X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue8m0",
           "mma.sync.aligned.kind::mxf4nvf4.block_scale.scale_vec::2X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue4m3",
           "mma.sync.aligned.m16n8k16.row.col.rn.f32.f16.f16.f32",
           "mma.sync.aligned.m16n8k7.row.col.f32.f16.f16.f32",
           "mma.m16n8k16.row.col.f32.f16.f16.f32",
           "wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32",
           "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32.loud",
       }) {
    const Result<MmaInstruction> result = parse_mma(opcode);
    ASSERT_FALSE(result.ok()) << opcode;
    EXPECT_EQ(result.error().status(), Status::unsupported);
    EXPECT_THAT(result.error().message(), testing::HasSubstr(opcode));
  }
}

TEST(Mma, TargetsMayBeTheSources) {
  const MmaInstruction i = parsed("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  std::mt19937 random(17);
  LaneRegisters a[4], b[2], c[4], d[4];
  for (auto* set : {a, c}) {
    for (int r = 0; r < 4; ++r) {
      for (uint32_t& word : set[r]) word = set == a ? 0x38003c00u + random() % 8 : std::bit_cast<uint32_t>(1.0f);
    }
  }
  for (LaneRegisters& one : b) one.fill(0x34003800u);
  const LaneRegisters* const pa[] = {&a[0], &a[1], &a[2], &a[3]};
  const LaneRegisters* const pb[] = {&b[0], &b[1]};
  const LaneRegisters* const pc[] = {&c[0], &c[1], &c[2], &c[3]};
  LaneRegisters* const apart[] = {&d[0], &d[1], &d[2], &d[3]};
  LaneRegisters* const same[] = {&a[1], &b[0], &c[2], &a[0]};
  mma(i, pa, pb, pc, apart);
  mma(i, pa, pb, pc, same);
  for (int r = 0; r < 4; ++r) EXPECT_EQ(*same[r], d[r]);
}

}  // namespace
}  // namespace attune::emulator
