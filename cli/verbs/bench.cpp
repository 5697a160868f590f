// attune bench: the plan a call would get against the heuristic, measured alternately on the same inputs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "cli/context_options.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shape_options.hpp"
#include "cli/table.hpp"
#include "cli/verbs/verbs.hpp"
#include "tuner/workload.hpp"

namespace attune::cli {
namespace {

constexpr size_t least_samples = 3;

struct BenchArguments {
  ContextArguments context;
  ShapeRequest shapes;
  double seconds = 2;
  uint64_t seed = 1;
  bool cold = false;
};

struct Sampled {
  runtime::PlanPtr plan;
  void* workspace = nullptr;
  std::vector<double> ms;

  double median() const {
    std::vector<double> sorted = ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
  double mad() const {
    const double middle = median();
    std::vector<double> deviations;
    for (const double value : ms) deviations.push_back(std::abs(value - middle));
    std::sort(deviations.begin(), deviations.end());
    return deviations[deviations.size() / 2];
  }
};

// One uncounted call each, then rounds of one call each until the time is over.
Result<void> measure(runtime::Context& context, const Tensors& tensors, std::vector<Sampled>& plans,
                     const BenchArguments& arguments) {
  runtime::Device& device = context.device();
  double total_ms = 0;
  for (size_t round = 0; round <= least_samples || total_ms < 1000 * arguments.seconds; ++round) {
    for (Sampled& sampled : plans) {
      if (arguments.cold) ATTUNE_CHECK(device.flush_cache());
      ATTUNE_TRY(const double ms,
                 device.time_ms([&] { return context.execute(*sampled.plan, tensors, sampled.workspace); }, nullptr));
      total_ms += ms;
      if (round > 0) sampled.ms.push_back(ms);
    }
  }
  return {};
}

Json sampled_json(const Problem& problem, const Sampled& sampled, const runtime::Device& device) {
  Json json = {{"median_ms", sampled.median()}, {"mad_ms", sampled.mad()}, {"samples", sampled.ms.size()}};
  if (const auto rate = gflops(problem, sampled.median())) json["gflops"] = *rate;
  json["plan"] = plan_json(*sampled.plan, device);
  return json;
}

Result<void> bench_one(runtime::Context& context, const Problem& problem, const BenchArguments& arguments, Json& json,
                       Table& table) {
  std::vector<Sampled> plans(1);
  ATTUNE_TRY(plans[0].plan, context.find(problem, runtime::Policy::compile));
  const Family& family = *plans[0].plan->family;
  const DeviceClass& device = context.device().device_class();
  const Config heuristic = family.heuristic(family.spec(problem, device), problem, device);
  if (!(heuristic == plans[0].plan->config)) {
    plans.emplace_back();
    ATTUNE_TRY(plans[1].plan, context.plan_with(family, problem, heuristic));
  }
  ATTUNE_TRY(const auto workload, tuner::Workload::create(context.device(), problem, arguments.seed));
  // One workspace, of the larger size: the plans take turns.
  int64_t workspace_bytes = 0;
  for (const Sampled& sampled : plans) workspace_bytes = std::max(workspace_bytes, sampled.plan->workspace_bytes);
  ATTUNE_TRY(void* workspace, workload->workspace(workspace_bytes));
  for (Sampled& sampled : plans) sampled.workspace = workspace;
  ATTUNE_CHECK(measure(context, workload->tensors(), plans, arguments));

  const double ms = plans[0].median();
  const auto rate = gflops(problem, ms);
  const bool tuned = plans.size() == 2;
  table.add({to_text(problem), time_text(ms), fmt::format("{:.1f}%", 100 * plans[0].mad() / ms),
             rate ? fmt::format("{:.1f}", *rate) : "-", tuned ? time_text(plans[1].median()) : "the same",
             tuned ? fmt::format("{:.2f}x", plans[1].median() / ms) : "-",
             std::string(name(plans[0].plan->provenance.origin)), plans[0].plan->config.to_text()});
  Json entry = {{"problem", problem_json(problem)}, {"plan", sampled_json(problem, plans[0], context.device())}};
  if (tuned) entry["heuristic"] = sampled_json(problem, plans[1], context.device());
  json.push_back(std::move(entry));
  return {};
}

Result<Report> bench(const BenchArguments& arguments) {
  ATTUNE_TRY(const auto problems, required_problems(arguments.shapes));
  ATTUNE_TRY(const auto context, open_context(arguments.context));
  Report out;
  Json shapes = Json::array();
  Table table({"shape", ">median", ">noise", ">GFLOP/s", ">heuristic", ">speedup", "provenance", "config"});
  std::string trouble;
  size_t failed = 0;
  for (const Problem& problem : problems) {
    if (const auto done = bench_one(*context, problem, arguments, shapes, table); !done) {
      ++failed;
      if (problems.size() == 1) return done.error().within(to_text(problem));
      if (trouble.empty()) trouble = fmt::format("{}: {}", to_text(problem), done.error().message());
      shapes.push_back({{"problem", problem_json(problem)}, {"message", done.error().message()}});
    }
  }
  out.json = {{"device", context->device().name()},
              {"device_class", Json::parse(context->device().device_class().to_json(), nullptr, false)},
              {"cache_regime", arguments.cold ? "cold" : "hot"},
              {"shapes", std::move(shapes)}};
  out.text = table.text();
  if (failed > 0) {
    out.code = ExitCode::partial;
    out.complaint = fmt::format("{} of {} shapes failed; {}", failed, problems.size(), trouble);
  }
  return out;
}

}  // namespace

void add_bench(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "bench", "Times the plan of each shape against the heuristic, alternately",
                                    "attune bench vit-b --seconds 1");
  const auto a = std::make_shared<BenchArguments>();
  add_shape_options(verb, a->shapes);
  const std::string group = "Measuring";
  verb.add_option("--seconds", a->seconds, "Time in kernels per shape; at least three calls are timed")
      ->type_name("S")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str()
      ->group(group);
  verb.add_option("--seed", a->seed, "Seed of the inputs")->type_name("N")->capture_default_str()->group(group);
  verb.add_flag("--cold", a->cold, "Empties the caches before each call")->group(group);
  add_context_options(verb, a->context);
  program.on(verb, [a] { return bench(*a); });
}

}  // namespace attune::cli
