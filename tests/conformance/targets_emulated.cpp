// One architecture of each class, emulated. Kernels of the others differ in tile sizes alone and are compiled for each in
// gpu_compile_test.cpp.
#include "tests/conformance/harness.hpp"

namespace attune::test {

const std::vector<std::string>& test_targets() {
  static const std::vector<std::string> targets = {"emulated:sm_80", "emulated:sm_89", "emulated:sm_90a",
                                                   "emulated:sm_120a"};
  return targets;
}

}  // namespace attune::test
