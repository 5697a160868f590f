// The problem: what a caller of attention has. Every field is honoured or refused by name; none is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace attune {

enum class DType : uint8_t { f32 = 0, f16, bf16, boolean, i32, i64 };
int64_t size_bytes(DType dtype);
std::string_view name(DType dtype);  // "fp32", "fp16", "bf16", "bool", "int32", "int64"
Result<DType> parse_dtype(std::string_view text);

enum class Layout : uint8_t { bhsd = 0, bshd };  // [B,H,S,D] ("HND") and [B,S,H,D] ("NHD")
std::string_view name(Layout layout);
Result<Layout> parse_layout(std::string_view text);

// Where query i stands among the keys, for causal masks, windows and ALiBi. Position of query i: i + shift, with
// shift = 0 (top_left, PyTorch's is_causal) or kv_length - q_length (bottom_right, FlashAttention >= 2.1), where both
// lengths are those of the batch element (varlen and kv_lengths included).
enum class Alignment : uint8_t { top_left = 0, bottom_right };
std::string_view name(Alignment alignment);
Result<Alignment> parse_alignment(std::string_view text);

enum class MaskKind : uint8_t { none = 0, boolean, additive };
std::string_view name(MaskKind kind);

enum class SparsityKind : uint8_t { none = 0, padded_lists, csr_lists };
std::string_view name(SparsityKind kind);

// Largest head dimensions a problem may have: 512, and for Q and K the 576 of DeepSeek's absorbed MLA decode (512 + 64
// RoPE).
inline constexpr int64_t max_head_dim_qk = 576;
inline constexpr int64_t max_head_dim_v = 512;

struct MaskRequest {
  MaskKind kind = MaskKind::none;
  DType dtype = DType::boolean;  // boolean: one byte, keeps where non-zero; additive: f32, f16 or bf16
  // Extents of the mask tensor; 1 broadcasts (also seqlen_kv = 1). seqlen_kv between 1 and the problem's: keys beyond its
  // end are masked. varlen: queries and keys are counted within their batch element.
  int64_t batch = 1, heads = 1, seqlen_q = 1, seqlen_kv = 0;
  bool operator==(const MaskRequest&) const = default;
};

// Which KV blocks each query block visits (sparse.md section 2.2). Block (i, j) covers queries [i*block_q, ...) and keys
// [j*block_kv, ...). Full blocks skip every mask except the sequence end; partial blocks apply causal, window, mask.
struct SparsityRequest {
  SparsityKind kind = SparsityKind::none;
  int64_t block_q = 64, block_kv = 64;
  bool full = true, partial = false;  // which lists are given
  int64_t batch = 1, heads = 1;       // extents of the lists: 1 broadcasts; heads may be 1, heads_kv or heads_q
  int64_t max_blocks = 0;             // padded_lists: row length of the index arrays
  bool operator==(const SparsityRequest&) const = default;
};

struct Problem {
  int64_t batch = 1;
  int64_t heads_q = 1;
  int64_t heads_kv = 1;   // divides heads_q
  int64_t seqlen_q = 1;   // varlen: the largest length
  int64_t seqlen_kv = 1;  // varlen: the largest length; 0 is allowed (every row is empty)
  int64_t head_dim_qk = 64;
  int64_t head_dim_v = 64;
  DType dtype = DType::f32;            // of Q, K, V and O
  Layout layout = Layout::bhsd;        // what the tuner lays out; execution takes any strides with a contiguous last dim
  std::optional<float> softmax_scale;  // default 1 / sqrt(head_dim_qk); any finite value, also 0 and negative
  bool causal = false;                 // key j is visible to position p iff j <= p
  int64_t window_left = -1;            // key j is visible iff j >= p - window_left; -1: no bound
  int64_t window_right = -1;           // key j is visible iff j <= p + window_right; -1: no bound
  Alignment alignment = Alignment::top_left;
  float softcap = 0;   // 0: off; else s <- softcap * tanh(s / softcap), after the scale, before any mask
  bool sinks = false;  // one fp32 logit per query head joins the softmax denominator
  bool alibi = false;  // s <- s - slope[h] * |p - j|, fp32 slope per query head (or per batch and head)
  MaskRequest mask;
  bool kv_lengths = false;  // int32 per batch element: keys at and beyond it do not exist (varlen: the smaller counts)
  bool varlen = false;      // packed [total, H, D] with int32 cumulative lengths for Q and KV
  int64_t total_q = 0, total_kv = 0;  // varlen: rows of the packed tensors; total_kv is 0 when the keys are paged
  // Paged KV cache: K and V are pools of page_count pages of page_size keys, and key j of a batch element is row
  // j % page_size of page page_table[b][j / page_size]. 0: not paged. With varlen only Q is packed, and kv_lengths is
  // needed, since nothing else says how long a sequence is.
  int64_t page_size = 0, page_count = 0;
  bool want_lse = false;  // natural log, fp32
  SparsityRequest sparsity;
  std::string quantization = "none";  // canonical text of a request: generator/quantization.hpp

  bool operator==(const Problem&) const = default;

  float scale() const;  // the explicit scale, or the default
  int64_t group() const { return heads_q / heads_kv; }
  bool paged() const { return page_size > 0; }
  int64_t pages_per_sequence() const;  // entries of one row of the page table; 0 unless paged
  // Leading extents of the tensors as they lie in memory: [elements, heads, rows, D]. Packed and paged tensors have no
  // batch of their own.
  int64_t q_elements() const { return varlen ? 1 : batch; }
  int64_t q_rows() const { return varlen ? total_q : seqlen_q; }
  int64_t kv_elements() const { return paged() ? page_count : varlen ? 1 : batch; }
  int64_t kv_rows() const { return paged() ? page_size : varlen ? total_kv : seqlen_kv; }
  // 2 * visible pairs * (D_qk + D_v), summed over heads and batch. Causal, windows and a short mask are counted exactly;
  // what is run-time data (mask values, kv_lengths, block lists) as fully visible, varlen lengths as equal as the totals
  // allow.
  double flops() const;
};

// Well-formedness, independent of any device: ranges, divisibility, contradictions, sizes that overflow 63 bits.
Result<void> validate(const Problem& problem);

// Canonical text of every field, sorted: equal problems have equal bytes. Used for keys and for people.
std::string to_json(const Problem& problem);
// Reads what to_json writes. Absent fields take their defaults, so that records of older versions stay readable; unknown or
// repeated fields and wrong types are refused, and the result has passed validate().
Result<Problem> problem_from_json(std::string_view text);

// One line for people: "B1 H32/8 S2048x2048 D128 bf16 causal(bottom_right)".
std::string to_text(const Problem& problem);

}  // namespace attune
