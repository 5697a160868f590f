// Floating-point arithmetic: add, sub, mul, fma, div, min, max, neg, abs, copysign, in f32, f32x2, f64, f16, f16x2, bf16,
// bf16x2.
#include <bit>
#include <cmath>

#include "emulator/machine/arithmetic.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/half.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

struct FloatDetail {
  Operation operation = Operation::add;
  Arithmetic how;
  Extremum extremum;
  HalfArithmetic half;
  Format format = Format::f16;
  bool max = false;
  bool negate = false;
  Type second = Type::none;  // mixed precision: the type of the narrow sources
};

// --- f32, f64 ----------------------------------------------------------------------------------------------------------

template <Operation Op>
struct PlainFloat {
  static float apply(float a, float b) {
    return canonical(Op == Operation::add ? a + b : Op == Operation::subtract ? a - b : a * b);
  }
};

// Fused multiply-add of a full warp: the hardware's instruction where this host has one.
__attribute__((target("fma,avx2"))) void fma_hardware(const float* a, const float* b, const float* c, float* d) {
  for (int lane = 0; lane < kLanes; ++lane) d[lane] = __builtin_fmaf(a[lane], b[lane], c[lane]);
}
void fma_portable(const float* a, const float* b, const float* c, float* d) {
  for (int lane = 0; lane < kLanes; ++lane) d[lane] = std::fma(a[lane], b[lane], c[lane]);
}

void run_plain_fma(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  static const bool kHasFma = __builtin_cpu_supports("fma") != 0 && __builtin_cpu_supports("avx2") != 0;
  alignas(64) float result[kLanes];
  const auto* a = warp.lanes<float>(instruction.source(0));
  const auto* b = warp.lanes<float>(instruction.source(1));
  const auto* c = warp.lanes<float>(instruction.source(2));
  (kHasFma ? fma_hardware : fma_portable)(a, b, c, result);
  auto* d = warp.lanes<float>(instruction.destination());
  if (lanes == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) d[lane] = canonical(result[lane]);
  } else {
    for_each_lane(lanes, [&](int lane) { d[lane] = canonical(result[lane]); });
  }
}

struct Binary {
  template <class T>
  static T apply(const FloatDetail& how, T a, T b) {
    return arithmetic(how.operation, a, b, T(0), how.how);
  }
};
struct Ternary {
  template <class T>
  static T apply(const FloatDetail& how, T a, T b, T c) {
    return arithmetic(how.operation, a, b, c, how.how);
  }
};

template <class F>
uint64_t for_both(F&& function) {
  return uint64_t{std::bit_cast<uint32_t>(function(0))} | uint64_t{std::bit_cast<uint32_t>(function(32))} << 32;
}
float part(uint64_t pair, int shift) { return std::bit_cast<float>(static_cast<uint32_t>(pair >> shift)); }
struct PackedBinary {
  static uint64_t apply(const FloatDetail& how, uint64_t a, uint64_t b) {
    return for_both([&](int s) { return arithmetic(how.operation, part(a, s), part(b, s), 0.0f, how.how); });
  }
};
struct PackedTernary {
  static uint64_t apply(const FloatDetail& how, uint64_t a, uint64_t b, uint64_t c) {
    return for_both([&](int s) { return arithmetic(how.operation, part(a, s), part(b, s), part(c, s), how.how); });
  }
};

// --- f16, bf16 ---------------------------------------------------------------------------------------------------------

uint16_t half_operation(const FloatDetail& how, uint16_t a, uint16_t b, uint16_t c) {
  switch (how.operation) {
    case Operation::add: return half_add(how.format, a, b, how.half);
    case Operation::subtract: return half_subtract(how.format, a, b, how.half);
    case Operation::multiply: return half_multiply(how.format, a, b, how.half);
    default: return half_fma(how.format, a, b, c, how.half);
  }
}
template <bool Packed>
struct HalfBinary {
  static uint32_t apply(const FloatDetail& how, uint32_t a, uint32_t b) { return HalfBinary::three(how, a, b, 0); }
  static uint32_t three(const FloatDetail& how, uint32_t a, uint32_t b, uint32_t c) {
    const auto at = [](uint32_t value, int shift) { return static_cast<uint16_t>(value >> shift); };
    const uint32_t low = half_operation(how, at(a, 0), at(b, 0), at(c, 0));
    return Packed ? low | static_cast<uint32_t>(half_operation(how, at(a, 16), at(b, 16), at(c, 16))) << 16 : low;
  }
};
template <bool Packed>
struct HalfTernary {
  static uint32_t apply(const FloatDetail& how, uint32_t a, uint32_t b, uint32_t c) {
    return HalfBinary<Packed>::three(how, a, b, c);
  }
};

// add.f32.bf16 and the like: the narrow sources are exact in f32.
struct MixedBinary {
  static float apply(const FloatDetail& how, uint32_t a, float b) {
    return arithmetic(how.operation, half_value(how.format, static_cast<uint16_t>(a)), b, 0.0f, how.how);
  }
};
struct MixedFma {
  static float apply(const FloatDetail& how, uint32_t a, uint32_t b, float c) {
    return arithmetic(how.operation, half_value(how.format, static_cast<uint16_t>(a)),
                      half_value(how.format, static_cast<uint16_t>(b)), c, how.how);
  }
};

// --- min, max, neg, abs --------------------------------------------------------------------------------------------------

struct FloatExtremum {
  static float apply(const FloatDetail& how, float a, float b) {
    return how.max ? maximum(a, b, how.extremum) : minimum(a, b, how.extremum);
  }
  static double apply(const FloatDetail& how, double a, double b) { return how.max ? maximum(a, b) : minimum(a, b); }
};
struct FloatExtremum3 {
  static float apply(const FloatDetail& how, float a, float b, float c) {
    return FloatExtremum::apply(how, FloatExtremum::apply(how, a, b), c);
  }
};
template <bool Packed>
struct HalfExtremum {
  static uint32_t apply(const FloatDetail& how, uint32_t a, uint32_t b) {
    const auto one = [&](int s) -> uint32_t {
      const auto x = static_cast<uint16_t>(a >> s);
      const auto y = static_cast<uint16_t>(b >> s);
      return how.max ? half_maximum(how.format, x, y, how.extremum) : half_minimum(how.format, x, y, how.extremum);
    };
    return Packed ? one(0) | one(16) << 16 : one(0);
  }
};

struct FloatSign {
  static float apply(const FloatDetail& how, float a) {
    if (how.how.ftz) a = flush(a);
    if (a != a) return canonical(a);
    return how.negate ? -a : std::fabs(a);
  }
  static double apply(const FloatDetail& how, double a) { return how.negate ? -a : std::fabs(a); }
};
template <bool Packed>
struct HalfSign {
  static uint32_t apply(const FloatDetail& how, uint32_t a) {
    const auto one = [&](int s) -> uint32_t {
      const auto x = static_cast<uint16_t>(a >> s);
      return how.negate ? half_negate(how.format, x, how.half.ftz) : half_absolute(how.format, x, how.half.ftz);
    };
    return Packed ? one(0) | one(16) << 16 : one(0);
  }
};

template <class U>
struct CopySign {
  static U apply(U sign, U magnitude) {
    constexpr U kSign = U{1} << (sizeof(U) * 8 - 1);
    return (sign & kSign) | (magnitude & ~kSign);
  }
};

// --- decoding ------------------------------------------------------------------------------------------------------------

bool is_half(Type type) { return type == Type::f16 || type == Type::bf16 || type == Type::f16x2 || type == Type::bf16x2; }
Format half_format(Type type) { return type == Type::f16 || type == Type::f16x2 ? Format::f16 : Format::bf16; }

void take_arithmetic(Decoder& d, FloatDetail& how) {
  const int rounding = d.take_one({"rn", "rz", "rm", "rp"});
  static constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::zero, Rounding::down, Rounding::up};
  if (rounding >= 0) how.how.rounding = kRoundings[rounding];
  how.how.ftz = how.half.ftz = d.take("ftz");
  how.how.sat = how.half.sat = d.take("sat");
  how.half.relu = d.take("relu");
}

Result<void> finish_float(Decoder& d, size_t sources, Type type, FloatDetail how, Handler handler) {
  ATTUNE_CHECK(d.need_operands(sources + 1, sources + 1));
  if (handler == nullptr) return d.unsupported("the type of");
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  for (size_t i = 1; i <= sources; ++i) {
    const bool narrow = how.second != Type::none && i < sources;
    ATTUNE_CHECK(d.add_source(d.operand(i), narrow ? how.second : type));
  }
  if (is_half(type)) how.format = half_format(type);
  if (how.second != Type::none) how.format = half_format(how.second);
  d.set_detail(how);
  const InstructionClass kind = is_half(type)       ? InstructionClass::float16
                                : type == Type::f64 ? InstructionClass::float64
                                                    : InstructionClass::float32;
  d.finish(handler, kind);
  return {};
}

using D = FloatDetail;
using U32 = uint32_t;
using U64 = uint64_t;

}  // namespace

Result<void> decode_float_binary(Decoder& d) {
  FloatDetail how;
  const std::string_view name = d.mnemonic();
  how.operation = name == "add" ? Operation::add : name == "sub" ? Operation::subtract : Operation::multiply;
  take_arithmetic(d, how);
  ATTUNE_TRY(const Type type, d.need_type());
  how.second = d.take_type();
  if (how.second != Type::none) {
    if (type != Type::f32 || !is_half(how.second) || how.operation == Operation::multiply)
      return d.unsupported("the types of");
    return finish_float(d, 2, type, how, detail_loop<MixedBinary, D, float, U32, float>);
  }
  Handler handler = nullptr;
  switch (type) {
    case Type::f32:
      if (how.how.rounding == Rounding::nearest_even && !how.how.ftz && !how.how.sat) {
        handler = how.operation == Operation::add        ? lane_loop<PlainFloat<Operation::add>, float, float, float>
                  : how.operation == Operation::subtract ? lane_loop<PlainFloat<Operation::subtract>, float, float, float>
                                                         : lane_loop<PlainFloat<Operation::multiply>, float, float, float>;
      } else {
        handler = detail_loop<Binary, D, float, float, float>;
      }
      break;
    case Type::f64: handler = detail_loop<Binary, D, double, double, double>; break;
    case Type::f32x2: handler = detail_loop<PackedBinary, D, U64, U64, U64>; break;
    case Type::f16:
    case Type::bf16: handler = detail_loop<HalfBinary<false>, D, U32, U32, U32>; break;
    case Type::f16x2:
    case Type::bf16x2: handler = detail_loop<HalfBinary<true>, D, U32, U32, U32>; break;
    default: break;
  }
  return finish_float(d, 2, type, how, handler);
}

Result<void> decode_float_fma(Decoder& d) {
  FloatDetail how;
  how.operation = Operation::fma;
  take_arithmetic(d, how);
  ATTUNE_TRY(const Type type, d.need_type());
  how.second = d.take_type();
  if (how.second != Type::none) {
    if (type != Type::f32 || !is_half(how.second)) return d.unsupported("the types of");
    return finish_float(d, 3, type, how, detail_loop<MixedFma, D, float, U32, U32, float>);
  }
  Handler handler = nullptr;
  switch (type) {
    case Type::f32:
      handler = how.how.rounding == Rounding::nearest_even && !how.how.ftz && !how.how.sat
                    ? run_plain_fma
                    : detail_loop<Ternary, D, float, float, float, float>;
      break;
    case Type::f64: handler = detail_loop<Ternary, D, double, double, double, double>; break;
    case Type::f32x2: handler = detail_loop<PackedTernary, D, U64, U64, U64, U64>; break;
    case Type::f16:
    case Type::bf16: handler = detail_loop<HalfTernary<false>, D, U32, U32, U32, U32>; break;
    case Type::f16x2:
    case Type::bf16x2: handler = detail_loop<HalfTernary<true>, D, U32, U32, U32, U32>; break;
    default: break;
  }
  return finish_float(d, 3, type, how, handler);
}

// .approx and .full are computed as the correctly rounded quotient: PTX allows them 2 units in the last place.
Result<void> decode_float_divide(Decoder& d) {
  FloatDetail how;
  how.operation = Operation::divide;
  if (!d.take("approx")) d.take("full");
  take_arithmetic(d, how);
  ATTUNE_TRY(const Type type, d.need_type());
  Handler handler = nullptr;
  if (type == Type::f32) handler = detail_loop<Binary, D, float, float, float>;
  if (type == Type::f64) handler = detail_loop<Binary, D, double, double, double>;
  return finish_float(d, 2, type, how, handler);
}

Result<void> decode_float_extremum(Decoder& d) {
  FloatDetail how;
  how.max = d.mnemonic() == "max";
  how.extremum.ftz = d.take("ftz");
  how.extremum.nan = d.take("NaN");
  how.extremum.xorsign_abs = d.take("xorsign");
  const bool abs = d.take("abs");
  if (abs != how.extremum.xorsign_abs && d.operand_count() != 4) return d.unsupported("the modifiers of");
  ATTUNE_TRY(const Type type, d.need_type());
  if (d.operand_count() == 4) {
    if (type != Type::f32 || abs) return d.unsupported("the three-input form of");
    return finish_float(d, 3, type, how, detail_loop<FloatExtremum3, D, float, float, float, float>);
  }
  Handler handler = nullptr;
  switch (type) {
    case Type::f32: handler = detail_loop<FloatExtremum, D, float, float, float>; break;
    case Type::f64: handler = detail_loop<FloatExtremum, D, double, double, double>; break;
    case Type::f16:
    case Type::bf16: handler = detail_loop<HalfExtremum<false>, D, U32, U32, U32>; break;
    case Type::f16x2:
    case Type::bf16x2: handler = detail_loop<HalfExtremum<true>, D, U32, U32, U32>; break;
    default: break;
  }
  return finish_float(d, 2, type, how, handler);
}

Result<void> decode_float_sign(Decoder& d) {
  FloatDetail how;
  how.negate = d.mnemonic() == "neg";
  how.how.ftz = how.half.ftz = d.take("ftz");
  ATTUNE_TRY(const Type type, d.need_type());
  Handler handler = nullptr;
  switch (type) {
    case Type::f32: handler = detail_loop<FloatSign, D, float, float>; break;
    case Type::f64: handler = detail_loop<FloatSign, D, double, double>; break;
    case Type::f16:
    case Type::bf16: handler = detail_loop<HalfSign<false>, D, U32, U32>; break;
    case Type::f16x2:
    case Type::bf16x2: handler = detail_loop<HalfSign<true>, D, U32, U32>; break;
    default: break;
  }
  return finish_float(d, 1, type, how, handler);
}

Result<void> decode_copysign(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  Handler handler = nullptr;
  if (type == Type::f32) handler = lane_loop<CopySign<U32>, U32, U32, U32>;
  if (type == Type::f64) handler = lane_loop<CopySign<U64>, U64, U64, U64>;
  return finish_float(d, 2, type, {}, handler);
}

}  // namespace attune::emulator
