// rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh.
//
// Approximations give the correctly rounded value of the exact function: PTX bounds their error, hardware's differ between
// generations, and a kernel must not depend on more than the bound. See numerics/arithmetic.hpp.
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/half.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

struct SpecialDetail {
  Approximation function = Approximation::exp2;
  Operation operation = Operation::square_root;
  Arithmetic how;
  Format format = Format::f16;
};

struct Approximate {
  static float apply(const SpecialDetail& how, float a) { return approximate(how.function, a, how.how.ftz); }
  static double apply(const SpecialDetail& how, double a) { return approximate(how.function, a); }
};
struct Rounded {
  template <class T>
  static T apply(const SpecialDetail& how, T a) {
    return how.operation == Operation::square_root ? arithmetic(how.operation, a, T(0), T(0), how.how)
                                                   : arithmetic(how.operation, T(1), a, T(0), how.how);
  }
};
template <bool Packed>
struct ApproximateHalf {
  static uint32_t apply(const SpecialDetail& how, uint32_t a) {
    const uint32_t low = half_approximate(how.format, how.function, static_cast<uint16_t>(a), how.how.ftz);
    if (!Packed) return low;
    return low |
           static_cast<uint32_t>(half_approximate(how.format, how.function, static_cast<uint16_t>(a >> 16), how.how.ftz))
               << 16;
  }
};

template <Approximation Function>
Result<void> decode_special(Decoder& d) {
  SpecialDetail how;
  how.function = Function;
  const bool approx = d.take("approx");
  const int rounding = d.take_one({"rn", "rz", "rm", "rp"});
  static constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::zero, Rounding::down, Rounding::up};
  if (rounding >= 0) how.how.rounding = kRoundings[rounding];
  how.how.ftz = d.take("ftz");
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(2, 2));
  if (!approx && rounding < 0) return d.malformed(".approx or a rounding is missing");
  Handler handler = nullptr;
  if (!approx) {
    if (Function != Approximation::reciprocal && Function != Approximation::square_root)
      return d.unsupported("the rounding of");
    how.operation = Function == Approximation::square_root ? Operation::square_root : Operation::divide;
    if (type == Type::f32) handler = detail_loop<Rounded, SpecialDetail, float, float>;
    if (type == Type::f64) handler = detail_loop<Rounded, SpecialDetail, double, double>;
  } else {
    const bool has_half = Function == Approximation::exp2 || Function == Approximation::tanh;
    how.format = type == Type::f16 || type == Type::f16x2 ? Format::f16 : Format::bf16;
    switch (type) {
      case Type::f32: handler = detail_loop<Approximate, SpecialDetail, float, float>; break;
      case Type::f64: handler = detail_loop<Approximate, SpecialDetail, double, double>; break;
      case Type::f16:
      case Type::bf16:
        handler = has_half ? detail_loop<ApproximateHalf<false>, SpecialDetail, uint32_t, uint32_t> : nullptr;
        break;
      case Type::f16x2:
      case Type::bf16x2:
        handler = has_half ? detail_loop<ApproximateHalf<true>, SpecialDetail, uint32_t, uint32_t> : nullptr;
        break;
      default: break;
    }
  }
  if (handler == nullptr) return d.unsupported("the type of");
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  d.set_detail(how);
  d.finish(handler, InstructionClass::special_function);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> special_function_opcodes() {
  return {{"rcp", decode_special<Approximation::reciprocal>},
          {"sqrt", decode_special<Approximation::square_root>},
          {"rsqrt", decode_special<Approximation::reciprocal_square_root>},
          {"ex2", decode_special<Approximation::exp2>},
          {"lg2", decode_special<Approximation::log2>},
          {"sin", decode_special<Approximation::sine>},
          {"cos", decode_special<Approximation::cosine>},
          {"tanh", decode_special<Approximation::tanh>}};
}

}  // namespace attune::emulator
