// The quantized model against an independent computation, its identities, and the traps that published kernels fell into.
#include "tuner/quantized/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/short_accumulator.hpp"
#include "generator/dtype_codec.hpp"
#include "tuner/quantized/accumulate.hpp"
#include "tuner/quantized/error.hpp"
#include "tuner/quantized/rounding.hpp"

namespace attune::tuner::quantized {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

const std::vector<std::string>& requests() {
  static const std::vector<std::string> all = {"none",
                                               "sage1",
                                               "sage2-8b",
                                               "sage2-4b",
                                               "sage2++",
                                               "int8,token,k-sink",
                                               "int8,tensor,k-mean,v-mean,pv-e4m3",
                                               "int8,warp,q-mean,pv-int8",
                                               "e4m3,block,k-mean,pv-e4m3",
                                               "int8,k-mean,v-mean,acc-f16",
                                               "sage2-4b,k-sink,v-mean",
                                               "sage2-8b,scale-reciprocal",
                                               "sage2++,scale-divided"};
  return all;
}

Matrix normal(int64_t rows, int64_t columns, uint32_t seed, float bias = 0, float spread = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0, spread);
  std::vector<float> means(static_cast<size_t>(columns));
  for (float& mean : means) mean = bias * draw(random);
  Matrix x(rows, columns);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t c = 0; c < columns; ++c) {
      x.row(i)[c] = fp16_to_float(float_to_fp16(means[static_cast<size_t>(c)] + draw(random)));
    }
  }
  return x;
}

HeadTensors head(int64_t rows, int64_t keys, int64_t d, int64_t d_v, uint32_t seed = 1) {
  return {normal(rows, d, seed, 0.5F), normal(keys, d, seed + 1, 3), normal(keys, d_v, seed + 2)};
}

ScoreRules rules_for(const HeadTensors& h, bool causal = false) {
  ScoreRules rules;
  rules.softmax_scale = 1 / std::sqrt(static_cast<float>(h.q.columns));
  if (causal) {
    const int64_t shift = h.k.rows - h.q.rows;
    rules.bias = [shift](int64_t i, std::span<float> bias) {
      for (size_t n = 0; n < bias.size(); ++n) bias[n] = static_cast<int64_t>(n) > i + shift ? -infinity : 0.0F;
    };
  }
  return rules;
}

HeadOutput run(const HeadTensors& h, const std::string& request, const ScoreRules& rules, const ModelOptions& options = {},
               DType dtype = DType::f32) {
  const auto parsed = parse_quantization(request);
  EXPECT_TRUE(parsed.ok()) << request;
  auto out = model_matrices(h, dtype, *parsed, rules, options, nullptr);
  EXPECT_TRUE(out.ok()) << request << ": " << (out.ok() ? "" : out.error().message());
  return out.ok() ? *std::move(out) : HeadOutput{};
}

// Attention in double with the same rules.
struct Exact {
  std::vector<double> o, lse;
};
Exact exact(const HeadTensors& h, const ScoreRules& rules) {
  Exact out;
  for (int64_t i = 0; i < h.q.rows; ++i) {
    std::vector<float> bias(static_cast<size_t>(h.k.rows));
    if (rules.bias) rules.bias(i, bias);
    std::vector<double> s;
    double largest = rules.sink == nullptr ? -HUGE_VAL : static_cast<double>(*rules.sink), sum = 0;
    for (int64_t n = 0; n < h.k.rows; ++n) {
      double dot = 0;
      for (int64_t c = 0; c < h.q.columns; ++c)
        dot += static_cast<double>(h.q.row(i)[c]) * static_cast<double>(h.k.row(n)[c]);
      dot *= static_cast<double>(rules.softmax_scale);
      const auto cap = static_cast<double>(rules.softcap);
      if (cap > 0) dot = cap * std::tanh(dot / cap);
      s.push_back(dot + static_cast<double>(bias[static_cast<size_t>(n)]));
      largest = std::max(largest, s.back());
    }
    std::vector<double> o(static_cast<size_t>(h.v.columns));
    if (rules.sink != nullptr) sum = std::exp(static_cast<double>(*rules.sink) - largest);
    for (int64_t n = 0; n < h.k.rows; ++n) {
      if (s[static_cast<size_t>(n)] == -HUGE_VAL) continue;
      const double p = std::exp(s[static_cast<size_t>(n)] - largest);
      sum += p;
      for (size_t c = 0; c < o.size(); ++c) o[c] += p * static_cast<double>(h.v.row(n)[c]);
    }
    for (const double value : o) out.o.push_back(sum > 0 ? value / sum : 0);
    out.lse.push_back(sum > 0 ? largest + std::log(sum) : -HUGE_VAL);
  }
  return out;
}

ErrorMetrics compare(const std::vector<double>& reference, const HeadOutput& out) {
  ErrorSum sum;
  sum.add(reference, out.o.values);
  return sum.metrics();
}

// What a request may lose on this data: int4 much, fp8 P some, int8 with 16-bit P little.
double bound(const Quantization& q) {
  if (q.qk == QkOperand::int4) return 0.3;
  if (q.qk == QkOperand::e4m3 || q.k_smoothing == KSmoothing::none) return q.none() ? 1e-5 : 0.12;
  return 0.06;
}

TEST(QuantizedModel, EveryRequestIsNearDoubleOnRaggedShapes) {
  for (const std::string& request : requests()) {
    const Quantization q = *parse_quantization(request);
    for (const auto& [rows, keys, d, d_v] : std::vector<std::tuple<int64_t, int64_t, int64_t, int64_t>>{
             {130, 197, 40, 24}, {1, 77, 128, 128}, {33, 64, 64, 72}, {5, 1, 8, 8}}) {
      const HeadTensors h = head(rows, keys, d, d_v);
      for (const bool causal : {false, true}) {
        const ScoreRules rules = rules_for(h, causal);
        const Exact reference = exact(h, rules);
        const HeadOutput out = run(h, request, rules);
        const ErrorMetrics metrics = compare(reference.o, out);
        EXPECT_LT(metrics.relative_l1, bound(q))
            << request << " " << rows << "x" << keys << " D" << d << " causal " << causal;
        for (size_t i = 0; i < reference.lse.size(); ++i) {
          if (std::isinf(reference.lse[i])) {
            EXPECT_EQ(out.lse[i], -infinity);
          } else {
            EXPECT_NEAR(out.lse[i], reference.lse[i], q.qk == QkOperand::int4 ? 0.8 : 0.12) << request;
          }
        }
      }
    }
  }
}

// int8 without smoothing, tensor scales, P in e4m3 with one tile: every number by hand, with nothing of the model's code but
// the two rounding functions that are tested on their own.
TEST(QuantizedModel, OneTileByHand) {
  const HeadTensors h = head(7, 48, 16, 8);
  const ScoreRules rules = rules_for(h);
  const HeadOutput out = run(h, "int8,tensor,pv-e4m3", rules);
  const auto amax = [](const Matrix& x) {
    float value = 0;
    for (const float e : x.values) value = std::max(value, std::fabs(e));
    return value;
  };
  const float q_amax = amax(h.q), k_amax = amax(h.k);
  for (int64_t i = 0; i < 7; ++i) {
    std::vector<double> s;
    for (int64_t n = 0; n < 48; ++n) {
      double dot = 0;
      for (int64_t c = 0; c < 16; ++c) {
        dot += std::nearbyint(static_cast<double>(h.q.row(i)[c] * (127 / q_amax))) *
               std::nearbyint(static_cast<double>(h.k.row(n)[c] * (127 / k_amax)));
      }
      s.push_back(dot * static_cast<double>(q_amax) / 127 * static_cast<double>(k_amax) / 127 / 4 * 1.4426950408889634);
    }
    const double m = *std::max_element(s.begin(), s.end()) - 8.807;
    double sum = 0;
    for (const double x : s) sum += std::exp2(x - m);
    for (int64_t c = 0; c < 8; ++c) {
      float v_amax = 0;
      for (int64_t n = 0; n < 48; ++n) v_amax = std::max(v_amax, std::fabs(h.v.row(n)[c]));
      double o = 0;
      for (int64_t n = 0; n < 48; ++n) {
        const double p = static_cast<double>(round_e4m3(static_cast<float>(std::exp2(s[static_cast<size_t>(n)] - m))));
        o += p * static_cast<double>(round_e4m3(h.v.row(n)[c] * (448 / v_amax)));
      }
      o = o / sum * static_cast<double>(v_amax) / 448;
      // A P beside a rounding boundary may fall to the other side: one of 48 by 2^-4 of itself.
      EXPECT_NEAR(out.o.row(i)[c], o, 2e-3) << i << " " << c;
    }
  }
}

TEST(QuantizedModel, AConstantAddedToKChangesNothing) {
  for (const std::string request : {"sage2-8b", "sage2-4b", "sage2++", "sage1"}) {
    HeadTensors h = head(64, 128, 64, 32);
    const ScoreRules rules = rules_for(h, true);
    const HeadOutput before = run(h, request, rules);
    for (int64_t n = 0; n < h.k.rows; ++n) {
      for (int64_t c = 0; c < h.k.columns; ++c) h.k.row(n)[c] += static_cast<float>(c % 5) - 2;
    }
    const HeadOutput after = run(h, request, rules);
    const std::vector<double> reference(before.o.values.begin(), before.o.values.end());
    // Codes at a tie may move by one where the sum rounds the other way.
    EXPECT_LT(compare(reference, after).relative_l1, 2e-3) << request;
  }
}

TEST(QuantizedModel, ADoubledVDoublesOExactly) {
  for (const std::string& request : requests()) {
    HeadTensors h = head(40, 130, 32, 16);
    const ScoreRules rules = rules_for(h);
    // In fp16 sums a doubled V is exact as well, short of its subnormals: away from these only by the size of the values.
    if (parse_quantization(request)->scales != ScaleConvention::safe) continue;
    const HeadOutput once = run(h, request, rules);
    for (float& value : h.v.values) value *= 2;
    const HeadOutput twice = run(h, request, rules);
    for (size_t n = 0; n < once.o.values.size(); ++n) {
      if (parse_quantization(request)->accumulator == PvAccumulator::f16) {
        EXPECT_NEAR(twice.o.values[n], 2 * once.o.values[n], 1e-3F) << request;
      } else {
        EXPECT_EQ(twice.o.values[n], 2 * once.o.values[n]) << request;
      }
    }
  }
}

TEST(QuantizedModel, LseIsTheSameWithAndWithoutSmoothing) {
  const HeadTensors h = head(64, 200, 64, 16);
  const ScoreRules rules = rules_for(h);
  const Exact reference = exact(h, rules);
  for (const std::string request : {"int8,token", "int8,token,k-mean", "int8,token,k-sink", "int8,token,q-mean,k-mean"}) {
    const HeadOutput out = run(h, request, rules);
    for (size_t i = 0; i < reference.lse.size(); ++i) {
      EXPECT_NEAR(out.lse[i], reference.lse[i], request == "int8,token" ? 0.2 : 0.05) << request;
    }
  }
}

TEST(QuantizedModel, RowsOfOnesAddUp) {
  HeadTensors h = head(50, 300, 64, 8);
  std::fill(h.v.values.begin(), h.v.values.end(), 1.0F);
  for (const std::string& request : requests()) {
    const HeadOutput out = run(h, request, rules_for(h, true));
    double mean = 0;
    for (const float value : out.o.values) {
      EXPECT_NEAR(value, 1.0F, 0x1p-4F) << request;
      mean += static_cast<double>(value) / static_cast<double>(out.o.values.size());
    }
    EXPECT_NEAR(mean, 1.0, 2.5e-3) << request;
  }
}

// Smoothing takes q . km off every score: softcap and the softmax's sink logit must see the whole score again.
TEST(QuantizedModel, SoftcapAndSinksSeeTheWholeScore) {
  const HeadTensors h = head(40, 150, 64, 16);
  const float sink = 1.5F;
  for (const bool with_cap : {false, true}) {
    for (const std::string request :
         {"int8,token,k-mean", "int8,token,k-sink,q-mean", "sage2-8b,token", "sage2-8b,token,v-mean"}) {
      ScoreRules rules = rules_for(h);
      rules.sink = &sink;
      if (with_cap) rules.softcap = 3;
      const Exact reference = exact(h, rules);
      const HeadOutput out = run(h, request, rules);
      EXPECT_LT(compare(reference.o, out).relative_l1, 0.05) << request << " " << with_cap;
      for (size_t i = 0; i < reference.lse.size(); ++i) EXPECT_NEAR(out.lse[i], reference.lse[i], 0.05) << request;
    }
  }
}

// Two sinks among keys with a large bias, alone visible to some rows: their scores are exact whatever the codes are, also
// under a softcap and beside a delta S.
TEST(QuantizedModel, SinkKeysAreScoredApart) {
  HeadTensors h = head(70, 150, 32, 8);
  for (const int64_t sink : {int64_t{0}, int64_t{70}}) {
    for (int64_t c = 0; c < 32; ++c) h.k.row(sink)[c] *= 0.05F;
  }
  for (const std::string request : {"int4,k-sink", "int4,k-sink,q-mean", "int8,token,k-sink,pv-e4m3"}) {
    for (const float cap : {0.0F, 5.0F}) {
      ScoreRules rules = rules_for(h);
      rules.softcap = cap;
      // Rows below 35 see the two sinks alone, the others everything.
      rules.bias = [](int64_t i, std::span<float> bias) {
        for (size_t n = 0; n < bias.size(); ++n) bias[n] = i < 35 && n != 0 && n != 70 ? -infinity : 0.0F;
      };
      const Exact reference = exact(h, rules);
      const HeadOutput out = run(h, request, rules);
      for (size_t i = 0; i < 35; ++i) EXPECT_NEAR(out.lse[i], reference.lse[i], 1e-4) << request << " " << cap;
      EXPECT_LT(compare(reference.o, out).relative_l1, bound(*parse_quantization(request))) << request << " " << cap;
    }
  }
}

TEST(QuantizedModel, RowsWithoutKeysAreZero) {
  const HeadTensors h = head(4, 70, 16, 8);
  ScoreRules rules = rules_for(h);
  rules.bias = [](int64_t i, std::span<float> bias) {
    for (float& b : bias) b = i % 2 == 0 ? -infinity : 0.0F;
  };
  const float sink = 2;
  for (const float* logit : {static_cast<const float*>(nullptr), &sink}) {
    rules.sink = logit;
    for (const std::string& request : requests()) {
      const HeadOutput out = run(h, request, rules);
      for (int64_t c = 0; c < 8; ++c) EXPECT_EQ(out.o.row(2)[c], 0.0F) << request;
      EXPECT_EQ(out.lse[2], -infinity) << request;
      EXPECT_NE(out.o.row(1)[0], 0.0F) << request;
    }
  }
  HeadTensors empty = head(3, 0, 16, 8);
  for (const std::string& request : requests())
    EXPECT_EQ(run(empty, request, rules_for(empty)).lse[0], -infinity) << request;
}

TEST(QuantizedModel, BlocksAndChannelsOfZeros) {
  HeadTensors h = head(130, 192, 32, 16);
  std::fill(h.k.row(64), h.k.row(128), 0.0F);
  std::fill(h.q.row(0), h.q.row(32), 0.0F);
  for (int64_t n = 0; n < h.v.rows; ++n) h.v.row(n)[5] = 0;
  const ScoreRules rules = rules_for(h);
  for (const std::string& request : requests()) {
    const HeadOutput out = run(h, request, rules);
    for (const float value : out.o.values) ASSERT_TRUE(std::isfinite(value)) << request;
    for (int64_t i = 0; i < out.o.rows; ++i) EXPECT_EQ(out.o.row(i)[5], 0.0F) << request;
  }
}

TEST(QuantizedModel, VOfAnyBf16Magnitude) {
  for (const float magnitude : {1e-36F, 1e-20F, 7e4F, 1e10F, 1e37F}) {
    HeadTensors h = head(40, 100, 32, 8);
    for (float& value : h.v.values) value = bf16_to_float(float_to_bf16(value * magnitude));
    const ScoreRules rules = rules_for(h);
    const Exact reference = exact(h, rules);
    for (const std::string request : {"sage1", "int8,k-mean,acc-f16", "sage2-8b", "sage2++", "int8,k-mean,pv-int8"}) {
      // fp16 holds nothing below 6e-8; P V in bf16 or by scaled codes does.
      if (magnitude < 1 && parse_quantization(request)->pv == PvOperand::input) continue;
      const HeadOutput out = run(h, request, rules, {}, DType::bf16);
      EXPECT_LT(compare(reference.o, out).relative_l1, 0.06) << request << " " << magnitude;
    }
  }
}

// One element that is not finite: the rows that see it are NaN (of V: in its channel), and all others are what they were.
TEST(QuantizedModel, NonFiniteElementsPoisonOnlyWhoSeesThem) {
  for (const float poison : {nan_value, infinity, -infinity}) {
    for (const std::string request : {"sage1", "sage2-8b", "sage2-4b,k-sink", "sage2++,v-mean", "int8,token,pv-int8"}) {
      for (const char where : {'q', 'k', 'v'}) {
        HeadTensors h = head(96, 96, 32, 16);
        const ScoreRules rules = rules_for(h, true);
        HeadTensors zeroed = h;
        (where == 'q' ? h.q : where == 'k' ? h.k : h.v).row(40)[3] = poison;
        const HeadOutput out = run(h, request, rules);
        for (int64_t i = 0; i < 96; ++i) {
          const bool sees = where == 'q' ? i == 40 : i >= 40;
          for (int64_t c = 0; c < 16; ++c) {
            const bool hit = sees && (where != 'v' || c == 3);
            EXPECT_EQ(std::isnan(out.o.row(i)[c]), hit) << request << " " << where << " " << i << " " << c;
          }
          EXPECT_EQ(std::isnan(out.lse[static_cast<size_t>(i)]), sees && where != 'v')
              << request << " " << where << " " << i;
        }
        // The others lose nothing by it.
        const Exact reference = exact(zeroed, rules);
        ErrorSum sum;
        for (int64_t i = 0; i < 40; ++i) {
          sum.add(std::span(reference.o).subspan(static_cast<size_t>(i) * 16, 16), {out.o.row(i), 16});
        }
        EXPECT_LT(sum.metrics().relative_l1, bound(*parse_quantization(request))) << request << " " << where;
      }
    }
  }
}

TEST(QuantizedModel, InputsAreNotChanged) {
  const HeadTensors h = head(40, 70, 32, 16);
  const HeadTensors copy = h;
  for (const std::string& request : requests()) run(h, request, rules_for(h));
  EXPECT_EQ(h.q.values, copy.q.values);
  EXPECT_EQ(h.k.values, copy.k.values);
  EXPECT_EQ(h.v.values, copy.v.values);
}

TEST(QuantizedModel, WhatItCannotBeAsked) {
  const HeadTensors h = head(4, 4, 8, 8);
  const auto refused = [&](const std::string& request, const ModelOptions& options) {
    const auto out = model_matrices(h, DType::f16, *parse_quantization(request), rules_for(h), options, nullptr);
    return out.ok() ? "" : out.error().message();
  };
  EXPECT_THAT(refused("sage", {}), testing::HasSubstr("give one of its presets"));
  ModelOptions options;
  options.schedule.key_tile = 96;
  EXPECT_THAT(refused("sage2-8b", options),
              testing::HasSubstr("key_tile = 96 is not a multiple of the flush interval of 64"));
  options.schedule.tiles.warp_kv = 4;
  EXPECT_THAT(refused("int8", options), testing::HasSubstr("warp_kv"));
}

TEST(QuantizedOperands, GroupsShareTheirScale) {
  const Matrix k = normal(150, 24, 3);
  for (const std::string text : {"int8", "int4", "int8,token", "int8,block", "int8,tensor", "int8,warp", "e4m3"}) {
    const Quantization request = *parse_quantization(text);
    const OperandOptions options;
    const QuantizedKeys quantized = quantize_keys(k, DType::f16, request, options);
    const ScaleGroups groups = k_scale_groups(request.granularity, options.tiles);
    ASSERT_EQ(static_cast<int64_t>(quantized.k.scales.size()), groups.count(150));
    for (int64_t n = 0; n < 150; ++n) {
      float amax = 0;
      for (int64_t other = 0; other < 150; ++other) {
        if (groups.of(other) != groups.of(n)) continue;
        for (int64_t c = 0; c < 24; ++c) amax = std::max(amax, std::fabs(k.row(other)[c]));
      }
      EXPECT_EQ(quantized.k.scale_of(n), amax / request.qk_target()) << text;
      for (int64_t c = 0; c < 24; ++c) {
        const float step = request.qk == QkOperand::e4m3 ? std::max(std::fabs(k.row(n)[c]) / 16, 0x1p-10F * amax)
                                                         : amax / request.qk_target() / 2;
        EXPECT_NEAR(quantized.k.codes.row(n)[c] * quantized.k.scale_of(n), k.row(n)[c], step * 1.001F) << text;
      }
    }
  }
}

TEST(QuantizedOperands, SinksAreFoundAndScoredApart) {
  Matrix k = normal(200, 32, 5, 4);
  for (const int64_t sink : {int64_t{0}, int64_t{70}}) {
    for (int64_t c = 0; c < 32; ++c) k.row(sink)[c] *= 0.1F;
  }
  const SmoothedKeys smoothed = smooth_keys(k, DType::f16, *parse_quantization("int4,k-sink"), SinkRule::apart, 64);
  EXPECT_EQ(smoothed.sinks, (std::vector<int64_t>{0, 70}));
  std::vector<uint8_t> others(200);
  others[0] = others[70] = 1;
  EXPECT_EQ(smoothed.mean, mean_row(k, 0, 200, &others, true));
  for (int64_t c = 0; c < 32; ++c) {
    EXPECT_EQ(smoothed.rows.row(70)[c], 0.0F);
    EXPECT_EQ(smoothed.sink_rows.row(1)[c], k.row(70)[c] - smoothed.mean[static_cast<size_t>(c)]);
  }
  // Where the mean is small against the keys there is none; of many, only max_sink_keys.
  EXPECT_TRUE(
      smooth_keys(normal(500, 64, 6), DType::f16, *parse_quantization("int4,k-sink"), SinkRule::apart, 64).sinks.empty());
  for (int64_t n = 100; n < 120; ++n) {
    for (int64_t c = 0; c < 32; ++c) k.row(n)[c] *= 0.1F;
  }
  EXPECT_EQ(smooth_keys(k, DType::f16, *parse_quantization("int4,k-sink"), SinkRule::apart, 64).sinks.size(), 4u);
}

TEST(QuantizedOperands, TheMeanIsRoundedAsPublished) {
  const Matrix k = normal(77, 16, 8, 3);
  const auto smooth = [&](const char* text) {
    return smooth_keys(k, DType::bf16, *parse_quantization(text), SinkRule::apart, 64);
  };
  const SmoothedKeys safe = smooth("int8,k-mean"), cuda = smooth("int8,k-mean,scale-reciprocal"),
                     triton = smooth("int8,k-mean,scale-divided");
  for (size_t c = 0; c < 16; ++c) {
    EXPECT_EQ(cuda.mean[c], round_to(DType::bf16, safe.mean[c]));
    EXPECT_EQ(triton.mean[c], cuda.mean[c]);
    EXPECT_EQ(cuda.rows.row(9)[c], k.row(9)[c] - cuda.mean[c]);
    EXPECT_EQ(triton.rows.row(9)[c], round_to(DType::bf16, k.row(9)[c] - cuda.mean[c]));
  }
}

TEST(QuantizedAccumulator, FlushWindowsAndKSteps) {
  const Matrix v = normal(64, 4, 9);
  std::vector<float> p(64);
  for (size_t n = 0; n < p.size(); ++n) p[n] = round_e4m3(448.0F / static_cast<float>(n + 1));
  const auto f16 = [](double x) { return emulator::f32_from_f16(emulator::f16_from_f64(x)); };
  for (const std::string text : {"pv-e4m3,acc-f16,flush-32", "pv-e4m3,acc-f16,flush-64", "acc-f16,flush-32", "acc-f16"}) {
    const Quantization request = *parse_quantization(text);
    RowAccumulator accumulator(request, 4, false);
    accumulator.clear();
    accumulator.add(p, 1, v, 0);
    accumulator.rescale(0.5F);
    const size_t step = request.pv == PvOperand::e4m3 ? 32 : 16;
    const size_t flush = request.flush_keys == 0 ? 64 : static_cast<size_t>(request.flush_keys);
    for (int64_t c = 0; c < 4; ++c) {
      float total = 0, window = 0;
      for (size_t n = 0; n < 64; n += step) {
        double sum = static_cast<double>(window);
        for (size_t m = n; m < n + step; ++m)
          sum += static_cast<double>(p[m]) * static_cast<double>(v.row(static_cast<int64_t>(m))[c]);
        window = f16(sum);
        if ((n + step) % flush == 0) {
          total += window;
          window = 0;
        }
      }
      const float expected = request.flush_keys == 0 ? f16(static_cast<double>(total) / 2) : total / 2;
      EXPECT_EQ(accumulator.sums()[static_cast<size_t>(c)], expected) << text;
    }
  }
}

// The worst a window can hold by construction of the V target: no sum leaves fp16.
TEST(QuantizedAccumulator, F16SumsNeverOverflow) {
  for (const std::string text : {"sage2++", "sage2++,flush-32", "sage2++,flush-128", "sage1", "int8,k-mean,acc-f16"}) {
    const Quantization request = *parse_quantization(text);
    Matrix v(256, 2);
    for (float& value : v.values) value = 60000;
    const QuantizedValues codes = quantize_values(v, request);
    RowAccumulator accumulator(request, 2, false);
    accumulator.clear();
    accumulator.add(std::vector<float>(256, request.pv == PvOperand::e4m3 ? 448.0F : 1.0F), 1, codes.codes, 0);
    EXPECT_TRUE(std::isfinite(accumulator.sums()[0])) << text;
    const float largest = request.pv == PvOperand::e4m3 ? 448 * 256 : 256;
    EXPECT_NEAR(accumulator.sums()[0] * codes.scale[0] / (largest * 60000), 1, 0.04) << text;
  }
}

TEST(QuantizedAccumulator, ShortSumsKeep13Bits) {
  const Quantization request = *parse_quantization("pv-e4m3");
  Matrix v(32, 1);
  std::fill(v.values.begin(), v.values.end(), 1.0F);
  std::vector<float> p(32, 0x1p-7F);
  p[0] = 128;  // 2^7: 13 bits below it is 2^-6, so the others are cut off
  for (const bool is_short : {false, true}) {
    RowAccumulator accumulator(request, 1, is_short);
    accumulator.clear();
    accumulator.add(p, 1, v, 0);
    EXPECT_EQ(accumulator.sums()[0], is_short ? 128.0F : 128 + 31 * 0x1p-7F);
  }
}

// The emulator's fp8 mma, written from the same sources by other hands.
TEST(QuantizedAccumulator, ShortSumsAreTheEmulators) {
  std::mt19937 random(17);
  std::normal_distribution<float> draw;
  for (int n = 0; n < 200; ++n) {
    emulator::MmaOperands operands{};
    std::vector<float> accumulators;
    for (int column = 0; column < emulator::kMmaColumns; ++column) {
      accumulators.push_back(draw(random) * std::ldexp(1.0F, n % 20));
      operands.sum[0][column] = static_cast<double>(accumulators.back());
      for (int k = 0; k < 32; ++k) {
        operands.b[k][column] = static_cast<double>(round_e4m3(draw(random) * 2));
      }
    }
    for (int k = 0; k < 32; ++k) operands.a[0][k] = static_cast<double>(round_e4m3(100 * draw(random)));
    const emulator::MmaOperands before = operands;
    emulator::multiply_short(operands, 1, 32);
    for (int column = 0; column < emulator::kMmaColumns; ++column) {
      std::vector<double> products;
      for (int k = 0; k < 32; ++k) products.push_back(before.a[0][k] * before.b[k][column]);
      EXPECT_EQ(static_cast<double>(short_sum(accumulators[static_cast<size_t>(column)], products)),
                operands.sum[0][column]);
    }
  }
}

TEST(QuantizedModel, ShortSumsChangeFp8AndNothingElse) {
  const HeadTensors h = head(40, 200, 64, 16);
  const ScoreRules rules = rules_for(h);
  ModelOptions is_short;
  is_short.short_accumulator = true;
  for (const std::string& request : requests()) {
    const Quantization q = *parse_quantization(request);
    const HeadOutput plain = run(h, request, rules), cut = run(h, request, rules, is_short);
    const bool fp8_in_f32 = q.qk == QkOperand::e4m3 || (q.pv == PvOperand::e4m3 && q.accumulator == PvAccumulator::f32);
    EXPECT_EQ(plain.o.values != cut.o.values, fp8_in_f32) << request;
    const std::vector<double> reference(plain.o.values.begin(), plain.o.values.end());
    EXPECT_LT(compare(reference, cut).relative_l1, 0.01) << request;
  }
}

TEST(QuantizedErrors, Definitions) {
  ErrorSum sum;
  const std::vector<double> reference = {1, -2, 0, 2};
  const std::vector<float> result = {1, -1, 0, 2};
  sum.add(reference, result);
  EXPECT_NEAR(sum.metrics().cosine, 7 / (3 * std::sqrt(6.0)), 1e-12);
  EXPECT_NEAR(sum.metrics().relative_l1, 1.0 / 5, 1e-12);
  EXPECT_NEAR(sum.metrics().rmse, 0.5, 1e-12);
  ErrorSum zeros;
  zeros.add(std::vector<double>{0, 0}, std::vector<float>{0, 1});
  EXPECT_EQ(zeros.metrics().cosine, 0);
  EXPECT_EQ(zeros.metrics().relative_l1, HUGE_VAL);
}

}  // namespace
}  // namespace attune::tuner::quantized
