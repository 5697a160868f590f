// Instruction sets that the machine need not have.
#include "tests/conformance/harness.hpp"

namespace attune::test {

const std::vector<std::string>& test_targets() {
  static const std::vector<std::string> targets = {"lowered:x86-64-avx512bf16", "lowered:x86-64-avx512"};
  return targets;
}

}  // namespace attune::test
