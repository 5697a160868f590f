// Random problems: draws what a kernel is specialised for, then many shapes, lengths and strides for it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "tests/conformance/harness.hpp"
#include "tests/conformance/quantized.hpp"
#include "tests/conformance/random_cases.hpp"

namespace {

using namespace attune;
using namespace attune::test;

struct Options {
  uint64_t seed = 1;
  int64_t specs = 20, shapes = 25;
  bool until_stopped = false;
  std::string target, problem, replay;
};

int report(const std::string& failure) {
  fmt::print(stderr, "FAILED {}\n", failure);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Random attention problems against attention in double. A failure is shrunk and printed as JSON.");
  app.add_option("--seed", options.seed, "Seed of the first problem");
  app.add_option("--specs", options.specs, "Kernels to specialise")->check(CLI::PositiveNumber);
  app.add_option("--shapes", options.shapes, "Problems per kernel")->check(CLI::PositiveNumber);
  app.add_flag("--until-stopped", options.until_stopped, "Go on until a problem fails or Ctrl-C");
  app.add_option(
      "--target", options.target,
      "Only this target: an instruction set, lowered:ARCH, emulated:sm_XX or cuda:N (default: all of the host in turn)");
  app.add_option("--problem", options.problem, "Run one problem, given as JSON");
  app.add_option("--case", options.replay, "Replay one case, as a failure printed it");
  CLI11_PARSE(app, argc, argv);

  if (!options.problem.empty() || !options.replay.empty()) {
    const std::string text = options.replay.empty() ? fmt::format(R"({{"problem":{}}})", options.problem) : options.replay;
    auto parsed = case_from_json(text);
    if (!parsed.ok()) return report(parsed.error().message());
    if (!options.target.empty()) parsed->target = options.target;
    const std::string failure = replay_case(*parsed);
    if (!failure.empty()) return report(failure);
    fmt::print("passed: {}\n", to_text(parsed->problem));
    return 0;
  }

  if (!options.target.empty()) {
    const auto opened = open_target(options.target, 1);
    if (!opened.ok()) return report(opened.error().message());
  }
  const auto start = std::chrono::steady_clock::now();
  Random random(options.seed);
  int64_t problems = 0;
  for (int64_t spec = 0; options.until_stopped || spec < options.specs; ++spec) {
    const std::vector<std::string>& isas = host_isas();
    const std::string& target = options.target.empty() ? isas[static_cast<size_t>(spec) % isas.size()] : options.target;
    const Limits limits;
    const RandomOutcome outcome = check_random_shapes(random, target, draw_traits(random, limits), limits, options.shapes);
    problems += outcome.problems;
    if (!outcome.failure.empty()) return report(outcome.failure);
    if (options.until_stopped && spec % 10 == 9) fmt::print("{} problems, {} kernels' worth of specs\n", problems, spec + 1);
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  fmt::print("{} random problems agree with the reference (seed {}, {:.1f} s)\n", problems, options.seed, elapsed.count());
  return 0;
}
