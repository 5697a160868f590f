// Rounding fp32 registers to the numbers of narrower formats, and to integers, in instructions that every target has.
#pragma once

#include "generator/llvm/builder.hpp"
#include "generator/problem.hpp"

namespace attune::ir {

// The nearest number of a 16-bit type (ties to even), as fp32; fp32 itself is left alone.
Value* round_to(Builder& b, DType dtype, Value* vector);

// The nearest e4m3 number, ties to even, magnitudes above 448 to 448; NaN stays NaN. `positive`: no lane is negative.
Value* round_e4m3(Builder& b, Value* vector, bool positive);

// The nearest integers, ties to even, as 32-bit words; |x| < 2^22. NaN gives some word.
Value* to_integers(Builder& b, Value* vector);

// The same as fp32 numbers.
Value* round_to_integers(Builder& b, Value* vector);

// 1 where the lane is neither NaN nor infinite.
Value* is_finite(Builder& b, Value* vector);

Value* magnitude(Builder& b, Value* vector);

}  // namespace attune::ir
