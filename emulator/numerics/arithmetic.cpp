#include "emulator/numerics/arithmetic.hpp"

#include <cfenv>
#include <limits>

namespace attune::emulator {
namespace {

int host_rounding(Rounding rounding) {
  switch (rounding) {
    case Rounding::zero: return FE_TOWARDZERO;
    case Rounding::down: return FE_DOWNWARD;
    case Rounding::up: return FE_UPWARD;
    default: return FE_TONEAREST;
  }
}

// The host computes under its own rounding mode; volatile operands and result keep the compiler from moving the operation
// out of the window or folding it.
template <class Real>
Real compute(Operation operation, Real a, Real b, Real c, Rounding rounding) {
  const int mode = host_rounding(rounding);
  if (mode != FE_TONEAREST) std::fesetround(mode);
  const volatile Real x = a, y = b, z = c;
  volatile Real result;
  switch (operation) {
    case Operation::add: result = x + y; break;
    case Operation::subtract: result = x - y; break;
    case Operation::multiply: result = x * y; break;
    case Operation::fma: result = std::fma(Real(x), Real(y), Real(z)); break;
    case Operation::divide: result = x / y; break;
    default: result = std::sqrt(Real(x)); break;
  }
  if (mode != FE_TONEAREST) std::fesetround(FE_TONEAREST);
  return result;
}

// -0 < +0 where std::min would take either.
template <class Real>
bool precedes(Real a, Real b) {
  return a < b || (a == b && std::signbit(a) && !std::signbit(b));
}

template <class Real>
Real extremum(Real a, Real b, bool smaller, bool nan) {
  if (std::isnan(a) || std::isnan(b)) {
    if (nan || (std::isnan(a) && std::isnan(b))) return canonical(std::numeric_limits<Real>::quiet_NaN());
    return std::isnan(a) ? b : a;
  }
  return precedes(a, b) == smaller ? a : b;
}

float extremum(float a, float b, bool smaller, Extremum how) {
  if (how.ftz) a = flush(a), b = flush(b);
  if (!how.xorsign_abs) return extremum<float>(a, b, smaller, how.nan);
  const bool negative = std::signbit(a) != std::signbit(b);
  const float result = extremum<float>(std::fabs(a), std::fabs(b), smaller, how.nan);
  return std::isnan(result) ? result : std::copysign(result, negative ? -1.0f : 1.0f);
}

}  // namespace

float round_operation(Operation operation, float a, float b, float c, Rounding rounding) {
  return compute(operation, a, b, c, rounding);
}
double round_operation(Operation operation, double a, double b, double c, Rounding rounding) {
  return compute(operation, a, b, c, rounding);
}

float minimum(float a, float b, Extremum how) { return extremum(a, b, true, how); }
float maximum(float a, float b, Extremum how) { return extremum(a, b, false, how); }
double minimum(double a, double b) { return extremum<double>(a, b, true, false); }
double maximum(double a, double b) { return extremum<double>(a, b, false, false); }

double approximate(Approximation function, double value) {
  switch (function) {
    case Approximation::exp2: return std::exp2(value);
    case Approximation::log2: return std::log2(value);
    case Approximation::sine: return std::sin(value);
    case Approximation::cosine: return std::cos(value);
    case Approximation::tanh: return std::tanh(value);
    case Approximation::reciprocal: return 1.0 / value;
    case Approximation::square_root: return std::sqrt(value);
    default: return 1.0 / std::sqrt(value);  // -0 gives -infinity, as PTX says
  }
}

float approximate(Approximation function, float value, bool ftz) {
  if (ftz) value = flush(value);
  const float result = static_cast<float>(approximate(function, static_cast<double>(value)));
  return canonical(ftz ? flush(result) : result);
}

}  // namespace attune::emulator
