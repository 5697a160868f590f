// attune top: the leaderboard of a shape, or the winners of everything that was measured.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/context_options.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shape_options.hpp"
#include "cli/table.hpp"
#include "cli/verbs/verbs.hpp"

namespace attune::cli {
namespace {

struct TopArguments {
  ContextArguments context;
  ShapeRequest shapes;
  size_t limit = 10;
};

std::string problem_text(const std::string& json) {
  const auto problem = problem_from_json(json);
  return problem ? to_text(*problem) : json;
}

std::string config_text(const std::string& json) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return json;
  Config config;
  for (const auto& [name, value] : parsed.items()) {
    if (value.is_number_integer()) config.set(name, value.get<int64_t>());
  }
  return config.to_text();
}

std::string_view layer_name(cache::Layer layer) {
  switch (layer) {
    case cache::Layer::memory: return "memory";
    case cache::Layer::user: return "user";
    case cache::Layer::site: return "site";
  }
  return "";
}

Json record_json(const cache::StoredRecord& stored) {
  const cache::Record& r = stored.record;
  Json json = {{"id", r.id()},
               {"problem", Json::parse(r.problem, nullptr, false)},
               {"config", Json::parse(r.config, nullptr, false)},
               {"status", r.status},
               {"validated", r.validated},
               {"samples", r.statistics.samples},
               {"min_ms", r.statistics.min_ms},
               {"median_ms", r.statistics.median_ms},
               {"mad_ms", r.statistics.mad_ms},
               {"p95_ms", r.statistics.p95_ms},
               {"cache_regime", r.cache_regime},
               {"max_error", r.max_error},
               {"tolerance", r.tolerance},
               {"compile_ms", r.compile_ms},
               {"measured_unix_ms", r.measured_unix_ms},
               {"layer", std::string(layer_name(stored.layer))},
               {"file", stored.file}};
  if (!r.status_detail.empty()) json["status_detail"] = r.status_detail;
  return json;
}

bool counts(const cache::Record& record) { return record.status == "ok" && record.validated; }

void leaderboard(const std::vector<cache::StoredRecord>& records, const std::string& title, size_t limit, Json& json,
                 std::string& text) {
  Json board = {{"shape", title}, {"records", Json::array()}};
  Table table({">rank", ">median", ">noise", ">p95", ">samples", ">vs best", "measured", "config"});
  double best_ms = 0;
  for (const cache::StoredRecord& stored : records) {
    const cache::Record& r = stored.record;
    if (!counts(r) || board["records"].size() >= limit) continue;
    if (best_ms <= 0) best_ms = r.statistics.median_ms;
    board["records"].push_back(record_json(stored));
    table.add({fmt::format("{}", board["records"].size()), time_text(r.statistics.median_ms),
               fmt::format("{:.1f}%", 100 * r.statistics.mad_ms / r.statistics.median_ms), time_text(r.statistics.p95_ms),
               fmt::format("{}", r.statistics.samples), fmt::format("{:.2f}x", r.statistics.median_ms / best_ms),
               age_text(r.measured_unix_ms), config_text(r.config)});
  }
  board["measured"] = records.size();
  text += fmt::format("{}{}: {}\n", text.empty() ? "" : "\n", title, status_counts(records));
  if (!table.empty()) text += table.text();
  json.push_back(std::move(board));
}

// The latest measurement of each config counts.
void keep_latest(std::vector<cache::StoredRecord>& records) {
  std::map<std::string, cache::StoredRecord> latest;
  for (cache::StoredRecord& stored : records) {
    const auto [at, fresh] = latest.try_emplace(stored.record.config, stored);
    if (!fresh && at->second.record.measured_unix_ms < stored.record.measured_unix_ms) at->second = std::move(stored);
  }
  records.clear();
  for (auto& [config, stored] : latest) records.push_back(std::move(stored));
}

// Everything in the stores, a board per family, problem and device; the best first.
Result<Report> everything(const TopArguments& arguments) {
  ATTUNE_TRY(const auto options, context_options(arguments.context));
  const auto store = cache::RecordStore::open(options.records);
  std::map<std::string, std::vector<cache::StoredRecord>> boards;
  for (cache::StoredRecord& stored : store->all()) {
    const std::string title = fmt::format("{} {}, device {}", stored.record.key.family, problem_text(stored.record.problem),
                                          stored.record.key.device_id.substr(0, 8));
    boards[title].push_back(std::move(stored));
  }
  Report out;
  Json json = Json::array();
  for (auto& [title, records] : boards) {
    keep_latest(records);
    std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
      return std::pair(!counts(a.record), a.record.statistics.median_ms) <
             std::pair(!counts(b.record), b.record.statistics.median_ms);
    });
    leaderboard(records, title, arguments.limit, json, out.text);
  }
  if (boards.empty()) out.text = "No records yet; 'attune tune SHAPE' makes some.\n";
  out.json["boards"] = std::move(json);
  return out;
}

Result<Report> top(const TopArguments& arguments) {
  ATTUNE_TRY(const auto problems, problems_of(arguments.shapes));
  if (problems.empty()) return everything(arguments);
  ATTUNE_TRY(const auto context, open_context(arguments.context));
  Report out;
  Json json = Json::array();
  for (const Problem& asked : problems) {
    ATTUNE_TRY(const auto alternatives, context->alternatives(asked));
    for (const Problem& problem : alternatives) {
      ATTUNE_TRY(const Family* family, context->select_family(problem));
      const auto records = context->records().find(context->tuning_key(*family, problem));
      leaderboard(records, fmt::format("{} {}", family->name(), to_text(problem)), arguments.limit, json, out.text);
    }
  }
  out.json["boards"] = std::move(json);
  return out;
}

}  // namespace

void add_top(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "top", "Leaderboard of the measured configs, with their noise",
                                    "attune top \"B1 H32/8 S2048 D128 bf16 causal\" --limit 5");
  const auto a = std::make_shared<TopArguments>();
  add_shape_options(verb, a->shapes);
  verb.add_option("--limit", a->limit, "Configs per shape")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  add_context_options(verb, a->context);
  program.on(verb, [a] { return top(*a); });
}

}  // namespace attune::cli
