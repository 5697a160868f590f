// One test for each way in which published kernels of this kind were wrong, so that these are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

class QuantizedDefects : public testing::TestWithParam<std::string> {
 protected:
  // The 8-bit preset where there is one, that with 16-bit V elsewhere.
  std::string preset() const { return must_support(GetParam(), *parse_quantization("sage2-8b")) ? "sage2-8b" : "sage1"; }
  Problem base(int64_t rows, int64_t keys) const {
    Problem p;
    p.heads_q = p.heads_kv = 2;
    p.seqlen_q = rows;
    p.seqlen_kv = keys;
    p.head_dim_qk = p.head_dim_v = 64;
    p.dtype = DType::bf16;
    p.want_lse = true;
    p.quantization = preset();
    return p;
  }
  std::string run(Workload& work) const {
    work.seal();
    return run_quantized(GetParam(), work);
  }
  static float o(const Workload& work, int64_t h, int64_t i, int64_t d) { return work.get(work.tensors().o, 0, h, i, d); }
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, QuantizedDefects, testing::ValuesIn(quantized_representatives()), target_of);

// A mask was taken as an argument and ignored.
TEST_P(QuantizedDefects, MaskDropped) {
  Problem problem = base(70, 130);
  problem.mask = {MaskKind::boolean, DType::boolean, 1, 1, 70, 130};
  Workload work(problem, {});
  auto* mask = static_cast<uint8_t*>(const_cast<void*>(work.tensors().mask.data));
  for (int64_t n = 0; n < 70 * 130; ++n) mask[n] = n % 130 == n / 130;
  ASSERT_EQ(run(work), "");
  // One key each: its value, with what 8 bits lose.
  for (int64_t i = 0; i < 70; ++i) {
    const float value = work.get(work.tensors().v, 0, 1, i, 5);
    EXPECT_NEAR(o(work, 1, i, 5), value, 0.07F * std::fabs(value) + 0.01F);
  }
}

// A bias acted with 1 / log2(e) of its strength, since scores were in units of log2.
TEST_P(QuantizedDefects, BiasInUnitsOfLog2) {
  Problem problem = base(40, 64);
  problem.mask = {MaskKind::additive, DType::f32, 1, 1, 1, 64};
  Workload work(problem, {});
  auto* bias = static_cast<float*>(const_cast<void*>(work.tensors().mask.data));
  for (int64_t j = 0; j < 64; ++j) {
    bias[j] = j == 7 ? 3.0F : 0.0F;
    for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().k, 0, 0, j, d, 0);
    work.set(work.tensors().v, 0, 0, j, 0, j == 7 ? 1.0F : 0.0F);
  }
  ASSERT_EQ(run(work), "");
  const float share = std::exp(3.0F) / (63 + std::exp(3.0F));
  EXPECT_NEAR(o(work, 0, 39, 0), share, 0.04F * share);
  EXPECT_NEAR(work.lse(0, 0, 0), std::log(63 + std::exp(3.0F)), 1e-4);
}

// The diagonal began at the first key whatever the lengths were, or moved with their padding.
TEST_P(QuantizedDefects, CausalAlignment) {
  for (const Alignment alignment : {Alignment::top_left, Alignment::bottom_right}) {
    Problem problem = base(50, 170);
    problem.causal = true;
    problem.alignment = alignment;
    Workload work(problem, {});
    // Every key beyond the diagonal of the last row is NaN, and row 0 sees its own share alone.
    const int64_t seen = alignment == Alignment::top_left ? 50 : 170;
    for (int64_t j = seen; j < 170; ++j) {
      for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().v, 0, 0, j, d, std::nanf(""));
    }
    for (int64_t j = 0; j < 170; ++j) work.set(work.tensors().v, 0, 1, j, 0, j > seen - 50 ? 1000.0F : 1.0F);
    ASSERT_EQ(run(work), "");
    EXPECT_TRUE(std::isfinite(o(work, 0, 49, 3)));
    EXPECT_NEAR(o(work, 1, 0, 0), 1, 0.07);
    EXPECT_GT(o(work, 1, 1, 0), 1.5);
  }
}

// The tile after the diagonal's was thrown away, its sum was not: every block of rows but the first was wrong.
TEST_P(QuantizedDefects, CausalTilesAfterTheDiagonal) {
  Problem problem = base(400, 400);
  problem.heads_q = problem.heads_kv = 1;
  problem.causal = true;
  Workload work(problem, {});
  for (int64_t j = 0; j < 400; ++j) {
    for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().v, 0, 0, j, d, 1);
  }
  ASSERT_EQ(run(work), "");
  for (int64_t i = 0; i < 400; ++i) EXPECT_NEAR(o(work, 0, i, 17), 1, 0.03) << i;
}

// Blocks on the diagonal of a block map let queries see the future.
TEST_P(QuantizedDefects, ListedBlocksLeakTheFuture) {
  Problem problem = base(128, 128);
  problem.causal = true;
  problem.sparsity = {SparsityKind::padded_lists, 128, 64, false, true, 1, 1, 2};
  Workload work(problem, {});
  const int32_t count[] = {2}, blocks[] = {0, 1};
  work.tensors().lists = {nullptr, nullptr, count, blocks, nullptr, nullptr};
  for (int64_t j = 100; j < 128; ++j) {
    for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().k, 0, 0, j, d, std::nanf(""));
  }
  ASSERT_EQ(run(work), "");
  EXPECT_TRUE(std::isfinite(o(work, 0, 99, 0)));
  EXPECT_TRUE(std::isnan(o(work, 0, 100, 0)));
}

// The end of the keys was masked in the tile that was visited last, whichever that was.
TEST_P(QuantizedDefects, TailTileListedFirst) {
  Problem problem = base(64, 150);
  problem.sparsity = {SparsityKind::padded_lists, 64, 64, true, false, 1, 1, 3};
  Workload work(problem, {});
  const int32_t count[] = {2}, blocks[] = {2, 0, 0};
  work.tensors().lists = {count, blocks, nullptr, nullptr, nullptr, nullptr};
  for (int64_t j = 0; j < 150; ++j) work.set(work.tensors().v, 0, 0, j, 1, j >= 128 ? 1.0F : 0.0F);
  for (int64_t j = 0; j < 150; ++j) {
    for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().k, 0, 0, j, d, 0);
  }
  ASSERT_EQ(run(work), "");
  EXPECT_NEAR(o(work, 0, 63, 1), 22.0 / 86, 0.01);
  EXPECT_NEAR(work.lse(0, 0, 0), std::log(86.0), 1e-4);
}

// Rows without a block were not written.
TEST_P(QuantizedDefects, RowsWithoutABlock) {
  Problem problem = base(128, 128);
  problem.sparsity = {SparsityKind::csr_lists, 64, 64, true, true, 1, 1, 0};
  Workload work(problem, {});
  const int64_t none[] = {0, 0, 0}, some[] = {0, 0, 1};
  const int32_t block[] = {1};
  work.tensors().lists = {nullptr, block, nullptr, block, none, some};
  ASSERT_EQ(run(work), "");
  for (int64_t i = 0; i < 64; ++i) {
    EXPECT_EQ(o(work, 1, i, 63), 0.0F);
    EXPECT_EQ(work.lse(0, 1, i), -std::numeric_limits<float>::infinity());
  }
  EXPECT_NE(o(work, 1, 64, 63), 0.0F);
}

// V became fp16 and large bf16 values infinite: black frames.
TEST_P(QuantizedDefects, LargeBf16Values) {
  for (const std::string& request : std::vector<std::string>{"sage1", "acc-f16", preset()}) {
    Problem problem = base(70, 200);
    problem.quantization = canonical(request);
    Workload work(problem, {});
    for (int64_t j = 0; j < 200; ++j) {
      work.set(work.tensors().v, 0, 0, j, 9, j % 2 == 0 ? 3e38F : -3e38F);
      work.set(work.tensors().v, 0, 0, j, 10, 7e4F);
    }
    ASSERT_EQ(run(work), "") << request;
    for (int64_t i = 0; i < 70; ++i) {
      EXPECT_TRUE(std::isfinite(o(work, 0, i, 9)));
      EXPECT_NEAR(o(work, 0, i, 10), 7e4F, 2e3F);
    }
  }
}

// Sums of fp8 products in fp16 overflowed: the worst case is P = 448 of every key of a window against the largest V.
TEST_P(QuantizedDefects, Fp16SumsAtTheirLimit) {
  for (const std::string request : {"sage2++", "sage2++,flush-32", "sage2++,flush-128", "acc-f16", "sage1"}) {
    if (!must_support(GetParam(), *parse_quantization(request))) continue;
    Problem problem = base(65, 512);
    problem.quantization = canonical(request);
    problem.dtype = DType::f16;
    Workload work(problem, {});
    for (int64_t j = 0; j < 512; ++j) {
      for (int64_t d = 0; d < 64; ++d) {
        work.set(work.tensors().k, 0, 0, j, d, 1);
        work.set(work.tensors().v, 0, 0, j, d, d % 2 == 0 ? 60000.0F : -1.0F);
      }
    }
    ASSERT_EQ(run(work), "") << request;
    EXPECT_NEAR(o(work, 0, 64, 0), 60000, 600) << request;
  }
}

// A dead channel of V divided 0 by 0; the mean of V was taken over a padded length.
TEST_P(QuantizedDefects, DeadChannelAndMeanOfRaggedV) {
  Problem problem = base(33, 145);
  problem.quantization = canonical(preset() + ",v-mean");
  Workload work(problem, {});
  for (int64_t j = 0; j < 145; ++j) {
    work.set(work.tensors().v, 0, 0, j, 0, 0);
    work.set(work.tensors().v, 0, 0, j, 1, 8.5F);
  }
  ASSERT_EQ(run(work), "");
  for (int64_t i = 0; i < 33; ++i) {
    EXPECT_EQ(o(work, 0, i, 0), 0.0F);
    EXPECT_EQ(o(work, 0, i, 1), 8.5F);  // nothing is left to round once the mean is gone
  }
}

// K was smoothed in place, in the caller's memory; LSE came without the correction. Both are checked by every run: here with
// a mean that would show.
TEST_P(QuantizedDefects, CallersKeysChangedAndLseOfSmoothedScores) {
  Problem problem = base(40, 100);
  Workload work(problem, {});
  for (int64_t j = 0; j < 100; ++j) {
    for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().k, 0, 0, j, d, 3);
  }
  for (int64_t d = 0; d < 64; ++d) work.set(work.tensors().q, 0, 0, 0, d, 2);
  ASSERT_EQ(run(work), "");
  EXPECT_EQ(work.get(work.tensors().k, 0, 0, 99, 63), 3);
  EXPECT_NEAR(work.lse(0, 0, 0), std::log(100.0) + 3 * 2 * 64 / 8.0, 2e-3);
}

// The mean of packed keys was that of all sequences: right for the softmax, useless where they differ.
TEST_P(QuantizedDefects, MeanOfPackedSequences) {
  Problem problem = base(40, 60);
  problem.varlen = true;
  problem.batch = 2;
  problem.total_q = 50;
  problem.total_kv = 110;
  Workload work(problem, {});
  auto* q = const_cast<int32_t*>(work.tensors().cu_seqlens_q);
  auto* kv = const_cast<int32_t*>(work.tensors().cu_seqlens_kv);
  q[0] = kv[0] = 0, q[1] = 20, q[2] = 50, kv[1] = 55, kv[2] = 110;
  // Two sequences around opposite means, far larger than what tells their keys apart.
  for (int64_t j = 0; j < 110; ++j) {
    for (int64_t d = 0; d < 64; ++d) {
      const float token = std::sin(static_cast<float>(j * 64 + d)) / 2;
      work.set(work.tensors().k, 0, 0, j, d, (j < 55 ? 64.0F : -64.0F) + token);
    }
  }
  ASSERT_EQ(run(work), "");
}

// Offsets in 32 bits: tests/conformance/offsets_test.cpp, with elements 2^32 bytes apart, is run for a quantized problem,
// too.

// A scale that the caller gave was ignored, and a negative one turned maxima into minima.
TEST_P(QuantizedDefects, SoftmaxScaleIgnored) {
  for (const float scale : {1.0F, -0.3F, 0.0F}) {
    Problem problem = base(40, 100);
    problem.softmax_scale = scale;
    Workload work(problem, {});
    ASSERT_EQ(run(work), "") << scale;
    if (scale == 0) {
      EXPECT_NEAR(work.lse(0, 1, 39), std::log(100.0), 1e-4);
    }
  }
}

// Heads of a group read the keys of another.
TEST_P(QuantizedDefects, GroupsOfHeads) {
  Problem problem = base(20, 70);
  problem.heads_q = 6;
  problem.heads_kv = 2;
  Workload work(problem, {});
  for (int64_t j = 0; j < 70; ++j) {
    for (int64_t d = 0; d < 64; ++d) {
      work.set(work.tensors().v, 0, 0, j, d, 1);
      work.set(work.tensors().v, 0, 1, j, d, -2);
    }
  }
  ASSERT_EQ(run(work), "");
  for (int64_t h = 0; h < 6; ++h) EXPECT_NEAR(o(work, h, 19, 40), h < 3 ? 1 : -2, 0.06) << h;
}

// Short sequences, and one query against a cache, gave NaN.
TEST_P(QuantizedDefects, ShortSequences) {
  for (const auto& [rows, keys] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {1, 2}, {2, 31}, {15, 3}}) {
    Problem problem = base(rows, keys);
    problem.causal = true;
    problem.alignment = Alignment::bottom_right;
    Workload work(problem, {});
    ASSERT_EQ(run(work), "");
    EXPECT_TRUE(std::isfinite(o(work, 0, rows - 1, 0)));
  }
}

// Of sinks that the mean raises alike the first is kept, also when a key behind it takes a place before both. A page that a
// sequence has twice makes such keys; here rows that see the first do not all see the second.
TEST_P(QuantizedDefects, SinksThatAreAlike) {
  Problem problem = base(120, 120);
  problem.causal = true;
  problem.quantization = must_support(GetParam(), *parse_quantization("int4,k-sink")) ? "int4,k-sink" : "int8,k-sink";
  Workload work(problem, {});
  const std::vector<std::pair<int64_t, float>> small = {{5, 0.5F}, {10, 0.6F}, {20, 0.9F}, {60, 0.9F}, {110, 0.7F}};
  for (int64_t h = 0; h < 2; ++h) {
    for (int64_t j = 0; j < 120; ++j) {
      const auto sink = std::find_if(small.begin(), small.end(), [j](const auto& key) { return key.first == j; });
      for (int64_t d = 0; d < 64; ++d) {
        const float token = std::sin(static_cast<float>((sink == small.end() ? j : 7) * 64 + d));
        work.set(work.tensors().k, 0, h, j, d, sink == small.end() ? 8 + token : sink->second * token);
      }
    }
  }
  EXPECT_EQ(run(work), "");
}

}  // namespace
}  // namespace attune::test
