#include "emulator/tensor/short_accumulator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

namespace attune::emulator {
namespace {

// The exponent of a positive double; products of two 8-bit floats and f32 numbers are normal in double.
int exponent_of(double value) { return static_cast<int>(std::bit_cast<uint64_t>(value) >> 52) - 1023; }
double power_of_two(int exponent) { return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52); }

// `sum` units with all but the kShortFractionBits + 1 leading bits cleared.
int shorten(int sum) {
  const auto magnitude = static_cast<uint32_t>(std::abs(sum));
  const int excess = std::max(static_cast<int>(std::bit_width(magnitude)) - (kShortFractionBits + 1), 0);
  const auto kept = static_cast<int>((magnitude >> excess) << excess);
  return sum < 0 ? -kept : kept;
}

}  // namespace

void multiply_short(MmaOperands& operands, int rows, int depth) {
  double products[kMaxMmaDepth][kMmaColumns];
  for (int row = 0; row < rows; ++row) {
    double* const sums = operands.sum[row];
    double largest[kMmaColumns], plain[kMmaColumns];
    for (int column = 0; column < kMmaColumns; ++column) {
      largest[column] = std::fabs(sums[column]);
      plain[column] = sums[column];
    }
    for (int k = 0; k < depth; ++k) {
      for (int column = 0; column < kMmaColumns; ++column) {
        products[k][column] = operands.a[row][k] * operands.b[k][column];
        largest[column] = std::max(largest[column], std::fabs(products[k][column]));
        plain[column] += products[k][column];
      }
    }
    for (int column = 0; column < kMmaColumns; ++column) {
      if (largest[column] == 0 || !std::isfinite(plain[column])) {  // infinity and NaN go the usual way
        sums[column] = plain[column];
        continue;
      }
      const int unit = exponent_of(largest[column]) - kShortFractionBits;
      const double scale = power_of_two(-unit);
      auto sum = static_cast<int>(sums[column] * scale);  // the conversion cuts off toward zero; at most 14 bits each
      for (int k = 0; k < depth; ++k) sum += static_cast<int>(products[k][column] * scale);
      sums[column] = shorten(sum) * power_of_two(unit);
    }
  }
}

}  // namespace attune::emulator
