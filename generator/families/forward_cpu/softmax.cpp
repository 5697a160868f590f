// The online softmax of one panel: new row maximum, probabilities, running sum, and the factor for what was summed before.
#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/llvm/rounding.hpp"

namespace attune::forward_cpu {

// Rounds P to its operand type, stores it, and gives what joins the sum: P before it is rounded to 8 bits, after it is
// to 16.
Value* Emitter::store_quantized(Value* p, Value* p_inverse, Value* out, Value* index) {
  auto& ir = b_.raw();
  const int64_t element_bytes = 4 / elements_of(s_.pv_form);
  Value* at = b_.at(out, b_.mul(index, b_.count(element_bytes)));
  Value* code = p;
  switch (s_.request.pv) {
    case PvOperand::e4m3: code = ir::round_e4m3(b_, p, true); break;
    // Packing to pairs rounds to bf16 by itself, and sums in fp32 take P as it is.
    case PvOperand::input: code = s_.half_sums ? ir::round_to(b_, DType::f16, p) : p; break;
    case PvOperand::int8: {
      Value* scaled = ir.CreateFMul(p, p_inverse);
      scaled = ir.CreateSelect(ir.CreateFCmpOLT(scaled, b_.splat(127.0)), scaled, b_.splat(127.0));
      if (s_.pv_form == Form::f32) {
        code = ir::round_to_integers(b_, scaled);
        break;
      }
      auto* element = s_.pv_form == Form::i8_quads ? ir.getInt8Ty() : ir.getInt16Ty();
      auto* narrow = llvm::FixedVectorType::get(element, static_cast<unsigned>(s_.lanes));
      b_.store(ir.CreateTrunc(ir::to_integers(b_, scaled), narrow), at, element_bytes);
      return p;
    }
  }
  b_.store(s_.pv_form == Form::bf16_pairs ? ir::to_bf16_bits(b_, code) : code, at, element_bytes);
  return p;
}

// m and the scores it is compared with are in units of log2: p = 2^(c * s - m). The running sum l stays one register a row,
// so that a block costs one horizontal operation (the maximum) instead of two.
void Emitter::emit_softmax() {
  auto& ir = b_.raw();
  std::vector<std::pair<std::string, llvm::Type*>> parameters = {
      {"scores", b_.ptr()}, {"probabilities", b_.ptr()}, {"m", b_.ptr()},         {"l", b_.ptr()},
      {"alpha", b_.ptr()},  {"vectors", b_.i64()},       {"scale_log2", b_.f32()}};
  const bool integers = s_.request.pv == PvOperand::int8, e4m3 = s_.request.pv == PvOperand::e4m3;
  if (integers) parameters.emplace_back("p_scales", b_.ptr());
  auto* f = b_.function("softmax", parameters, false);
  Value *scores = f->getArg(0), *probabilities = f->getArg(1), *m = f->getArg(2), *l = f->getArg(3), *alpha = f->getArg(4),
        *vectors = f->getArg(5), *scale_log2 = f->getArg(6);
  // 3e-6 is nothing beside the rounding of 16-bit tensors; where it moves a P across to the next code, as rarely as that.
  const bool full = s_.dtype == DType::f32;
  const int64_t at_once = 4;  // independent chains: exp2 takes about 30 cycles, a register of it about 8
  Value* scale = b_.splat(scale_log2, "scale");
  Value* whole = b_.mul(ir.CreateUDiv(vectors, b_.count(at_once)), b_.count(at_once), "whole");
  // `body` for at_once registers at a time, then for what is left one by one.
  auto over_vectors = [&](const std::string& name, Values carried, const std::function<Value*(Value*, Value*)>& body) {
    carried = b_.loop(name, b_.count(0), whole, at_once, carried, [&](Value* vector, const Values& sums) {
      Values next;
      for (int64_t i = 0; i < at_once; ++i) {
        next.push_back(body(b_.add(vector, b_.count(i)), sums[static_cast<size_t>(i)]));
      }
      return next;
    });
    carried[0] = b_.loop(name + "_last", whole, vectors, 1, {carried[0]},
                         [&](Value* vector, const Values& sums) { return Values{body(vector, sums[0])}; })[0];
    return carried;
  };

  b_.loop("row", b_.count(0), b_.count(s_.rows), 1, [&](Value* r) {
    Value* in = b_.at(scores, b_.mul(r, b_.count(s_.s_row_bytes())), "in");
    Value* out = b_.at(probabilities, b_.mul(r, b_.count(s_.p_row_bytes())), "out");
    auto score = [&](Value* vector) {
      return b_.load(b_.vec(), b_.at(in, b_.mul(vector, b_.count(s_.lanes * 4))), s_.lanes * 4, "s");
    };
    Values maxima(static_cast<size_t>(at_once), b_.splat(-INFINITY));
    maxima = over_vectors("max", maxima, [&](Value* vector, Value* max) { return b_.fmax(score(vector), max, "max"); });
    for (size_t i = 1; i < maxima.size(); ++i) maxima[0] = b_.fmax(maxima[i], maxima[0]);
    Value* block_max = b_.horizontal_max(maxima[0], "block_max");

    Value* m_at = b_.at(m, b_.mul(r, b_.count(4)));
    Value* m_old = b_.load(b_.f32(), m_at, 4, "m_old");
    Value* scaled_max = ir.CreateFMul(block_max, scale_log2);
    // The largest e4m3 probability is just below 448: an offset of the maximum, which cancels in O and LSE.
    if (e4m3) scaled_max = ir.CreateFSub(scaled_max, b_.number(static_cast<double>(e4m3_p_offset)));
    Value* m_new = b_.fmax(m_old, scaled_max, "m_new");
    // A row that has seen no key yet keeps m = -inf; subtracting 0 instead keeps 2^(-inf) = 0 and avoids inf - inf.
    Value* empty = ir.CreateFCmpOEQ(m_new, b_.number(-INFINITY), "empty");
    Value* shift = ir.CreateSelect(empty, b_.number(0), m_new, "shift");
    b_.store(m_new, m_at, 4);
    Value* decay = ir::exp2(b_, b_.splat(ir.CreateFSub(m_old, shift)), true);
    b_.store(ir.CreateExtractElement(decay, b_.count(0)), b_.at(alpha, b_.mul(r, b_.count(4))), 4);

    Value* negative = b_.splat(ir.CreateFNeg(shift), "negative_shift");
    Value* p_inverse = nullptr;
    if (integers) {
      // Codes are relative to the largest probability of these keys. Not of the whole row: small ones would all be 0.
      Value* largest = ir::exp2(b_, b_.fma(b_.splat(block_max), scale, negative), full);
      const Scale p_scale = scale_of(ir.CreateExtractElement(largest, b_.count(0)), 127, ScaleConvention::safe);
      b_.store(p_scale.scale, b_.at(f->getArg(7), b_.mul(r, b_.count(4))), 4);
      p_inverse = b_.splat(p_scale.inverse, "p_inverse");
    }
    Values sums(static_cast<size_t>(at_once), b_.splat(0.0));
    sums = over_vectors("exp", sums, [&](Value* vector, Value* sum) {
      Value* p = ir::exp2(b_, b_.fma(score(vector), scale, negative), full);
      Value* index = b_.mul(vector, b_.count(s_.lanes));
      if (s_.quantized) return b_.raw().CreateFAdd(sum, store_quantized(p, p_inverse, out, index), "sum");
      if (s_.dot_values()) {
        b_.store(ir::to_bf16_bits(b_, p), b_.at(out, b_.mul(index, b_.count(2))), s_.lanes * 2);
      } else {
        b_.store(p, b_.at(out, b_.mul(index, b_.count(4))), s_.lanes * 4);
      }
      return b_.raw().CreateFAdd(sum, p, "sum");
    });
    if (s_.quantized) {
      // Sums run in steps of up to 32 keys.
      Value* end = ir.CreateUDiv(b_.round_up(b_.mul(vectors, b_.count(s_.lanes)), 32), b_.count(s_.lanes));
      const int64_t bytes = s_.lanes * 4 / elements_of(s_.pv_form);
      auto* type = llvm::FixedVectorType::get(ir.getInt8Ty(), static_cast<unsigned>(bytes));
      b_.loop("fill", vectors, end, 1, [&](Value* vector) {
        b_.store(llvm::Constant::getNullValue(type), b_.at(out, b_.mul(vector, b_.count(bytes))), 1);
      });
    }
    for (size_t i = 1; i < sums.size(); ++i) sums[0] = ir.CreateFAdd(sums[0], sums[i]);
    Value* l_at = b_.at(l, b_.mul(r, b_.count(s_.lanes * 4)));
    Value* l_old = b_.load(b_.vec(), l_at, s_.lanes * 4, "l_old");
    b_.store(b_.fma(l_old, decay, sums[0], "l_new"), l_at, s_.lanes * 4);
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
