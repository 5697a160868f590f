// add, sub, mul, mad, fma, div, min, max, neg, abs: opcodes that exist for integers and for floating point.
#include "emulator/machine/arithmetic.hpp"

namespace attune::emulator {
namespace {

template <DecodeFunction Integer, DecodeFunction Float>
Result<void> by_type(Decoder& d) {
  // The last modifier is the type of the operation; mixed-precision forms have two.
  const std::string_view opcode = d.opcode();
  const auto type = ptx::parse_type(opcode.substr(opcode.rfind('.') + 1));
  return type && is_float(*type) ? Float(d) : Integer(d);  // s16x2 and u16x2 are types of integer instructions only
}

}  // namespace

std::vector<OpcodeEntry> arithmetic_opcodes() {
  return {{"add", by_type<decode_integer_add, decode_float_binary>},
          {"sub", by_type<decode_integer_add, decode_float_binary>},
          {"mul", by_type<decode_integer_multiply, decode_float_binary>},
          {"mad", by_type<decode_integer_multiply, decode_float_fma>},
          {"fma", decode_float_fma},
          {"div", by_type<decode_integer_divide, decode_float_divide>},
          {"min", by_type<decode_integer_extremum, decode_float_extremum>},
          {"max", by_type<decode_integer_extremum, decode_float_extremum>},
          {"neg", by_type<decode_integer_unary, decode_float_sign>},
          {"abs", by_type<decode_integer_unary, decode_float_sign>},
          {"copysign", decode_copysign}};
}

}  // namespace attune::emulator
