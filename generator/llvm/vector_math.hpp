// exp2, log2 and tanh on fp32 registers, and conversions between fp32 and the 16-bit formats. No library calls.
#pragma once

#include "generator/llvm/builder.hpp"
#include "generator/problem.hpp"

namespace attune::ir {

// 2^x for x <= 128. Maximum relative error over [-126, 0], held by tests/generator on every 976th float there:
// full: < 1.2e-7 (degree 6); otherwise < 3.1e-6 (degree 4), which vanishes in a 16-bit probability. exp2(-inf) = 0.
Value* exp2(Builder& b, Value* x, bool full);

// log2 of a positive normal fp32 scalar; absolute error < 2e-7 + 1 ulp.
Value* log2_scalar(Builder& b, Value* x);

// tanh on a register, absolute error < 2e-7 and relative error < 1e-6.
Value* tanh(Builder& b, Value* x);

// One register of fp32 from `lanes` elements of a 16- or 32-bit type at `address`; lanes at and beyond `live` read as zero.
Value* load_as_f32(Builder& b, DType dtype, Value* address, int64_t live, const std::string& name);
// The reverse, rounding to nearest even.
void store_from_f32(Builder& b, DType dtype, Value* vector, Value* address, int64_t live);
// <lanes x i16> bf16 bits of a register, rounded to nearest even; NaN stays NaN.
Value* to_bf16_bits(Builder& b, Value* vector);
// The same for fp16; overflow is infinity.
Value* to_f16_bits(Builder& b, Value* vector);
// fp32 from <lanes x i16> bits of a 16-bit type.
Value* bits_to_f32(Builder& b, DType dtype, Value* bits);

}  // namespace attune::ir
