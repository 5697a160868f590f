// Tuning: options, progress, cancelling, outcomes.
#include <fmt/format.h>

#include "api/handles.hpp"
#include "api/translate.hpp"
#include "api/versioned.hpp"

using namespace attune;       // NOLINT(google-build-using-namespace): the C names below live outside
using namespace attune::api;  // NOLINT(google-build-using-namespace)

namespace {

tuner::ProgressCallback to_callback(attune_progress_callback progress, void* user, std::atomic<bool>& cancel) {
  if (progress == nullptr) return {};
  return [progress, user, &cancel](const tuner::Progress& at) {
    attune_progress c{};
    c.struct_size = sizeof c;
    c.problem_index = at.problem_index;
    c.problem_count = at.problem_count;
    c.problem = at.problem.c_str();
    c.phase = at.phase.c_str();
    c.evaluated = at.evaluated;
    c.planned = at.planned;
    c.compile_queue = at.compile_queue;
    c.failed = at.failed;
    c.best_ms = at.best_ms;
    c.heuristic_ms = at.heuristic_ms;
    c.elapsed_s = at.elapsed_s;
    c.budget_s = at.budget_s;
    if (progress(&c, user) != 0) cancel = true;
  };
}

Result<void> judge(const std::vector<tuner::Outcome>& outcomes, size_t asked) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].cancelled)
      return Error(Status::cancelled, fmt::format("cancelled at problems[{}]. What was measured is kept.", i));
    if (outcomes[i].status != "ok") {
      return Error(Status::not_found,
                   fmt::format("problems[{}] ({}) has no winner: {}", i, to_text(outcomes[i].problem), outcomes[i].status));
    }
  }
  if (outcomes.size() < asked) {
    return Error(Status::cancelled,
                 fmt::format("cancelled before problems[{}]. What was measured is kept.", outcomes.size()));
  }
  return {};
}

}  // namespace

extern "C" {

attune_status attune_cancel_create(attune_cancel** cancel) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(cancel, "cancel"));
    *cancel = new attune_cancel;
    return {};
  });
}
void attune_cancel_set(attune_cancel* cancel) {
  static_assert(std::atomic<bool>::is_always_lock_free, "attune_cancel_set is called from signal handlers");
  if (cancel != nullptr) cancel->requested = true;
}
void attune_cancel_destroy(attune_cancel* cancel) { delete cancel; }

attune_status attune_tune(attune_context* context, const attune_problem* const* problems, size_t count,
                          const attune_tune_options* options, attune_tuning** tuning) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_TRY(const auto parsed, to_problems(problems, count));
    ATTUNE_TRY(const attune_tune_options given, read_tune_options(options));
    tuner::TuneOptions tune_options = context->body->tuning;
    ATTUNE_CHECK(apply(given, tune_options));
    if (tune_options.isolate && tune_options.worker_program.empty()) return no_worker_program();

    std::atomic<bool> own_flag{false};
    std::atomic<bool>& cancel = given.cancel != nullptr ? given.cancel->requested : own_flag;
    ATTUNE_TRY(auto outcomes, tuner::tune(*context->body->runtime, parsed, tune_options,
                                          to_callback(given.progress, given.progress_user, cancel), &cancel));
    context->body->runtime->forget_plans();
    const Result<void> verdict = judge(outcomes, parsed.size());
    if (tuning != nullptr) {
      auto handle = std::make_unique<attune_tuning>();
      for (const auto& outcome : outcomes) handle->configs.push_back(outcome.best.to_json());
      handle->outcomes = std::move(outcomes);
      *tuning = handle.release();
    }
    return verdict;
  });
}

size_t attune_tuning_count(const attune_tuning* tuning) { return tuning == nullptr ? 0 : tuning->outcomes.size(); }

attune_status attune_tuning_outcome(const attune_tuning* tuning, size_t index, attune_outcome* outcome) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(tuning, "tuning"));
    ATTUNE_CHECK(check_pointer(outcome, "attune_outcome"));
    if (index >= tuning->outcomes.size()) {
      return invalid(fmt::format("index is {} and there are {} outcomes. Use an index below attune_tuning_count.", index,
                                 tuning->outcomes.size()));
    }
    const tuner::Outcome& of = tuning->outcomes[index];
    attune_outcome filled{};
    filled.status = of.status.c_str();
    filled.config = tuning->configs[index].c_str();
    filled.best_ms = of.best_ms;
    filled.best_mad_ms = of.best_mad_ms;
    filled.heuristic_ms = of.heuristic_ms;
    filled.evaluated = of.evaluated;
    filled.failed = of.failed;
    filled.reused = of.reused;
    filled.cancelled = of.cancelled ? 1 : 0;
    return write_versioned(outcome, outcome->struct_size, offsetof(attune_outcome, best_ms), filled, "attune_outcome");
  });
}

void attune_tuning_release(attune_tuning* tuning) { delete tuning; }

}  // extern "C"
