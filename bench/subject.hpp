// What the benchmarks run: named problems, contexts with private stores, and tensors.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "generator/problem.hpp"
#include "runtime/context.hpp"
#include "tuner/workload.hpp"

namespace attune::bench {

struct NamedProblem {
  std::string name;
  Problem problem;
};

// Small enough for many iterations, and of different kinds: prefill, causal GQA prefill, decode, a vision transformer.
std::vector<NamedProblem> problems();
// One query and one key of one head: what remains is the cost of a call.
Problem tiny_problem();

// A directory under the system's temporary directory, removed with the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The host's CPU with both stores under `stores`, or in memory when it is empty. The user's own stores are never touched, so
// what is measured is the same on every machine: the heuristic config of each problem.
Result<std::unique_ptr<runtime::Context>> open_context(const std::filesystem::path& stores = {});

// A plan with tensors and workspace: everything execute() takes.
struct Call {
  runtime::PlanPtr plan;
  std::unique_ptr<tuner::Workload> workload;
  void* workspace = nullptr;
};
Result<Call> prepare_call(runtime::Context& context, runtime::PlanPtr plan);

}  // namespace attune::bench
