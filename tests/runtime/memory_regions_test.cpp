// The extents that a checking device gets: every element of every tensor, and not a byte beside them.
#include "runtime/memory_regions.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace attune::runtime {
namespace {

std::byte* const base = reinterpret_cast<std::byte*>(uintptr_t{1} << 32);  // never read

std::map<std::string, MemoryRegion> regions_of(const Problem& problem, const Tensors& tensors, void* workspace = nullptr,
                                               int64_t workspace_bytes = 0) {
  std::map<std::string, MemoryRegion> named;
  for (const MemoryRegion& region : memory_regions(problem, tensors, workspace, workspace_bytes)) {
    EXPECT_TRUE(named.emplace(region.name, region).second) << region.name << " twice";
  }
  return named;
}

Problem two_heads() {
  Problem problem;
  problem.batch = 3;
  problem.heads_q = 4;
  problem.heads_kv = 2;
  problem.seqlen_q = 5;
  problem.seqlen_kv = 7;
  problem.head_dim_qk = 16;
  problem.head_dim_v = 8;
  problem.dtype = DType::f16;
  return problem;
}

Tensors contiguous(const Problem& problem) {
  Tensors tensors;
  set_contiguous_strides(problem, tensors);
  tensors.q.data = base;
  tensors.k.data = base + (1 << 20);
  tensors.v.data = base + (2 << 20);
  tensors.o.data = base + (3 << 20);
  return tensors;
}

TEST(MemoryRegions, ContiguousTensorsHaveTheirSizes) {
  Problem problem = two_heads();
  problem.want_lse = true;
  Tensors tensors = contiguous(problem);
  tensors.lse = reinterpret_cast<float*>(base + (4 << 20));
  tensors.lse_stride_head = problem.seqlen_q;
  tensors.lse_stride_batch = problem.heads_q * problem.seqlen_q;
  const auto regions = regions_of(problem, tensors, base + (5 << 20), 640);
  ASSERT_EQ(regions.size(), 6U);
  EXPECT_EQ(regions.at("q").size_bytes, 3 * 4 * 5 * 16 * 2);
  EXPECT_EQ(regions.at("k").size_bytes, 3 * 2 * 7 * 16 * 2);
  EXPECT_EQ(regions.at("v").size_bytes, 3 * 2 * 7 * 8 * 2);
  EXPECT_EQ(regions.at("o").size_bytes, 3 * 4 * 5 * 8 * 2);
  EXPECT_EQ(regions.at("lse").size_bytes, 3 * 4 * 5 * 4);
  EXPECT_EQ(regions.at("workspace").size_bytes, 640);
  EXPECT_EQ(regions.at("k").data, base + (1 << 20));
  for (const auto& [name, region] : regions) {
    EXPECT_EQ(region.writable, name == "o" || name == "lse" || name == "workspace") << name;
  }
}

TEST(MemoryRegions, StridesReachBothWays) {
  const Problem problem = two_heads();
  Tensors tensors = contiguous(problem);
  tensors.q.stride_seq = 40;     // rows with a gap: the gap is not told apart, the end is
  tensors.q.stride_head = -200;  // heads from the last to the first
  tensors.q.stride_batch = 0;    // one element for all
  const MemoryRegion q = regions_of(problem, tensors).at("q");
  EXPECT_EQ(q.data, base - 3 * 200 * 2);
  EXPECT_EQ(q.size_bytes, (3 * 200 + 4 * 40 + 15 + 1) * 2);
}

TEST(MemoryRegions, PackedAndPagedTensors) {
  Problem packed = two_heads();
  packed.varlen = true;
  packed.total_q = 11;
  packed.total_kv = 13;
  Tensors tensors = contiguous(packed);
  const std::vector<int32_t> lengths(4);
  tensors.cu_seqlens_q = tensors.cu_seqlens_kv = lengths.data();
  auto regions = regions_of(packed, tensors);
  EXPECT_EQ(regions.at("q").size_bytes, 11 * 4 * 16 * 2);
  EXPECT_EQ(regions.at("k").size_bytes, 13 * 2 * 16 * 2);
  EXPECT_EQ(regions.at("cu_seqlens_q").size_bytes, 4 * 4);
  EXPECT_EQ(regions.at("cu_seqlens_kv").size_bytes, 4 * 4);

  Problem paged = two_heads();
  paged.page_size = 4;
  paged.page_count = 9;
  tensors = contiguous(paged);
  tensors.page_table = lengths.data();
  tensors.page_table_stride = 6;
  regions = regions_of(paged, tensors);
  EXPECT_EQ(regions.at("k").size_bytes, 9 * 2 * 4 * 16 * 2) << "the pool, not the sequences";
  EXPECT_EQ(regions.at("page_table").size_bytes, (2 * 6 + 2) * 4) << "two pages for seven keys";
}

TEST(MemoryRegions, MasksSlopesAndLists) {
  Problem problem = two_heads();
  problem.mask.kind = MaskKind::additive;
  problem.mask.dtype = DType::f32;
  problem.mask.heads = 4;
  problem.mask.seqlen_q = 5;
  problem.mask.seqlen_kv = 7;
  problem.alibi = problem.sinks = problem.kv_lengths = true;
  problem.sparsity = {.kind = SparsityKind::csr_lists,
                      .block_q = 2,
                      .block_kv = 4,
                      .full = true,
                      .partial = false,
                      .batch = 1,
                      .heads = 2,
                      .max_blocks = 0};
  Tensors tensors = contiguous(problem);
  tensors.mask.data = base;
  tensors.mask.stride_head = 35;
  tensors.mask.stride_q = 7;
  tensors.sinks = tensors.alibi_slopes = reinterpret_cast<float*>(base);
  tensors.alibi_stride_batch = 4;
  tensors.kv_lengths = reinterpret_cast<int32_t*>(base);
  // Three query blocks and two heads; the largest offset is the length of the index array.
  const std::vector<int64_t> offsets = {0, 1, 1, 2, 2, 4, 4, 5};
  tensors.lists.full_row_ptr = offsets.data();
  tensors.lists.full_indices = reinterpret_cast<int32_t*>(base);
  const auto regions = regions_of(problem, tensors);
  EXPECT_EQ(regions.at("mask").size_bytes, (3 * 35 + 4 * 7 + 6 + 1) * 4);
  EXPECT_EQ(regions.at("sinks").size_bytes, 4 * 4);
  EXPECT_EQ(regions.at("alibi_slopes").size_bytes, 3 * 4 * 4);
  EXPECT_EQ(regions.at("kv_lengths").size_bytes, 3 * 4);
  EXPECT_EQ(regions.at("lists.full_row_ptr").size_bytes, 8 * 8);
  EXPECT_EQ(regions.at("lists.full_indices").size_bytes, 5 * 4);
  EXPECT_FALSE(regions.contains("lists.partial_indices"));

  problem.sparsity.kind = SparsityKind::padded_lists;
  problem.sparsity.max_blocks = 3;
  tensors.lists = {};
  tensors.lists.full_counts = tensors.lists.full_indices = reinterpret_cast<int32_t*>(base);
  const auto padded = regions_of(problem, tensors);
  EXPECT_EQ(padded.at("lists.full_counts").size_bytes, 2 * 3 * 4);
  EXPECT_EQ(padded.at("lists.full_indices").size_bytes, 2 * 3 * 3 * 4);
}

TEST(MemoryRegions, TensorsWithoutElementsHaveNone) {
  Problem problem = two_heads();
  problem.seqlen_kv = 0;
  const auto regions = regions_of(problem, contiguous(problem), base, 0);
  EXPECT_FALSE(regions.contains("k"));
  EXPECT_FALSE(regions.contains("v"));
  EXPECT_FALSE(regions.contains("workspace"));
  EXPECT_TRUE(regions.contains("q"));
}

}  // namespace
}  // namespace attune::runtime
