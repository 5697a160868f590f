// Parsing, printing and exit codes. CLI11 throws; nothing else may, and what does is turned into an error here.
#include "cli/program.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

namespace attune::cli {
namespace {

bool asks_for_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

// A reader that went away (attune top | head) is no failure of the verb, a full disk is.
bool print(std::string_view text) {
  if (text.empty()) return true;
  const bool newline = text.back() != '\n';
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (newline) std::fputc('\n', stdout);
  return written && std::fflush(stdout) == 0;
}

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

// Bytes that are not UTF-8 (file names) are replaced: JSON output always parses.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace

ExitCode exit_code_of(Status status) {
  switch (status) {
    case Status::ok: return ExitCode::ok;
    case Status::invalid_argument:
    case Status::unsupported: return ExitCode::usage;
    case Status::cancelled: return ExitCode::partial;
    case Status::validation_failed: return ExitCode::verification_failed;
    case Status::not_found:
    case Status::out_of_memory:
    case Status::io_error:
    case Status::cache_corrupt:
    case Status::no_compiler:
    case Status::compiler_too_old:
    case Status::compile_failed:
    case Status::load_failed:
    case Status::resources_exceeded:
    case Status::not_ready_in_capture:
    case Status::timed_out:
    case Status::device_unavailable:
    case Status::device_lost:
    case Status::internal: return ExitCode::environment;
  }
  return ExitCode::environment;
}

Error as_environment_error(const Error& error) {
  if (exit_code_of(error.status()) == ExitCode::environment) return error;
  return {Status::device_unavailable, error.message(), error.log()};
}

CLI::App& Program::add_verb(CLI::App& root, const std::string& name, const std::string& meaning,
                            const std::string& example) {
  CLI::App* verb = root.add_subcommand(name, meaning);
  verb->footer("Example:\n  " + example);
  verb->add_flag("--json", json_, "Print one JSON document on standard output, also for errors");
  return *verb;
}

int Program::fail(const std::string& verb, const Error& error, ExitCode code) const {
  const std::string message = one_line(error.message());
  if (json_) {
    Json document = {{"verb", verb},
                     {"exit_code", static_cast<int>(code)},
                     {"error", {{"status", std::string(name(error.status()))}, {"message", message}}}};
    if (!error.log().empty()) document["error"]["log"] = error.log();
    print(dump(document));
  }
  fmt::print(stderr, "attune{}{}: {}\n", verb.empty() ? "" : " ", verb, message);
  // A compiler's own words help; other logs (which records were skipped, and why) are in the JSON.
  if (!json_ && error.status() == Status::compile_failed && !error.log().empty()) {
    fmt::print(stderr, "{}\n", error.log());
  }
  return static_cast<int>(code);
}

int Program::finish(const std::string& verb, const Result<Report>& result) const {
  if (!result) return fail(verb, result.error(), exit_code_of(result.error().status()));
  if (json_) {
    Json document = {{"verb", verb}, {"exit_code", static_cast<int>(result->code)}};
    document.update(result->json);
    if (!result->complaint.empty()) {
      document["error"] = {{"status", result->code == ExitCode::verification_failed ? "validation_failed" : "failed"},
                           {"message", one_line(result->complaint)}};
    }
    if (!print(dump(document))) return static_cast<int>(ExitCode::environment);
  } else if (!print(result->text)) {
    return static_cast<int>(ExitCode::environment);
  }
  if (!result->complaint.empty()) fmt::print(stderr, "attune {}: {}\n", verb, one_line(result->complaint));
  return static_cast<int>(result->code);
}

int Program::run(CLI::App& root, int argc, char** argv) {
  json_ = asks_for_json(argc, argv);
  std::string verb;
  try {
    root.parse(argc, argv);
    for (const CLI::App* chosen : root.get_subcommands()) {
      verb = chosen->get_name();
      const auto action = actions_.find(chosen);
      if (action != actions_.end()) return finish(verb, action->second());
    }
    return fail("", Error(Status::invalid_argument, "a verb is missing; 'attune --help' lists them"), ExitCode::usage);
  } catch (const CLI::Success& help) {  // --help, --version
    return root.exit(help);
  } catch (const CLI::ParseError& error) {
    for (const CLI::App* chosen : root.get_subcommands()) verb = chosen->get_name();
    const std::string help = fmt::format("attune{}{} --help", verb.empty() ? "" : " ", verb);
    std::string message = one_line(error.what());
    while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.pop_back();
    return fail(verb, Error(Status::invalid_argument, fmt::format("{}; '{}' shows the options", message, help)),
                ExitCode::usage);
  } catch (const std::bad_alloc&) {
    return fail(verb, Error(Status::out_of_memory, "out of memory; use a smaller problem"), ExitCode::environment);
  } catch (const std::exception& error) {
    return fail(verb, Error(Status::internal, fmt::format("internal error: {}; please report it", error.what())),
                ExitCode::environment);
  }
}

}  // namespace attune::cli
