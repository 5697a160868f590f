#include "emulator/tensor/short_accumulator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace attune::emulator {
namespace {

// value cut off toward zero to a multiple of 2^unit; exact, as both are powers of two apart from a 53-bit number.
double cut(double value, int unit) { return std::ldexp(std::trunc(std::ldexp(value, -unit)), unit); }

}  // namespace

double short_sum(double c, const double* products, int depth) {
  double largest = std::fabs(c);
  bool finite = std::isfinite(c);
  double plain = c;
  for (int k = 0; k < depth; ++k) {
    largest = std::max(largest, std::fabs(products[k]));
    finite = finite && std::isfinite(products[k]);
    plain += products[k];
  }
  if (!finite || largest == 0) return plain;
  const int unit = std::ilogb(largest) - kShortFractionBits;
  double sum = cut(c, unit);
  for (int k = 0; k < depth; ++k) sum += cut(products[k], unit);  // integers of at most 14 + 7 bits times 2^unit: exact
  return sum == 0 ? 0.0 : cut(sum, std::ilogb(sum) - kShortFractionBits);
}

void multiply_short(MmaOperands<double>& operands, int rows, int depth) {
  double products[kMaxMmaDepth];
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < kMmaColumns; ++column) {
      for (int k = 0; k < depth; ++k) products[k] = operands.a[row][k] * operands.b[k][column];
      operands.sum[row][column] = short_sum(operands.sum[row][column], products, depth);
    }
  }
}

}  // namespace attune::emulator
