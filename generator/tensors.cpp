// Strides of tensors without gaps.
#include "generator/tensors.hpp"

namespace attune {
namespace {

// Packed rows of varlen are [total,H,D], whatever the layout: the batch has no stride of its own.
void set_strides(TensorView& view, Layout layout, bool packed, int64_t heads, int64_t rows, int64_t head_dim) {
  const bool head_major = !packed && layout == Layout::bhsd;
  view.stride_batch = packed ? 0 : heads * rows * head_dim;
  view.stride_head = head_major ? rows * head_dim : head_dim;
  view.stride_seq = head_major ? head_dim : heads * head_dim;
}

}  // namespace

void set_contiguous_strides(const Problem& problem, Tensors& tensors) {
  const bool packed_kv = problem.varlen && !problem.paged();
  const auto set_query_side = [&problem](TensorView& view, int64_t head_dim) {
    set_strides(view, problem.layout, problem.varlen, problem.heads_q, problem.q_rows(), head_dim);
  };
  const auto set_key_side = [&problem, packed_kv](TensorView& view, int64_t head_dim) {
    set_strides(view, problem.layout, packed_kv, problem.heads_kv, problem.kv_rows(), head_dim);
  };
  set_query_side(tensors.q, problem.head_dim_qk);
  set_key_side(tensors.k, problem.head_dim_qk);
  set_key_side(tensors.v, problem.head_dim_v);
  set_query_side(tensors.o, problem.head_dim_v);
  tensors.lse_stride_head = problem.varlen ? problem.total_q : problem.seqlen_q;
  tensors.lse_stride_batch = problem.varlen ? 0 : problem.heads_q * problem.seqlen_q;

  const MaskRequest& mask = problem.mask;
  tensors.mask.stride_kv = 1;
  tensors.mask.stride_q = mask.seqlen_q == 1 ? 0 : mask.seqlen_kv;
  tensors.mask.stride_head = mask.heads == 1 ? 0 : mask.seqlen_q * mask.seqlen_kv;
  tensors.mask.stride_batch = mask.batch == 1 ? 0 : mask.heads * mask.seqlen_q * mask.seqlen_kv;
  tensors.alibi_stride_batch = 0;
  tensors.page_table_stride = problem.pages_per_sequence();
}

}  // namespace attune
