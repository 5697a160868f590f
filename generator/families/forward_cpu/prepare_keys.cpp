// attune_prepare_kv, keys: mean, sinks, scales, codes, transposed into panels. One work item a KV head.
#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/llvm/rounding.hpp"

namespace attune::forward_cpu {

Value* Emitter::kv_head_index(Value* arguments, Value* batch, Value* kv_head) {
  return b_.add(b_.mul(batch, number64(arguments, ATTUNE_FIELD(heads_kv))), kv_head, "kv_head_index");
}

Value* Emitter::prepared_kv_row(Value* arguments, Value* batch, Value* kv_head, Value* kv_start) {
  auto& ir = b_.raw();
  Value* index = packed_kv() ? kv_head : kv_head_index(arguments, batch, kv_head);
  Value* row = b_.mul(index, number64(arguments, ATTUNE_FIELD(kv_rows)));
  if (!packed_kv()) return row;
  Value* blocks = b_.add(ir.CreateUDiv(kv_start, b_.count(s_.kv_pad)), batch);
  return b_.add(row, b_.mul(blocks, b_.count(s_.kv_pad)), "prepared_row");
}

Value* Emitter::channels(Value* arguments, size_t offset_bytes, const std::string& name, Value* index, int64_t vectors) {
  return b_.at(pointer(arguments, offset_bytes, name), b_.mul(index, b_.count(vectors * s_.lanes * 4)), name + "_row");
}

Emitter::Source Emitter::key_source(Value* arguments, Value* batch, Value* kv_head, Value* kv_start, bool values) {
  auto stride = [&](size_t k_offset, const char* k_name, size_t v_offset, const char* v_name) {
    return values ? number64(arguments, v_offset, v_name) : number64(arguments, k_offset, k_name);
  };
  Value* batch_stride = stride(ATTUNE_FIELD(k_stride_batch), ATTUNE_FIELD(v_stride_batch));
  Value* head_stride = stride(ATTUNE_FIELD(k_stride_head), ATTUNE_FIELD(v_stride_head));
  Value* row_stride = stride(ATTUNE_FIELD(k_stride_seq), ATTUNE_FIELD(v_stride_seq));
  Value* offset = b_.mul(kv_head, head_stride);
  if (!s_.paged) {
    offset = b_.add(offset, b_.add(b_.mul(batch, batch_stride), b_.mul(kv_start, row_stride)));
  }
  Value* data = values ? pointer(arguments, ATTUNE_FIELD(v)) : pointer(arguments, ATTUNE_FIELD(k));
  return {b_.at(data, offset, "source"), batch_stride, row_stride};
}

// words: 64 rows of q_row_bytes -> panels of k_words x panel_keys words from `out` on, for keys [first, first + 64).
void Emitter::emit_pack_words() {
  auto& ir = b_.raw();
  auto* f = b_.function("pack_words", {{"words", b_.ptr()}, {"first", b_.i64()}, {"out", b_.ptr()}}, false);
  Value *words = f->getArg(0), *first = f->getArg(1), *out = f->getArg(2);
  const int64_t lanes = s_.lanes, word_bytes = s_.panel_keys * 4;
  b_.loop("key", b_.count(0), b_.count(s_.tiles.block_kv), lanes, [&](Value* key) {
    Value* absolute = b_.add(first, key);
    Value* panel = ir.CreateUDiv(absolute, b_.count(s_.panel_keys), "panel");
    Value* column = ir.CreateURem(absolute, b_.count(s_.panel_keys), "column");
    Value* to = b_.at(out, b_.add(b_.mul(panel, b_.count(s_.k_words * word_bytes)), b_.mul(column, b_.count(4))), "to");
    Value* from = b_.at(words, b_.mul(key, b_.count(s_.q_row_bytes())), "from");
    auto square = [&](Value* word, int64_t live) {
      Values tile;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        tile.push_back(
            b_.load(b_.words(), b_.at(b_.at(from, lane * s_.q_row_bytes()), b_.mul(word, b_.count(4))), lanes * 4, "w"));
      }
      transpose_square(tile);
      for (int64_t i = 0; i < live; ++i) {
        b_.store(tile[static_cast<size_t>(i)], b_.at(to, b_.mul(b_.add(word, b_.count(i)), b_.count(word_bytes))),
                 lanes * 4);
      }
    };
    const int64_t whole = s_.k_words / lanes * lanes;
    b_.loop("word", b_.count(0), b_.count(whole), lanes, [&](Value* word) { square(word, lanes); });
    if (whole < s_.k_words) square(b_.count(whole), s_.k_words - whole);
  });
  b_.finish();
}

// Keys of a staged block that the subtraction of the mean would raise by more than sink_ratio, into the list of the
// max_sink_keys raised the most: its ratios ascend, and of equals the first key stays.
void Emitter::emit_find_sinks() {
  auto& ir = b_.raw();
  auto* f = b_.function(
      "find_sinks",
      {{"rows", b_.ptr()}, {"first", b_.i64()}, {"count", b_.i64()}, {"mean", b_.ptr()}, {"candidates", b_.ptr()}}, false);
  Value *rows = f->getArg(0), *first = f->getArg(1), *count = f->getArg(2), *means = f->getArg(3),
        *candidates = f->getArg(4);
  b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
    Value* row = b_.at(rows, b_.mul(r, b_.count(s_.stage_row_bytes())), "row");
    const Values zero = {b_.splat(0.0), b_.splat(0.0)};
    const Values found = b_.loop("vector", b_.count(0), b_.count(s_.d_vectors), 1, zero, [&](Value* v, const Values& seen) {
      Value* offset = b_.mul(v, b_.count(s_.lanes * 4));
      Value* x = b_.load(b_.vec(), b_.at(row, offset), s_.lanes * 4, "x");
      Value* difference = ir.CreateFSub(x, b_.load(b_.vec(), b_.at(means, offset), 4, "mean"));
      auto larger = [&](Value* vector, Value* so_far) {
        Value* size = ir.CreateSelect(ir::is_finite(b_, vector), ir::magnitude(b_, vector), b_.splat(0.0));
        return b_.fmax(size, so_far);
      };
      return Values{larger(x, seen[0]), larger(difference, seen[1])};
    });
    Value *plain = b_.horizontal_max(found[0], "plain"), *smoothed = b_.horizontal_max(found[1], "smoothed");
    Value* raised = ir.CreateFCmpOGT(smoothed, ir.CreateFMul(plain, b_.number(static_cast<double>(sink_ratio))), "raised");
    b_.when(raised, "candidate", [&] {
      Value *ratio = ir.CreateFDiv(plain, smoothed, "ratio"), *key = b_.add(first, r);
      Value* before = ir.getFalse();  // what is listed behind the new key moves on as it stands, equals among it too
      for (int64_t i = 0; i < max_sink_keys; ++i) {
        Value *ratio_at = b_.at(candidates, i * 16), *key_at = b_.at(candidates, i * 16 + 8);
        Value *listed = b_.load(b_.f32(), ratio_at, 4), *listed_key = b_.load(b_.i64(), key_at, 8);
        before = ir.CreateOr(before, ir.CreateFCmpOLT(ratio, listed));
        b_.store(ir.CreateSelect(before, ratio, listed), ratio_at, 4);
        b_.store(ir.CreateSelect(before, key, listed_key), key_at, 8);
        ratio = ir.CreateSelect(before, listed, ratio);
        key = ir.CreateSelect(before, listed_key, key);
      }
    });
  });
  b_.finish();
}

void Emitter::emit_prepare_keys() {
  auto& ir = b_.raw();
  auto* f = b_.function("prepare_keys",
                        {{"arguments", b_.ptr()}, {"scratch", b_.ptr()}, {"batch", b_.i64()}, {"kv_head", b_.i64()}}, false);
  Value *arguments = f->getArg(0), *scratch = f->getArg(1), *batch = f->getArg(2), *kv_head = f->getArg(3);
  const Lengths lengths = lengths_of(arguments, batch);
  const Source source = key_source(arguments, batch, kv_head, lengths.kv_start, false);
  const int64_t block = s_.tiles.block_kv, d_bytes = s_.d_vectors * s_.lanes * 4;
  const bool smooths = s_.request.k_smoothing != KSmoothing::none;
  const bool sinks = s_.request.k_smoothing == KSmoothing::sink_mean;
  Value* index = kv_head_index(arguments, batch, kv_head);
  Value* row0 = prepared_kv_row(arguments, batch, kv_head, lengths.kv_start);
  auto part = [&](int64_t at, const std::string& name) { return b_.at(scratch, at, name); };
  Value *stage = part(s_.stage_at, "stage"), *sums = part(s_.sums_at, "sums"), *counts = part(s_.counts_at, "counts");
  auto stage_rows = [&](Value* first, Value* count, Value* out) {
    b_.call(callee("stage_keys"), {arguments, batch, source.base, source.page_stride, source.row_stride, first, count, out});
  };
  Value* mean = channels(arguments, ATTUNE_FIELD(k_means), index, s_.d_vectors);
  Value* vectors = b_.count(s_.d_vectors);
  clear(mean, d_bytes);
  if (smooths) {
    clear(sums, 2 * d_bytes);
    clear(counts, d_bytes);
    over_blocks(lengths.kv_len, block, [&](Value* first, Value* count) {
      stage_rows(first, count, stage);
      b_.call(callee("add_columns"), {stage, count, vectors, b_.number(1), sums, counts});
    });
    b_.call(callee("column_means"), {sums, counts, vectors, mean});
  }
  Value* sink_keys = b_.at(pointer(arguments, ATTUNE_FIELD(sink_keys)), b_.mul(index, b_.count(max_sink_keys * 8)));
  auto sink_key = [&](int64_t i) { return b_.load(b_.i64(), b_.at(sink_keys, i * 8), 8, "sink_key"); };
  if (sinks) {
    Value* candidates = part(s_.candidates_at, "candidates");
    for (int64_t i = 0; i < max_sink_keys; ++i) {
      b_.store(b_.number(INFINITY), b_.at(candidates, i * 16), 4);
      b_.store(b_.count(-1), b_.at(candidates, i * 16 + 8), 8);
    }
    over_blocks(lengths.kv_len, block, [&](Value* first, Value* count) {
      stage_rows(first, count, stage);
      b_.call(callee("find_sinks"), {stage, first, count, mean, candidates});
    });
    // They have no part in the mean of the others.
    for (int64_t i = 0; i < max_sink_keys; ++i) {
      Value* key = b_.load(b_.i64(), b_.at(candidates, i * 16 + 8), 8, "key");
      b_.store(key, b_.at(sink_keys, i * 8), 8);
      b_.when(ir.CreateICmpSGE(key, b_.count(0)), "sink", [&] {
        stage_rows(key, b_.count(1), stage);
        b_.call(callee("add_columns"), {stage, b_.count(1), vectors, b_.number(-1), sums, counts});
      });
    }
    b_.call(callee("column_means"), {sums, counts, vectors, mean});
  }
  if (smooths && !safe()) {
    b_.loop("round", b_.count(0), b_.count(d_bytes), s_.lanes * 4, [&](Value* offset) {
      Value* at = b_.at(mean, offset);
      b_.store(ir::round_to(b_, s_.dtype, b_.load(b_.vec(), at, 4)), at, 4);
    });
  }

  Value *row_max = part(s_.row_max_at, "row_max"), *row_bad = part(s_.row_bad_at, "row_bad");
  // Codes of sinks are 0; an element that is not finite stays, so that the key is found to be poisoned.
  auto smooth = [&](Value* first, Value* count) {
    b_.call(callee("smooth_keys"), {stage, count, mean, row_max, row_bad});
    if (!sinks) return;
    for (int64_t i = 0; i < max_sink_keys; ++i) {
      Value* r = b_.sub(sink_key(i), first, "row");
      Value* inside = ir.CreateAnd(ir.CreateICmpSGE(r, b_.count(0)), ir.CreateICmpSLT(r, count));
      b_.when(inside, "sink_row", [&] {
        Value* row = b_.at(stage, b_.mul(r, b_.count(s_.stage_row_bytes())));
        b_.loop("clear", b_.count(0), b_.count(d_bytes), s_.lanes * 4, [&](Value* offset) {
          Value* at = b_.at(row, offset);
          Value* x = b_.load(b_.vec(), at, s_.lanes * 4, "x");
          b_.store(ir.CreateSelect(ir::is_finite(b_, x), b_.splat(0.0), x), at, s_.lanes * 4);
        });
        b_.store(b_.number(0), b_.at(row_max, b_.mul(r, b_.count(4))), 4);
      });
    }
  };
  Value* all = b_.number(0);
  const bool given = s_.request.given_qk();
  if (s_.coded_qk && !given && s_.request.granularity == Granularity::tensor) {
    const Values found =
        b_.loop("amax_block", b_.count(0), lengths.kv_len, block, {all}, [&](Value* first, const Values& so_far) {
          Value* count = b_.min(b_.sub(lengths.kv_len, first), b_.count(block), "count");
          stage_rows(first, count, stage);
          smooth(first, count);
          return b_.loop("row", b_.count(0), count, 1, so_far, [&](Value* r, const Values& largest) {
            return Values{b_.fmax(b_.load(b_.f32(), b_.at(row_max, b_.mul(r, b_.count(4))), 4), largest[0])};
          });
        });
    all = found[0];
  }

  Value* panels = b_.at(pointer(arguments, ATTUNE_FIELD(k_codes)), b_.mul(row0, b_.count(s_.k_words * 4)), "panels");
  Value* words = part(s_.words_at, "words");
  over_blocks(lengths.kv_len, block, [&](Value* first, Value* count) {
    Value* begin = b_.mul(b_.add(row0, first), b_.count(4), "begin");
    Value* offsets = stage;
    if (s_.qk_form == Form::i8_quads) offsets = b_.at(pointer(arguments, ATTUNE_FIELD(k_offsets)), begin);
    clear_rest(stage, count, block);
    stage_rows(first, count, stage);
    if (s_.coded_qk) {
      clear(row_max, block * 4);
      clear(row_bad, block * 4);
      smooth(first, count);
      if (given) {
        const GivenScales scales = given_scales_of(arguments, false, batch, kv_head, lengths.kv_start);
        b_.call(callee("given_key_scales"), {scratch, scales.scales, b_.add(scales.row, first), count});
      } else {
        b_.call(callee("key_scales"), {scratch, all});
      }
    }
    b_.call(callee("encode_keys"), {scratch, b_.count(block), words, b_.count(s_.q_row_bytes()), offsets});
    b_.call(callee("pack_words"), {words, first, panels});
    if (!s_.coded_qk) return;
    Value* scales = b_.at(pointer(arguments, ATTUNE_FIELD(k_scales)), begin);
    b_.loop("scale", b_.count(0), b_.count(block * 4), s_.lanes * 4, [&](Value* offset) {
      Value* scale = b_.load(b_.vec(), b_.at(part(s_.row_scale_at, "row_scale"), offset), 4, "scale");
      if (safe()) scale = ir.CreateFAdd(scale, b_.load(b_.vec(), b_.at(row_bad, offset), 4), "poisoned");
      b_.store(scale, b_.at(scales, offset), 4);
    });
  });
  b_.finish();
}

void Emitter::emit_prepare_kv() {
  auto& ir = b_.raw();
  auto* f =
      b_.function("attune_prepare_kv",
                  {{"arguments", b_.ptr()}, {"item_begin", b_.i64()}, {"item_end", b_.i64()}, {"scratch", b_.ptr()}}, true);
  Value *arguments = f->getArg(0), *begin = f->getArg(1), *end = f->getArg(2), *scratch = f->getArg(3);
  Value* heads = number64(arguments, ATTUNE_FIELD(heads_kv));
  b_.loop("item", begin, end, 1, [&](Value* item) {
    Value *batch = ir.CreateUDiv(item, heads, "batch"), *head = ir.CreateURem(item, heads, "head");
    b_.call(callee("prepare_keys"), {arguments, scratch, batch, head});
    b_.call(callee("prepare_values"), {arguments, scratch, batch, head});
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
