// Throughput by config: the heuristic's choice and what lies one step away. Shows what there is for the tuner to win.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "bench/registry.hpp"
#include "bench/subject.hpp"

namespace attune::bench {
namespace {

constexpr size_t neighbours_shown = 6;

// The heuristic first, then a fixed sample of its neighbours, so that two runs show the same configs.
std::vector<Config> configs(runtime::Context& context, const Family& family, const Problem& problem) {
  const DeviceClass& device = context.device().device_class();
  const Spec spec = family.spec(problem, device);
  std::vector<Config> chosen{family.heuristic(spec, problem, device)};
  std::vector<Config> near = family.space(spec, problem, device).neighbours(chosen.front());
  std::mt19937_64 generator(1);
  std::shuffle(near.begin(), near.end(), generator);
  near.resize(std::min(near.size(), neighbours_shown));
  chosen.insert(chosen.end(), near.begin(), near.end());
  return chosen;
}

// Google Benchmark calls a benchmark several times to find its iteration count: one context for all of them compiles a
// config once. Opened by the first that needs it.
struct SharedContext {
  std::unique_ptr<runtime::Context> context;
};

void throughput(benchmark::State& state, SharedContext& shared, const Problem& problem, size_t index) {
  if (!shared.context) {
    auto opened = open_context();
    if (!opened.ok()) return state.SkipWithError(opened.error().message().c_str());
    shared.context = *std::move(opened);
  }
  runtime::Context& context = *shared.context;
  auto family = context.select_family(problem);
  if (!family.ok()) return state.SkipWithError(family.error().message().c_str());
  const std::vector<Config> candidates = configs(context, **family, problem);
  if (index >= candidates.size()) return state.SkipWithError("the heuristic has fewer neighbours than are shown");
  auto plan = context.plan_with(**family, problem, candidates[index]);
  if (!plan.ok()) return state.SkipWithError(plan.error().message().c_str());
  auto call = prepare_call(context, *plan);
  if (!call.ok()) return state.SkipWithError(call.error().message().c_str());
  for (auto _ : state) {
    auto done = context.execute(*call->plan, call->workload->tensors(), call->workspace);
    if (!done.ok()) return state.SkipWithError(done.error().message().c_str());
  }
  state.counters["flop/s"] = benchmark::Counter(problem.flops(), benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(candidates[index].to_text());
}

}  // namespace

void register_configs() {
  for (const NamedProblem& named : problems()) {
    const auto shared = std::make_shared<SharedContext>();
    for (size_t index = 0; index <= neighbours_shown; ++index) {
      const std::string which = index == 0 ? "heuristic" : "neighbour" + std::to_string(index);
      benchmark::RegisterBenchmark(
          ("config/" + named.name + "/" + which).c_str(),
          [shared, problem = named.problem, index](benchmark::State& state) { throughput(state, *shared, problem, index); })
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond)
          ->MinTime(0.1);
    }
  }
}

}  // namespace attune::bench
