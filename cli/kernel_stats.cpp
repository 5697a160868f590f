#include "cli/kernel_stats.hpp"

#include <fmt/format.h>

#include "cli/plan_report.hpp"
#include "runtime/emulated_device.hpp"
#include "tuner/workload.hpp"

namespace attune::cli {
namespace {

constexpr uint64_t input_seed = 1;

// {"a":{"b":1}} as "a.b": counts are printed one a line, zeros left out.
void flatten(const Json& json, const std::string& prefix, Lines& lines) {
  for (const auto& [name, value] : json.items()) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    if (value.is_object()) {
      flatten(value, path, lines);
    } else if (value.is_number() && value != 0) {
      lines.add(path, value.dump());
    }
  }
}

}  // namespace

Result<KernelStats> kernel_stats(runtime::Context& context, const Family& family, const Problem& problem,
                                 const Config& config, const Source& source) {
  const runtime::EmulatedDevice* emulated = runtime::as_emulated(context.device());
  if (emulated == nullptr) {
    return Error(Status::unsupported,
                 fmt::format("--stats counts what the emulator executes, and the device is {}. Add --device emulated:sm_80, "
                             "or the architecture you want.",
                             context.device().name()));
  }
  KernelStats stats;
  auto facts = context.device().compiler().resource_usage(source);
  stats.has_facts = facts.ok();
  if (facts.ok()) {
    stats.facts = *std::move(facts);
  } else {
    stats.why_no_facts = facts.error().message();
  }
  ATTUNE_TRY(const auto plan, context.plan_with(family, problem, config));
  ATTUNE_TRY(const auto workload, tuner::Workload::create(context.device(), problem, input_seed));
  ATTUNE_TRY(void* workspace, workload->workspace(plan->workspace_bytes));
  emulated->take_launches();
  ATTUNE_CHECK(context.execute(*plan, workload->tensors(), workspace));
  for (const runtime::LaunchCounters& launch : emulated->take_launches()) {
    stats.launches.push_back({launch.entry, launch.counters.to_json()});
  }
  return stats;
}

Json stats_json(const KernelStats& stats) {
  Json json;
  if (stats.has_facts) {
    json["compiler"] = {{"registers", stats.facts.registers},     {"spill_bytes", stats.facts.spill_bytes},
                        {"stack_bytes", stats.facts.stack_bytes}, {"static_shared_bytes", stats.facts.shared_bytes},
                        {"compile_ms", stats.facts.compile_ms},   {"warnings", stats.facts.warnings}};
  } else {
    json["compiler"] = {{"unknown", stats.why_no_facts}};
  }
  json["launches"] = Json::array();
  for (const KernelStats::Launch& launch : stats.launches) {
    json["launches"].push_back({{"entry", launch.entry}, {"counters", Json::parse(launch.counters_json, nullptr, false)}});
  }
  return json;
}

std::string stats_text(const KernelStats& stats) {
  Lines lines;
  if (stats.has_facts) {
    lines.add("registers", fmt::format("{} a thread, {} bytes spilled", stats.facts.registers, stats.facts.spill_bytes));
    lines.add("compiled in", fmt::format("{:.0f} ms, to machine code", stats.facts.compile_ms));
    for (const std::string& warning : stats.facts.warnings) lines.add("warning", warning);
  } else {
    lines.add("registers", "not known: " + stats.why_no_facts);
  }
  std::string text = lines.text();
  for (const KernelStats::Launch& launch : stats.launches) {
    Lines counts;
    flatten(Json::parse(launch.counters_json, nullptr, false), "", counts);
    text +=
        fmt::format("\n{}, counted by the emulator (warp instructions; zeros left out)\n{}", launch.entry, counts.text());
  }
  return text;
}

}  // namespace attune::cli
