// Operands that the caller has quantized (generator/given_operands.hpp): their codes are staged as numbers in place of
// elements, and encoded as they are; their scales take the place of those that would be found.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

// Numbers of one register of bytes. e4m3: sign, 4 bits of exponent with bias 7, 3 of fraction; all ones are NaN.
Value* Emitter::numbers_of_codes(Value* bytes, bool e4m3) {
  auto& ir = b_.raw();
  if (!e4m3) return ir.CreateSIToFP(ir.CreateSExt(bytes, b_.words()), b_.vec(), "number");
  auto word = [&](uint32_t value) { return llvm::ConstantInt::get(b_.words(), value); };
  Value* bits = ir.CreateZExt(bytes, b_.words(), "bits");
  Value* size = ir.CreateAnd(bits, word(0x7f), "size");
  constexpr uint32_t rebias = 127 - 7;
  Value* normal = ir.CreateBitCast(ir.CreateAdd(ir.CreateShl(size, word(20)), word(rebias << 23)), b_.vec());
  Value* small = ir.CreateFMul(ir.CreateSIToFP(size, b_.vec()), b_.splat(0x1p-9));
  Value* number = ir.CreateSelect(ir.CreateICmpULT(size, word(8)), small, normal);
  number = ir.CreateSelect(ir.CreateICmpEQ(size, word(0x7f)), b_.splat(static_cast<double>(NAN)), number);
  Value* sign = ir.CreateShl(ir.CreateAnd(bits, word(0x80)), word(24), "sign");
  return ir.CreateBitCast(ir.CreateOr(ir.CreateBitCast(number, b_.words()), sign), b_.vec(), "number");
}

// emit_stage() for rows of codes of Q or K.
void Emitter::emit_stage_codes(const std::string& name) {
  auto& ir = b_.raw();
  auto* f = stage_function(name);
  Value *base = f->getArg(2), *row_stride = f->getArg(4), *first = f->getArg(5), *count = f->getArg(6), *out = f->getArg(7);
  const int64_t lanes = s_.lanes, bits = code_bits(s_.request.qk);
  auto* bytes_type = llvm::FixedVectorType::get(ir.getInt8Ty(), static_cast<unsigned>(lanes));
  // Rows are whole 16 bytes, so whole registers.
  b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
    Value* from = b_.at(base, b_.mul(b_.add(first, r), row_stride), "from");
    Value* to = b_.at(out, b_.mul(r, b_.count(s_.stage_row_bytes())), "to");
    b_.loop("vector", b_.count(0), b_.count(s_.d_vectors), 1, [&](Value* v) {
      Value* at = b_.at(from, b_.mul(v, b_.count(lanes * bits / 8)));
      Value* codes = nullptr;
      if (bits == 8) {
        codes = b_.load(bytes_type, at, 1, "codes");
      } else {
        auto* pairs = llvm::FixedVectorType::get(ir.getInt16Ty(), static_cast<unsigned>(lanes / 2));
        auto* half = llvm::FixedVectorType::get(ir.getInt8Ty(), static_cast<unsigned>(lanes / 2));
        Value* both = ir.CreateZExt(b_.load(half, at, 1, "codes"), pairs);
        // The lower half of a byte is the first code; both move to the upper half of a byte of their own, for their signs.
        auto number = [&](uint64_t value) { return llvm::ConstantInt::get(pairs, value); };
        Value* lower = ir.CreateAnd(ir.CreateShl(both, number(4)), number(0x00f0));
        Value* upper = ir.CreateAnd(ir.CreateShl(both, number(8)), number(0xf000));
        codes = ir.CreateBitCast(ir.CreateOr(lower, upper), bytes_type);
        codes = ir.CreateAShr(codes, llvm::ConstantInt::get(bytes_type, 4), "signed");
      }
      Value* numbers = numbers_of_codes(codes, s_.request.qk == QkOperand::e4m3);
      b_.store(numbers, b_.at(to, b_.mul(v, b_.count(lanes * 4))), lanes * 4);
    });
  });
  b_.finish();
}

// The same for rows of V, at most one block of them from a multiple of a block on: [D_v][64], permuted.
void Emitter::emit_stage_value_codes() {
  auto& ir = b_.raw();
  auto* f = stage_function("stage_values");
  Value *base = f->getArg(2), *first = f->getArg(5), *count = f->getArg(6), *out = f->getArg(7);
  const int64_t lanes = s_.lanes, block = s_.tiles.block_kv;
  auto* bytes_type = llvm::FixedVectorType::get(ir.getInt8Ty(), static_cast<unsigned>(lanes));
  Value* codes_at = b_.at(base, b_.mul(first, b_.count(s_.head_dim_v)), "codes_at");
  b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
    // fp8_value_position(), quantization_layout.hpp.
    auto part = [&](int64_t divisor, int64_t modulus, int64_t factor) {
      return b_.mul(ir.CreateURem(ir.CreateUDiv(r, b_.count(divisor)), b_.count(modulus)), b_.count(factor));
    };
    Value* position = b_.mul(ir.CreateUDiv(r, b_.count(16)), b_.count(16));
    for (Value* term : {part(8, 2, 2), part(2, 4, 4), part(1, 2, 1)}) position = b_.add(position, term, "position");
    Value* column = b_.at(codes_at, position, "column");
    Value* to = b_.at(out, b_.mul(r, b_.count(s_.stage_row_bytes())), "to");
    auto vector = [&](Value* v, int64_t live) {
      Value* from = b_.at(column, b_.mul(v, b_.count(lanes * block)), "from");
      Value* codes = llvm::Constant::getNullValue(bytes_type);
      for (int64_t lane = 0; lane < live; ++lane) {
        Value* code = b_.load(ir.getInt8Ty(), b_.at(from, lane * block), 1, "code");
        codes = ir.CreateInsertElement(codes, code, static_cast<uint64_t>(lane));
      }
      b_.store(numbers_of_codes(codes, s_.request.pv == PvOperand::e4m3), b_.at(to, b_.mul(v, b_.count(lanes * 4))),
               lanes * 4);
    };
    const int64_t whole = s_.head_dim_v / lanes;
    b_.loop("vector", b_.count(0), b_.count(whole), 1, [&](Value* v) { vector(v, lanes); });
    if (whole < s_.v_vectors) vector(b_.count(whole), s_.head_dim_v - whole * lanes);
  });
  b_.finish();
}

// Where the codes of a head of V begin, at the block in which its sequence does.
Emitter::Source Emitter::value_code_source(Value* arguments, Value* batch, Value* kv_head, Value* kv_start) {
  const int64_t block = s_.tiles.block_kv;
  Value* index = packed_kv() ? kv_head : kv_head_index(arguments, batch, kv_head);
  Value* row = b_.mul(index, number64(arguments, ATTUNE_FIELD(given_kv_rows)));
  if (packed_kv()) {
    Value* blocks = b_.add(b_.raw().CreateUDiv(kv_start, b_.count(block)), batch);
    row = b_.add(row, b_.mul(blocks, b_.count(block)), "given_row");
  }
  Value* base = b_.at(pointer(arguments, ATTUNE_FIELD(v)), b_.mul(row, b_.count(s_.head_dim_v)), "value_codes");
  return {base, b_.count(0), b_.count(0)};
}

// The scales of `count` staged rows of a head, the first of which is `row` of its padded rows. Rows that only pad a block
// keep what stood there: their scores are hidden, whatever they are.
void Emitter::emit_given_scales(const std::string& name, const ScaleGroups& groups) {
  auto& ir = b_.raw();
  auto* f = b_.function(name, {{"scratch", b_.ptr()}, {"scales", b_.ptr()}, {"row", b_.i64()}, {"count", b_.i64()}}, false);
  Value *scratch = f->getArg(0), *scales = f->getArg(1), *row = f->getArg(2), *count = f->getArg(3);
  auto at = [&](Value* r) { return b_.at(b_.at(scratch, s_.row_scale_at), b_.mul(r, b_.count(4))); };
  b_.loop("given", b_.count(0), count, 1, [&](Value* r) {
    Value* group = b_.count(0);
    if (groups.segment_rows != 0) {
      Value* padded = b_.add(row, r, "padded");
      Value* lane = ir.CreateUDiv(ir.CreateURem(padded, b_.count(8)), b_.count(groups.rows_per_lane));
      group = b_.add(b_.mul(ir.CreateUDiv(padded, b_.count(groups.segment_rows)), b_.count(groups.groups_per_segment)),
                     ir.CreateURem(lane, b_.count(groups.groups_per_segment)), "group");
    }
    b_.store(b_.load(b_.f32(), b_.at(scales, b_.mul(group, b_.count(4))), 4, "scale"), at(r), 4);
  });
  b_.finish();
}

Emitter::GivenScales Emitter::given_scales_of(Value* arguments, bool query, Value* batch, Value* head, Value* start) {
  const bool packed = query ? s_.varlen : packed_kv();
  const int64_t block = query ? s_.tiles.block_q : s_.tiles.block_kv;
  Value* heads = query ? number64(arguments, ATTUNE_FIELD(heads_q)) : number64(arguments, ATTUNE_FIELD(heads_kv));
  Value* scales =
      query ? pointer(arguments, ATTUNE_FIELD(given_q_scales)) : pointer(arguments, ATTUNE_FIELD(given_k_scales));
  Value* of_batch = b_.add(b_.mul(batch, heads), head);
  if (s_.request.granularity == Granularity::tensor) {
    return {b_.at(scales, b_.mul(of_batch, b_.count(4)), "given_scales"), b_.count(0)};
  }
  Value* groups =
      query ? number64(arguments, ATTUNE_FIELD(given_q_groups)) : number64(arguments, ATTUNE_FIELD(given_k_groups));
  Value* first = b_.mul(b_.mul(packed ? head : of_batch, groups), b_.count(4));
  Value* row = b_.count(0);
  if (packed) row = b_.mul(b_.add(b_.raw().CreateUDiv(start, b_.count(block)), batch), b_.count(block), "given_row");
  return {b_.at(scales, first, "given_scales"), row};
}

}  // namespace attune::forward_cpu
