// One architecture of each class, emulated. Kernels of the others differ in tile sizes alone and are compiled for each in
// gpu_compile_test.cpp.
#include "generator/support.hpp"
#include "tests/conformance/harness.hpp"

namespace attune::test {

const std::vector<std::string>& test_targets() {
  static const std::vector<std::string> targets = [] {
    std::vector<std::string> all;
    for (const std::string_view arch : emulated_in_tests()) all.push_back("emulated:" + std::string(arch));
    // What the preferred family would otherwise take; its code is the same for every architecture.
    if (find_family("forward_simt") != nullptr) all.emplace_back("emulated:sm_80/forward_simt");
    return all;
  }();
  return targets;
}

}  // namespace attune::test
