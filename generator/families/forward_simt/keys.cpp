// Which keys a row visits: an interval, or the blocks of its lists.
#include <cmath>

#include "generator/families/forward_simt/emitter.hpp"

namespace attune::forward_simt {

Values Emitter::to_values(const State& state) {
  Values values{state.m, state.l};
  values.insert(values.end(), state.o.begin(), state.o.end());
  return values;
}

Emitter::State Emitter::visit_keys() {
  State state{b_.number(-INFINITY), b_.number(0), Values(static_cast<size_t>(s_.outputs_per_lane), b_.number(0))};
  if (s_.sparsity == SparsityKind::none) return visit_range(row_.lo, row_.hi, true, state);
  if (s_.full_lists) state = visit_list(true, state);
  if (s_.partial_lists) state = visit_list(false, state);
  return state;
}

Emitter::State Emitter::visit_range(Value* begin, Value* end, bool apply_masks, const State& state) {
  return from(b_.loop("tile", begin, end, s_.keys, to_values(state), [&](Value* key, const Values& carried) {
    return to_values(visit_tile(key, end, apply_masks, from(carried)));
  }));
}

// Blocks of a full list skip every mask but the end of the sequence.
Emitter::State Emitter::visit_list(bool full, const State& state) {
  auto& ir = b_.raw();
  Value* list_head = ir.CreateUDiv(row_.head, number32(ATTUNE_FIELD(list_head_divisor)));
  Value* list = b_.mul(row_.batch, number64(ATTUNE_FIELD(list_stride_batch)));
  list = b_.add(list, b_.mul(list_head, number64(ATTUNE_FIELD(list_stride_head))), "list");
  Value* query_block = ir.CreateUDiv(row_.query, number32(ATTUNE_FIELD(list_block_q)), "query_block");
  Value* query_blocks = number32(ATTUNE_FIELD(list_q_blocks));
  Value* block_kv = number32(ATTUNE_FIELD(list_block_kv));
  Value *first = nullptr, *entries = nullptr;
  if (s_.sparsity == SparsityKind::padded_lists) {
    Value* counts = full ? pointer(ATTUNE_FIELD(full_counts)) : pointer(ATTUNE_FIELD(partial_counts));
    Value* row = b_.add(b_.mul(list, query_blocks), query_block);
    first = b_.mul(row, number64(ATTUNE_FIELD(list_max_blocks)), "first");
    entries = int32_at(counts, row, "entries");
  } else {
    Value* row_ptr = full ? pointer(ATTUNE_FIELD(full_row_ptr)) : pointer(ATTUNE_FIELD(partial_row_ptr));
    Value* row = b_.add(b_.mul(list, b_.add(query_blocks, b_.count(1))), query_block);
    Value* ends = b_.at(row_ptr, b_.mul(row, b_.count(8)));
    first = b_.load(b_.i64(), ends, 8, "first");
    entries = b_.sub(b_.load(b_.i64(), b_.at(ends, 8), 8), first, "entries");
  }
  Value* indices = full ? pointer(ATTUNE_FIELD(full_indices)) : pointer(ATTUNE_FIELD(partial_indices));
  return from(b_.loop("entry", b_.count(0), entries, 1, to_values(state), [&](Value* entry, const Values& carried) {
    Value* begin = b_.mul(int32_at(indices, b_.add(first, entry), "block"), block_kv, "begin");
    Value* end = b_.min(b_.add(begin, block_kv), full ? row_.kv_length : row_.hi, "end");
    if (!full) begin = b_.max(begin, row_.lo);
    return to_values(visit_range(begin, end, !full, from(carried)));
  }));
}

}  // namespace attune::forward_simt
