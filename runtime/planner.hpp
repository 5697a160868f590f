// The planner: from a problem to a plan, by way of the best config that records or heuristics know for this device.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/record_store.hpp"
#include "runtime/kernel_provider.hpp"
#include "runtime/plan.hpp"

namespace attune::runtime {

struct Planned {
  std::shared_ptr<Plan> plan;  // still the planner's caller's alone: it may add notes
  // False when a better config was passed over only because its kernel would have had to be compiled.
  bool best_known = true;
};

// Thread-safe: it holds no state but references.
class Planner {
 public:
  Planner(Device& device, cache::RecordStore& records, KernelProvider& kernels, std::span<const Family* const> families)
      : device_(device), records_(records), kernels_(kernels), families_(families) {}

  // Of the quantization `sage`: the family of what is chosen for it.
  Result<const Family*> select_family(const Problem& problem, std::vector<std::string>* declined) const;
  // What the problem can be run as, best first: itself, or where it asks for `sage` the candidates that some family does.
  // The reasons of the families when there is none.
  Result<std::vector<Problem>> alternatives(const Problem& problem) const;
  cache::TuningKey tuning_key(const Family& family, const Problem& problem) const;

  // Tries, best first: records of this very problem, of its bucket, of neighbour buckets (nearest first), of sibling
  // devices, the heuristic, the first valid config of the space. What is passed over is told in the provenance's notes.
  Result<Planned> plan(const Problem& problem, bool may_compile) const;
  Result<PlanPtr> plan_with(const Family& family, const Problem& problem, const Config& config) const;

  // Whether a usable record exists for this problem or its bucket: what tune_if_missing asks. `sage` wants one of each
  // alternative, or a failure: with fewer there is nothing to compare.
  Result<bool> has_record(const Problem& problem) const;

 private:
  struct Search;
  struct Ranked {
    std::vector<Problem> problems;  // best first
    std::string why;                // empty unless there was a choice
    std::vector<std::string> notes;
  };

  Result<Ranked> rank(const Problem& problem) const;
  Result<const Family*> select_concrete(const Problem& problem, std::vector<std::string>* declined) const;
  Result<Planned> plan_concrete(const Problem& problem, bool may_compile) const;
  Result<std::shared_ptr<Plan>> build(const Family& family, const Spec& spec, const Problem& problem, const Config& config,
                                      bool may_compile) const;

  Device& device_;
  cache::RecordStore& records_;
  KernelProvider& kernels_;
  std::span<const Family* const> families_;
};

}  // namespace attune::runtime
