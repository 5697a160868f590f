// Logic, shifts, bit fields, comparisons and selection.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using I = int32_t;
using U = uint32_t;
using L = int64_t;
using UL = uint64_t;

TEST(MachineBits, Logic) {
  check_instruction<U, U, U>("and.b32 %d, %a, %b;", [](U a, U b) { return a & b; });
  check_instruction<UL, UL, UL>("xor.b64 %d, %a, %b;", [](UL a, UL b) { return a ^ b; });
  check_instruction<uint16_t, uint16_t>("not.b16 %d, %a;", [](U a) { return ~a; });
  check_instruction<U, U>("cnot.b32 %d, %a;", [](U a) { return a == 0 ? 1 : 0; });
  check_instruction<U, U, U, U>("lop3.b32 %d, %a, %b, %c, 0x96;", [](U a, U b, U c) { return a ^ b ^ c; });
  check_instruction<U, U, U, U>("lop3.b32 %d, %a, %b, %c, 0xca;", [](U a, U b, U c) { return (a & b) | (~a & c); });
  check_instruction<U, U, U, U>("lop3.b32 %d, %a, %b, %c, 0x80;", [](U a, U b, U c) { return a & b & c; });
}

TEST(MachineBits, ShiftsBeyondTheWidthGiveZeroOrTheSign) {
  check_instruction<U, U, U>("shl.b32 %d, %a, %b;", [](U a, U b) { return b > 31 ? 0 : a << b; });
  check_instruction<U, U, U>("shr.u32 %d, %a, %b;", [](U a, U b) { return b > 31 ? 0 : a >> b; });
  check_instruction<I, I, U>("shr.s32 %d, %a, %b;", [](I a, U b) { return a >> std::min(b, 31u); });
  check_instruction<UL, UL, U>("shl.b64 %d, %a, %b;", [](UL a, U b) { return b > 63 ? 0 : a << b; });
  check_instruction<L, L, U>("shr.s64 %d, %a, %b;", [](L a, U b) { return a >> std::min(b, 63u); });
  check_instruction<uint16_t, uint16_t, U>("shl.b16 %d, %a, %b;", [](U a, U b) { return b > 15 ? 0 : a << b; });
  check_instruction<int16_t, int16_t, U>("shr.s16 %d, %a, %b;", [](I a, U b) { return a >> std::min(b, 15u); });
  const auto both = [](U a, U b) { return UL{b} << 32 | a; };
  check_instruction<U, U, U, U>("shf.l.clamp.b32 %d, %a, %b, %c;",
                                [&](U a, U b, U c) { return c >= 32 ? a : both(a, b) << c >> 32; });
  check_instruction<U, U, U, U>("shf.r.wrap.b32 %d, %a, %b, %c;", [&](U a, U b, U c) { return both(a, b) >> (c & 31); });
}

TEST(MachineBits, Fields) {
  check_instruction<U, U, U, U>("bfe.u32 %d, %a, %b, %c;", [](UL a, U b, U c) {
    const U first = b & 0xff;
    const U count = c & 0xff;
    return first > 31 || count == 0 ? 0 : (a >> first) & ((UL{1} << std::min(count, 32u)) - 1);
  });
  check_instruction<I, I, U>("bfe.s32 %d, %a, 3, 7;", [](I a, U) { return static_cast<I>(static_cast<U>(a) << 22) >> 25; });
  check_instruction<I, I>("bfe.s32 %d, %a, 28, 9;", [](I a) { return a >> 28; });
  check_instruction<U, U, U, U>("bfi.b32 %d, %a, %b, %c, 5;", [](U a, U b, U c) {
    const U first = c & 0xff;
    if (first > 31) return b;
    const U mask = static_cast<U>(UL{31} << first);
    return static_cast<U>((b & ~mask) | (static_cast<U>(UL{a} << first) & mask));
  });
  check_instruction<UL, UL, UL>("bfi.b64 %d, %a, %b, 8, 40;", [](UL a, UL b) {
    const UL mask = ((UL{1} << 40) - 1) << 8;
    return (b & ~mask) | (a << 8 & mask);
  });
  check_instruction<U, U>("bfind.u32 %d, %a;", [](U a) { return a == 0 ? ~0u : static_cast<U>(std::bit_width(a) - 1); });
  check_instruction<U, I>("bfind.s32 %d, %a;", [](I a) {
    const U v = static_cast<U>(a < 0 ? ~a : a);
    return v == 0 ? ~0u : static_cast<U>(std::bit_width(v) - 1);
  });
  check_instruction<U, UL>("bfind.shiftamt.u64 %d, %a;",
                           [](UL a) { return a == 0 ? ~0u : static_cast<U>(std::countl_zero(a)); });
  check_instruction<U, UL>("popc.b64 %d, %a;", [](UL a) { return std::popcount(a); });
  check_instruction<U, U>("clz.b32 %d, %a;", [](U a) { return std::countl_zero(a); });
  check_instruction<U, U>("brev.b32 %d, %a;", [](U a) {
    U r = 0;
    for (int i = 0; i < 32; ++i) r |= (a >> i & 1) << (31 - i);
    return r;
  });
  check_instruction<U, U, U>("bmsk.clamp.b32 %d, %a, %b;",
                             [](UL a, UL b) { return a > 31 ? 0 : ((UL{1} << std::min<UL>(b, 32)) - 1) << a; });
}

TEST(MachineBits, Permute) {
  const auto pick = [](U a, U b, U s) {
    const auto byte = static_cast<uint8_t>((UL{b} << 32 | a) >> (8 * (s & 7)));
    return (s & 8) != 0 ? (byte > 127 ? 0xffu : 0u) : byte;
  };
  check_instruction<U, U, U, U>("prmt.b32 %d, %a, %b, %c;", [&](U a, U b, U c) {
    U r = 0;
    for (U i = 0; i < 4; ++i) r |= pick(a, b, c >> (4 * i)) << (8 * i);
    return r;
  });
  check_instruction<U, U, U, U>("prmt.b32.f4e %d, %a, %b, %c;",
                                [](U a, U b, U c) { return (UL{b} << 32 | a) >> (8 * (c & 3)); });
  check_instruction<U, U, U>("prmt.b32.rc16 %d, %a, %b, 1;", [](U a, U) { return (a >> 16) * 0x10001u; });
}

TEST(MachineBits, Comparisons) {
  const auto set = [](const std::string& compare) {
    return "{ .reg .pred %z; setp." + compare + " %z, %a, %b; selp.b32 %d, 1, 0, %z; }";
  };
  check_instruction<U, I, I>(set("lt.s32"), [](I a, I b) { return a < b; });
  check_instruction<U, U, U>(set("hs.u32"), [](U a, U b) { return a >= b; });
  check_instruction<U, UL, UL>(set("gt.u64"), [](UL a, UL b) { return a > b; });
  check_instruction<U, int16_t, int16_t>(set("le.s16"), [](int16_t a, int16_t b) { return a <= b; });
  check_instruction<U, float, float>(set("ne.f32"), [](float a, float b) { return a < b || a > b; });
  check_instruction<U, float, float>(set("neu.f32"), [](float a, float b) { return a != b; });
  check_instruction<U, float, float>(set("geu.f32"), [](float a, float b) { return !(a < b); });
  check_instruction<U, float, float>(set("nan.f32"), [](float a, float b) { return std::isnan(a) || std::isnan(b); });
  check_instruction<U, float, float>(set("lt.ftz.f32"), [](float a, float b) {
    const auto f = [](float v) { return std::fpclassify(v) == FP_SUBNORMAL ? 0.0f : v; };
    return f(a) < f(b);
  });
  check_instruction<U, double, double>(set("equ.f64"), [](double a, double b) { return !(a < b || a > b); });
}

TEST(MachineBits, ComparisonsCombineAndGiveBothResults) {
  check_instruction<U, I, I>(
      "{ .reg .pred %z<4>; setp.gt.s32 %z2, %a, 5; setp.lt.and.s32 %z0|%z1, %a, %b, %z2; selp.b32 %d, 1, 0, %z0; "
      "@%z1 add.u32 %d, %d, 2; }",
      [](I a, I b) { return a > 5 ? (a < b ? 1 : 2) : 0; });
  check_instruction<U, I, I>(
      "{ .reg .pred %z<4>; setp.gt.s32 %z2, %a, 5; setp.lt.or.s32 %z0, %a, %b, !%z2; "
      "selp.b32 %d, 1, 0, %z0; }",
      [](I a, I b) { return a < b || a <= 5; });
  check_instruction<U, float, float>("set.gt.u32.f32 %d, %a, %b;", [](float a, float b) { return a > b ? ~0u : 0u; });
  check_instruction<float, I, I>("set.lt.f32.s32 %d, %a, %b;", [](I a, I b) { return a < b ? 1.0f : 0.0f; });
  check_instruction<I, I, I, I>("slct.s32.s32 %d, %a, %b, %c;", [](I a, I b, I c) { return c >= 0 ? a : b; });
  check_instruction<U, float>("{ .reg .pred %z; testp.subnormal.f32 %z, %a; selp.b32 %d, 1, 0, %z; }",
                              [](float a) { return std::fpclassify(a) == FP_SUBNORMAL; });
}

TEST(MachineBits, PredicateLogic) {
  check_instruction<U, I, I>(
      "{ .reg .pred %z<6>; setp.gt.s32 %z0, %a, 0; setp.gt.s32 %z1, %b, 0; and.pred %z2, %z0, %z1; xor.pred %z3, %z0, !%z1; "
      "not.pred %z4, %z2; mov.pred %z5, %z3; selp.b32 %d, 1, 0, %z4; @%z5 or.b32 %d, %d, 2; }",
      [](I a, I b) { return (a > 0 && b > 0 ? 0 : 1) | ((a > 0) != !(b > 0) ? 2 : 0); });
}

}  // namespace
}  // namespace attune::emulator::test
