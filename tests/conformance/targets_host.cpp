// The instruction sets of the machine that runs the tests.
#include "tests/conformance/harness.hpp"

namespace attune::test {

const std::vector<std::string>& test_targets() { return host_isas(); }

}  // namespace attune::test
