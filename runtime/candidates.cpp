// Every function keeps the order of the store where it has no better one: the store sorts by measured time.
#include "runtime/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace attune::runtime {
namespace {

bool usable(const cache::StoredRecord& stored) { return stored.record.status == "ok" && stored.record.validated; }

double log_size(int64_t value) { return std::log2(static_cast<double>(std::max<int64_t>(value, 0)) + 1.0); }

double distance(const Problem& a, const Problem& b) {
  const auto rows = [](const Problem& p) { return p.batch * p.heads_q; };
  return std::abs(log_size(rows(a)) - log_size(rows(b))) + std::abs(log_size(a.seqlen_q) - log_size(b.seqlen_q)) +
         std::abs(log_size(a.seqlen_kv) - log_size(b.seqlen_kv));
}

}  // namespace

std::set<std::string> condemned_configs(std::span<const cache::StoredRecord> records, const std::string& problem_json) {
  std::map<std::string, std::pair<int64_t, bool>> latest;  // config -> time, good
  for (const auto& stored : records) {
    if (stored.record.problem != problem_json) continue;
    const std::pair verdict{stored.record.measured_unix_ms, usable(stored)};
    auto [position, added] = latest.try_emplace(stored.record.config, verdict);
    if (!added && verdict > position->second) position->second = verdict;
  }
  std::set<std::string> result;
  for (const auto& [config, verdict] : latest) {
    if (!verdict.second) result.insert(config);
  }
  return result;
}

BucketCandidates bucket_candidates(std::span<const cache::StoredRecord> records, const std::string& problem_json) {
  BucketCandidates result;
  for (const auto& stored : records) {
    if (!usable(stored)) continue;
    (stored.record.problem == problem_json ? result.exact : result.bucket).push_back(&stored);
  }
  return result;
}

std::vector<const cache::StoredRecord*> by_distance(std::span<const cache::StoredRecord> records, const Problem& problem) {
  constexpr double unreadable = std::numeric_limits<double>::infinity();
  std::map<std::string, double> distances;  // thousands of records share a handful of problems: each is parsed once
  std::vector<std::pair<double, const cache::StoredRecord*>> ranked;
  for (const auto& stored : records) {
    if (!usable(stored)) continue;
    const auto [position, added] = distances.try_emplace(stored.record.problem, unreadable);
    if (added) {
      if (const auto other = problem_from_json(stored.record.problem); other.ok())
        position->second = distance(*other, problem);
    }
    if (position->second != unreadable) ranked.emplace_back(position->second, &stored);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const cache::StoredRecord*> result;
  result.reserve(ranked.size());
  for (const auto& item : ranked) result.push_back(item.second);
  return result;
}

std::vector<const cache::StoredRecord*> sibling_candidates(std::span<const cache::StoredRecord> records,
                                                           const std::string& problem_json) {
  BucketCandidates split = bucket_candidates(records, problem_json);
  split.exact.insert(split.exact.end(), split.bucket.begin(), split.bucket.end());
  return std::move(split.exact);
}

}  // namespace attune::runtime
