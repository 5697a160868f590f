#include "generator/families/forward_simt/shape.hpp"

namespace attune::forward_simt {

Shape::Shape(const Spec& spec, const Config& config)
    : arch(spec.arch()),
      dtype(parse_dtype(spec.text("dtype")).value_or(DType::f32)),
      head_dim_qk(spec.number("head_dim_qk")),
      head_dim_v(spec.number("head_dim_v")),
      group(spec.number("group")),
      causal(spec.flag("causal")),
      window_left(spec.flag("window_left")),
      window_right(spec.flag("window_right")),
      bottom_right(spec.text("alignment") == "bottom_right"),
      softcap(spec.flag("softcap")),
      sinks(spec.flag("sinks")),
      alibi(spec.flag("alibi")),
      kv_lengths(spec.flag("kv_lengths")),
      varlen(spec.flag("varlen")),
      want_lse(spec.flag("lse")),
      page_size(spec.number("page_size")),
      mask_dtype(parse_dtype(spec.text("mask_dtype")).value_or(DType::boolean)),
      mask_broadcast_kv(spec.flag("mask_broadcast_kv")),
      mask_short(spec.flag("mask_short")),
      full_lists(spec.flag("full_lists")),
      partial_lists(spec.flag("partial_lists")),
      warps(config.at("warps")),
      keys(config.at("keys")) {
  const std::string& mask_kind = spec.text("mask");
  mask = mask_kind == "none" ? MaskKind::none : mask_kind == "boolean" ? MaskKind::boolean : MaskKind::additive;
  const std::string& lists = spec.text("sparsity");
  sparsity = lists == "none" ? SparsityKind::none : lists == "padded" ? SparsityKind::padded_lists : SparsityKind::csr_lists;
  element_bytes = size_bytes(dtype);
  keys_per_lane = keys / 32;
  outputs_per_lane = (head_dim_v + 31) / 32;
  query_row_bytes = (head_dim_qk + 3) / 4 * 16;
}

}  // namespace attune::forward_simt
