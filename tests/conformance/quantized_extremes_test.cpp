// Values at which a quantizer divides by zero, overflows, or lets one NaN spread.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

class QuantizedExtremes : public testing::TestWithParam<std::string> {
 protected:
  static Problem base(const std::string& request, DType dtype = DType::bf16) {
    Problem p;
    p.heads_q = 2;
    p.heads_kv = 2;
    p.seqlen_q = 130;
    p.seqlen_kv = 150;
    p.head_dim_qk = p.head_dim_v = 64;
    p.dtype = dtype;
    p.want_lse = true;
    p.quantization = canonical(request);
    return p;
  }
  // Requests with both 16-bit and, where the target has it, 8-bit V.
  std::vector<std::string> requests() const {
    std::vector<std::string> all;
    for (const std::string request : {"sage1", "int8,token,k-sink,q-mean,pv-int8", "sage2-8b", "sage2-4b"}) {
      if (must_support(GetParam(), *parse_quantization(request))) all.push_back(request);
    }
    return all;
  }
  std::string run(Workload& work) const {
    work.seal();
    return run_quantized(GetParam(), work);
  }
  static float o(const Workload& work, int64_t h, int64_t i, int64_t d) { return work.get(work.tensors().o, 0, h, i, d); }
  // All elements of rows [begin, end) of a head are numbers.
  static bool finite(const Workload& work, int64_t h, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t d = 0; d < work.problem().head_dim_v; ++d) {
        if (!std::isfinite(o(work, h, i, d))) return false;
      }
    }
    return true;
  }
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, QuantizedExtremes, testing::ValuesIn(quantized_representatives()), target_of);

TEST_P(QuantizedExtremes, DeadChannelsBlocksAndHeads) {
  for (const std::string& request : requests()) {
    SCOPED_TRACE(request);
    Workload work(base(request), {});
    const Tensors& t = work.tensors();
    for (int64_t j = 0; j < 150; ++j) {
      work.set(t.v, 0, 0, j, 3, 0);
      for (int64_t d = 0; d < 64; ++d) {
        if (j >= 64 && j < 128) work.set(t.k, 0, 0, j, d, 0);
        work.set(t.v, 0, 1, j, d, 0);
        work.set(t.k, 0, 1, j, d, 0);
      }
    }
    for (int64_t i = 0; i < 64; ++i) {
      for (int64_t d = 0; d < 64; ++d) work.set(t.q, 0, 0, i, d, -0.0F);
    }
    ASSERT_EQ(run(work), "");
    EXPECT_TRUE(finite(work, 0, 0, 130) && finite(work, 1, 0, 130));
    for (int64_t i = 0; i < 130; ++i) {
      EXPECT_EQ(o(work, 0, i, 3), 0.0F);
      EXPECT_EQ(o(work, 1, i, 63), 0.0F);
      EXPECT_NEAR(work.lse(0, 1, i), std::log(150.0), 1e-4);
    }
  }
}

TEST_P(QuantizedExtremes, HugeAndTinyMagnitudes) {
  for (const std::string& request : requests()) {
    for (const DType dtype : {DType::bf16, DType::f16}) {
      for (const float magnitude : {dtype == DType::bf16 ? 1e30F : 6e4F, dtype == DType::bf16 ? 1e-30F : 1e-5F}) {
        SCOPED_TRACE(request + " " + std::string(name(dtype)) + " " + std::to_string(magnitude));
        Workload work(base(request, dtype), {});
        const Tensors& t = work.tensors();
        for (int64_t j = 0; j < 150; ++j) {
          // Values within the magnitude, so that no weighted mean of them leaves the type.
          for (int64_t d = 0; d < 64; ++d) {
            work.set(t.v, 0, 0, j, d, magnitude * std::tanh(work.get(t.v, 0, 0, j, d)));
          }
          // A channel of K whose bias is all that is large: smoothing takes it away, and without it the scores stay finite.
          if (magnitude > 1) work.set(t.k, 0, 1, j, 5, dtype == DType::bf16 ? 1e4F : 3e3F);
          if (magnitude < 1) {
            for (int64_t d = 0; d < 64; ++d) work.set(t.k, 0, 1, j, d, magnitude * work.get(t.k, 0, 1, j, d));
          }
        }
        EXPECT_EQ(run(work), "");
        EXPECT_TRUE(finite(work, 0, 0, 130));
        // With fp16 sums V becomes fp16, where 1e-30 is 0.
        const bool vanishes = request == "sage1" && dtype == DType::bf16 && magnitude < 1;
        EXPECT_EQ(o(work, 0, 5, 7) == 0.0F, vanishes);
      }
    }
  }
}

TEST_P(QuantizedExtremes, WhatIsNotFinitePoisonsWhoSeesIt) {
  for (const std::string& request : requests()) {
    for (const float poison : {std::nanf(""), infinity, -infinity}) {
      SCOPED_TRACE(request + " " + std::to_string(poison));
      Problem problem = base(request);
      problem.causal = true;
      problem.seqlen_q = 150;
      Workload work(problem, {});
      const Tensors& t = work.tensors();
      work.set(t.k, 0, 0, 97, 11, poison);
      work.set(t.v, 0, 1, 120, 7, poison);
      work.set(t.q, 0, 1, 40, 63, poison);
      ASSERT_EQ(run(work), "");
      EXPECT_TRUE(finite(work, 0, 0, 97));
      for (int64_t i = 97; i < 150; ++i) EXPECT_TRUE(std::isnan(o(work, 0, i, 0))) << i;
      EXPECT_TRUE(finite(work, 1, 0, 40) && finite(work, 1, 41, 120));
      EXPECT_TRUE(std::isnan(o(work, 1, 40, 5)));
      for (int64_t i = 120; i < 150; ++i) {
        EXPECT_TRUE(std::isnan(o(work, 1, i, 7))) << i;
        EXPECT_TRUE(std::isfinite(o(work, 1, i, 6)) && std::isfinite(work.lse(0, 1, i))) << i;
      }
    }
  }
}

TEST_P(QuantizedExtremes, NanBeyondTheLengthsAndRowsWithoutKeys) {
  for (const std::string& request : requests()) {
    SCOPED_TRACE(request);
    Problem problem = base(request);
    problem.batch = 4;
    problem.kv_lengths = problem.causal = true;
    problem.alignment = Alignment::bottom_right;
    Workload work(problem, {11, Values::llm, Strides::shuffled, false, false});
    auto* lengths = const_cast<int32_t*>(work.tensors().kv_lengths);
    const std::vector<int32_t> wanted = {0, 1, 65, 150};
    std::copy(wanted.begin(), wanted.end(), lengths);
    // Everything a kernel could take for a key is NaN.
    for (int64_t b = 0; b < 4; ++b) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t j = 0; j < 150; ++j) {
          for (int64_t d = 0; d < 64; ++d) {
            const bool lives = j < wanted[static_cast<size_t>(b)];
            const float value = static_cast<float>((j * 7 + d * 3 + h) % 11) - 5;
            work.set(work.tensors().k, b, h, j, d, lives ? value : std::nanf(""));
            work.set(work.tensors().v, b, h, j, d, lives ? value / 2 : infinity);
          }
        }
      }
    }
    ASSERT_EQ(run(work), "");
    for (int64_t b = 0; b < 4; ++b) {
      const int64_t empty = std::max<int64_t>(0, 130 - wanted[static_cast<size_t>(b)]);
      for (int64_t i = 0; i < 130; ++i) {
        const float value = work.get(work.tensors().o, b, 1, i, 9);
        EXPECT_TRUE(std::isfinite(value));
        if (i < empty) {
          EXPECT_EQ(value, 0.0F);
        }
        EXPECT_EQ(work.lse(b, 1, i) == -infinity, i < empty);
      }
    }
  }
}

// Keys alike but for their size: scores far apart, P of one key alone.
TEST_P(QuantizedExtremes, LogitsInTheHundredsRisingAndFalling) {
  for (const std::string& request : requests()) {
    for (const bool rising : {true, false}) {
      SCOPED_TRACE(request);
      Workload work(base(request), {});
      const Tensors& t = work.tensors();
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t i = 0; i < 130; ++i) work.set(t.q, 0, h, i, 0, 8.0F);
        for (int64_t j = 0; j < 150; ++j) work.set(t.k, 0, h, j, 0, static_cast<float>(rising ? j : 150 - j));
      }
      EXPECT_EQ(run(work), "");
    }
  }
}

}  // namespace
}  // namespace attune::test
