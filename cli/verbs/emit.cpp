// attune emit: the code of a kernel, from the emitted source to the object file, and what it costs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/context_options.hpp"
#include "cli/kernel_stats.hpp"
#include "cli/plan_report.hpp"
#include "cli/program.hpp"
#include "cli/shape_options.hpp"
#include "cli/shapes/words.hpp"
#include "cli/verbs/verbs.hpp"
#include "common/files.hpp"

namespace attune::cli {
namespace {

struct EmitArguments {
  ContextArguments context;
  ShapeRequest shapes;
  std::string what = "source", config = "best", entry, out;
  bool stats = false;
};

// "best": what a call would use; "heuristic"; canonical JSON or name=value pairs on top of the heuristic.
Result<Config> choose_config(const EmitArguments& arguments, runtime::Context& context, const Family& family,
                             const Spec& spec, const Problem& problem) {
  const DeviceClass& device = context.device().device_class();
  if (arguments.config == "best") {
    ATTUNE_TRY(const auto plan, context.find(problem, runtime::Policy::compile));
    return plan->config;
  }
  Config config = family.heuristic(spec, problem, device);
  if (arguments.config == "heuristic") return config;
  const Space space = family.space(spec, problem, device);
  const auto known = [&](std::string_view name) {
    for (const Tunable& tunable : space.tunables()) {
      if (tunable.name == name) return true;
    }
    return false;
  };
  if (arguments.config.starts_with('{')) {
    const Json parsed = Json::parse(arguments.config, nullptr, false);
    if (!parsed.is_object()) return Error(Status::invalid_argument, "--config: not valid JSON; write {\"block_m\":64}");
    for (const auto& [name, value] : parsed.items()) {
      if (!known(name) || !value.is_number_integer()) {
        return Error(Status::invalid_argument,
                     fmt::format("--config: '{}' is no tunable with a whole number; 'attune explain' "
                                 "lists the tunables",
                                 printable(name)));
      }
      config.set(name, value.get<int64_t>());
    }
  } else {
    const auto words = split_words(arguments.config, ", ");
    if (!words) return Error(Status::invalid_argument, "--config: parentheses do not match; write block_m=64,block_n=128");
    for (const std::string_view word : *words) {
      const size_t equals = word.find('=');
      const auto value = equals == std::string_view::npos ? std::nullopt : to_integer(word.substr(equals + 1));
      if (!value || !known(word.substr(0, equals))) {
        return Error(
            Status::invalid_argument,
            fmt::format("--config: '{}' is not TUNABLE=VALUE; 'attune explain' lists the tunables", printable(word)));
      }
      config.set(word.substr(0, equals), *value);
    }
  }
  if (const auto violated = space.violation(config)) {
    return Error(Status::invalid_argument,
                 fmt::format("--config: {} violates {}; choose values inside the space", config.to_text(), *violated));
  }
  return config;
}

// The unit that has the entry point; without one, that of the attention kernel.
Result<const Source*> choose_unit(const EmitArguments& arguments, const Source& source) {
  if (arguments.entry.empty()) return &source;
  std::vector<std::string_view> known;
  const auto has = [&](const Source& unit) {
    known.insert(known.end(), unit.entries.begin(), unit.entries.end());
    return std::find(unit.entries.begin(), unit.entries.end(), arguments.entry) != unit.entries.end();
  };
  for (const Source& unit : source.before) {
    if (has(unit)) return &unit;
  }
  if (has(source)) return &source;
  return Error(Status::invalid_argument, fmt::format("--entry: this kernel has no entry point '{}'; use one of {}",
                                                     printable(arguments.entry), fmt::join(known, ", ")));
}

Result<std::string> produce(const EmitArguments& arguments, const runtime::Compiler& compiler, const Source& whole) {
  if (arguments.what == "source" && arguments.entry.empty()) return full_text(whole);
  ATTUNE_TRY(const Source* unit, choose_unit(arguments, whole));
  const Source& source = *unit;
  if (arguments.what == "source") return source.text;
  if (arguments.what == "ir") return compiler.optimised(source);
  if (arguments.what == "asm") return compiler.assembly(source);
  ATTUNE_TRY(auto binary, compiler.compile(source));
  return std::move(binary.bytes);
}

Result<Report> emit(const EmitArguments& arguments) {
  ATTUNE_TRY(const auto problems, required_problems(arguments.shapes));
  if (problems.size() != 1) {
    return Error(Status::invalid_argument, fmt::format("{} shapes are given; emit takes one", problems.size()));
  }
  if (arguments.what == "object" && arguments.out.empty()) {
    return Error(Status::invalid_argument, "--out: an object file is binary; name a file for it");
  }
  ATTUNE_TRY(const auto context, open_context(arguments.context));
  ATTUNE_TRY(const auto alternatives, context->alternatives(problems.front()));
  const Problem& problem = alternatives.front();
  ATTUNE_TRY(const Family* family, context->select_family(problem));
  const Spec spec = family->spec(problem, context->device().device_class());
  ATTUNE_TRY(const Config config, choose_config(arguments, *context, *family, spec, problem));
  ATTUNE_TRY(const Source source, family->emit(spec, config));
  if (arguments.stats) {
    ATTUNE_TRY(const KernelStats stats, kernel_stats(*context, *family, problem, config, source));
    Report out;
    out.json = {{"problem", problem_json(problem)},
                {"family", std::string(family->name())},
                {"config", Json::parse(config.to_json(), nullptr, false)},
                {"stats", stats_json(stats)}};
    out.text = fmt::format("{} on {}: {}\n{}\n\n{}", family->name(), context->device().name(), to_text(problem),
                           config.to_text(), stats_text(stats));
    return out;
  }
  ATTUNE_TRY(const std::string code, produce(arguments, context->device().compiler(), source));

  std::vector<std::string> entries;  // in the order they are launched
  for (const Source& unit : source.before) entries.insert(entries.end(), unit.entries.begin(), unit.entries.end());
  entries.insert(entries.end(), source.entries.begin(), source.entries.end());
  Report out;
  out.json = {{"problem", problem_json(problem)},
              {"family", std::string(family->name())},
              {"spec", Json::parse(spec.to_json(), nullptr, false)},
              {"config", Json::parse(config.to_json(), nullptr, false)},
              {"what", arguments.what},
              {"entries", entries},
              {"target_cpu", source.target_cpu},
              {"target_features", source.target_features},
              {"size_bytes", code.size()}};
  if (arguments.out.empty()) {
    out.json["code"] = code;
    out.text = code;
    return out;
  }
  ATTUNE_CHECK(write_file_atomically(arguments.out, code));
  out.json["out"] = arguments.out;
  out.text = fmt::format("{}: {} of {} {}, {}\n", arguments.out, size_text(static_cast<int64_t>(code.size())),
                         family->name(), arguments.what, config.to_text());
  return out;
}

}  // namespace

void add_emit(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "emit", "Prints the code of a kernel: emitted source, optimised IR, assembly or object",
                       "attune emit \"B1 H8 S4096 D64 causal\" --what asm --config block_m=64");
  const auto a = std::make_shared<EmitArguments>();
  add_shape_options(verb, a->shapes);
  const std::string group = "Code";
  verb.add_option("--what", a->what, "source (as emitted), ir (LLVM IR, PTX), asm or object")
      ->type_name("FORM")
      ->check(CLI::IsMember({"source", "ir", "asm", "object"}))
      ->capture_default_str()
      ->group(group);
  verb.add_option("--config", a->config,
                  "best (what a call would use), heuristic, or NAME=VALUE,... on top of the heuristic")
      ->type_name("CONFIG")
      ->capture_default_str()
      ->group(group);
  verb.add_option(
          "--entry", a->entry,
          "Only the unit that has this entry point, such as attune_quantize. Without it, source is of all units, and "
          "the other forms are of the attention's")
      ->type_name("ENTRY")
      ->group(group);
  verb.add_flag("--stats", a->stats,
                "Instead of the code: registers and spills, and the counts of one run on the emulator (--device "
                "emulated:sm_XX)")
      ->group(group);
  verb.add_option("--out", a->out, "Writes the code here instead of printing it")->type_name("FILE")->group(group);
  add_context_options(verb, a->context);
  program.on(verb, [a] { return emit(*a); });
}

}  // namespace attune::cli
