// Random problems of one kernel's traits on one target: what conformance_fuzz and the tests on a GPU run.
#pragma once

#include <cstdint>
#include <string>

#include "tests/reference/random_problem.hpp"

namespace attune::test {

struct RandomOutcome {
  int64_t problems = 0;
  std::string failure;  // shrunk, with the case to replay; empty when all agreed
};

// Draws `shapes` problems of these traits, with lengths, strides and configs at random, and stops at the first that
// disagrees with the reference. Kernels of earlier traits are forgotten.
RandomOutcome check_random_shapes(Random& random, const std::string& target, const Problem& traits, const Limits& limits,
                                  int64_t shapes);

}  // namespace attune::test
