// Strides of tensors without gaps.
#include "generator/tensors.hpp"

namespace attune {
namespace {

void set_strides(TensorView& view, const Problem& problem, int64_t heads, int64_t seqlen, int64_t head_dim) {
  // Packed rows of varlen are [total,H,D], whatever the layout: the batch has no stride of its own.
  if (problem.varlen) {
    view.stride_batch = 0;
    view.stride_head = head_dim;
    view.stride_seq = heads * head_dim;
    return;
  }
  view.stride_batch = heads * seqlen * head_dim;
  view.stride_head = problem.layout == Layout::bhsd ? seqlen * head_dim : head_dim;
  view.stride_seq = problem.layout == Layout::bhsd ? head_dim : heads * head_dim;
}

}  // namespace

void set_contiguous_strides(const Problem& problem, Tensors& tensors) {
  set_strides(tensors.q, problem, problem.heads_q, problem.seqlen_q, problem.head_dim_qk);
  set_strides(tensors.k, problem, problem.heads_kv, problem.seqlen_kv, problem.head_dim_qk);
  set_strides(tensors.v, problem, problem.heads_kv, problem.seqlen_kv, problem.head_dim_v);
  set_strides(tensors.o, problem, problem.heads_q, problem.seqlen_q, problem.head_dim_v);
  tensors.lse_stride_head = problem.varlen ? problem.total_q : problem.seqlen_q;
  tensors.lse_stride_batch = problem.varlen ? 0 : problem.heads_q * problem.seqlen_q;

  const MaskRequest& mask = problem.mask;
  tensors.mask.stride_kv = 1;
  tensors.mask.stride_q = mask.seqlen_q == 1 ? 0 : mask.seqlen_kv;
  tensors.mask.stride_head = mask.heads == 1 ? 0 : mask.seqlen_q * mask.seqlen_kv;
  tensors.mask.stride_batch = mask.batch == 1 ? 0 : mask.heads * mask.seqlen_q * mask.seqlen_kv;
  tensors.alibi_stride_batch = 0;
}

}  // namespace attune
