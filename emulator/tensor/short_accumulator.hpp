// The short accumulator of 8-bit floats on Ada and Hopper: sums that keep 13 bits below the leading bit of the largest
// addend.
//
// Private to this room. Source: the accuracy section of "DeepSeek-V3 Technical Report" (about 14 bits) and the "fp22"
// accumulator, 1+8+13 bits, that SageAttention2's authors measured.
#pragma once

#include "emulator/tensor/fragments.hpp"

namespace attune::emulator {

inline constexpr int kShortFractionBits = 13;

// As the plain multiplication, but every addend (C and the products) is cut off, toward zero, kShortFractionBits below the
// leading bit of the largest of them; these are summed exactly, and the sum is cut off to as many fraction bits of its own.
void multiply_short(MmaOperands& operands, int rows, int depth);

}  // namespace attune::emulator
