// attune_prepare_q: codes and scales of the queries, what smoothing the keys took off their scores, and delta S. One work
// item a query head.
#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/llvm/rounding.hpp"

namespace attune::forward_cpu {

Value* Emitter::prepared_q_row(Value* arguments, Value* batch, Value* head, Value* q_start) {
  Value* heads = number64(arguments, ATTUNE_FIELD(heads_q));
  Value* index = s_.varlen ? head : b_.add(b_.mul(batch, heads), head);
  Value* row = b_.mul(index, number64(arguments, ATTUNE_FIELD(q_rows)));
  if (!s_.varlen) return row;
  Value* blocks = b_.add(b_.raw().CreateUDiv(q_start, b_.count(s_.tiles.block_q)), batch);
  return b_.add(row, b_.mul(blocks, b_.count(s_.tiles.block_q)), "prepared_row");
}

// result = a . b of two staged rows; with `poisons`, NaN where either has an element that is not finite.
void Emitter::emit_row_product() {
  auto& ir = b_.raw();
  auto* f = b_.function("row_product", {{"a", b_.ptr()}, {"b", b_.ptr()}, {"result", b_.ptr()}, {"poisons", ir.getInt1Ty()}},
                        false);
  Value *a = f->getArg(0), *other = f->getArg(1), *result = f->getArg(2), *poisons = f->getArg(3);
  const Values zero = {b_.splat(0.0), b_.splat(0.0)};
  const int64_t bytes = s_.d_vectors * s_.lanes * 4;
  const Values sums =
      b_.loop("offset", b_.count(0), b_.count(bytes), s_.lanes * 4, zero, [&](Value* offset, const Values& so_far) {
        Value* x = b_.load(b_.vec(), b_.at(a, offset), 4, "x");
        Value* y = b_.load(b_.vec(), b_.at(other, offset), 4, "y");
        Value* bad = ir.CreateFAdd(ir.CreateFSub(x, x), ir.CreateFSub(y, y));
        return Values{b_.fma(x, y, so_far[0], "product"), ir.CreateFAdd(so_far[1], bad)};
      });
  Value* bad = ir.CreateSelect(poisons, b_.horizontal_sum(sums[1]), b_.number(0), "bad");
  b_.store(ir.CreateFAdd(b_.horizontal_sum(sums[0]), bad), result, 4);
  b_.finish();
}

void Emitter::emit_prepare_queries() {
  auto& ir = b_.raw();
  auto* f =
      b_.function("attune_prepare_q",
                  {{"arguments", b_.ptr()}, {"item_begin", b_.i64()}, {"item_end", b_.i64()}, {"scratch", b_.ptr()}}, true);
  Value *arguments = f->getArg(0), *begin = f->getArg(1), *end = f->getArg(2), *scratch = f->getArg(3);
  const int64_t block = s_.tiles.block_q, d_bytes = s_.d_vectors * s_.lanes * 4;
  const bool k_smooths = s_.request.k_smoothing != KSmoothing::none;
  const bool sinks = s_.request.k_smoothing == KSmoothing::sink_mean;
  const bool q_smooths = s_.request.q_smoothing != QSmoothing::none;
  Value* heads = number64(arguments, ATTUNE_FIELD(heads_q));
  auto part = [&](int64_t at, const std::string& name) { return b_.at(scratch, at, name); };
  Value *stage = part(s_.stage_at, "stage"), *own_mean = part(s_.mean_at, "own_mean");
  Value *row_max = part(s_.row_max_at, "row_max"), *row_bad = part(s_.row_bad_at, "row_bad");
  Value *sums = part(s_.sums_at, "sums"), *counts = part(s_.counts_at, "counts");
  Value* vectors = b_.count(s_.d_vectors);
  auto staged = [&](Value* rows, Value* r) { return b_.at(rows, b_.mul(r, b_.count(s_.stage_row_bytes()))); };
  auto poisons = [&](bool yes) { return ir.getInt1(yes && safe()); };

  b_.loop("item", begin, end, 1, [&](Value* item) {
    Value *batch = ir.CreateUDiv(item, heads, "batch"), *head = ir.CreateURem(item, heads, "head");
    Value* kv_head = ir.CreateUDiv(head, b_.count(s_.group), "kv_head");
    const Lengths lengths = lengths_of(arguments, batch);
    Value* q_stride = number64(arguments, ATTUNE_FIELD(q_stride_seq));
    Value* offset = b_.add(b_.mul(batch, number64(arguments, ATTUNE_FIELD(q_stride_batch))),
                           b_.mul(head, number64(arguments, ATTUNE_FIELD(q_stride_head))));
    offset = b_.add(offset, b_.mul(lengths.q_start, q_stride));
    Value* queries = b_.at(pointer(arguments, ATTUNE_FIELD(q)), offset, "queries");
    Value* row0 = prepared_q_row(arguments, batch, head, lengths.q_start);
    Value* block0 = ir.CreateUDiv(row0, b_.count(block), "block0");
    Value* index = kv_head_index(arguments, batch, kv_head);
    Value* k_mean = channels(arguments, ATTUNE_FIELD(k_means), index, s_.d_vectors);
    const Source keys = key_source(arguments, batch, kv_head, lengths.kv_start, false);
    auto stage_keys = [&](Value* first, Value* count, Value* out) {
      b_.call(callee("stage_keys"), {arguments, batch, keys.base, keys.page_stride, keys.row_stride, first, count, out});
    };
    auto stage_queries = [&](Value* first, Value* count) {
      b_.call(callee("stage_queries"), {arguments, batch, queries, q_stride, q_stride, first, count, stage});
    };
    auto mean_of_block = [&](Value* first) {
      return channels(arguments, ATTUNE_FIELD(q_means), b_.add(block0, ir.CreateUDiv(first, b_.count(block))), s_.d_vectors);
    };
    auto smooth = [&](Value* first, Value* count) {
      Value* mean = own_mean;
      if (q_smooths) {
        mean = mean_of_block(first);
        clear(sums, 2 * d_bytes);
        clear(counts, d_bytes);
        b_.call(callee("add_columns"), {stage, count, vectors, b_.number(1), sums, counts});
        b_.call(callee("column_means"), {sums, counts, vectors, mean});
      }
      b_.call(callee("smooth_queries"), {stage, count, mean, row_max, row_bad});
    };
    clear(own_mean, d_bytes);
    Value* sink_keys = b_.at(pointer(arguments, ATTUNE_FIELD(sink_keys)), b_.mul(index, b_.count(max_sink_keys * 8)));
    Value* sink_rows = part(s_.sink_rows_at, "sink_rows");
    auto over_sinks = [&](const std::function<void(int64_t, Value*)>& body) {
      for (int64_t i = 0; sinks && i < max_sink_keys; ++i) {
        Value* key = b_.load(b_.i64(), b_.at(sink_keys, i * 8), 8, "sink_key");
        b_.when(ir.CreateICmpSGE(key, b_.count(0)), "sink", [&] { body(i, key); });
      }
    };
    over_sinks([&](int64_t i, Value* key) {
      Value* row = b_.at(sink_rows, i * s_.stage_row_bytes());
      stage_keys(key, b_.count(1), row);
      b_.loop("offset", b_.count(0), b_.count(d_bytes), s_.lanes * 4, [&](Value* at) {
        Value* difference = ir.CreateFSub(b_.load(b_.vec(), b_.at(row, at), 4), b_.load(b_.vec(), b_.at(k_mean, at), 4));
        b_.store(difference, b_.at(row, at), 4);
      });
    });

    Value* all = b_.number(0);
    const bool given = s_.request.given_qk();
    if (!given && s_.request.granularity == Granularity::tensor) {
      const Values found =
          b_.loop("amax_block", b_.count(0), lengths.q_len, block, {all}, [&](Value* first, const Values& so_far) {
            Value* count = b_.min(b_.sub(lengths.q_len, first), b_.count(block), "count");
            stage_queries(first, count);
            smooth(first, count);
            return b_.loop("row", b_.count(0), count, 1, so_far, [&](Value* r, const Values& largest) {
              return Values{b_.fmax(b_.load(b_.f32(), b_.at(row_max, b_.mul(r, b_.count(4))), 4), largest[0])};
            });
          });
      all = found[0];
    }
    over_blocks(lengths.q_len, block, [&](Value* first, Value* count) {
      Value* row = b_.add(row0, first);
      Value* meta = b_.at(pointer(arguments, ATTUNE_FIELD(q_meta)), b_.mul(row, b_.count(meta_slots * 4)), "meta");
      auto meta_at = [&](Value* r, int64_t slot) {
        return b_.at(b_.at(meta, b_.mul(r, b_.count(meta_slots * 4))), slot * 4);
      };
      clear_rest(stage, count, block);
      stage_queries(first, count);
      b_.loop("row", b_.count(0), count, 1, [&](Value* r) {
        if (k_smooths) {
          b_.call(callee("row_product"), {staged(stage, r), k_mean, meta_at(r, meta_constant), poisons(false)});
        } else {
          b_.store(b_.number(0), meta_at(r, meta_constant), 4);
        }
        over_sinks([&](int64_t i, Value*) {
          Value* sink_row = b_.at(sink_rows, i * s_.stage_row_bytes());
          b_.call(callee("row_product"), {staged(stage, r), sink_row, meta_at(r, meta_sinks + i), poisons(true)});
        });
      });
      clear(row_max, block * 4);
      clear(row_bad, block * 4);
      smooth(first, count);
      if (given) {
        const GivenScales scales = given_scales_of(arguments, true, batch, head, lengths.q_start);
        b_.call(callee("given_query_scales"), {scratch, scales.scales, b_.add(scales.row, first), count});
      } else {
        b_.call(callee("query_scales"), {scratch, all});
      }
      Value* codes = b_.at(pointer(arguments, ATTUNE_FIELD(q_codes)), b_.mul(row, b_.count(s_.q_row_bytes())), "codes");
      b_.call(callee("encode_queries"), {scratch, count, codes, b_.count(s_.q_row_bytes()), stage});
      b_.loop("scale", b_.count(0), count, 1, [&](Value* r) {
        Value* scale = b_.load(b_.f32(), b_.at(part(s_.row_scale_at, "row_scale"), b_.mul(r, b_.count(4))), 4, "scale");
        if (safe()) scale = ir.CreateFAdd(scale, b_.load(b_.f32(), b_.at(row_bad, b_.mul(r, b_.count(4))), 4), "poisoned");
        b_.store(scale, meta_at(r, meta_scale), 4);
      });
    });
    if (!q_smooths) return;
    // delta S: each staged block of keys against the means of all query blocks.
    const int64_t key_block = s_.tiles.block_kv;
    over_blocks(lengths.kv_len, key_block, [&](Value* first, Value* count) {
      stage_keys(first, count, stage);
      b_.call(callee("smooth_keys"), {stage, count, k_mean, row_max, row_bad});
      b_.loop("query", b_.count(0), lengths.q_len, block, [&](Value* query) {
        Value* delta_block = b_.add(block0, ir.CreateUDiv(query, b_.count(block)));
        Value* to =
            b_.at(pointer(arguments, ATTUNE_FIELD(delta_s)),
                  b_.add(b_.mul(delta_block, number64(arguments, ATTUNE_FIELD(delta_stride))), b_.mul(first, b_.count(4))),
                  "delta");
        b_.loop("key", b_.count(0), count, 1, [&](Value* r) {
          b_.call(callee("row_product"),
                  {staged(stage, r), mean_of_block(query), b_.at(to, b_.mul(r, b_.count(4))), poisons(false)});
        });
      });
    });
  });
  b_.finish();
}

void Emitter::emit_quantizers() {
  const bool channels_have_means = s_.request.k_smoothing != KSmoothing::none ||
                                   s_.request.q_smoothing != QSmoothing::none || s_.request.v_smoothing != VSmoothing::none;
  const Granularity granularity = s_.request.granularity;
  auto scales = [&](const std::string& name, const ScaleGroups& groups, int64_t rows) {
    s_.request.given_qk() ? emit_given_scales("given_" + name, groups) : emit_group_scales(name, groups, rows);
  };
  const bool given_qk = s_.request.given_qk();
  given_qk ? emit_stage_codes("stage_keys") : emit_stage("stage_keys", s_.head_dim_qk, s_.paged);
  s_.request.given_v() ? emit_stage_value_codes() : emit_stage("stage_values", s_.head_dim_v, s_.paged);
  if (channels_have_means) {
    emit_add_columns();
    emit_column_means();
  }
  if (s_.request.k_smoothing == KSmoothing::sink_mean) emit_find_sinks();
  if (s_.coded_qk) {
    emit_smooth("smooth_keys", s_.request.scales == ScaleConvention::divided && !given_qk);
    scales("key_scales", k_scale_groups(granularity, s_.tiles), s_.tiles.block_kv);
  }
  emit_encode("encode_keys", false);
  emit_pack_words();
  emit_prepare_keys();
  emit_encode_values();
  emit_prepare_values();
  emit_prepare_kv();
  if (!s_.coded_qk) return;
  given_qk ? emit_stage_codes("stage_queries") : emit_stage("stage_queries", s_.head_dim_qk, false);
  emit_smooth("smooth_queries", false);
  scales("query_scales", q_scale_groups(granularity, s_.tiles), s_.tiles.block_q);
  emit_encode("encode_queries", true);
  emit_row_product();
  emit_prepare_queries();
}

}  // namespace attune::forward_cpu
