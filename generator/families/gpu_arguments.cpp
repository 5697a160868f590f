#include "generator/families/gpu_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace attune {
namespace {

constexpr int64_t longest = int64_t{1} << 30;  // position + window stays inside 32 bits

bool is_aligned(const TensorView& view, int64_t element, bool one_batch, bool one_head, bool one_row) {
  const auto multiple = [&](int64_t stride, bool unused) { return unused || stride * element % 16 == 0; };
  return reinterpret_cast<uintptr_t>(view.data) % 16 == 0 && multiple(view.stride_batch, one_batch) &&
         multiple(view.stride_head, one_head) && multiple(view.stride_seq, one_row);
}

}  // namespace

Result<void> check_gpu_lengths(const Problem& problem) {
  const std::array<std::pair<const char*, int64_t>, 5> fields = {{{"seqlen_q", problem.seqlen_q},
                                                                  {"seqlen_kv", problem.seqlen_kv},
                                                                  {"batch", problem.batch},
                                                                  {"heads_q", problem.heads_q},
                                                                  {"mask.seqlen_kv", problem.mask.seqlen_kv}}};
  for (const auto& [name, value] : fields) {
    if (value > longest) {
      return Error(Status::unsupported,
                   fmt::format("{} is {}: GPU kernels take at most 2^30. Split the problem along it.", name, value));
    }
  }
  return {};
}

GpuArguments gpu_arguments(const Problem& problem, const Tensors& tensors) {
  GpuArguments a;
  const int64_t element = size_bytes(problem.dtype);
  a.q = tensors.q.data;
  a.k = tensors.k.data;
  a.v = tensors.v.data;
  a.o = tensors.o.data;
  a.lse = tensors.lse;
  a.mask = tensors.mask.data;
  a.sinks = tensors.sinks;
  a.alibi_slopes = tensors.alibi_slopes;
  a.cu_seqlens_q = tensors.cu_seqlens_q;
  a.cu_seqlens_kv = tensors.cu_seqlens_kv;
  a.kv_lengths = tensors.kv_lengths;
  a.page_table = tensors.page_table;
  a.full_counts = tensors.lists.full_counts;
  a.full_indices = tensors.lists.full_indices;
  a.partial_counts = tensors.lists.partial_counts;
  a.partial_indices = tensors.lists.partial_indices;
  a.full_row_ptr = tensors.lists.full_row_ptr;
  a.partial_row_ptr = tensors.lists.partial_row_ptr;

  const bool paged = problem.page_size > 0;
  // Packed sequences have no batch dimension; the batch stride of a page pool is the one between its pages.
  const auto strides = [&](const TensorView& view, bool packed, int64_t& batch, int64_t& head, int64_t& seq) {
    batch = packed ? 0 : view.stride_batch * element;
    head = view.stride_head * element;
    seq = view.stride_seq * element;
  };
  strides(tensors.q, problem.varlen, a.q_stride_batch, a.q_stride_head, a.q_stride_seq);
  strides(tensors.k, problem.varlen && !paged, a.k_stride_batch, a.k_stride_head, a.k_stride_seq);
  strides(tensors.v, problem.varlen && !paged, a.v_stride_batch, a.v_stride_head, a.v_stride_seq);
  strides(tensors.o, problem.varlen, a.o_stride_batch, a.o_stride_head, a.o_stride_seq);
  const bool one_batch_q = problem.varlen || problem.batch == 1, one_batch_kv = paged ? false : one_batch_q;
  a.aligned_q = is_aligned(tensors.q, element, one_batch_q, problem.heads_q == 1, false) ? 1 : 0;
  a.aligned_k = is_aligned(tensors.k, element, one_batch_kv, problem.heads_kv == 1, false) ? 1 : 0;
  a.aligned_v = is_aligned(tensors.v, element, one_batch_kv, problem.heads_kv == 1, false) ? 1 : 0;
  a.aligned_o = is_aligned(tensors.o, element, one_batch_q, problem.heads_q == 1, false) ? 1 : 0;
  a.lse_stride_batch = problem.varlen ? 0 : tensors.lse_stride_batch * 4;
  a.lse_stride_head = tensors.lse_stride_head * 4;

  const MaskRequest& mask = problem.mask;
  const int64_t mask_element = size_bytes(mask.dtype);
  a.mask_stride_batch = mask.batch > 1 ? tensors.mask.stride_batch * mask_element : 0;
  a.mask_stride_head = mask.heads > 1 ? tensors.mask.stride_head * mask_element : 0;
  a.mask_stride_q = mask.seqlen_q > 1 ? tensors.mask.stride_q * mask_element : 0;
  a.mask_seqlen_kv = static_cast<int32_t>(mask.seqlen_kv);
  a.alibi_stride_batch = tensors.alibi_stride_batch;
  a.page_table_stride = tensors.page_table_stride;

  a.batch = static_cast<int32_t>(problem.batch);
  a.heads_q = static_cast<int32_t>(problem.heads_q);
  a.heads_kv = static_cast<int32_t>(problem.heads_kv);
  a.seqlen_q = static_cast<int32_t>(problem.seqlen_q);
  a.seqlen_kv = static_cast<int32_t>(problem.seqlen_kv);
  // A window beyond every length is the same window, and position + window + 1 still fits 32 bits.
  a.window_left = static_cast<int32_t>(std::min(problem.window_left, longest - 1));
  a.window_right = static_cast<int32_t>(std::min(problem.window_right, longest - 1));

  const SparsityRequest& sparsity = problem.sparsity;
  if (sparsity.kind != SparsityKind::none) {
    a.list_block_q = static_cast<int32_t>(sparsity.block_q);
    a.list_block_kv = static_cast<int32_t>(sparsity.block_kv);
    a.list_q_blocks = static_cast<int32_t>((problem.seqlen_q + sparsity.block_q - 1) / sparsity.block_q);
    a.list_max_blocks = sparsity.max_blocks;
    a.list_stride_batch = sparsity.batch > 1 ? sparsity.heads : 0;
    a.list_stride_head = sparsity.heads > 1 ? 1 : 0;
    a.list_head_divisor = static_cast<int32_t>(problem.heads_q / sparsity.heads);
  }
  a.scale = problem.scale();
  a.scale_log2 = static_cast<float>(static_cast<double>(problem.scale()) * 1.4426950408889634);
  a.softcap = problem.softcap;
  return a;
}

}  // namespace attune
