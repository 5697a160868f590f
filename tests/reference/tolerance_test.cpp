// The gates: what must pass (perfect results, the plain computation) and what must not (small, honest mistakes).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/reference/random_problem.hpp"
#include "tests/reference/workload.hpp"
#include "tuner/reference_row.hpp"
#include "tuner/validate.hpp"

namespace attune::test {
namespace {

enum class Writer { rounded_reference, plain };

// Fills O and LSE row by row.
void write_result(Workload& work, Writer writer) {
  const Problem& p = work.problem();
  tuner::ReferenceRow row(p, work.tensors());
  for (int64_t b = 0; b < p.batch; ++b) {
    const tuner::Lengths lengths = tuner::lengths_of(p, work.tensors(), b);
    for (int64_t h = 0; h < p.heads_q; ++h) {
      for (int64_t i = 0; i < lengths.q; ++i) {
        row.compute(b, h, i);
        row.compute_plain();
        for (int64_t d = 0; d < p.head_dim_v; ++d) {
          const auto n = static_cast<size_t>(d);
          const float value = writer == Writer::plain ? row.plain()[n] : static_cast<float>(row.output()[n]);
          work.set(work.tensors().o, b, h, lengths.first_q + i, d, value);
        }
        if (p.want_lse) {
          work.tensors().lse[(p.varlen ? 0 : b * work.tensors().lse_stride_batch) + h * work.tensors().lse_stride_head +
                             lengths.first_q + i] = static_cast<float>(row.lse());
        }
      }
    }
  }
}

Problem typical(DType dtype) {
  Problem problem;
  problem.batch = 2;
  problem.heads_q = 4;
  problem.heads_kv = 2;
  problem.seqlen_q = 40;
  problem.seqlen_kv = 90;
  problem.dtype = dtype;
  problem.want_lse = true;
  return problem;
}

class EveryDtype : public testing::TestWithParam<DType> {};
std::string dtype_name(const testing::TestParamInfo<DType>& test) { return std::string(name(test.param)); }
INSTANTIATE_TEST_SUITE_P(Tolerance, EveryDtype, testing::Values(DType::f32, DType::f16, DType::bf16), dtype_name);

TEST_P(EveryDtype, PerfectAndPlainResultsPassOnRandomProblems) {
  Random random(11);
  const Limits limits{3, 4, 40, 64, 1e6};
  for (int n = 0; n < 60; ++n) {
    Problem problem = draw_shape(draw_traits(random, limits), random, limits);
    problem.dtype = GetParam();
    Workload work(problem, draw_workload(problem, random));
    write_result(work, Writer::rounded_reference);
    EXPECT_EQ(work.damage(), "");
    const tuner::Accuracy perfect = tuner::check_against_double(problem, work.tensors(), 0, 1);
    EXPECT_LE(perfect.worst_ratio, 1.0) << perfect.to_text() << to_json(problem);
    // The row rule is for kernels with fp32 accumulation; plain 16-bit code rounds its scores and may break it.
    if (GetParam() != DType::f32) continue;
    write_result(work, Writer::plain);
    const tuner::Accuracy plain = tuner::check_against_double(problem, work.tensors(), 0, 1);
    EXPECT_LE(plain.worst_ratio, 1.0) << plain.to_text() << to_json(problem);
  }
}

TEST_P(EveryDtype, OneWrongElementFails) {
  Workload work(typical(GetParam()), {});
  write_result(work, Writer::rounded_reference);
  const TensorView o = work.tensors().o;
  const float wrong = GetParam() == DType::f32 ? 1e-4F : GetParam() == DType::f16 ? 0.01F : 0.08F;
  work.set(o, 1, 3, 17, 5, work.get(o, 1, 3, 17, 5) + wrong);
  const tuner::Accuracy accuracy = tuner::check_against_double(work.problem(), work.tensors(), 0, 1);
  EXPECT_FALSE(accuracy.passed()) << accuracy.to_text();
  EXPECT_NE(accuracy.worst.find("batch 1 head 3 query 17 column 5"), std::string::npos) << accuracy.worst;
}

TEST_P(EveryDtype, NanFails) {
  Workload work(typical(GetParam()), {});
  write_result(work, Writer::rounded_reference);
  work.set(work.tensors().o, 0, 1, 0, 63, std::nanf(""));
  EXPECT_FALSE(tuner::check_against_double(work.problem(), work.tensors(), 0, 1).passed());
}

TEST_P(EveryDtype, DroppedLastKeyFails) {
  Workload work(typical(GetParam()), {});
  // The same tensors, one key short: what a kernel with a wrong tail computes.
  Problem shorter = work.problem();
  shorter.seqlen_kv -= 1;
  tuner::ReferenceRow row(shorter, work.tensors());
  write_result(work, Writer::rounded_reference);
  for (int64_t i = 0; i < shorter.seqlen_q; ++i) {
    row.compute(0, 0, i);
    for (int64_t d = 0; d < shorter.head_dim_v; ++d) {
      work.set(work.tensors().o, 0, 0, i, d, static_cast<float>(row.output()[static_cast<size_t>(d)]));
    }
  }
  EXPECT_FALSE(tuner::check_against_double(work.problem(), work.tensors(), 0, 1).passed());
}

TEST_P(EveryDtype, WrongLseFails) {
  Workload work(typical(GetParam()), {});
  write_result(work, Writer::rounded_reference);
  work.tensors().lse[3] += 1e-3F;
  EXPECT_FALSE(tuner::check_against_double(work.problem(), work.tensors(), 0, 1).passed());
  write_result(work, Writer::rounded_reference);
  work.tensors().lse[3] = -std::numeric_limits<float>::infinity();
  EXPECT_FALSE(tuner::check_against_double(work.problem(), work.tensors(), 0, 1).passed());
}

TEST(Tolerance, Fp32GateCatchesBf16Arithmetic) {
  Workload work(typical(DType::f32), {});
  write_result(work, Writer::rounded_reference);
  const TensorView o = work.tensors().o;
  // Every value within 1e-4 of right, as 12-bit exponentials would leave it: within rtol, far from plain fp32.
  for (int64_t i = 0; i < 40; ++i) work.set(o, 0, 0, i, 0, work.get(o, 0, 0, i, 0) * (1 + 0x1p-14F));
  const tuner::Accuracy accuracy = tuner::check_against_double(work.problem(), work.tensors(), 0, 1);
  EXPECT_FALSE(accuracy.passed());
  EXPECT_EQ(accuracy.worst.rfind("error of plain code", 0), 0U) << accuracy.worst;
}

TEST(Tolerance, EmptyRowsMustBeExactlyZero) {
  Problem problem = typical(DType::f32);
  problem.causal = true;
  problem.alignment = Alignment::bottom_right;
  std::swap(problem.seqlen_q, problem.seqlen_kv);
  Workload work(problem, {});
  write_result(work, Writer::rounded_reference);
  EXPECT_TRUE(tuner::check_against_double(problem, work.tensors(), 0, 1).passed());
  work.set(work.tensors().o, 1, 2, 0, 0, 1e-30F);
  EXPECT_FALSE(tuner::check_against_double(problem, work.tensors(), 0, 1).passed());
  work.set(work.tensors().o, 1, 2, 0, 0, 0.0F);
  work.tensors().lse[0] = -1e30F;
  EXPECT_FALSE(tuner::check_against_double(problem, work.tensors(), 0, 1).passed());
}

TEST(Tolerance, SamplesIncludeFirstAndLastRowsOfBatchHeadsAndQueries) {
  for (const int64_t row : {int64_t{0}, int64_t{39}}) {
    for (const int64_t head : {int64_t{0}, int64_t{3}}) {
      for (const int64_t b : {int64_t{0}, int64_t{1}}) {
        Workload work(typical(DType::f32), {});
        write_result(work, Writer::rounded_reference);
        work.set(work.tensors().o, b, head, row, 0, 1e3F);
        const tuner::Accuracy accuracy = tuner::check_against_double(work.problem(), work.tensors(), 8, 5);
        EXPECT_FALSE(accuracy.passed());
        EXPECT_EQ(accuracy.rows_checked, 8);
      }
    }
  }
}

TEST(Tolerance, MetricsFollowTheirDefinitions) {
  Problem problem;
  problem.seqlen_q = 1;
  problem.seqlen_kv = 1;
  problem.head_dim_qk = 1;
  problem.head_dim_v = 2;
  Workload work(problem, {});
  const Tensors& t = work.tensors();
  work.set(t.v, 0, 0, 0, 0, 3.0F);
  work.set(t.v, 0, 0, 0, 1, 4.0F);
  work.set(t.o, 0, 0, 0, 0, 3.0F);
  work.set(t.o, 0, 0, 0, 1, 5.0F);
  const tuner::Accuracy accuracy = tuner::check_against_double(problem, t, 0, 1);
  EXPECT_NEAR(accuracy.cosine, 29 / (5 * std::sqrt(34.0)), 1e-12);
  EXPECT_NEAR(accuracy.relative_l1, 1 / 7.0, 1e-12);
  EXPECT_NEAR(accuracy.rmse, std::sqrt(0.5), 1e-12);
  EXPECT_EQ(accuracy.max_error, 1);
  EXPECT_EQ(accuracy.rows_checked, 1);
  EXPECT_NE(accuracy.to_text().find("FAILED"), std::string::npos);
}

}  // namespace
}  // namespace attune::test
