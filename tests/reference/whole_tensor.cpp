// Attention of one head through materialised matrices.
#include "tests/reference/whole_tensor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace attune::test {

namespace {

// A 16-bit float from its fields: (-1)^s * m * 2^e.
double from_fields(uint16_t bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits;
  const int exponent = (bits & 0x7fff) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const int all_ones = (1 << exponent_bits) - 1, bias = all_ones / 2;
  double magnitude = 0;
  if (exponent == all_ones) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, 1 - bias - fraction_bits);
  } else {
    magnitude = std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

double read(DType dtype, const void* base, int64_t index) {
  if (dtype == DType::f32) return static_cast<double>(static_cast<const float*>(base)[index]);
  return from_fields(static_cast<const uint16_t*>(base)[index], dtype == DType::f16 ? 5 : 8);
}

struct Extent {
  int64_t rows, keys, first_row, first_key;
};

Extent extent_of(const Problem& p, const Tensors& t, int64_t b) {
  Extent e{p.seqlen_q, p.seqlen_kv, 0, 0};
  if (p.varlen) {
    e.rows = t.cu_seqlens_q[b + 1] - t.cu_seqlens_q[b];
    e.first_row = t.cu_seqlens_q[b];
  }
  if (p.varlen && p.page_size == 0) {
    e.keys = t.cu_seqlens_kv[b + 1] - t.cu_seqlens_kv[b];
    e.first_key = t.cu_seqlens_kv[b];
  }
  if (p.kv_lengths && t.kv_lengths[b] < e.keys) e.keys = std::max(0, t.kv_lengths[b]);
  return e;
}

// rows x columns of one head as doubles.
std::vector<double> matrix(const Problem& p, const TensorView& view, int64_t b, int64_t head, int64_t first, int64_t rows,
                           int64_t columns) {
  std::vector<double> result;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t batch_offset = p.varlen ? 0 : b * view.stride_batch;
      result.push_back(
          read(p.dtype, view.data, batch_offset + head * view.stride_head + (first + row) * view.stride_seq + column));
    }
  }
  return result;
}

// The same of paged K or V: pages are gathered whole, the last one cut at the end of the sequence.
std::vector<double> gathered_pages(const Problem& p, const Tensors& t, const TensorView& pool, int64_t b, int64_t head,
                                   int64_t keys, int64_t columns) {
  std::vector<double> result;
  const int32_t* table = t.page_table + b * t.page_table_stride;
  for (int64_t begin = 0; begin < keys; begin += p.page_size, ++table) {
    for (int64_t row = 0; row < std::min(p.page_size, keys - begin); ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        result.push_back(
            read(p.dtype, pool.data, *table * pool.stride_batch + head * pool.stride_head + row * pool.stride_seq + column));
      }
    }
  }
  return result;
}

// Value of the mask tensor at (i, j), broadcast as its extents say; keys beyond a short mask are masked.
double mask_value(const Problem& p, const Tensors& t, int64_t b, int64_t h, int64_t i, int64_t j) {
  const MaskRequest& m = p.mask;
  const bool column_broadcasts = m.seqlen_kv == 1;
  if (!column_broadcasts && j >= m.seqlen_kv) return -std::numeric_limits<double>::infinity();
  int64_t at = 0;
  if (m.batch > 1) at += b * t.mask.stride_batch;
  if (m.heads > 1) at += h * t.mask.stride_head;
  if (m.seqlen_q > 1) at += i * t.mask.stride_q;
  if (!column_broadcasts) at += j * t.mask.stride_kv;
  if (m.kind == MaskKind::additive) return read(m.dtype, t.mask.data, at);
  return static_cast<const unsigned char*>(t.mask.data)[at] == 0 ? -std::numeric_limits<double>::infinity() : 0.0;
}

enum Cell : char { hidden = 0, subject_to_masks, exempt_from_masks };

// What the block lists allow; without lists everything is allowed and subject to the masks.
std::vector<char> paint_lists(const Problem& p, const Tensors& t, int64_t b, int64_t h, const Extent& e) {
  const SparsityRequest& s = p.sparsity;
  if (s.kind == SparsityKind::none) return std::vector<char>(static_cast<size_t>(e.rows * e.keys), subject_to_masks);
  std::vector<char> cells(static_cast<size_t>(e.rows * e.keys), hidden);
  const int64_t blocks_q = (p.seqlen_q - 1) / s.block_q + 1;
  const int64_t shared_by = p.heads_q / s.heads;  // 1, the group, or all heads
  const int64_t lists_before = ((s.batch > 1 ? b : 0) * s.heads + h / shared_by);
  for (int64_t i = 0; i < e.rows; ++i) {
    const int64_t qb = i / s.block_q;
    for (const bool full : {true, false}) {
      if (full ? !s.full : !s.partial) continue;
      const int32_t* indices = full ? t.lists.full_indices : t.lists.partial_indices;
      int64_t begin = 0, end = 0;
      if (s.kind == SparsityKind::csr_lists) {
        const int64_t* row_ptr = full ? t.lists.full_row_ptr : t.lists.partial_row_ptr;
        begin = row_ptr[lists_before * (blocks_q + 1) + qb];
        end = row_ptr[lists_before * (blocks_q + 1) + qb + 1];
      } else {
        begin = (lists_before * blocks_q + qb) * s.max_blocks;
        end = begin + (full ? t.lists.full_counts : t.lists.partial_counts)[lists_before * blocks_q + qb];
      }
      for (int64_t j = 0; j < e.keys; ++j) {
        const bool listed = std::find(indices + begin, indices + end, j / s.block_kv) != indices + end;
        if (listed) cells[static_cast<size_t>(i * e.keys + j)] = full ? exempt_from_masks : subject_to_masks;
      }
    }
  }
  return cells;
}

std::vector<char> paint(const Problem& p, const Tensors& t, int64_t b, int64_t h, const Extent& e) {
  std::vector<char> cells = paint_lists(p, t, b, h, e);
  // Diagonal of query i: the key at its own position.
  const int64_t diagonal = p.alignment == Alignment::top_left ? 0 : e.keys - e.rows;
  for (int64_t i = 0; i < e.rows; ++i) {
    for (int64_t j = 0; j < e.keys; ++j) {
      char& cell = cells[static_cast<size_t>(i * e.keys + j)];
      if (cell != subject_to_masks) continue;
      const int64_t ahead = j - (i + diagonal);  // > 0: in the future
      const bool future = p.causal && ahead > 0;
      const bool too_far_right = p.window_right != -1 && ahead > p.window_right;
      const bool too_far_left = p.window_left != -1 && -ahead > p.window_left;
      const bool masked =
          p.mask.kind != MaskKind::none && mask_value(p, t, b, h, i, j) == -std::numeric_limits<double>::infinity();
      if (future || too_far_right || too_far_left || masked) cell = hidden;
    }
  }
  return cells;
}

}  // namespace

std::vector<char> visibility(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h) {
  std::vector<char> cells = paint(problem, tensors, b, h, extent_of(problem, tensors, b));
  for (char& cell : cells) cell = cell != hidden;
  return cells;
}

HeadResult attend_head(const Problem& p, const Tensors& t, int64_t b, int64_t h) {
  const Extent e = extent_of(p, t, b);
  const int64_t kv_head = h * p.heads_kv / p.heads_q;
  const std::vector<double> q = matrix(p, t.q, b, h, e.first_row, e.rows, p.head_dim_qk);
  const auto key_side = [&](const TensorView& view, int64_t columns) {
    return p.page_size > 0 ? gathered_pages(p, t, view, b, kv_head, e.keys, columns)
                           : matrix(p, view, b, kv_head, e.first_key, e.keys, columns);
  };
  const std::vector<double> k = key_side(t.k, p.head_dim_qk), v = key_side(t.v, p.head_dim_v);
  const std::vector<char> cells = paint(p, t, b, h, e);

  // S, with -inf where hidden.
  std::vector<long double> scores(cells.size(), -std::numeric_limits<long double>::infinity());
  for (int64_t i = 0; i < e.rows; ++i) {
    for (int64_t j = 0; j < e.keys; ++j) {
      const auto at = static_cast<size_t>(i * e.keys + j);
      if (cells[at] == hidden) continue;
      long double s = 0;
      for (int64_t d = 0; d < p.head_dim_qk; ++d) {
        s += static_cast<long double>(q[static_cast<size_t>(i * p.head_dim_qk + d)]) *
             static_cast<long double>(k[static_cast<size_t>(j * p.head_dim_qk + d)]);
      }
      s *= static_cast<long double>(p.scale());
      if (p.softcap != 0) s = static_cast<long double>(p.softcap) * std::tanh(s / static_cast<long double>(p.softcap));
      if (p.alibi) {
        const int64_t position = i + (p.alignment == Alignment::top_left ? 0 : e.keys - e.rows);
        s -= static_cast<long double>(t.alibi_slopes[b * t.alibi_stride_batch + h]) *
             static_cast<long double>(std::llabs(position - j));
      }
      if (p.mask.kind == MaskKind::additive && cells[at] == subject_to_masks) {
        s += static_cast<long double>(mask_value(p, t, b, h, i, j));
      }
      scores[at] = s;
    }
  }

  // LSE by summing from the smallest term; O = softmax(S) V.
  HeadResult result{e.rows, std::vector<double>(static_cast<size_t>(e.rows * p.head_dim_v), 0.0), {}};
  for (int64_t i = 0; i < e.rows; ++i) {
    const auto begin = scores.begin() + i * e.keys, end = begin + e.keys;
    std::vector<long double> terms(begin, end);
    terms.erase(std::remove(terms.begin(), terms.end(), -std::numeric_limits<long double>::infinity()), terms.end());
    if (terms.empty()) {
      result.lse.push_back(-std::numeric_limits<double>::infinity());
      continue;
    }
    if (p.sinks) terms.push_back(static_cast<long double>(t.sinks[h]));
    std::sort(terms.begin(), terms.end());
    long double total = 0;
    for (const long double term : terms) total += std::exp(term - terms.back());
    const long double lse = terms.back() + std::log(total);
    result.lse.push_back(static_cast<double>(lse));
    for (int64_t d = 0; d < p.head_dim_v; ++d) {
      long double o = 0;
      for (int64_t j = 0; j < e.keys; ++j) {
        if (cells[static_cast<size_t>(i * e.keys + j)] == hidden) continue;
        o += std::exp(*(begin + j) - terms.back()) / total *
             static_cast<long double>(v[static_cast<size_t>(j * p.head_dim_v + d)]);
      }
      result.o[static_cast<size_t>(i * p.head_dim_v + d)] = static_cast<double>(o);
    }
  }
  return result;
}

}  // namespace attune::test
