// A plan: what the planner returns for a problem. Immutable, shared, callable from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generator/family.hpp"
#include "runtime/device.hpp"

namespace attune::runtime {

enum class Policy : int { cached_only = 0, compile, tune_if_missing, retune };
std::string_view name(Policy policy);
Result<Policy> parse_policy(std::string_view text);

enum class Origin : int { exact_record = 0, same_bucket, neighbour_shape, sibling_device, heuristic, fallback, chosen };
std::string_view name(Origin origin);  // "exact record", "same shape bucket", ...; chosen: by the caller of plan_with

struct Provenance {
  Origin origin = Origin::heuristic;
  std::string family;
  std::string config;  // canonical JSON
  std::string spec;    // canonical JSON
  std::string shape_bucket;
  std::string record_id;    // empty for heuristic
  std::string record_file;  // database the record came from
  double record_median_ms = 0;
  int64_t record_unix_ms = 0;
  std::string kernel_origin;  // "compiled", "kernel cache", "memory"
  std::string compile_key;
  double compile_ms = 0, load_ms = 0, plan_ms = 0;
  std::string quantization;        // the problem asked for `sage`: what was chosen and why; else empty
  std::vector<std::string> notes;  // records that were skipped and why, families that declined and why
};

// Launches in a row that one loaded kernel has the entries of.
struct Stage {
  KernelPtr kernel;
  std::vector<Launch> launches;
};

struct Plan {
  const Family* family = nullptr;
  Problem problem;  // as it is run: where `sage` was asked for, with the quantization that was chosen
  Config config;
  std::vector<Stage> stages;    // in the order they run; the last is what the config is of
  int64_t workspace_bytes = 0;  // 64-byte aligned, uninitialised, per concurrent execute
  Provenance provenance;
};
int64_t launch_count(const Plan& plan);
using PlanPtr = std::shared_ptr<const Plan>;

}  // namespace attune::runtime
