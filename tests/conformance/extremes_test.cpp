// Extreme values: where a softmax overflows, underflows, divides by zero or lets one NaN spread.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

class Extremes : public testing::TestWithParam<std::tuple<std::string, DType>> {
 protected:
  const std::string& target() const { return std::get<0>(GetParam()); }
  Problem base() const {
    Problem p;
    p.batch = 2;
    p.heads_q = 4;
    p.heads_kv = 2;
    p.seqlen_q = 33;
    p.seqlen_kv = 150;
    p.dtype = std::get<1>(GetParam());
    p.want_lse = true;
    return p;
  }
  std::string run(Workload& work) {
    work.seal();
    return conformer(target()).run(work, std::nullopt, 0);
  }
};

std::string target_and_dtype(const testing::TestParamInfo<std::tuple<std::string, DType>>& test) {
  return test_name(test.param);
}
INSTANTIATE_TEST_SUITE_P(Conformance, Extremes,
                         testing::Combine(testing::ValuesIn(test_targets()),
                                          testing::Values(DType::f32, DType::f16, DType::bf16)),
                         target_and_dtype);

TEST_P(Extremes, EveryDistributionOfRealInputs) {
  for (const Values values : {Values::normal, Values::fa3, Values::llm, Values::dit, Values::large, Values::constant}) {
    Problem problem = base();
    problem.causal = values == Values::llm;
    EXPECT_EQ(check_case({problem, {7, values, Strides::contiguous, false, false}, target(), std::nullopt}), "")
        << name(values);
  }
}

TEST_P(Extremes, LargeLogitsWithScaleOne) {
  Problem problem = base();
  problem.softmax_scale = 1.0F;
  Workload work(problem, {3, Values::large, Strides::contiguous, false, false});
  EXPECT_EQ(run(work), "");
  problem.softmax_scale = -1.0F;
  Workload negative(problem, {3, Values::large, Strides::contiguous, false, false});
  EXPECT_EQ(run(negative), "");
}

TEST_P(Extremes, LogitsGrowingFromBlockToBlock) {
  // The running maximum rises at every key, so every rescale happens; then falls, so none does.
  for (const bool rising : {true, false}) {
    Problem problem = base();
    Workload work(problem, {});
    const Tensors& t = work.tensors();
    for (int64_t b = 0; b < 2; ++b) {
      for (int64_t h = 0; h < 4; ++h) {
        for (int64_t i = 0; i < 33; ++i) work.set(t.q, b, h, i, 0, 8.0F);
      }
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t j = 0; j < 150; ++j) work.set(t.k, b, h, j, 0, static_cast<float>(rising ? j : 150 - j));
      }
    }
    EXPECT_EQ(run(work), "");
  }
}

TEST_P(Extremes, AllRowsMaskedIsZeroAlsoWithNanBehindTheMask) {
  for (const bool sinks : {false, true}) {
    Problem problem = base();
    problem.sinks = sinks;
    problem.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 150};
    Workload work(problem, {});
    auto* mask = static_cast<uint8_t*>(const_cast<void*>(work.tensors().mask.data));
    std::fill(mask, mask + 150, uint8_t{0});
    for (int64_t j = 0; j < 150; j += 7) {
      work.set(work.tensors().v, 0, 0, j, 3, std::nanf(""));
      work.set(work.tensors().v, 1, 1, j, 0, infinity);
      work.set(work.tensors().k, 1, 0, j, 5, std::nanf(""));
    }
    ASSERT_EQ(run(work), "");
    EXPECT_EQ(work.get(work.tensors().o, 0, 0, 0, 3), 0.0F);
    EXPECT_EQ(work.lse(1, 3, 32), -infinity);
  }
}

TEST_P(Extremes, MinusInfinityMaskLeavesOneKey) {
  Problem problem = base();
  problem.mask = {MaskKind::additive, DType::f32, 1, 1, 33, 150};
  Workload work(problem, {});
  auto* mask = static_cast<float*>(const_cast<void*>(work.tensors().mask.data));
  std::fill(mask, mask + 33 * 150, -infinity);
  for (int64_t i = 0; i < 33; ++i) mask[i * 150 + (i * 37) % 150] = 0.25F;
  for (int64_t j = 0; j < 150; ++j) {
    if (j % 37 != 0) continue;
    work.set(work.tensors().v, 0, 0, j, 1, 1.0F);
  }
  EXPECT_EQ(run(work), "");
}

TEST_P(Extremes, LowestFiniteMaskIsNotMinusInfinity) {
  // torch.finfo(dtype).min over whole rows: the result is the mean of V, not 0 and not NaN.
  Problem problem = base();
  problem.mask = {MaskKind::additive, DType::f32, 1, 1, 1, 150};
  Workload work(problem, {});
  auto* mask = static_cast<float*>(const_cast<void*>(work.tensors().mask.data));
  std::fill(mask, mask + 150, std::numeric_limits<float>::lowest());
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t h = 0; h < 2; ++h) {
      for (int64_t j = 0; j < 150; ++j) work.set(work.tensors().v, b, h, j, 9, 2.0F);
    }
  }
  ASSERT_EQ(run(work), "");
  EXPECT_NEAR(work.get(work.tensors().o, 0, 0, 0, 9), 2.0, 0.02);
  EXPECT_TRUE(std::isfinite(work.lse(0, 0, 0)));
}

TEST_P(Extremes, NanInOneHeadStaysThere) {
  Problem problem = base();
  problem.seqlen_q = 40;
  Workload work(problem, {});
  const Tensors& t = work.tensors();
  for (int64_t d = 0; d < 64; ++d) {
    for (int64_t j = 0; j < 150; ++j) {
      work.set(t.k, 0, 1, j, d, std::nanf(""));
      work.set(t.v, 1, 0, j, d, infinity);
    }
    work.set(t.q, 1, 3, 39, d, std::nanf(""));
  }
  // check_against_double holds every element whose own reference is finite: all heads but (0,2), (0,3), (1,0), (1,1) and a
  // row.
  EXPECT_EQ(run(work), "");
}

// The comparison holds an element whose reference is NaN to nothing, so that this is said apart: a row that saw only NaN may
// not pass for one that saw no key.
TEST_P(Extremes, RowsOfNothingButNanGiveNan) {
  for (const bool causal : {false, true}) {
    Problem problem = base();
    problem.seqlen_q = 150;
    problem.causal = causal;
    Workload work(problem, {});
    const Tensors& t = work.tensors();
    for (int64_t d = 0; d < 64; ++d) {
      for (int64_t j = 0; j < 150; ++j) work.set(t.k, 0, 1, j, d, std::nanf(""));
      work.set(t.q, 1, 3, 39, d, std::nanf(""));
    }
    ASSERT_EQ(run(work), "");
    EXPECT_TRUE(std::isnan(work.lse(0, 2, 149))) << causal;
    EXPECT_TRUE(std::isnan(work.lse(1, 3, 39))) << causal;
    for (int64_t d = 0; d < 64; ++d) {
      for (const int64_t i : {0, 63, 149}) {
        EXPECT_TRUE(std::isnan(work.get(t.o, 0, 2, i, d))) << causal << ", row " << i << ", column " << d;
        EXPECT_TRUE(std::isnan(work.get(t.o, 0, 3, i, d))) << causal << ", row " << i << ", column " << d;
      }
      EXPECT_TRUE(std::isnan(work.get(t.o, 1, 3, 39, d))) << causal << ", column " << d;
    }
  }
}

TEST_P(Extremes, NanInTheFutureStaysThere) {
  for (const bool keys : {true, false}) {
    Problem problem = base();
    problem.seqlen_q = problem.seqlen_kv = 150;
    problem.causal = true;
    Workload work(problem, {});
    for (const int64_t j : {149L, 97L}) {
      for (int64_t d = 0; d < 64; ++d) work.set(keys ? work.tensors().k : work.tensors().v, 0, 0, j, d, std::nanf(""));
    }
    work.seal();
    ASSERT_EQ(conformer(target()).run(work, std::nullopt, 0), "");
    EXPECT_TRUE(std::isfinite(work.get(work.tensors().o, 0, 0, 96, 0)));
    EXPECT_TRUE(std::isnan(work.get(work.tensors().o, 0, 0, 97, 0)));
  }
}

TEST_P(Extremes, NanBeyondTheLengthsIsNeverSeen) {
  for (const bool causal : {false, true}) {
    Problem problem = base();
    problem.batch = 6;
    problem.kv_lengths = true;
    problem.causal = causal;
    problem.alignment = Alignment::bottom_right;
    for (uint64_t seed = 1; seed < 5; ++seed) {
      EXPECT_EQ(check_case({problem, {seed, Values::normal, Strides::shuffled, false, false}, target(), std::nullopt}, 0),
                "");
    }
  }
}

TEST_P(Extremes, OneKeyCopiesItsValue) {
  Problem problem = base();
  problem.seqlen_kv = 1;
  Workload work(problem, {5, Values::large, Strides::contiguous, false, false});
  ASSERT_EQ(run(work), "");
  for (int64_t d = 0; d < 64; ++d) {
    // P / sum P is 1 to the last bit or next to it.
    const float value = work.get(work.tensors().v, 1, 1, 0, d);
    if (problem.dtype == DType::f32) {
      EXPECT_FLOAT_EQ(work.get(work.tensors().o, 1, 3, 32, d), value);
    } else {
      EXPECT_EQ(work.get(work.tensors().o, 1, 3, 32, d), value);
    }
  }
}

TEST_P(Extremes, SinksThatDominateAndSinksThatAreNothing) {
  for (const float sink : {-infinity, -1e4F, 30.0F, 1e4F}) {
    Problem problem = base();
    problem.sinks = true;
    Workload work(problem, {});
    auto* sinks = const_cast<float*>(work.tensors().sinks);
    std::fill(sinks, sinks + 4, sink);
    EXPECT_EQ(run(work), "") << sink;
  }
}

TEST_P(Extremes, ZeroQueriesAndKeysAverageTheValues) {
  Problem problem = base();
  Workload work(problem, {});
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t h = 0; h < 4; ++h) {
      for (int64_t i = 0; i < 33; ++i) {
        for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().q, b, h, i, d, -0.0F);
      }
    }
  }
  ASSERT_EQ(run(work), "");
  EXPECT_NEAR(work.lse(0, 0, 0), std::log(150.0), 1e-5);
}

}  // namespace
}  // namespace attune::test
