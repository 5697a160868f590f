// The plan cache: what every call after the first pays before its launch. Budget: under 1 us, no allocation.
#include <attune/attune.h>
#include <benchmark/benchmark.h>

#include "bench/registry.hpp"
#include "bench/subject.hpp"

namespace attune::bench {
namespace {

void find_hit(benchmark::State& state, const Problem& problem) {
  auto context = open_context();
  if (!context.ok()) return state.SkipWithError(context.error().message().c_str());
  if (auto first = (*context)->find(problem, runtime::Policy::compile); !first.ok()) {
    return state.SkipWithError(first.error().message().c_str());
  }
  for (auto _ : state) {
    auto plan = (*context)->find(problem, runtime::Policy::compile);
    benchmark::DoNotOptimize(plan);
  }
  const auto hits = (*context)->stats().plan_hits;
  if (hits < state.iterations()) state.SkipWithError("not every find() was a hit");
}

// With more plans than one: the lookup must not grow with what the process has seen.
void find_hit_among(benchmark::State& state) {
  auto context = open_context();
  if (!context.ok()) return state.SkipWithError(context.error().message().c_str());
  std::vector<Problem> known;
  for (int64_t i = 0; i < state.range(0); ++i) {
    known.push_back(tiny_problem());
    known.back().seqlen_kv = 1 + i;
    if (auto first = (*context)->find(known.back(), runtime::Policy::compile); !first.ok()) {
      return state.SkipWithError(first.error().message().c_str());
    }
  }
  size_t next = 0;
  for (auto _ : state) {
    auto plan = (*context)->find(known[next], runtime::Policy::compile);
    benchmark::DoNotOptimize(plan);
    next = next + 1 == known.size() ? 0 : next + 1;
  }
}

struct CContext {
  attune_context* handle = nullptr;
  ~CContext() { attune_context_destroy(handle); }
};

// Opens a context of the shared library in memory only; reports and returns false on failure.
bool open(benchmark::State& state, CContext& context, attune_problem& problem) {
  attune_context_options options;
  attune_context_options_init(&options, sizeof options);
  options.device = "cpu";
  options.records_directory = "";
  options.kernels_directory = "";
  attune_problem_init(&problem, sizeof problem);
  problem.heads_q = 32;
  problem.heads_kv = 8;
  problem.seqlen_q = problem.seqlen_kv = 2048;
  problem.head_dim_qk = problem.head_dim_v = 128;
  problem.dtype = ATTUNE_BF16;
  problem.causal = 1;
  if (attune_context_create(&options, &context.handle) == ATTUNE_OK) return true;
  state.SkipWithError(attune_last_error());
  return false;
}

// The same through the C ABI, as a foreign program calls it: validation of the struct, lookup, and a handle to release.
void c_find_hit(benchmark::State& state) {
  CContext context;
  attune_problem problem;
  if (!open(state, context, problem)) return;
  attune_plan* plan = nullptr;
  if (attune_find(context.handle, &problem, ATTUNE_COMPILE, nullptr, &plan) != ATTUNE_OK) {
    return state.SkipWithError(attune_last_error());
  }
  attune_plan_release(plan);
  for (auto _ : state) {
    attune_find(context.handle, &problem, ATTUNE_COMPILE, nullptr, &plan);
    attune_plan_release(plan);
  }
}

}  // namespace

void register_plan_cache() {
  for (const NamedProblem& named : problems()) {
    benchmark::RegisterBenchmark(("plan_cache_hit/" + named.name).c_str(),
                                 [problem = named.problem](benchmark::State& state) { find_hit(state, problem); });
  }
  benchmark::RegisterBenchmark("plan_cache_hit_among", find_hit_among)->Arg(64);
  benchmark::RegisterBenchmark("plan_cache_hit_c_abi", c_find_hit);
}

}  // namespace attune::bench
