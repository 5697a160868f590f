// Every feature in every dtype on every target.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/conformance/features.hpp"
#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

class Features : public testing::TestWithParam<std::tuple<std::string, DType>> {};

TEST_P(Features, AgreeWithTheReference) {
  const auto& [target, dtype] = GetParam();
  uint64_t seed = 1;
  for (const Feature& feature : features()) {
    SCOPED_TRACE(feature.name);
    Case test_case{base_problem(dtype), {}, target, std::nullopt};
    feature.set(test_case.problem);
    // One compile, three layouts: contiguous, shuffled with gaps, and K and V expanded with stride 0.
    for (const Strides strides : {Strides::contiguous, Strides::shuffled, Strides::expanded_kv}) {
      test_case.workload = {++seed, Values::normal, strides, false, false};
      ASSERT_EQ(check_case(test_case), "");
    }
  }
}

std::string target_and_dtype(const testing::TestParamInfo<std::tuple<std::string, DType>>& test) {
  return test_name(test.param);
}

// fp32 on a GPU is forward_simt's, whose code is the same for every architecture: it has a target of its own.
std::vector<std::tuple<std::string, DType>> targets_and_dtypes() {
  std::vector<std::tuple<std::string, DType>> all;
  for (const std::string& target : test_targets()) {
    const bool only_mma = target.starts_with("emulated:") && target.find('/') == std::string::npos;
    if (!only_mma) all.emplace_back(target, DType::f32);
    all.emplace_back(target, DType::f16);
    all.emplace_back(target, DType::bf16);
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(Conformance, Features, testing::ValuesIn(targets_and_dtypes()), target_and_dtype);

}  // namespace
}  // namespace attune::test
