// What a GPU is held to beyond the tests it shares with the emulator: every feature by itself, the head dimensions and
// lengths of its kernels, configs, random problems, sizes that fill the chip, and results that never change.
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/conformance/device_target.hpp"
#include "tests/conformance/features.hpp"
#include "tests/conformance/harness.hpp"
#include "tests/conformance/random_cases.hpp"

namespace attune::test {

void PrintTo(const Feature& feature, std::ostream* out) { *out << feature.name; }

namespace {

using TargetAndDtype = std::tuple<std::string, DType>;
using Dims = std::pair<int64_t, int64_t>;

// One line of a failure says it all; GoogleTest's comparison with an empty string would print it three times.
testing::AssertionResult agrees(const Case& test_case) {
  const std::string failure = check_case(test_case);
  return failure.empty() ? testing::AssertionSuccess() : testing::AssertionFailure() << failure;
}

// ---- Features: one test each, so that one that takes the device down hides no other

using FeatureCase = std::tuple<std::string, DType, Feature>;
class DeviceFeatures : public testing::TestWithParam<FeatureCase> {};

TEST_P(DeviceFeatures, AgreeWithTheReference) {
  const auto& [target, dtype, feature] = GetParam();
  Case test_case{base_problem(dtype), {}, target, std::nullopt};
  feature.set(test_case.problem);
  // Aligned rows are copied 16 bytes at a time, shuffled ones element by element; expanded K and V have strides of 0.
  uint64_t seed = 1;
  for (const Strides strides : {Strides::contiguous, Strides::shuffled, Strides::expanded_kv}) {
    test_case.workload = {++seed, Values::normal, strides, false, false};
    ASSERT_TRUE(agrees(test_case));
  }
  // What lies between rows and behind lengths is NaN.
  test_case.workload = {++seed, Values::normal, Strides::shuffled, true, false};
  ASSERT_TRUE(agrees(test_case));
}

INSTANTIATE_TEST_SUITE_P(Device, DeviceFeatures,
                         testing::Combine(testing::ValuesIn(test_targets()), testing::ValuesIn(device_dtypes()),
                                          testing::ValuesIn(features())),
                         [](const testing::TestParamInfo<FeatureCase>& test) {
                           return test_name({std::get<0>(test.param), std::get<1>(test.param)}) + "_" +
                                  std::get<2>(test.param).name;
                         });

// ---- Head dimensions and lengths

using DimsCase = std::tuple<std::string, Dims>;
class DeviceHeadDims : public testing::TestWithParam<DimsCase> {};

const std::vector<Dims>& head_dims() {
  static const std::vector<Dims> all = [] {
    std::vector<Dims> dims = {{8, 8},     {16, 16},  {24, 24},   {32, 32},   {40, 40},   {48, 48},   {64, 64},   {72, 72},
                              {80, 80},   {96, 96},  {112, 112}, {128, 128}, {160, 160}, {192, 192}, {224, 224}, {256, 256},
                              {192, 128}, {64, 256}, {256, 64},  {320, 256}, {512, 512}, {576, 512}};
    if (has_forward_simt()) dims.insert(dims.end(), {{1, 1}, {21, 21}, {59, 111}, {203, 203}, {1, 512}, {512, 1}});
    return dims;
  }();
  return all;
}

TEST_P(DeviceHeadDims, AgreeWithTheReference) {
  const auto& [target, dims] = GetParam();
  for (const DType dtype : device_dtypes()) {
    for (const bool decode : {false, true}) {
      Problem p;
      p.heads_q = 8;
      p.heads_kv = 2;
      p.seqlen_q = decode ? 1 : 137;
      p.seqlen_kv = decode ? 700 : 330;
      p.head_dim_qk = dims.first;
      p.head_dim_v = dims.second;
      p.dtype = dtype;
      p.causal = !decode;
      p.want_lse = true;
      ASSERT_TRUE(agrees({p, {5, Values::normal, Strides::contiguous, false, false}, target, std::nullopt}));
      ASSERT_TRUE(agrees({p, {6, Values::normal, Strides::shuffled, true, false}, target, std::nullopt}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Device, DeviceHeadDims,
                         testing::Combine(testing::ValuesIn(test_targets()), testing::ValuesIn(head_dims())),
                         [](const testing::TestParamInfo<DimsCase>& test) {
                           const Dims& dims = std::get<1>(test.param);
                           return test_name(std::get<0>(test.param)) + "_" + std::to_string(dims.first) + "x" +
                                  std::to_string(dims.second);
                         });

class DeviceTargets : public testing::TestWithParam<TargetAndDtype> {
 protected:
  const std::string& target() const { return std::get<0>(GetParam()); }
  DType dtype() const { return std::get<1>(GetParam()); }
  Problem base() const {
    Problem p;
    p.heads_q = 8;
    p.heads_kv = 2;
    p.head_dim_qk = p.head_dim_v = 64;
    p.dtype = dtype();
    p.want_lse = true;
    return p;
  }
};

INSTANTIATE_TEST_SUITE_P(Device, DeviceTargets,
                         testing::Combine(testing::ValuesIn(test_targets()), testing::ValuesIn(device_dtypes())),
                         [](const testing::TestParamInfo<TargetAndDtype>& test) { return test_name(test.param); });

TEST_P(DeviceTargets, LengthsAroundTheTiles) {
  const std::vector<Dims> lengths{{1, 1},     {2, 1},      {1, 2},       {1, 65},     {3, 799},   {5, 1000},   {15, 16},
                                  {16, 15},   {17, 33},    {63, 64},     {64, 63},    {64, 64},   {65, 65},    {113, 203},
                                  {127, 128}, {128, 127},  {128, 129},   {129, 128},  {192, 256}, {255, 257},  {799, 3},
                                  {1, 4097},  {1, 16384},  {1024, 1023}, {2050, 5},   {2050, 77}, {4096, 512}, {7, 65},
                                  {8, 8192},  {300, 3000}, {1023, 1025}, {2048, 2048}};
  uint64_t seed = 1;
  for (const bool causal : {false, true}) {
    for (const auto& [q, kv] : lengths) {
      Problem p = base();
      p.seqlen_q = q;
      p.seqlen_kv = kv;
      p.causal = causal;
      p.alignment = seed % 2 == 0 ? Alignment::top_left : Alignment::bottom_right;
      const Strides strides = seed % 3 == 0 ? Strides::packed_qkv : Strides::contiguous;
      ASSERT_TRUE(agrees({p, {++seed, Values::normal, strides, false, false}, target(), std::nullopt}));
    }
  }
}

// ---- Configs: the tuner may choose any of the space

TEST_P(DeviceTargets, ConfigsOfTheSpaceAgree) {
  Conformer& device = conformer(target());
  Random random(42);
  Problem prefill = base();
  prefill.seqlen_q = 300;
  prefill.seqlen_kv = 333;
  prefill.head_dim_qk = prefill.head_dim_v = 128;
  prefill.causal = true;
  prefill.alignment = Alignment::bottom_right;
  Problem decode = base();
  decode.batch = 3;
  decode.seqlen_q = 1;
  decode.seqlen_kv = 2049;
  decode.kv_lengths = decode.sinks = true;
  std::set<std::string> seen;
  for (const Problem& problem : {prefill, decode}) {
    for (uint64_t n = 1; n <= 12; ++n) {
      const auto config = device.random_config(problem, random);
      ASSERT_TRUE(config.has_value()) << to_text(problem);
      if (!seen.insert(config->to_json()).second) continue;
      ASSERT_TRUE(agrees({problem, {n, Values::normal, Strides::contiguous, n % 3 == 0, false}, target(), config}));
    }
  }
  EXPECT_GE(seen.size(), 4U) << "the space is too small to sweep";
}

// ---- Random problems

using SeedCase = std::tuple<std::string, uint64_t>;
class DeviceRandom : public testing::TestWithParam<SeedCase> {};

TEST_P(DeviceRandom, ProblemsAgreeWithTheReference) {
  const auto& [target, seed] = GetParam();
  Random random(seed);
  // A GPU finds races only when its multiprocessors are full.
  const Limits limits{16, 16, 2048, 256, 2e10};
  const Problem traits = within_this_build(draw_traits(random, limits));
  const RandomOutcome outcome = check_random_shapes(random, target, traits, limits, 20);
  EXPECT_TRUE(outcome.failure.empty()) << outcome.failure;
  EXPECT_EQ(outcome.problems, 20);
}

INSTANTIATE_TEST_SUITE_P(Device, DeviceRandom,
                         testing::Combine(testing::ValuesIn(test_targets()), testing::Range(uint64_t{1}, uint64_t{41})),
                         [](const testing::TestParamInfo<SeedCase>& test) {
                           return test_name(std::get<0>(test.param)) + "_seed_" + std::to_string(std::get<1>(test.param));
                         });

// ---- Full size

TEST_P(DeviceTargets, PrefillAndDecodeThatFillTheChip) {
  Problem prefill = base();
  prefill.batch = 2;
  prefill.heads_q = 32;
  prefill.heads_kv = 8;
  prefill.seqlen_q = prefill.seqlen_kv = 4096;
  prefill.head_dim_qk = prefill.head_dim_v = 128;
  prefill.causal = true;
  EXPECT_TRUE(agrees({prefill, {1, Values::llm, Strides::contiguous, false, false}, target(), std::nullopt}));
  Problem decode = prefill;
  decode.batch = 16;
  decode.seqlen_q = 1;
  decode.seqlen_kv = 8192;
  decode.kv_lengths = true;
  decode.alignment = Alignment::bottom_right;
  EXPECT_TRUE(agrees({decode, {2, Values::llm, Strides::contiguous, false, false}, target(), std::nullopt}));
}

// A result that moves between runs is a race: blocks of one launch run in an order of their own each time.
TEST_P(DeviceTargets, RunsAreDeterministic) {
  Problem prefill = base();
  prefill.batch = 4;
  prefill.seqlen_q = prefill.seqlen_kv = 1000;
  Problem decode = base();
  decode.batch = 4;
  decode.seqlen_q = 1;
  decode.seqlen_kv = 20000;
  for (const Problem& problem : {prefill, decode}) {
    Workload work(problem, {});
    work.seal();
    std::vector<float> first;
    for (int run = 0; run < 25; ++run) {
      ASSERT_EQ(conformer(target()).execute(work, std::nullopt), "");
      std::vector<float> now;
      for (int64_t b = 0; b < problem.batch; ++b) {
        for (int64_t h = 0; h < problem.heads_q; ++h) {
          for (int64_t i = 0; i < problem.seqlen_q; ++i) {
            now.push_back(work.lse(b, h, i));
            for (int64_t d = 0; d < problem.head_dim_v; ++d) now.push_back(work.get(work.tensors().o, b, h, i, d));
          }
        }
      }
      if (run == 0) first = now;
      ASSERT_TRUE(now == first) << to_text(problem) << ": run " << run << " gave other numbers than the first";
    }
  }
}

}  // namespace
}  // namespace attune::test
