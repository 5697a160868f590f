// One warp's query row: where it is, which keys its position lets it see, and what is written at the end.
#include <cmath>

#include "generator/families/forward_simt/emitter.hpp"

#include "generator/llvm/vector_math.hpp"

namespace attune::forward_simt {

// Blocks count rows fastest, then heads, then the batch: neighbours read the same keys. Rows beyond the sequence are left to
// the caller.
void Emitter::locate_row() {
  auto& ir = b_.raw();
  Value* thread = ir::thread_index(b_);
  row_.lane = ir.CreateAnd(thread, b_.count(ir::warp_lanes - 1), "lane");
  row_.warp = ir.CreateLShr(thread, b_.count(5), "warp");
  Value* block = ir::block_index(b_);
  Value* row_blocks = number32(ATTUNE_FIELD(row_blocks));
  Value* row_block = ir.CreateURem(block, row_blocks, "row_block");
  // Causal rows grow with their index: the longest first, so that none of them starts last.
  if (s_.causal) row_block = b_.sub(b_.sub(row_blocks, b_.count(1)), row_block, "row_block");
  Value* rest = ir.CreateUDiv(block, row_blocks);
  Value* heads = number32(ATTUNE_FIELD(heads_q));
  row_.head = ir.CreateURem(rest, heads, "head");
  row_.batch = ir.CreateUDiv(rest, heads, "batch");
  row_.kv_head = s_.group == 1 ? row_.head : ir.CreateUDiv(row_.head, b_.count(s_.group), "kv_head");
  row_.query = b_.add(b_.mul(row_block, b_.count(s_.warps)), row_.warp, "query");
}

// Lengths of the batch element, the query's position, the interval of keys, and where the keys and values begin.
void Emitter::set_interval() {
  row_.kv_length = number32(ATTUNE_FIELD(seqlen_kv));
  row_.first_kv = b_.count(0);
  if (s_.varlen && !s_.paged()) {
    Value* ends = pointer(ATTUNE_FIELD(cu_seqlens_kv));
    row_.first_kv = int32_at(ends, row_.batch, "first_kv");
    row_.kv_length = b_.sub(int32_at(ends, b_.add(row_.batch, b_.count(1)), "end_kv"), row_.first_kv, "kv_length");
  }
  if (s_.kv_lengths) {
    Value* given = int32_at(pointer(ATTUNE_FIELD(kv_lengths)), row_.batch, "given");
    row_.kv_length = b_.max(b_.min(given, row_.kv_length), b_.count(0), "kv_length");
  }
  row_.position = row_.query;
  if (s_.bottom_right) {
    Value* q_length = number32(ATTUNE_FIELD(seqlen_q));
    if (s_.varlen) {
      Value* end = int32_at(pointer(ATTUNE_FIELD(cu_seqlens_q)), b_.add(row_.batch, b_.count(1)), "end_q");
      q_length = b_.sub(end, row_.first_q, "q_length");
    }
    row_.position = b_.add(row_.query, b_.sub(row_.kv_length, q_length, "shift"), "position");
  }
  Value *lo = b_.count(0), *hi = row_.kv_length;
  if (s_.mask_short) hi = b_.min(hi, number32(ATTUNE_FIELD(mask_seqlen_kv)));
  if (s_.causal) hi = b_.min(hi, b_.add(row_.position, b_.count(1)));
  if (s_.window_right) {
    Value* right = b_.add(number32(ATTUNE_FIELD(window_right)), b_.count(1));
    hi = b_.min(hi, b_.add(row_.position, right));
  }
  if (s_.window_left) lo = b_.max(lo, b_.sub(row_.position, number32(ATTUNE_FIELD(window_left))), "lo");
  row_.lo = lo;
  row_.hi = hi;

  // Of a page pool this is where the head begins in page 0; the page is added key by key.
  const auto begin = [&](size_t data, const char* data_name, size_t batch, const char* batch_name, size_t head,
                         const char* head_name, size_t seq, const char* seq_name) {
    Value* offset = b_.mul(row_.kv_head, number64(head, head_name));
    if (!s_.paged()) {
      offset = b_.add(offset, b_.mul(row_.batch, number64(batch, batch_name)));
      offset = b_.add(offset, b_.mul(row_.first_kv, number64(seq, seq_name)));
    }
    return b_.at(pointer(data, data_name), offset, std::string(data_name) + "_begin");
  };
  keys_ = begin(ATTUNE_FIELD(k), ATTUNE_FIELD(k_stride_batch), ATTUNE_FIELD(k_stride_head), ATTUNE_FIELD(k_stride_seq));
  values_ = begin(ATTUNE_FIELD(v), ATTUNE_FIELD(v_stride_batch), ATTUNE_FIELD(v_stride_head), ATTUNE_FIELD(v_stride_seq));
}

// The query in fp32 in shared memory: a lane needs all of it, once for each key.
void Emitter::stage_query() {
  Value* shared = ir::shared_memory(b_, "queries", s_.warps * s_.query_row_bytes);
  query_ = b_.at(shared, b_.mul(row_.warp, b_.count(s_.query_row_bytes)), "query_row");
  Value* offset = b_.mul(row_.batch, number64(ATTUNE_FIELD(q_stride_batch)));
  offset = b_.add(offset, b_.mul(row_.head, number64(ATTUNE_FIELD(q_stride_head))));
  offset = b_.add(offset, b_.mul(b_.add(row_.first_q, row_.query), number64(ATTUNE_FIELD(q_stride_seq))));
  Value* from = b_.at(pointer(ATTUNE_FIELD(q)), offset, "q_row");
  b_.loop("d", row_.lane, b_.count(s_.head_dim_qk), ir::warp_lanes, [&](Value* d) {
    Value* element = ir::load_element(b_, s_.dtype, b_.at(from, b_.mul(d, b_.count(s_.element_bytes))), "q");
    b_.store(element, b_.at(query_, b_.mul(d, b_.count(4))), 4);
  });
  ir::warp_barrier(b_);
}

// Divides by the sum, sink included, and writes the row of O and its LSE. A row that saw no key is 0 and -inf.
void Emitter::finish_row(const State& state) {
  auto& ir = b_.raw();
  Value* l = ir::warp_sum(b_, state.l);
  Value* empty = ir.CreateAnd(ir.CreateFCmpOEQ(state.m, b_.number(-INFINITY)), ir.CreateFCmpOEQ(l, b_.number(0)), "empty");
  Value *top = state.m, *sum = l, *weight = b_.number(1);
  if (s_.sinks) {
    // The sink joins the denominator only: both are rescaled to the larger of the two maxima.
    Value* at = b_.at(pointer(ATTUNE_FIELD(sinks)), b_.mul(row_.head, b_.count(4)));
    Value* sink_log2 = ir.CreateFMul(b_.load(b_.f32(), at, 4, "sink"), b_.number(1.4426950408889634), "sink_log2");
    top = b_.fmax(sink_log2, state.m, "top");
    weight = ir::exp2(b_, ir.CreateFSub(state.m, top), true);
    sum = b_.fma(l, weight, ir::exp2(b_, ir.CreateFSub(sink_log2, top), true), "sum");
  }
  Value* factor = ir.CreateFDiv(weight, sum, "factor");
  Value* row = b_.add(row_.first_q, row_.query, "row");
  Value* offset = b_.mul(row_.batch, number64(ATTUNE_FIELD(o_stride_batch)));
  offset = b_.add(offset, b_.mul(row_.head, number64(ATTUNE_FIELD(o_stride_head))));
  offset = b_.add(offset, b_.mul(row, number64(ATTUNE_FIELD(o_stride_seq))));
  Value* out = b_.at(pointer(ATTUNE_FIELD(o)), offset, "o_row");
  for (int64_t i = 0; i < s_.outputs_per_lane; ++i) {
    Value* d = b_.add(row_.lane, b_.count(i * ir::warp_lanes), "d");
    Value* output = ir.CreateFMul(state.o[static_cast<size_t>(i)], factor);
    output = ir.CreateSelect(empty, b_.number(0), output, "output");
    const auto store = [&] { ir::store_element(b_, s_.dtype, output, b_.at(out, b_.mul(d, b_.count(s_.element_bytes)))); };
    if ((i + 1) * ir::warp_lanes <= s_.head_dim_v) {
      store();
    } else {
      b_.when(ir.CreateICmpSLT(d, b_.count(s_.head_dim_v)), "inside", store);
    }
  }
  if (!s_.want_lse) return;
  b_.when(ir.CreateICmpEQ(row_.lane, b_.count(0)), "first_lane", [&] {
    Value* natural = ir.CreateFMul(ir.CreateFAdd(top, ir::log2_scalar(b_, sum)), b_.number(0.6931471805599453));
    natural = ir.CreateSelect(ir.CreateFCmpUNO(sum, sum), sum, natural);
    natural = ir.CreateSelect(empty, b_.number(-INFINITY), natural, "natural");
    Value* at = b_.mul(row_.batch, number64(ATTUNE_FIELD(lse_stride_batch)));
    at = b_.add(at, b_.mul(row_.head, number64(ATTUNE_FIELD(lse_stride_head))));
    at = b_.add(at, b_.mul(row, b_.count(4)));
    b_.store(natural, b_.at(pointer(ATTUNE_FIELD(lse)), at), 4);
  });
}

}  // namespace attune::forward_simt
