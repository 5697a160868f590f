#include "emulator/numerics/half.hpp"

#include <cassert>
#include <cmath>

namespace attune::emulator {
namespace {

bool is_subnormal(Format format, uint16_t code) {
  return format == Format::f16 ? (code & 0x7c00u) == 0 : (code & 0x7f80u) == 0;
}

double value_of(Format format, uint16_t code) {
  assert(format == Format::f16 || format == Format::bf16);
  return format == Format::f16 ? f32_from_f16(code) : f32_from_bf16(code);
}

uint16_t flush(Format format, uint16_t code, bool ftz) {
  return ftz && is_subnormal(format, code) ? static_cast<uint16_t>(code & 0x8000u) : code;
}

// `value` with its last bit set where `error` says that more was cut off: rounding it again to a format with at least two
// bits less is then rounding the exact sum.
double round_to_odd(double value, double error) {
  if (error == 0 || !std::isfinite(value)) return value;
  uint64_t bits = std::bit_cast<uint64_t>(value);
  if ((bits & 1u) == 0) bits += (error > 0) == (value > 0) ? 1 : -1;  // an odd neighbour, on the side of the exact sum
  return std::bit_cast<double>(bits);
}

// The sum of two doubles as if it were exact, for the rounding that follows.
double odd_sum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  const double error = (a - (sum - b_part)) + (b - b_part);
  return round_to_odd(sum, error);
}

uint16_t finish(Format format, double value, HalfArithmetic how) {
  uint16_t code = static_cast<uint16_t>(encode(format, value, {.relu = how.relu}));
  code = flush(format, code, how.ftz);
  if (!how.sat) return code;
  const double result = value_of(format, code);
  if (!(result > 0)) return 0;
  return result > 1 ? static_cast<uint16_t>(encode(format, 1.0)) : code;
}

double input(Format format, uint16_t code, bool ftz) { return value_of(format, flush(format, code, ftz)); }

}  // namespace

uint16_t half_add(Format format, uint16_t a, uint16_t b, HalfArithmetic how) {
  return finish(format, odd_sum(input(format, a, how.ftz), input(format, b, how.ftz)), how);
}

uint16_t half_subtract(Format format, uint16_t a, uint16_t b, HalfArithmetic how) {
  return finish(format, odd_sum(input(format, a, how.ftz), -input(format, b, how.ftz)), how);
}

uint16_t half_multiply(Format format, uint16_t a, uint16_t b, HalfArithmetic how) {
  return finish(format, input(format, a, how.ftz) * input(format, b, how.ftz), how);  // exact in double
}

uint16_t half_fma(Format format, uint16_t a, uint16_t b, uint16_t c, HalfArithmetic how) {
  const double product = input(format, a, how.ftz) * input(format, b, how.ftz);
  return finish(format, odd_sum(product, input(format, c, how.ftz)), how);
}

uint16_t half_minimum(Format format, uint16_t a, uint16_t b, Extremum how) {
  const auto x = static_cast<float>(input(format, a, how.ftz)), y = static_cast<float>(input(format, b, how.ftz));
  return static_cast<uint16_t>(encode(format, minimum(x, y, {.nan = how.nan, .xorsign_abs = how.xorsign_abs})));
}

uint16_t half_maximum(Format format, uint16_t a, uint16_t b, Extremum how) {
  const auto x = static_cast<float>(input(format, a, how.ftz)), y = static_cast<float>(input(format, b, how.ftz));
  return static_cast<uint16_t>(encode(format, maximum(x, y, {.nan = how.nan, .xorsign_abs = how.xorsign_abs})));
}

uint16_t half_negate(Format format, uint16_t a, bool ftz) {
  return static_cast<uint16_t>(encode(format, -input(format, a, ftz)));
}

uint16_t half_absolute(Format format, uint16_t a, bool ftz) {
  return static_cast<uint16_t>(encode(format, std::fabs(input(format, a, ftz))));
}

uint16_t half_approximate(Format format, Approximation function, uint16_t a, bool ftz) {
  return flush(format, static_cast<uint16_t>(encode(format, approximate(function, input(format, a, ftz)))), ftz);
}

float half_value(Format format, uint16_t code, bool ftz) { return static_cast<float>(input(format, code, ftz)); }

}  // namespace attune::emulator
