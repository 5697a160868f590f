// Malformed tensors are refused before a kernel runs, each by the name of the field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "runtime/context.hpp"
#include "tests/reference/workload.hpp"

namespace attune::test {
namespace {

using testing::HasSubstr;

Problem full_featured() {
  Problem p;
  p.batch = 2;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 70;
  p.seqlen_kv = 90;
  p.want_lse = true;
  p.sinks = p.alibi = p.kv_lengths = true;
  p.mask = {MaskKind::boolean, DType::boolean, 1, 4, 70, 90};
  p.sparsity = {SparsityKind::padded_lists, 64, 64, true, true, 1, 2, 2};
  return p;
}

struct Case {
  std::string name, words;
  std::function<void(Tensors&)> damage;
};

class RefusedTensors : public testing::TestWithParam<Case> {};

TEST_P(RefusedTensors, ByName) {
  const Problem problem = full_featured();
  Workload work(problem, {});
  ASSERT_TRUE(runtime::validate(problem, work.tensors()).ok());
  GetParam().damage(work.tensors());
  const Result<void> result = runtime::validate(problem, work.tensors());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().status(), Status::invalid_argument);
  EXPECT_THAT(result.error().message(), HasSubstr(GetParam().words));
  EXPECT_EQ(result.error().message().back(), '.');
}

void shift(void*& pointer) { pointer = static_cast<char*>(pointer) + 1; }

std::vector<Case> cases() {
  return {Case{"q_null", "q is null", [](Tensors& t) { t.q.data = nullptr; }},
          Case{"v_null", "v is null", [](Tensors& t) { t.v.data = nullptr; }},
          Case{"k_misaligned", "k is not aligned", [](Tensors& t) { shift(t.k.data); }},
          Case{"o_misaligned", "o is not aligned", [](Tensors& t) { shift(t.o.data); }},
          Case{"o_is_q", "o.data is q.data", [](Tensors& t) { t.o.data = t.q.data; }},
          Case{"o_overlaps_rows", "stride_seq", [](Tensors& t) { t.o.stride_seq = 63; }},
          Case{"o_broadcast", "stride_head", [](Tensors& t) { t.o.stride_head = 0; }},
          Case{"q_stride_overflows", "stride_batch",
               [](Tensors& t) { t.q.stride_batch = std::numeric_limits<int64_t>::max() / 2; }},
          Case{"q_stride_lowest", "stride_seq", [](Tensors& t) { t.q.stride_seq = std::numeric_limits<int64_t>::min(); }},
          Case{"lse_null", "lse is null", [](Tensors& t) { t.lse = nullptr; }},
          Case{"lse_overlaps", "lse_stride_head", [](Tensors& t) { t.lse_stride_head = 69; }},
          Case{"mask_null", "mask.data is null", [](Tensors& t) { t.mask.data = nullptr; }},
          Case{"mask_broadcast_stride", "mask.stride_batch", [](Tensors& t) { t.mask.stride_batch = 4 * 70 * 90; }},
          Case{"mask_columns_apart", "mask.stride_kv", [](Tensors& t) { t.mask.stride_kv = 2; }},
          Case{"sinks_null", "sinks is null", [](Tensors& t) { t.sinks = nullptr; }},
          Case{"alibi_null", "alibi_slopes is null", [](Tensors& t) { t.alibi_slopes = nullptr; }},
          Case{"alibi_stride", "alibi_stride_batch", [](Tensors& t) { t.alibi_stride_batch = 3; }},
          Case{"kv_lengths_null", "kv_lengths is null", [](Tensors& t) { t.kv_lengths = nullptr; }},
          Case{"cu_seqlens_without_varlen", "varlen", [](Tensors& t) { t.cu_seqlens_q = t.kv_lengths; }},
          Case{"counts_null", "full_counts is null", [](Tensors& t) { t.lists.full_counts = nullptr; }},
          Case{"row_ptr_with_padded_lists", "full_row_ptr", [](Tensors& t) {
                 static const std::vector<int64_t> rows(16);
                 t.lists.full_row_ptr = rows.data();
               }}};
}

std::string case_name(const testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Tensors, RefusedTensors, testing::ValuesIn(cases()), case_name);

TEST(Tensors, UnusedOnesAreRefusedRatherThanIgnored) {
  Problem problem;
  Workload work(problem, {});
  const float value = 0;
  const uint8_t keep = 1;
  work.tensors().sinks = &value;
  EXPECT_THAT(runtime::validate(problem, work.tensors()).error().message(), HasSubstr("sinks is given"));
  work.tensors().sinks = nullptr;
  work.tensors().mask.data = &keep;
  EXPECT_THAT(runtime::validate(problem, work.tensors()).error().message(), HasSubstr("mask.data is given"));
  work.tensors().mask.data = nullptr;
  float lse = 0;
  work.tensors().lse = &lse;
  EXPECT_THAT(runtime::validate(problem, work.tensors()).error().message(), HasSubstr("want_lse"));
}

TEST(Tensors, AbsurdStridesOfExtentOneAndStrideZeroInputsAreFine) {
  Problem problem;
  problem.heads_q = problem.heads_kv = 4;
  problem.seqlen_q = problem.seqlen_kv = 3;
  Workload work(problem, {});
  work.tensors().q.stride_batch = std::numeric_limits<int64_t>::min();
  work.tensors().o.stride_batch = -7;
  work.tensors().k.stride_head = 0;
  EXPECT_TRUE(runtime::validate(problem, work.tensors()).ok());
}

TEST(Tensors, LengthsOutOfRangeAreRefused) {
  Problem problem = full_featured();
  Workload work(problem, {});
  EXPECT_TRUE(runtime::validate_contents(problem, work.tensors()).ok());
  for (const int32_t bad : {-1, 91, std::numeric_limits<int32_t>::min()}) {
    const std::vector<int32_t> lengths{90, bad};
    work.tensors().kv_lengths = lengths.data();
    const Result<void> result = runtime::validate_contents(problem, work.tensors());
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message(), HasSubstr("kv_lengths[1]"));
  }
}

Problem paged() {
  Problem p;
  p.batch = 2;
  p.seqlen_q = 3;
  p.seqlen_kv = 40;
  p.kv_lengths = true;
  p.page_size = 16;
  p.page_count = 7;
  return p;
}

TEST(Tensors, PageTablesAreCheckedByName) {
  const Problem problem = paged();
  const auto refused = [&](const std::string& words, const std::function<void(Tensors&)>& damage) {
    Workload work(problem, {});
    ASSERT_TRUE(runtime::validate(problem, work.tensors()).ok());
    damage(work.tensors());
    const Result<void> result = runtime::validate(problem, work.tensors());
    ASSERT_FALSE(result.ok()) << words;
    EXPECT_THAT(result.error().message(), HasSubstr(words));
  };
  refused("page_table is null", [](Tensors& t) { t.page_table = nullptr; });
  refused("page_table_stride", [](Tensors& t) { t.page_table_stride = std::numeric_limits<int64_t>::max(); });
  refused("page_table is not aligned", [](Tensors& t) {
    t.page_table = reinterpret_cast<const int32_t*>(reinterpret_cast<uintptr_t>(t.page_table) + 2);
  });
  refused("cu_seqlens_kv is given", [](Tensors& t) { t.cu_seqlens_kv = t.kv_lengths; });
  Problem dense = problem;
  dense.page_size = dense.page_count = 0;
  Workload work(dense, {});
  work.tensors().page_table = work.tensors().kv_lengths;
  EXPECT_THAT(runtime::validate(dense, work.tensors()).error().message(), HasSubstr("page_table is given"));
}

TEST(Tensors, PagesThatHoldKeysMustExistOthersAreNotLookedAt) {
  const Problem problem = paged();
  Workload work(problem, {});
  EXPECT_TRUE(runtime::validate_contents(problem, work.tensors()).ok());
  const std::vector<int32_t> lengths{40, 16};
  std::vector<int32_t> table{0, 6, 5, -1, 2, -9, 1 << 30, -1};
  work.tensors().kv_lengths = lengths.data();
  work.tensors().page_table = table.data();
  work.tensors().page_table_stride = 4;
  const Result<void> fine = runtime::validate_contents(problem, work.tensors());
  EXPECT_TRUE(fine.ok()) << fine.error().message();
  for (const auto& [at, name] : {std::pair<size_t, const char*>{2, "page_table[0][2]"}, {4, "page_table[1][0]"}}) {
    for (const int32_t bad : {-1, 7, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()}) {
      const int32_t before = std::exchange(table[at], bad);
      const Result<void> result = runtime::validate_contents(problem, work.tensors());
      ASSERT_FALSE(result.ok());
      EXPECT_THAT(result.error().message(), HasSubstr(name));
      table[at] = before;
    }
  }
}

TEST(Tensors, CumulativeLengthsMustAscendWithinTheTotal) {
  Problem problem;
  problem.batch = 2;
  problem.seqlen_q = problem.seqlen_kv = 8;
  problem.varlen = true;
  problem.total_q = problem.total_kv = 12;
  Workload work(problem, {});
  EXPECT_TRUE(runtime::validate_contents(problem, work.tensors()).ok());
  const std::vector<std::vector<int32_t>> bad{{-1, 4, 8}, {0, 5, 4}, {0, 9, 12}, {0, 6, 13}, {2147483647, -2147483647, 0}};
  for (const std::vector<int32_t>& ends : bad) {
    work.tensors().cu_seqlens_kv = ends.data();
    const Result<void> result = runtime::validate_contents(problem, work.tensors());
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message(), HasSubstr("cu_seqlens_kv"));
  }
}

TEST(Tensors, BlockListsMustNameEachBlockOnceAndInRange) {
  Problem problem = full_featured();
  problem.sparsity.heads = problem.sparsity.batch = 1;
  Workload work(problem, {});
  std::vector<int32_t> full_counts{1, 1}, full{0, -9, 1, -9}, partial_counts{1, 0}, partial{1, -9, -9, -9};
  BlockLists& lists = work.tensors().lists;
  lists = {full_counts.data(), full.data(), partial_counts.data(), partial.data(), nullptr, nullptr};
  EXPECT_TRUE(runtime::validate_contents(problem, work.tensors()).ok());
  const auto refused = [&](int32_t& place, int32_t value, const std::string& words) {
    const int32_t before = std::exchange(place, value);
    const Result<void> result = runtime::validate_contents(problem, work.tensors());
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message(), HasSubstr(words));
    place = before;
  };
  refused(full_counts[1], 3, "full_counts[1]");
  refused(full_counts[0], -1, "full_counts[0]");
  refused(full[2], 2, "full_indices[2]");
  refused(full[0], -1, "full_indices[0]");
  refused(partial[0], 0, "second time");

  problem.sparsity.kind = SparsityKind::csr_lists;
  problem.sparsity.max_blocks = 0;
  std::vector<int64_t> row_ptr{0, 1, 0}, partial_ptr{0, 0, 0};
  lists = {nullptr, full.data(), nullptr, partial.data(), row_ptr.data(), partial_ptr.data()};
  EXPECT_THAT(runtime::validate_contents(problem, work.tensors()).error().message(), HasSubstr("full_row_ptr"));
}

}  // namespace
}  // namespace attune::test
