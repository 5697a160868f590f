// Quantized kernels work on copies in the workspace: operands as the multiplier takes them, scales, and what smoothing
// leaves to be added. What lies where, for the launches that write it and the one that reads it.
//
// Rows of a head begin at a multiple of `kv_pad` keys (`q_pad` rows of Q), so that no two sequences share a scale block or a
// panel: sequence b of packed tensors at (cu_seqlens[b] / pad + b) * pad. e: batch element, 0 when sequences are packed.
//
//     q_codes   [e][Hq][q_rows][q_row_words]       words of the form that is multiplied
//     q_meta    [e][Hq][q_rows][8]                 scale (NaN: the row is poisoned), q . mean key, scores of sink keys
//     q_means   [e][Hq][q_rows / 128][D]           q-mean, whole registers a row
//     delta_s   [e][Hq][q_rows / 128][kv]          mean of the block . smoothed key, by key of the sequence
//     k_codes   [e][Hkv][kv_rows / panel][k_words][panel]  transposed
//     k_scales  [e][Hkv][kv_rows]                  NaN: the key is poisoned
//     k_offsets [e][Hkv][kv_rows]                  -128 * sum of the codes: the multiplier takes Q + 128
//     k_means   [B][Hkv][D]                        whole registers
//     sink_keys [B][Hkv][4]                        keys of the sequence as 64-bit numbers, -1: none
//     v_codes   [e][Hkv][kv_rows / keys of a word][D_v]    whole registers
//     v_scales, v_means [B][Hkv][D_v]              whole registers
//     v_poison  [e][Hkv][kv_rows][registers of D_v]        16 bits a register: channels that hold NaN or infinity
//     v_flags   [B][Hkv]                           64 bits: whether any bit of v_poison is set
#pragma once

#include <cstdint>

#include "generator/problem.hpp"

namespace attune::forward_cpu {

struct Arguments;
struct Shape;

// Floats of one row of q_meta, and what is where.
enum MetaSlot : int64_t { meta_scale = 0, meta_constant, meta_sinks, meta_slots = 8 };

struct Prepared {
  Prepared(const Shape& shape, const Problem& problem);
  void bind(void* workspace, Arguments& arguments) const;

  int64_t q_rows = 0, kv_rows = 0;  // of one head, padded
  int64_t delta_stride = 0;         // floats of one row of delta_s
  int64_t bytes = 0;

 private:
  static constexpr int parts = 14;
  int64_t at_[parts];
};

}  // namespace attune::forward_cpu
