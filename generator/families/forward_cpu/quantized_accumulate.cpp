// Accumulation of quantized P V in what the tensor cores would sum it in: int32 a key tile, or fp16.
#include "generator/families/forward_cpu/emitter.hpp"
#include "generator/llvm/rounding.hpp"

namespace attune::forward_cpu {

// Calls `chunk` for all registers of an output row, pv_columns at a time.
void Emitter::over_output_chunks(const std::function<void(Value* first, int64_t columns)>& chunk) {
  const int64_t whole = s_.v_vectors / s_.pv_columns * s_.pv_columns;
  b_.loop("chunk", b_.count(0), b_.count(whole), s_.pv_columns, [&](Value* first) { chunk(first, s_.pv_columns); });
  if (whole < s_.v_vectors) chunk(b_.count(whole), s_.v_vectors - whole);
}

// Products of the keys from `begin` up to `end` (whole words; beyond the keys P and V are 0) added to `sums`.
Values Emitter::add_products(Value* begin, Value* end, Value* probabilities, Value* from, int64_t columns,
                             const Values& initial) {
  const int64_t per_word = elements_of(s_.pv_form);
  const auto rows = static_cast<size_t>(s_.rows), width = static_cast<size_t>(columns);
  return b_.loop("key", begin, end, per_word, initial, [&](Value* key, const Values& carried) {
    Values next = carried;
    Value* word = per_word == 1 ? key : b_.raw().CreateUDiv(key, b_.count(per_word));
    Value* row = b_.at(from, b_.mul(word, b_.count(s_.v_row_bytes())));
    Values value;
    for (size_t j = 0; j < width; ++j) {
      value.push_back(b_.load(b_.words(), b_.at(row, static_cast<int64_t>(j) * s_.lanes * 4), s_.lanes * 4, "v"));
    }
    Value* p_at = b_.at(probabilities, b_.mul(word, b_.count(4)));
    for (size_t r = 0; r < rows; ++r) {
      Value* p = b_.splat_words(b_.load(b_.i32(), b_.at(p_at, static_cast<int64_t>(r) * s_.p_row_bytes()), 4), "p");
      for (size_t j = 0; j < width; ++j) {
        auto& sum = next[r * width + j];
        sum = multiply_accumulate(b_, s_.pv_form, p, value[j], sum);
      }
    }
    return next;
  });
}

// O <- alpha * O + scale of P * (codes of P . codes of V), the products of a tile in 32-bit integers.
void Emitter::emit_accumulate_integers() {
  auto& ir = b_.raw();
  auto* f = b_.function("accumulate",
                        {{"outputs", b_.ptr()},
                         {"probabilities", b_.ptr()},
                         {"values", b_.ptr()},
                         {"stride", b_.i64()},
                         {"alpha", b_.ptr()},
                         {"count", b_.i64()},
                         {"p_scales", b_.ptr()}},
                        false);
  Value *outputs = f->getArg(0), *probabilities = f->getArg(1), *values = f->getArg(2), *alpha = f->getArg(4),
        *count = f->getArg(5), *p_scales = f->getArg(6);
  over_output_chunks([&](Value* first, int64_t columns) {
    Value* offset = b_.mul(first, b_.count(s_.lanes * 4));
    Value *out = b_.at(outputs, offset, "out"), *from = b_.at(values, offset, "from");
    const bool words = is_integer(s_.pv_form);
    Value* zero = words ? llvm::Constant::getNullValue(b_.words()) : b_.splat(0.0);
    const Values sums =
        add_products(b_.count(0), count, probabilities, from, columns, Values(static_cast<size_t>(s_.rows * columns), zero));
    for (int64_t r = 0; r < s_.rows; ++r) {
      Value* decay = b_.splat(b_.load(b_.f32(), b_.at(alpha, r * 4), 4), "decay");
      Value* scale = b_.splat(b_.load(b_.f32(), b_.at(p_scales, r * 4), 4), "scale");
      for (int64_t j = 0; j < columns; ++j) {
        Value* at = b_.at(out, r * s_.o_row_bytes() + j * s_.lanes * 4);
        Value* sum = sums[static_cast<size_t>(r * columns + j)];
        if (words) sum = ir.CreateSIToFP(sum, b_.vec());
        Value* o = ir.CreateFMul(b_.load(b_.vec(), at, s_.lanes * 4, "o"), decay);
        b_.store(b_.fma(sum, scale, o), at, s_.lanes * 4);
      }
    }
  });
  b_.finish();
}

// The same in fp16 sums: rounded after the keys of one k step of the tensor cores. They are kept to the end, or added to
// fp32 and cleared every flush_keys keys.
void Emitter::emit_accumulate_halves() {
  auto& ir = b_.raw();
  auto* f = accumulate_function("accumulate");
  Value *outputs = f->getArg(0), *probabilities = f->getArg(1), *values = f->getArg(2), *alpha = f->getArg(4),
        *count = f->getArg(5);
  const int64_t flush = s_.request.flush_keys;
  over_output_chunks([&](Value* first, int64_t columns) {
    Value* offset = b_.mul(first, b_.count(s_.lanes * 4));
    Value *out = b_.at(outputs, offset, "out"), *from = b_.at(values, offset, "from");
    auto at = [&](int64_t r, int64_t j) { return b_.at(out, r * s_.o_row_bytes() + j * s_.lanes * 4); };
    Values sums;
    for (int64_t r = 0; r < s_.rows; ++r) {
      Value* decay = b_.splat(b_.load(b_.f32(), b_.at(alpha, r * 4), 4), "decay");
      if (flush == 0) decay = ir::round_to(b_, DType::f16, decay);
      for (int64_t j = 0; j < columns; ++j) {
        Value* o = ir.CreateFMul(b_.load(b_.vec(), at(r, j), s_.lanes * 4, "o"), decay);
        sums.push_back(flush == 0 ? ir::round_to(b_, DType::f16, o) : o);
      }
    }
    auto steps = [&](Value* begin, Value* end, const Values& initial) {
      return b_.loop("step", begin, end, s_.half_step, initial, [&](Value* key, const Values& carried) {
        Values next = add_products(key, b_.add(key, b_.count(s_.half_step)), probabilities, from, columns, carried);
        for (Value*& sum : next) sum = ir::round_to(b_, DType::f16, sum);
        return next;
      });
    };
    if (flush == 0) {
      sums = steps(b_.count(0), count, sums);
    } else {
      for (int64_t i = 0; i < s_.rows * columns; ++i) {
        b_.store(sums[static_cast<size_t>(i)], at(i / columns, i % columns), s_.lanes * 4);
      }
      b_.loop("window", b_.count(0), count, flush, [&](Value* window) {
        Value* end = b_.min(b_.add(window, b_.count(flush)), count);
        const Values part = steps(window, end, Values(static_cast<size_t>(s_.rows * columns), b_.splat(0.0)));
        for (int64_t i = 0; i < s_.rows * columns; ++i) {
          Value* to = at(i / columns, i % columns);
          Value* sum = ir.CreateFAdd(b_.load(b_.vec(), to, s_.lanes * 4), part[static_cast<size_t>(i)]);
          b_.store(sum, to, s_.lanes * 4);
        }
      });
      return;
    }
    for (int64_t i = 0; i < s_.rows * columns; ++i) {
      b_.store(sums[static_cast<size_t>(i)], at(i / columns, i % columns), s_.lanes * 4);
    }
  });
  b_.finish();
}

// A row that sees a value that is not finite ends as NaN in its channel: the codes are 0 there. `bits`: 16 a register of
// each key.
void Emitter::emit_poison_outputs() {
  auto& ir = b_.raw();
  auto* f = b_.function("poison_outputs",
                        {{"scores", b_.ptr()}, {"bits", b_.ptr()}, {"outputs", b_.ptr()}, {"count", b_.i64()}}, false);
  Value *scores = f->getArg(0), *bits = f->getArg(1), *outputs = f->getArg(2), *count = f->getArg(3);
  auto* mask_type = ir.getIntNTy(static_cast<unsigned>(s_.lanes));
  auto* lanes_type = llvm::FixedVectorType::get(ir.getInt1Ty(), static_cast<unsigned>(s_.lanes));
  b_.loop("key", b_.count(0), count, 1, [&](Value* key) {
    b_.loop("vector", b_.count(0), b_.count(s_.v_vectors), 1, [&](Value* vector) {
      Value* index = b_.add(b_.mul(key, b_.count(s_.v_vectors)), vector);
      Value* found = b_.load(ir.getInt16Ty(), b_.at(bits, b_.mul(index, b_.count(2))), 2, "found");
      b_.when(ir.CreateICmpNE(found, ir.getInt16(0)), "found_some", [&] {
        Value* channels = ir.CreateBitCast(ir.CreateTrunc(found, mask_type), lanes_type, "channels");
        b_.loop("row", b_.count(0), b_.count(s_.rows), 1, [&](Value* r) {
          Value* score_at = b_.at(scores, b_.add(b_.mul(r, b_.count(s_.s_row_bytes())), b_.mul(key, b_.count(4))));
          // Unordered: a row that is NaN already may become so again.
          Value* sees = ir.CreateFCmpUNE(b_.load(b_.f32(), score_at, 4), b_.number(-INFINITY), "sees");
          Value* at = b_.at(outputs, b_.add(b_.mul(r, b_.count(s_.o_row_bytes())), b_.mul(vector, b_.count(s_.lanes * 4))));
          Value* o = b_.load(b_.vec(), at, s_.lanes * 4, "o");
          Value* hit = ir.CreateSelect(channels, b_.splat(static_cast<double>(NAN)), o);
          b_.store(ir.CreateSelect(sees, hit, o), at, s_.lanes * 4);
        });
      });
    });
  });
  b_.finish();
}

// Scores of the keys that are scored apart, among the keys [key, end) of a panel.
void Emitter::emit_score_sinks() {
  auto& ir = b_.raw();
  auto* f = b_.function(
      "score_sinks",
      {{"scratch", b_.ptr()}, {"scores", b_.ptr()}, {"panel_row", b_.i64()}, {"key", b_.i64()}, {"end", b_.i64()}}, false);
  Value *scratch = f->getArg(0), *scores = f->getArg(1), *panel_row = f->getArg(2), *key = f->getArg(3), *end = f->getArg(4);
  Value* sinks = quantized_slot(scratch, qslot_sinks, b_.ptr(), "sinks");
  for (int64_t i = 0; i < max_sink_keys; ++i) {
    Value* sink = b_.load(b_.i64(), b_.at(sinks, i * 8), 8, "sink");
    Value* inside = ir.CreateAnd(ir.CreateICmpSGE(sink, key), ir.CreateICmpSLT(sink, end));
    b_.when(inside, "inside", [&] {
      Value* column = b_.mul(b_.sub(sink, key), b_.count(4), "column");
      b_.loop("row", b_.count(0), b_.count(s_.rows), 1, [&](Value* r) {
        Value* meta = b_.at(b_.at(scratch, s_.meta_at), b_.mul(b_.add(panel_row, r), b_.count(meta_slots * 4)));
        Value* score = b_.load(b_.f32(), b_.at(meta, (meta_sinks + i) * 4), 4, "score");
        b_.store(score, b_.at(scores, b_.add(b_.mul(r, b_.count(s_.s_row_bytes())), column)), 4);
      });
    });
  }
  b_.finish();
}

}  // namespace attune::forward_cpu
