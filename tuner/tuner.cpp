// The door of the room: several problems one after the other, and the hook of a context.
#include "tuner/tuner.hpp"

#include <algorithm>
#include <utility>

#include "runtime/automatic_quantization.hpp"
#include "tuner/pipeline.hpp"

namespace attune::tuner {
namespace {

// One problem, with its text on what it reports.
Outcome tune_named(runtime::Context& context, const Problem& problem, const TuneOptions& options,
                   const ProgressCallback& progress, const std::atomic<bool>* cancel) {
  ProgressCallback named;
  if (progress) {
    named = [&, text = to_text(problem)](const Progress& at) {
      Progress complete = at;
      complete.problem = text;
      progress(complete);
    };
  }
  return tune_problem(context, problem, options, named, cancel);
}

// All that `sage` chooses from: afterwards their records can be compared.
Outcome tune_alternatives(runtime::Context& context, const Problem& problem, const TuneOptions& options,
                          const ProgressCallback& progress, const std::atomic<bool>* cancel) {
  Outcome all;
  all.problem = problem;
  const auto alternatives = context.alternatives(problem);
  if (!alternatives) {
    all.status = alternatives.error().message();
    return all;
  }
  TuneOptions share = options;
  const auto count = static_cast<int64_t>(alternatives->size());
  share.budget.seconds /= static_cast<double>(count);
  if (options.budget.evaluations > 0) {
    share.budget.evaluations = std::max<int64_t>(1, options.budget.evaluations / count);
  }
  std::vector<Outcome> outcomes;
  for (const Problem& alternative : *alternatives) {
    if (cancel != nullptr && cancel->load()) break;
    outcomes.push_back(tune_named(context, alternative, share, progress, cancel));
    const Outcome& one = outcomes.back();
    all.evaluated += one.evaluated;
    all.failed += one.failed;
    all.reused += one.reused;
    all.cancelled = all.cancelled || one.cancelled;
  }
  // As the next find() chooses, so that they agree.
  const auto ranked = context.alternatives(problem);
  if (!ranked) {
    all.status = ranked.error().message();
    return all;
  }
  for (const Problem& alternative : *ranked) {
    const auto of = [&](const Outcome& outcome) { return outcome.problem == alternative; };
    const auto found = std::find_if(outcomes.begin(), outcomes.end(), of);
    if (found == outcomes.end()) continue;
    if (found->status != "ok") {
      if (all.status.empty()) all.status = found->status;
      continue;
    }
    all.status = "ok";
    all.quantization = alternative.quantization;
    all.best = found->best;
    all.best_ms = found->best_ms;
    all.heuristic_ms = found->heuristic_ms;
    all.best_mad_ms = found->best_mad_ms;
    return all;
  }
  if (all.status.empty()) all.status = "cancelled before any config was measured. Tune again to go on.";
  all.cancelled = all.cancelled || outcomes.size() < alternatives->size();
  return all;
}

}  // namespace

Result<std::vector<Outcome>> tune(runtime::Context& context, std::span<const Problem> problems, const TuneOptions& options,
                                  const ProgressCallback& progress, const std::atomic<bool>* cancel) {
  ATTUNE_CHECK(validate(options));
  std::vector<Outcome> outcomes;
  for (size_t index = 0; index < problems.size(); ++index) {
    if (cancel != nullptr && cancel->load()) break;
    ProgressCallback counted;
    if (progress) {
      counted = [&](const Progress& at) {
        Progress complete = at;
        complete.problem_index = static_cast<int64_t>(index);
        complete.problem_count = static_cast<int64_t>(problems.size());
        progress(complete);
      };
    }
    const bool choice = runtime::asks_for_choice(problems[index]);
    outcomes.push_back((choice ? tune_alternatives : tune_named)(context, problems[index], options, counted, cancel));
  }
  return outcomes;
}

void install(runtime::Context& context, TuneOptions options) {
  context.set_tuner([options = std::move(options)](runtime::Context& tuned, const Problem& problem) -> Result<void> {
    ATTUNE_TRY(const auto outcomes, tune(tuned, std::span(&problem, 1), options));
    if (outcomes.front().status == "ok") return {};
    return Error(Status::not_found, outcomes.front().status).within("tuning " + to_text(problem));
  });
}

}  // namespace attune::tuner
