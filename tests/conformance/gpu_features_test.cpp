// Every feature on every class of GPU architecture, by emulation: the kernels NVRTC compiles, run as PTX.
#include <gtest/gtest.h>

#include "tests/conformance/features.hpp"
#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

// One test a target, dtype and feature: CTest runs them side by side, and a failure names what failed.
class GpuFeatures : public testing::TestWithParam<std::tuple<std::string, DType, Feature>> {};

TEST_P(GpuFeatures, AgreeWithTheReference) {
  const auto& [target, dtype, feature] = GetParam();
  Case test_case{base_problem(dtype), {}, target, std::nullopt};
  feature.set(test_case.problem);
  // Aligned rows are copied 16 bytes at a time, shuffled ones element by element.
  uint64_t seed = 1;
  for (const Strides strides : {Strides::contiguous, Strides::shuffled}) {
    test_case.workload = {++seed, Values::normal, strides, false, false};
    ASSERT_EQ(check_case(test_case), "");
  }
}

std::string test_of(const testing::TestParamInfo<std::tuple<std::string, DType, Feature>>& test) {
  return test_name(std::get<0>(test.param)) + "_" + std::string(name(std::get<1>(test.param))) + "_" +
         std::get<2>(test.param).name;
}

INSTANTIATE_TEST_SUITE_P(Emulated, GpuFeatures,
                         testing::Combine(testing::Values("emulated:sm_80", "emulated:sm_90a"),
                                          testing::Values(DType::f16, DType::bf16), testing::ValuesIn(features())),
                         test_of);

}  // namespace
}  // namespace attune::test
