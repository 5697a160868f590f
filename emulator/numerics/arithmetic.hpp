// f32 and f64 arithmetic as PTX defines it: directed rounding, .ftz, .sat, canonical NaN, min and max.
//
// Source: PTX ISA, "Floating point instructions". Pure functions, any thread; the host's rounding mode must be to nearest on
// entry and is so on return.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "emulator/numerics/formats.hpp"

namespace attune::emulator {

struct Arithmetic {
  Rounding rounding = Rounding::nearest_even;
  bool ftz = false;  // f32: subnormal inputs and results become zero of their sign
  bool sat = false;  // clamp to [0, 1]; NaN becomes +0
};

inline float flush(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return (bits & 0x7f800000u) == 0 ? std::bit_cast<float>(bits & 0x80000000u) : value;
}
inline float canonical(float value) { return value != value ? std::bit_cast<float>(kNanF32) : value; }
inline double canonical(double value) { return value != value ? std::bit_cast<double>(kNanF64) : value; }

template <class Real>
Real saturate(Real value) {  // NaN and -0 give +0
  return value > Real(0) ? std::min(value, Real(1)) : Real(0);
}

enum class Operation : uint8_t { add, subtract, multiply, fma, divide, square_root };

// One rounding in the given direction; c is used by fma alone, b not by square_root. No ftz or sat: see below. nearest_away
// does not exist in PTX arithmetic and is taken as nearest_even.
float round_operation(Operation operation, float a, float b, float c, Rounding rounding);
double round_operation(Operation operation, double a, double b, double c, Rounding rounding);

// The instruction: flush inputs, compute with one rounding, flush the result, saturate, make NaN canonical.
inline float arithmetic(Operation operation, float a, float b, float c, Arithmetic how) {
  if (how.ftz) a = flush(a), b = flush(b), c = flush(c);
  float result;
  if (how.rounding == Rounding::nearest_even) {
    switch (operation) {
      case Operation::add: result = a + b; break;
      case Operation::subtract: result = a - b; break;
      case Operation::multiply: result = a * b; break;
      case Operation::fma: result = std::fma(a, b, c); break;
      case Operation::divide: result = a / b; break;
      default: result = std::sqrt(a); break;
    }
  } else {
    result = round_operation(operation, a, b, c, how.rounding);
  }
  if (how.ftz) result = flush(result);
  return how.sat ? saturate(result) : canonical(result);
}
inline double arithmetic(Operation operation, double a, double b, double c, Arithmetic how) {
  return canonical(round_operation(operation, a, b, c, how.rounding));
}

// min/max of PTX: -0 < +0; a NaN loses against a number unless .NaN; two NaN give the canonical NaN. .xorsign.abs compares
// magnitudes and gives the result the product's sign.
struct Extremum {
  bool ftz = false;
  bool nan = false;  // .NaN: any NaN input gives the canonical NaN
  bool xorsign_abs = false;
};
float minimum(float a, float b, Extremum how = {});
float maximum(float a, float b, Extremum how = {});
double minimum(double a, double b);
double maximum(double a, double b);

// Approximations, computed in double and rounded once: within half a unit in the last place, where hardware has up to 2. The
// special values (zero, infinity, NaN, out of domain) are PTX's. A kernel must not depend on more than PTX promises.
enum class Approximation : uint8_t { exp2, log2, sine, cosine, tanh, reciprocal, square_root, reciprocal_square_root };
float approximate(Approximation function, float value, bool ftz);
double approximate(Approximation function, double value);

}  // namespace attune::emulator
