// Work items: from an index to rows and keys, the loop over key blocks, and the result of each row.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

Emitter::Row Emitter::row_of(Value* scratch, Value* row) {
  Value* absolute = b_.add(slot(scratch, slot_row0, "row0"), row, "absolute_row");
  Value* head = slot(scratch, slot_head, "head0");
  if (!s_.pack_gqa) return {absolute, head};
  Value* query = b_.raw().CreateUDiv(absolute, b_.count(s_.group), "query");
  Value* member = b_.raw().CreateURem(absolute, b_.count(s_.group), "member");
  return {query, b_.add(head, member, "head")};
}

Emitter::Lengths Emitter::lengths_of(Value* arguments, Value* batch) {
  auto& ir = b_.raw();
  auto at_batch = [&](size_t offset, const char* name) {
    return b_.at(pointer(arguments, offset, name), b_.mul(batch, b_.count(4)));
  };
  auto length = [&](Value* address, int64_t index, const std::string& name) {
    return ir.CreateSExt(b_.load(b_.i32(), b_.at(address, index * 4), 4), b_.i64(), name);
  };

  Value *q_len = number64(arguments, ATTUNE_FIELD(seqlen_q)), *kv_len = number64(arguments, ATTUNE_FIELD(seqlen_kv));
  Value *q_start = b_.count(0), *kv_start = b_.count(0);
  if (s_.varlen) {
    Value* q_at = at_batch(ATTUNE_FIELD(cu_seqlens_q));
    Value* kv_at = s_.paged ? nullptr : at_batch(ATTUNE_FIELD(cu_seqlens_kv));
    q_start = length(q_at, 0, "q_start");
    q_len = b_.sub(length(q_at, 1, "q_end"), q_start, "q_len");
    if (!s_.paged) {
      kv_start = length(kv_at, 0, "kv_start");
      kv_len = b_.sub(length(kv_at, 1, "kv_end"), kv_start, "kv_len");
    }
  }
  if (s_.kv_lengths) {
    Value* given = length(at_batch(ATTUNE_FIELD(kv_lengths)), 0, "kv_length");
    kv_len = b_.max(b_.min(given, kv_len), b_.count(0), "kv_len");
  }
  return {q_len, kv_len, q_start, kv_start};
}

// Where the keys and values of the item lie in the workspace.
void Emitter::begin_quantized_item(Value* arguments, Value* scratch, Value* batch, Value* kv_head, Value* row) {
  Value* index = kv_head_index(arguments, batch, kv_head);
  auto rows_at = [&](size_t offset, const char* name, int64_t row_bytes) {
    return b_.at(pointer(arguments, offset, name), b_.mul(row, b_.count(row_bytes)));
  };
  if (s_.coded_qk) set_quantized_slot(scratch, qslot_k_scales, rows_at(ATTUNE_FIELD(k_scales), 4));
  if (s_.qk_form == Form::i8_quads) set_quantized_slot(scratch, qslot_k_offsets, rows_at(ATTUNE_FIELD(k_offsets), 4));
  set_quantized_slot(scratch, qslot_v_poison, rows_at(ATTUNE_FIELD(v_poison), s_.v_vectors * 2));
  Value* flag = b_.at(pointer(arguments, ATTUNE_FIELD(v_flags)), b_.mul(index, b_.count(8)));
  set_quantized_slot(scratch, qslot_v_flag, b_.load(b_.i64(), flag, 8, "v_flag"));
  set_quantized_slot(scratch, qslot_kv_head, index);
  Value* sinks = b_.at(pointer(arguments, ATTUNE_FIELD(sink_keys)), b_.mul(index, b_.count(max_sink_keys * 8)));
  set_quantized_slot(scratch, qslot_sinks, sinks);
}

// Codes of a query, what belongs to them, and where its delta S lies.
void Emitter::copy_coded_row(Value* arguments, Value* scratch, Value* batch, const Row& row, Value* q_start, Value* r) {
  Value* from = b_.add(prepared_q_row(arguments, batch, row.head, q_start), row.query, "prepared_query");
  Value* codes = b_.at(pointer(arguments, ATTUNE_FIELD(q_codes)), b_.mul(from, b_.count(s_.q_row_bytes())), "codes");
  Value* to = b_.at(b_.at(scratch, s_.q_at), b_.mul(r, b_.count(s_.q_row_bytes())), "q_copy");
  for (int64_t word = 0; word < s_.q_row_words; word += s_.lanes) {
    b_.store(b_.load(b_.words(), b_.at(codes, word * 4), s_.lanes * 4), b_.at(to, word * 4), s_.lanes * 4);
  }
  const int64_t meta_bytes = meta_slots * 4;
  Value* meta = b_.at(pointer(arguments, ATTUNE_FIELD(q_meta)), b_.mul(from, b_.count(meta_bytes)), "meta");
  Value* meta_copy = b_.at(b_.at(scratch, s_.meta_at), b_.mul(r, b_.count(meta_bytes)), "meta_copy");
  for (int64_t slot = 0; slot < meta_slots; ++slot) {
    b_.store(b_.load(b_.i32(), b_.at(meta, slot * 4), 4), b_.at(meta_copy, slot * 4), 4);
  }
  if (s_.request.q_smoothing == QSmoothing::none) return;
  Value* block = b_.raw().CreateUDiv(from, b_.count(s_.tiles.block_q), "block");
  Value* delta = b_.at(pointer(arguments, ATTUNE_FIELD(delta_s)),
                       b_.mul(block, number64(arguments, ATTUNE_FIELD(delta_stride))), "delta");
  b_.store(delta, b_.at(b_.at(scratch, s_.delta_at), b_.mul(r, b_.count(8))), 8);
}

// Fills the slots, copies the queries, and sets each row's interval of visible keys. slot_rows is 0 when nothing is to be
// done.
void Emitter::emit_begin_item() {
  auto& ir = b_.raw();
  auto* f = b_.function("begin_item",
                        {{"arguments", b_.ptr()},
                         {"scratch", b_.ptr()},
                         {"batch", b_.i64()},
                         {"item_head", b_.i64()},
                         {"row_block", b_.i64()}},
                        false);
  Value *arguments = f->getArg(0), *scratch = f->getArg(1), *batch = f->getArg(2), *item_head = f->getArg(3),
        *row_block = f->getArg(4);
  const Lengths lengths = lengths_of(arguments, batch);
  Value *q_len = lengths.q_len, *kv_len = lengths.kv_len, *q_start = lengths.q_start, *kv_start = lengths.kv_start;
  Value* shift = s_.bottom_right ? b_.sub(kv_len, q_len, "shift") : b_.count(0);

  Value *row0 = b_.mul(row_block, b_.count(s_.block_m), "row0"), *limit = b_.count(s_.block_m);
  if (s_.sparsity != SparsityKind::none) {
    Value* per_block = number64(arguments, ATTUNE_FIELD(list_sub_blocks));
    Value* block_q = number64(arguments, ATTUNE_FIELD(list_block_q));
    Value* inside = b_.mul(ir.CreateURem(row_block, per_block), b_.count(s_.block_m), "inside");
    row0 = b_.add(b_.mul(ir.CreateUDiv(row_block, per_block), block_q), inside, "row0");
    limit = b_.min(limit, b_.sub(block_q, inside));
  }
  Value* all_rows = s_.pack_gqa ? b_.mul(q_len, b_.count(s_.group)) : q_len;
  Value* rows = b_.max(b_.min(b_.sub(all_rows, row0), limit), b_.count(0), "rows");
  Value* panels = b_.ceil_div(rows, s_.rows, "panels");

  Value* head = s_.pack_gqa ? b_.mul(item_head, b_.count(s_.group), "head") : item_head;
  Value* kv_head = s_.pack_gqa ? item_head : ir.CreateUDiv(item_head, b_.count(s_.group), "kv_head");
  auto base = [&](size_t data, const char* data_name, size_t stride_batch, const char* batch_name, size_t stride_head,
                  const char* head_name, size_t stride_seq, const char* seq_name) {
    // Of a page pool, this is where the head's part of page 0 begins; visit_block adds the page.
    Value* offset = s_.paged_reads ? b_.count(0) : b_.mul(batch, number64(arguments, stride_batch, batch_name));
    offset = b_.add(offset, b_.mul(kv_head, number64(arguments, stride_head, head_name)));
    offset = b_.add(offset, b_.mul(kv_start, number64(arguments, stride_seq, seq_name)));
    return b_.at(pointer(arguments, data, data_name), offset, std::string(data_name) + "_base");
  };
  Value *k_base = nullptr, *v_base = nullptr;
  if (s_.quantized) {
    Value* row = prepared_kv_row(arguments, batch, kv_head, kv_start);
    const int64_t keys = elements_of(s_.pv_form);
    k_base = b_.at(pointer(arguments, ATTUNE_FIELD(k_codes)), b_.mul(row, b_.count(s_.k_words * 4)), "k_base");
    v_base = b_.at(pointer(arguments, ATTUNE_FIELD(v_codes)),
                   b_.mul(ir.CreateUDiv(row, b_.count(keys)), b_.count(s_.v_row_bytes())), "v_base");
    begin_quantized_item(arguments, scratch, batch, kv_head, row);
  } else {
    k_base = base(ATTUNE_FIELD(k), ATTUNE_FIELD(k_stride_batch), ATTUNE_FIELD(k_stride_head), ATTUNE_FIELD(k_stride_seq));
    v_base = base(ATTUNE_FIELD(v), ATTUNE_FIELD(v_stride_batch), ATTUNE_FIELD(v_stride_head), ATTUNE_FIELD(v_stride_seq));
  }

  for (const auto& [index, value] : std::initializer_list<std::pair<Slot, Value*>>{{slot_batch, batch},
                                                                                   {slot_head, head},
                                                                                   {slot_row0, row0},
                                                                                   {slot_rows, rows},
                                                                                   {slot_q_len, q_len},
                                                                                   {slot_kv_len, kv_len},
                                                                                   {slot_shift, shift},
                                                                                   {slot_q_start, q_start},
                                                                                   {slot_k_base, k_base},
                                                                                   {slot_v_base, v_base},
                                                                                   {slot_panels, panels},
                                                                                   {slot_zero, b_.count(0)},
                                                                                   {slot_nonfinite, b_.count(0)}}) {
    set_slot(scratch, index, value);
  }

  Value* q_stride_head = number64(arguments, ATTUNE_FIELD(q_stride_head));
  Value* q_stride_seq = number64(arguments, ATTUNE_FIELD(q_stride_seq));
  Value* q_batch = b_.at(pointer(arguments, ATTUNE_FIELD(q)),
                         b_.mul(batch, number64(arguments, ATTUNE_FIELD(q_stride_batch))), "q_batch");
  // Rows that only fill the last panel repeat the last real one: finite work, no branch, results unused.
  Value* last = b_.sub(rows, b_.count(1), "last");
  b_.loop("row", b_.count(0), b_.mul(panels, b_.count(s_.rows)), 1, [&](Value* r) {
    const Row row = row_of(scratch, b_.min(r, last));
    Value* position = b_.add(row.query, shift, "position");
    Value *lo = b_.count(0), *hi = kv_len;
    if (s_.mask_short) hi = b_.min(hi, number64(arguments, ATTUNE_FIELD(mask_seqlen_kv)));
    if (s_.causal) hi = b_.min(hi, b_.add(position, b_.count(1)));
    if (s_.window_right) {
      hi = b_.min(hi, b_.add(position, b_.add(number64(arguments, ATTUNE_FIELD(window_right)), b_.count(1))));
    }
    if (s_.window_left) lo = b_.max(lo, b_.sub(position, number64(arguments, ATTUNE_FIELD(window_left))), "lo");
    hi = b_.max(hi, b_.count(0), "hi");
    lo = b_.min(lo, hi);
    Value* offset8 = b_.mul(r, b_.count(8));
    b_.store(lo, b_.at(b_.at(scratch, s_.lo_at), offset8), 8);
    b_.store(hi, b_.at(b_.at(scratch, s_.hi_at), offset8), 8);
    b_.store(b_.number(-INFINITY), b_.at(b_.at(scratch, s_.m_at), b_.mul(r, b_.count(4))), 4);
    b_.store(b_.splat(0.0), b_.at(b_.at(scratch, s_.l_at), b_.mul(r, b_.count(s_.lanes * 4))), s_.lanes * 4);
    Value* o_row = b_.at(b_.at(scratch, s_.o_at), b_.mul(r, b_.count(s_.o_row_bytes())), "o_row");
    for (int64_t v = 0; v < s_.v_vectors; ++v) b_.store(b_.splat(0.0), b_.at(o_row, v * s_.lanes * 4), s_.lanes * 4);

    if (s_.coded_qk) return copy_coded_row(arguments, scratch, batch, row, q_start, r);
    Value* from =
        b_.at(q_batch, b_.add(b_.mul(row.head, q_stride_head), b_.mul(b_.add(row.query, q_start), q_stride_seq)), "q_row");
    Value* to = b_.at(b_.at(scratch, s_.q_at), b_.mul(r, b_.count(s_.q_row_bytes())), "q_copy");
    for (int64_t word = 0; word < s_.q_row_words; word += s_.lanes) {
      Value* address = b_.at(from, word * (s_.dot ? 4 : s_.input_bytes));
      Value* vector;
      if (s_.dot) {
        vector = b_.load_first(ir.getInt16Ty(), 2 * s_.lanes, address, s_.head_dim_qk - 2 * word, "q");
      } else {
        vector = ir::load_as_f32(b_, s_.dtype, address, s_.head_dim_qk - word, "q");
      }
      b_.store(vector, b_.at(to, word * 4), s_.lanes * 4);
    }
  });

  const auto furthest = Values{b_.count(INT64_MAX), b_.count(0)};
  const Values ends = b_.loop("panel", b_.count(0), panels, 1, furthest, [&](Value* panel, const Values& item) {
    Value* first = b_.mul(panel, b_.count(s_.rows * 8));
    Value *lo_min = b_.count(INT64_MAX), *lo_max = b_.count(0), *hi_min = b_.count(INT64_MAX), *hi_max = b_.count(0);
    for (int64_t r = 0; r < s_.rows; ++r) {
      Value* lo = b_.load(b_.i64(), b_.at(b_.at(b_.at(scratch, s_.lo_at), first), r * 8), 8, "lo");
      Value* hi = b_.load(b_.i64(), b_.at(b_.at(b_.at(scratch, s_.hi_at), first), r * 8), 8, "hi");
      lo_min = b_.min(lo_min, lo);
      lo_max = b_.max(lo_max, lo);
      hi_min = b_.min(hi_min, hi);
      hi_max = b_.max(hi_max, hi);
    }
    Value* out = b_.at(b_.at(scratch, s_.panels_at), b_.mul(panel, b_.count(panel_slots * 8)));
    b_.store(lo_min, b_.at(out, panel_lo_min * 8), 8);
    b_.store(lo_max, b_.at(out, panel_lo_max * 8), 8);
    b_.store(hi_min, b_.at(out, panel_hi_min * 8), 8);
    b_.store(hi_max, b_.at(out, panel_hi_max * 8), 8);
    return Values{b_.min(item[0], lo_min), b_.max(item[1], hi_max)};
  });
  set_slot(scratch, slot_lo_min, ends[0]);
  set_slot(scratch, slot_hi_max, ends[1]);
  b_.finish();
}

Emitter::Finish Emitter::finish_row(Value* arguments, Value* head, Value* m, Value* l, Value* missing) {
  auto& ir = b_.raw();
  Value* empty = ir.CreateAnd(ir.CreateFCmpOEQ(m, b_.number(-INFINITY)), ir.CreateFCmpOEQ(l, b_.number(0)), "empty");
  Value *top = m, *sum = l, *weight = b_.number(1), *sink_share = nullptr;
  if (s_.sinks) {
    // The sink joins the denominator only: rescale both to the larger of the two maxima.
    Value* sink = b_.load(b_.f32(), b_.at(pointer(arguments, ATTUNE_FIELD(sinks)), b_.mul(head, b_.count(4))), 4, "sink");
    if (missing) sink = ir.CreateFSub(sink, missing);
    Value* sink_log2 = ir.CreateFMul(sink, b_.number(1.4426950408889634), "sink_log2");
    top = b_.fmax(sink_log2, m, "top");
    auto power = [&](Value* exponent) {
      return ir.CreateExtractElement(ir::exp2(b_, b_.splat(exponent), true), b_.count(0));
    };
    weight = power(ir.CreateFSub(m, top));
    Value* sink_weight = power(ir.CreateFSub(sink_log2, top));
    sum = b_.fma(l, weight, sink_weight, "sum");
    if (s_.request.v_smoothing != VSmoothing::none) sink_share = ir.CreateFDiv(sink_weight, sum, "sink_share");
  }
  Value* factor = ir.CreateSelect(empty, b_.number(0), ir.CreateFDiv(weight, sum), "factor");
  Value* lse = nullptr;
  if (s_.want_lse) {
    Value* natural = ir.CreateFMul(ir.CreateFAdd(top, ir::log2_scalar(b_, sum)), b_.number(0.6931471805599453));
    if (missing) natural = ir.CreateFAdd(natural, missing);
    natural = ir.CreateSelect(ir.CreateFCmpUNO(sum, sum), sum, natural);
    lse = ir.CreateSelect(empty, b_.number(-INFINITY), natural, "lse");
  }
  return {factor, lse, sink_share};
}

Value* Emitter::missing_of(Value* arguments, Value* constant) {
  if (s_.request.k_smoothing == KSmoothing::none || s_.softcap) return nullptr;
  return b_.raw().CreateFMul(constant, real(arguments, ATTUNE_FIELD(scale)), "missing");
}

Value* Emitter::rescaled(Value* arguments, Value* kv_head_index, int64_t v, Value* o, const Finish& finish) {
  const Quantization& request = s_.request;
  const bool scaled = request.pv != PvOperand::input || s_.half_sums;
  auto channel = [&](size_t offset, const char* name) {
    return b_.load(b_.vec(), b_.at(channels(arguments, offset, name, kv_head_index, s_.v_vectors), v * s_.lanes * 4), 4);
  };
  if (scaled) o = b_.raw().CreateFMul(o, channel(ATTUNE_FIELD(v_scales)), "rescaled");
  if (request.v_smoothing == VSmoothing::none) return o;
  Value* mean = channel(ATTUNE_FIELD(v_means));
  // With a sink the probabilities of the keys do not sum to 1, and their share of the mean is what they sum to.
  if (finish.sink_share) mean = b_.raw().CreateFMul(mean, b_.splat(b_.raw().CreateFSub(b_.number(1), finish.sink_share)));
  return b_.raw().CreateFAdd(o, mean, "with_mean");
}

void Emitter::store_output(Value* arguments, Value* batch, Value* head, Value* query, Value* query_start,
                           const std::function<Value*(int64_t)>& vector, Value* lse) {
  Value* row = b_.add(query, query_start);
  Value* offset = b_.mul(batch, number64(arguments, ATTUNE_FIELD(o_stride_batch)));
  offset = b_.add(offset, b_.mul(head, number64(arguments, ATTUNE_FIELD(o_stride_head))));
  offset = b_.add(offset, b_.mul(row, number64(arguments, ATTUNE_FIELD(o_stride_seq))));
  Value* out = b_.at(pointer(arguments, ATTUNE_FIELD(o)), offset, "o_row");
  for (int64_t v = 0; v < s_.v_vectors; ++v) {
    const int64_t live = std::min(s_.lanes, s_.head_dim_v - v * s_.lanes);
    ir::store_from_f32(b_, s_.dtype, vector(v), b_.at(out, v * s_.lanes * s_.input_bytes), live);
  }
  if (!lse) return;
  Value* lse_offset = b_.mul(batch, number64(arguments, ATTUNE_FIELD(lse_stride_batch)));
  lse_offset = b_.add(lse_offset, b_.mul(head, number64(arguments, ATTUNE_FIELD(lse_stride_head))));
  lse_offset = b_.add(lse_offset, b_.mul(row, b_.count(4)));
  b_.store(lse, b_.at(pointer(arguments, ATTUNE_FIELD(lse)), lse_offset), 4);
}

// Writes the rows of the item: the result, or with split keys the unnormalised sums for `combine`.
void Emitter::emit_finish_item() {
  auto& ir = b_.raw();
  auto* f = b_.function("finish_item", {{"arguments", b_.ptr()}, {"scratch", b_.ptr()}, {"split", b_.i64()}}, false);
  Value *arguments = f->getArg(0), *scratch = f->getArg(1), *split = f->getArg(2);
  Value* batch = slot(scratch, slot_batch, "batch");
  Value* q_start = slot(scratch, slot_q_start, "q_start");
  b_.loop("row", b_.count(0), slot(scratch, slot_rows, "rows"), 1, [&](Value* r) {
    const Row row = row_of(scratch, r);
    Value* m = b_.load(b_.f32(), b_.at(b_.at(scratch, s_.m_at), b_.mul(r, b_.count(4))), 4, "m");
    Value* l_lanes = b_.load(b_.vec(), b_.at(b_.at(scratch, s_.l_at), b_.mul(r, b_.count(s_.lanes * 4))), s_.lanes * 4);
    Value* l = b_.horizontal_sum(l_lanes, "l");
    Value* o_row = b_.at(b_.at(scratch, s_.o_at), b_.mul(r, b_.count(s_.o_row_bytes())), "o_acc");
    auto sum = [&](int64_t v) { return b_.load(b_.vec(), b_.at(o_row, v * s_.lanes * 4), s_.lanes * 4, "o"); };
    if (s_.splits > 1) {
      Value* index = b_.add(b_.mul(batch, number64(arguments, ATTUNE_FIELD(heads_q))), row.head);
      index = b_.add(b_.mul(index, number64(arguments, ATTUNE_FIELD(seqlen_q))), row.query);
      index = b_.add(b_.mul(index, b_.count(s_.splits)), split);
      Value* out = b_.at(pointer(arguments, ATTUNE_FIELD(partials)), b_.mul(index, b_.count(s_.partial_row_floats() * 4)));
      for (int64_t v = 0; v < s_.v_vectors; ++v) b_.store(sum(v), b_.at(out, v * s_.lanes * 4), 4);
      b_.store(m, b_.at(out, s_.v_vectors * s_.lanes * 4), 4);
      b_.store(l, b_.at(out, s_.v_vectors * s_.lanes * 4 + 4), 4);
      return;
    }
    Value* missing = nullptr;
    if (s_.coded_qk) {
      Value* meta = b_.at(b_.at(scratch, s_.meta_at), b_.mul(r, b_.count(meta_slots * 4)));
      missing = missing_of(arguments, b_.load(b_.f32(), b_.at(meta, meta_constant * 4), 4, "constant"));
    }
    const Finish finish = finish_row(arguments, row.head, m, l, missing);
    Value* kv_head = s_.quantized ? quantized_slot(scratch, qslot_kv_head, b_.i64(), "kv_head") : nullptr;
    Value* factor = b_.splat(finish.factor);
    Value* none = b_.splat(ir.CreateSIToFP(b_.count(0), b_.f32()));
    Value* keep = ir.CreateFCmpUNE(factor, none);
    auto scaled = [&](int64_t v) {
      Value* product = ir.CreateFMul(sum(v), factor);
      if (s_.quantized) product = rescaled(arguments, kv_head, v, product, finish);
      return ir.CreateSelect(keep, product, b_.splat(0.0));  // an empty row is 0 whatever its sum holds
    };
    store_output(arguments, batch, row.head, row.query, q_start, scaled, finish.lse);
  });
  b_.finish();
}

void Emitter::emit_forward() {
  auto& ir = b_.raw();
  auto* f =
      b_.function("attune_forward",
                  {{"arguments", b_.ptr()}, {"item_begin", b_.i64()}, {"item_end", b_.i64()}, {"scratch", b_.ptr()}}, true);
  Value *arguments = f->getArg(0), *begin = f->getArg(1), *end = f->getArg(2), *scratch = f->getArg(3);
  Value* row_blocks = number64(arguments, ATTUNE_FIELD(row_blocks));
  Value* heads = s_.pack_gqa ? number64(arguments, ATTUNE_FIELD(heads_kv)) : number64(arguments, ATTUNE_FIELD(heads_q));

  b_.loop("item", begin, end, 1, [&](Value* item) {
    Value* split = ir.CreateURem(item, b_.count(s_.splits), "split");
    Value* rest = ir.CreateUDiv(item, b_.count(s_.splits));
    Value* row_block = ir.CreateURem(rest, row_blocks, "row_block");
    // Causal rows grow with their index: longest first keeps the last work items short.
    if (s_.causal) row_block = b_.sub(b_.sub(row_blocks, b_.count(1)), row_block, "row_block");
    rest = ir.CreateUDiv(rest, row_blocks);
    Value* head = ir.CreateURem(rest, heads, "head");
    Value* batch = ir.CreateUDiv(rest, heads, "batch");
    b_.call(callee("begin_item"), {arguments, scratch, batch, head, row_block});

    Value* exists = ir.CreateICmpSGT(slot(scratch, slot_rows, "rows"), b_.count(0), "exists");
    b_.when(exists, "rows_exist", [&] {
      Value* kv_len = slot(scratch, slot_kv_len, "kv_len");
      auto visit_together = [&](Value* from, Value* to, bool apply_masks) {
        b_.loop("block", from, to, s_.block_n, [&](Value* key) {
          Value* count = b_.min(b_.sub(to, key), b_.count(s_.block_n), "count");
          b_.call(callee("visit_block"), {arguments, scratch, key, count, ir.getInt1(apply_masks)});
        });
      };
      // Tiles of a quantized kernel are aligned, whatever a list names: what is before `from` is hidden.
      auto visit_tiles = [&](Value* from, Value* to, bool apply_masks) {
        Value* first = b_.mul(ir.CreateUDiv(from, b_.count(s_.block_n)), b_.count(s_.block_n), "first_tile");
        Value* aligned = b_.mul(ir.CreateUDiv(from, b_.count(s_.list_align)), b_.count(s_.list_align), "aligned");
        set_quantized_slot(scratch, qslot_first_key, from);
        b_.loop("tile", first, to, s_.block_n, [&](Value* tile) {
          Value* key = b_.max(tile, aligned, "key");
          Value* count = b_.sub(b_.min(to, b_.add(tile, b_.count(s_.block_n))), key, "count");
          b_.call(callee("visit_block"), {arguments, scratch, key, count, ir.getInt1(apply_masks)});
        });
      };
      auto visit = [&](Value* from, Value* to, bool apply_masks) {
        if (!s_.paged_reads) return visit_together(from, to, apply_masks);
        // A block of keys never crosses the end of a page, so its rows are one stride apart.
        Value* page_size = number64(arguments, ATTUNE_FIELD(page_size));
        Value* last = b_.add(b_.max(from, to), b_.sub(page_size, b_.count(1)));
        b_.loop("page", ir.CreateUDiv(from, page_size), ir.CreateUDiv(last, page_size), 1, [&](Value* page) {
          Value* page_begin = b_.mul(page, page_size, "page_begin");
          Value* page_end = b_.add(page_begin, page_size, "page_end");
          visit_together(b_.max(from, page_begin), b_.min(to, page_end), apply_masks);
        });
      };
      if (s_.sparsity == SparsityKind::none) {
        Value* lo = ir.CreateUDiv(slot(scratch, slot_lo_min, "lo_min"), b_.count(s_.block_n));
        lo = b_.mul(lo, b_.count(s_.block_n), "first_key");
        Value* hi = slot(scratch, slot_hi_max, "last_key");
        if (s_.splits > 1) {
          Value* blocks = b_.ceil_div(b_.max(b_.sub(hi, lo), b_.count(0)), s_.block_n, "blocks");
          if (s_.quantized) {
            auto end_of = [&](Value* part) {
              Value* tiles = ir.CreateUDiv(b_.mul(blocks, part), b_.count(s_.splits));
              return b_.add(lo, b_.mul(tiles, b_.count(s_.block_n)));
            };
            hi = b_.min(hi, end_of(b_.add(split, b_.count(1))), "split_end");
            lo = end_of(split);
          } else {
            Value* share = b_.mul(b_.ceil_div(blocks, s_.splits), b_.count(s_.block_n), "share");
            lo = b_.add(lo, b_.mul(split, share), "split_begin");
            hi = b_.min(hi, b_.add(lo, share), "split_end");
          }
        }
        visit(lo, hi, true);
      } else {
        Value* divisor = number64(arguments, ATTUNE_FIELD(list_head_divisor));
        Value* list = b_.mul(batch, number64(arguments, ATTUNE_FIELD(list_stride_batch)));
        Value* list_head = b_.mul(ir.CreateUDiv(head, divisor), number64(arguments, ATTUNE_FIELD(list_stride_head)));
        list = b_.add(list, list_head, "list");
        Value* block = ir.CreateUDiv(row_block, number64(arguments, ATTUNE_FIELD(list_sub_blocks)), "query_block");
        Value* q_blocks = number64(arguments, ATTUNE_FIELD(list_q_blocks));
        Value* block_kv = number64(arguments, ATTUNE_FIELD(list_block_kv));
        auto walk = [&](size_t counts, const char* counts_name, size_t indices, const char* indices_name, size_t row_ptr,
                        const char* row_ptr_name, bool apply_masks) {
          Value *first, *entries;
          if (s_.sparsity == SparsityKind::padded_lists) {
            Value* row = b_.add(b_.mul(list, q_blocks), block);
            first = b_.mul(row, number64(arguments, ATTUNE_FIELD(list_max_blocks)));
            Value* given = b_.load(b_.i32(), b_.at(pointer(arguments, counts, counts_name), b_.mul(row, b_.count(4))), 4);
            entries = ir.CreateSExt(given, b_.i64(), "entries");
          } else {
            Value* row = b_.add(b_.mul(list, b_.add(q_blocks, b_.count(1))), block);
            Value* ends = b_.at(pointer(arguments, row_ptr, row_ptr_name), b_.mul(row, b_.count(8)));
            first = b_.load(b_.i64(), ends, 8, "first");
            entries = b_.sub(b_.load(b_.i64(), b_.at(ends, 8), 8), first, "entries");
          }
          Value* list_at = b_.at(pointer(arguments, indices, indices_name), b_.mul(first, b_.count(4)), "list_at");
          b_.loop("entry", b_.count(0), entries, 1, [&](Value* entry) {
            Value* index = ir.CreateSExt(b_.load(b_.i32(), b_.at(list_at, b_.mul(entry, b_.count(4))), 4), b_.i64());
            Value* from = b_.mul(index, block_kv, "from");
            Value* to = b_.min(b_.add(from, block_kv), kv_len, "to");
            s_.quantized ? visit_tiles(from, to, apply_masks) : visit(from, to, apply_masks);
          });
        };
        if (s_.full_lists) {
          walk(ATTUNE_FIELD(full_counts), ATTUNE_FIELD(full_indices), ATTUNE_FIELD(full_row_ptr), false);
        }
        if (s_.partial_lists) {
          walk(ATTUNE_FIELD(partial_counts), ATTUNE_FIELD(partial_indices), ATTUNE_FIELD(partial_row_ptr), true);
        }
      }
      b_.call(callee("finish_item"), {arguments, scratch, split});
    });
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
