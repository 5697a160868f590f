#include "tests/conformance/random_cases.hpp"

#include <optional>
#include <vector>

#include "tests/conformance/harness.hpp"

namespace attune::test {

// Compiling costs more than running a small problem, so at most four configs (heuristics and random ones) are shared by all
// shapes they are valid for; a shape that none of them fits brings its own.
RandomOutcome check_random_shapes(Random& random, const std::string& target, const Problem& traits, const Limits& limits,
                                  int64_t shapes) {
  Conformer& device = conformer(target);
  device.forget_kernels();
  std::vector<Config> pool;
  RandomOutcome outcome;
  for (; outcome.problems < shapes && outcome.failure.empty(); ++outcome.problems) {
    Case next{draw_shape(traits, random, limits), {}, target, std::nullopt};
    next.workload = draw_workload(next.problem, random);
    std::vector<Config> valid;
    for (const Config& config : pool) {
      if (device.is_valid(next.problem, config)) valid.push_back(config);
    }
    if (valid.empty() || (pool.size() < 4 && random() % 3 == 0)) {
      next.config = random() % 2 == 0 ? device.random_config(next.problem, random) : device.heuristic(next.problem);
      if (next.config) pool.push_back(*next.config);
    } else {
      next.config = valid[random() % valid.size()];
    }
    outcome.failure = check_case(next);
  }
  return outcome;
}

}  // namespace attune::test
