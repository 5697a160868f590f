// Operands that the caller has quantized: where their codes, scales and padding lie, for every kind of device.
//
// Codes of Q and K take the place of the elements, with the strides of the tensors counted in codes: int8 and e4m3 one a
// byte, int4 two, the lower half first. Codes of V lie as fp8 and int8 tensor cores read them, in blocks of block_kv = 64
// tokens, each [D_v][64], token t of a block at fp8_value_position(t); no strides.
//     v_codes   [e][Hkv][kv_rows / 64][D_v][64]
//     q_scales  [e][Hq][groups of q_rows]     scale of a row: q_scale_groups().of(row), quantization_layout.hpp;
//     k_scales  [e][Hkv][groups of kv_rows]   granularity tensor: [B][Hq] and [B][Hkv]
//     v_scales  [B][Hkv][D_v]
//
// Keys in pages (page_size a multiple of 64) have their page number in place of e, and pages hold whole blocks:
//     k         [page_count][Hkv][page_size][D_qk] of codes, with the strides of a paged tensor
//     k_scales  [page_count][Hkv][groups of page_size]   granularity tensor: [B][Hkv]
//     v_codes   [page_count][Hkv][page_size / 64][D_v][64]
//     v_scales  [B][Hkv][D_v]
// A page is all that a cache writes, moves or shares for its keys: scales of K go with their page. Scales of V's channels
// multiply sums over all keys, so they stay with the sequence; sequences that share pages have equal ones.
//
// e: the batch element, 0 where rows are packed. q_rows is seqlen_q rounded up to blocks of 128, kv_rows is seqlen_kv
// rounded up to blocks of 64; a packed sequence begins at row (cu_seqlens[b] / block + b) * block, and there are (total /
// block + B) * block rows. What pads a block may hold anything: scales, and codes of V but for the e4m3 code NaN. Blocks and
// pages without a key of the sequence are not read.
//
// An operand is code * scale; scales are finite and not negative, 0 where all that they are of is 0. The attention is that
// of these operands: with keys smoothed by the caller, O is that of the keys before, and LSE lacks scale * (q . mean key).
#pragma once

#include <cstdint>

#include "generator/problem.hpp"
#include "generator/quantization.hpp"

namespace attune {

// Rows of Q, K and V in whole scale blocks, as quantizers and given operands count them.
struct PaddedRows {
  // How quantizers count them, for whom keys in pages are sequences, too.
  PaddedRows(const Problem& problem, Granularity granularity);
  // How the caller gives them: keys in pages by page.
  static PaddedRows of_given(const Problem& problem, Granularity granularity);

  int64_t q_heads = 0, kv_heads = 0;    // leading extents times heads
  int64_t q_blocks = 0, kv_blocks = 0;  // of the longest sequence
  int64_t q_rows = 0, kv_rows = 0;      // of one head
  int64_t q_groups = 0, k_groups = 0;   // scales of one head
  int64_t q_scales = 0, k_scales = 0;   // of all heads
  int64_t v_codes = 0;

  // Places of one row of the sequence of batch element b, whose first packed row is `first` (0 unless varlen), or whose key
  // `key` is in page `page`, which only pages need.
  int64_t q_scale(int64_t b, int64_t h, int64_t first, int64_t row) const;
  int64_t k_scale(int64_t b, int64_t kv_head, int64_t first, int64_t key, int64_t page = -1) const;
  int64_t v_code(int64_t b, int64_t kv_head, int64_t first, int64_t key, int64_t channel, int64_t page = -1) const;

 private:
  PaddedRows(const Problem& problem, Granularity granularity, int64_t page_size);
  int64_t kv_row(int64_t b, int64_t kv_head, int64_t first, int64_t key, int64_t page) const;  // of all heads

  bool packed_q_, packed_kv_;
  int64_t page_size_;  // 0: keys by sequence
  Granularity granularity_;
  int64_t heads_q_, heads_kv_, head_dim_v_;
};

// Bits of one code of Q and K, 0 for `input`.
int64_t code_bits(QkOperand operand);

// The problem's request where something is given, and none otherwise: execution asks, and shall not parse for nothing.
Quantization given_request(const Problem& problem);

// Whether a family reads given codes of K and V from pages.
enum class GivenPages : uint8_t { refused, read };

// Of a request that is valid for itself: whether its given operands can be those of this problem. unsupported names the
// field.
Result<void> validate_given(const Problem& problem, const Quantization& request, GivenPages pages = GivenPages::refused);

}  // namespace attune
