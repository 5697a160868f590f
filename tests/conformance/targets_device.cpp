// A GPU at hand, with every family that this build has for it.
#include "generator/family.hpp"
#include "tests/conformance/device_target.hpp"
#include "tests/conformance/harness.hpp"

namespace attune::test {

std::string& device_target() {
  static std::string target = "cuda:0";
  return target;
}

bool has_forward_simt() { return find_family("forward_simt") != nullptr; }

// Without a family's name, the preferred one that supports the problem.
const std::vector<std::string>& test_targets() {
  static const std::vector<std::string> targets = [] {
    std::vector<std::string> result = {device_target()};
    if (has_forward_simt()) result.push_back(device_target() + "/forward_simt");
    return result;
  }();
  return targets;
}

const std::vector<DType>& device_dtypes() {
  static const std::vector<DType> dtypes =
      has_forward_simt() ? std::vector{DType::f16, DType::bf16, DType::f32} : std::vector{DType::f16, DType::bf16};
  return dtypes;
}

Problem within_this_build(Problem traits) {
  if (has_forward_simt()) return traits;
  if (traits.dtype == DType::f32) traits.dtype = DType::f16;
  const auto up = [](int64_t head_dim) { return (head_dim + 7) / 8 * 8; };
  traits.head_dim_qk = up(traits.head_dim_qk);
  traits.head_dim_v = up(traits.head_dim_v);
  return traits;
}

}  // namespace attune::test
