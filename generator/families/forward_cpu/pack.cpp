// Packing: keys transposed into register columns, values widened or paired, both once per block and shared by all rows.
#include "generator/families/forward_cpu/emitter.hpp"

namespace attune::forward_cpu {

// log2(lanes) rounds of exchanging the off-diagonal blocks of growing size: a transpose in registers.
void Emitter::transpose_square(Values& tile) {
  const int64_t lanes = s_.lanes;
  for (int64_t size = 1; size < lanes; size *= 2) {
    std::vector<int> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const bool from_second = (lane / size) % 2 == 1;
      low.push_back(static_cast<int>(from_second ? lanes + lane - size : lane));
      high.push_back(static_cast<int>(from_second ? lanes + lane : lane + size));
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if ((i / size) % 2 == 1) continue;
      auto& first = tile[static_cast<size_t>(i)];
      auto& second = tile[static_cast<size_t>(i + size)];
      Value* a = b_.shuffle(first, second, low);
      second = b_.shuffle(first, second, high);
      first = a;
    }
  }
}

// keys: [count][head_dim] rows `stride` bytes apart -> packed[panel][word][qk_columns][lanes]: word d of key n stands in
// lane n % lanes. Keys past the end repeat the last one; their scores are masked.
void Emitter::emit_pack_keys() {
  auto& ir = b_.raw();
  auto* f =
      b_.function("pack_keys", {{"keys", b_.ptr()}, {"stride", b_.i64()}, {"count", b_.i64()}, {"packed", b_.ptr()}}, false);
  Value *keys = f->getArg(0), *stride = f->getArg(1), *count = f->getArg(2), *packed = f->getArg(3);
  const int64_t lanes = s_.lanes;
  const int64_t panel_bytes = s_.k_words * s_.qk_columns * lanes * 4;
  const int64_t word_bytes = s_.qk_columns * lanes * 4;
  Value* last = b_.sub(count, b_.count(1), "last");

  b_.loop("key", b_.count(0), count, lanes, [&](Value* key) {
    Value* group = ir.CreateUDiv(key, b_.count(lanes), "group");
    Value* panel = ir.CreateUDiv(group, b_.count(s_.qk_columns), "panel");
    Value* column = ir.CreateURem(group, b_.count(s_.qk_columns), "column");
    Value* out = b_.at(packed, b_.add(b_.mul(panel, b_.count(panel_bytes)), b_.mul(column, b_.count(lanes * 4))), "out");
    Values rows;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value* index = b_.min(b_.add(key, b_.count(lane)), last);
      rows.push_back(b_.at(keys, b_.mul(index, stride), "row"));
    }
    // One square of lanes keys by lanes words; `words` of them exist.
    auto square = [&](Value* word, int64_t words) {
      Value* in_bytes = b_.mul(word, b_.count(s_.dot ? 4 : s_.input_bytes), "in_bytes");
      Values tile;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value* address = b_.at(rows[static_cast<size_t>(lane)], in_bytes);
        if (s_.prefetch > 0) b_.prefetch(b_.at(address, b_.mul(stride, b_.count(s_.prefetch))));
        if (s_.dot) {
          const int64_t live = words == lanes ? 2 * lanes : s_.head_dim_qk % (2 * lanes);
          Value* pairs = b_.load_first(ir.getInt16Ty(), 2 * lanes, address, live == 0 ? 2 * lanes : live, "pairs");
          tile.push_back(ir.CreateBitCast(pairs, b_.words()));
        } else {
          tile.push_back(ir.CreateBitCast(ir::load_as_f32(b_, s_.dtype, address, words, "key"), b_.words()));
        }
      }
      transpose_square(tile);
      for (int64_t i = 0; i < words; ++i) {
        Value* offset = b_.mul(b_.add(word, b_.count(i)), b_.count(word_bytes));
        b_.store(tile[static_cast<size_t>(i)], b_.at(out, offset), lanes * 4);
      }
    };
    const int64_t whole = s_.k_words / lanes * lanes;
    b_.loop("word", b_.count(0), b_.count(whole), lanes, [&](Value* word) { square(word, lanes); });
    if (whole < s_.k_words) square(b_.count(whole), s_.k_words - whole);
  });
  b_.finish();
}

// values: [count][head_dim_v] rows -> packed rows of whole registers: fp32, or bf16 pairs of rows 2j and 2j+1. Rows up to
// the next multiple of n_pad are zero. With masks in play it also notes whether any value is NaN or infinite.
void Emitter::emit_pack_values() {
  auto& ir = b_.raw();
  auto* f = b_.function(
      "pack_values",
      {{"values", b_.ptr()}, {"stride", b_.i64()}, {"count", b_.i64()}, {"packed", b_.ptr()}, {"scratch", b_.ptr()}}, false);
  Value *values = f->getArg(0), *stride = f->getArg(1), *count = f->getArg(2), *packed = f->getArg(3),
        *scratch = f->getArg(4);
  const int64_t lanes = s_.lanes;
  const Values clean = s_.masked ? Values{b_.splat(0.0)} : Values{};
  auto live_of = [&](int64_t vector) { return std::min(lanes, s_.head_dim_v - vector * lanes); };
  // x - x is 0 for finite x and NaN otherwise: one NaN poisons the sum.
  auto note = [&](const Values& carried, Value* vector) {
    if (!s_.masked) return Values{};
    return Values{ir.CreateFAdd(carried[0], ir.CreateFSub(vector, vector), "poison")};
  };

  Values poison;
  if (s_.dot) {
    Value* whole = b_.mul(ir.CreateUDiv(count, b_.count(2)), b_.count(2), "whole");
    auto pair = [&](Value* row, bool second_exists, Values carried) {
      Value* first_row = b_.at(values, b_.mul(row, stride), "first_row");
      Value* second_row = b_.at(first_row, stride, "second_row");
      Value* out = b_.at(packed, b_.mul(ir.CreateUDiv(row, b_.count(2)), b_.count(s_.v_row_bytes())), "out");
      for (int64_t v = 0; v < s_.v_vectors; ++v) {
        const int64_t bytes = v * lanes * 2;
        auto load_bits = [&](Value* address) {
          Value* bits = b_.load_first(ir.getInt16Ty(), lanes, b_.at(address, bytes), live_of(v));
          return ir.CreateZExt(bits, b_.words());
        };
        if (s_.prefetch > 0) b_.prefetch(b_.at(first_row, b_.add(b_.mul(stride, b_.count(s_.prefetch)), b_.count(bytes))));
        auto high = [&](Value* word) { return ir.CreateShl(word, llvm::ConstantInt::get(b_.words(), 16)); };
        Value* first = load_bits(first_row);
        Value* second = second_exists ? high(load_bits(second_row)) : llvm::ConstantInt::get(b_.words(), 0);
        carried = note(carried, ir.CreateBitCast(high(first), b_.vec()));
        if (second_exists) carried = note(carried, ir.CreateBitCast(second, b_.vec()));
        b_.store(ir.CreateOr(first, second, "pairs"), b_.at(out, v * lanes * 4), lanes * 4);
      }
      return carried;
    };
    poison = b_.loop("row", b_.count(0), whole, 2, clean,
                     [&](Value* row, const Values& carried) { return pair(row, true, carried); });
    poison = b_.loop("last_row", whole, count, 1, poison,
                     [&](Value* row, const Values& carried) { return pair(row, false, carried); });
  } else {
    poison = b_.loop("row", b_.count(0), count, 1, clean, [&](Value* row, const Values& initial) {
      Values carried = initial;
      Value* in = b_.at(values, b_.mul(row, stride), "in");
      Value* out = b_.at(packed, b_.mul(row, b_.count(s_.v_row_bytes())), "out");
      for (int64_t v = 0; v < s_.v_vectors; ++v) {
        Value* address = b_.at(in, v * lanes * s_.input_bytes);
        if (s_.prefetch > 0) b_.prefetch(b_.at(address, b_.mul(stride, b_.count(s_.prefetch))));
        Value* vector = ir::load_as_f32(b_, s_.dtype, address, live_of(v), "value");
        carried = note(carried, vector);
        b_.store(vector, b_.at(out, v * lanes * 4), lanes * 4);
      }
      return carried;
    });
  }
  // Zero rows, so that the accumulation may run past the end with probability 0.
  const int64_t per_row = s_.dot ? 2 : 1;
  Value* begin = b_.ceil_div(count, per_row, "pad_begin");
  Value* end = ir.CreateUDiv(b_.round_up(count, s_.n_pad), b_.count(per_row), "pad_end");
  b_.loop("pad", begin, end, 1, [&](Value* row) {
    Value* out = b_.at(packed, b_.mul(row, b_.count(s_.v_row_bytes())));
    for (int64_t v = 0; v < s_.v_vectors; ++v) b_.store(b_.splat(0.0), b_.at(out, v * lanes * 4), lanes * 4);
  });
  if (s_.masked) {
    Value* sum = b_.horizontal_sum(poison[0]);
    set_slot(scratch, slot_nonfinite, ir.CreateZExt(ir.CreateFCmpUNO(sum, sum), b_.i64(), "nonfinite"));
  }
  b_.finish();
}

// The same check for values that are read in place.
void Emitter::emit_scan_values() {
  auto& ir = b_.raw();
  auto* f = b_.function("scan_values",
                        {{"values", b_.ptr()}, {"stride", b_.i64()}, {"count", b_.i64()}, {"scratch", b_.ptr()}}, false);
  Value *values = f->getArg(0), *stride = f->getArg(1), *count = f->getArg(2), *scratch = f->getArg(3);
  const Values poison = b_.loop("row", b_.count(0), count, 1, {b_.splat(0.0)}, [&](Value* row, const Values& initial) {
    Values carried = initial;
    Value* in = b_.at(values, b_.mul(row, stride), "in");
    for (int64_t v = 0; v < s_.v_vectors; ++v) {
      const int64_t live = std::min(s_.lanes, s_.head_dim_v - v * s_.lanes);
      Value* vector = ir::load_as_f32(b_, s_.dtype, b_.at(in, v * s_.lanes * s_.input_bytes), live, "value");
      carried = {ir.CreateFAdd(carried[0], ir.CreateFSub(vector, vector), "poison")};
    }
    return carried;
  });
  Value* sum = b_.horizontal_sum(poison[0]);
  set_slot(scratch, slot_nonfinite, ir.CreateZExt(ir.CreateFCmpUNO(sum, sum), b_.i64(), "nonfinite"));
  b_.finish();
}

}  // namespace attune::forward_cpu
