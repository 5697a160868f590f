// A region runs from the lowest to the highest element: what lies in the gaps of a strided view is not told apart.
#include "runtime/memory_regions.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "generator/given_operands.hpp"

namespace attune::runtime {
namespace {

using Dimension = std::pair<int64_t, int64_t>;  // extent, stride in elements

class Regions {
 public:
  void add(std::string_view name, const void* data, bool writable, int64_t element_bytes,
           std::initializer_list<Dimension> dimensions) {
    if (data == nullptr) return;
    int64_t lowest = 0, highest = 0;  // in elements, both inclusive
    for (const auto& [extent, stride] : dimensions) {
      if (extent <= 0) return;
      const int64_t reach = (extent - 1) * stride;
      lowest += std::min<int64_t>(reach, 0);
      highest += std::max<int64_t>(reach, 0);
    }
    auto* first = static_cast<std::byte*>(const_cast<void*>(data)) + lowest * element_bytes;
    regions_.push_back({first, (highest - lowest + 1) * element_bytes, std::string(name), writable});
  }

  struct Extents {
    int64_t elements, heads, rows, columns;
  };
  // Codes lie like elements of so many bits; rows of them are whole bytes.
  void add_codes(std::string_view name, const TensorView& view, int64_t bits, const Extents& extents) {
    add(name, view.data, false, 1,
        {{extents.elements, view.stride_batch * bits / 8},
         {extents.heads, view.stride_head * bits / 8},
         {extents.rows, view.stride_seq * bits / 8},
         {extents.columns * bits / 8, 1}});
  }
  void add_view(std::string_view name, DType dtype, const TensorView& view, bool writable, const Extents& extents) {
    add(name, view.data, writable, size_bytes(dtype),
        {{extents.elements, view.stride_batch},
         {extents.heads, view.stride_head},
         {extents.rows, view.stride_seq},
         {extents.columns, 1}});
  }

  std::vector<MemoryRegion> take() { return std::move(regions_); }

 private:
  std::vector<MemoryRegion> regions_;
};

void add_lists(Regions& regions, const Problem& p, const BlockLists& lists) {
  const SparsityRequest& s = p.sparsity;
  if (s.kind == SparsityKind::none) return;
  const int64_t query_blocks = (p.seqlen_q + s.block_q - 1) / s.block_q;
  const int64_t rows = s.batch * s.heads;
  const auto add = [&](std::string_view kind, const int32_t* counts, const int64_t* row_ptr, const int32_t* indices) {
    const std::string prefix = "lists." + std::string(kind);
    if (s.kind == SparsityKind::padded_lists) {
      regions.add(prefix + "_counts", counts, false, 4, {{rows * query_blocks, 1}});
      regions.add(prefix + "_indices", indices, false, 4, {{rows * query_blocks * s.max_blocks, 1}});
      return;
    }
    // Offsets are of the whole index array: its length is the largest of them.
    const int64_t offsets = rows * (query_blocks + 1);
    regions.add(prefix + "_row_ptr", row_ptr, false, 8, {{offsets, 1}});
    if (row_ptr == nullptr) return;
    regions.add(prefix + "_indices", indices, false, 4, {{*std::max_element(row_ptr, row_ptr + offsets), 1}});
  };
  if (s.full) add("full", lists.full_counts, lists.full_row_ptr, lists.full_indices);
  if (s.partial) add("partial", lists.partial_counts, lists.partial_row_ptr, lists.partial_indices);
}

void add_operands(Regions& regions, const Problem& p, const Tensors& t) {
  const Quantization request = given_request(p);
  const PaddedRows rows = PaddedRows::of_given(p, request.granularity);
  const Regions::Extents q{p.q_elements(), p.heads_q, p.q_rows(), p.head_dim_qk};
  const Regions::Extents k{p.kv_elements(), p.heads_kv, p.kv_rows(), p.head_dim_qk};
  if (request.given_qk()) {
    regions.add_codes("q", t.q, code_bits(request.qk), q);
    regions.add_codes("k", t.k, code_bits(request.qk), k);
    regions.add("q_scales", t.q_scales, false, 4, {{rows.q_scales, 1}});
    regions.add("k_scales", t.k_scales, false, 4, {{rows.k_scales, 1}});
  } else {
    regions.add_view("q", p.dtype, t.q, false, q);
    regions.add_view("k", p.dtype, t.k, false, k);
  }
  if (request.given_v()) {
    regions.add("v", t.v.data, false, 1, {{rows.v_codes, 1}});
    regions.add("v_scales", t.v_scales, false, 4, {{p.batch * p.heads_kv * p.head_dim_v, 1}});
  } else {
    regions.add_view("v", p.dtype, t.v, false, {p.kv_elements(), p.heads_kv, p.kv_rows(), p.head_dim_v});
  }
}

}  // namespace

std::vector<MemoryRegion> memory_regions(const Problem& p, const Tensors& t, void* workspace, int64_t workspace_bytes) {
  Regions regions;
  add_operands(regions, p, t);
  regions.add_view("o", p.dtype, t.o, true, {p.q_elements(), p.heads_q, p.q_rows(), p.head_dim_v});
  if (p.want_lse) {
    regions.add("lse", t.lse, true, 4,
                {{p.q_elements(), t.lse_stride_batch}, {p.heads_q, t.lse_stride_head}, {p.q_rows(), 1}});
  }
  const MaskRequest& m = p.mask;
  if (m.kind != MaskKind::none) {
    regions.add("mask", t.mask.data, false, size_bytes(m.dtype),
                {{m.batch, t.mask.stride_batch},
                 {m.heads, t.mask.stride_head},
                 {m.seqlen_q, t.mask.stride_q},
                 {m.seqlen_kv, t.mask.stride_kv}});
  }
  regions.add("sinks", t.sinks, false, 4, {{p.heads_q, 1}});
  regions.add("alibi_slopes", t.alibi_slopes, false, 4,
              {{t.alibi_stride_batch == 0 ? 1 : p.batch, t.alibi_stride_batch}, {p.heads_q, 1}});
  regions.add("cu_seqlens_q", t.cu_seqlens_q, false, 4, {{p.batch + 1, 1}});
  regions.add("cu_seqlens_kv", t.cu_seqlens_kv, false, 4, {{p.batch + 1, 1}});
  regions.add("kv_lengths", t.kv_lengths, false, 4, {{p.batch, 1}});
  regions.add("page_table", t.page_table, false, 4, {{p.batch, t.page_table_stride}, {p.pages_per_sequence(), 1}});
  add_lists(regions, p, t.lists);
  regions.add("workspace", workspace, true, 1, {{workspace_bytes, 1}});
  return regions.take();
}

}  // namespace attune::runtime
