// attune accuracy: how far quantized attention is from attention in double, as a table.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "cli/accuracy/page.hpp"
#include "cli/accuracy/tables.hpp"
#include "cli/program.hpp"
#include "cli/verbs/verbs.hpp"

namespace attune::cli {
namespace {

struct AccuracyArguments {
  StudySize size;
  std::string dtype = "fp16";
  std::string table, quantization;
  int threads = 0;
  bool markdown = false;
};

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

// As Linux names it; "this machine" where it does not.
std::string processor() {
  std::ifstream facts("/proc/cpuinfo");
  for (std::string line; std::getline(facts, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "this machine";
}

Result<std::vector<AccuracyTable>> chosen_tables(const AccuracyArguments& arguments) {
  if (!arguments.quantization.empty()) {
    ATTUNE_TRY(const Quantization request, parse_quantization(arguments.quantization));
    if (!request.automatic) return std::vector{single_table(request)};
    AccuracyTable candidates = single_table(request);
    candidates.title = "what sage chooses from";
    candidates.rows.clear();
    for (const Quantization& candidate : quantization_candidates()) {
      candidates.rows.push_back(single_table(candidate).rows.front());
    }
    return std::vector{candidates};
  }
  std::vector<AccuracyTable> tables = accuracy_tables();
  if (arguments.table.empty()) return tables;
  std::vector<std::string> names;
  for (const AccuracyTable& table : tables) names.push_back(table.name);
  std::erase_if(tables, [&](const AccuracyTable& table) { return table.name != arguments.table; });
  if (!tables.empty()) return tables;
  return Error(Status::invalid_argument,
               fmt::format("--table: there is no table '{}'; give one of {}", arguments.table, fmt::join(names, ", ")));
}

Json as_json(const std::vector<MeasuredTable>& tables) {
  Json list = Json::array();
  for (const MeasuredTable& measured : tables) {
    Json rows = Json::array();
    for (size_t r = 0; r < measured.table.rows.size(); ++r) {
      const AccuracyRow& row = measured.table.rows[r];
      Json entry = {{"name", row.variant.name}, {"quantization", to_text(row.variant.request)}};
      if (!row.published.empty()) entry["published"] = row.published;
      for (size_t d = 0; d < measured.table.data.size(); ++d) {
        const auto& m = measured.metrics[r][d];
        entry["results"][measured.table.data[d]] = {{"cosine", m.cosine}, {"relative_l1", m.relative_l1}, {"rmse", m.rmse}};
      }
      rows.push_back(std::move(entry));
    }
    list.push_back({{"name", measured.table.name}, {"title", measured.table.title}, {"rows", std::move(rows)}});
  }
  return list;
}

Result<Report> accuracy(const AccuracyArguments& arguments, bool quiet) {
  StudySize size = arguments.size;
  ATTUNE_TRY(size.dtype, parse_dtype(arguments.dtype));
  ATTUNE_TRY(const auto tables, chosen_tables(arguments));
  ThreadPool pool(arguments.threads);
  AccuracyRun run(size, pool, [&](const std::string& data) {
    if (!quiet) fmt::print(stderr, "attune accuracy: {}\n", data);
  });
  ATTUNE_TRY(const auto measured, run.measure(tables));
  Report out;
  out.json = {{"dtype", name(size.dtype)},
              {"seqlen", size.seqlen},
              {"heads", size.heads},
              {"seed", size.seed},
              {"tables", as_json(measured)}};
  out.text = arguments.markdown ? accuracy_page(measured, size, fmt::format("{}, {}", today(), processor()))
                                : accuracy_text(measured);
  return out;
}

}  // namespace

void add_accuracy(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "accuracy", "Measures how far quantized attention is from attention in double",
                                    "attune accuracy --table presets --seqlen 512");
  const auto a = std::make_shared<AccuracyArguments>();
  verb.add_option(
          "--table", a->table,
          "Only this table: presets, synthetic, values, fp8, smoothing, smoothing-int8, sinks, granularity or scales")
      ->type_name("NAME");
  verb.add_option("--quantization", a->quantization, "This request on all data, instead of the tables")->type_name("NAME");
  verb.add_option("--seqlen", a->size.seqlen, "Queries and keys; work grows with the square")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  verb.add_option("--heads", a->size.heads, "Heads, each with data of its own")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  verb.add_option("--head-dim", a->size.head_dim, "Head dimension; 0: that of the data (128, dit 64)")
      ->type_name("N")
      ->check(CLI::Range(0, static_cast<int>(max_head_dim_v)))
      ->capture_default_str();
  verb.add_option("--dtype", a->dtype, "Type of Q, K, V and O: fp16, bf16 or fp32")
      ->type_name("NAME")
      ->capture_default_str();
  verb.add_option("--seed", a->size.seed, "The same seed gives the same data")->type_name("N")->capture_default_str();
  verb.add_option("--threads", a->threads, "Threads; 0: one a core")
      ->type_name("N")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  verb.add_flag("--markdown", a->markdown, "The page docs/accuracy.md");
  program.on(verb, [a, &program] { return accuracy(*a, program.json()); });
}

}  // namespace attune::cli
