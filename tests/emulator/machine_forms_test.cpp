// The less common forms of instructions whose common ones are tested elsewhere.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "emulator/numerics/formats.hpp"
#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using F = float;
using H = uint16_t;
using I = int32_t;
using U = uint32_t;
using UL = uint64_t;

float half(U code) { return static_cast<float>(decode(Format::f16, code & 0xffff)); }
float brain(U code) { return std::bit_cast<float>((code & 0xffff) << 16); }
U code_of(Format format, double value) { return static_cast<U>(encode(format, value)); }
template <class Op>
U both_halves(Op&& op) {
  return op(0) | op(16) << 16;
}

TEST(MachineForms, Bits) {
  check_instruction<U, U, U, I>("{ .reg .b32 %z; and.b32 %z, %b, 31; fns.b32 %d, %a, %z, %c; }", [](U a, U b, I c) {
    int64_t at = b & 31;
    if (c == 0) return (a >> at & 1) != 0 ? static_cast<U>(at) : ~0u;
    int64_t left = std::abs(int64_t{c});
    for (; at >= 0 && at < 32; at += c > 0 ? 1 : -1) {
      if ((a >> at & 1) != 0 && --left == 0) return static_cast<U>(at);
    }
    return ~0u;
  });
  check_instruction<I, U, U>("szext.wrap.s32 %d, %a, %b;", [](U a, U b) {
    const U n = b & 31;
    return n == 0 ? 0 : static_cast<I>(a << (32 - n)) >> (32 - n);
  });
  check_instruction<U, U, U>("szext.clamp.u32 %d, %a, %b;", [](U a, U b) { return b > 31 ? a : a & ((1u << b) - 1); });
  check_instruction<U, U, U, U>("prmt.b32.b4e %d, %a, %b, %c;", [](U a, U b, U c) {
    const UL both = UL{b} << 32 | a;
    // Bytes c, c-1, c-2, c-3, going round from 0 to 7.
    const U selected = c & 3;
    U r = 0;
    for (U i = 0; i < 4; ++i) r |= static_cast<U>(both >> (8 * ((selected + 8 - i) & 7)) & 0xff) << (8 * i);
    return r;
  });
  check_instruction<U, U, U, U>("prmt.b32.ecl %d, %a, %b, %c;", [](U a, U, U c) {
    U r = 0;
    for (U i = 0; i < 4; ++i) r |= (a >> (8 * std::max(i, c & 3)) & 0xff) << (8 * i);
    return r;
  });
  check_instruction<U, U, U, U>("prmt.b32.ecr %d, %a, %b, %c;", [](U a, U, U c) {
    U r = 0;
    for (U i = 0; i < 4; ++i) r |= (a >> (8 * std::min(i, c & 3)) & 0xff) << (8 * i);
    return r;
  });
  check_instruction<U, U, U, U>("prmt.b32.rc8 %d, %a, %b, %c;",
                                [](U a, U, U c) { return (a >> (8 * (c & 3)) & 0xff) * 0x01010101u; });
  check_instruction<U, U, U>(
      "{ .reg .pred %z<2>; setp.gt.u32 %z0, %a, %b; lop3.or.b32 %d|%z1, %a, %b, 0, 0xc0, %z0; "
      "selp.b32 %d, %d, 77, %z1; }",
      [](U a, U b) { return (a & b) != 0 || a > b ? a & b : 77; }, "sm_90a");
}

TEST(MachineForms, HalfComparisons) {
  check_instruction<U, U, U>(
      "{ .reg .pred %z<2>; setp.lt.f16x2 %z0|%z1, %a, %b; selp.b32 %d, 1, 0, %z0; @%z1 add.u32 %d, %d, 2; }",
      [](U a, U b) { return (half(a) < half(b) ? 1 : 0) + (half(a >> 16) < half(b >> 16) ? 2 : 0); });
  check_instruction<U, H, H>("{ .reg .pred %z; setp.geu.bf16 %z, %a, %b; selp.b32 %d, 1, 0, %z; }",
                             [](U a, U b) { return !(brain(a) < brain(b)); });
  check_instruction<U, U, U>("set.gt.f16x2.f16x2 %d, %a, %b;", [](U a, U b) {
    return both_halves([&](int s) { return half(a >> s) > half(b >> s) ? 0x3c00u : 0u; });
  });
  check_instruction<U, U, U>("set.le.u32.f16x2 %d, %a, %b;", [](U a, U b) {
    return both_halves([&](int s) { return half(a >> s) <= half(b >> s) ? 0xffffu : 0u; });
  });
}

TEST(MachineForms, HalfArithmetic) {
  const auto result = [](Format format, double v) { return std::isnan(v) ? 0x7fffu : code_of(format, v); };
  check_instruction<U, U, U>("mul.bf16x2 %d, %a, %b;", [&](U a, U b) {
    return both_halves([&](int s) { return result(Format::bf16, double{brain(a >> s)} * brain(b >> s)); });
  });
  check_instruction<U, U, U>("fma.rn.relu.bf16x2 %d, %a, %b, %a;", [&](U a, U b) {
    return both_halves([&](int s) {
      const long double exact = static_cast<long double>(brain(a >> s)) * brain(b >> s) + brain(a >> s);
      // 64 bits of fraction hold product and sum unless one dwarfs the other; then the larger alone decides.
      const auto v = static_cast<double>(exact);
      return std::isnan(v) ? 0x7fffu : v <= 0 ? 0u : code_of(Format::bf16, v);
    });
  });
  check_instruction<U, U>("abs.f16x2 %d, %a;", [](U a) {
    return both_halves([&](int s) { return std::isnan(half(a >> s)) ? 0x7fffu : a >> s & 0x7fff; });
  });
  check_instruction<U, U>("neg.bf16x2 %d, %a;", [](U a) {
    return both_halves([&](int s) { return std::isnan(brain(a >> s)) ? 0x7fffu : (a >> s & 0xffff) ^ 0x8000; });
  });
  check_instruction<U, U>("tanh.approx.bf16x2 %d, %a;", [&](U a) {
    return both_halves([&](int s) { return result(Format::bf16, std::tanh(double{brain(a >> s)})); });
  });
  check_instruction<F, H, F>("add.rn.f32.bf16 %d, %a, %b;", [](U a, F b) { return brain(a) + b; }, "sm_100a");
  check_instruction<F, H, H, F>(
      "fma.rn.f32.f16 %d, %a, %b, %c;", [](U a, U b, F c) { return std::fma(half(a), half(b), c); }, "sm_100a");
}

TEST(MachineForms, SingleArithmetic) {
  check_instruction<F, F, F>("div.approx.f32 %d, %a, %b;", [](F a, F b) { return a / b; });
  check_instruction<F, F, F>("div.full.f32 %d, %a, %b;", [](F a, F b) { return a / b; });
  check_instruction<F, F>("rcp.approx.f32 %d, %a;", [](F a) { return 1 / a; });
  check_instruction<F, F>("sqrt.approx.f32 %d, %a;", [](F a) { return std::sqrt(a); });
  check_instruction<F, F>("cos.approx.f32 %d, %a;", [](F a) { return static_cast<F>(std::cos(double{a})); });
  check_instruction<F, F, F>("max.xorsign.abs.f32 %d, %a, %b;", [](F a, F b) {
    const F m = std::fmax(std::fabs(a), std::fabs(b));
    return std::isnan(m) ? m : std::signbit(a) != std::signbit(b) ? -m : m;
  });
  check_instruction<F, F, F, F>("fma.rn.sat.f32 %d, %a, %b, %c;", [](F a, F b, F c) {
    const F v = std::fma(a, b, c);
    return v > 0 ? std::fmin(v, 1.0f) : 0.0f;
  });
  check_instruction<U, U, U, U>("dp2a.lo.u32.u32 %d, %a, %b, %c;",
                                [](U a, U b, U c) { return c + (a & 0xffff) * (b & 0xff) + (a >> 16) * (b >> 8 & 0xff); });
}

TEST(MachineForms, CopiesThatAPredicateTurnsIntoZeros) {
  std::vector<U> in(128);
  for (U i = 0; i < 128; ++i) in[i] = i + 1;
  std::vector<U> out(32);
  Launcher launcher(kernel_text(2, R"(
    .shared .align 16 .b8 tile[512];
    createpolicy.fractional.L2::evict_last.b64 %l5, 1.0;
    mov.u32 %r1, tile; shl.b32 %r2, %t, 4; add.u32 %r3, %r1, %r2; mul.wide.u32 %l0, %t, 16; add.s64 %l1, %q1, %l0;
    and.b32 %r4, %t, 1; setp.eq.u32 %p1, %r4, 1;
    cp.async.cg.shared.global.L2::cache_hint [%r3], [%l1], 16, %p1, %l5;
    cp.async.wait_all;
    ld.shared.u32 %r0, [%r3+4];
    prefetch.global.L2 [%l1]; discard.global.L2 [%q0], 128; membar.gl; fence.acq_rel.gpu; nanosleep.u32 20; pmevent 3;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.L2::cache_hint.u32 [%l0], %r0, %l5;)"));
  launcher.buffer(out, "out").buffer(in, "in", false).threads(32).ok();
  for (U i = 0; i < 32; ++i) EXPECT_EQ(out[i], (i & 1) != 0 ? 0u : in[4 * i + 1]);
}

TEST(MachineForms, WideLoadsAndVectorAtomics) {
  alignas(32) static U source[8];
  for (U i = 0; i < 8; ++i) source[i] = i * 11;
  std::vector<U> in(16);
  std::vector<F> sums(4, 1.0f);
  std::vector<U> out(1);
  // The buffer's alignment is not ours to choose: the kernel rounds the pointer up.
  Launcher launcher(kernel_text(3, R"(
    add.s64 %l1, %q1, 31; and.b64 %l1, %l1, -32;
    ld.global.nc.L1::no_allocate.L2::256B.v8.b32 {%r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8}, [%l1];
    add.u32 %r0, %r1, %r8; st.global.u32 [%q0], %r0;
    mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f40000000;
    red.global.add.v4.f32 [%q2], {%f1, %f2, %f1, %f2};)",
                                "sm_100a"));
  const auto skip = (32 - reinterpret_cast<uintptr_t>(in.data()) % 32) % 32 / 4;
  for (U i = 0; i < 8; ++i) in[skip + i] = source[i];
  launcher.buffer(out, "out").buffer(in, "in", false).buffer(sums, "sums").threads(1);
  if (reinterpret_cast<uintptr_t>(sums.data()) % 16 == 0) {
    launcher.ok();
    EXPECT_EQ(out[0], 77u);
    EXPECT_EQ(sums, (std::vector<F>{2.0f, 3.0f, 2.0f, 3.0f}));
  } else {
    EXPECT_THAT(launcher.report(), testing::HasSubstr("not aligned to 16"));
  }
}

TEST(MachineForms, MatchOf64BitsVoteUniAndReduxOfFloats) {
  std::vector<U> out(32);
  Launcher launcher(kernel_text(1, R"(
    rem.u32 %r1, %t, 3; cvt.u64.u32 %l1, %r1; shl.b64 %l1, %l1, 40; match.any.sync.b64 %r2, %l1, -1;
    setp.lt.u32 %p1, %t, 40; vote.sync.uni.pred %p2, %p1, -1; setp.lt.u32 %p1, %t, 5; vote.sync.uni.pred %p3, %p1, -1;
    cvt.rn.f32.u32 %f1, %t; redux.sync.max.f32 %f2, %f1, -1; cvt.rzi.u32.f32 %r3, %f2;
    popc.b32 %r0, %r2; mad.lo.u32 %r0, %r3, 100, %r0; @%p2 add.u32 %r0, %r0, 10000; @%p3 add.u32 %r0, %r0, 20000;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r0;)",
                                "sm_100a"));
  launcher.buffer(out, "out").threads(32).ok();
  for (U i = 0; i < 32; ++i) EXPECT_EQ(out[i], 10000u + 3100 + (i % 3 == 2 ? 10 : 11));
}

TEST(MachineForms, ClocksGoOn) {
  std::vector<U> out(1);
  Launcher launcher(kernel_text(1,
                                "mov.u32 %r1, %clock; mov.u64 %l1, %clock64; mov.u64 %l2, %globaltimer; add.u32 %r2, %t, 1; "
                                "mov.u32 %r3, %clock; sub.u32 %r0, %r3, %r1; st.global.u32 [%q0], %r0;"));
  launcher.buffer(out, "out").threads(1).ok();
  EXPECT_GT(out[0], 0u);
}

}  // namespace
}  // namespace attune::emulator::test
