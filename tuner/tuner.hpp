// Tuning: search the space of a problem's family, measure in a killable worker, validate, record.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "runtime/context.hpp"

namespace attune::tuner {

// quick: <= 10 s a shape, default: <= 60 s, thorough: <= 10 min; each also as explicit seconds or evaluations.
struct Budget {
  std::string name = "default";
  double seconds = 60;
  int64_t evaluations = 0;  // 0: no bound
};
// "quick", "default", "thorough", "30s", "10m", "200evals".
Result<Budget> parse_budget(std::string_view text);

struct TuneOptions {
  Budget budget;
  std::string strategy = "ils";  // "random", "ils" (random + iterated local search)
  uint64_t seed = 1;
  std::string cache_regime;         // "hot", "cold" (flushed before each sample); "": cold on a GPU, hot on the CPU
  bool resume = true;               // configs that have a record of this toolchain are not measured again
  bool isolate = true;              // false: measure in this process (no worker), for debugging
  std::string worker_program;       // path of the `attune` program; empty: this executable
  int compile_jobs = 0;             // 0: one per core
  double candidate_timeout_s = 30;  // a candidate that takes longer is killed and recorded as timed_out
};

struct Progress {
  int64_t problem_index = 0, problem_count = 0;
  std::string problem;
  std::string phase;  // "compile", "screen", "race", "final"
  int64_t evaluated = 0, planned = 0, compile_queue = 0, failed = 0;
  double best_ms = 0, heuristic_ms = 0;
  double elapsed_s = 0, budget_s = 0;
};

struct Outcome {
  Problem problem;
  std::string quantization;  // the problem asked for `sage`: what won; else empty
  std::string status;        // "ok", or why there is no winner
  Config best;
  double best_ms = 0, heuristic_ms = 0, best_mad_ms = 0;
  int64_t evaluated = 0, failed = 0, reused = 0;
  bool cancelled = false;
};

using ProgressCallback = std::function<void(const Progress&)>;

// Tunes one problem after the other (of the quantization `sage`: each of its alternatives, none included, which share the
// budget); everything measured is committed at once, so cancelling loses nothing. Returns one
// outcome per problem that was started.
Result<std::vector<Outcome>> tune(runtime::Context& context, std::span<const Problem> problems, const TuneOptions& options,
                                  const ProgressCallback& progress = {}, const std::atomic<bool>* cancel = nullptr);

// Makes find(tune_if_missing / retune) work on this context.
void install(runtime::Context& context, TuneOptions options);

// Entry point of the worker process: `attune worker` reads requests on standard input and answers on standard output.
int worker_main();

}  // namespace attune::tuner
