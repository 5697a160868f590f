// The quantized model on whole problems: every feature of a problem reaches it, from any layout.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "generator/dtype_codec.hpp"
#include "tests/reference/random_problem.hpp"
#include "tests/reference/workload.hpp"
#include "tuner/quantized/error.hpp"
#include "tuner/quantized/model.hpp"
#include "tuner/reference_row.hpp"

namespace attune::test {
namespace {

namespace quantized = tuner::quantized;

quantized::HeadOutput model(const Workload& work, const std::string& request, int64_t b, int64_t h) {
  const auto parsed = parse_quantization(request);
  EXPECT_TRUE(parsed.ok());
  auto out = quantized::model_head(work.problem(), work.tensors(), *parsed, {}, b, h, nullptr);
  EXPECT_TRUE(out.ok()) << (out.ok() ? "" : out.error().message());
  return out.ok() ? *std::move(out) : quantized::HeadOutput{};
}

// With nothing quantized the model is attention in fp32 with P and O in the problem's type: held to what that may lose, row
// by row, on random problems with hostile tensors.
class QuantizedProblems : public testing::TestWithParam<int> {};

TEST_P(QuantizedProblems, WithNothingQuantizedIsPlainAttention) {
  Random random(static_cast<uint64_t>(GetParam()) * 104729 + 3);
  const Limits limits{3, 6, 40, 48, 3e5};
  for (int n = 0; n < 60; ++n) {
    const Problem problem = draw_shape(draw_traits(random, limits), random, limits);
    const WorkloadOptions options = draw_workload(problem, random);
    const Workload work(problem, options);
    tuner::ReferenceRow row(problem, work.tensors());
    const double u = unit_roundoff(problem.dtype);
    for (int64_t b = 0; b < problem.batch; ++b) {
      for (int64_t h = 0; h < problem.heads_q; ++h) {
        const quantized::HeadOutput out = model(work, "none", b, h);
        ASSERT_EQ(out.o.rows, tuner::lengths_of(problem, work.tensors(), b).q);
        for (int64_t i = 0; i < out.o.rows; ++i) {
          row.compute(b, h, i);
          const double lse = row.lse(), got_lse = static_cast<double>(out.lse[static_cast<size_t>(i)]);
          if (row.visible_keys() == 0) {
            ASSERT_EQ(got_lse, lse) << to_json(problem) << options.to_json();
          } else if (std::fabs(lse) < 1e37) {
            ASSERT_NEAR(got_lse, lse, 1e-4 + 4e-6 * (std::fabs(lse) + row.lse_sensitivity()) + 4 * u)
                << to_json(problem) << options.to_json();
          }
          for (int64_t d = 0; d < problem.head_dim_v; ++d) {
            const auto at = static_cast<size_t>(d);
            const auto got = static_cast<double>(out.o.row(i)[d]);
            if (std::isfinite(row.output()[at])) {
              ASSERT_NEAR(got, row.output()[at], 1e-6 + 4 * u * row.mass()[at] + 8e-6 * row.sensitivity()[at])
                  << i << " " << d << " " << to_json(problem) << options.to_json();
            } else {
              ASSERT_FALSE(std::isfinite(got)) << to_json(problem) << options.to_json();
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, QuantizedProblems, testing::Range(0, 6));

struct Feature {
  std::string name;
  void (*set)(Problem&);
};

std::vector<Feature> features() {
  return {
      {"gqa causal", [](Problem& p) { p.causal = true, p.heads_kv = 2; }},
      {"bottom right", [](Problem& p) { p.causal = true, p.alignment = Alignment::bottom_right, p.seqlen_q = 40; }},
      {"window", [](Problem& p) { p.window_left = 50, p.window_right = 9; }},
      {"softcap", [](Problem& p) { p.softcap = 4; }},
      {"sinks", [](Problem& p) { p.sinks = true; }},
      {"alibi", [](Problem& p) { p.alibi = true; }},
      {"mask", [](Problem& p) { p.mask = {MaskKind::boolean, DType::boolean, 1, 1, p.seqlen_q, p.seqlen_kv}; }},
      {"bias", [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 1, 4, 1, p.seqlen_kv}; }},
      {"lengths", [](Problem& p) { p.kv_lengths = true; }},
      {"varlen", [](Problem& p) { p.varlen = true, p.total_q = 170, p.total_kv = 260; }},
      {"paged", [](Problem& p) { p.page_size = 16, p.page_count = 40; }},
      {"lists", [](Problem& p) { p.sparsity = {SparsityKind::padded_lists, 64, 64, true, false, 1, 1, 3}; }},
      {"bshd", [](Problem& p) { p.layout = Layout::bshd; }},
      {"wide v", [](Problem& p) { p.head_dim_v = 24; }},
  };
}

// int8 with all smoothing, scored apart where there are sinks: within what int8 loses, O and LSE, feature by feature.
TEST(QuantizedFeatures, AllOfThemKeepTheirMeaning) {
  for (const Feature& feature : features()) {
    for (const std::string request : {"int8,token,k-sink,q-mean", "sage2-8b", "sage2++,v-mean"}) {
      for (const Values values : {Values::llm, Values::dit}) {
        Problem problem;
        problem.batch = 2;
        problem.heads_q = problem.heads_kv = 4;
        problem.seqlen_q = 100;
        problem.seqlen_kv = 150;
        problem.head_dim_qk = problem.head_dim_v = 40;
        problem.dtype = DType::f16;
        problem.want_lse = true;
        feature.set(problem);
        ASSERT_TRUE(validate(problem).ok()) << feature.name << validate(problem).error().message();
        WorkloadOptions options;
        options.values = values;
        options.strides = Strides::shuffled;
        const Workload work(problem, options);
        tuner::ReferenceRow row(problem, work.tensors());
        quantized::ErrorSum sum;
        double lse_error = 0;
        int64_t rows = 0;
        for (int64_t b = 0; b < 2; ++b) {
          for (int64_t h = 0; h < problem.heads_q; ++h) {
            const quantized::HeadOutput out = model(work, request, b, h);
            for (int64_t i = 0; i < out.o.rows; ++i) {
              row.compute(b, h, i);
              sum.add(row.output(), {out.o.row(i), static_cast<size_t>(problem.head_dim_v)});
              const float lse = out.lse[static_cast<size_t>(i)];
              if (row.visible_keys() == 0) {
                EXPECT_EQ(lse, -std::numeric_limits<float>::infinity());
              } else {
                lse_error += std::fabs(static_cast<double>(lse) - row.lse());
                ++rows;
              }
            }
          }
        }
        EXPECT_LT(sum.metrics().relative_l1, 0.06) << feature.name << " " << request << " " << name(values);
        EXPECT_LT(lse_error / static_cast<double>(rows), 0.04) << feature.name << " " << request << " " << name(values);
      }
    }
  }
}

}  // namespace
}  // namespace attune::test
