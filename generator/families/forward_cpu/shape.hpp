// Everything that emission and launch derive from a spec and a config: one object, so that they cannot disagree.
#pragma once

#include <cstdint>

#include "generator/llvm/target.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"
#include "generator/quantization_layout.hpp"
#include "generator/values.hpp"

namespace attune::forward_cpu {

// What a 32-bit word of an operand holds, and so how words are multiplied: fp32 by FMA, pairs of bf16 by vdpbf16ps, pairs of
// 16-bit integers by vpmaddwd, four 8-bit integers (unsigned by signed) by vpdpbusd.
enum class Form : uint8_t { f32, bf16_pairs, i16_pairs, i8_quads };
int64_t elements_of(Form form);
bool is_integer(Form form);

// The forms that codes of a request have on a target: integers where it multiplies them, else numbers that hold them
// exactly.
Form qk_form_of(const Quantization& request, const ir::Target& target, DType dtype);
Form pv_form_of(const Quantization& request, const ir::Target& target, DType dtype);

struct Shape {
  Shape(const Spec& spec, const Config& config);

  // From the spec.
  ir::Target target;
  DType dtype;
  int64_t head_dim_qk, head_dim_v, group;
  bool causal, window_left, window_right, bottom_right, softcap, sinks, alibi, kv_lengths, varlen, paged, want_lse;
  bool positive_scale;
  MaskKind mask;
  DType mask_dtype;
  bool mask_broadcast_kv;  // one mask column for all keys
  bool mask_short;         // the mask ends before the keys do
  SparsityKind sparsity;
  bool full_lists, partial_lists;

  Quantization request;
  bool quantized;  // operands come from the workspace, where other launches put them

  // From the config.
  int64_t block_m, block_n, rows, qk_columns, pv_columns, unroll, prefetch, splits;
  bool k_pack, v_pack, pack_gqa;

  // Derived.
  bool dot;  // bf16 pairs through vdpbf16ps; otherwise everything is converted to fp32
  Form qk_form, pv_form;
  int64_t lanes;
  int64_t input_bytes;    // of one element in the caller's tensors
  int64_t k_words;        // 32-bit words of one query or key row in the form that is multiplied
  int64_t q_row_words;    // the same, padded to registers
  int64_t v_vectors;      // registers of one output row
  int64_t score_columns;  // row length of the score panel
  int64_t n_pad;          // packed V has zero rows up to a multiple of this
  int64_t direct_keys;    // keys at a time in the unpacked score kernel
  bool interval_rows;     // rows differ in which keys they see
  bool masked;            // some keys of a visited block may be hidden from some rows
  bool modifies;          // scores need a pass of their own before the softmax

  // Scratch of one worker, in bytes from its start; every part starts at a multiple of 64.
  int64_t q_at, k_at, v_at, s_at, p_at, o_at, m_at, l_at, alpha_at, lo_at, hi_at, panels_at, scratch_bytes;
  int64_t max_panels;

  // Quantized kernels.
  bool coded_qk;     // scores are codes times scales
  bool paged_reads;  // visited keys lie in pages
  bool half_sums;    // sums of P V are rounded to fp16 every `half_step` keys
  int64_t half_step;
  int64_t d_vectors;   // registers of one row of Q or K as fp32
  int64_t panel_keys;  // keys of one packed panel
  int64_t kv_pad;      // rows of a sequence in the workspace are a multiple of it
  int64_t list_align;  // where the visit of a listed block may begin
  QuantizationTiles tiles;
  int64_t slots_at, meta_at, delta_at, p_scale_at;  // scratch of attune_forward
  // Scratch of the launches that prepare operands.
  int64_t stage_at, words_at, sums_at, counts_at, mean_at, channel_max_at, channel_inverse_at, row_max_at, row_scale_at,
      row_inverse_at, row_bad_at, group_at, candidates_at, sink_rows_at, preparing_bytes;
  int64_t stage_row_bytes() const { return (d_vectors > v_vectors ? d_vectors : v_vectors) * lanes * 4; }

  int64_t o_row_bytes() const { return v_vectors * lanes * 4; }
  int64_t s_row_bytes() const { return score_columns * 4; }
  int64_t p_row_bytes() const { return score_columns * 4 / elements_of(pv_form); }
  int64_t v_row_bytes() const { return v_vectors * lanes * 4; }  // packed: fp32, or one pair of rows as bf16 pairs
  int64_t q_row_bytes() const { return q_row_words * 4; }
  bool dot_values() const { return pv_form == Form::bf16_pairs; }
  int64_t partial_row_floats() const { return v_vectors * lanes + lanes; }  // O, then m and l
};

// The state of a work item, 64-bit slots at the start of the scratch.
enum Slot : int64_t {
  slot_batch = 0,
  slot_head,  // first query head of the item
  slot_row0,  // first row
  slot_rows,  // rows that exist
  slot_q_len,
  slot_kv_len,
  slot_shift,
  slot_q_start,  // first row of this batch element in the packed tensors (varlen)
  slot_k_base,
  slot_v_base,
  slot_panels,
  slot_zero,       // always 0: the lower end of an interval that has none
  slot_nonfinite,  // V of the current block holds NaN or inf
  slot_lo_min,     // over the rows of the item
  slot_hi_max,
  slot_count,
};

// The same for quantized kernels, at slots_at.
enum QuantizedSlot : int64_t {
  qslot_k_scales = 0,  // of key 0 of the sequence, as are the next two
  qslot_k_offsets,
  qslot_v_poison,
  qslot_v_flag,
  qslot_kv_head,    // batch * Hkv + head
  qslot_sinks,      // sink keys of the head
  qslot_first_key,  // of the listed block
  qslot_count,
};

// Per panel: lowest and highest ends of its rows' intervals, 64-bit slots.
enum PanelSlot : int64_t { panel_lo_min = 0, panel_lo_max, panel_hi_min, panel_hi_max, panel_slots };

}  // namespace attune::forward_cpu
