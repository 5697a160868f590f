// attune gc: drops compiled kernels that were not used for long, or that are too many. Records are never dropped.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/context_options.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shapes/words.hpp"
#include "cli/verbs/verbs.hpp"

namespace attune::cli {
namespace {

struct GcArguments {
  ContextArguments context;
  std::string max_size = "1GiB";
  int64_t max_age_days = 90;
};

// "500MiB", "1GiB", "64KiB", "4096".
Result<int64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view ending;
    int64_t bytes;
  };
  constexpr Unit units[] = {{"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {"", 1}};
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.ending)) continue;
    const auto count = to_integer(trim(text.substr(0, text.size() - unit.ending.size())));
    int64_t bytes = 0;
    if (!count || *count < 0 || __builtin_mul_overflow(*count, unit.bytes, &bytes)) break;
    return bytes;
  }
  return Error(Status::invalid_argument,
               fmt::format("--max-size: '{}' is no size; write bytes, or a number with KiB, MiB or GiB", printable(text)));
}

Result<Report> collect(const GcArguments& arguments) {
  ATTUNE_TRY(const int64_t max_bytes, parse_size(arguments.max_size));
  ATTUNE_TRY(const auto options, context_options(arguments.context));
  const auto store = cache::KernelStore::open(options.kernels);
  const auto before = store->health();
  if (before.state != "ok") {
    return Error(Status::io_error, fmt::format("the kernels store is {}: {}; choose a writable one with --kernels-dir",
                                               before.state, before.notice.empty() ? "nothing to collect" : before.notice));
  }
  ATTUNE_TRY(const auto removed, store->collect_garbage(max_bytes, arguments.max_age_days));
  const auto after = store->health();
  Report out;
  out.json = {{"file", after.file},
              {"removed_kernels", removed.rows},
              {"removed_bytes", removed.bytes},
              {"kernels", after.kernels},
              {"size_bytes", after.size_bytes}};
  out.text = fmt::format("{}: removed {} kernels ({}), {} left ({})\n", after.file, removed.rows, size_text(removed.bytes),
                         after.kernels, size_text(after.size_bytes));
  return out;
}

}  // namespace

void add_gc(CLI::App& root, Program& program) {
  CLI::App& verb = program.add_verb(root, "gc", "Drops compiled kernels that are old or too many; records are kept",
                                    "attune gc --max-size 200MiB --max-age-days 30");
  const auto a = std::make_shared<GcArguments>();
  verb.add_option("--max-size", a->max_size, "What the kernels may take together; least recently used ones go first")
      ->type_name("SIZE")
      ->capture_default_str();
  verb.add_option("--max-age-days", a->max_age_days, "Kernels not used for longer go")
      ->type_name("DAYS")
      ->check(CLI::Range(0, 36500))
      ->capture_default_str();
  add_store_options(verb, a->context);
  program.on(verb, [a] { return collect(*a); });
}

}  // namespace attune::cli
