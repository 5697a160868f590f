#include "generator/llvm/rounding.hpp"

#include "generator/llvm/vector_math.hpp"

namespace attune::ir {
namespace {

Value* word(Builder& b, uint32_t value) { return llvm::ConstantInt::get(b.words(), value); }

// 1.5 * 2^23: a sum with it has no fraction bits, and its low bits are the integer.
constexpr double integer_magic = 0x1.8p23;
constexpr uint32_t integer_magic_bits = 0x4b400000U;

}  // namespace

Value* round_to(Builder& b, DType dtype, Value* vector) {
  auto& ir = b.raw();
  if (dtype == DType::f32) return vector;
  if (dtype == DType::f16) return bits_to_f32(b, dtype, to_f16_bits(b, vector));
  // In place: what is packed to 16 bits and back costs more than the rounding.
  Value* bits = ir.CreateBitCast(vector, b.words());
  Value* odd = ir.CreateAnd(ir.CreateLShr(bits, word(b, 16)), word(b, 1));
  Value* rounded = ir.CreateAnd(ir.CreateAdd(bits, ir.CreateAdd(odd, word(b, 0x7fffU))), word(b, 0xffff0000U));
  return ir.CreateSelect(ir.CreateFCmpUNO(vector, vector), vector, ir.CreateBitCast(rounded, b.vec()), "bf16");
}

Value* round_e4m3(Builder& b, Value* vector, bool positive) {
  auto& ir = b.raw();
  Value* bits = ir.CreateBitCast(vector, b.words());
  Value* size = positive ? bits : ir.CreateAnd(bits, word(b, 0x7fffffffU), "size");
  // Below 2^-6 the codes are multiples of 2^-9, the unit in the last place of 2^14.
  Value* shifted = ir.CreateFAdd(ir.CreateBitCast(size, b.vec()), b.splat(0x1p14));
  Value* small = ir.CreateBitCast(ir.CreateFSub(shifted, b.splat(0x1p14)), b.words());
  // Three fraction bits of 23 stay.
  Value* odd = ir.CreateAnd(ir.CreateLShr(size, word(b, 20)), word(b, 1));
  Value* rounded = ir.CreateAnd(ir.CreateAdd(ir.CreateAdd(size, word(b, 0x7ffffU)), odd), word(b, 0xfff00000U));
  Value* code = ir.CreateSelect(ir.CreateICmpSLT(size, word(b, 0x3c800000U)), small, rounded);
  code = ir.CreateSelect(ir.CreateICmpSGE(size, word(b, 0x43e00000U)), word(b, 0x43e00000U), code);
  if (!positive) code = ir.CreateOr(code, ir.CreateAnd(bits, word(b, 0x80000000U)));
  return ir.CreateSelect(ir.CreateFCmpUNO(vector, vector), vector, ir.CreateBitCast(code, b.vec()), "e4m3");
}

Value* to_integers(Builder& b, Value* vector) {
  auto& ir = b.raw();
  Value* sum = ir.CreateBitCast(ir.CreateFAdd(vector, b.splat(integer_magic)), b.words());
  return ir.CreateSub(sum, word(b, integer_magic_bits), "integers");
}

Value* round_to_integers(Builder& b, Value* vector) {
  auto& ir = b.raw();
  return ir.CreateFSub(ir.CreateFAdd(vector, b.splat(integer_magic)), b.splat(integer_magic), "rounded");
}

Value* is_finite(Builder& b, Value* vector) {
  auto& ir = b.raw();
  return ir.CreateFCmpORD(ir.CreateFSub(vector, vector), b.splat(0.0), "finite");
}

Value* magnitude(Builder& b, Value* vector) { return b.raw().CreateUnaryIntrinsic(llvm::Intrinsic::fabs, vector); }

}  // namespace attune::ir
