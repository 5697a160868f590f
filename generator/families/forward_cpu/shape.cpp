#include "generator/families/forward_cpu/shape.hpp"

#include <algorithm>
#include <numeric>

#include "common/arithmetic.hpp"

namespace attune::forward_cpu {

int64_t elements_of(Form form) { return form == Form::f32 ? 1 : form == Form::i8_quads ? 4 : 2; }

bool is_integer(Form form) { return form == Form::i16_pairs || form == Form::i8_quads; }

namespace {

Form integer_form(const ir::Target& target) {
  return target.byte_dot ? Form::i8_quads : target.lanes >= 8 ? Form::i16_pairs : Form::f32;
}

Form input_form(const ir::Target& target, DType dtype) {
  return target.bf16_dot && dtype == DType::bf16 ? Form::bf16_pairs : Form::f32;
}

}  // namespace

Form qk_form_of(const Quantization& request, const ir::Target& target, DType dtype) {
  switch (request.qk) {
    case QkOperand::input: return input_form(target, dtype);
    case QkOperand::int8:
    case QkOperand::int4: return integer_form(target);
    case QkOperand::e4m3: return input_form(target, DType::bf16);
  }
  return Form::f32;
}

Form pv_form_of(const Quantization& request, const ir::Target& target, DType dtype) {
  switch (request.pv) {
    case PvOperand::input: return request.accumulator == PvAccumulator::f16 ? Form::f32 : input_form(target, dtype);
    case PvOperand::int8: return integer_form(target);
    case PvOperand::e4m3: return input_form(target, DType::bf16);
  }
  return Form::f32;
}

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

  quantized = spec.values().contains("quantization");
  if (quantized) request = parse_quantization(spec.text("quantization")).value_or(Quantization{});

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
  qk_form = dot ? Form::bf16_pairs : Form::f32;
  pv_form = dot && v_pack ? Form::bf16_pairs : Form::f32;
  if (quantized) {
    qk_form = qk_form_of(request, target, dtype);
    pv_form = pv_form_of(request, target, dtype);
  }
  k_words = ceil_div(head_dim_qk, elements_of(qk_form));
  q_row_words = round_up(k_words, lanes);
  v_vectors = ceil_div(head_dim_v, lanes);
  score_columns = round_up(block_n, k_pack ? qk_columns * lanes : lanes);
  n_pad = std::max<int64_t>(2 * unroll, 2);
  coded_qk = request.quantizes_qk();
  paged_reads = paged && !quantized;
  half_sums = request.accumulator == PvAccumulator::f16;
  half_step = request.pv == PvOperand::e4m3 ? 32 : 16;
  d_vectors = ceil_div(head_dim_qk, lanes);
  panel_keys = qk_columns * lanes;
  kv_pad = std::lcm(panel_keys, tiles.block_kv);
  list_align = std::lcm(panel_keys, std::max<int64_t>(request.flush_keys, 32));
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
  p_at = pv_form != Form::f32 ? place(rows * p_row_bytes()) : s_at;
  o_at = place(padded_rows * o_row_bytes());
  k_at = place(k_pack && !quantized ? score_columns * k_words * 4 : 0);
  v_at = place(v_pack && !quantized ? round_up(block_n, n_pad) / (dot ? 2 : 1) * v_row_bytes() : 0);
  slots_at = place(quantized ? qslot_count * 8 : 0);
  meta_at = place(coded_qk ? padded_rows * 32 : 0);
  delta_at = place(coded_qk ? padded_rows * 8 : 0);
  p_scale_at = place(request.pv == PvOperand::int8 ? rows * 4 : 0);
  scratch_bytes = at;

  at = 0;
  const int64_t block = tiles.block_q;  // the longest block of rows
  stage_at = place(block * stage_row_bytes());
  words_at = place(tiles.block_kv * q_row_bytes());
  sums_at = place(2 * stage_row_bytes());
  counts_at = place(stage_row_bytes());
  mean_at = place(stage_row_bytes());
  channel_max_at = place(stage_row_bytes());
  channel_inverse_at = place(stage_row_bytes());
  row_max_at = place(block * 4);
  row_scale_at = place(block * 4);
  row_inverse_at = place(block * 4);
  row_bad_at = place(block * 4);
  group_at = place(block * 4);
  candidates_at = place(2 * max_sink_keys * 8);
  sink_rows_at = place(max_sink_keys * stage_row_bytes());
  preparing_bytes = at;
}

}  // namespace attune::forward_cpu
