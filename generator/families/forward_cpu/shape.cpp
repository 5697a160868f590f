#include "generator/families/forward_cpu/shape.hpp"

#include <algorithm>

namespace attune::forward_cpu {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

}  // namespace

Shape::Shape(const Spec& spec, const Config& config) {
  target = ir::target_of(spec.arch());
  dtype = parse_dtype(spec.text("dtype")).value_or(DType::f32);
  head_dim_qk = spec.number("head_dim_qk");
  head_dim_v = spec.number("head_dim_v");
  group = spec.number("group");
  causal = spec.flag("causal");
  window_left = spec.flag("window_left");
  window_right = spec.flag("window_right");
  bottom_right = spec.text("alignment") == "bottom_right";
  softcap = spec.flag("softcap");
  sinks = spec.flag("sinks");
  alibi = spec.flag("alibi");
  kv_lengths = spec.flag("kv_lengths");
  varlen = spec.flag("varlen");
  paged = spec.values().contains("paged");
  want_lse = spec.flag("lse");
  positive_scale = spec.flag("positive_scale");
  const std::string& mask_kind = spec.text("mask");
  mask = mask_kind == "none" ? MaskKind::none : mask_kind == "boolean" ? MaskKind::boolean : MaskKind::additive;
  mask_dtype = parse_dtype(spec.text("mask_dtype")).value_or(DType::boolean);
  mask_broadcast_kv = spec.flag("mask_broadcast_kv");
  mask_short = spec.flag("mask_short");
  const std::string& lists = spec.text("sparsity");
  sparsity = lists == "none" ? SparsityKind::none : lists == "padded" ? SparsityKind::padded_lists : SparsityKind::csr_lists;
  full_lists = spec.flag("full_lists");
  partial_lists = spec.flag("partial_lists");

  block_m = config.at("block_m");
  block_n = config.at("block_n");
  rows = config.at("rows");
  qk_columns = config.at("qk_columns");
  pv_columns = config.at("pv_columns");
  unroll = config.at("unroll");
  prefetch = config.at("prefetch");
  splits = config.at("splits");
  k_pack = config.at("k_pack") != 0;
  v_pack = config.at("v_pack") != 0;
  pack_gqa = config.at("pack_gqa") != 0;

  dot = target.bf16_dot && dtype == DType::bf16;
  lanes = target.lanes;
  input_bytes = size_bytes(dtype);
  k_words = dot ? ceil_div(head_dim_qk, 2) : head_dim_qk;
  q_row_words = round_up(k_words, lanes);
  v_vectors = ceil_div(head_dim_v, lanes);
  score_columns = round_up(block_n, k_pack ? qk_columns * lanes : lanes);
  n_pad = std::max<int64_t>(2 * unroll, 2);
  direct_keys = std::max<int64_t>(lanes / rows, 1);
  interval_rows = causal || window_left || window_right;
  masked = interval_rows || mask != MaskKind::none;
  modifies = softcap || alibi || mask != MaskKind::none || !positive_scale;

  max_panels = ceil_div(block_m, rows);
  const int64_t padded_rows = max_panels * rows;
  int64_t at = 0;
  auto place = [&at](int64_t bytes) {
    const int64_t here = at;
    at += round_up(bytes, 64);
    return here;
  };
  place(slot_count * 8);
  panels_at = place(max_panels * panel_slots * 8);
  lo_at = place(padded_rows * 8);
  hi_at = place(padded_rows * 8);
  m_at = place(padded_rows * 4);
  l_at = place(padded_rows * lanes * 4);
  alpha_at = place(rows * 4);
  q_at = place(padded_rows * q_row_bytes());
  s_at = place(rows * s_row_bytes());
  p_at = dot_values() ? place(rows * p_row_bytes()) : s_at;
  o_at = place(padded_rows * o_row_bytes());
  k_at = place(k_pack ? score_columns * k_words * 4 : 0);
  v_at = place(v_pack ? round_up(block_n, n_pad) / (dot ? 2 : 1) * v_row_bytes() : 0);
  scratch_bytes = at;
}

}  // namespace attune::forward_cpu
