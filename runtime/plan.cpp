// Names of policies and origins.
#include "runtime/plan.hpp"

#include <fmt/format.h>

namespace attune::runtime {

std::string_view name(Policy policy) {
  switch (policy) {
    case Policy::cached_only: return "cached_only";
    case Policy::compile: return "compile";
    case Policy::tune_if_missing: return "tune_if_missing";
    case Policy::retune: return "retune";
  }
  return "unknown";
}

Result<Policy> parse_policy(std::string_view text) {
  for (const Policy policy : {Policy::cached_only, Policy::compile, Policy::tune_if_missing, Policy::retune}) {
    if (text == name(policy)) return policy;
  }
  return Error(Status::invalid_argument,
               fmt::format("policy '{}' is unknown. Use cached_only, compile, tune_if_missing or retune.", text));
}

std::string_view name(Origin origin) {
  switch (origin) {
    case Origin::exact_record: return "exact record";
    case Origin::same_bucket: return "same shape bucket";
    case Origin::neighbour_shape: return "neighbour shape";
    case Origin::sibling_device: return "sibling device";
    case Origin::heuristic: return "heuristic";
    case Origin::fallback: return "default";
    case Origin::chosen: return "chosen by the caller";
  }
  return "unknown";
}

int64_t launch_count(const Plan& plan) {
  int64_t count = 0;
  for (const Stage& stage : plan.stages) count += static_cast<int64_t>(stage.launches.size());
  return count;
}

}  // namespace attune::runtime
