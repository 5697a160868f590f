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

INSTANTIATE_TEST_SUITE_P(Conformance, Features,
                         testing::Combine(testing::ValuesIn(test_targets()),
                                          testing::Values(DType::f32, DType::f16, DType::bf16)),
                         target_and_dtype);

}  // namespace
}  // namespace attune::test
