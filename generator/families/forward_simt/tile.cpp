// One tile of keys: scores with a key a lane, one step of the online softmax, and the weighted rows of V with an element a
// lane.
#include <cmath>
#include <limits>

#include "generator/families/forward_simt/emitter.hpp"

#include "generator/llvm/vector_math.hpp"

namespace attune::forward_simt {
namespace {

constexpr double log2_e = 1.4426950408889634;
constexpr int64_t elements_at_once = 4;  // of rows that cannot be read 16 bytes at a time

}  // namespace

// Lanes whose key does not exist repeat the last one that does: they read what is there, and their score is thrown away.
Emitter::State Emitter::visit_tile(Value* key, Value* end, bool apply_masks, const State& state) {
  auto& ir = b_.raw();
  Value* last = b_.sub(end, b_.count(1), "last");
  Values columns, rows, exists;
  for (int64_t i = 0; i < s_.keys_per_lane; ++i) {
    Value* column = b_.add(b_.add(key, b_.count(i * ir::warp_lanes)), row_.lane, "column");
    exists.push_back(ir.CreateICmpSLT(column, end, "exists"));
    columns.push_back(b_.min(column, last));
    rows.push_back(key_row(columns.back()));
  }
  const Values products = dot_products(rows);
  Values scores;
  Value* highest = b_.number(-INFINITY);
  for (size_t i = 0; i < rows.size(); ++i) {
    Value* score = to_score(products[i], columns[i], apply_masks);
    scores.push_back(ir.CreateSelect(exists[i], score, b_.number(-INFINITY), "score"));
    highest = b_.fmax(scores.back(), highest);  // leaves NaN out; it reaches the sum and the output by itself
  }
  Value* m = b_.fmax(ir::warp_max(b_, highest), state.m, "m");
  // A row that has seen no key yet keeps m = -inf; subtracting 0 instead keeps 2^(-inf) = 0 and avoids inf - inf.
  Value* shift = ir.CreateSelect(ir.CreateFCmpOEQ(m, b_.number(-INFINITY)), b_.number(0), m, "shift");
  Value* decay = ir::exp2(b_, ir.CreateFSub(state.m, shift), true);
  State next{m, ir.CreateFMul(state.l, decay), {}};
  for (Value* output : state.o) next.o.push_back(ir.CreateFMul(output, decay));
  for (size_t i = 0; i < rows.size(); ++i) {
    Value* probability = ir::exp2(b_, ir.CreateFSub(scores[i], shift), true);
    next.l = ir.CreateFAdd(next.l, probability, "l");
    next.o = add_values(probability, b_.add(key, b_.count(static_cast<int64_t>(i) * ir::warp_lanes)), next.o);
  }
  return next;
}

// The staged query times each of the lane's keys. Rows at multiples of 16 bytes are read 16 bytes at a time.
Values Emitter::dot_products(const Values& key_rows) {
  const int64_t chunk = 16 / s_.element_bytes;
  const auto sum = [&](int64_t step, bool at_once) {
    Values sums(key_rows.size(), b_.number(0));
    const int64_t whole = s_.head_dim_qk / step * step;
    sums = b_.loop("d", b_.count(0), b_.count(whole), step, sums,
                   [&](Value* d, const Values& carried) { return add_products(key_rows, d, step, at_once, carried); });
    for (int64_t d = whole; d < s_.head_dim_qk; ++d) sums = add_products(key_rows, b_.count(d), 1, false, sums);
    return sums;
  };
  if (s_.head_dim_qk < chunk) return sum(elements_at_once, false);
  Value* aligned = b_.raw().CreateICmpNE(number32(ATTUNE_FIELD(aligned_k)), b_.count(0), "aligned");
  return b_.choose(aligned, "aligned", [&] { return sum(chunk, true); }, [&] { return sum(elements_at_once, false); });
}

// Elements [first, first + count): one, or a multiple of four that starts at one.
Values Emitter::add_products(const Values& key_rows, Value* first, int64_t count, bool at_once, const Values& sums) {
  auto& ir = b_.raw();
  Value* query = b_.at(query_, b_.mul(first, b_.count(4)), "query_at");
  Values q;
  if (count == 1) q.push_back(b_.load(b_.f32(), query, 4, "q"));
  for (int64_t i = 0; i + 4 <= count; i += 4) {
    Value* four = b_.load(llvm::FixedVectorType::get(b_.f32(), 4), b_.at(query, i * 4), 16, "q");
    for (uint64_t n = 0; n < 4; ++n) q.push_back(ir.CreateExtractElement(four, n));
  }
  Value* offset = b_.mul(first, b_.count(s_.element_bytes));
  Values next = sums;
  for (size_t row = 0; row < key_rows.size(); ++row) {
    Value* address = b_.at(key_rows[row], offset, "key_at");
    Values k;
    if (at_once) {
      k = ir::load_elements(b_, s_.dtype, address, "k");
    } else {
      for (int64_t i = 0; i < count; ++i) {
        k.push_back(ir::load_element(b_, s_.dtype, b_.at(address, i * s_.element_bytes), "k"));
      }
    }
    for (size_t i = 0; i < k.size(); ++i) next[row] = b_.fma(q[i], k[i], next[row], "product");
  }
  return next;
}

// Scale, softcap, ALiBi and mask, in this order, in units of log2.
Value* Emitter::to_score(Value* product, Value* key, bool apply_masks) {
  auto& ir = b_.raw();
  Value* score = nullptr;
  if (s_.softcap) {
    Value* cap = real(ATTUNE_FIELD(softcap));
    Value* inner = ir.CreateFMul(product, ir.CreateFDiv(real(ATTUNE_FIELD(scale)), cap), "inner");
    score = ir.CreateFMul(ir::tanh(b_, inner), ir.CreateFMul(cap, b_.number(log2_e)), "capped");
  } else {
    score = ir.CreateFMul(product, real(ATTUNE_FIELD(scale_log2)), "scaled");
  }
  if (s_.alibi) {
    Value* index = b_.add(b_.mul(row_.batch, number64(ATTUNE_FIELD(alibi_stride_batch))), row_.head);
    Value* slope = b_.load(b_.f32(), b_.at(pointer(ATTUNE_FIELD(alibi_slopes)), b_.mul(index, b_.count(4))), 4, "slope");
    Value* distance = ir.CreateSIToFP(ir.CreateTrunc(b_.sub(key, row_.position), b_.i32()), b_.f32());
    distance = ir.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, distance, nullptr, "distance");
    score = b_.fma(ir.CreateFMul(slope, b_.number(-log2_e)), distance, score, "biased");
  }
  return apply_masks && s_.mask != MaskKind::none ? masked(score, key) : score;
}

Value* Emitter::masked(Value* score, Value* key) {
  auto& ir = b_.raw();
  Value* hidden = b_.number(-INFINITY);
  Value* offset = b_.mul(row_.batch, number64(ATTUNE_FIELD(mask_stride_batch)));
  offset = b_.add(offset, b_.mul(row_.head, number64(ATTUNE_FIELD(mask_stride_head))));
  offset = b_.add(offset, b_.mul(row_.query, number64(ATTUNE_FIELD(mask_stride_q))));
  if (!s_.mask_broadcast_kv) offset = b_.add(offset, b_.mul(key, b_.count(size_bytes(s_.mask_dtype))));
  Value* address = b_.at(pointer(ATTUNE_FIELD(mask)), offset, "mask_at");
  if (s_.mask == MaskKind::boolean) {
    Value* keep = ir.CreateICmpNE(b_.load(ir.getInt8Ty(), address, 1, "keep"), ir.getInt8(0));
    return ir.CreateSelect(keep, score, hidden, "masked");
  }
  // -inf hides the key whatever its score is, NaN included. A finite bias never does: lowest() times log2(e) would overflow
  // to -inf, so the sum is held at lowest(), with NaN passing through.
  Value* bias = ir::load_element(b_, s_.mask_dtype, address, "bias");
  Value* sum = b_.fma(bias, b_.number(log2_e), score);
  Value* lowest = b_.number(std::numeric_limits<float>::lowest());
  sum = ir.CreateSelect(ir.CreateFCmpOLT(sum, lowest), lowest, sum, "bounded");
  return ir.CreateSelect(ir.CreateFCmpOEQ(bias, hidden), hidden, sum, "masked");
}

// Adds the rows of V of the 32 keys from `first_key` on, weighted by the lanes' probabilities. Rows without weight are not
// read: what a hidden key holds, NaN included, stays there.
Values Emitter::add_values(Value* probability, Value* first_key, const Values& outputs) {
  auto& ir = b_.raw();
  Value* weighted = ir::ballot(b_, ir.CreateFCmpUNE(probability, b_.number(0)));
  Value* count = ir.CreateZExt(ir.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, weighted), b_.i64(), "count");
  Values carried{weighted};
  carried.insert(carried.end(), outputs.begin(), outputs.end());
  carried = b_.loop("weighted", b_.count(0), count, 1, carried, [&](Value*, const Values& current) {
    Value* lane = ir.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, current[0], ir.getTrue(), nullptr, "source");
    Value* p = ir::shuffle_from(b_, probability, lane);
    Value* row = value_row(b_.add(first_key, ir.CreateZExt(lane, b_.i64())));
    Values next{ir.CreateAnd(current[0], ir.CreateSub(current[0], ir.getInt32(1)), "left")};
    for (int64_t i = 0; i < s_.outputs_per_lane; ++i) {
      Value* d = b_.add(row_.lane, b_.count(i * ir::warp_lanes));
      // Lanes beyond the row repeat its last element; they do not store.
      if ((i + 1) * ir::warp_lanes > s_.head_dim_v) d = b_.min(d, b_.count(s_.head_dim_v - 1));
      Value* v = ir::load_element(b_, s_.dtype, b_.at(row, b_.mul(d, b_.count(s_.element_bytes))), "v");
      next.push_back(b_.fma(p, v, current[static_cast<size_t>(i) + 1], "o"));
    }
    return next;
  });
  return {carried.begin() + 1, carried.end()};
}

Value* Emitter::key_row(Value* key) {
  if (s_.paged())
    return row_in_page(keys_, key, offsetof(GpuArguments, k_stride_batch), offsetof(GpuArguments, k_stride_seq), "k");
  return b_.at(keys_, b_.mul(key, number64(ATTUNE_FIELD(k_stride_seq))), "k_row");
}

Value* Emitter::value_row(Value* key) {
  if (s_.paged())
    return row_in_page(values_, key, offsetof(GpuArguments, v_stride_batch), offsetof(GpuArguments, v_stride_seq), "v");
  return b_.at(values_, b_.mul(key, number64(ATTUNE_FIELD(v_stride_seq))), "v_row");
}

Value* Emitter::row_in_page(Value* base, Value* key, size_t stride_page, size_t stride_row, const std::string& name) {
  auto& ir = b_.raw();
  Value* entry = b_.mul(row_.batch, number64(ATTUNE_FIELD(page_table_stride)));
  entry = b_.add(entry, ir.CreateUDiv(key, b_.count(s_.page_size)), "entry");
  Value* page = int32_at(pointer(ATTUNE_FIELD(page_table)), entry, "page");
  Value* offset = b_.mul(page, number64(stride_page, name + "_stride_page"));
  Value* row = ir.CreateURem(key, b_.count(s_.page_size), "row_in_page");
  return b_.at(base, b_.add(offset, b_.mul(row, number64(stride_row, name + "_stride_row"))), name + "_row");
}

}  // namespace attune::forward_simt
