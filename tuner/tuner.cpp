// The door of the room: several problems one after the other, and the hook of a context.
#include "tuner/tuner.hpp"

#include <utility>

#include "tuner/pipeline.hpp"

namespace attune::tuner {

Result<std::vector<Outcome>> tune(runtime::Context& context, std::span<const Problem> problems, const TuneOptions& options,
                                  const ProgressCallback& progress, const std::atomic<bool>* cancel) {
  ATTUNE_CHECK(validate(options));
  std::vector<Outcome> outcomes;
  for (size_t index = 0; index < problems.size(); ++index) {
    if (cancel != nullptr && cancel->load()) break;
    ProgressCallback named;
    if (progress) {
      named = [&, text = to_text(problems[index])](const Progress& at) {
        Progress complete = at;
        complete.problem_index = static_cast<int64_t>(index);
        complete.problem_count = static_cast<int64_t>(problems.size());
        complete.problem = text;
        progress(complete);
      };
    }
    outcomes.push_back(tune_problem(context, problems[index], options, named, cancel));
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
