// Quantized problems on a GPU at hand: every request, the presets with the features, a size that fills multiprocessors.
// What the architecture has no instructions for must be refused by name.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <tuple>
#include <vector>

#include "tests/conformance/features.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

int arch_number(const std::string& target) {
  const std::string& arch = conformer(target).context().device().device_class().arch;  // "sm_90a"
  int number = 0;
  std::from_chars(arch.data() + std::min<size_t>(3, arch.size()), arch.data() + arch.size(), number);
  return number;
}

// The tensor cores of sm_89 and later multiply e4m3, those before sm_90 int4.
bool has_instructions(const std::string& target, const Quantization& request) {
  const int number = arch_number(target);
  const bool fp8 = request.qk == QkOperand::e4m3 || request.pv == PvOperand::e4m3;
  return (!fp8 || number >= 89) && (request.qk != QkOperand::int4 || number < 90);
}

testing::AssertionResult holds(const Case& test_case) {
  if (has_instructions(test_case.target, *parse_quantization(test_case.problem.quantization))) {
    const std::string failure = check_quantized(test_case);
    return failure.empty() ? testing::AssertionSuccess() : testing::AssertionFailure() << failure;
  }
  const auto family = conformer(test_case.target).context().select_family(test_case.problem);
  if (family.ok()) return testing::AssertionFailure() << test_case.problem.quantization << " is not refused";
  if (family.error().message().find("quantization") != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "the refusal does not name the field: " << family.error().message();
}

std::string word(const std::string& text) {
  std::string name;
  for (const char c : text) {
    if (c == '+') {
      name += 'p';
    } else {
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
  }
  return name;
}

Problem ragged(DType dtype, const std::string& request) {
  Problem p;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 141;
  p.seqlen_kv = 203;
  p.head_dim_qk = p.head_dim_v = 64;
  p.dtype = dtype;
  p.want_lse = true;
  p.quantization = request;
  return p;
}

// ---- Requests

class DeviceQuantized : public testing::TestWithParam<std::tuple<std::string, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Device, DeviceQuantized,
                         testing::Combine(testing::ValuesIn(quantized_targets()), testing::ValuesIn(quantized_requests())),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param)) + "_" + word(std::get<1>(test.param));
                         });

TEST_P(DeviceQuantized, AgreesWithItsModel) {
  const auto& [target, request] = GetParam();
  Problem problem = ragged(DType::bf16, request);
  EXPECT_TRUE(holds({problem, {1, Values::dit, Strides::contiguous, false, false}, target, std::nullopt}));
  problem.dtype = DType::f16;
  problem.causal = true;
  problem.alignment = Alignment::bottom_right;
  problem.head_dim_qk = problem.head_dim_v = 128;
  EXPECT_TRUE(holds({problem, {2, Values::llm, Strides::shuffled, false, false}, target, std::nullopt}));
}

// ---- Codes that are given

class DeviceGiven : public testing::TestWithParam<std::tuple<std::string, std::string>> {};
INSTANTIATE_TEST_SUITE_P(Device, DeviceGiven,
                         testing::Combine(testing::ValuesIn(quantized_targets()), testing::ValuesIn(given_requests())),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param)) + "_" + word(std::get<1>(test.param));
                         });

TEST_P(DeviceGiven, AgreesWithItsModelInPagesAndWithout) {
  const auto& [target, request] = GetParam();
  Problem problem = ragged(DType::bf16, request);
  EXPECT_TRUE(holds({problem, {6, Values::dit, Strides::contiguous, false, false}, target, std::nullopt}));
  problem.batch = 3;
  problem.seqlen_q = 1;
  problem.seqlen_kv = 1299;
  problem.kv_lengths = true;
  problem.page_size = 64;
  problem.page_count = 70;
  EXPECT_TRUE(holds({problem, {7, Values::dit, Strides::contiguous, false, false}, target, std::nullopt}));
  problem.seqlen_q = 200;
  problem.causal = true;
  problem.alignment = Alignment::bottom_right;
  problem.page_size = 256;
  problem.page_count = 20;
  EXPECT_TRUE(holds({problem, {8, Values::dit, Strides::contiguous, false, false}, target, std::nullopt}));
}

// ---- Presets

using PresetCase = std::tuple<std::string, std::string, std::string>;
class DevicePresets : public testing::TestWithParam<PresetCase> {};

const std::vector<std::string> presets = {"sage1", "sage2-8b", "sage2-4b", "sage2++"};

std::string preset_name(const testing::TestParamInfo<PresetCase>& test) {
  return test_name(std::get<0>(test.param)) + "_" + word(std::get<1>(test.param)) + "_" + std::get<2>(test.param);
}

INSTANTIATE_TEST_SUITE_P(Device, DevicePresets,
                         testing::Combine(testing::ValuesIn(quantized_targets()), testing::ValuesIn(presets),
                                          testing::Values("dense", "causal_bottom_right", "boolean_mask_full", "varlen",
                                                          "paged", "sinks", "decode", "csr_both_lists_window_alibi")),
                         preset_name);

TEST_P(DevicePresets, DoTheFeature) {
  const auto& [target, preset, name] = GetParam();
  const auto feature = std::find_if(features().begin(), features().end(), [&](const Feature& f) { return f.name == name; });
  ASSERT_NE(feature, features().end()) << name;
  Problem problem = base_problem(DType::bf16);
  problem.quantization = preset;
  feature->set(problem);
  // What lies between rows and behind lengths is NaN.
  EXPECT_TRUE(holds({problem, {3, Values::llm, Strides::shuffled, true, false}, target, std::nullopt}));
}

using SizeCase = std::tuple<std::string, std::string>;
class DevicePresetSizes : public testing::TestWithParam<SizeCase> {};
INSTANTIATE_TEST_SUITE_P(Device, DevicePresetSizes,
                         testing::Combine(testing::ValuesIn(quantized_targets()), testing::ValuesIn(presets)),
                         [](const auto& test) {
                           return test_name(std::get<0>(test.param)) + "_" + word(std::get<1>(test.param));
                         });

// Races show when multiprocessors are full: the same bits each time, and those of the model.
TEST_P(DevicePresetSizes, ManyBlocksAgreeAndRepeat) {
  const auto& [target, preset] = GetParam();
  Problem problem = ragged(DType::bf16, preset);
  problem.heads_q = problem.heads_kv = 16;
  problem.seqlen_q = problem.seqlen_kv = 1105;
  const WorkloadOptions options{4, Values::dit, Strides::contiguous, false, false};
  if (!has_instructions(target, *parse_quantization(preset))) {
    EXPECT_TRUE(holds({problem, options, target, std::nullopt}));
    return;
  }
  Workload work(problem, options);
  ASSERT_EQ(run_quantized(target, work), "");
  const auto outputs = [&] {
    std::vector<float> all;
    for (int64_t h = 0; h < problem.heads_q; ++h) {
      for (int64_t i = 0; i < problem.seqlen_q; ++i) {
        all.push_back(work.lse(0, h, i));
        for (int64_t d = 0; d < problem.head_dim_v; ++d) all.push_back(work.get(work.tensors().o, 0, h, i, d));
      }
    }
    return all;
  };
  const std::vector<float> first = outputs();
  for (int run = 0; run < 10; ++run) {
    ASSERT_EQ(conformer(target).execute(work, std::nullopt), "");
    ASSERT_TRUE(outputs() == first) << "run " << run << " gave other numbers than the first";
  }
}

}  // namespace
}  // namespace attune::test
