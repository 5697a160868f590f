// attune tune: searches, measures and records, with live progress; Ctrl-C keeps everything measured.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/context_options.hpp"
#include "cli/interrupt.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/progress.hpp"
#include "cli/shape_options.hpp"
#include "cli/table.hpp"
#include "cli/verbs/verbs.hpp"
#include "tuner/tuner.hpp"

namespace attune::cli {
namespace {

struct TuneArguments {
  ContextArguments context;
  ShapeRequest shapes;
  tuner::TuneOptions options;
  std::string budget = "default";
  bool no_resume = false, no_isolate = false;
};

Json outcome_json(const tuner::Outcome& outcome) {
  Json json = {{"problem", problem_json(outcome.problem)}, {"status", outcome.status}};
  if (outcome.best_ms > 0) {
    json["config"] = Json::parse(outcome.best.to_json(), nullptr, false);
    json["best_ms"] = outcome.best_ms;
    json["best_mad_ms"] = outcome.best_mad_ms;
    json["heuristic_ms"] = outcome.heuristic_ms;
    if (const auto rate = gflops(outcome.problem, outcome.best_ms)) json["gflops"] = *rate;
  }
  if (!outcome.quantization.empty()) json["quantization"] = outcome.quantization;
  json["evaluated"] = outcome.evaluated;
  json["failed"] = outcome.failed;
  json["reused"] = outcome.reused;
  json["cancelled"] = outcome.cancelled;
  return json;
}

void add_row(Table& table, const tuner::Outcome& outcome) {
  const bool found = outcome.best_ms > 0;
  const auto rate = found ? gflops(outcome.problem, outcome.best_ms) : std::nullopt;
  table.add(
      {to_text(outcome.problem), found ? time_text(outcome.best_ms) : "-",
       found ? fmt::format("{:.1f}%", 100 * outcome.best_mad_ms / outcome.best_ms) : "-",
       rate ? fmt::format("{:.1f}", *rate) : "-",
       outcome.heuristic_ms > 0 && found ? fmt::format("{:.2f}x", outcome.heuristic_ms / outcome.best_ms) : "-",
       fmt::format("{}", outcome.evaluated), fmt::format("{}", outcome.failed), fmt::format("{}", outcome.reused),
       found ? (outcome.quantization.empty() ? "" : outcome.quantization + ": ") + outcome.best.to_text() : outcome.status});
}

Report report(const std::vector<tuner::Outcome>& outcomes, size_t wanted, bool interrupted) {
  Report out;
  out.json["outcomes"] = Json::array();
  out.json["interrupted"] = interrupted;
  Table table({"shape", ">best", ">noise", ">GFLOP/s", ">vs heuristic", ">measured", ">failed", ">reused", "config"});
  size_t tuned = 0;
  std::string trouble;
  for (const tuner::Outcome& outcome : outcomes) {
    out.json["outcomes"].push_back(outcome_json(outcome));
    add_row(table, outcome);
    if (outcome.status == "ok") {
      ++tuned;
    } else if (trouble.empty()) {
      trouble = fmt::format("; {}: {}", to_text(outcome.problem), outcome.status);
    }
  }
  out.text = table.text();
  if (interrupted) {
    out.complaint = fmt::format("interrupted after {} of {} shapes; everything measured is kept, the same command goes on",
                                outcomes.size(), wanted);
  } else if (tuned < wanted) {
    out.complaint = fmt::format("{} of {} shapes were tuned{}", tuned, wanted, trouble);
  }
  if (!out.complaint.empty()) out.code = ExitCode::partial;
  return out;
}

Result<Report> tune(const Program& program, TuneArguments& arguments) {
  ATTUNE_TRY(const auto problems, required_problems(arguments.shapes));
  tuner::TuneOptions& options = arguments.options;
  ATTUNE_TRY(options.budget, tuner::parse_budget(arguments.budget));
  options.resume = !arguments.no_resume;
  options.isolate = !arguments.no_isolate;
  options.worker_program = program.path();
  const Interrupt interrupt;  // before the context starts threads
  ATTUNE_TRY(const auto context, open_context(arguments.context));

  ProgressLine line(stderr, ProgressLine::style_of(stderr));
  const auto outcomes = tuner::tune(
      *context, problems, options, [&](const tuner::Progress& progress) { line.show(progress); }, &interrupt.requested());
  line.clear();
  if (!outcomes) return outcomes.error();
  const bool cancelled = std::any_of(outcomes->begin(), outcomes->end(), [](const auto& o) { return o.cancelled; });
  return report(*outcomes, problems.size(), interrupt.requested() && (cancelled || outcomes->size() < problems.size()));
}

}  // namespace

void add_tune(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "tune", "Searches for the fastest config of each shape and records what it measures",
                       "attune tune \"B1 H32/8 S2048 D128 bf16 causal\" vit-b --budget quick");
  const auto a = std::make_shared<TuneArguments>();
  add_shape_options(verb, a->shapes);
  const std::string group = "Search";
  verb.add_option("--budget", a->budget,
                  "A shape's budget: quick (10 s), default (60 s), thorough (10 min), 30s, 10m, 200evals")
      ->type_name("BUDGET")
      ->capture_default_str()
      ->group(group);
  verb.add_option("--strategy", a->options.strategy, "ils (random, then iterated local search) or random")
      ->type_name("NAME")
      ->check(CLI::IsMember({"ils", "random"}))
      ->capture_default_str()
      ->group(group);
  verb.add_option("--seed", a->options.seed, "Seed of the search")->type_name("N")->capture_default_str()->group(group);
  verb.add_option("--cache-regime", a->options.cache_regime,
                  "hot or cold: what the caches hold before each sample; cold on a GPU and hot on the CPU otherwise")
      ->type_name("NAME")
      ->check(CLI::IsMember({"hot", "cold"}))
      ->group(group);
  verb.add_option("--jobs", a->options.compile_jobs, "Compilations at a time; 0 takes one per core")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(group);
  verb.add_option("--candidate-timeout", a->options.candidate_timeout_s,
                  "A candidate that takes longer is killed and recorded")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.01, 86400.0))
      ->capture_default_str()
      ->group(group);
  verb.add_flag("--no-resume", a->no_resume, "Measures again what is recorded already")->group(group);
  verb.add_flag("--no-isolate", a->no_isolate, "Measures in this process, for debugging: a crash ends everything")
      ->group(group);
  add_context_options(verb, a->context);
  program.on(verb, [&program, a] { return tune(program, *a); });
}

}  // namespace attune::cli
