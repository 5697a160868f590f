#include "emulator/tensor/mma.hpp"

#include <bit>
#include <cmath>

#include "emulator/numerics/arithmetic.hpp"
#include "emulator/tensor/fragments.hpp"
#include "emulator/tensor/multiply.hpp"

namespace attune::emulator {
namespace {

using Registers = std::span<const LaneRegisters* const>;
using Targets = std::span<LaneRegisters* const>;

// Rows of A and columns of B are one bit an element: whole words are compared at once.
void mma_bits(const MmaInstruction& instruction, Registers a, Registers b, Registers c, Targets d) {
  const int halves = instruction.m / 8;
  LaneRegisters result[4];
  for (int i = 0; i < instruction.d_registers; ++i) {
    for (int lane = 0; lane < kWarpSize; ++lane) {
      const int row_lane = 4 * (lane / 4), column_lane = 4 * (2 * (lane % 4) + i % 2);
      uint32_t sum = (*c[i])[lane];
      for (int r = 0; r < instruction.b_registers; ++r) {
        for (int t = 0; t < 4; ++t) {
          const uint32_t x = (*a[r * halves + i / 2])[row_lane + t], y = (*b[r])[column_lane + t];
          sum += static_cast<uint32_t>(std::popcount(instruction.bit_and ? x & y : x ^ y));
        }
      }
      result[i][lane] = sum;
    }
  }
  for (int i = 0; i < instruction.d_registers; ++i) *d[i] = result[i];
}

double read_f64(Registers registers, int element, int lane) {
  return std::bit_cast<double>(uint64_t{(*registers[2 * element + 1])[lane]} << 32 | (*registers[2 * element])[lane]);
}

void mma_f64(const MmaInstruction& instruction, Registers a, Registers b, Registers c, Targets d) {
  const int halves = instruction.m / 8;
  LaneRegisters result[8];
  for (int i = 0; i < instruction.d_registers / 2; ++i) {
    for (int lane = 0; lane < kWarpSize; ++lane) {
      double sum = read_f64(c, i, lane);
      for (int k = 0; k < instruction.k; ++k) {
        const double x = read_f64(a, (k / 4) * halves + i / 2, 4 * (lane / 4) + k % 4);
        const double y = read_f64(b, k / 4, 4 * (2 * (lane % 4) + i % 2) + k % 4);
        sum = std::fma(x, y, sum);
      }
      const auto bits = std::bit_cast<uint64_t>(canonical(sum));
      result[2 * i][lane] = static_cast<uint32_t>(bits);
      result[2 * i + 1][lane] = static_cast<uint32_t>(bits >> 32);
    }
  }
  for (int i = 0; i < instruction.d_registers; ++i) *d[i] = result[i];
}

}  // namespace

void mma(const MmaInstruction& instruction, Registers a, Registers b, Registers c, Targets d, const MmaOptions& options,
         const MmaScales* scales) {
  if (instruction.a == MmaType::b1) return mma_bits(instruction, a, b, c, d);
  if (instruction.d == MmaType::f64) return mma_f64(instruction, a, b, c, d);

  const bool floats = instruction.a == MmaType::e4m3 || instruction.a == MmaType::e5m2;
  const bool is_short =
      options.fp8_short_accumulator && instruction.kind == MmaKind::plain && floats && instruction.d == MmaType::f32;
  if (!is_short && mma_vector(instruction, a, b, c, d)) return;

  MmaOperands operands;
  unpack(instruction, a, b, c, scales, operands);
  multiply(instruction, is_short, operands);
  pack(instruction, operands, d);
}

}  // namespace attune::emulator
