// Integer instructions against C++ of a wider type.
#include <algorithm>
#include <cstdint>

#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;
using I16 = int16_t;
using U16 = uint16_t;
using I = int32_t;
using U = uint32_t;
using L = int64_t;
using UL = uint64_t;

TEST(MachineInteger, AddSubtractWrap) {
  check_instruction<U, U, U>("add.u32 %d, %a, %b;", [](UL a, UL b) { return a + b; });
  check_instruction<I, I, I>("sub.s32 %d, %a, %b;", [](L a, L b) { return a - b; });
  check_instruction<U16, U16, U16>("add.u16 %d, %a, %b;", [](UL a, UL b) { return a + b; });
  check_instruction<L, L, L>("add.s64 %d, %a, %b;", [](Wide a, Wide b) { return a + b; });
  check_instruction<UL, UL, UL>("sub.u64 %d, %a, %b;", [](Wide a, Wide b) { return a - b; });
  check_instruction<I, I, I>("add.sat.s32 %d, %a, %b;", [](L a, L b) { return std::clamp<L>(a + b, INT32_MIN, INT32_MAX); });
  check_instruction<I, I, I>("sub.sat.s32 %d, %a, %b;", [](L a, L b) { return std::clamp<L>(a - b, INT32_MIN, INT32_MAX); });
  check_instruction<U, U, U>("add.u16x2 %d, %a, %b;",
                             [](U a, U b) { return ((a + b) & 0xffff) | (((a >> 16) + (b >> 16)) << 16); });
}

TEST(MachineInteger, Multiply) {
  check_instruction<I, I, I>("mul.lo.s32 %d, %a, %b;", [](L a, L b) { return a * b; });
  check_instruction<I, I, I>("mul.hi.s32 %d, %a, %b;", [](L a, L b) { return a * b >> 32; });
  check_instruction<U, U, U>("mul.hi.u32 %d, %a, %b;", [](UL a, UL b) { return a * b >> 32; });
  check_instruction<L, L, L>("mul.hi.s64 %d, %a, %b;", [](Wide a, Wide b) { return a * b >> 64; });
  check_instruction<UL, UL, UL>("mul.hi.u64 %d, %a, %b;",
                                [](UnsignedWide a, UnsignedWide b) { return static_cast<UL>(a * b >> 64); });
  check_instruction<L, I, I>("mul.wide.s32 %d, %a, %b;", [](L a, L b) { return a * b; });
  check_instruction<UL, U, U>("mul.wide.u32 %d, %a, %b;", [](UL a, UL b) { return a * b; });
  check_instruction<I, I16, I16>("mul.wide.s16 %d, %a, %b;", [](I a, I b) { return a * b; });
  check_instruction<I16, I16, I16>("mul.hi.s16 %d, %a, %b;", [](I a, I b) { return (a * b) >> 16; });
  check_instruction<I, I, I, I>("mad.lo.s32 %d, %a, %b, %c;", [](Wide a, Wide b, Wide c) { return a * b + c; });
  check_instruction<U, U, U, U>("mad.hi.u32 %d, %a, %b, %c;", [](UL a, UL b, UL c) { return (a * b >> 32) + c; });
  check_instruction<L, I, I, L>("mad.wide.s32 %d, %a, %b, %c;", [](Wide a, Wide b, Wide c) { return a * b + c; });
  check_instruction<I, I, I, I>("mad.hi.sat.s32 %d, %a, %b, %c;",
                                [](L a, L b, L c) { return std::clamp<L>((a * b >> 32) + c, INT32_MIN, INT32_MAX); });
  const auto low24 = [](L v) { return static_cast<L>(static_cast<int32_t>(static_cast<U>(v) << 8)) >> 8; };
  check_instruction<I, I, I>("mul24.lo.s32 %d, %a, %b;", [&](L a, L b) { return low24(a) * low24(b); });
  check_instruction<I, I, I>("mul24.hi.s32 %d, %a, %b;", [&](L a, L b) { return low24(a) * low24(b) >> 16; });
  check_instruction<U, U, U, U>("mad24.lo.u32 %d, %a, %b, %c;",
                                [](UL a, UL b, UL c) { return (a & 0xffffff) * (b & 0xffffff) + c; });
}

TEST(MachineInteger, DivideAndRemainder) {
  check_instruction<U, U, U>("{ .reg .b32 %z; or.b32 %z, %b, 1; div.u32 %d, %a, %z; }",
                             [](U a, U b) { return a / (b | 1); });
  check_instruction<I, I, I>("{ .reg .b32 %z; or.b32 %z, %b, 1; div.s32 %d, %a, %z; }",
                             [](L a, L b) { return a / (b | 1); });
  check_instruction<I, I, I>("{ .reg .b32 %z; or.b32 %z, %b, 1; rem.s32 %d, %a, %z; }",
                             [](L a, L b) { return a % (b | 1); });
  check_instruction<L, L, L>("{ .reg .b64 %z; or.b64 %z, %b, 1; rem.s64 %d, %a, %z; }",
                             [](Wide a, Wide b) { return a % (b | 1); });
  check_instruction<U, U>("div.u32 %d, %a, 0;", [](U) { return ~U{0}; });
}

TEST(MachineInteger, MinMaxSignDifference) {
  check_instruction<I, I, I>("min.s32 %d, %a, %b;", [](I a, I b) { return std::min(a, b); });
  check_instruction<U, U, U>("max.u32 %d, %a, %b;", [](U a, U b) { return std::max(a, b); });
  check_instruction<I16, I16, I16>("min.s16 %d, %a, %b;", [](I16 a, I16 b) { return std::min(a, b); });
  check_instruction<L, L, L>("max.s64 %d, %a, %b;", [](L a, L b) { return std::max(a, b); });
  check_instruction<I, I, I>("max.relu.s32 %d, %a, %b;", [](I a, I b) { return std::max({a, b, 0}); });
  check_instruction<U, U, U>("min.s16x2 %d, %a, %b;", [](U a, U b) {
    const auto half = [](U x, U y) { return static_cast<U16>(std::min(static_cast<I16>(x), static_cast<I16>(y))); };
    return U{half(a, b)} | U{half(a >> 16, b >> 16)} << 16;
  });
  check_instruction<I, I>("neg.s32 %d, %a;", [](L a) { return -a; });
  check_instruction<L, L>("abs.s64 %d, %a;", [](Wide a) { return a < 0 ? -a : a; });
  check_instruction<I, I, I, I>("sad.s32 %d, %a, %b, %c;", [](L a, L b, L c) { return c + (a < b ? b - a : a - b); });
  check_instruction<U, U, U, U>("sad.u32 %d, %a, %b, %c;", [](L a, L b, L c) { return c + (a < b ? b - a : a - b); });
}

TEST(MachineInteger, CarryChainAddsAndSubtracts128Bits) {
  check_instruction<U, U, U, U>("{ .reg .b32 %z; add.cc.u32 %z, %a, %b; addc.u32 %d, %c, 7; }",
                                [](UL a, UL b, UL c) { return c + 7 + ((a + b) >> 32); });
  check_instruction<U, U, U, U>("{ .reg .b32 %z; sub.cc.u32 %z, %a, %b; subc.u32 %d, %c, 7; }",
                                [](UL a, UL b, UL c) { return c - 7 - (a < b ? 1 : 0); });
  check_instruction<UL, UL, UL, UL>("{ .reg .b64 %z; add.cc.u64 %z, %a, %b; addc.cc.u64 %z, %c, %c; addc.u64 %d, 0, 0; }",
                                    [](UnsignedWide a, UnsignedWide b, UnsignedWide c) {
                                      const UnsignedWide low = a + b;
                                      return static_cast<UL>((c + c + (low >> 64)) >> 64);
                                    });
  check_instruction<U, U, U, U>("{ .reg .b32 %z; mad.lo.cc.u32 %z, %a, %b, %c; madc.hi.u32 %d, %a, %b, 0; }",
                                [](UL a, UL b, UL c) { return (a * b + c) >> 32; });
}

TEST(MachineInteger, DotProducts) {
  check_instruction<I, U, U, I>("dp4a.s32.s32 %d, %a, %b, %c;", [](U a, U b, L c) {
    for (int i = 0; i < 4; ++i) c += static_cast<int8_t>(a >> (8 * i)) * static_cast<int8_t>(b >> (8 * i));
    return c;
  });
  check_instruction<I, U, U, I>("dp4a.u32.s32 %d, %a, %b, %c;", [](U a, U b, L c) {
    for (int i = 0; i < 4; ++i) c += static_cast<uint8_t>(a >> (8 * i)) * static_cast<int8_t>(b >> (8 * i));
    return c;
  });
  check_instruction<I, U, U, I>("dp2a.hi.s32.u32 %d, %a, %b, %c;", [](U a, U b, L c) {
    for (int i = 0; i < 2; ++i) c += static_cast<I16>(a >> (16 * i)) * static_cast<uint8_t>(b >> (16 + 8 * i));
    return c;
  });
}

}  // namespace
}  // namespace attune::emulator::test
