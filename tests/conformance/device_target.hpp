// What gpu_device_tests runs on: one GPU, named on the command line before the tests are listed.
#pragma once

#include <string>
#include <vector>

#include "generator/problem.hpp"

namespace attune::test {

// "cuda:0" unless the program was started with --target NAME (another GPU, or "emulated:sm_90a" to try the program itself).
std::string& device_target();

// What the families of this build do on a GPU: a build without LLVM has no forward_simt, which is the one family for fp32
// and for head dimensions that are no multiple of 8.
bool has_forward_simt();
const std::vector<DType>& device_dtypes();

// The same traits within what this build does.
Problem within_this_build(Problem traits);

}  // namespace attune::test
