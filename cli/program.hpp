// What every verb shares: how it is registered, what it returns, and how that becomes output and an exit code.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace CLI {
class App;
}

namespace attune::cli {

using Json = nlohmann::ordered_json;

enum class ExitCode : int {
  ok = 0,
  usage = 1,               // the command line or an input file is wrong, or asks for what no kernel does
  environment = 2,         // the machine lacks something: a device, a compiler, memory, a writable directory
  partial = 3,             // some of the work was done: some shapes failed, or it was interrupted
  verification_failed = 4  // a result differs from the reference by more than its tolerance
};

ExitCode exit_code_of(Status status);

// What a verb found. The program prints `json` with --json and `text` otherwise; `complaint` goes to standard error when the
// verb ended with another code than ok.
struct Report {
  ExitCode code = ExitCode::ok;
  Json json;
  std::string text;
  std::string complaint;
};

using Action = std::function<Result<Report>()>;

class Program {
 public:
  explicit Program(std::string path) : path_(std::move(path)) {}

  // A verb with its help texts; `example` is a whole command line. Every verb has --json.
  CLI::App& add_verb(CLI::App& root, const std::string& name, const std::string& meaning, const std::string& example);
  void on(const CLI::App& verb, Action action) { actions_[&verb] = std::move(action); }

  bool json() const { return json_; }
  const std::string& path() const { return path_; }  // of this program, for its worker processes

  // Parses, runs and prints; the process's exit code.
  int run(CLI::App& root, int argc, char** argv);

 private:
  int finish(const std::string& verb, const Result<Report>& result) const;
  int fail(const std::string& verb, const Error& error, ExitCode code) const;

  std::string path_;
  bool json_ = false;
  std::map<const CLI::App*, Action> actions_;
};

// An error that already knows its exit code is rare; Status::device_unavailable is one whatever the code of its cause.
Error as_environment_error(const Error& error);

}  // namespace attune::cli
