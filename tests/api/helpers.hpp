// Contexts that touch no file, problems with their tensors, and attention in double, written for these tests alone.
#pragma once

#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "attune/attune.h"

namespace attune_test {

struct Destroy {
  void operator()(attune_context* context) const { attune_context_destroy(context); }
  void operator()(attune_plan* plan) const { attune_plan_release(plan); }
  void operator()(attune_tuning* tuning) const { attune_tuning_release(tuning); }
};
using ContextPtr = std::unique_ptr<attune_context, Destroy>;
using PlanPtr = std::unique_ptr<attune_plan, Destroy>;
using TuningPtr = std::unique_ptr<attune_tuning, Destroy>;

inline attune_context_options memory_options() {
  attune_context_options options;
  EXPECT_EQ(attune_context_options_init(&options, sizeof options), ATTUNE_OK);
  options.records_directory = "";
  options.kernels_directory = "";
  options.threads = 2;
  options.worker_program = ATTUNE_TEST_PROGRAM;
  return options;
}

inline ContextPtr make_context(const attune_context_options& options = memory_options()) {
  attune_context* context = nullptr;
  EXPECT_EQ(attune_context_create(&options, &context), ATTUNE_OK) << attune_last_error();
  return ContextPtr(context);
}

inline attune_problem make_problem(int64_t batch, int64_t heads_q, int64_t heads_kv, int64_t seqlen_q, int64_t seqlen_kv,
                                   int64_t head_dim) {
  attune_problem problem;
  EXPECT_EQ(attune_problem_init(&problem, sizeof problem), ATTUNE_OK);
  problem.batch = batch;
  problem.heads_q = heads_q;
  problem.heads_kv = heads_kv;
  problem.seqlen_q = seqlen_q;
  problem.seqlen_kv = seqlen_kv;
  problem.head_dim_qk = problem.head_dim_v = head_dim;
  return problem;
}

inline PlanPtr find(attune_context* context, const attune_problem& problem, int32_t policy = ATTUNE_COMPILE) {
  attune_plan* plan = nullptr;
  EXPECT_EQ(attune_find(context, &problem, policy, nullptr, &plan), ATTUNE_OK) << attune_last_error();
  return PlanPtr(plan);
}

// fp32 tensors of a problem, contiguous in its layout, O filled with NaN.
struct Arrays {
  explicit Arrays(const attune_problem& of) : problem(of) {
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    const auto make = [&](int64_t heads, int64_t seqlen, int64_t head_dim) {
      std::vector<float> values(static_cast<size_t>(of.batch * heads * seqlen * head_dim));
      for (float& value : values) value = normal(random);
      return values;
    };
    q = make(of.heads_q, of.seqlen_q, of.head_dim_qk);
    k = make(of.heads_kv, of.seqlen_kv, of.head_dim_qk);
    v = make(of.heads_kv, of.seqlen_kv, of.head_dim_v);
    o.assign(static_cast<size_t>(of.batch * of.heads_q * of.seqlen_q * of.head_dim_v),
             std::numeric_limits<float>::quiet_NaN());
    lse.assign(static_cast<size_t>(of.batch * of.heads_q * of.seqlen_q), std::numeric_limits<float>::quiet_NaN());
    EXPECT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
    EXPECT_EQ(attune_tensors_set_contiguous(&of, &tensors), ATTUNE_OK) << attune_last_error();
    tensors.q.data = q.data();
    tensors.k.data = k.data();
    tensors.v.data = v.data();
    tensors.o.data = o.data();
    if (of.want_lse != 0) tensors.lse = lse.data();
  }

  // Largest difference from the definition, over O and (when wanted) LSE. Scale, causal, lengths and layout by strides.
  double largest_error(const std::vector<int32_t>& kv_lengths = {}) const {
    double worst = 0;
    const double scale = problem.has_softmax_scale != 0 ? static_cast<double>(problem.softmax_scale)
                                                        : 1 / std::sqrt(static_cast<double>(problem.head_dim_qk));
    for (int64_t b = 0; b < problem.batch; ++b) {
      for (int64_t h = 0; h < problem.heads_q; ++h) {
        for (int64_t i = 0; i < problem.seqlen_q; ++i) worst = std::max(worst, row_error(b, h, i, scale, kv_lengths));
      }
    }
    return worst;
  }

  attune_problem problem;
  attune_tensors tensors;
  std::vector<float> q, k, v, o, lse;

 private:
  template <class View>
  static const float* row(const View& view, int64_t b, int64_t h, int64_t i) {
    return static_cast<const float*>(view.data) + b * view.stride_batch + h * view.stride_head + i * view.stride_seq;
  }

  double row_error(int64_t b, int64_t h, int64_t i, double scale, const std::vector<int32_t>& kv_lengths) const {
    const int64_t hkv = h / (problem.heads_q / problem.heads_kv);
    const int64_t keys = kv_lengths.empty() ? problem.seqlen_kv : kv_lengths[static_cast<size_t>(b)];
    const int64_t shift = problem.alignment == ATTUNE_BOTTOM_RIGHT ? keys - problem.seqlen_q : 0;
    const int64_t visible = problem.causal != 0 ? std::clamp<int64_t>(i + shift + 1, 0, keys) : keys;
    std::vector<double> p(static_cast<size_t>(visible));
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t j = 0; j < visible; ++j) {
      double dot = 0;
      for (int64_t d = 0; d < problem.head_dim_qk; ++d) {
        dot += static_cast<double>(row(tensors.q, b, h, i)[d]) * static_cast<double>(row(tensors.k, b, hkv, j)[d]);
      }
      p[static_cast<size_t>(j)] = dot * scale;
      largest = std::max(largest, dot * scale);
    }
    for (double& value : p) sum += value = std::exp(value - largest);
    double worst = 0;
    const auto differ = [&](double expected, double actual) {
      const double error = expected == actual ? 0 : std::abs(expected - actual);
      worst = error <= worst ? worst : error;  // NaN wins
      if (std::isnan(error)) worst = std::numeric_limits<double>::infinity();
    };
    for (int64_t d = 0; d < problem.head_dim_v; ++d) {
      double expected = 0;
      for (int64_t j = 0; j < visible; ++j) {
        expected += p[static_cast<size_t>(j)] / sum * static_cast<double>(row(tensors.v, b, hkv, j)[d]);
      }
      differ(expected, static_cast<double>(row(tensors.o, b, h, i)[d]));
    }
    if (problem.want_lse != 0) {
      const auto at = static_cast<size_t>((b * problem.heads_q + h) * problem.seqlen_q + i);
      differ(visible == 0 ? -std::numeric_limits<double>::infinity() : largest + std::log(sum),
             static_cast<double>(lse[at]));
    }
    return worst;
  }
};

// The call failed with this status, and the thread's message has these words in it.
#define EXPECT_REFUSED(call, expected_status, words)                                   \
  do {                                                                                 \
    EXPECT_EQ(call, expected_status) << #call << ": " << attune_last_error();          \
    EXPECT_THAT(std::string(attune_last_error()), testing::HasSubstr(words)) << #call; \
  } while (false)

}  // namespace attune_test
