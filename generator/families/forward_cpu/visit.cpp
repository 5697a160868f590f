// One block of keys against all rows of a work item.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

// Keys [key, key + count) of the current batch element. apply_masks is false for full blocks of a list: only the end counts.
void Emitter::emit_visit_block() {
  auto& ir = b_.raw();
  auto* f = b_.function("visit_block",
                        {{"arguments", b_.ptr()},
                         {"scratch", b_.ptr()},
                         {"key", b_.i64()},
                         {"count", b_.i64()},
                         {"apply_masks", ir.getInt1Ty()}},
                        false);
  Value *arguments = f->getArg(0), *scratch = f->getArg(1), *key = f->getArg(2), *count_all = f->getArg(3),
        *apply_masks = f->getArg(4);
  auto part = [&](int64_t at, const std::string& name) { return b_.at(scratch, at, name); };

  Value* k_stride = number64(arguments, ATTUNE_FIELD(k_stride_seq));
  Value* v_stride = number64(arguments, ATTUNE_FIELD(v_stride_seq));
  Value *keys = nullptr, *values = nullptr;
  if (s_.paged_reads) {
    Value* page_size = number64(arguments, ATTUNE_FIELD(page_size));
    Value* row = ir.CreateURem(key, page_size, "row_in_page");
    Value* entry = b_.mul(slot(scratch, slot_batch, "batch"), number64(arguments, ATTUNE_FIELD(page_table_stride)));
    entry = b_.add(entry, b_.mul(ir.CreateUDiv(key, page_size), b_.count(4)), "entry");
    Value* page = b_.load(b_.i32(), b_.at(pointer(arguments, ATTUNE_FIELD(page_table)), entry), 4);
    page = ir.CreateSExt(page, b_.i64(), "page");
    auto first_row = [&](Slot base, size_t stride_page, const char* stride_name, Value* stride_row) {
      Value* offset = b_.mul(page, number64(arguments, stride_page, stride_name));
      return b_.at(slot_pointer(scratch, base, "base"), b_.add(offset, b_.mul(row, stride_row)));
    };
    keys = first_row(slot_k_base, ATTUNE_FIELD(k_stride_batch), k_stride);
    values = first_row(slot_v_base, ATTUNE_FIELD(v_stride_batch), v_stride);
  } else if (s_.quantized) {
    keys = b_.at(slot_pointer(scratch, slot_k_base, "k_base"), b_.mul(key, b_.count(s_.k_words * 4)), "keys");
    Value* row = ir.CreateUDiv(key, b_.count(elements_of(s_.pv_form)), "value_row");
    values = b_.at(slot_pointer(scratch, slot_v_base, "v_base"), b_.mul(row, b_.count(s_.v_row_bytes())), "values");
  } else {
    keys = b_.at(slot_pointer(scratch, slot_k_base, "k_base"), b_.mul(key, k_stride), "keys");
    values = b_.at(slot_pointer(scratch, slot_v_base, "v_base"), b_.mul(key, v_stride), "values");
  }
  const bool packs = !s_.quantized;
  if (s_.k_pack && packs) b_.call(callee("pack_keys"), {keys, k_stride, count_all, part(s_.k_at, "packed_keys")});
  if (s_.v_pack && packs) {
    b_.call(callee("pack_values"), {values, v_stride, count_all, part(s_.v_at, "packed_values"), scratch});
  } else if (s_.masked && packs) {
    b_.call(callee("scan_values"), {values, v_stride, count_all, scratch});
  }
  Value* v_from = s_.v_pack && packs ? part(s_.v_at, "v_from") : values;
  Value* v_step = s_.v_pack ? b_.count(s_.v_row_bytes()) : v_stride;

  Value* kv_len_at = b_.at(scratch, slot_kv_len * 8);
  Value* scale_log2 = s_.modifies ? b_.number(1) : real(arguments, ATTUNE_FIELD(scale_log2));

  b_.loop("panel", b_.count(0), slot(scratch, slot_panels, "panels"), 1, [&](Value* panel) {
    Value* bounds = b_.at(part(s_.panels_at, "bounds"), b_.mul(panel, b_.count(panel_slots * 8)));
    auto bound = [&](PanelSlot index, const std::string& name) {
      return b_.load(b_.i64(), b_.at(bounds, index * 8), 8, name);
    };
    Value* visible = ir.CreateAnd(ir.CreateICmpSLT(bound(panel_lo_min, "lo_min"), b_.add(key, count_all)),
                                  ir.CreateICmpSLT(key, bound(panel_hi_max, "hi_max")));
    visible = ir.CreateOr(visible, ir.CreateNot(apply_masks), "visible");
    b_.when(visible, "visible_panel", [&] {
      Value* row = b_.mul(panel, b_.count(s_.rows), "row");
      // Keys that no row of the panel sees end the block early: on the diagonal of a causal mask that halves the work.
      Value* seen = b_.min(count_all, b_.sub(bound(panel_hi_max, "hi_max"), key));
      Value* count = ir.CreateSelect(apply_masks, seen, count_all, "count");
      Value* end = b_.add(key, count, "end");
      Value* vectors = b_.ceil_div(count, s_.lanes, "vectors");
      Value* ragged = ir.CreateICmpSLT(count, b_.mul(vectors, b_.count(s_.lanes)), "ragged");
      auto row_part = [&](int64_t at, int64_t row_bytes, const std::string& name) {
        return b_.at(part(at, name), b_.mul(row, b_.count(row_bytes)));
      };
      Value* queries = row_part(s_.q_at, s_.q_row_bytes(), "queries");
      Value* scores = part(s_.s_at, "scores");
      if (s_.coded_qk) {
        Value* key_bytes = b_.mul(key, b_.count(4), "key_bytes");
        Value* scales = b_.at(quantized_slot(scratch, qslot_k_scales, b_.ptr(), "k_scales"), key_bytes);
        Value* offsets = scales;
        if (s_.qk_form == Form::i8_quads) {
          offsets = b_.at(quantized_slot(scratch, qslot_k_offsets, b_.ptr(), "k_offsets"), key_bytes);
        }
        b_.call(callee("scores"), {queries, keys, scores, count, row_part(s_.meta_at, meta_slots * 4, "meta"),
                                   row_part(s_.delta_at, 8, "deltas"), scales, offsets, key_bytes});
        if (s_.request.k_smoothing == KSmoothing::sink_mean) {
          b_.call(callee("score_sinks"), {scratch, scores, row, key, end});
        }
      } else if (s_.quantized) {
        b_.call(callee("scores"), {queries, keys, scores, count});
      } else if (s_.k_pack) {
        b_.call(callee("scores"), {queries, part(s_.k_at, "packed"), scores, count});
      } else {
        b_.call(callee("scores"), {queries, keys, k_stride, scores, count});
      }
      if (s_.modifies) b_.call(callee("modify_scores"), {arguments, scratch, row, key, vectors, apply_masks});

      Value* crosses = ir.CreateOr(ir.CreateICmpSLT(key, bound(panel_lo_max, "lo_max")),
                                   ir.CreateICmpSGT(end, bound(panel_hi_min, "hi_min")));
      Value* hides = ir.CreateOr(ragged, ir.CreateAnd(apply_masks, crosses), "hides");
      // A listed block may begin inside a panel.
      const bool inside = s_.quantized && s_.sparsity != SparsityKind::none;
      Value* first_key = nullptr;
      if (inside) {
        first_key = quantized_slot(scratch, qslot_first_key, b_.i64(), "first_key");
        hides = ir.CreateOr(hides, ir.CreateICmpSLT(key, first_key), "hides");
      }
      b_.when(hides, "boundary", [&] {
        Value* lo = ir.CreateSelect(apply_masks, row_part(s_.lo_at, 8, "lo"), b_.at(scratch, slot_zero * 8));
        Value* hi = ir.CreateSelect(apply_masks, row_part(s_.hi_at, 8, "hi"), kv_len_at);
        Value* step = ir.CreateSelect(apply_masks, b_.count(8), b_.count(0));
        Values interval = {scores, lo, hi, step, key, count, vectors};
        if (inside) interval.push_back(first_key);
        b_.call(callee("mask_interval"), interval);
      });
      if (s_.quantized) {
        Value* poisoned = ir.CreateICmpNE(quantized_slot(scratch, qslot_v_flag, b_.i64(), "v_flag"), b_.count(0));
        b_.when(poisoned, "poisoned", [&] {
          Value* bits =
              b_.at(quantized_slot(scratch, qslot_v_poison, b_.ptr(), "v_poison"), b_.mul(key, b_.count(s_.v_vectors * 2)));
          b_.call(callee("poison_outputs"), {scores, bits, row_part(s_.o_at, s_.o_row_bytes(), "outputs"), count});
        });
      }
      Value* probabilities = part(s_.p_at, "probabilities");
      Value* alpha = part(s_.alpha_at, "alpha");
      Values softmax = {scores,  probabilities, row_part(s_.m_at, 4, "m"), row_part(s_.l_at, s_.lanes * 4, "l"), alpha,
                        vectors, scale_log2};
      if (s_.request.pv == PvOperand::int8) softmax.push_back(part(s_.p_scale_at, "p_scales"));
      b_.call(callee("softmax"), softmax);
      Values accumulate = {row_part(s_.o_at, s_.o_row_bytes(), "outputs"), probabilities, v_from, v_step, alpha, count};
      if (s_.request.pv == PvOperand::int8) accumulate.push_back(part(s_.p_scale_at, "p_scales"));
      if (s_.masked && packs) {
        Value* poisoned = ir.CreateICmpNE(slot(scratch, slot_nonfinite, "nonfinite"), b_.count(0), "poisoned");
        b_.when(
            poisoned, "guarded", [&] { b_.call(callee("accumulate_guarded"), accumulate); },
            [&] { b_.call(callee("accumulate"), accumulate); });
      } else {
        b_.call(callee("accumulate"), accumulate);
      }
    });
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
