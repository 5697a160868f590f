// Problems, tensors and policies.
#include "api/translate.hpp"

#include <fmt/format.h>

#include <string>

#include "api/versioned.hpp"
#include "generator/quantization.hpp"

namespace attune::api {
namespace {

static_assert(ATTUNE_F32 == static_cast<int>(DType::f32) && ATTUNE_F16 == static_cast<int>(DType::f16) &&
              ATTUNE_BF16 == static_cast<int>(DType::bf16) && ATTUNE_BOOL == static_cast<int>(DType::boolean) &&
              ATTUNE_I32 == static_cast<int>(DType::i32) && ATTUNE_I64 == static_cast<int>(DType::i64));
static_assert(ATTUNE_BHSD == static_cast<int>(Layout::bhsd) && ATTUNE_BSHD == static_cast<int>(Layout::bshd));
static_assert(ATTUNE_TOP_LEFT == static_cast<int>(Alignment::top_left) &&
              ATTUNE_BOTTOM_RIGHT == static_cast<int>(Alignment::bottom_right));
static_assert(ATTUNE_MASK_NONE == static_cast<int>(MaskKind::none) &&
              ATTUNE_MASK_BOOLEAN == static_cast<int>(MaskKind::boolean) &&
              ATTUNE_MASK_ADDITIVE == static_cast<int>(MaskKind::additive));
static_assert(ATTUNE_DENSE == static_cast<int>(SparsityKind::none) &&
              ATTUNE_PADDED_LISTS == static_cast<int>(SparsityKind::padded_lists) &&
              ATTUNE_CSR_LISTS == static_cast<int>(SparsityKind::csr_lists));
static_assert(ATTUNE_CACHED_ONLY == static_cast<int>(runtime::Policy::cached_only) &&
              ATTUNE_COMPILE == static_cast<int>(runtime::Policy::compile) &&
              ATTUNE_TUNE_IF_MISSING == static_cast<int>(runtime::Policy::tune_if_missing) &&
              ATTUNE_RETUNE == static_cast<int>(runtime::Policy::retune));

template <class Enum>
Result<Enum> to_enum(int32_t value, Enum last, std::string_view field, std::string_view type) {
  if (value < 0 || value > static_cast<int32_t>(last)) {
    return invalid(fmt::format("{} is {}, which is no {}. Use one of the constants in attune.h.", field, value, type));
  }
  return static_cast<Enum>(value);
}

Result<bool> to_flag(int32_t value, std::string_view field) {
  if (value != 0 && value != 1) return invalid(fmt::format("{} is {}. Use 0 or 1.", field, value));
  return value == 1;
}

TensorView to_view(const attune_input& given) {
  return {const_cast<void*>(given.data), given.stride_batch, given.stride_head, given.stride_seq};
}
TensorView to_view(const attune_output& given) {
  return {given.data, given.stride_batch, given.stride_head, given.stride_seq};
}

Result<MaskRequest> to_mask(const attune_problem& given) {
  MaskRequest mask;
  ATTUNE_TRY(mask.kind, to_enum(given.mask_kind, MaskKind::additive, "mask_kind", "attune_mask_kind"));
  ATTUNE_TRY(mask.dtype, to_enum(given.mask_dtype, DType::i64, "mask_dtype", "attune_dtype"));
  mask.batch = given.mask_batch;
  mask.heads = given.mask_heads;
  mask.seqlen_q = given.mask_seqlen_q;
  mask.seqlen_kv = given.mask_seqlen_kv;
  return mask;
}

Result<SparsityRequest> to_sparsity(const attune_problem& given) {
  SparsityRequest sparsity;
  ATTUNE_TRY(sparsity.kind, to_enum(given.sparsity, SparsityKind::csr_lists, "sparsity", "attune_sparsity"));
  ATTUNE_TRY(sparsity.full, to_flag(given.sparsity_full, "sparsity_full"));
  ATTUNE_TRY(sparsity.partial, to_flag(given.sparsity_partial, "sparsity_partial"));
  sparsity.block_q = given.sparsity_block_q;
  sparsity.block_kv = given.sparsity_block_kv;
  sparsity.batch = given.sparsity_batch;
  sparsity.heads = given.sparsity_heads;
  sparsity.max_blocks = given.sparsity_max_blocks;
  return sparsity;
}

}  // namespace

attune_problem default_problem() {
  const Problem problem;
  attune_problem c{};
  c.struct_size = sizeof c;
  c.batch = problem.batch;
  c.heads_q = problem.heads_q;
  c.heads_kv = problem.heads_kv;
  c.seqlen_q = problem.seqlen_q;
  c.seqlen_kv = problem.seqlen_kv;
  c.head_dim_qk = problem.head_dim_qk;
  c.head_dim_v = problem.head_dim_v;
  c.dtype = static_cast<int32_t>(problem.dtype);
  c.layout = static_cast<int32_t>(problem.layout);
  c.window_left = problem.window_left;
  c.window_right = problem.window_right;
  c.alignment = static_cast<int32_t>(problem.alignment);
  c.mask_kind = static_cast<int32_t>(problem.mask.kind);
  c.mask_dtype = static_cast<int32_t>(problem.mask.dtype);
  c.mask_batch = problem.mask.batch;
  c.mask_heads = problem.mask.heads;
  c.mask_seqlen_q = problem.mask.seqlen_q;
  c.mask_seqlen_kv = problem.mask.seqlen_kv;
  c.sparsity = static_cast<int32_t>(problem.sparsity.kind);
  c.sparsity_full = problem.sparsity.full ? 1 : 0;
  c.sparsity_partial = problem.sparsity.partial ? 1 : 0;
  c.sparsity_block_q = problem.sparsity.block_q;
  c.sparsity_block_kv = problem.sparsity.block_kv;
  c.sparsity_batch = problem.sparsity.batch;
  c.sparsity_heads = problem.sparsity.heads;
  c.sparsity_max_blocks = problem.sparsity.max_blocks;
  c.quantization = "none";
  return c;
}

attune_tensors default_tensors() {
  attune_tensors c{};
  c.struct_size = sizeof c;
  c.mask.stride_kv = 1;
  return c;
}

Result<Problem> to_problem(const attune_problem* pointer) {
  static const attune_problem defaults = default_problem();
  ATTUNE_TRY(const attune_problem given,
             read_versioned(pointer, offsetof(attune_problem, has_softmax_scale), defaults, "attune_problem"));
  Problem problem;
  problem.batch = given.batch;
  problem.heads_q = given.heads_q;
  problem.heads_kv = given.heads_kv;
  problem.seqlen_q = given.seqlen_q;
  problem.seqlen_kv = given.seqlen_kv;
  problem.head_dim_qk = given.head_dim_qk;
  problem.head_dim_v = given.head_dim_v;
  ATTUNE_TRY(problem.dtype, to_enum(given.dtype, DType::i64, "dtype", "attune_dtype"));
  ATTUNE_TRY(problem.layout, to_enum(given.layout, Layout::bshd, "layout", "attune_layout"));
  ATTUNE_TRY(const bool has_scale, to_flag(given.has_softmax_scale, "has_softmax_scale"));
  if (has_scale) {
    problem.softmax_scale = given.softmax_scale;
  } else if (given.softmax_scale != 0) {
    return invalid(
        "softmax_scale is set but has_softmax_scale is 0. Set has_softmax_scale to 1, or leave softmax_scale at 0.");
  }
  problem.softcap = given.softcap;
  ATTUNE_TRY(problem.causal, to_flag(given.causal, "causal"));
  problem.window_left = given.window_left;
  problem.window_right = given.window_right;
  ATTUNE_TRY(problem.alignment, to_enum(given.alignment, Alignment::bottom_right, "alignment", "attune_alignment"));
  ATTUNE_TRY(problem.sinks, to_flag(given.sinks, "sinks"));
  ATTUNE_TRY(problem.alibi, to_flag(given.alibi, "alibi"));
  ATTUNE_TRY(problem.want_lse, to_flag(given.want_lse, "want_lse"));
  ATTUNE_TRY(problem.mask, to_mask(given));
  ATTUNE_TRY(problem.kv_lengths, to_flag(given.kv_lengths, "kv_lengths"));
  ATTUNE_TRY(problem.varlen, to_flag(given.varlen, "varlen"));
  problem.total_q = given.total_q;
  problem.total_kv = given.total_kv;
  ATTUNE_TRY(problem.sparsity, to_sparsity(given));
  if (given.reserved_zero != 0) return invalid("reserved_zero is not 0. Initialise the struct with attune_problem_init.");
  if (given.quantization != nullptr) {
    ATTUNE_TRY(problem.quantization, canonical_quantization(given.quantization));
  }
  problem.page_size = given.page_size;
  problem.page_count = given.page_count;
  return problem;
}

Result<std::vector<Problem>> to_problems(const attune_problem* const* given, size_t count) {
  if (count > 0) ATTUNE_CHECK(check_pointer(given, "problems"));
  std::vector<Problem> problems;
  for (size_t i = 0; i < count; ++i) {
    auto problem = to_problem(given[i]);
    if (!problem.ok()) return problem.error().within(fmt::format("problems[{}]", i));
    problems.push_back(*std::move(problem));
  }
  return problems;
}

Result<Tensors> to_tensors(const attune_tensors* pointer) {
  static const attune_tensors defaults = default_tensors();
  ATTUNE_TRY(const attune_tensors given, read_versioned(pointer, offsetof(attune_tensors, lse), defaults, "attune_tensors"));
  Tensors tensors;
  tensors.q = to_view(given.q);
  tensors.k = to_view(given.k);
  tensors.v = to_view(given.v);
  tensors.o = to_view(given.o);
  tensors.lse = given.lse;
  tensors.lse_stride_batch = given.lse_stride_batch;
  tensors.lse_stride_head = given.lse_stride_head;
  tensors.mask = {given.mask.data, given.mask.stride_batch, given.mask.stride_head, given.mask.stride_q,
                  given.mask.stride_kv};
  tensors.sinks = given.sinks;
  tensors.alibi_slopes = given.alibi_slopes;
  tensors.alibi_stride_batch = given.alibi_stride_batch;
  tensors.cu_seqlens_q = given.cu_seqlens_q;
  tensors.cu_seqlens_kv = given.cu_seqlens_kv;
  tensors.kv_lengths = given.kv_lengths;
  tensors.lists.full_counts = given.full_counts;
  tensors.lists.full_indices = given.full_indices;
  tensors.lists.partial_counts = given.partial_counts;
  tensors.lists.partial_indices = given.partial_indices;
  tensors.lists.full_row_ptr = given.full_row_ptr;
  tensors.lists.partial_row_ptr = given.partial_row_ptr;
  tensors.page_table = given.page_table;
  tensors.page_table_stride = given.page_table_stride;
  tensors.q_scales = given.q_scales;
  tensors.k_scales = given.k_scales;
  tensors.v_scales = given.v_scales;
  return tensors;
}

Result<runtime::Policy> to_policy(int32_t given) {
  return to_enum(given, runtime::Policy::retune, "policy", "attune_policy");
}

}  // namespace attune::api
