// Quantized problems on every target against the exact model: requests, features, shapes, configs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/conformance/features.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

class Quantized : public testing::TestWithParam<std::string> {
 protected:
  const std::string& target() const { return GetParam(); }
  bool emulated() const { return is_emulated(target()); }
  // GPUs have tensor cores for 16-bit types; the CPU does fp32, too.
  DType dtype(size_t n) const {
    constexpr DType all[] = {DType::bf16, DType::f16, DType::f32};
    return all[n % (emulated() ? 2 : 3)];
  }
  // One problem of two heads a KV head, ragged in both directions.
  static Problem ragged(DType dtype, const std::string& request) {
    Problem p;
    p.heads_q = 2;
    p.heads_kv = 1;
    p.seqlen_q = 141;
    p.seqlen_kv = 203;
    p.head_dim_qk = p.head_dim_v = 64;
    p.dtype = dtype;
    p.want_lse = true;
    p.quantization = canonical(request);
    return p;
  }
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, Quantized, testing::ValuesIn(quantized_targets()), target_of);

class QuantizedProblems : public Quantized {};
INSTANTIATE_TEST_SUITE_P(Conformance, QuantizedProblems, testing::ValuesIn(quantized_representatives()), target_of);

// ---- What there has to be

TEST_P(Quantized, TheTargetDoesWhatTheTableSays) {
  const runtime::Context& context = conformer(target()).context();
  std::vector<std::string> all = quantized_requests();
  all.insert(all.end(), given_requests().begin(), given_requests().end());
  for (const std::string& request : all) {
    for (const DType type : {DType::f16, DType::bf16}) {
      const Problem problem = ragged(type, request);
      ASSERT_TRUE(validate(problem).ok()) << request << ": " << validate(problem).error().message();
      const auto family = context.select_family(problem);
      const bool wanted = must_support(target(), *parse_quantization(request));
      EXPECT_EQ(family.ok(), wanted) << request << " " << name(type) << ": "
                                     << (family.ok() ? "is done" : family.error().message());
      if (family.ok()) continue;
      EXPECT_EQ(family.error().status(), Status::unsupported);
      EXPECT_THAT(family.error().message(), testing::HasSubstr("quantization")) << request;
    }
  }
}

TEST_P(QuantizedProblems, TheTableHasEveryValueOfEveryAxis) {
  std::set<std::string_view> used;
  std::vector<std::string> all = quantized_requests();
  all.insert(all.end(), given_requests().begin(), given_requests().end());
  for (const std::string& text : all) {
    const Quantization request = *parse_quantization(text);
    for (const QuantizationWord& word : quantization_words()) {
      // A word is in a request when adding it changes nothing.
      const std::string with_word = to_text(request) + "," + std::string(word.word);
      const auto parsed = parse_quantization(with_word);
      if (parsed.ok() && *parsed == request) used.insert(word.word);
      if (!parsed.ok() && (',' + to_text(request) + ',').find(',' + std::string(word.word) + ',') != std::string::npos) {
        used.insert(word.word);
      }
    }
  }
  for (const QuantizationWord& word : quantization_words()) EXPECT_TRUE(used.contains(word.word)) << word.word;
}

// ---- Requests x problems

TEST_P(Quantized, EveryRequestAgreesWithItsModel) {
  uint64_t seed = 1;
  // The last two architectures have the same instructions: each does every second request.
  const int64_t first = target() == "emulated:sm_120a" ? 1 : 0;
  const int64_t step = target() == "emulated:sm_90a" || first == 1 ? 2 : 1;
  int64_t at = 0;
  for (const std::string& request : requests_of(target())) {
    if (at++ % step != first) continue;
    SCOPED_TRACE(request);
    Problem problem = ragged(dtype(seed), request);
    // Alternately causal, with outliers in K and Q, with a head dimension that is padded.
    problem.causal = seed % 2 == 0;
    problem.alignment = seed % 4 == 0 ? Alignment::bottom_right : Alignment::top_left;
    if (seed % 3 == 0) problem.head_dim_qk = 72, problem.head_dim_v = 40;
    const Values values = seed % 3 == 0 ? Values::llm : seed % 3 == 1 ? Values::dit : Values::normal;
    const Strides strides = seed % 2 == 0 ? Strides::contiguous : Strides::shuffled;
    EXPECT_EQ(check_quantized({problem, {seed, values, strides, false, false}, target(), std::nullopt}), "");
    ++seed;
  }
}

// Each feature with requests that rotate over the table; on the CPU with two, on the emulator with one.
TEST_P(QuantizedProblems, EveryFeatureAgreesWithTheModel) {
  const std::vector<std::string> requests = requests_of(target());
  const size_t a_feature = emulated() ? 1 : 2;
  // The targets of a program start at different places of the table.
  size_t at = std::hash<std::string>{}(target()) % requests.size();
  uint64_t seed = 1;
  for (const Feature& feature : features()) {
    for (size_t n = 0; n < a_feature; ++n) {
      at = (at + 5) % requests.size();
      Problem problem = base_problem(dtype(seed));
      problem.quantization = requests[at];
      feature.set(problem);
      SCOPED_TRACE(feature.name + " " + requests[at]);
      const Strides strides = static_cast<Strides>(seed % 4);
      EXPECT_EQ(check_quantized({problem, {seed, Values::llm, strides, seed % 3 == 0, false}, target(), std::nullopt}), "");
      ++seed;
    }
  }
}

// The presets with what their publishers' kernels refuse, drop or get wrong.
TEST_P(QuantizedProblems, PresetsDoWhatUsersAskFor) {
  const std::vector<std::string> names = {"causal_bottom_right",
                                          "boolean_mask_full",
                                          "additive_mask_full",
                                          "varlen",
                                          "paged",
                                          "softcap",
                                          "sinks",
                                          "decode",
                                          "padded_partial_lists_causal",
                                          "csr_both_lists_window_alibi"};
  uint64_t seed = 1;
  size_t at = 0;
  for (const std::string preset : {"sage1", "sage2-8b", "sage2-4b", "sage2++"}) {
    ++at;
    if (!must_support(target(), *parse_quantization(preset))) continue;
    for (const Feature& feature : features()) {
      if (std::find(names.begin(), names.end(), feature.name) == names.end()) continue;
      // Compiling takes seconds there: of the fp8 presets each does every second feature, and both do all.
      if (emulated() && ++at % 2 == 0) continue;
      Problem problem = base_problem(dtype(++seed));
      problem.quantization = preset;
      feature.set(problem);
      SCOPED_TRACE(feature.name + " " + preset);
      EXPECT_EQ(check_quantized({problem, {seed, Values::dit, Strides::contiguous, false, false}, target(), std::nullopt}),
                "");
    }
  }
}

// ---- Shapes

TEST_P(QuantizedProblems, HeadDimensions) {
  const std::vector<std::string> requests = requests_of(target());
  uint64_t seed = 1;
  for (const auto& [d_qk, d_v] : std::vector<std::pair<int64_t, int64_t>>{
           {8, 8}, {40, 40}, {72, 72}, {96, 96}, {128, 128}, {192, 192}, {256, 256}, {192, 128}, {64, 136}, {48, 8}}) {
    const std::string& request = requests[seed * 3 % requests.size()];
    Problem problem = ragged(dtype(seed), request);
    problem.seqlen_q = 70;
    problem.seqlen_kv = 131;
    problem.head_dim_qk = d_qk;
    problem.head_dim_v = d_v;
    problem.layout = seed % 2 == 0 ? Layout::bhsd : Layout::bshd;
    SCOPED_TRACE(request);
    EXPECT_EQ(check_quantized({problem, {++seed, Values::normal, Strides::contiguous, false, false}, target(), {}}), "");
  }
}

TEST_P(QuantizedProblems, OddLengths) {
  uint64_t seed = 1;
  for (const std::string request : {"sage1", "int8,token,k-sink,q-mean,pv-int8"}) {
    // One kernel each for all lengths.
    for (const auto& [rows, keys] : std::vector<std::pair<int64_t, int64_t>>{
             {1, 1}, {1, 7}, {7, 1}, {5, 63}, {65, 64}, {128, 65}, {129, 127}, {3, 799}, {197, 197}}) {
      Problem problem = ragged(dtype(0), request);
      problem.seqlen_q = rows;
      problem.seqlen_kv = keys;
      EXPECT_EQ(check_quantized({problem, {++seed, Values::normal, Strides::contiguous, false, false}, target(), {}}), "")
          << rows << "x" << keys;
    }
  }
}

TEST_P(QuantizedProblems, DecodeWithSplitKeys) {
  Conformer& device = conformer(target());
  uint64_t seed = 1;
  for (const std::string& request : requests_of(target())) {
    if (request != "sage1" && request != "sage2-8b" && request != "sage2-4b" && request != "int8,k-mean,pv-int8" &&
        request != "int8,q-mean") {
      continue;
    }
    SCOPED_TRACE(request);
    Problem problem = ragged(dtype(seed), request);
    problem.heads_q = 8;
    problem.heads_kv = 2;
    problem.batch = 2;
    problem.seqlen_q = 1;
    problem.seqlen_kv = 1000;
    problem.kv_lengths = problem.sinks = true;
    const auto heuristic = device.heuristic(problem);
    ASSERT_TRUE(heuristic.has_value());
    std::set<int64_t> splits;
    for (const int64_t wanted : {1, 4}) {
      Config config = *heuristic;
      config.set("splits", wanted);
      ASSERT_TRUE(device.is_valid(problem, config)) << config.to_text();
      const DeviceClass& facts = device.context().device().device_class();
      const auto family = device.context().select_family(problem);
      splits.insert((*family)->quantized_schedule(problem, config, facts).splits);
      EXPECT_EQ(check_quantized({problem, {++seed, Values::llm, Strides::contiguous, false, false}, target(), config}), "");
    }
    EXPECT_EQ(splits, (std::set<int64_t>{1, 4}));
  }
}

TEST_P(QuantizedProblems, EveryLayoutOfTheTensors) {
  uint64_t seed = 1;
  for (const Layout layout : {Layout::bhsd, Layout::bshd}) {
    for (const Strides strides : {Strides::contiguous, Strides::shuffled, Strides::packed_qkv, Strides::expanded_kv}) {
      Problem problem = ragged(dtype(0), "sage1");
      problem.batch = 2;
      problem.heads_kv = 2;
      problem.seqlen_q = problem.seqlen_kv = 67;
      problem.layout = layout;
      EXPECT_EQ(check_quantized({problem, {++seed, Values::normal, strides, false, false}, target(), {}}), "")
          << name(layout) << " " << name(strides);
    }
  }
}

// ---- Configs: the tuner may choose any of the space

TEST_P(QuantizedProblems, ConfigsOfTheSpace) {
  Conformer& device = conformer(target());
  Random random(7);
  const std::vector<std::string> requests = requests_of(target());
  std::set<std::string> seen;
  const uint64_t count = emulated() ? 8 : 24;
  for (uint64_t n = 1; n <= count; ++n) {
    Problem problem = ragged(dtype(n), requests[n * 7 % requests.size()]);
    problem.causal = n % 2 == 0;
    problem.heads_q = 4;
    if (n % 3 == 0) problem.seqlen_q = 5;
    const auto config = device.random_config(problem, random);
    ASSERT_TRUE(config.has_value());
    seen.insert(config->to_json());
    SCOPED_TRACE(problem.quantization + " " + config->to_text());
    EXPECT_EQ(check_quantized({problem, {n, Values::normal, Strides::contiguous, n % 3 == 0, false}, target(), config}), "");
  }
  EXPECT_GE(seen.size(), count / 2) << "the space is too small to sweep";
}

TEST_P(QuantizedProblems, TheSameCallGivesTheSameBits) {
  Problem problem = ragged(dtype(0), "int8,token,k-sink,q-mean,acc-f16");
  Workload work(problem, {});
  work.seal();
  std::vector<float> first;
  for (int run = 0; run < (emulated() ? 2 : 5); ++run) {
    ASSERT_EQ(conformer(target()).execute(work, std::nullopt), "");
    std::vector<float> now;
    for (int64_t h = 0; h < 2; ++h) {
      for (int64_t i = 0; i < problem.seqlen_q; ++i) {
        now.push_back(work.lse(0, h, i));
        for (int64_t d = 0; d < 64; ++d) now.push_back(work.get(work.tensors().o, 0, h, i, d));
      }
    }
    if (run == 0) first = now;
    EXPECT_EQ(now, first);
  }
}

}  // namespace
}  // namespace attune::test
