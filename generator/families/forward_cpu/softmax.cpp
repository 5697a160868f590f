// The online softmax of one panel: new row maximum, probabilities, running sum, and the factor for what was summed before.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

// m and the scores it is compared with are in units of log2: p = 2^(c * s - m). The running sum l stays one register a row,
// so that a block costs one horizontal operation (the maximum) instead of two.
void Emitter::emit_softmax() {
  auto& ir = b_.raw();
  auto* f = b_.function("softmax",
                        {{"scores", b_.ptr()},
                         {"probabilities", b_.ptr()},
                         {"m", b_.ptr()},
                         {"l", b_.ptr()},
                         {"alpha", b_.ptr()},
                         {"vectors", b_.i64()},
                         {"scale_log2", b_.f32()}},
                        false);
  Value *scores = f->getArg(0), *probabilities = f->getArg(1), *m = f->getArg(2), *l = f->getArg(3), *alpha = f->getArg(4),
        *vectors = f->getArg(5), *scale_log2 = f->getArg(6);
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
    Value* m_new = b_.fmax(m_old, ir.CreateFMul(block_max, scale_log2), "m_new");
    // A row that has seen no key yet keeps m = -inf; subtracting 0 instead keeps 2^(-inf) = 0 and avoids inf - inf.
    Value* empty = ir.CreateFCmpOEQ(m_new, b_.number(-INFINITY), "empty");
    Value* shift = ir.CreateSelect(empty, b_.number(0), m_new, "shift");
    b_.store(m_new, m_at, 4);
    Value* decay = ir::exp2(b_, b_.splat(ir.CreateFSub(m_old, shift)), true);
    b_.store(ir.CreateExtractElement(decay, b_.count(0)), b_.at(alpha, b_.mul(r, b_.count(4))), 4);

    Value* negative = b_.splat(ir.CreateFNeg(shift), "negative_shift");
    Values sums(static_cast<size_t>(at_once), b_.splat(0.0));
    sums = over_vectors("exp", sums, [&](Value* vector, Value* sum) {
      Value* p = ir::exp2(b_, b_.fma(score(vector), scale, negative), full);
      Value* index = b_.mul(vector, b_.count(s_.lanes));
      if (s_.dot_values()) {
        b_.store(ir::to_bf16_bits(b_, p), b_.at(out, b_.mul(index, b_.count(2))), s_.lanes * 2);
      } else {
        b_.store(p, b_.at(out, b_.mul(index, b_.count(4))), s_.lanes * 4);
      }
      return b_.raw().CreateFAdd(sum, p, "sum");
    });
    for (size_t i = 1; i < sums.size(); ++i) sums[0] = ir.CreateFAdd(sums[0], sums[i]);
    Value* l_at = b_.at(l, b_.mul(r, b_.count(s_.lanes * 4)));
    Value* l_old = b_.load(b_.vec(), l_at, s_.lanes * 4, "l_old");
    b_.store(b_.fma(l_old, decay, sums[0], "l_new"), l_at, s_.lanes * 4);
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
