// Combining split keys: one work item a row, merged by the maxima of its parts.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

void Emitter::emit_combine() {
  auto& ir = b_.raw();
  auto* f =
      b_.function("attune_combine",
                  {{"arguments", b_.ptr()}, {"item_begin", b_.i64()}, {"item_end", b_.i64()}, {"scratch", b_.ptr()}}, true);
  Value *arguments = f->getArg(0), *begin = f->getArg(1), *end = f->getArg(2);
  Value* seqlen_q = number64(arguments, ATTUNE_FIELD(seqlen_q));
  Value* heads = number64(arguments, ATTUNE_FIELD(heads_q));
  const int64_t ml_at = s_.v_vectors * s_.lanes * 4;

  b_.loop("row", begin, end, 1, [&](Value* item) {
    Value* query = ir.CreateURem(item, seqlen_q, "query");
    Value* rest = ir.CreateUDiv(item, seqlen_q);
    Value* head = ir.CreateURem(rest, heads, "head");
    Value* batch = ir.CreateUDiv(rest, heads, "batch");
    Value *q_len = seqlen_q, *q_start = b_.count(0);
    if (s_.varlen) {
      Value* at = b_.at(pointer(arguments, ATTUNE_FIELD(cu_seqlens_q)), b_.mul(batch, b_.count(4)));
      q_start = ir.CreateSExt(b_.load(b_.i32(), at, 4), b_.i64(), "q_start");
      q_len = b_.sub(ir.CreateSExt(b_.load(b_.i32(), b_.at(at, 4), 4), b_.i64()), q_start, "q_len");
    }
    b_.when(ir.CreateICmpSLT(query, q_len), "exists", [&] {
      Value* parts = b_.at(pointer(arguments, ATTUNE_FIELD(partials)),
                           b_.mul(item, b_.count(s_.splits * s_.partial_row_floats() * 4)), "parts");
      auto part = [&](int64_t split, int64_t offset) { return b_.at(parts, split * s_.partial_row_floats() * 4 + offset); };
      Value* m = b_.number(-INFINITY);
      for (int64_t i = 0; i < s_.splits; ++i) m = b_.fmax(b_.load(b_.f32(), part(i, ml_at), 4), m, "m");
      Value* empty = ir.CreateFCmpOEQ(m, b_.number(-INFINITY));
      Value* shift = ir.CreateSelect(empty, b_.number(0), m, "shift");
      Value* l = b_.number(0);
      Values weights;
      for (int64_t i = 0; i < s_.splits; ++i) {
        Value* difference = ir.CreateFSub(b_.load(b_.f32(), part(i, ml_at), 4), shift);
        Value* weight = ir::exp2(b_, b_.splat(difference), true);
        weights.push_back(weight);
        l = b_.fma(b_.load(b_.f32(), part(i, ml_at + 4), 4), ir.CreateExtractElement(weight, b_.count(0)), l, "l");
      }
      Value *missing = nullptr, *kv_head = nullptr;
      if (s_.coded_qk) {
        Value* row = b_.add(prepared_q_row(arguments, batch, head, q_start), query);
        Value* meta = b_.at(pointer(arguments, ATTUNE_FIELD(q_meta)), b_.mul(row, b_.count(meta_slots * 4)), "meta");
        missing = missing_of(arguments, b_.load(b_.f32(), b_.at(meta, meta_constant * 4), 4, "constant"));
      }
      if (s_.quantized) kv_head = kv_head_index(arguments, batch, ir.CreateUDiv(head, b_.count(s_.group)));
      const Finish finish = finish_row(arguments, head, m, l, missing);
      Value* factor = b_.splat(finish.factor);
      auto merged = [&](int64_t v) {
        Value* sum = b_.splat(0.0);
        for (int64_t i = 0; i < s_.splits; ++i) {
          Value* o = b_.load(b_.vec(), part(i, v * s_.lanes * 4), 4, "o");
          sum = b_.fma(o, weights[static_cast<size_t>(i)], sum, "merged");
        }
        Value* product = ir.CreateFMul(sum, factor);
        if (s_.quantized) product = rescaled(arguments, kv_head, v, product, finish);
        return ir.CreateSelect(ir.CreateFCmpUNE(factor, b_.splat(0.0)), product, b_.splat(0.0));
      };
      store_output(arguments, batch, head, query, q_start, merged, finish.lse);
    });
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
