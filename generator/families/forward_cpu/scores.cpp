// Scores: Q K^T for one panel of rows, as an outer product over packed keys or as dot products over the caller's rows.
#include <llvm/IR/IntrinsicsX86.h>

#include <limits>

#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {
namespace {

llvm::FixedVectorType* pairs_type(ir::Builder& b) {
  return llvm::FixedVectorType::get(b.raw().getBFloatTy(), static_cast<unsigned>(2 * b.target().lanes));
}

}  // namespace

Value* multiply_accumulate(ir::Builder& b, Form form, Value* a_words, Value* b_words, Value* sum) {
  auto& ir = b.raw();
  auto shorts = [&](Value* words) {
    auto* type = llvm::FixedVectorType::get(ir.getInt16Ty(), static_cast<unsigned>(2 * b.target().lanes));
    return ir.CreateBitCast(words, type);
  };
  switch (form) {
    case Form::f32: return b.fma(ir.CreateBitCast(a_words, b.vec()), ir.CreateBitCast(b_words, b.vec()), sum, "sum");
    case Form::bf16_pairs:
      return ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512bf16_dpbf16ps_512, {},
                                {sum, ir.CreateBitCast(a_words, pairs_type(b)), ir.CreateBitCast(b_words, pairs_type(b))},
                                nullptr, "sum");
    case Form::i16_pairs: {
      const auto id = b.target().avx512 ? llvm::Intrinsic::x86_avx512_pmaddw_d_512 : llvm::Intrinsic::x86_avx2_pmadd_wd;
      Value* products = ir.CreateIntrinsic(id, {}, {shorts(a_words), shorts(b_words)}, nullptr, "products");
      return ir.CreateAdd(sum, products, "sum");
    }
    case Form::i8_quads: {
      const auto id =
          b.target().avx512 ? llvm::Intrinsic::x86_avx512_vpdpbusd_512 : llvm::Intrinsic::x86_avx512_vpdpbusd_256;
      return ir.CreateIntrinsic(id, {}, {sum, a_words, b_words}, nullptr, "sum");
    }
  }
  return sum;
}

// scores[r][n] = sum_d q[r][d] * key[n][d], rows x (qk_columns * lanes) at a time, everything in registers; what is left of
// the last panel goes register by register, so that a short block does no work on keys that do not exist.
void Emitter::emit_scores_packed() {
  auto& ir = b_.raw();
  std::vector<std::pair<std::string, llvm::Type*>> parameters = {
      {"queries", b_.ptr()}, {"packed", b_.ptr()}, {"scores", b_.ptr()}, {"count", b_.i64()}};
  if (s_.coded_qk) {
    // Of the panel's rows: q_meta and where delta S lies; of the block's keys: scales and offsets, and the bytes of delta S
    // before them.
    for (const char* name : {"meta", "deltas", "key_scales", "key_offsets"}) parameters.emplace_back(name, b_.ptr());
    parameters.emplace_back("delta_bytes", b_.i64());
  }
  auto* f = b_.function("scores", parameters, false);
  Value *queries = f->getArg(0), *packed = f->getArg(1), *scores = f->getArg(2), *count = f->getArg(3);
  const int64_t vector_bytes = s_.lanes * 4;
  const int64_t step_bytes = s_.qk_columns * vector_bytes;
  const auto rows = static_cast<size_t>(s_.rows);
  const bool delta = s_.coded_qk && s_.request.q_smoothing != QSmoothing::none;
  // A register of products of codes as scores: times the scales of the row and of each key, plus delta S.
  auto decode = [&](Value* sum, Value* row_scale, Value* delta_row, Value* key_bytes) {
    Value *key_scales = f->getArg(6), *delta_bytes = f->getArg(8);
    Value* scale = ir.CreateFMul(b_.load(b_.vec(), b_.at(key_scales, key_bytes), 4), row_scale, "scale");
    Value* number = is_integer(s_.qk_form) ? ir.CreateSIToFP(sum, b_.vec(), "number") : sum;
    if (!delta) return ir.CreateFMul(number, scale, "s");
    Value* shift = b_.load(b_.vec(), b_.at(delta_row, b_.add(delta_bytes, key_bytes)), 4, "delta");
    return b_.fma(number, scale, shift, "s");
  };

  // `columns` registers of keys from `keys` on, against all rows; `key_bytes` bytes of words are before them in the block.
  auto tile = [&](Value* keys, Value* out, int64_t width, Value* key_bytes) {
    const auto columns = static_cast<size_t>(width);
    auto step = [&](Value* word, const Values& sums) {
      Values next = sums;
      Value* row = b_.at(keys, b_.mul(word, b_.count(step_bytes)));
      Values key;
      for (size_t j = 0; j < columns; ++j) {
        key.push_back(b_.load(b_.words(), b_.at(row, static_cast<int64_t>(j) * vector_bytes), vector_bytes, "key"));
      }
      Value* query = b_.at(queries, b_.mul(word, b_.count(4)));
      for (size_t r = 0; r < rows; ++r) {
        Value* q = b_.splat_words(b_.load(b_.i32(), b_.at(query, static_cast<int64_t>(r) * s_.q_row_bytes()), 4), "q");
        for (size_t j = 0; j < columns; ++j) {
          auto& sum = next[r * columns + j];
          sum = multiply_accumulate(b_, s_.qk_form, q, key[j], sum);
        }
      }
      return next;
    };
    Values sums(rows * columns, b_.splat(0.0));
    if (s_.qk_form == Form::i8_quads) {
      for (size_t i = 0; i < sums.size(); ++i) {
        const auto j = static_cast<int64_t>(i % columns);
        sums[i] = b_.load(b_.words(), b_.at(f->getArg(7), b_.add(key_bytes, b_.count(j * vector_bytes))), 4, "offset");
      }
    } else if (is_integer(s_.qk_form)) {
      sums.assign(rows * columns, llvm::Constant::getNullValue(b_.words()));
    }
    const int64_t whole = s_.k_words / s_.unroll * s_.unroll;
    sums = b_.loop("word", b_.count(0), b_.count(whole), s_.unroll, sums, [&](Value* word, const Values& carried) {
      Values next = carried;
      for (int64_t u = 0; u < s_.unroll; ++u) next = step(b_.add(word, b_.count(u)), next);
      return next;
    });
    for (int64_t word = whole; word < s_.k_words; ++word) sums = step(b_.count(word), sums);
    for (size_t r = 0; r < rows; ++r) {
      const auto row = static_cast<int64_t>(r);
      // Read once a row: what is stored below might be the same memory, for all that LLVM knows.
      Value *row_scale = nullptr, *delta_row = nullptr;
      if (s_.coded_qk) {
        Value* at = b_.at(f->getArg(4), (row * meta_slots + meta_scale) * 4);
        row_scale = b_.splat(b_.load(b_.f32(), at, 4, "row_scale"));
        if (delta) delta_row = b_.load(b_.ptr(), b_.at(f->getArg(5), row * 8), 8, "delta_row");
      }
      for (size_t j = 0; j < columns; ++j) {
        const auto offset = row * s_.s_row_bytes() + static_cast<int64_t>(j) * vector_bytes;
        Value* score = sums[r * columns + j];
        if (s_.coded_qk) {
          score = decode(score, row_scale, delta_row, b_.add(key_bytes, b_.count(static_cast<int64_t>(j) * vector_bytes)));
        }
        b_.store(score, b_.at(out, offset), vector_bytes);
      }
    }
  };
  Value* vectors = b_.ceil_div(count, s_.lanes, "vectors");
  Value* panels = ir.CreateUDiv(vectors, b_.count(s_.qk_columns), "panels");
  auto panel_at = [&](Value* panel) { return b_.at(packed, b_.mul(panel, b_.count(s_.k_words * step_bytes)), "keys"); };
  b_.loop("panel", b_.count(0), panels, 1, [&](Value* panel) {
    Value* key_bytes = b_.mul(panel, b_.count(step_bytes));
    Value* out = b_.at(scores, key_bytes, "out");
    tile(panel_at(panel), out, s_.qk_columns, key_bytes);
  });
  if (s_.qk_columns > 1) {
    Value* last = panel_at(panels);
    b_.loop("vector", b_.mul(panels, b_.count(s_.qk_columns)), vectors, 1, [&](Value* vector) {
      Value* column = b_.sub(vector, b_.mul(panels, b_.count(s_.qk_columns)), "column");
      Value* keys = b_.at(last, b_.mul(column, b_.count(vector_bytes)), "keys");
      Value* key_bytes = b_.mul(vector, b_.count(vector_bytes));
      tile(keys, b_.at(scores, key_bytes, "out"), 1, key_bytes);
    });
  }
  b_.finish();
}

// The same from unpacked keys: `rows` x direct_keys partial sums, one register each, folded into one register of results.
// For a few rows (decode) this reads each key once and never writes it back.
void Emitter::emit_scores_direct() {
  auto& ir = b_.raw();
  auto* f = b_.function(
      "scores", {{"queries", b_.ptr()}, {"keys", b_.ptr()}, {"stride", b_.i64()}, {"scores", b_.ptr()}, {"count", b_.i64()}},
      false);
  Value *queries = f->getArg(0), *keys = f->getArg(1), *stride = f->getArg(2), *scores = f->getArg(3), *count = f->getArg(4);
  const int64_t lanes = s_.lanes, keys_at_once = s_.direct_keys;
  const auto rows = static_cast<size_t>(s_.rows), group = static_cast<size_t>(keys_at_once);
  Value* last = b_.sub(count, b_.count(1), "last");

  b_.loop("key", b_.count(0), count, keys_at_once, [&](Value* key) {
    Values addresses;
    for (int64_t k = 0; k < keys_at_once; ++k) {
      addresses.push_back(b_.at(keys, b_.mul(b_.min(b_.add(key, b_.count(k)), last), stride), "key_row"));
    }
    auto step = [&](Value* word, int64_t words, const Values& sums) {
      Values next = sums;
      Values q;
      for (size_t r = 0; r < rows; ++r) {
        Value* address =
            b_.at(queries, b_.add(b_.mul(word, b_.count(4)), b_.count(static_cast<int64_t>(r) * s_.q_row_bytes())));
        q.push_back(b_.load(b_.words(), address, 64, "q"));
      }
      Value* in_bytes = b_.mul(word, b_.count(s_.dot ? 4 : s_.input_bytes), "in_bytes");
      for (size_t k = 0; k < group; ++k) {
        Value* address = b_.at(addresses[k], in_bytes);
        if (s_.prefetch > 0) b_.prefetch(b_.at(address, b_.mul(stride, b_.count(s_.prefetch))));
        Value* vector;
        if (s_.dot) {
          const int64_t live = words == lanes ? 2 * lanes : s_.head_dim_qk % (2 * lanes);
          vector = ir.CreateBitCast(b_.load_first(ir.getInt16Ty(), 2 * lanes, address, live == 0 ? 2 * lanes : live),
                                    b_.words(), "key");
        } else {
          vector = ir.CreateBitCast(ir::load_as_f32(b_, s_.dtype, address, words, "key"), b_.words());
        }
        for (size_t r = 0; r < rows; ++r) {
          auto& sum = next[r * group + k];
          sum = multiply_accumulate(b_, s_.qk_form, q[r], vector, sum);
        }
      }
      return next;
    };
    Values sums(rows * group, b_.splat(0.0));
    const int64_t whole = s_.k_words / lanes * lanes;
    sums = b_.loop("word", b_.count(0), b_.count(whole), lanes, sums,
                   [&](Value* word, const Values& carried) { return step(word, lanes, carried); });
    if (whole < s_.k_words) sums = step(b_.count(whole), s_.k_words - whole, sums);

    // Fold pairs of registers: after log2(lanes) rounds lane i of the last register is the sum of register i.
    Values folded = sums;
    folded.resize(static_cast<size_t>(lanes), b_.splat(0.0));
    for (int64_t size = 1; size < lanes; size *= 2) {
      std::vector<int> even, odd;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        const bool second = (lane / size) % 2 == 1;
        even.push_back(static_cast<int>(second ? lanes + lane - size : lane));
        odd.push_back(static_cast<int>(second ? lanes + lane : lane + size));
      }
      Values next;
      for (size_t i = 0; i < folded.size(); i += 2) {
        Value* a = b_.shuffle(folded[i], folded[i + 1], even);
        Value* c = b_.shuffle(folded[i], folded[i + 1], odd);
        next.push_back(ir.CreateFAdd(a, c, "fold"));
      }
      folded = next;
    }
    Value* out = b_.at(scores, b_.mul(key, b_.count(4)), "out");
    for (size_t r = 0; r < rows; ++r) {
      std::vector<int> part;
      for (size_t k = 0; k < group; ++k) part.push_back(static_cast<int>(r * group + k));
      b_.store(b_.shuffle(folded[0], folded[0], part), b_.at(out, static_cast<int64_t>(r) * s_.s_row_bytes()), 4);
    }
  });
  b_.finish();
}

// Scale, softcap, ALiBi and mask, in that order, on one panel of scores; leaves them in units of log2. Only emitted where
// the softmax cannot fold the scale into its own multiply-add.
void Emitter::emit_modify_scores() {
  auto& ir = b_.raw();
  auto* f = b_.function("modify_scores",
                        {{"arguments", b_.ptr()},
                         {"scratch", b_.ptr()},
                         {"panel_row", b_.i64()},
                         {"key", b_.i64()},
                         {"vectors", b_.i64()},
                         {"apply_mask", ir.getInt1Ty()}},
                        false);
  Value *arguments = f->getArg(0), *scratch = f->getArg(1), *panel_row = f->getArg(2), *key = f->getArg(3),
        *vectors = f->getArg(4), *apply_mask = f->getArg(5);
  Value* last_row = b_.sub(slot(scratch, slot_rows, "rows"), b_.count(1), "last_row");
  Value* batch = slot(scratch, slot_batch, "batch");
  Value* shift = slot(scratch, slot_shift, "shift");
  Value* scale_log2 = b_.splat(real(arguments, ATTUNE_FIELD(scale_log2)));
  const double log2_e = 1.4426950408889634;
  Value *cap = nullptr, *inner = nullptr;
  if (s_.softcap) {
    Value* cap_scalar = real(arguments, ATTUNE_FIELD(softcap));
    cap = b_.splat(ir.CreateFMul(cap_scalar, b_.number(log2_e)), "cap_log2");
    inner = b_.splat(ir.CreateFDiv(real(arguments, ATTUNE_FIELD(scale)), cap_scalar), "scale_over_cap");
  }

  b_.loop("row", b_.count(0), b_.count(s_.rows), 1, [&](Value* r) {
    const Row row = row_of(scratch, b_.min(b_.add(panel_row, r), last_row));
    Value* scores = b_.at(b_.at(scratch, s_.s_at), b_.mul(r, b_.count(s_.s_row_bytes())), "scores");
    Value *slope = nullptr, *distance0 = nullptr;
    if (s_.alibi) {
      Value* offset = b_.add(b_.mul(batch, number64(arguments, ATTUNE_FIELD(alibi_stride_batch))), row.head);
      Value* value =
          b_.load(b_.f32(), b_.at(pointer(arguments, ATTUNE_FIELD(alibi_slopes)), b_.mul(offset, b_.count(4))), 4);
      slope = b_.splat(ir.CreateFMul(value, b_.number(-log2_e)), "slope_log2");
      distance0 = b_.sub(key, b_.add(row.query, shift), "distance");  // key - position, of lane 0 of vector 0
    }
    Value* constant = nullptr;
    if (s_.softcap && s_.request.k_smoothing != KSmoothing::none) {
      Value* meta = b_.at(b_.at(scratch, s_.meta_at), b_.mul(b_.add(panel_row, r), b_.count(meta_slots * 4)), "meta");
      constant = b_.splat(b_.load(b_.f32(), b_.at(meta, meta_constant * 4), 4, "constant"));
    }
    Value* mask_row = nullptr;
    if (s_.mask != MaskKind::none) {
      Value* offset = b_.mul(batch, number64(arguments, ATTUNE_FIELD(mask_stride_batch)));
      offset = b_.add(offset, b_.mul(row.head, number64(arguments, ATTUNE_FIELD(mask_stride_head))));
      offset = b_.add(offset, b_.mul(row.query, number64(arguments, ATTUNE_FIELD(mask_stride_q))));
      mask_row = b_.at(pointer(arguments, ATTUNE_FIELD(mask)), offset, "mask_row");
    }
    Value* limit = s_.mask != MaskKind::none ? number64(arguments, ATTUNE_FIELD(mask_seqlen_kv)) : nullptr;

    b_.loop("vector", b_.count(0), vectors, 1, [&](Value* vector) {
      Value* address = b_.at(scores, b_.mul(vector, b_.count(s_.lanes * 4)));
      Value* s = b_.load(b_.vec(), address, s_.lanes * 4, "s");
      // A softcap bends the score itself: what smoothing took off it has to be there.
      if (constant) s = ir.CreateFAdd(s, constant, "whole");
      s = s_.softcap ? ir.CreateFMul(ir::tanh(b_, ir.CreateFMul(s, inner)), cap, "capped")
                     : ir.CreateFMul(s, scale_log2, "scaled");
      Value* lane0 = b_.mul(vector, b_.count(s_.lanes));
      if (s_.alibi) {
        // |key - position| as floats of integers: exact up to 2^24.
        Value* start = b_.splat(ir.CreateSIToFP(b_.add(distance0, lane0), b_.f32()));
        Value* lane = ir.CreateSIToFP(b_.lane_numbers(), b_.vec());
        Value* distance = ir.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, ir.CreateFAdd(start, lane));
        s = b_.fma(slope, distance, s, "biased");
      }
      b_.store(s, address, s_.lanes * 4);
      if (s_.mask == MaskKind::none) return;
      b_.when(apply_mask, "apply", [&] {
        Value* column = b_.add(key, lane0, "column");
        const int64_t mask_bytes = size_bytes(s_.mask_dtype);
        auto* element = s_.mask_dtype == DType::boolean ? ir.getInt8Ty()
                        : s_.mask_dtype == DType::f32   ? static_cast<llvm::Type*>(b_.i32())
                                                        : ir.getInt16Ty();
        auto use = [&](Value* raw) {
          Value* hidden = b_.splat(-INFINITY);
          Value* masked;
          if (s_.mask == MaskKind::boolean) {
            Value* keep = ir.CreateICmpNE(raw, llvm::Constant::getNullValue(raw->getType()), "keep");
            masked = ir.CreateSelect(keep, s, hidden, "masked");
          } else {
            Value* bias =
                s_.mask_dtype == DType::f32 ? ir.CreateBitCast(raw, b_.vec()) : ir::bits_to_f32(b_, s_.mask_dtype, raw);
            // -inf hides the key whatever its score is, NaN included. A finite bias never does: lowest() times log2(e) would
            // overflow to -inf, so the sum is held at lowest(), with NaN passing through.
            Value* sum = b_.fma(bias, b_.splat(log2_e), s);
            Value* lowest = b_.splat(std::numeric_limits<float>::lowest());
            sum = ir.CreateSelect(ir.CreateFCmpOLT(sum, lowest), lowest, sum, "bounded");
            masked = ir.CreateSelect(ir.CreateFCmpOEQ(bias, hidden), hidden, sum, "masked");
          }
          b_.store(masked, address, s_.lanes * 4);
        };
        if (s_.mask_broadcast_kv) {
          Value* one = b_.load(element, mask_row, mask_bytes, "mask");
          use(ir.CreateVectorSplat(static_cast<unsigned>(s_.lanes), one));
          return;
        }
        Value* from = b_.at(mask_row, b_.mul(column, b_.count(mask_bytes)), "mask_at");
        Value* whole = ir.CreateICmpSLE(b_.add(column, b_.count(s_.lanes)), limit);
        b_.when(
            whole, "whole", [&] { use(b_.load_first(element, s_.lanes, from, s_.lanes, "mask")); },
            [&] {
              // Columns at and beyond the limit are hidden by the interval; they only must not be read.
              Value* left = b_.max(b_.sub(limit, column), b_.count(0));
              Value* live = ir.CreateICmpSLT(b_.lane_numbers(), b_.splat_words(ir.CreateTrunc(left, b_.i32())), "live");
              use(b_.load_lanes(element, from, live, "mask"));
            });
      });
    });
  });
  b_.finish();
}

// Hides the scores of a panel outside each row's interval [lo, hi) and at and beyond `count`.
void Emitter::emit_mask_interval() {
  auto& ir = b_.raw();
  std::vector<std::pair<std::string, llvm::Type*>> parameters = {
      {"scores", b_.ptr()}, {"lo", b_.ptr()},    {"hi", b_.ptr()},     {"row_bytes", b_.i64()},
      {"key", b_.i64()},    {"count", b_.i64()}, {"vectors", b_.i64()}};
  const bool inside = s_.quantized && s_.sparsity != SparsityKind::none;
  if (inside) parameters.emplace_back("first_key", b_.i64());  // of a listed block
  auto* f = b_.function("mask_interval", parameters, false);
  Value *scores = f->getArg(0), *lo = f->getArg(1), *hi = f->getArg(2), *row_bytes = f->getArg(3), *key = f->getArg(4),
        *count = f->getArg(5), *vectors = f->getArg(6);
  b_.loop("row", b_.count(0), b_.count(s_.rows), 1, [&](Value* r) {
    Value* offset = b_.mul(r, row_bytes);
    auto relative = [&](Value* base, const std::string& name) {
      Value* end = b_.sub(b_.load(b_.i64(), b_.at(base, offset), 8), key);
      return b_.max(b_.min(end, count), b_.count(0), name);
    };
    Value *from_key = relative(lo, "from_key"), *to_key = relative(hi, "to_key");
    if (inside) from_key = b_.max(from_key, b_.min(b_.sub(f->getArg(7), key), count), "from_key");
    Value* from = b_.splat_words(ir.CreateTrunc(from_key, b_.i32()), "from");
    Value* to = b_.splat_words(ir.CreateTrunc(to_key, b_.i32()), "to");
    Value* row = b_.at(scores, b_.mul(r, b_.count(s_.s_row_bytes())), "row_scores");
    auto hide = [&](Value* vector) {
      Value* address = b_.at(row, b_.mul(vector, b_.count(s_.lanes * 4)));
      Value* first = b_.splat_words(ir.CreateTrunc(b_.mul(vector, b_.count(s_.lanes)), b_.i32()));
      Value* column = ir.CreateAdd(b_.lane_numbers(), first, "column");
      Value* visible = ir.CreateAnd(ir.CreateICmpSGE(column, from), ir.CreateICmpSLT(column, to), "visible");
      Value* s = b_.load(b_.vec(), address, s_.lanes * 4, "s");
      b_.store(ir.CreateSelect(visible, s, b_.splat(-INFINITY)), address, s_.lanes * 4);
    };
    // Registers between the two ends are untouched.
    Value* before = b_.min(b_.ceil_div(from_key, s_.lanes), vectors, "before");
    Value* after = b_.max(ir.CreateUDiv(to_key, b_.count(s_.lanes)), before, "after");
    b_.loop("below", b_.count(0), before, 1, hide);
    b_.loop("above", after, vectors, 1, hide);
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
