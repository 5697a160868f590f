// Accumulation: O <- alpha * O + P V for one panel of rows.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

Value* Emitter::value_vector(Value* row, Value* offset_bytes, int64_t live, const std::string& name) {
  Value* address = b_.at(row, offset_bytes);
  if (s_.v_pack) return b_.load(b_.words(), address, s_.lanes * 4, name);
  return b_.raw().CreateBitCast(ir::load_as_f32(b_, s_.dtype, address, live, name), b_.words());
}

// Both forms are called alike.
llvm::Function* Emitter::accumulate_function(const std::string& name) {
  return b_.function(name,
                     {{"outputs", b_.ptr()},
                      {"probabilities", b_.ptr()},
                      {"values", b_.ptr()},
                      {"stride", b_.i64()},
                      {"alpha", b_.ptr()},
                      {"count", b_.i64()}},
                     false);
}

// rows x pv_columns registers of O at a time; `values` are packed rows, or the caller's rows `stride` bytes apart.
void Emitter::emit_accumulate() {
  auto& ir = b_.raw();
  auto* f = accumulate_function("accumulate");
  Value *outputs = f->getArg(0), *probabilities = f->getArg(1), *values = f->getArg(2), *stride = f->getArg(3),
        *alpha = f->getArg(4), *count = f->getArg(5);
  const int64_t per_step = s_.dot_values() ? 2 : 1;  // keys of one multiply
  const int64_t in_bytes = s_.v_pack ? 4 : s_.input_bytes;
  const auto rows = static_cast<size_t>(s_.rows);

  // One chunk of `columns` registers, the last of which holds `live` lanes.
  auto chunk = [&](Value* first, int64_t columns, int64_t live) {
    const auto width = static_cast<size_t>(columns);
    Value* out = b_.at(outputs, b_.mul(first, b_.count(s_.lanes * 4)), "out");
    Value* from = b_.at(values, b_.mul(first, b_.count(s_.lanes * in_bytes)), "from");
    Values sums;
    for (size_t r = 0; r < rows; ++r) {
      Value* factor = b_.splat(b_.load(b_.f32(), b_.at(alpha, static_cast<int64_t>(r) * 4), 4), "factor");
      for (size_t j = 0; j < width; ++j) {
        const auto offset = static_cast<int64_t>(r) * s_.o_row_bytes() + static_cast<int64_t>(j) * s_.lanes * 4;
        sums.push_back(ir.CreateFMul(b_.load(b_.vec(), b_.at(out, offset), s_.lanes * 4), factor, "o"));
      }
    }
    auto step = [&](Value* key, const Values& carried) {
      Values next = carried;
      Value* row = b_.at(from, b_.mul(per_step == 2 ? ir.CreateUDiv(key, b_.count(2)) : key, stride));
      if (!s_.v_pack && s_.prefetch > 0) b_.prefetch(b_.at(row, b_.mul(stride, b_.count(s_.prefetch))));
      Values value;
      for (size_t j = 0; j < width; ++j) {
        Value* offset = b_.count(static_cast<int64_t>(j) * s_.lanes * in_bytes);
        value.push_back(value_vector(row, offset, j + 1 == width ? live : s_.lanes, "v"));
      }
      Value* p_at = b_.at(probabilities, b_.mul(key, b_.count(s_.dot_values() ? 2 : 4)));
      for (size_t r = 0; r < rows; ++r) {
        Value* word = b_.load(b_.i32(), b_.at(p_at, static_cast<int64_t>(r) * s_.p_row_bytes()), 4);
        Value* p = b_.splat_words(word, "p");
        for (size_t j = 0; j < width; ++j) {
          auto& sum = next[r * width + j];
          sum = multiply_accumulate(b_, s_.pv_form, p, value[j], sum);
        }
      }
      return next;
    };
    const int64_t keys = s_.unroll * per_step;
    auto unrolled = [&](Value* key, const Values& carried) {
      Values next = carried;
      for (int64_t u = 0; u < s_.unroll; ++u) next = step(b_.add(key, b_.count(u * per_step)), next);
      return next;
    };
    if (s_.v_pack) {
      sums = b_.loop("key", b_.count(0), count, keys, sums, unrolled);  // the copy has zero rows past the end
    } else {
      Value* whole = b_.mul(ir.CreateUDiv(count, b_.count(keys)), b_.count(keys), "whole");
      sums = b_.loop("key", b_.count(0), whole, keys, sums, unrolled);
      sums = b_.loop("last_key", whole, count, 1, sums, step);
    }
    for (size_t r = 0; r < rows; ++r) {
      for (size_t j = 0; j < width; ++j) {
        const auto offset = static_cast<int64_t>(r) * s_.o_row_bytes() + static_cast<int64_t>(j) * s_.lanes * 4;
        b_.store(sums[r * width + j], b_.at(out, offset), s_.lanes * 4);
      }
    }
  };

  const int64_t whole_vectors = s_.head_dim_v / s_.lanes;
  const int64_t chunks = whole_vectors / s_.pv_columns;
  b_.loop("chunk", b_.count(0), b_.count(chunks * s_.pv_columns), s_.pv_columns,
          [&](Value* first) { chunk(first, s_.pv_columns, s_.lanes); });
  const int64_t left = s_.v_vectors - chunks * s_.pv_columns;
  if (left > 0) {
    const int64_t tail = s_.head_dim_v % s_.lanes;
    chunk(b_.count(chunks * s_.pv_columns), left, tail == 0 ? s_.lanes : tail);
  }
  b_.finish();
}

// The careful form, for a block whose V holds NaN or infinities while some keys are hidden: a key whose probability is zero
// does not touch the row at all, since 0 * NaN is not 0.
void Emitter::emit_accumulate_guarded() {
  auto& ir = b_.raw();
  auto* f = accumulate_function("accumulate_guarded");
  Value *outputs = f->getArg(0), *probabilities = f->getArg(1), *values = f->getArg(2), *stride = f->getArg(3),
        *alpha = f->getArg(4), *count = f->getArg(5);
  const int64_t in_bytes = s_.v_pack ? 4 : s_.input_bytes;
  auto word = [&](uint32_t value) { return llvm::ConstantInt::get(b_.words(), value); };

  b_.loop("row", b_.count(0), b_.count(s_.rows), 1, [&](Value* r) {
    Value* out = b_.at(outputs, b_.mul(r, b_.count(s_.o_row_bytes())), "out");
    Value* factor = b_.splat(b_.load(b_.f32(), b_.at(alpha, b_.mul(r, b_.count(4))), 4), "factor");
    auto o_at = [&](int64_t v) { return b_.at(out, v * s_.lanes * 4); };
    for (int64_t v = 0; v < s_.v_vectors; ++v) {
      b_.store(ir.CreateFMul(b_.load(b_.vec(), o_at(v), s_.lanes * 4), factor), o_at(v), s_.lanes * 4);
    }
    Value* p_row = b_.at(probabilities, b_.mul(r, b_.count(s_.p_row_bytes())), "p_row");
    b_.loop("key", b_.count(0), count, 1, [&](Value* key) {
      Value* p;
      if (s_.dot_values()) {
        Value* bits = b_.load(ir.getInt16Ty(), b_.at(p_row, b_.mul(key, b_.count(2))), 2);
        p = ir.CreateBitCast(ir.CreateShl(ir.CreateZExt(bits, b_.i32()), ir.getInt32(16)), b_.f32(), "p");
      } else {
        p = b_.load(b_.f32(), b_.at(p_row, b_.mul(key, b_.count(4))), 4, "p");
      }
      b_.when(ir.CreateFCmpUNE(p, b_.number(0)), "visible", [&] {
        Value* index = s_.dot_values() ? ir.CreateUDiv(key, b_.count(2)) : key;
        Value* row = b_.at(values, b_.mul(index, stride), "v_row");
        Value* odd = s_.dot_values() ? ir.CreateICmpEQ(ir.CreateURem(key, b_.count(2)), b_.count(1)) : nullptr;
        for (int64_t v = 0; v < s_.v_vectors; ++v) {
          const int64_t live = std::min(s_.lanes, s_.head_dim_v - v * s_.lanes);
          Value* value = value_vector(row, b_.count(v * s_.lanes * in_bytes), live, "v");
          if (s_.dot_values()) {
            value = ir.CreateSelect(odd, ir.CreateAnd(value, word(0xffff0000)), ir.CreateShl(value, word(16)));
          }
          Value* o = b_.load(b_.vec(), o_at(v), s_.lanes * 4, "o");
          b_.store(b_.fma(b_.splat(p), ir.CreateBitCast(value, b_.vec()), o), o_at(v), s_.lanes * 4);
        }
      });
    });
  });
  b_.finish();
}

}  // namespace attune::forward_cpu
