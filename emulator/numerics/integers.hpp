// cvt between floating point and integers.
//
// Source: PTX ISA, cvt ("Integer rounding modifiers", "Saturation modifiers"). Pure functions, any thread.
#pragma once

#include <cstdint>

#include "emulator/numerics/formats.hpp"

namespace attune::emulator {

enum class IntegerRounding : uint8_t {
  nearest_even,  // .rni
  zero,          // .rzi
  down,          // .rmi
  up,            // .rpi
};

struct IntegerType {
  int bits;  // 8, 16, 32 or 64
  bool is_signed;
};

// Rounds to an integral value, in floating point (cvt.rni.f32.f32 and the like). The sign of zero is kept; NaN and infinity
// pass.
double round_to_integral(double value, IntegerRounding rounding);

// The two's complement bits (sign-extended or zero-extended to 64) of `value` rounded and clamped to the range of `to`; PTX
// clamps with and without .sat. NaN gives 0 from f16, bf16 and f32 to at most 32 bits, and otherwise only the highest bit of
// the type set: `from_f64` says that the source is f64.
uint64_t integer_from_float(double value, IntegerRounding rounding, IntegerType to, bool from_f64 = false);

// The code of an integer (`bits` holds it sign- or zero-extended to 64) in a floating format, rounded once.
uint64_t float_from_integer(Format format, uint64_t bits, bool is_signed, Encoding how = {});

}  // namespace attune::emulator
