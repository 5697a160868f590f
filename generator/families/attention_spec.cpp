#include "generator/families/attention_spec.hpp"

#include <fmt/format.h>

#include <bit>

namespace attune {
namespace {

// [2^i, 2^(i+1) - 1] as text; small numbers, where shapes behave differently, stand alone.
std::string octave(int64_t value) {
  if (value <= 2) return std::to_string(value);
  const auto low = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(value)));
  return fmt::format("{}-{}", low, 2 * low - 1);
}

}  // namespace

void set_attention_features(const Problem& problem, Spec& spec) {
  const MaskRequest& mask = problem.mask;
  const SparsityRequest& sparsity = problem.sparsity;
  const bool has_mask = mask.kind != MaskKind::none, has_lists = sparsity.kind != SparsityKind::none;
  const bool positions = problem.causal || problem.window_left >= 0 || problem.window_right >= 0 || problem.alibi;
  spec.set("dtype", std::string(attune::name(problem.dtype)))
      .set("head_dim_qk", problem.head_dim_qk)
      .set("head_dim_v", problem.head_dim_v)
      .set("group", problem.group())
      .set("causal", problem.causal ? 1 : 0)
      .set("window_left", problem.window_left >= 0 ? 1 : 0)
      .set("window_right", problem.window_right >= 0 ? 1 : 0)
      .set("alignment", positions ? std::string(attune::name(problem.alignment)) : "none")
      .set("softcap", problem.softcap > 0 ? 1 : 0)
      .set("sinks", problem.sinks ? 1 : 0)
      .set("alibi", problem.alibi ? 1 : 0)
      .set("kv_lengths", problem.kv_lengths ? 1 : 0)
      .set("varlen", problem.varlen ? 1 : 0)
      .set("lse", problem.want_lse ? 1 : 0)
      .set("mask", !has_mask                        ? "none"
                   : mask.kind == MaskKind::boolean ? "boolean"
                                                    : "additive")
      .set("mask_dtype", has_mask ? std::string(attune::name(mask.dtype)) : "none")
      .set("mask_broadcast_kv", has_mask && mask.seqlen_kv == 1 ? 1 : 0)
      .set("mask_short", has_mask && mask.seqlen_kv != 1 && mask.seqlen_kv < problem.seqlen_kv ? 1 : 0)
      .set("sparsity", !has_lists                                    ? "none"
                       : sparsity.kind == SparsityKind::padded_lists ? "padded"
                                                                     : "csr")
      .set("full_lists", has_lists && sparsity.full ? 1 : 0)
      .set("partial_lists", has_lists && sparsity.partial ? 1 : 0);
}

std::string attention_bucket(const Problem& problem, int64_t heads) {
  std::string bucket =
      fmt::format("q{} kv{} bh{}", octave(problem.seqlen_q), octave(problem.seqlen_kv), octave(problem.batch * heads));
  if (problem.layout != Layout::bhsd) bucket += fmt::format(" {}", attune::name(problem.layout));
  if (problem.paged()) bucket += fmt::format(" pages{}", problem.page_size);
  if (problem.sparsity.kind != SparsityKind::none) {
    bucket += fmt::format(" blocks{}x{}", problem.sparsity.block_q, problem.sparsity.block_kv);
  }
  return bucket;
}

}  // namespace attune
