// What a call costs beside its arithmetic: one query, one key, one head.
#include <attune/attune.h>
#include <benchmark/benchmark.h>

#include <array>

#include "bench/registry.hpp"
#include "bench/subject.hpp"

namespace attune::bench {
namespace {

// `heads` work items: with more than one, the thread pool's hand-over is part of the cost.
void execute(benchmark::State& state) {
  auto context = open_context();
  if (!context.ok()) return state.SkipWithError(context.error().message().c_str());
  Problem problem = tiny_problem();
  problem.heads_q = problem.heads_kv = state.range(0);
  auto plan = (*context)->find(problem, runtime::Policy::compile);
  if (!plan.ok()) return state.SkipWithError(plan.error().message().c_str());
  auto call = prepare_call(**context, *plan);
  if (!call.ok()) return state.SkipWithError(call.error().message().c_str());
  for (auto _ : state) {
    auto done = (*context)->execute(*call->plan, call->workload->tensors(), call->workspace);
    if (!done.ok()) return state.SkipWithError(done.error().message().c_str());
  }
}

// attune_attention: find, workspace and launch in the one call most programs make.
void c_attention(benchmark::State& state) {
  attune_context_options options;
  attune_context_options_init(&options, sizeof options);
  options.device = "cpu";
  options.records_directory = "";
  options.kernels_directory = "";
  attune_context* context = nullptr;
  if (attune_context_create(&options, &context) != ATTUNE_OK) return state.SkipWithError(attune_last_error());
  attune_problem problem;
  attune_problem_init(&problem, sizeof problem);
  problem.seqlen_q = problem.seqlen_kv = 1;
  attune_tensors tensors;
  attune_tensors_init(&tensors, sizeof tensors);
  attune_tensors_set_contiguous(&problem, &tensors);
  std::array<float, 64> q{}, k{}, v{}, o{};
  tensors.q.data = q.data();
  tensors.k.data = k.data();
  tensors.v.data = v.data();
  tensors.o.data = o.data();
  if (attune_attention(context, &problem, &tensors, nullptr) != ATTUNE_OK) {  // compiles
    attune_context_destroy(context);
    return state.SkipWithError(attune_last_error());
  }
  for (auto _ : state) {
    if (attune_attention(context, &problem, &tensors, nullptr) != ATTUNE_OK) {
      state.SkipWithError(attune_last_error());
      break;
    }
  }
  attune_context_destroy(context);
}

}  // namespace

void register_launch() {
  benchmark::RegisterBenchmark("launch/heads", execute)->Arg(1)->Arg(64)->UseRealTime();
  benchmark::RegisterBenchmark("attention_c_abi", c_attention)->UseRealTime();
}

}  // namespace attune::bench
