// Floating-point instructions and conversions against double arithmetic of the host.
#include <cfenv>
#include <cmath>
#include <cstdint>

#include "emulator/numerics/formats.hpp"
#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using F = float;
using D = double;
using U = uint32_t;
using H = uint16_t;

// The result of one operation rounded in another direction, by the host's own rounding modes.
template <class Op>
float directed(int mode, Op&& op) {
  std::fesetround(mode);
  volatile float result = op();
  std::fesetround(FE_TONEAREST);
  return result;
}

float half(uint16_t code) { return static_cast<float>(decode(Format::f16, code)); }
uint16_t to_half(double value) { return static_cast<uint16_t>(encode(Format::f16, value)); }

TEST(MachineFloat, Single) {
  check_instruction<F, F, F>("add.f32 %d, %a, %b;", [](F a, F b) { return a + b; });
  check_instruction<F, F, F>("sub.rn.f32 %d, %a, %b;", [](F a, F b) { return a - b; });
  check_instruction<F, F, F>("mul.f32 %d, %a, %b;", [](F a, F b) { return a * b; });
  check_instruction<F, F, F, F>("fma.rn.f32 %d, %a, %b, %c;", [](F a, F b, F c) { return std::fma(a, b, c); });
  check_instruction<F, F, F>("div.rn.f32 %d, %a, %b;", [](F a, F b) { return a / b; });
  check_instruction<F, F>("sqrt.rn.f32 %d, %a;", [](F a) { return std::sqrt(a); });
  check_instruction<F, F>("rcp.rn.f32 %d, %a;", [](F a) { return 1 / a; });
  check_instruction<F, F>("neg.f32 %d, %a;", [](F a) { return -a; });
  check_instruction<F, F>("abs.f32 %d, %a;", [](F a) { return std::fabs(a); });
  check_instruction<F, F, F>("max.f32 %d, %a, %b;", [](F a, F b) {
    return a == 0 && b == 0 ? (std::signbit(a) && std::signbit(b) ? -0.0f : 0.0f) : std::fmax(a, b);
  });
  check_instruction<F, F, F>("min.NaN.f32 %d, %a, %b;", [](F a, F b) {
    if (std::isnan(a) || std::isnan(b)) return std::nanf("");
    return a == 0 && b == 0 ? (std::signbit(a) || std::signbit(b) ? -0.0f : 0.0f) : std::fmin(a, b);
  });
  check_instruction<F, F, F, F>(
      "max.f32 %d, %a, %b, %c;",
      [](F a, F b, F c) {
        const auto bigger = [](F x, F y) { return x == 0 && y == 0 ? x + y : std::fmax(x, y); };
        return bigger(bigger(a, b), c);
      },
      "sm_100a");
  check_instruction<F, F, F>("copysign.f32 %d, %a, %b;", [](F a, F b) { return std::copysign(b, a); });
  check_instruction<F, F, F>("add.sat.f32 %d, %a, %b;", [](F a, F b) {
    const F s = a + b;
    return s > 0 ? std::fmin(s, 1.0f) : 0.0f;
  });
  check_instruction<F, F, F>("mul.ftz.f32 %d, %a, %b;", [](F a, F b) {
    const auto flush = [](F v) { return std::fpclassify(v) == FP_SUBNORMAL ? std::copysign(0.0f, v) : v; };
    return flush(flush(a) * flush(b));
  });
}

TEST(MachineFloat, SingleRoundedInOtherDirections) {
  check_instruction<F, F, F>("add.rz.f32 %d, %a, %b;", [](F a, F b) {
    return directed(FE_TOWARDZERO, [&] {
      volatile F x = a, y = b;
      return x + y;
    });
  });
  check_instruction<F, F, F>("mul.rp.f32 %d, %a, %b;", [](F a, F b) {
    return directed(FE_UPWARD, [&] {
      volatile F x = a, y = b;
      return x * y;
    });
  });
  check_instruction<F, F, F>("div.rm.f32 %d, %a, %b;", [](F a, F b) {
    return directed(FE_DOWNWARD, [&] {
      volatile F x = a, y = b;
      return x / y;
    });
  });
}

TEST(MachineFloat, Double) {
  check_instruction<D, D, D>("add.f64 %d, %a, %b;", [](D a, D b) { return a + b; });
  check_instruction<D, D, D, D>("fma.rn.f64 %d, %a, %b, %c;", [](D a, D b, D c) { return std::fma(a, b, c); });
  check_instruction<D, D, D>("div.rn.f64 %d, %a, %b;", [](D a, D b) { return a / b; });
}

TEST(MachineFloat, TwoSinglesInARegister) {
  check_instruction<uint64_t, F, F, F>(
      "{ .reg .b64 %z<2>; mov.b64 %z0, {%a, %b}; mov.b64 %z1, {%b, %c}; fma.rn.f32x2 %d, %z0, %z1, %z0; }",
      [](F a, F b, F c) {
        const auto bits = [](F v) { return uint64_t{std::isnan(v) ? 0x7fffffffu : std::bit_cast<U>(v)}; };
        return bits(std::fma(a, b, a)) | bits(std::fma(b, c, b)) << 32;
      },
      "sm_100a");
}

TEST(MachineFloat, Half) {
  const auto nan_or = [](double v) { return std::isnan(v) ? H{0x7fff} : to_half(v); };
  check_instruction<H, H, H>("add.f16 %d, %a, %b;", [&](H a, H b) { return nan_or(double{half(a)} + half(b)); });
  check_instruction<H, H, H>("mul.f16 %d, %a, %b;", [&](H a, H b) { return nan_or(double{half(a)} * half(b)); });
  check_instruction<U, U, U>("sub.f16x2 %d, %a, %b;", [&](U a, U b) {
    const auto one = [&](int s) { return U{nan_or(double{half(static_cast<H>(a >> s))} - half(static_cast<H>(b >> s)))}; };
    return one(0) | one(16) << 16;
  });
  check_instruction<F, H, F>("{ .reg .b16 %z; cvt.rn.f16.f32 %z, %b; fma.rn.f16 %z, %a, %z, %a; cvt.f32.f16 %d, %z; }",
                             [&](H a, F b) {
                               const double product = double{half(a)} * half(to_half(b));  // exact
                               const double sum = product + half(a);
                               return static_cast<F>(half(to_half(sum)));
                             });
  check_instruction<H, H>("neg.f16 %d, %a;", [](H a) { return (a & 0x7fff) > 0x7c00 ? 0x7fff : a ^ 0x8000; });
  check_instruction<U, U, U>("max.bf16x2 %d, %a, %b;", [](U a, U b) {
    const auto one = [&](int s) {
      const F x = std::bit_cast<F>((a >> s & 0xffff) << 16);
      const F y = std::bit_cast<F>((b >> s & 0xffff) << 16);
      if (std::isnan(x) && std::isnan(y)) return U{0x7fff};
      if (std::isnan(x) || std::isnan(y)) return std::bit_cast<U>(std::isnan(x) ? y : x) >> 16;
      if (x == 0 && y == 0) return std::bit_cast<U>(x + y) >> 16;
      return std::bit_cast<U>(std::fmax(x, y)) >> 16;
    };
    return one(0) | one(16) << 16;
  });
}

TEST(MachineFloat, Approximations) {
  check_instruction<F, F>("ex2.approx.f32 %d, %a;", [](F a) { return static_cast<F>(std::exp2(double{a})); });
  check_instruction<F, F>("lg2.approx.f32 %d, %a;", [](F a) { return static_cast<F>(std::log2(double{a})); });
  check_instruction<F, F>("rsqrt.approx.f32 %d, %a;", [](F a) { return static_cast<F>(1 / std::sqrt(double{a})); });
  check_instruction<F, F>("tanh.approx.f32 %d, %a;", [](F a) { return static_cast<F>(std::tanh(double{a})); });
  check_instruction<F, F>("sin.approx.f32 %d, %a;", [](F a) { return static_cast<F>(std::sin(double{a})); });
  check_instruction<H, H>("ex2.approx.f16 %d, %a;", [](H a) {
    const double v = std::exp2(double{half(a)});
    return std::isnan(v) ? H{0x7fff} : to_half(v);
  });
}

TEST(MachineConvert, IntegersAndFloats) {
  check_instruction<F, int32_t>("cvt.rn.f32.s32 %d, %a;", [](int32_t a) { return static_cast<F>(a); });
  check_instruction<F, uint64_t>("cvt.rn.f32.u64 %d, %a;", [](uint64_t a) { return static_cast<F>(a); });
  check_instruction<int32_t, F>("cvt.rni.s32.f32 %d, %a;", [](F a) -> int32_t {
    if (std::isnan(a)) return 0;
    return static_cast<int32_t>(std::clamp(std::nearbyint(double{a}), -2147483648.0, 2147483647.0));
  });
  check_instruction<U, F>("cvt.rzi.u32.f32 %d, %a;", [](F a) -> U {
    return !(a > 0) ? 0 : static_cast<U>(std::fmin(std::trunc(double{a}), 4294967295.0));
  });
  check_instruction<int64_t, int32_t>("cvt.s64.s32 %d, %a;", [](int64_t a) { return a; });
  check_instruction<uint64_t, U>("cvt.u64.u32 %d, %a;", [](U a) { return a; });
  check_instruction<U, uint64_t>("cvt.u32.u64 %d, %a;", [](uint64_t a) { return a; });
  check_instruction<U, U>("cvt.u32.u8 %d, %a;", [](U a) { return a & 0xff; });
  check_instruction<int32_t, U>("cvt.s32.s8 %d, %a;", [](U a) { return static_cast<int8_t>(a); });
  check_instruction<int16_t, U>("cvt.s8.s32 %d, %a;", [](U a) { return static_cast<int8_t>(a); });
  check_instruction<H, U>("cvt.u16.u32 %d, %a;", [](U a) { return a; });
  check_instruction<H, int32_t>("cvt.sat.u8.s32 %d, %a;", [](int32_t a) { return std::clamp(a, 0, 255); });
  check_instruction<int32_t, int64_t>("cvt.sat.s32.s64 %d, %a;",
                                      [](int64_t a) { return std::clamp<int64_t>(a, INT32_MIN, INT32_MAX); });
  check_instruction<F, F>("cvt.rmi.f32.f32 %d, %a;", [](F a) { return std::floor(a); });
  check_instruction<F, D>("cvt.rn.f32.f64 %d, %a;", [](D a) { return static_cast<F>(a); });
  check_instruction<D, F>("cvt.f64.f32 %d, %a;", [](F a) { return static_cast<D>(a); });
}

TEST(MachineConvert, PackedIntegers) {
  using I = int32_t;
  check_instruction<U, I, I, U>("cvt.pack.sat.s8.s32.b32 %d, %a, %b, %c;", [](I a, I b, U c) {
    return c << 16 | (static_cast<U>(std::clamp(a, -128, 127)) & 0xff) << 8 |
           (static_cast<U>(std::clamp(b, -128, 127)) & 0xff);
  });
  check_instruction<U, I, I>("cvt.pack.sat.u16.s32 %d, %a, %b;", [](I a, I b) {
    return static_cast<U>(std::clamp(a, 0, 65535)) << 16 | static_cast<U>(std::clamp(b, 0, 65535));
  });
}

TEST(MachineConvert, PackedAndNarrowFormats) {
  const auto code = [](Format format, F value, bool saturate = false) {
    return static_cast<U>(encode(format, value, {Rounding::nearest_even, saturate, false}));
  };
  check_instruction<U, F, F>("cvt.rn.bf16x2.f32 %d, %a, %b;",
                             [&](F a, F b) { return code(Format::bf16, a) << 16 | code(Format::bf16, b); });
  check_instruction<U, F, F>("cvt.rn.relu.f16x2.f32 %d, %a, %b;", [&](F a, F b) {
    const auto one = [&](F v) { return std::isnan(v) ? 0x7fffu : code(Format::f16, v > 0 ? v : 0.0f); };
    return one(a) << 16 | one(b);
  });
  check_instruction<H, F, F>("cvt.rn.satfinite.e4m3x2.f32 %d, %a, %b;",
                             [&](F a, F b) { return code(Format::e4m3, a, true) << 8 | code(Format::e4m3, b, true); });
  check_instruction<U, H>("cvt.rn.f16x2.e5m2x2 %d, %a;", [&](H a) {
    const auto one = [](U byte) {
      const double v = decode(Format::e5m2, byte & 0xff);
      return std::isnan(v) ? 0x7fffu : static_cast<U>(encode(Format::f16, v));
    };
    return one(a >> 8) << 16 | one(a);
  });
  check_instruction<H, F, F>(
      "{ .reg .b8 %z; cvt.rn.satfinite.e2m1x2.f32 %z, %a, %b; mov.b16 %d, {%z, 0}; }",
      [&](F a, F b) { return code(Format::e2m1, a, true) << 4 | code(Format::e2m1, b, true); }, "sm_100a");
  check_instruction<U, F>("cvt.rna.tf32.f32 %d, %a;", [](F a) {
    return static_cast<U>(encode(Format::tf32, a, {Rounding::nearest_away, false, false}));
  });
}

}  // namespace
}  // namespace attune::emulator::test
