// From products of Q and K to scores in units of log2: scale, softcap, ALiBi, the mask and what else hides keys.
// Accumulator layout of m16n8 (PTX ISA 9.7.14): lane l holds rows l / 4 and l / 4 + 8, columns 2 * (l % 4) and the next.
#pragma once

#include "kv_tiles.cuh"
#include "logarithms.cuh"
#include "ptx.cuh"
#include "work.cuh"

// Scores need more than one multiplication by scale_log2, which the softmax can fuse into its exponent.
constexpr bool scores_are_modified =
    spec::softcap || spec::alibi || spec::mask == spec::Mask::fp32 || spec::mask == spec::Mask::fp16 ||
    spec::mask == spec::Mask::bf16 || !spec::positive_scale;

// What one thread knows of one of its query rows.
struct ScoreRow {
  KeyRange keys;     // visible by position
  int position;      // among the keys
  float slope;       // ALiBi
  float constant;    // what products are short of, where the whole score counts: softcap over smoothed codes
  const char* mask;  // first entry of its row of the mask
};

__device__ inline ScoreRow score_row(const Arguments& a, const Work& w, int row) {
  // A row past the end is computed, on zeros, and never stored: it borrows the last row's addresses.
  const bool exists = w.row_begin + row < w.row_end;
  const int index = exists ? w.row_begin + row : w.row_end - 1;
  const int query = query_of(index), head = w.head + group_head_of(index);
  ScoreRow r = {};
  r.keys = visible_keys(a, w, query);
  if (!exists) r.keys.end = 0;
  r.position = query + w.shift;
  if constexpr (spec::alibi) r.slope = a.alibi_slopes[w.batch * a.alibi_stride_batch + head];
  if constexpr (spec::mask != spec::Mask::none) {
    r.mask = a.mask + w.batch * a.mask_stride_batch + head * a.mask_stride_head + query * a.mask_stride_q;
  }
  return r;
}

// The additive mask's entry for a key; boolean: 0 or -infinity.
__device__ inline float mask_value(const ScoreRow& row, int key) {
  const int column = spec::mask_broadcast_kv ? 0 : key;
  if constexpr (spec::mask == spec::Mask::boolean) return row.mask[column] != 0 ? 0.0f : -infinity;
  if constexpr (spec::mask == spec::Mask::fp32) return reinterpret_cast<const float*>(row.mask)[column];
  if constexpr (spec::mask == spec::Mask::bf16) {
    return __uint_as_float(static_cast<u32>(reinterpret_cast<const u16*>(row.mask)[column]) << 16);
  }
  if constexpr (spec::mask == spec::Mask::fp16) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(reinterpret_cast<const u16*>(row.mask)[column]));
    return value;
  }
  return 0;
}

// tanh from one exponential: 1 - 2 / (1 + e^(2x)), within 2e-7 of the truth for every x, infinities included.
__device__ inline float tanh_of(float x) { return 1.0f - __fdividef(2.0f, 1.0f + exp2_approximate(2 * log2_e * x)); }

// Scale, softcap and ALiBi, in the order in which the problem defines them.
template <int tiles>
__device__ inline void modify_scores(const Arguments& a, const ScoreRow& row, int column, float (&s)[tiles][4], int half) {
  const float distance = static_cast<float>(row.position - column);
#pragma unroll
  for (int n = 0; n < tiles; ++n) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      float& score = s[n][2 * half + e];
      if constexpr (spec::quantized && spec::softcap) score += row.constant;
      score *= a.scale;
      if constexpr (spec::softcap) score = a.softcap * tanh_of(__fdividef(score, a.softcap));
      if constexpr (spec::alibi) score -= row.slope * fabsf(distance - static_cast<float>(8 * n + e));
    }
  }
}

// Adds the mask, and gives hidden keys -infinity, whatever K holds there.
template <int tiles>
__device__ inline void hide_keys(const ScoreRow& row, const KvTile& tile, int column, float (&s)[tiles][4], int half) {
  // In lists of full blocks nothing but the end of the keys hides any.
  const bool by_position = spec::lists == spec::Lists::none || !tile.full;
  const int position_first = by_position ? row.keys.first : 0;
  // In keys from this thread's first one on, which makes them constants in what is written out below.
  constexpr bool keys_before_first = spec::window_left || (spec::quantized && spec::lists != spec::Lists::none);
  const int first = (spec::quantized ? max_of(position_first, tile.first) : position_first) - column;
  const int end = (by_position ? min_of(row.keys.end, tile.end) : tile.end) - column;
#pragma unroll
  for (int n = 0; n < tiles; ++n) {
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      float& score = s[n][2 * half + e];
      const bool in_range = (!keys_before_first || 8 * n + e >= first) && 8 * n + e < end;
      float bias = 0;
      if constexpr (spec::mask != spec::Mask::none) {
        if (in_range && by_position) bias = mask_value(row, column + 8 * n + e);
        score += bias;
      }
      if (!in_range || bias == -infinity) score = -infinity;
    }
  }
}

// What hide_keys tells of a single key, for a row that exists.
__device__ inline bool sees_key(const ScoreRow& row, const KvTile& tile, int key) {
  if (spec::lists != spec::Lists::none && tile.full) return true;
  if (key < row.keys.first || key >= row.keys.end) return false;
  return spec::mask == spec::Mask::none || mask_value(row, key) != -infinity;
}

// Scores in units of log2.
template <int tiles>
__device__ inline void scores_to_log2(float (&s)[tiles][4], int half) {
#pragma unroll
  for (int n = 0; n < tiles; ++n) {
#pragma unroll
    for (int e = 2 * half; e < 2 * half + 2; ++e) {
      const float in_log2 = s[n][e] * log2_e;
      // A finite score stays finite in units of log2: masks hide with the lowest number, too, and it is not -infinity.
      constexpr bool lowest_may_come = spec::mask == spec::Mask::fp32 || spec::mask == spec::Mask::bf16;
      s[n][e] = lowest_may_come && in_log2 < -largest_float && s[n][e] > -infinity ? -largest_float : in_log2;
    }
  }
}

// hides: some row of the tile may not see some of its keys. Only what that adds depends on it, so that the rest is compiled once.
template <int tiles>
__device__ inline void finish_scores(const Arguments& a, const ScoreRow& row, const KvTile& tile, float (&s)[tiles][4],
                                     int half, bool hides) {
  const int column = tile.begin + static_cast<int>(threadIdx.x % 4) * 2;
  if constexpr (scores_are_modified) modify_scores(a, row, column, s, half);
  if (hides) hide_keys(row, tile, column, s, half);
  if constexpr (scores_are_modified) scores_to_log2(s, half);
}
