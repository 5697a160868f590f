// The row reference against hand-computed cases, softmax identities and the whole-matrix definition.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/context.hpp"
#include "tests/reference/random_problem.hpp"
#include "tests/reference/whole_tensor.hpp"
#include "tests/reference/workload.hpp"
#include "tuner/reference_row.hpp"
#include "tuner/validate.hpp"

namespace attune::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Answer {
  std::vector<double> o;
  double lse = 0;
};

Answer reference(const Workload& work, int64_t b, int64_t h, int64_t i) {
  Answer answer{std::vector<double>(static_cast<size_t>(work.problem().head_dim_v)), 0};
  tuner::reference_row(work.problem(), work.tensors(), b, h, i, answer.o.data(), &answer.lse);
  return answer;
}

// One head, D 1: q_i = 1, k_j = ln(j + 1), v_j = 10^j, so that P is proportional to 1, 2, 3, ...
Workload counting(Problem problem) {
  problem.head_dim_qk = problem.head_dim_v = 1;
  if (!problem.softmax_scale) problem.softmax_scale = 1.0F;
  Workload work(problem, {});
  const Tensors& t = work.tensors();
  for (int64_t i = 0; i < problem.seqlen_q; ++i) work.set(t.q, 0, 0, i, 0, 1.0F);
  for (int64_t j = 0; j < problem.seqlen_kv; ++j) {
    work.set(t.k, 0, 0, j, 0, std::log(static_cast<float>(j + 1)));
    work.set(t.v, 0, 0, j, 0, std::pow(10.0F, static_cast<float>(j)));
  }
  return work;
}

Problem small(int64_t seqlen_q, int64_t seqlen_kv) {
  Problem problem;
  problem.seqlen_q = seqlen_q;
  problem.seqlen_kv = seqlen_kv;
  problem.want_lse = true;
  return problem;
}

TEST(ReferenceRow, WeighsKeysByTheirExponential) {
  const Workload work = counting(small(1, 3));
  const Answer answer = reference(work, 0, 0, 0);
  EXPECT_NEAR(answer.o[0], (1 * 1 + 2 * 10 + 3 * 100) / 6.0, 1e-4);
  EXPECT_NEAR(answer.lse, std::log(6.0), 1e-6);
}

TEST(ReferenceRow, CausalTopLeftCountsFromTheFirstKey) {
  Problem problem = small(2, 4);
  problem.causal = true;
  const Workload work = counting(problem);
  EXPECT_NEAR(reference(work, 0, 0, 0).o[0], 1, 1e-5);
  EXPECT_NEAR(reference(work, 0, 0, 1).o[0], (1 + 20) / 3.0, 1e-5);
}

TEST(ReferenceRow, CausalBottomRightEndsAtTheLastKey) {
  Problem problem = small(2, 4);
  problem.causal = true;
  problem.alignment = Alignment::bottom_right;
  const Workload work = counting(problem);
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(1 + 2 + 3.0), 1e-6);
  EXPECT_NEAR(reference(work, 0, 0, 1).lse, std::log(1 + 2 + 3 + 4.0), 1e-6);
}

TEST(ReferenceRow, BottomRightUsesTheLengthOfTheBatchElement) {
  Problem problem = small(3, 4);
  problem.causal = true;
  problem.alignment = Alignment::bottom_right;
  problem.kv_lengths = true;
  Workload work = counting(problem);
  std::vector<int32_t> lengths{2};
  work.tensors().kv_lengths = lengths.data();
  // Positions -1, 0, 1: the first row sees nothing.
  EXPECT_EQ(reference(work, 0, 0, 0).lse, -infinity);
  EXPECT_EQ(reference(work, 0, 0, 0).o[0], 0);
  EXPECT_NEAR(reference(work, 0, 0, 1).lse, 0, 1e-6);
  EXPECT_NEAR(reference(work, 0, 0, 2).lse, std::log(3.0), 1e-6);
}

TEST(ReferenceRow, WindowBoundsBothSides) {
  Problem problem = small(5, 5);
  problem.window_left = 1;
  problem.window_right = 2;
  const Workload work = counting(problem);
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(1 + 2 + 3.0), 1e-6);
  EXPECT_NEAR(reference(work, 0, 0, 2).lse, std::log(2 + 3 + 4 + 5.0), 1e-6);
  EXPECT_NEAR(reference(work, 0, 0, 4).lse, std::log(4 + 5.0), 1e-6);
}

TEST(ReferenceRow, KeysAreFoundThroughThePageTable) {
  // One head, D 1, pages of 2 keys: value 10^r stands in row r of the pool, so that the sum names the rows that were read.
  Problem problem = small(1, 5);
  problem.head_dim_qk = problem.head_dim_v = 1;
  problem.page_size = 2;
  problem.page_count = 4;
  Workload work(problem, {});
  const std::vector<int32_t> table{2, 0, 3};
  work.tensors().page_table = table.data();
  auto* q = static_cast<float*>(work.tensors().q.data);
  auto* k = static_cast<float*>(work.tensors().k.data);
  auto* v = static_cast<float*>(work.tensors().v.data);
  *q = 0;
  for (int64_t row = 0; row < 8; ++row) {
    k[row] = row == 7 ? std::nanf("") : 1;  // row 7 is key 5, behind the end
    v[row] = row == 7 ? std::nanf("") : std::pow(10.0F, static_cast<float>(row));
  }
  const Answer answer = reference(work, 0, 0, 0);
  EXPECT_NEAR(answer.o[0] * 5, 1e4 + 1e5 + 1 + 10 + 1e6, 1e-3);
  EXPECT_NEAR(answer.lse, std::log(5.0), 1e-6);
}

TEST(ReferenceRow, SoftcapActsAfterTheScaleAndBeforeTheBias) {
  Problem problem = small(1, 1);
  problem.softmax_scale = 8.0F;
  problem.softcap = 2.0F;
  problem.mask.kind = MaskKind::additive;
  problem.mask.dtype = DType::f32;
  problem.mask.seqlen_kv = 1;
  Workload work = counting(problem);
  work.set(work.tensors().k, 0, 0, 0, 0, 1.0F);
  const float bias = 5.0F;
  work.tensors().mask.data = &bias;
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, 2 * std::tanh(8.0 / 2) + 5, 1e-6);
}

TEST(ReferenceRow, SinkJoinsTheDenominatorOnly) {
  Problem problem = small(1, 2);
  problem.sinks = true;
  Workload work = counting(problem);
  const float sink = std::log(7.0F);
  work.tensors().sinks = &sink;
  EXPECT_NEAR(reference(work, 0, 0, 0).o[0], (1 + 20) / 10.0, 1e-5);
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(10.0), 1e-6);
}

TEST(ReferenceRow, EmptyRowIsZeroAlsoWithASinkAndNanBehindTheMask) {
  Problem problem = small(1, 2);
  problem.sinks = true;
  problem.mask.kind = MaskKind::boolean;
  problem.mask.seqlen_kv = 2;
  Workload work = counting(problem);
  const float sink = 3;
  const uint8_t hidden[] = {0, 0};
  work.tensors().sinks = &sink;
  work.tensors().mask.data = hidden;
  work.set(work.tensors().v, 0, 0, 0, 0, std::nanf(""));
  work.set(work.tensors().k, 0, 0, 1, 0, std::nanf(""));
  const Answer answer = reference(work, 0, 0, 0);
  EXPECT_EQ(answer.o[0], 0);
  EXPECT_EQ(answer.lse, -infinity);
}

TEST(ReferenceRow, AlibiFallsWithTheDistanceOnBothSides) {
  Problem problem = small(3, 3);
  problem.alibi = true;
  problem.softmax_scale = 0.0F;
  Workload work = counting(problem);
  const float slope = 0.5F;
  work.tensors().alibi_slopes = &slope;
  work.tensors().alibi_stride_batch = 0;
  EXPECT_NEAR(reference(work, 0, 0, 1).lse, std::log(1 + 2 * std::exp(-0.5)), 1e-6);
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(1 + std::exp(-0.5) + std::exp(-1.0)), 1e-6);
}

TEST(ReferenceRow, ShortMaskHidesTheKeysBeyondItsEndAndOneColumnBroadcasts) {
  Problem problem = small(1, 4);
  problem.mask.kind = MaskKind::boolean;
  problem.mask.seqlen_kv = 3;
  Workload work = counting(problem);
  const uint8_t mask[] = {1, 0, 200};
  work.tensors().mask = {mask, 0, 0, 0, 1};
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(1 + 3.0), 1e-6);

  problem.mask.seqlen_kv = 1;
  Workload broadcast = counting(problem);
  const uint8_t one = 1;
  broadcast.tensors().mask = {&one, 0, 0, 0, 0};
  EXPECT_NEAR(reference(broadcast, 0, 0, 0).lse, std::log(1 + 2 + 3 + 4.0), 1e-6);
}

TEST(ReferenceRow, FullBlocksSkipMasksAndPartialBlocksDoNot) {
  Problem problem = small(2, 6);
  problem.causal = true;
  problem.sparsity = {SparsityKind::padded_lists, 2, 2, true, true, 1, 1, 2};
  Workload work = counting(problem);
  const int32_t full_counts[] = {1}, full[] = {2, -7}, partial_counts[] = {1}, partial[] = {0, -7};
  work.tensors().lists = {full_counts, full, partial_counts, partial, nullptr, nullptr};
  // Keys 4 and 5 (weights 5 and 6) come whole; of keys 0 and 1 the causal mask leaves the first row one.
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(5 + 6 + 1.0), 1e-6);
  EXPECT_NEAR(reference(work, 0, 0, 1).lse, std::log(5 + 6 + 1 + 2.0), 1e-6);
}

TEST(ReferenceRow, FullBlocksEndWithTheSequence) {
  Problem problem = small(1, 6);
  problem.kv_lengths = true;
  problem.sparsity = {SparsityKind::csr_lists, 4, 4, true, false, 1, 1, 0};
  Workload work = counting(problem);
  const int64_t row_ptr[] = {0, 1};
  const int32_t blocks[] = {1}, length = 5;
  work.tensors().lists = {nullptr, blocks, nullptr, nullptr, row_ptr, nullptr};
  work.tensors().kv_lengths = &length;
  EXPECT_NEAR(reference(work, 0, 0, 0).lse, std::log(5.0), 1e-6);
}

TEST(ReferenceRow, LowestFiniteBiasIsAValueAndNotAMask) {
  Problem problem = small(1, 2);
  problem.mask.kind = MaskKind::additive;
  problem.mask.dtype = DType::f32;
  problem.mask.seqlen_kv = 2;
  Workload work = counting(problem);
  const float lowest = std::numeric_limits<float>::lowest(), bias[] = {lowest, lowest};
  work.tensors().mask = {bias, 0, 0, 0, 1};
  const Answer answer = reference(work, 0, 0, 0);
  EXPECT_NEAR(answer.o[0], (1 + 10) / 2.0, 1e-5);
  EXPECT_TRUE(std::isfinite(answer.lse));
}

// Identities of softmax on random problems of every kind.
class ReferenceIdentity : public testing::TestWithParam<int> {};

TEST_P(ReferenceIdentity, MatchesTheWholeMatrixDefinition) {
  Random random(static_cast<uint64_t>(GetParam()) * 7919 + 1);
  const Limits limits{3, 6, 24, 40, 1e5};
  for (int n = 0; n < 60; ++n) {
    const Problem problem = draw_shape(draw_traits(random, limits), random, limits);
    ASSERT_TRUE(validate(problem).ok()) << to_json(problem) << validate(problem).error().message();
    const WorkloadOptions options = draw_workload(problem, random);
    const Workload work(problem, options);
    ASSERT_TRUE(runtime::validate(problem, work.tensors()).ok())
        << to_json(problem) << runtime::validate(problem, work.tensors()).error().message();
    ASSERT_TRUE(runtime::validate_contents(problem, work.tensors()).ok()) << to_json(problem);
    for (int64_t b = 0; b < problem.batch; ++b) {
      for (int64_t h = 0; h < problem.heads_q; ++h) {
        const HeadResult expected = attend_head(problem, work.tensors(), b, h);
        ASSERT_EQ(expected.rows, tuner::lengths_of(problem, work.tensors(), b).q);
        for (int64_t i = 0; i < expected.rows; ++i) {
          const Answer answer = reference(work, b, h, i);
          const double lse = expected.lse[static_cast<size_t>(i)];
          if (std::isfinite(lse)) {
            ASSERT_NEAR(answer.lse, lse, 1e-9 * std::max(1.0, std::fabs(lse))) << to_json(problem) << options.to_json();
          } else if (!std::isnan(lse)) {
            ASSERT_EQ(answer.lse, lse) << to_json(problem) << options.to_json();
          }
          for (int64_t d = 0; d < problem.head_dim_v; ++d) {
            const double o = expected.o[static_cast<size_t>(i * problem.head_dim_v + d)];
            const double got = answer.o[static_cast<size_t>(d)];
            if (std::isfinite(o)) {
              ASSERT_NEAR(got, o, 1e-9 * std::max(1.0, std::fabs(o))) << to_json(problem) << options.to_json();
            } else {
              ASSERT_FALSE(std::isfinite(got)) << to_json(problem) << options.to_json();
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReferenceIdentity, testing::Range(0, 10));

TEST(ReferenceRow, ConstantAddedToAllKeysOfARowChangesNothingButTheLse) {
  Problem problem = small(5, 33);
  problem.head_dim_qk = 8;
  problem.softmax_scale = 1.0F;
  Workload work(problem, {});
  const Answer before = reference(work, 0, 0, 3);
  double shift = 0;
  for (int64_t d = 0; d < 8; ++d) {
    shift += 0.25 * static_cast<double>(work.get(work.tensors().q, 0, 0, 3, d));
    for (int64_t j = 0; j < 33; ++j) {
      work.set(work.tensors().k, 0, 0, j, d, work.get(work.tensors().k, 0, 0, j, d) + 0.25F);
    }
  }
  const Answer after = reference(work, 0, 0, 3);
  EXPECT_NEAR(after.lse, before.lse + shift, 1e-5);
  for (size_t d = 0; d < before.o.size(); ++d) EXPECT_NEAR(after.o[d], before.o[d], 1e-5);
}

}  // namespace
}  // namespace attune::test
