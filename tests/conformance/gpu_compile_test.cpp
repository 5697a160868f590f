// Kernels for every architecture, through the compiler and the emulator: no GPU is needed to know that they assemble, what
// registers they take, that nothing spills and that they compute attention.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "generator/cuda/arch.hpp"
#include "generator/family.hpp"
#include "generator/quantization.hpp"
#include "tests/conformance/features.hpp"
#include "tests/conformance/harness.hpp"
#include "tuner/search.hpp"

namespace attune::test {
namespace {

std::vector<std::string> arch_names() {
  std::vector<std::string> names;
  for (const cuda::Arch& arch : cuda::archs()) names.emplace_back(arch.name);
  return names;
}

Problem prefill(int64_t head_dim_qk, int64_t head_dim_v, DType dtype) {
  Problem p;
  p.batch = 2;
  p.heads_q = 16;
  p.heads_kv = 4;
  p.seqlen_q = p.seqlen_kv = 4096;
  p.head_dim_qk = head_dim_qk;
  p.head_dim_v = head_dim_v;
  p.dtype = dtype;
  p.causal = p.want_lse = true;
  return p;
}

class GpuCompile : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto context = open_target("emulated:" + GetParam(), 1);
    ASSERT_TRUE(context.ok()) << context.error().message();
    context_ = *std::move(context);
  }

  // The compiler's facts; adds a failure when it does not compile or warns.
  runtime::Binary compile(const Problem& problem, const std::optional<Config>& wanted = std::nullopt) {
    const DeviceClass& device = context_->device().device_class();
    const Family* family = find_family("forward_mma");
    const Spec spec = family->spec(problem, device);
    const Config config = wanted ? *wanted : family->heuristic(spec, problem, device);
    const auto source = family->emit(spec, config);
    if (!source.ok()) {
      ADD_FAILURE() << source.error().message();
      return {};
    }
    for (const Source& unit : source->before) {
      if (!compiled_before_.insert(unit.text).second) continue;
      EXPECT_EQ(compile_unit(unit, to_text(problem)).spill_bytes, 0) << to_text(problem) << " " << unit.entries.back();
    }
    return compile_unit(*source, to_text(problem) + " " + config.to_text());
  }

  runtime::Binary compile_unit(const Source& unit, const std::string& name) {
    auto binary = context_->device().compiler().resource_usage(unit);
    if (!binary.ok()) {
      ADD_FAILURE() << name << ": " << binary.error().message() << "\n" << binary.error().log();
      return {};
    }
    for (const std::string& warning : binary->warnings) ADD_FAILURE() << name << ": " << warning;
    return *std::move(binary);
  }

  std::set<std::string> compiled_before_;

  std::unique_ptr<runtime::Context> context_;
};

std::string arch_of(const testing::TestParamInfo<std::string>& test) { return test.param; }
INSTANTIATE_TEST_SUITE_P(Archs, GpuCompile, testing::ValuesIn(arch_names()), arch_of);

// Where quantized first-choice kernels spill, it is known and stated here: bytes a thread stores and loads, on any
// architecture. 120 on sm_90a and 80 on sm_89 are the most, up to 60 is usual. 16 rows a warp would spill nothing and read
// shared memory twice as often.
constexpr int64_t stated_quantized_spill(int64_t head_dim) { return head_dim <= 64 ? 0 : 125; }
static_assert(stated_quantized_spill(128) <= tuner::gpu_spill_limit_bytes,
              "a tuner would set aside what is like the first choices");

TEST_P(GpuCompile, HeuristicKernelsDoNotSpill) {
  for (const int64_t head_dim : {32, 64, 80, 128, 192, 256, 512}) {
    const runtime::Binary binary = compile(prefill(head_dim, head_dim, head_dim % 64 == 0 ? DType::bf16 : DType::f16));
    EXPECT_EQ(binary.spill_bytes, 0) << "head_dim " << head_dim;
    EXPECT_GT(binary.registers, 0);
    std::printf("%s head_dim %lld: %lld registers, %lld bytes spilled, compiled in %.0f ms\n", GetParam().c_str(),
                static_cast<long long>(head_dim), static_cast<long long>(binary.registers),
                static_cast<long long>(binary.spill_bytes), binary.compile_ms);
  }
  Problem decode = prefill(128, 128, DType::bf16);
  decode.seqlen_q = 1;
  decode.seqlen_kv = 32768;
  EXPECT_EQ(compile(decode).spill_bytes, 0);
}

// The presets that the architecture has: at every head dimension on one of each code, at 128 on the others.
TEST_P(GpuCompile, QuantizedHeuristicKernelsSpillNoMoreThanStated) {
  const bool all = GetParam() == "sm_80" || GetParam() == "sm_89";
  const DeviceClass& device = context_->device().device_class();
  for (const QuantizationPreset& preset : quantization_presets()) {
    for (const int64_t head_dim : all ? std::vector<int64_t>{64, 128, 256} : std::vector<int64_t>{128}) {
      Problem problem = prefill(head_dim, head_dim, DType::bf16);
      problem.quantization = to_text(preset.value);
      if (preset.value.none() || !find_family("forward_mma")->supports(problem, device).ok()) continue;
      const runtime::Binary binary = compile(problem);
      EXPECT_LE(binary.spill_bytes, stated_quantized_spill(head_dim)) << preset.name << " head_dim " << head_dim;
      std::printf("%s %s head_dim %lld: %lld registers, %lld bytes spilled, compiled in %.0f ms\n", GetParam().c_str(),
                  std::string(preset.name).c_str(), static_cast<long long>(head_dim),
                  static_cast<long long>(binary.registers), static_cast<long long>(binary.spill_bytes), binary.compile_ms);
    }
  }
}

// The classes of architectures run every feature elsewhere; here each of their members runs some, the most involved ones.
TEST_P(GpuCompile, RunsOnTheEmulator) {
  const std::set<std::string> wanted = {
      "dense", "causal_bottom_right", "padded_both_lists_everything", "everything_at_once", "varlen", "paged_lists_and_mask",
      "decode"};
  size_t ran = 0;
  for (const Feature& feature : features()) {
    if (!wanted.contains(feature.name)) continue;
    SCOPED_TRACE(feature.name);
    Case test_case{base_problem(ran % 2 == 0 ? DType::bf16 : DType::f16), {}, "emulated:" + GetParam(), std::nullopt};
    feature.set(test_case.problem);
    test_case.workload = {++ran, Values::normal, Strides::contiguous, true, false};
    ASSERT_EQ(check_case(test_case), "");
  }
  EXPECT_EQ(ran, wanted.size()) << "a feature was renamed";
}

// forward_simt has few configs: each value of each tunable in each dtype, with the features in turn and head dimensions that
// only it takes. What LLVM makes is then read by the emulator, which refuses any instruction it does not know.
TEST_P(GpuCompile, EveryValueOfForwardSimtCompiles) {
  const Family* family = find_family("forward_simt");
  ASSERT_NE(family, nullptr);
  const DeviceClass& device = context_->device().device_class();
  const std::vector<std::string> archs = arch_names();
  // Each architecture goes on with the features where the one before it stopped.
  auto turn = static_cast<size_t>(std::find(archs.begin(), archs.end(), GetParam()) - archs.begin()) * 12;
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    std::map<std::string, std::set<int64_t>> compiled;
    for (const auto& [warps, keys] : {std::pair(1, 128), std::pair(2, 32), std::pair(4, 64), std::pair(8, 32)}) {
      const Config config = Config().set("warps", warps).set("keys", keys);
      Problem problem;
      std::string feature;
      do {  // the first whose rows are enough for this config
        problem = base_problem(dtype);
        problem.head_dim_qk = 37 + static_cast<int64_t>(turn % 16);
        feature = features()[turn % features().size()].name;
        features()[turn++ % features().size()].set(problem);
      } while (!family->space(family->spec(problem, device), problem, device).contains(config));
      SCOPED_TRACE(feature + " " + config.to_text());
      ASSERT_TRUE(family->supports(problem, device).ok()) << to_text(problem);
      const auto source = family->emit(family->spec(problem, device), config);
      ASSERT_TRUE(source.ok()) << source.error().message();
      const auto binary = context_->device().compiler().compile(*source);
      ASSERT_TRUE(binary.ok()) << binary.error().message() << "\n" << binary.error().log();
      const auto loaded = context_->device().load(*binary);
      ASSERT_TRUE(loaded.ok()) << loaded.error().message();
      for (const auto& [name, value] : config.values()) compiled[name].insert(value);
    }
    const Problem problem = base_problem(dtype);
    const Space space = family->space(family->spec(problem, device), problem, device);
    for (const Tunable& tunable : space.tunables()) {
      EXPECT_EQ(compiled[tunable.name], std::set(tunable.domain.begin(), tunable.domain.end())) << tunable.name;
    }
  }
}

// Random configs that together take every value of every tunable the space lets them.
TEST_P(GpuCompile, ACoveringSampleOfTheSpaceCompiles) {
  const Family* family = find_family("forward_mma");
  const DeviceClass& device = context_->device().device_class();
  std::mt19937_64 random(std::hash<std::string>()(GetParam()));
  std::set<std::pair<std::string, int64_t>> taken;
  int compiled = 0;
  for (int draw = 0; draw < 400 && compiled < 8; ++draw) {
    Problem problem = prefill(draw % 3 == 0 ? 64 : 128, draw % 2 == 0 ? 64 : 128, draw % 2 == 0 ? DType::bf16 : DType::f16);
    if (draw % 4 == 3) problem.seqlen_q = 4;
    const auto config = family->space(family->spec(problem, device), problem, device).random(random);
    if (!config) continue;
    // The next to compile is one that brings at least three values no config before it had.
    int fresh = 0;
    for (const auto& value : config->values()) fresh += taken.contains(value) ? 0 : 1;
    if (fresh < (compiled < 4 ? 3 : 1)) continue;
    for (const auto& value : config->values()) taken.insert(value);
    compile(problem, config);
    ++compiled;
  }
  EXPECT_GE(compiled, 4);
}

}  // namespace
}  // namespace attune::test
