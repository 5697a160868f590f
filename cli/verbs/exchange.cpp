// attune export, import and merge: records between machines. They need a store, but no device.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/context_options.hpp"
#include "cli/program.hpp"
#include "cli/verbs/verbs.hpp"

namespace attune::cli {
namespace {

struct ExchangeArguments {
  ContextArguments context;
  std::vector<std::string> files;
};

Result<std::unique_ptr<cache::RecordStore>> open_records(const ContextArguments& arguments) {
  ATTUNE_TRY(const auto options, context_options(arguments));
  return cache::RecordStore::open(options.records);
}

// Bringing records in is pointless when they would be forgotten at exit.
Result<void> must_keep(cache::RecordStore& store) {
  const auto health = store.health();
  if (health.state == "ok" || health.state == "spooling") return {};
  return Error(Status::io_error, fmt::format("the records store is {}: {}; choose a writable directory with --records-dir",
                                             health.state == "memory" ? "in memory only" : health.state,
                                             health.notice.empty() ? "it keeps nothing" : health.notice));
}

Result<Report> export_records(const ExchangeArguments& arguments) {
  ATTUNE_TRY(const auto store, open_records(arguments.context));
  ATTUNE_TRY(const int64_t count, store->export_to(arguments.files.front()));
  Report out;
  out.json = {{"file", arguments.files.front()}, {"records", count}};
  out.text = fmt::format("{}: {} records\n", arguments.files.front(), count);
  return out;
}

// A file that is refused does not keep the others out.
template <class Take>
Result<Report> take_all(const ExchangeArguments& arguments, const Take& take) {
  ATTUNE_TRY(const auto store, open_records(arguments.context));
  ATTUNE_CHECK(must_keep(*store));
  Report out;
  out.json["files"] = Json::array();
  size_t failed = 0;
  int64_t total = 0;
  for (const std::string& file : arguments.files) {
    const Result<int64_t> count = take(*store, file);
    if (!count) {
      if (arguments.files.size() == 1) return count.error();
      ++failed;
      out.json["files"].push_back({{"file", file}, {"message", count.error().message()}});
      out.complaint += fmt::format("{}{}", out.complaint.empty() ? "" : "; ", count.error().message());
      continue;
    }
    total += *count;
    out.json["files"].push_back({{"file", file}, {"new_records", *count}});
    out.text += fmt::format("{}: {} new records\n", file, *count);
  }
  out.json["new_records"] = total;
  if (failed > 0) out.code = ExitCode::partial;
  return out;
}

Result<Report> import_records(const ExchangeArguments& arguments) {
  return take_all(arguments, [](cache::RecordStore& store, const std::string& file) { return store.import_from(file); });
}

Result<Report> merge_records(const ExchangeArguments& arguments) {
  return take_all(arguments, [](cache::RecordStore& store, const std::string& file) { return store.merge_from(file); });
}

}  // namespace

void add_export(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "export", "Writes all records to a file of JSON lines", "attune export records.jsonl");
  const auto a = std::make_shared<ExchangeArguments>();
  verb.add_option("FILE", a->files, "The file to write")->type_name("TEXT")->required()->expected(1);
  add_store_options(verb, a->context);
  program.on(verb, [a] { return export_records(*a); });
}

void add_import(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "import", "Reads records that 'export' wrote; a file with a bad line is refused whole",
                       "attune import records.jsonl");
  const auto a = std::make_shared<ExchangeArguments>();
  verb.add_option("FILE", a->files, "Files to read")->type_name("TEXT ...")->required();
  add_store_options(verb, a->context);
  program.on(verb, [a] { return import_records(*a); });
}

void add_merge(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "merge", "Takes the records of other databases; those already there stay as they are",
                       "attune merge /mnt/other/records.sqlite");
  const auto a = std::make_shared<ExchangeArguments>();
  verb.add_option("DATABASE", a->files, "Record databases to read")->type_name("TEXT ...")->required();
  add_store_options(verb, a->context);
  program.on(verb, [a] { return merge_records(*a); });
}

}  // namespace attune::cli
