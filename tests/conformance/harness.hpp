// Runs one case through runtime::Context and holds it to the reference; shrinks what fails.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/context.hpp"
#include "tests/reference/random_problem.hpp"
#include "tests/reference/workload.hpp"

namespace attune::test {

// Everything that decides a run, printable and replayable: conformance_fuzz --case '<json>'.
struct Case {
  Problem problem;
  WorkloadOptions workload;
  std::string target;            // what runs it, see open_target()
  std::optional<Config> config;  // unset: the family's heuristic

  std::string to_json() const;
};
Result<Case> case_from_json(std::string_view text);

// What runs a case: an instruction set of the host ("avx2") or a device ("emulated:sm_80", "cuda:0"), and after a slash the
// one family to use ("emulated:sm_80/forward_simt"); without it the preferred one that supports the problem.
// Everything is kept in memory. CUDA libraries are looked for as the environment says.
Result<std::unique_ptr<runtime::Context>> open_target(const std::string& target, int threads);

// The instruction sets this host can run, best first: "avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable".
const std::vector<std::string>& host_isas();
// What the tests of this program run on: each program that links them defines it, in targets_*.cpp.
const std::vector<std::string>& test_targets();

// The target as part of a test's name, alone or with a dtype.
std::string test_name(const std::string& target);
std::string test_name(const std::tuple<std::string, DType>& target);

// Copies of a call's tensors in the memory of a GPU: tests lay tensors out, and judge them, on the host.
class DeviceCopy;

// One target with everything kept in memory. Kernels are kept by spec and config, so that many shapes share one compile.
class Conformer {
 public:
  explicit Conformer(const std::string& target, int threads = 2);
  ~Conformer();

  runtime::Context& context() { return *context_; }
  const std::string& target() const { return target_; }

  // Runs `work` (outputs are reset first) and returns what is wrong with the result, empty when nothing is: a refusal, an
  // error over its tolerance, a modified input, a byte written outside the outputs. `rows` as in check_against_double; < 0
  // checks every row of small problems and 24 of large ones.
  std::string run(Workload& work, const std::optional<Config>& config, int64_t rows = -1);
  // Lays out the case's tensors and runs it.
  std::string run(const Case& test_case, int64_t rows = -1);
  // Only executes, for tests that compare results themselves.
  std::string execute(Workload& work, const std::optional<Config>& config);

  // A case that still fails and that no single simplification keeps failing; `text` is its failure. Tries at most
  // `attempts`.
  Case shrink(const Case& failing, std::string& text, int attempts = 300);

  // A config the case could run with, drawn from the family's space.
  std::optional<Config> random_config(const Problem& problem, Random& random);
  std::optional<Config> heuristic(const Problem& problem);
  // Whether the config is in the space of this problem.
  bool is_valid(const Problem& problem, const Config& config);
  int64_t compiles() const { return static_cast<int64_t>(kernels_.size()); }
  void forget_kernels() { kernels_.clear(); }

 private:
  Result<runtime::PlanPtr> plan(const Problem& problem, const std::optional<Config>& config);

  std::string target_;
  std::unique_ptr<runtime::Context> context_;
  std::map<std::string, runtime::PlanPtr> kernels_;  // by spec and config
  std::vector<std::byte> workspace_;
  std::unique_ptr<DeviceCopy> copy_;  // where the device does not read the host's memory
};

// Shared by the tests of one program: opening a device asks LLVM for the host each time.
Conformer& conformer(const std::string& target);

// Reports the case on standard error when a signal ends the process while it runs.
void report_case_on_crash(const std::string& case_json);

// Runs, and on failure shrinks and describes the smallest failing case; empty when all is well.
std::string check_case(const Case& test_case, int64_t rows = -1);

}  // namespace attune::test
