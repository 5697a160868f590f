// What a caller's tensors must satisfy for a problem: everything a kernel trusts, checked before it runs.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "generator/given_operands.hpp"
#include "runtime/context.hpp"

namespace attune::runtime {

namespace {

Error invalid(std::string message) { return {Status::invalid_argument, std::move(message)}; }

struct Dimension {
  std::string_view name;
  int64_t extent = 0, stride = 0;
};

Result<void> check_pointer(std::string_view tensor, const void* data, int64_t alignment) {
  if (data == nullptr) return invalid(fmt::format("{} is null; pass the pointer to its first element.", tensor));
  if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(alignment) != 0) {
    return invalid(
        fmt::format("{} is not aligned to the {} bytes of its element; pass an aligned pointer.", tensor, alignment));
  }
  return {};
}

// A tensor nobody reads would be ignored in silence.
Result<void> check_absent(std::string_view tensor, const void* data, std::string_view field) {
  if (data == nullptr) return {};
  return invalid(fmt::format("{} is given, but the problem does not use it; set {}, or pass null.", tensor, field));
}

// Byte offsets of all elements must fit 63 bits. Dimensions of extent 1 may have any stride: it is never multiplied by
// anything but 0.
Result<void> check_span(std::string_view tensor, std::array<Dimension, 4> dimensions, int64_t element_bytes) {
  int64_t reach = 0;
  for (const Dimension& dimension : dimensions) {
    int64_t step = 0;
    if (dimension.extent <= 1) continue;
    if (dimension.stride == std::numeric_limits<int64_t>::min() ||
        __builtin_mul_overflow(std::abs(dimension.stride), dimension.extent, &step) ||
        __builtin_mul_overflow(step, element_bytes, &step) || __builtin_add_overflow(reach, step, &reach)) {
      return invalid(fmt::format("{}: {} = {} reaches beyond 63 bits; pass the stride in elements.", tensor, dimension.name,
                                 dimension.stride));
    }
  }
  return {};
}

// Two elements of an output must not share memory: workers would race for it.
Result<void> check_distinct(std::string_view tensor, std::array<Dimension, 4> dimensions) {
  std::sort(dimensions.begin(), dimensions.end(),
            [](const Dimension& a, const Dimension& b) { return std::abs(a.stride) < std::abs(b.stride); });
  for (const Dimension& dimension : dimensions) {
    if (dimension.extent == 0) return {};
  }
  int64_t reach = 1;  // elements that the dimensions so far span
  for (const Dimension& dimension : dimensions) {
    if (dimension.extent <= 1) continue;
    if (std::abs(dimension.stride) < reach) {
      return invalid(fmt::format("{}: {} = {} makes elements overlap; give at least {}.", tensor, dimension.name,
                                 dimension.stride, reach));
    }
    reach += std::abs(dimension.stride) * (dimension.extent - 1);
  }
  return {};
}

struct Extents {
  int64_t elements = 0, heads = 0, rows = 0, columns = 0;
  bool packed = false;
};

// Codes of Q or K in place of elements: rows are copied 16 bytes at a time.
Result<void> check_codes(std::string_view tensor, const TensorView& view, const Extents& extents, int64_t bits) {
  constexpr int64_t whole_bytes = 16;
  const int64_t codes = whole_bytes * 8 / bits;
  if (extents.rows > 0) {
    if (view.data == nullptr) return invalid(fmt::format("{} is null; pass the pointer to its first code.", tensor));
    if (reinterpret_cast<uintptr_t>(view.data) % whole_bytes != 0) {
      return invalid(fmt::format("{} is not aligned; codes start at a multiple of {} bytes.", tensor, whole_bytes));
    }
  }
  const std::array<Dimension, 4> dimensions{Dimension{"stride_batch", extents.elements, view.stride_batch},
                                            Dimension{"stride_head", extents.heads, view.stride_head},
                                            Dimension{"stride_seq", extents.rows, view.stride_seq},
                                            Dimension{"the last stride", extents.columns, 1}};
  for (size_t n = 0; n < 3; ++n) {
    if (dimensions[n].extent > 1 && dimensions[n].stride % codes != 0) {
      return invalid(
          fmt::format("{}: {} = {} codes; rows of codes start at multiples of {} bytes, so give a multiple of {}.", tensor,
                      dimensions[n].name, dimensions[n].stride, whole_bytes, codes));
    }
  }
  return check_span(tensor, dimensions, 1);
}

Result<void> check_view(const Problem& p, std::string_view tensor, const TensorView& view, const Extents& extents,
                        bool output) {
  const std::array<Dimension, 4> dimensions{Dimension{"stride_batch", extents.elements, view.stride_batch},
                                            Dimension{"stride_head", extents.heads, view.stride_head},
                                            Dimension{"stride_seq", extents.rows, view.stride_seq},
                                            Dimension{"the last stride", extents.columns, 1}};
  if (extents.packed && view.stride_batch != 0) {
    return invalid(
        fmt::format("{}: stride_batch = {}, but varlen packs the batch along the rows; pass 0.", tensor, view.stride_batch));
  }
  if (extents.rows > 0) ATTUNE_CHECK(check_pointer(tensor, view.data, size_bytes(p.dtype)));
  ATTUNE_CHECK(check_span(tensor, dimensions, size_bytes(p.dtype)));
  if (output) ATTUNE_CHECK(check_distinct(tensor, dimensions));
  return {};
}

Result<void> check_lse(const Problem& p, const Tensors& t, int64_t rows) {
  if (!p.want_lse) return check_absent("lse", t.lse, "want_lse");
  if (rows > 0) ATTUNE_CHECK(check_pointer("lse", t.lse, 4));
  if (p.varlen && t.lse_stride_batch != 0) {
    return invalid(
        fmt::format("lse_stride_batch is {}, but varlen packs the batch along the rows; pass 0.", t.lse_stride_batch));
  }
  const std::array<Dimension, 4> dimensions{Dimension{"lse_stride_batch", p.varlen ? 1 : p.batch, t.lse_stride_batch},
                                            Dimension{"lse_stride_head", p.heads_q, t.lse_stride_head},
                                            Dimension{"the last stride", rows, 1}, Dimension{"", 1, 0}};
  ATTUNE_CHECK(check_span("lse", dimensions, 4));
  return check_distinct("lse", dimensions);
}

Result<void> check_mask(const Problem& p, const MaskView& view) {
  const MaskRequest& m = p.mask;
  if (m.kind == MaskKind::none) return check_absent("mask.data", view.data, "mask.kind");
  if (p.seqlen_kv == 0) return {};
  ATTUNE_CHECK(check_pointer("mask.data", view.data, size_bytes(m.dtype)));
  const std::array<Dimension, 4> dimensions{
      Dimension{"mask.stride_batch", m.batch, view.stride_batch}, Dimension{"mask.stride_head", m.heads, view.stride_head},
      Dimension{"mask.stride_q", m.seqlen_q, view.stride_q}, Dimension{"mask.stride_kv", m.seqlen_kv, view.stride_kv}};
  const std::array<int64_t, 4> problem_extents{p.batch, p.heads_q, p.seqlen_q, p.seqlen_kv};
  for (size_t n = 0; n < dimensions.size(); ++n) {
    if (dimensions[n].extent == 1 && problem_extents[n] > 1 && dimensions[n].stride != 0) {
      return invalid(fmt::format("{} is {}, but the mask is broadcast along it (extent 1); pass 0.", dimensions[n].name,
                                 dimensions[n].stride));
    }
  }
  if (view.stride_kv != 0 && view.stride_kv != 1) {
    return invalid(fmt::format("mask.stride_kv is {}; make the mask's last dimension contiguous (1), or broadcast it (0).",
                               view.stride_kv));
  }
  return check_span("mask", dimensions, size_bytes(m.dtype));
}

Result<void> check_lists(const SparsityRequest& s, const BlockLists& lists) {
  const bool padded = s.kind == SparsityKind::padded_lists, csr = s.kind == SparsityKind::csr_lists;
  struct List {
    std::string_view name, field;
    const void* data;
    int64_t alignment;
    bool wanted;
  };
  const std::array<List, 6> all{{
      {"lists.full_counts", "sparsity.full and padded_lists", lists.full_counts, 4, padded && s.full},
      {"lists.full_row_ptr", "sparsity.full and csr_lists", lists.full_row_ptr, 8, csr && s.full},
      {"lists.full_indices", "sparsity.full", lists.full_indices, 4, (csr || (padded && s.max_blocks > 0)) && s.full},
      {"lists.partial_counts", "sparsity.partial and padded_lists", lists.partial_counts, 4, padded && s.partial},
      {"lists.partial_row_ptr", "sparsity.partial and csr_lists", lists.partial_row_ptr, 8, csr && s.partial},
      {"lists.partial_indices", "sparsity.partial", lists.partial_indices, 4,
       (csr || (padded && s.max_blocks > 0)) && s.partial},
  }};
  for (const List& list : all) {
    if (list.wanted) {
      ATTUNE_CHECK(check_pointer(list.name, list.data, list.alignment));
    } else if (!(padded && s.max_blocks == 0)) {
      ATTUNE_CHECK(check_absent(list.name, list.data, list.field));
    }
  }
  return {};
}

Result<void> check_page_table(const Problem& p, const Tensors& t) {
  if (!p.paged()) return check_absent("page_table", t.page_table, "problem.page_size");
  if (p.pages_per_sequence() == 0) return {};
  ATTUNE_CHECK(check_pointer("page_table", t.page_table, 4));
  const std::array<Dimension, 4> dimensions{Dimension{"page_table_stride", p.batch, t.page_table_stride},
                                            Dimension{"the last stride", p.pages_per_sequence(), 1}, Dimension{"", 1, 0},
                                            Dimension{"", 1, 0}};
  return check_span("page_table", dimensions, 4);
}

// Monotone from 0 or more, within the packed rows, and no element longer than the problem says.
Result<void> check_cumulative(std::string_view tensor, const int32_t* ends, int64_t batch, int64_t longest, int64_t total) {
  if (ends[0] < 0) return invalid(fmt::format("{}[0] is {}; start at 0.", tensor, ends[0]));
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t length = int64_t{ends[b + 1]} - ends[b];
    if (length < 0 || length > longest) {
      return invalid(fmt::format("{} gives batch element {} the length {}; lengths run from 0 to {}, the problem's largest.",
                                 tensor, b, length, longest));
    }
  }
  if (ends[batch] > total) {
    return invalid(fmt::format("{}[{}] is {}, beyond the {} packed rows; correct the lengths or the total.", tensor, batch,
                               ends[batch], total));
  }
  return {};
}

// The pages that hold the keys of each sequence exist; what stands in the table behind them does not matter.
Result<void> check_pages(const Problem& p, const Tensors& t) {
  for (int64_t b = 0; b < p.batch; ++b) {
    const int64_t keys = p.kv_lengths ? t.kv_lengths[b] : p.seqlen_kv;
    for (int64_t n = 0; n < (keys + p.page_size - 1) / p.page_size; ++n) {
      const int32_t page = t.page_table[b * t.page_table_stride + n];
      if (page < 0 || page >= p.page_count) {
        return invalid(fmt::format("page_table[{}][{}] is {}; give a page from 0 to {} for each page that holds keys.", b, n,
                                   page, p.page_count - 1));
      }
    }
  }
  return {};
}

class ListReader {
 public:
  ListReader(const Problem& p, const BlockLists& lists)
      : s_(p.sparsity),
        lists_(lists),
        query_blocks_((p.seqlen_q + s_.block_q - 1) / s_.block_q),
        kv_blocks_((p.seqlen_kv + s_.block_kv - 1) / s_.block_kv),
        seen_(static_cast<size_t>(kv_blocks_), -1) {}

  Result<void> check() {
    for (int64_t list = 0; list < s_.batch * s_.heads * query_blocks_; ++list) {
      if (s_.full) ATTUNE_CHECK(check_list(list, "full", lists_.full_counts, lists_.full_row_ptr, lists_.full_indices));
      if (s_.partial) {
        ATTUNE_CHECK(check_list(list, "partial", lists_.partial_counts, lists_.partial_row_ptr, lists_.partial_indices));
      }
    }
    return {};
  }

 private:
  Result<void> check_list(int64_t list, std::string_view kind, const int32_t* counts, const int64_t* row_ptr,
                          const int32_t* indices) {
    int64_t begin = list * s_.max_blocks, count = 0;
    if (s_.kind == SparsityKind::padded_lists) {
      count = counts[list];
      if (count < 0 || count > s_.max_blocks) {
        return invalid(
            fmt::format("lists.{}_counts[{}] is {}; give 0 to sparsity.max_blocks = {}.", kind, list, count, s_.max_blocks));
      }
    } else {
      const int64_t at = list + list / query_blocks_;
      begin = row_ptr[at];
      count = row_ptr[at + 1] - begin;
      if (begin < 0 || count < 0) {
        return invalid(fmt::format("lists.{}_row_ptr descends or is negative at {}; give ascending offsets.", kind, at));
      }
    }
    for (int64_t n = begin; n < begin + count; ++n) {
      const int32_t block = indices[n];
      if (block < 0 || block >= kv_blocks_) {
        return invalid(
            fmt::format("lists.{}_indices[{}] is {}; give a KV block from 0 to {}.", kind, n, block, kv_blocks_ - 1));
      }
      int64_t& last = seen_[static_cast<size_t>(block)];
      if (last == list) {
        return invalid(
            fmt::format("lists.{}_indices[{}] names KV block {} a second time for one query block; name it once, "
                        "in one of the two lists.",
                        kind, n, block));
      }
      last = list;
    }
    return {};
  }

  const SparsityRequest& s_;
  const BlockLists& lists_;
  int64_t query_blocks_, kv_blocks_;
  std::vector<int64_t> seen_;  // by KV block: the list that named it last
};

}  // namespace

Result<void> validate(const Problem& p, const Tensors& t) {
  const auto query_side = [&p](int64_t columns) {
    return Extents{p.q_elements(), p.heads_q, p.q_rows(), columns, p.varlen};
  };
  const auto key_side = [&p](int64_t columns) {
    return Extents{p.kv_elements(), p.heads_kv, p.kv_rows(), columns, p.varlen && !p.paged()};
  };
  const Quantization request = given_request(p);
  constexpr std::string_view field = "given-qk in problem.quantization", v_field = "given-v in problem.quantization";
  if (request.given_qk()) {
    ATTUNE_CHECK(check_codes("q", t.q, query_side(p.head_dim_qk), code_bits(request.qk)));
    ATTUNE_CHECK(check_codes("k", t.k, key_side(p.head_dim_qk), code_bits(request.qk)));
    ATTUNE_CHECK(check_pointer("q_scales", t.q_scales, 4));
    ATTUNE_CHECK(check_pointer("k_scales", t.k_scales, 4));
  } else {
    ATTUNE_CHECK(check_view(p, "q", t.q, query_side(p.head_dim_qk), false));
    ATTUNE_CHECK(check_view(p, "k", t.k, key_side(p.head_dim_qk), false));
    ATTUNE_CHECK(check_absent("q_scales", t.q_scales, field));
    ATTUNE_CHECK(check_absent("k_scales", t.k_scales, field));
  }
  if (request.given_v()) {
    if (p.seqlen_kv > 0) ATTUNE_CHECK(check_pointer("v", t.v.data, 16));
    ATTUNE_CHECK(check_pointer("v_scales", t.v_scales, 4));
  } else {
    ATTUNE_CHECK(check_view(p, "v", t.v, key_side(p.head_dim_v), false));
    ATTUNE_CHECK(check_absent("v_scales", t.v_scales, v_field));
  }
  ATTUNE_CHECK(check_view(p, "o", t.o, query_side(p.head_dim_v), true));
  for (const auto& [name, view] : {std::pair{"q", &t.q}, std::pair{"k", &t.k}, std::pair{"v", &t.v}}) {
    if (t.o.data != nullptr && t.o.data == view->data) {
      return invalid(
          fmt::format("o.data is {}.data; inputs are never modified, so give the output memory of its own.", name));
    }
  }
  ATTUNE_CHECK(check_lse(p, t, p.q_rows()));
  ATTUNE_CHECK(check_mask(p, t.mask));
  ATTUNE_CHECK(p.sinks ? check_pointer("sinks", t.sinks, 4) : check_absent("sinks", t.sinks, "problem.sinks"));
  ATTUNE_CHECK(p.alibi ? check_pointer("alibi_slopes", t.alibi_slopes, 4)
                       : check_absent("alibi_slopes", t.alibi_slopes, "problem.alibi"));
  if (p.alibi && t.alibi_stride_batch != 0 && t.alibi_stride_batch < p.heads_q) {
    return invalid(
        fmt::format("alibi_stride_batch is {}; pass 0 for one slope per head, or at least heads_q = {} for one per "
                    "batch element and head.",
                    t.alibi_stride_batch, p.heads_q));
  }
  ATTUNE_CHECK(p.varlen ? check_pointer("cu_seqlens_q", t.cu_seqlens_q, 4)
                        : check_absent("cu_seqlens_q", t.cu_seqlens_q, "problem.varlen"));
  ATTUNE_CHECK(p.varlen && !p.paged() ? check_pointer("cu_seqlens_kv", t.cu_seqlens_kv, 4)
                                      : check_absent("cu_seqlens_kv", t.cu_seqlens_kv, "problem.varlen without page_size"));
  ATTUNE_CHECK(check_page_table(p, t));
  ATTUNE_CHECK(p.kv_lengths ? check_pointer("kv_lengths", t.kv_lengths, 4)
                            : check_absent("kv_lengths", t.kv_lengths, "problem.kv_lengths"));
  return check_lists(p.sparsity, t.lists);
}

Result<void> validate_contents(const Problem& p, const Tensors& t) {
  if (p.varlen) {
    ATTUNE_CHECK(check_cumulative("cu_seqlens_q", t.cu_seqlens_q, p.batch, p.seqlen_q, p.total_q));
    if (!p.paged()) {
      ATTUNE_CHECK(check_cumulative("cu_seqlens_kv", t.cu_seqlens_kv, p.batch, p.seqlen_kv, p.total_kv));
    }
  }
  if (p.kv_lengths) {
    for (int64_t b = 0; b < p.batch; ++b) {
      if (t.kv_lengths[b] < 0 || t.kv_lengths[b] > p.seqlen_kv) {
        return invalid(
            fmt::format("kv_lengths[{}] is {}; lengths run from 0 to seqlen_kv = {}.", b, t.kv_lengths[b], p.seqlen_kv));
      }
    }
  }
  if (p.paged()) ATTUNE_CHECK(check_pages(p, t));
  if (p.sparsity.kind == SparsityKind::none) return {};
  return ListReader(p, t.lists).check();
}

}  // namespace attune::runtime
