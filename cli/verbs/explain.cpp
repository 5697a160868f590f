// attune explain: which kernel a problem gets, and why.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/context_options.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shape_options.hpp"
#include "cli/verbs/verbs.hpp"

namespace attune::cli {
namespace {

struct ExplainArguments {
  ContextArguments context;
  ShapeRequest shapes;
  std::string policy = "compile";
};

// The newest good measurement of a config, or null.
const cache::StoredRecord* find_config(const std::vector<cache::StoredRecord>& records, const std::string& config) {
  const cache::StoredRecord* found = nullptr;
  for (const cache::StoredRecord& stored : records) {
    const cache::Record& record = stored.record;
    if (record.config != config || record.status != "ok") continue;
    if (found == nullptr || record.measured_unix_ms > found->record.measured_unix_ms) found = &stored;
  }
  return found;
}

Result<void> explain_one(runtime::Context& context, const Problem& asked, runtime::Policy policy, Json& json,
                         std::string& text) {
  auto found = context.find(asked, policy);
  if (!found) return found.error().within(to_text(asked));
  const runtime::Plan& plan = **found;
  const Problem& problem = plan.problem;  // with the quantization that was chosen, where that was asked for
  const DeviceClass& device = context.device().device_class();
  const Spec spec = plan.family->spec(problem, device);
  const Space space = plan.family->space(spec, problem, device);
  const Config heuristic = plan.family->heuristic(spec, problem, device);
  const auto records = context.records().find(context.tuning_key(*plan.family, problem));
  const cache::StoredRecord* of_heuristic = find_config(records, heuristic.to_json());

  Json entry = {{"problem", problem_json(asked)}, {"plan", plan_json(plan, context.device())}};
  entry["heuristic"] = {{"config", Json::parse(heuristic.to_json(), nullptr, false)}};
  if (of_heuristic != nullptr) entry["heuristic"]["median_ms"] = of_heuristic->record.statistics.median_ms;
  entry["records_of_key"] = records.size();
  entry["tunables"] = Json::array();

  Lines lines;
  lines.add("problem", to_text(asked));
  if (!plan.provenance.quantization.empty()) lines.add("chosen", plan.provenance.quantization);
  lines.add("kernel", fmt::format("{} v{} on {} ({})", plan.family->name(), plan.family->version(), context.device().name(),
                                  device.arch));
  lines.add("spec", spec.to_text());
  lines.add("bucket", plan.provenance.shape_bucket);
  lines.add("config", config_line(plan, context.device()));
  if (!plan.provenance.record_file.empty()) lines.add("", fmt::format("in {}", plan.provenance.record_file));
  lines.add("origin", origin_line(plan));
  lines.add("records", status_counts(records) + " of this spec, bucket and device");
  if (of_heuristic != nullptr && plan.provenance.record_median_ms > 0) {
    const double ms = of_heuristic->record.statistics.median_ms;
    lines.add("heuristic", fmt::format("{} when measured: the chosen config is {:.2f}x as fast", time_text(ms),
                                       ms / plan.provenance.record_median_ms));
  }
  std::string tunables;
  for (const Tunable& tunable : space.tunables()) {
    const int64_t value = plan.config.get(tunable.name, 0);
    const int64_t suggested = heuristic.get(tunable.name, 0);
    entry["tunables"].push_back(
        {{"name", tunable.name}, {"value", value}, {"heuristic", suggested}, {"meaning", tunable.meaning}});
    tunables += fmt::format("  {:<16} {:>6}{}  {}\n", tunable.name, value,
                            value == suggested ? "" : fmt::format(" (heuristic {})", suggested), tunable.meaning);
  }
  for (const std::string& note : plan.provenance.notes) lines.add("note", note);
  text += (text.empty() ? "" : "\n") + lines.text() + "tunables\n" + tunables;
  json.push_back(std::move(entry));
  return {};
}

Result<Report> explain(const ExplainArguments& arguments) {
  ATTUNE_TRY(const auto problems, required_problems(arguments.shapes));
  ATTUNE_TRY(const runtime::Policy policy, runtime::parse_policy(arguments.policy));
  ATTUNE_TRY(const auto context, open_context(arguments.context));
  Report out;
  Json plans = Json::array();
  for (const Problem& problem : problems) ATTUNE_CHECK(explain_one(*context, problem, policy, plans, out.text));
  out.json["plans"] = std::move(plans);
  return out;
}

}  // namespace

void add_explain(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "explain", "Says which kernel a shape gets and why: provenance, age, times, notes",
                                    "attune explain \"B1 H32/8 S2048 D128 bf16 causal\"");
  const auto a = std::make_shared<ExplainArguments>();
  add_shape_options(verb, a->shapes);
  verb.add_option("--policy", a->policy, "cached_only fails when nothing is cached; compile makes what is missing")
      ->type_name("NAME")
      ->check(CLI::IsMember({"cached_only", "compile"}))
      ->capture_default_str();
  add_context_options(verb, a->context);
  program.on(verb, [a] { return explain(*a); });
}

}  // namespace attune::cli
