// From a problem and options to a search over real kernels.
#include "tuner/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>

#include "tuner/search.hpp"
#include "tuner/worker_measurer.hpp"

namespace attune::tuner {
namespace {

// Ten configs of a sibling bring a search to 91 % of the optimum within ten evaluations, on public data.
constexpr size_t max_seeds = 10;

// Candidates are compiled here, so that the worker finds them in the kernel store.
Compiled compile(runtime::Context& context, const Family& family, const Problem& problem, const Config& config) {
  Compiled compiled;
  const auto plan = context.plan_with(family, problem, config);
  if (!plan) {
    compiled.status = "compile_failed";
    compiled.detail = plan.error().message();
    return compiled;
  }
  compiled.compile_ms = (*plan)->provenance.compile_ms;
  if (const auto row = context.kernels().find((*plan)->provenance.compile_key)) {
    compiled.compile_ms = row->compile_ms;
    compiled.registers = row->registers;
    compiled.spill_bytes = row->spill_bytes;
    compiled.shared_bytes = row->shared_bytes;
    compiled.code_bytes = static_cast<int64_t>(row->blob.size());
  }
  return compiled;
}

// On a GPU a kernel mostly follows others that used the L2, and flushing also hides the latency of a launch.
std::string cache_regime_of(const TuneOptions& options, const DeviceClass& device) {
  if (!options.cache_regime.empty()) return options.cache_regime;
  return device.kind == "cuda" ? "cold" : "hot";
}

SearchRules rules_for(const TuneOptions& options, const DeviceClass& device) {
  SearchRules rules;
  // Some hundred candidates should fit the budget: a config gets a hundredth of it, within reason.
  rules.screen.max_total_ms = std::clamp(10 * options.budget.seconds, 50.0, 500.0);
  if (device.kind == "cuda") rules.max_spill_bytes = gpu_spill_limit_bytes;
  return rules;
}

Result<std::unique_ptr<Measurer>> make_measurer(runtime::Context& context, const Family& family, const Problem& problem,
                                                const TuneOptions& options, const std::atomic<bool>* cancel,
                                                const TestHooks& hooks) {
  WorkbenchOptions workbench;
  workbench.cache_regime = cache_regime_of(options, context.device().device_class());
  workbench.seed = options.seed;
  if (!options.isolate) {
    ATTUNE_TRY(auto bench, Workbench::create(context, family, problem, workbench));
    return std::unique_ptr<Measurer>(std::move(bench));
  }
  WorkerOptions worker;
  worker.program = options.worker_program;
  worker.open.context = context.options();
  worker.open.family = family.name();
  worker.open.problem = problem;
  worker.open.workbench = workbench;
  worker.candidate_timeout_s = options.candidate_timeout_s;
  worker.cancel = cancel;
  worker.inject = hooks.inject;
  return std::unique_ptr<Measurer>(std::make_unique<WorkerMeasurer>(std::move(worker)));
}

Outcome outcome_of(const Problem& problem, const SearchResult& found, const std::optional<cache::Record>& winner) {
  Outcome outcome;
  outcome.problem = problem;
  outcome.heuristic_ms = found.heuristic_ms;
  outcome.evaluated = found.evaluated;
  outcome.failed = found.failed;
  outcome.reused = found.reused;
  outcome.cancelled = found.cancelled;
  // The next find() asks the records, so the outcome does as well: they agree.
  const auto config = winner ? Config::from_json(winner->config) : Result<Config>(Error(Status::not_found, ""));
  if (config) {
    outcome.best = *config;
    outcome.best_ms = winner->statistics.median_ms;
    outcome.best_mad_ms = winner->statistics.mad_ms;
    outcome.status = "ok";
    return outcome;
  }
  if (found.error) {
    outcome.status = found.error->message();
  } else if (found.cancelled) {
    outcome.status = "cancelled before any config was measured. Tune again to go on.";
  } else if (found.evaluated + found.reused == 0) {
    outcome.status = "the budget ended before any config was measured. Give a larger budget.";
  } else {
    outcome.status = fmt::format("none of {} configs ran and passed validation. See `attune top` for the reasons.",
                                 found.evaluated + found.reused);
  }
  return outcome;
}

Result<Outcome> search(runtime::Context& context, const Problem& problem, const TuneOptions& options,
                       const ProgressCallback& progress, const std::atomic<bool>* cancel, const TestHooks& hooks) {
  ATTUNE_CHECK(attune::validate(problem));
  ATTUNE_TRY(const Family* family, context.select_family(problem));
  const DeviceClass& device = context.device().device_class();
  if (device.kind == "emulated" && !hooks.on_emulated) {
    return Error(Status::unsupported,
                 fmt::format("{} counts and has no clock, so nothing can be tuned on it. Tune on a cuda device.",
                             context.device().name()));
  }
  const std::string regime = cache_regime_of(options, device);
  const Spec spec = family->spec(problem, device);
  const Space space = family->space(spec, problem, device);
  Recorder recorder(context, *family, problem, {regime, options.budget.name, options.seed});

  SearchSetup setup;
  setup.space = &space;
  setup.heuristic = family->heuristic(spec, problem, device);
  if (const auto why = space.violation(setup.heuristic)) {
    return Error(Status::internal,
                 fmt::format("the first config of family {} is outside its own space: {}. Please report this.",
                             family->name(), *why));
  }
  if (options.resume) setup.known = recorder.known();
  if (const auto winner = recorder.winner()) {
    if (const auto config = Config::from_json(winner->config)) setup.incumbent = *config;
  }
  // The heuristic is a seed like any sibling's winner: short budgets then refine it instead of starting from random configs.
  std::vector<Config> seeds = recorder.seeds(space, max_seeds);
  seeds.insert(seeds.begin(), setup.heuristic);
  ATTUNE_TRY(const auto strategy, make_strategy(options.strategy, space, options.seed, std::move(seeds)));
  ATTUNE_TRY(const auto measurer, make_measurer(context, *family, problem, options, cancel, hooks));

  const auto start = std::chrono::steady_clock::now();
  setup.strategy = strategy.get();
  setup.measurer = measurer.get();
  setup.compile = [&](const Config& config) { return compile(context, *family, problem, config); };
  setup.compile_jobs =
      options.compile_jobs > 0 ? options.compile_jobs : static_cast<int>(std::max<int64_t>(1, device.compute_units));
  if (device.kind != "cpu" && options.compile_jobs <= 0) {
    setup.compile_jobs = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  setup.compile_disturbs = device.kind != "cuda";
  setup.budget = options.budget;
  setup.rules = rules_for(options, device);
  setup.commit = [&](const Candidate& candidate) { return recorder.commit(candidate); };
  setup.retract = [&](const std::string& id, const std::string& reason) { recorder.retract(id, reason); };
  setup.elapsed_s = [start] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  setup.progress = progress;
  setup.cancel = cancel;
  const SearchResult found = Search(std::move(setup)).run();
  return outcome_of(problem, found, recorder.winner());
}

}  // namespace

Result<void> validate(const TuneOptions& options) {
  if (!options.cache_regime.empty() && options.cache_regime != "hot" && options.cache_regime != "cold") {
    return Error(
        Status::invalid_argument,
        fmt::format("cache_regime '{}' does not exist. Give hot or cold, or leave it empty.", options.cache_regime));
  }
  if (options.strategy != "ils" && options.strategy != "random") {
    return Error(Status::invalid_argument,
                 fmt::format("strategy '{}' does not exist. Give ils or random.", options.strategy));
  }
  if (!(options.budget.seconds > 0) || !std::isfinite(options.budget.seconds) || options.budget.evaluations < 0) {
    return Error(
        Status::invalid_argument,
        fmt::format("budget of {} s and {} evaluations cannot be spent. Give seconds above 0 and evaluations of 0 (no "
                    "bound) or more.",
                    options.budget.seconds, options.budget.evaluations));
  }
  if (!(options.candidate_timeout_s > 0) || options.compile_jobs < 0) {
    return Error(Status::invalid_argument, "candidate_timeout_s must be above 0 and compile_jobs 0 (one per core) or more.");
  }
  return {};
}

Outcome tune_problem(runtime::Context& context, const Problem& problem, const TuneOptions& options,
                     const ProgressCallback& progress, const std::atomic<bool>* cancel, const TestHooks& hooks) {
  auto outcome = search(context, problem, options, progress, cancel, hooks);
  context.forget_plans();
  if (outcome) return *std::move(outcome);
  Outcome failed;
  failed.problem = problem;
  failed.status = outcome.error().message();
  return failed;
}

}  // namespace attune::tuner
