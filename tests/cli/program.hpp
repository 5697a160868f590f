// Runs the real `attune` program in a directory of its own, and keeps what it said.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/files/array.hpp"
#include "tests/common/temporary_directory.hpp"

namespace attune::test {

struct Ended {
  int code = -1;  // exit code, or 1000 + signal
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
};

class Program {
 public:
  // Stores below the directory; nothing of the caller's environment but PATH.
  Ended run(const std::vector<std::string>& arguments) const { return run(arguments, {}); }
  Ended run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) const;
  // Sends `signal` as soon as `ready` says so (asked every 20 ms with what was written to standard error so far).
  Ended run_and_signal(const std::vector<std::string>& arguments, int signal,
                       const std::function<bool(const std::string&)>& ready) const;

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  void save(const std::string& name, const cli::Array& array) const;
  void save_bytes(const std::string& name, const std::string& bytes) const;

 private:
  TemporaryDirectory directory_;
};

// Values that depend on the index alone, in [-1, 1).
cli::Array tensor(DType dtype, std::vector<int64_t> shape, uint64_t seed = 1);
cli::Array integers(DType dtype, const std::vector<int64_t>& values);

}  // namespace attune::test
