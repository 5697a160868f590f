#include "generator/llvm/vector_math.hpp"

#include <llvm/IR/IntrinsicsX86.h>

#include <cmath>
#include <vector>

namespace attune::ir {
namespace {

// Coefficients: own minimax fits in relative error (Lawson's iteration on 3000 Chebyshev nodes), constant term exactly 1 so
// that 2^0 = 1. On f in [0, 1): degree 6 errs by 2.0e-9, degree 4 by 2.9e-6 before rounding.
const std::vector<double> exp2_degree_6 = {
    1.0, 6.931470444e-01, 2.402293056e-01, 5.548528056e-02, 9.675451708e-03, 1.246784499e-03, 2.161292047e-04};
const std::vector<double> exp2_degree_4 = {1.0, 6.930448444e-01, 2.412802085e-01, 5.224246636e-02, 1.342668913e-02};
// The same on [-1/2, 1/2].
const std::vector<double> exp2_nearest_degree_6 = {
    1.0, 6.931472029e-01, 2.402264791e-01, 5.550332471e-02, 9.618437357e-03, 1.339887440e-03, 1.535336193e-04};
const std::vector<double> exp2_nearest_degree_4 = {1.0, 6.931241934e-01, 2.402409861e-01, 5.590642460e-02, 9.582853096e-03};
// tanh(x) = x * p(x^2) on |x| <= 0.6, relative error 2.8e-9.
const std::vector<double> tanh_series = {
    1.0, -3.333329800e-01, 1.333192404e-01, -5.378382210e-02, 2.079594119e-02, -5.895119420e-03};

Value* horner(Builder& b, Value* x, const std::vector<double>& coefficients, const std::string& name) {
  Value* sum = b.splat(coefficients.back());
  for (size_t i = coefficients.size() - 1; i-- > 0;) sum = b.fma(sum, x, b.splat(coefficients[i]), name);
  return sum;
}

llvm::VectorType* bits_type(Builder& b) {
  return llvm::FixedVectorType::get(b.raw().getInt16Ty(), static_cast<unsigned>(b.target().lanes));
}

// fp16 <-> fp32 in integer arithmetic, for hosts that cannot convert in hardware: LLVM would call a library per lane.
Value* f16_bits_to_f32(Builder& b, Value* bits) {
  auto& ir = b.raw();
  auto word = [&](uint32_t value) { return llvm::ConstantInt::get(b.words(), value); };
  Value* wide = ir.CreateZExt(bits, b.words());
  Value* sign = ir.CreateShl(ir.CreateAnd(wide, word(0x8000)), word(16));
  Value* magnitude = ir.CreateAnd(wide, word(0x7fff));
  // Exponent and mantissa moved into place read as a float 2^112 too small; the multiply also normalises subnormals.
  Value* scaled = ir.CreateFMul(ir.CreateBitCast(ir.CreateShl(magnitude, word(13)), b.vec()), b.splat(0x1p112));
  Value* special = ir.CreateOr(ir.CreateShl(magnitude, word(13)), word(0x7f800000));
  Value* finite = ir.CreateBitCast(scaled, b.words());
  Value* value = ir.CreateSelect(ir.CreateICmpUGE(magnitude, word(0x7c00)), special, finite);
  return ir.CreateBitCast(ir.CreateOr(value, sign), b.vec());
}

Value* f32_to_f16_bits(Builder& b, Value* vector) {
  auto& ir = b.raw();
  auto word = [&](uint32_t value) { return llvm::ConstantInt::get(b.words(), value); };
  Value* bits = ir.CreateBitCast(vector, b.words());
  Value* sign = ir.CreateLShr(ir.CreateAnd(bits, word(0x80000000)), word(16));
  Value* magnitude = ir.CreateAnd(bits, word(0x7fffffff));
  // Normal range: rebias, add half an ulp minus one plus the lowest kept bit (nearest even). A carry into the exponent is
  // right.
  Value* lowest = ir.CreateAnd(ir.CreateLShr(magnitude, word(13)), word(1));
  Value* rounded = ir.CreateAdd(ir.CreateAdd(magnitude, word(0xc8000fffU)), lowest);
  Value* normal = ir.CreateLShr(rounded, word(13));
  // Subnormal result: adding 0.5 lets the FPU shift and round; the low bits of the sum are the answer.
  Value* shifted = ir.CreateFAdd(ir.CreateBitCast(magnitude, b.vec()), b.splat(0.5));
  Value* subnormal = ir.CreateSub(ir.CreateBitCast(shifted, b.words()), word(0x3f000000));
  Value* finite = ir.CreateSelect(ir.CreateICmpULT(magnitude, word(0x38800000)), subnormal, normal);
  Value* overflow = ir.CreateSelect(ir.CreateICmpUGT(magnitude, word(0x7f800000)), word(0x7e00), word(0x7c00));
  Value* value = ir.CreateSelect(ir.CreateICmpUGE(magnitude, word(0x477ff000)), overflow, finite);
  return ir.CreateTrunc(ir.CreateOr(value, sign), bits_type(b));
}

}  // namespace

Value* exp2(Builder& b, Value* x, bool full) {
  auto& ir = b.raw();
  const auto& coefficients = full ? exp2_degree_6 : exp2_degree_4;
  if (b.target().avx512) {
    // vreduceps gives x - floor(x) (0 for -inf), vscalefps multiplies by 2^floor(x): no clamping, no integer work.
    Value* all = ir.getInt16(0xffff);
    Value* fraction = ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_mask_reduce_ps_512, {},
                                         {x, ir.getInt32(0x9), x, all, ir.getInt32(4)}, nullptr, "fraction");
    Value* mantissa = horner(b, fraction, coefficients, "exp2");
    return ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_mask_scalef_ps_512, {},
                              {mantissa, x, mantissa, all, ir.getInt32(4)}, nullptr, "exp2");
  }
  // Clamped so that the exponent below is 0 (a true zero) for anything under 2^-126; written so that NaN passes through.
  Value* low = ir.CreateFCmpOLT(x, b.splat(-127.0));
  Value* clamped = ir.CreateSelect(low, b.splat(-127.0), x);
  if (b.target().lanes > 1) {
    // The sum has no bits for a fraction: it is 1.5 * 2^23 plus 127 plus the nearest whole number, whose biased exponent so
    // stands in its lowest bits. Half as many instructions as a conversion, which truncates, and its correction.
    Value* bias = b.splat(0x1.8p23 + 127);
    Value* sum = ir.CreateFAdd(clamped, bias, "rounded");
    Value* fraction = ir.CreateFSub(clamped, ir.CreateFSub(sum, bias), "fraction");
    Value* mantissa = horner(b, fraction, full ? exp2_nearest_degree_6 : exp2_nearest_degree_4, "exp2");
    Value* exponent = ir.CreateShl(ir.CreateBitCast(sum, b.words()), llvm::ConstantInt::get(b.words(), 23));
    return ir.CreateFMul(mantissa, ir.CreateBitCast(exponent, b.vec(), "power"), "exp2");
  }
  Value* truncated = ir.CreateFreeze(ir.CreateFPToSI(clamped, b.words()));
  Value* above = ir.CreateFCmpOGT(ir.CreateSIToFP(truncated, b.vec()), clamped);
  Value* floor = ir.CreateAdd(truncated, ir.CreateSExt(above, b.words()), "floor");
  Value* fraction = ir.CreateFSub(clamped, ir.CreateSIToFP(floor, b.vec()), "fraction");
  Value* mantissa = horner(b, fraction, coefficients, "exp2");
  Value* biased = ir.CreateAdd(floor, llvm::ConstantInt::get(b.words(), 127));
  Value* power = ir.CreateBitCast(ir.CreateShl(biased, llvm::ConstantInt::get(b.words(), 23)), b.vec(), "power");
  return ir.CreateFMul(mantissa, power, "exp2");
}

Value* log2_scalar(Builder& b, Value* x) {
  auto& ir = b.raw();
  // x = 2^e * f with f in [sqrt(1/2), sqrt(2)); log2(f) = 2/ln2 * atanh(t), t = (f-1)/(f+1), |t| < 0.1716: the first
  // dropped term, t^13/13, is below 1e-11.
  Value* bits = ir.CreateBitCast(x, b.i32());
  Value* offset = ir.CreateSub(bits, ir.getInt32(0x3f3504f3));
  Value* exponent = ir.CreateAShr(offset, ir.getInt32(23), "exponent");
  Value* f = ir.CreateBitCast(ir.CreateSub(bits, ir.CreateShl(exponent, ir.getInt32(23))), b.f32(), "f");
  Value* t = ir.CreateFDiv(ir.CreateFSub(f, b.number(1)), ir.CreateFAdd(f, b.number(1)), "t");
  Value* square = ir.CreateFMul(t, t);
  Value* sum = b.number(1.0 / 11);
  for (const int odd : {9, 7, 5, 3, 1}) sum = b.fma(sum, square, b.number(1.0 / odd));
  Value* log_f = ir.CreateFMul(ir.CreateFMul(t, b.number(2 / std::log(2.0))), sum);
  return ir.CreateFAdd(ir.CreateSIToFP(exponent, b.f32()), log_f, "log2");
}

Value* tanh(Builder& b, Value* x) {
  auto& ir = b.raw();
  Value* magnitude = ir.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x);
  Value* square = ir.CreateFMul(x, x);
  Value* small = ir.CreateFMul(x, horner(b, square, tanh_series, "tanh"));
  // 1 - 2e/(1+e) with e = exp(-2|x|): no overflow, and no cancellation above 0.6.
  Value* e = exp2(b, ir.CreateFMul(magnitude, b.splat(-2 / std::log(2.0))), true);
  Value* quotient = ir.CreateFDiv(ir.CreateFSub(b.splat(1), e), ir.CreateFAdd(b.splat(1), e));
  Value* large = ir.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, quotient, x);
  return ir.CreateSelect(ir.CreateFCmpOLT(magnitude, b.splat(0.6)), small, large, "tanh");
}

Value* bits_to_f32(Builder& b, DType dtype, Value* bits) {
  auto& ir = b.raw();
  if (dtype == DType::bf16) {
    Value* wide = ir.CreateShl(ir.CreateZExt(bits, b.words()), llvm::ConstantInt::get(b.words(), 16));
    return ir.CreateBitCast(wide, b.vec());
  }
  if (!b.target().half_convert) return f16_bits_to_f32(b, bits);
  auto* half = llvm::FixedVectorType::get(ir.getHalfTy(), static_cast<unsigned>(b.target().lanes));
  return ir.CreateFPExt(ir.CreateBitCast(bits, half), b.vec());
}

Value* to_bf16_bits(Builder& b, Value* vector) {
  auto& ir = b.raw();
  if (b.target().bf16_dot) {
    Value* rounded = ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512bf16_cvtneps2bf16_512, {}, {vector}, nullptr, "bf16");
    return ir.CreateBitCast(rounded, bits_type(b));
  }
  auto word = [&](uint32_t value) { return llvm::ConstantInt::get(b.words(), value); };
  Value* bits = ir.CreateBitCast(vector, b.words());
  Value* lowest = ir.CreateAnd(ir.CreateLShr(bits, word(16)), word(1));
  Value* rounded = ir.CreateLShr(ir.CreateAdd(bits, ir.CreateAdd(lowest, word(0x7fff))), word(16));
  Value* quiet = ir.CreateOr(ir.CreateLShr(bits, word(16)), word(0x40));
  Value* is_nan = ir.CreateFCmpUNO(vector, vector);
  return ir.CreateTrunc(ir.CreateSelect(is_nan, quiet, rounded), bits_type(b), "bf16");
}

Value* to_f16_bits(Builder& b, Value* vector) {
  auto& ir = b.raw();
  if (!b.target().half_convert) return f32_to_f16_bits(b, vector);
  auto* half = llvm::FixedVectorType::get(ir.getHalfTy(), static_cast<unsigned>(b.target().lanes));
  return ir.CreateBitCast(ir.CreateFPTrunc(vector, half), bits_type(b));
}

Value* load_as_f32(Builder& b, DType dtype, Value* address, int64_t live, const std::string& name) {
  const int64_t lanes = b.target().lanes;
  if (dtype == DType::f32) return b.load_first(b.f32(), lanes, address, live, name);
  return bits_to_f32(b, dtype, b.load_first(b.raw().getInt16Ty(), lanes, address, live, name));
}

void store_from_f32(Builder& b, DType dtype, Value* vector, Value* address, int64_t live) {
  if (dtype == DType::f32) return b.store_first(vector, address, live);
  b.store_first(dtype == DType::bf16 ? to_bf16_bits(b, vector) : to_f16_bits(b, vector), address, live);
}

}  // namespace attune::ir
