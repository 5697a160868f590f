// From a problem to a callable kernel in a fresh context: out of the kernel store (budget 5 ms) and by compiling (600 ms).
#include <benchmark/benchmark.h>
#include <time.h>

#include <chrono>

#include "bench/registry.hpp"
#include "bench/subject.hpp"

namespace attune::bench {
namespace {

// CPU time of this thread: what the call would take on a machine that does nothing else.
double thread_cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

// Times the first find() of a new context: records, emission, compile key, store, linking. Opening the context is not part
// of it; a process does that once.
void first_find(benchmark::State& state, const Problem& problem, const std::filesystem::path& stores,
                std::string_view kernel_origin) {
  double load_ms = 0, compile_ms = 0, cpu_ms = 0;
  for (auto _ : state) {
    auto context = open_context(stores);
    if (!context.ok()) return state.SkipWithError(context.error().message().c_str());
    const double cpu_before_ms = thread_cpu_ms();
    const auto start = std::chrono::steady_clock::now();
    auto plan = (*context)->find(problem, runtime::Policy::compile);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    cpu_ms += thread_cpu_ms() - cpu_before_ms;
    if (!plan.ok()) return state.SkipWithError(plan.error().message().c_str());
    const runtime::Provenance& provenance = (*plan)->provenance;
    if (provenance.kernel_origin != kernel_origin) {
      return state.SkipWithError(("the kernel came from: " + provenance.kernel_origin).c_str());
    }
    state.SetIterationTime(elapsed.count());
    load_ms += provenance.load_ms;
    compile_ms += provenance.compile_ms;
  }
  const auto count = static_cast<double>(state.iterations());
  state.counters["find_cpu_ms"] = cpu_ms / count;
  state.counters["load_ms"] = load_ms / count;
  state.counters["compile_ms"] = compile_ms / count;
}

void cached_load(benchmark::State& state, const Problem& problem) {
  const ScratchDirectory stores;
  {
    auto context = open_context(stores.path());
    if (!context.ok()) return state.SkipWithError(context.error().message().c_str());
    if (auto plan = (*context)->find(problem, runtime::Policy::compile); !plan.ok()) {
      return state.SkipWithError(plan.error().message().c_str());
    }
  }
  first_find(state, problem, stores.path(), "kernel cache");
}

void cold_compile(benchmark::State& state, const Problem& problem) { first_find(state, problem, {}, "compiled"); }

}  // namespace

void register_kernel_cache() {
  for (const NamedProblem& named : problems()) {
    benchmark::RegisterBenchmark(("cached_kernel_load/" + named.name).c_str(),
                                 [problem = named.problem](benchmark::State& state) { cached_load(state, problem); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->MinTime(0.2);
  }
  for (const NamedProblem& named : problems()) {
    benchmark::RegisterBenchmark(("cold_compile/" + named.name).c_str(),
                                 [problem = named.problem](benchmark::State& state) { cold_compile(state, problem); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(5);
  }
}

}  // namespace attune::bench
