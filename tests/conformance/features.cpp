#include "tests/conformance/features.hpp"

#include <utility>

namespace attune::test {
namespace {

MaskRequest mask(MaskKind kind, int64_t batch, int64_t heads, int64_t seqlen_q, int64_t seqlen_kv) {
  return {kind, kind == MaskKind::boolean ? DType::boolean : DType::f32, batch, heads, seqlen_q, seqlen_kv};
}

void lists(Problem& p, SparsityKind kind, bool full, bool partial, int64_t batch, int64_t heads) {
  p.sparsity = {kind, 32, 48, full, partial, batch, heads, kind == SparsityKind::padded_lists ? 4 : 0};
}

}  // namespace

const std::vector<Feature>& features() {
  static const std::vector<Feature> all = {
      {"dense", [](Problem&) {}},
      {"causal_top_left", [](Problem& p) { p.causal = true; }},
      {"causal_bottom_right",
       [](Problem& p) {
         p.causal = true;
         p.alignment = Alignment::bottom_right;
       }},
      {"causal_bottom_right_with_empty_rows",
       [](Problem& p) {
         p.causal = true;
         p.alignment = Alignment::bottom_right;
         std::swap(p.seqlen_q, p.seqlen_kv);
       }},
      {"paged",
       [](Problem& p) {
         p.page_size = 16;
         p.page_count = 30;
       }},
      {"paged_causal_lengths_in_shared_odd_pages",
       [](Problem& p) {
         p.causal = p.kv_lengths = true;
         p.alignment = Alignment::bottom_right;
         p.page_size = 23;
         p.page_count = 5;
       }},
      {"paged_packed_queries_window_sinks",
       [](Problem& p) {
         p.varlen = p.kv_lengths = p.sinks = true;
         p.total_q = 60;
         p.window_left = 40;
         p.page_size = 64;
         p.page_count = 9;
       }},
      {"paged_lists_and_mask",
       [](Problem& p) {
         lists(p, SparsityKind::csr_lists, true, true, 1, 2);
         p.mask = mask(MaskKind::additive, 1, 6, 45, 173);
         p.page_size = 16;
         p.page_count = 22;
       }},
      {"paged_one_key_a_page_decode",
       [](Problem& p) {
         p.seqlen_q = 1;
         p.page_size = 1;
         p.page_count = 400;
       }},
      {"window_left", [](Problem& p) { p.window_left = 17; }},
      {"window_right", [](Problem& p) { p.window_right = 9; }},
      {"window_both_bottom_right",
       [](Problem& p) {
         p.window_left = 20;
         p.window_right = 3;
         p.alignment = Alignment::bottom_right;
       }},
      {"window_of_one_key", [](Problem& p) { p.window_left = p.window_right = 0; }},
      {"window_causal",
       [](Problem& p) {
         p.causal = true;
         p.window_left = 5;
       }},
      {"window_beyond_the_keys",
       [](Problem& p) {
         p.window_left = 3;
         std::swap(p.seqlen_q, p.seqlen_kv);
       }},
      {"boolean_mask_full", [](Problem& p) { p.mask = mask(MaskKind::boolean, 2, 6, 45, 173); }},
      {"boolean_mask_per_key", [](Problem& p) { p.mask = mask(MaskKind::boolean, 2, 1, 1, 173); }},
      {"boolean_mask_per_query", [](Problem& p) { p.mask = mask(MaskKind::boolean, 1, 6, 45, 1); }},
      {"boolean_mask_short", [](Problem& p) { p.mask = mask(MaskKind::boolean, 1, 1, 45, 100); }},
      {"additive_mask_full", [](Problem& p) { p.mask = mask(MaskKind::additive, 2, 6, 45, 173); }},
      {"additive_mask_per_head", [](Problem& p) { p.mask = mask(MaskKind::additive, 1, 6, 1, 173); }},
      {"additive_mask_short", [](Problem& p) { p.mask = mask(MaskKind::additive, 2, 1, 1, 77); }},
      {"additive_mask_one_number", [](Problem& p) { p.mask = mask(MaskKind::additive, 1, 1, 1, 1); }},
      {"additive_mask_in_the_dtype",
       [](Problem& p) {
         p.mask = mask(MaskKind::additive, 1, 1, 45, 173);
         p.mask.dtype = p.dtype;
       }},
      {"softcap", [](Problem& p) { p.softcap = 1.5F; }},
      {"softcap_boolean_mask_causal",
       [](Problem& p) {
         p.softcap = 20;
         p.causal = true;
         p.mask = mask(MaskKind::boolean, 1, 6, 45, 173);
       }},
      {"sinks", [](Problem& p) { p.sinks = true; }},
      {"sinks_window",
       [](Problem& p) {
         p.sinks = true;
         p.causal = true;
         p.window_left = 11;
       }},
      {"alibi", [](Problem& p) { p.alibi = true; }},
      {"alibi_causal_bottom_right",
       [](Problem& p) {
         p.alibi = p.causal = true;
         p.alignment = Alignment::bottom_right;
       }},
      {"scale_one", [](Problem& p) { p.softmax_scale = 1.0F; }},
      {"scale_zero", [](Problem& p) { p.softmax_scale = 0.0F; }},
      {"scale_negative", [](Problem& p) { p.softmax_scale = -0.2F; }},
      {"kv_lengths", [](Problem& p) { p.kv_lengths = true; }},
      {"kv_lengths_bottom_right",
       [](Problem& p) {
         p.kv_lengths = p.causal = true;
         p.alignment = Alignment::bottom_right;
       }},
      {"varlen",
       [](Problem& p) {
         p.varlen = true;
         p.batch = 5;
         p.total_q = 120;
         p.total_kv = 500;
       }},
      {"varlen_causal_bottom_right_alibi",
       [](Problem& p) {
         p.varlen = p.causal = p.alibi = true;
         p.alignment = Alignment::bottom_right;
         p.batch = 4;
         p.total_q = 100;
         p.total_kv = 300;
       }},
      {"varlen_kv_lengths_mask",
       [](Problem& p) {
         p.varlen = p.kv_lengths = true;
         p.total_q = 80;
         p.total_kv = 300;
         p.mask = mask(MaskKind::boolean, 1, 1, 45, 173);
       }},
      {"padded_full_lists", [](Problem& p) { lists(p, SparsityKind::padded_lists, true, false, 2, 6); }},
      {"padded_partial_lists_causal",
       [](Problem& p) {
         lists(p, SparsityKind::padded_lists, false, true, 1, 2);
         p.causal = true;
       }},
      {"padded_both_lists_everything",
       [](Problem& p) {
         lists(p, SparsityKind::padded_lists, true, true, 2, 2);
         p.causal = p.kv_lengths = p.sinks = true;
         p.mask = mask(MaskKind::additive, 2, 6, 45, 173);
         p.alignment = Alignment::bottom_right;
       }},
      {"csr_full_lists", [](Problem& p) { lists(p, SparsityKind::csr_lists, true, false, 1, 1); }},
      {"csr_both_lists_window_alibi",
       [](Problem& p) {
         lists(p, SparsityKind::csr_lists, true, true, 2, 6);
         p.window_left = 30;
         p.alibi = true;
       }},
      {"multi_head", [](Problem& p) { p.heads_kv = p.heads_q = 3; }},
      {"multi_query", [](Problem& p) { p.heads_kv = 1; }},
      {"decode",
       [](Problem& p) {
         p.seqlen_q = 1;
         p.causal = true;
         p.alignment = Alignment::bottom_right;
         p.kv_lengths = true;
       }},
      {"no_keys", [](Problem& p) { p.seqlen_kv = 0; }},
      {"everything_at_once",
       [](Problem& p) {
         p.causal = p.kv_lengths = p.sinks = p.alibi = true;
         p.window_left = 60;
         p.softcap = 10;
         p.softmax_scale = 0.3F;
         p.alignment = Alignment::bottom_right;
         p.mask = mask(MaskKind::additive, 2, 1, 45, 150);
       }},
  };
  return all;
}

Problem base_problem(DType dtype) {
  Problem p;
  p.batch = 2;
  p.heads_q = 6;
  p.heads_kv = 2;
  p.seqlen_q = 45;
  p.seqlen_kv = 173;
  p.head_dim_qk = 40;
  p.head_dim_v = 24;
  p.dtype = dtype;
  p.want_lse = true;
  return p;
}

}  // namespace attune::test
