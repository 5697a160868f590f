// Arithmetic of f16 and bf16 codes with one rounding per operation.
//
// Source: PTX ISA, "Half precision floating-point instructions". Pure functions, any thread. Formats other than f16 and bf16
// are not accepted here (asserted). Packed instructions apply these to each half.
#pragma once

#include <cstdint>

#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/formats.hpp"

namespace attune::emulator {

struct HalfArithmetic {
  bool ftz = false;   // f16 only: subnormal inputs and results become zero of their sign
  bool sat = false;   // clamp to [0, 1]; NaN becomes +0
  bool relu = false;  // fma: negative becomes +0; NaN stays NaN
};

uint16_t half_add(Format format, uint16_t a, uint16_t b, HalfArithmetic how = {});
uint16_t half_subtract(Format format, uint16_t a, uint16_t b, HalfArithmetic how = {});
uint16_t half_multiply(Format format, uint16_t a, uint16_t b, HalfArithmetic how = {});
uint16_t half_fma(Format format, uint16_t a, uint16_t b, uint16_t c, HalfArithmetic how = {});

// As minimum() and maximum() of f32. -0 < +0.
uint16_t half_minimum(Format format, uint16_t a, uint16_t b, Extremum how = {});
uint16_t half_maximum(Format format, uint16_t a, uint16_t b, Extremum how = {});

// neg and abs work on the sign bit; a NaN becomes the canonical NaN.
uint16_t half_negate(Format format, uint16_t a, bool ftz = false);
uint16_t half_absolute(Format format, uint16_t a, bool ftz = false);

// ex2.approx and tanh.approx: computed in double, rounded once.
uint16_t half_approximate(Format format, Approximation function, uint16_t a, bool ftz = false);

// Comparisons (setp, set) are those of the decoded values.
float half_value(Format format, uint16_t code, bool ftz = false);

}  // namespace attune::emulator
