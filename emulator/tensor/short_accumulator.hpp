// The short accumulator of 8-bit floats on Ada and Hopper: sums that keep 13 bits below the leading bit of the largest
// addend.
//
// Private to this room. Source: the accuracy section of "DeepSeek-V3 Technical Report" (about 14 bits) and the "fp22"
// accumulator, 1+8+13 bits, that SageAttention2's authors measured.
#pragma once

#include "emulator/tensor/fragments.hpp"

namespace attune::emulator {

inline constexpr int kShortFractionBits = 13;

// c + sum of products[0 .. depth) with every addend cut off, toward zero, kShortFractionBits below the leading bit of the
// largest of them, summed exactly, and the sum cut off to as many fraction bits.
double short_sum(double c, const double* products, int depth);

// As the plain multiplication, with short_sum() for every element.
void multiply_short(MmaOperands<double>& operands, int rows, int depth);

}  // namespace attune::emulator
