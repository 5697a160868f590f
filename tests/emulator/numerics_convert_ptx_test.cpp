// cvt between packed narrow formats as PTX text: which input goes to which half, and each half as the formats say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "tests/emulator/ptx_launch.hpp"

namespace attune::emulator {
namespace {

constexpr size_t kCount = 4096;

// Words of f32: random bits, and values around the ranges of the narrow formats.
std::vector<uint32_t> floats(uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint32_t> words(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    const float value = std::ldexp(1.0f + static_cast<float>(random() % 64) / 32.0f, static_cast<int>(random() % 40) - 26);
    words[i] = i % 4 == 0 ? static_cast<uint32_t>(random()) : std::bit_cast<uint32_t>(random() % 2 == 0 ? value : -value);
  }
  words[1] = 0x7fc00000u, words[2] = 0x7f800000u, words[3] = 0xff800000u, words[5] = 0x80000000u, words[6] = 0;
  return words;
}

// Runs "`convert` %d, ..." for each pair of words. Operands in the text: %r1 and %f1 are the first word, %f2 the second, %h1
// its lower half, %d the result; %hd a 16-bit result.
std::vector<uint32_t> run_convert(const std::string& convert, std::vector<uint32_t> a, std::vector<uint32_t> b) {
  std::vector<uint32_t> out(a.size(), 0xdeadbeef);
  PtxLaunch launch("sm_100a", ".param .b64 a, .param .b64 b, .param .b64 out", R"(
    .reg .b32 %r<4>; .reg .b32 %d; .reg .b32 %i; .reg .f32 %f<4>; .reg .b16 %h<4>; .reg .b16 %hd; .reg .b64 %q<5>;
    ld.param.b64 %q0, [a]; ld.param.b64 %q1, [b]; ld.param.b64 %q2, [out];
    mov.u32 %r0, %ctaid.x; mov.u32 %i, %tid.x; mad.lo.u32 %i, %r0, 32, %i; mul.wide.u32 %q3, %i, 4;
    add.s64 %q0, %q0, %q3; add.s64 %q1, %q1, %q3; add.s64 %q2, %q2, %q3;
    ld.global.b32 %r1, [%q0]; mov.b32 %f1, %r1; ld.global.f32 %f2, [%q1]; cvt.u16.u32 %h1, %r1;
    )" + convert + R"(
    st.global.b32 [%q2], %d;
    ret;)");
  launch.shape.grid = {static_cast<uint32_t>(a.size() / 32), 1, 1};
  launch.buffer(a, "a", false).buffer(b, "b", false).buffer(out, "out");
  expect_runs(launch);
  return out;
}

struct FromFloats {
  const char* opcode;
  Format format;
  Encoding how;
};
class PackFloats : public testing::TestWithParam<FromFloats> {};

TEST_P(PackFloats, TheFirstInputIsTheUpperHalf) {
  const auto& [opcode, format, how] = GetParam();
  const std::vector<uint32_t> a = floats(1), b = floats(2);
  const int bits = width_bits(format);
  const int lane_bits = bits == 6 ? 8 : bits;
  std::string text = std::string(opcode) + (bits == 16 ? " %d, %f1, %f2;" : " %hd, %f1, %f2; cvt.u32.u16 %d, %hd;");
  if (bits == 4) text = "{ .reg .b8 %z; " + std::string(opcode) + " %z, %f1, %f2; cvt.u32.u8 %d, %z; }";
  const std::vector<uint32_t> out = run_convert(text, a, b);
  for (size_t i = 0; i < kCount; ++i) {
    const auto code = [&](uint32_t word) { return static_cast<uint32_t>(encode(format, std::bit_cast<float>(word), how)); };
    ASSERT_EQ(out[i], code(a[i]) << lane_bits | code(b[i])) << std::hex << a[i] << " " << b[i];
  }
}
INSTANTIATE_TEST_SUITE_P(
    Forms, PackFloats,
    testing::Values(FromFloats{"cvt.rn.f16x2.f32", Format::f16, {}},
                    FromFloats{"cvt.rz.f16x2.f32", Format::f16, {Rounding::zero}},
                    FromFloats{"cvt.rn.satfinite.f16x2.f32", Format::f16, {.satfinite = true}},
                    FromFloats{"cvt.rn.relu.satfinite.f16x2.f32", Format::f16, {.satfinite = true, .relu = true}},
                    FromFloats{"cvt.rn.bf16x2.f32", Format::bf16, {}},
                    FromFloats{"cvt.rz.bf16x2.f32", Format::bf16, {Rounding::zero}},
                    FromFloats{"cvt.rn.relu.bf16x2.f32", Format::bf16, {.relu = true}},
                    FromFloats{"cvt.rn.satfinite.e4m3x2.f32", Format::e4m3, {.satfinite = true}},
                    FromFloats{"cvt.rn.satfinite.relu.e4m3x2.f32", Format::e4m3, {.satfinite = true, .relu = true}},
                    FromFloats{"cvt.rn.satfinite.e5m2x2.f32", Format::e5m2, {.satfinite = true}},
                    FromFloats{"cvt.rn.satfinite.e2m1x2.f32", Format::e2m1, {.satfinite = true}},
                    FromFloats{"cvt.rn.satfinite.relu.e2m1x2.f32", Format::e2m1, {.satfinite = true, .relu = true}},
                    FromFloats{"cvt.rn.satfinite.e2m3x2.f32", Format::e2m3, {.satfinite = true}},
                    FromFloats{"cvt.rn.satfinite.e3m2x2.f32", Format::e3m2, {.satfinite = true}},
                    FromFloats{"cvt.rz.satfinite.ue8m0x2.f32", Format::ue8m0, {Rounding::zero, true}},
                    FromFloats{"cvt.rp.satfinite.ue8m0x2.f32", Format::ue8m0, {Rounding::up, true}},
                    FromFloats{"cvt.rp.ue8m0x2.f32", Format::ue8m0, {Rounding::up}}),
    [](const auto& form) {
      std::string name = form.param.opcode;
      for (char& c : name) c = c == '.' ? '_' : c;
      return name;
    });

// Every code of the 8-bit formats, twice in a word, widened.
TEST(Unpack, EveryCodeOfTheNarrowFormats) {
  std::vector<uint32_t> codes(kCount);
  for (uint32_t i = 0; i < kCount; ++i) codes[i] = (i % 256) | ((i * 37 + i / 256) % 256) << 8;
  const struct {
    const char* opcode;
    Format from;
    Format to;
  } forms[] = {{"cvt.rn.f16x2.e4m3x2", Format::e4m3, Format::f16},
               {"cvt.rn.f16x2.e5m2x2", Format::e5m2, Format::f16},
               {"cvt.rn.f16x2.e2m3x2", Format::e2m3, Format::f16},
               {"cvt.rn.f16x2.e3m2x2", Format::e3m2, Format::f16},
               {"cvt.rn.bf16x2.ue8m0x2", Format::ue8m0, Format::bf16}};
  for (const auto& form : forms) {
    std::vector<uint32_t> words = codes;
    if (width_bits(form.from) == 6) {
      for (uint32_t& word : words) word &= 0x3f3fu;
    }
    const std::vector<uint32_t> out = run_convert(std::string(form.opcode) + " %d, %h1;", words, words);
    for (size_t i = 0; i < kCount; ++i) {
      const auto half = [&](uint32_t code) { return static_cast<uint32_t>(encode(form.to, decode(form.from, code))); };
      ASSERT_EQ(out[i], half(words[i] & 0xffu) | half(words[i] >> 8) << 16) << form.opcode << " " << std::hex << words[i];
    }
  }
  const std::vector<uint32_t> out =
      run_convert("{ .reg .b8 %z; cvt.u8.u32 %z, %r1; cvt.rn.f16x2.e2m1x2 %d, %z; }", codes, codes);
  for (size_t i = 0; i < kCount; ++i) {
    const auto half = [&](uint32_t code) { return uint32_t{f16_from_f32(static_cast<float>(decode(Format::e2m1, code)))}; };
    ASSERT_EQ(out[i], half(codes[i] & 0xfu) | half(codes[i] >> 4 & 0xfu) << 16);
  }
}

TEST(Pack, HalvesToNarrowFormats) {
  std::mt19937 random(3);
  std::vector<uint32_t> words(kCount);
  for (uint32_t& word : words) word = static_cast<uint32_t>(random());
  for (const auto& [opcode, to] : {std::pair("cvt.rn.satfinite.e4m3x2.f16x2", Format::e4m3),
                                   std::pair("cvt.rn.satfinite.e5m2x2.f16x2", Format::e5m2)}) {
    const std::vector<uint32_t> out = run_convert(std::string(opcode) + " %hd, %r1; cvt.u32.u16 %d, %hd;", words, words);
    for (size_t i = 0; i < kCount; ++i) {
      const auto code = [&, format = to](uint32_t half) {
        return static_cast<uint32_t>(encode(format, decode(Format::f16, half), {.satfinite = true}));
      };
      ASSERT_EQ(out[i], code(words[i] & 0xffffu) | code(words[i] >> 16) << 8) << opcode << std::hex << " " << words[i];
    }
  }
}

TEST(Convert, Tf32) {
  const std::vector<uint32_t> a = floats(5);
  for (const auto& [opcode, how] :
       {std::pair("cvt.rna.tf32.f32", Encoding{Rounding::nearest_away}), std::pair("cvt.rn.tf32.f32", Encoding{}),
        std::pair("cvt.rz.relu.tf32.f32", Encoding{Rounding::zero, false, true}),
        std::pair("cvt.rna.satfinite.tf32.f32", Encoding{Rounding::nearest_away, true})}) {
    const std::vector<uint32_t> out = run_convert(std::string(opcode) + " %d, %f1;", a, a);
    for (size_t i = 0; i < kCount; ++i) {
      ASSERT_EQ(out[i], encode(Format::tf32, std::bit_cast<float>(a[i]), how)) << opcode << " " << std::hex << a[i];
    }
  }
}

}  // namespace
}  // namespace attune::emulator
