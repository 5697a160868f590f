// Codes of Q and K: where they and their scales lie, in the workspace (generator/families/quantized_arguments.hpp) or in the
// caller's tensors (generator/given_operands.hpp), and how products of codes become scores.
#pragma once

#include "epilogue.cuh"
#include "kernel_arguments.cuh"
#include "kv_tiles.cuh"
#include "padded_rows.cuh"
#include "ptx.cuh"
#include "rows.cuh"
#include "sample_quantization.cuh"
#include "scores.cuh"
#include "work.cuh"

// Rows of codes: one head of Q or K. Every row is there, aligned, and `row_bytes` long.
struct CodeRows {
  const char* base;
  i64 stride_head;  // of Q, between the heads of a group
  int begin, end;

  static constexpr bool evenly_spaced = true;
  static constexpr i64 stride_seq = quant::row_bytes;
  __device__ bool exists(int row) const { return begin + row < end; }
  __device__ const char* start(int row) const { return base + (begin + row) * stride_seq; }
};

// The same for packed GQA, whose rows are (query, head) pairs.
struct PackedCodeRows : CodeRows {
  static constexpr bool evenly_spaced = false;
  __device__ const char* start(int row) const {
    return base + query_of(begin + row) * stride_seq + group_head_of(begin + row) * stride_head;
  }
};

// Given keys in pages that tiles do not cross: one page has all rows.
struct OnePageRows : KeyRows {
  static constexpr bool evenly_spaced = true;
};

// Scales of the keys of one tile, as far as one lane needs them. Tiles start at multiples of block_n, which divides the scale
// segments or is divided by them.
struct CodeKeyScales {
  static constexpr bool by_token = quant::k_segment_rows == 1;
  static constexpr int segment = quant::k_segment_rows == 0 ? config::block_n : quant::k_segment_rows;
  static constexpr int count = by_token ? config::block_n / 4 : ceil_div(config::block_n, segment);
  float scale[count];

  CodeKeyScales() = default;
  __device__ CodeKeyScales(const KernelArguments& a, const Work& w, const KvTile& tile) {
    const int quad = static_cast<int>(threadIdx.x % 4);
    if constexpr (quant::k_segment_rows == 0) {
      scale[0] = a.k_scales[w.batch * a.heads_kv + w.kv_head];
    } else if constexpr (quant::given_qk && tiles_cross_pages) {
      read_from_pages(a, w, tile, quad);
    } else if constexpr (by_token) {
      const float* scales = a.k_scales + code_key_row<quant::given_qk>(a, w, tile.begin) + 2 * quad;
#pragma unroll
      for (int i = 0; i < count; ++i) {
        // Rows that pad a block have scales; blocks that no key is in do not.
        scale[i] = tile.begin + i / 2 * 8 < tile.end ? scales[i / 2 * 8 + i % 2] : 0.0f;
      }
    } else {
      const i64 first = code_key_row<quant::given_qk>(a, w, tile.begin) / segment * quant::k_segment_groups;
      const float* scales = a.k_scales + first + quad % quant::k_segment_groups;
#pragma unroll
      for (int i = 0; i < count; ++i) {
        scale[i] = tile.begin + i * segment < tile.end ? scales[i * quant::k_segment_groups] : 0.0f;
      }
    }
  }

  // Whole blocks, each in one page.
  __device__ void read_from_pages(const KernelArguments& a, const Work& w, const KvTile& tile, int quad) {
    constexpr int blocks = ceil_div(config::block_n, quant::block_kv), of_block = count / blocks;
#pragma unroll
    for (int block = 0; block < blocks; ++block) {
      const int key = tile.begin + block * quant::block_kv;
      if (key >= tile.end) {
#pragma unroll
        for (int i = 0; i < of_block; ++i) scale[block * of_block + i] = 0;
        continue;
      }
      const i64 row = code_key_row<quant::given_qk>(a, w, key);
      const float* scales = a.k_scales + (by_token ? row + 2 * quad
                                                   : row / segment * quant::k_segment_groups + quad % quant::k_segment_groups);
#pragma unroll
      for (int i = 0; i < of_block; ++i) scale[block * of_block + i] = scales[by_token ? i / 2 * 8 + i % 2 : 0];
    }
  }
  __device__ float of(int n, int e) const {
    return by_token ? scale[2 * n + e] : scale[count == 1 ? 0 : 8 * n / segment];
  }
};

constexpr float smallest_normal = 1.175494351e-38f;

// What the three formats of codes have in common.
struct QkCodes {
  static constexpr int row_bytes = quant::row_bytes;  // of a tile
  // Those of the workspace are padded, those of the caller are not.
  static constexpr int width_bytes = quant::given_qk ? spec::head_dim_qk * quant::qk_bits / 8 : row_bytes;

  static __device__ auto queries(const KernelArguments& a, const Work& w) {
    if constexpr (quant::given_qk) {
      return query_rows(a, w);
    } else {
      const CodeRows rows = {a.q_codes + padded_query_row(a, w, w.head, 0) * row_bytes, a.q_rows * row_bytes, w.row_begin,
                             w.row_end};
      if constexpr (config::pack_gqa) {
        return PackedCodeRows{rows};
      } else {
        return rows;
      }
    }
  }
  static __device__ auto keys(const KernelArguments& a, const Work& w) {
    if constexpr (quant::given_qk && spec::page_size > 0 && !tiles_cross_pages) {
      return OnePageRows{key_rows(a, w)};
    } else if constexpr (quant::given_qk) {
      return key_rows(a, w);
    } else {
      return CodeRows{a.k_codes + padded_key_row(a, w, 0) * row_bytes, 0, 0, 0};
    }
  }
  static __device__ bool queries_aligned(const KernelArguments&) { return true; }
  static __device__ bool keys_aligned(const KernelArguments&) { return true; }

  using KeyScales = CodeKeyScales;
  using RowScale = float;
  static __device__ RowScale row_scale(const KernelArguments& a, const Work& w, int row) {
    const int index = min_of(w.row_begin + row, w.row_end - 1), head = w.head + group_head_of(index);
    if constexpr (quant::q_segment_rows == 0) {
      return a.q_scales[w.batch * a.heads_q + head];
    } else {
      const i64 padded = padded_query_row(a, w, head, query_of(index));
      return a.q_scales[padded / quant::q_segment_rows * quant::q_segment_groups + padded % 8 % quant::q_segment_groups];
    }
  }
  // q . mean key of a row. The safe quantizers make it NaN for a row with an element that is not finite.
  static __device__ RowConstant row_constant(const KernelArguments& a, const Work& w, int head, int query) {
    if constexpr (quant::given_qk) return {0, false};
    const float constant = a.q_constants[padded_query_row(a, w, head, query)];
    return {constant, quant::scales == quant::Scales::safe && constant != constant};
  }

  // Brings products to scores short of the softmax scale, and returns what the softmax shall multiply them by. Where a lane
  // has one factor for the whole tile and nothing else is done to scores, that is this factor, too.
  template <int tiles>
  static __device__ float dequantize(const KernelArguments& a, const Work& w, ScoreRow& row, int row_of_cta, RowScale row_scale,
                                     const KeyScales& key_scales, const KvTile& tile, float (&s)[tiles][4], int half) {
    constexpr bool one_factor = KeyScales::count == 1 && !scores_are_modified && !quant::q_mean && !quant::k_sink;
    if constexpr (one_factor) {
      // Never 0, which would turn a hidden key's -infinity into NaN.
      return fmaxf(row_scale * key_scales.scale[0] * a.scale_log2, smallest_normal);
    } else {
#pragma unroll
      for (int n = 0; n < tiles; ++n) {
#pragma unroll
        for (int e = 0; e < 2; ++e) s[n][2 * half + e] *= row_scale * key_scales.of(n, e);
      }
      const int index = min_of(w.row_begin + row_of_cta, w.row_end - 1);
      const i64 padded = padded_query_row(a, w, w.head + group_head_of(index), query_of(index));
      if constexpr (quant::q_mean) add_delta(a, padded, tile, s, half);
      if constexpr (quant::k_sink) score_sinks(a, w, padded, tile, s, half);
      if constexpr (spec::softcap && quant::k_mean) row.constant = a.q_constants[padded];
      return scores_are_modified ? 1.0f : a.scale_log2;
    }
  }

  // The mean of the row's query block times each key.
  template <int tiles>
  static __device__ void add_delta(const KernelArguments& a, i64 padded, const KvTile& tile, float (&s)[tiles][4], int half) {
    const int column = tile.begin + static_cast<int>(threadIdx.x % 4) * 2;
    const float* delta = a.delta_s + padded / quant::block_q * a.delta_stride + column;
#pragma unroll
    for (int n = 0; n < tiles; ++n) {
      // Rows of delta S have whole blocks of keys; what lies past the last key is hidden.
      const bool exists = config::block_n <= quant::block_kv || tile.begin + 8 * n < tile.end;
      const float2 pair = exists ? *reinterpret_cast<const float2*>(delta + 8 * n) : float2{0, 0};
      s[n][2 * half] += pair.x;
      s[n][2 * half + 1] += pair.y;
    }
  }

  // The scores of keys that are scored apart take the place of what their codes, zeros, gave.
  template <int tiles>
  static __device__ void score_sinks(const KernelArguments& a, const Work& w, i64 padded, const KvTile& tile,
                                     float (&s)[tiles][4], int half) {
    const int quad = static_cast<int>(threadIdx.x % 4);
    const int* sinks = a.sink_keys + (w.batch * a.heads_kv + w.kv_head) * quant::max_sink_keys;
#pragma unroll
    for (int i = 0; i < quant::max_sink_keys; ++i) {
      const int key = sinks[i] - tile.begin;
      if (sinks[i] < 0 || key < 0 || key >= config::block_n || key % 8 / 2 != quad) continue;
      const float score = a.q_sink_scores[padded * quant::max_sink_keys + i];
#pragma unroll
      for (int n = 0; n < tiles; ++n) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          if (key == 8 * n + 2 * quad + e) s[n][2 * half + e] = score;
        }
      }
    }
  }
};
