#include "emulator/numerics/integers.hpp"

#include <cmath>

namespace attune::emulator {

double round_to_integral(double value, IntegerRounding rounding) {
  switch (rounding) {
    case IntegerRounding::nearest_even: {
      const double whole = std::trunc(value);
      const double rest = std::fabs(value - whole);  // exact
      const bool odd = std::fmod(whole, 2.0) != 0;
      return rest > 0.5 || (rest == 0.5 && odd) ? whole + std::copysign(1.0, value) : std::copysign(whole, value);
    }
    case IntegerRounding::zero: return std::trunc(value);
    case IntegerRounding::down: return std::floor(value);
    default: return std::ceil(value);
  }
}

uint64_t integer_from_float(double value, IntegerRounding rounding, IntegerType to, bool from_f64) {
  if (std::isnan(value)) return from_f64 || to.bits == 64 ? ~uint64_t{0} << (to.bits - 1) : 0;
  const double whole = round_to_integral(value, rounding);
  // The bounds are powers of two, so that comparing in double is exact.
  const double limit = std::ldexp(1.0, to.is_signed ? to.bits - 1 : to.bits);
  if (to.is_signed) {
    if (whole >= limit) return (uint64_t{1} << (to.bits - 1)) - 1;
    if (whole < -limit) return ~uint64_t{0} << (to.bits - 1);
    return static_cast<uint64_t>(static_cast<int64_t>(whole));
  }
  if (whole >= limit) return ~uint64_t{0} >> (64 - to.bits);
  return whole <= 0 ? 0 : static_cast<uint64_t>(whole);
}

uint64_t float_from_integer(Format format, uint64_t bits, bool is_signed, Encoding how) {
  const bool negative = is_signed && static_cast<int64_t>(bits) < 0;
  return encode_scaled(format, negative, negative ? 0 - bits : bits, 0, false, how);
}

}  // namespace attune::emulator
