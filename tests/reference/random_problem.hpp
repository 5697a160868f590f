// Random problems over everything a problem can say, and smaller problems to blame instead.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "generator/problem.hpp"
#include "tests/reference/workload.hpp"

namespace attune::test {

struct Limits {
  int64_t batch = 8, heads = 8, seqlen = 1024, head_dim = 256;
  // Bound on 2 * B * Hq * Sq * Skv * (D_qk + D_v), so that one unlucky draw does not cost what hundreds of others do.
  double flops = 4e9;
};

using Random = std::mt19937_64;

// What a kernel is specialised for: dtype, head dimensions, group, which masks and biases there are.
Problem draw_traits(Random& random, const Limits& limits);
// The run-time part for given traits: batch, heads, lengths, window widths, scale, extents of masks and lists.
Problem draw_shape(const Problem& traits, Random& random, const Limits& limits);
WorkloadOptions draw_workload(const Problem& problem, Random& random);

// Well-formed problems that are one step simpler, boldest first.
std::vector<Problem> simpler_problems(const Problem& problem);
std::vector<WorkloadOptions> simpler_workloads(const WorkloadOptions& options);

}  // namespace attune::test
