// Decoders of opcodes that integers and floating point share.
#pragma once

#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

Result<void> decode_integer_add(Decoder& decoder);
Result<void> decode_integer_multiply(Decoder& decoder);
Result<void> decode_integer_divide(Decoder& decoder);
Result<void> decode_integer_extremum(Decoder& decoder);
Result<void> decode_integer_unary(Decoder& decoder);

Result<void> decode_float_binary(Decoder& decoder);
Result<void> decode_float_fma(Decoder& decoder);
Result<void> decode_float_divide(Decoder& decoder);
Result<void> decode_float_extremum(Decoder& decoder);
Result<void> decode_float_sign(Decoder& decoder);
Result<void> decode_copysign(Decoder& decoder);

// The handler that a family of functors has for the type of an integer instruction; null for other types.
template <template <class> class Op>
Handler integer_handler(ptx::Type type) {
  using ptx::Type;
  switch (type) {
    case Type::u16:
    case Type::b16: return Op<uint16_t>::handler;
    case Type::s16: return Op<int16_t>::handler;
    case Type::u32:
    case Type::b32: return Op<uint32_t>::handler;
    case Type::s32: return Op<int32_t>::handler;
    case Type::u64:
    case Type::b64: return Op<uint64_t>::handler;
    case Type::s64: return Op<int64_t>::handler;
    default: return nullptr;
  }
}

}  // namespace attune::emulator
