// Records turned into an ordered list of configs worth trying for one problem. Pure: no store, no device.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "cache/record_store.hpp"
#include "generator/problem.hpp"

namespace attune::runtime {

// Configs (canonical JSON) whose latest measurement on this very problem did not end well.
std::set<std::string> condemned_configs(std::span<const cache::StoredRecord> records, const std::string& problem_json);

struct BucketCandidates {
  std::vector<const cache::StoredRecord*> exact;   // measured on this very problem, best first
  std::vector<const cache::StoredRecord*> bucket;  // measured on other shapes of its bucket, in the store's order
};
BucketCandidates bucket_candidates(std::span<const cache::StoredRecord> records, const std::string& problem_json);

// Usable records of other buckets, nearest shape first: distance is the sum of |log2| ratios of batch * heads, queries and
// keys, so that doubling any of them counts the same. Records whose problem cannot be read are left out.
std::vector<const cache::StoredRecord*> by_distance(std::span<const cache::StoredRecord> records, const Problem& problem);

// Usable records of other devices: those of this very problem first, else in the store's order.
std::vector<const cache::StoredRecord*> sibling_candidates(std::span<const cache::StoredRecord> records,
                                                           const std::string& problem_json);

}  // namespace attune::runtime
