// By times where there are any to compare, else by arithmetic.
#include "runtime/automatic_quantization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "generator/break_even.hpp"
#include "generator/quantization.hpp"
#include "runtime/candidates.hpp"

namespace attune::runtime {
namespace {

constexpr std::string_view automatic = "sage";
constexpr std::string_view none = "none";

std::string with_quantization(Problem problem, std::string_view text) {
  problem.quantization = text;
  return to_json(problem);
}

// Fastest usable time of each alternative on one shape under one cache regime.
using Times = std::map<size_t, double>;
struct Group {
  std::string shape, regime;  // shape: as if it had asked for `sage`
  bool operator<(const Group& other) const { return std::tie(shape, regime) < std::tie(other.shape, other.regime); }
};

std::map<Group, Times> group_times(std::span<const Alternative> alternatives) {
  std::map<Group, Times> groups;
  std::map<std::string, std::optional<std::string>> shapes;  // thousands of records share a handful of problems
  for (size_t at = 0; at < alternatives.size(); ++at) {
    std::map<std::string, std::set<std::string>> condemned;
    for (const cache::StoredRecord& stored : alternatives[at].records) {
      const cache::Record& record = stored.record;
      if (record.status != "ok" || !record.validated) continue;
      auto [known, fresh] = shapes.try_emplace(record.problem);
      if (fresh) {
        if (auto problem = problem_from_json(record.problem); problem.ok()) {
          known->second = with_quantization(*std::move(problem), automatic);
        }
      }
      if (!known->second) continue;
      const auto [bad, first] = condemned.try_emplace(record.problem);
      if (first) bad->second = condemned_configs(alternatives[at].records, record.problem);
      if (bad->second.contains(record.config)) continue;
      Times& times = groups[{*known->second, record.cache_regime}];
      const auto [time, added] = times.try_emplace(at, record.statistics.median_ms);
      if (!added) time->second = std::min(time->second, record.statistics.median_ms);
    }
  }
  return groups;
}

// Measured alternatives by time, `none` before those that are not faster by the margin.
std::vector<size_t> by_time(const Times& times, std::span<const Alternative> alternatives) {
  std::vector<std::pair<double, size_t>> sorted;
  std::optional<std::pair<double, size_t>> unquantized;
  for (const auto& [at, ms] : times) {
    if (alternatives[at].problem.quantization == none) {
      unquantized = {ms * quantization_margin, at};
    } else {
      sorted.emplace_back(ms, at);
    }
  }
  std::sort(sorted.begin(), sorted.end());
  if (unquantized) {
    sorted.insert(std::lower_bound(sorted.begin(), sorted.end(), std::pair(unquantized->first, size_t{0})), *unquantized);
  }
  std::vector<size_t> order;
  for (const auto& [ms, at] : sorted) order.push_back(at);
  return order;
}

std::string told(const Times& times, std::span<const Alternative> alternatives) {
  std::string text;
  for (const size_t at : by_time(times, alternatives)) {
    text += fmt::format("{}{} {:.4g} ms", text.empty() ? "" : ", ", alternatives[at].problem.quantization, times.at(at));
  }
  return text;
}

}  // namespace

bool asks_for_choice(const Problem& problem) { return problem.quantization == automatic; }

std::vector<Problem> quantization_alternatives(const Problem& problem) {
  std::vector<Problem> all;
  for (const Quantization& candidate : quantization_candidates()) {
    all.push_back(problem);
    all.back().quantization = to_text(candidate);
  }
  all.push_back(problem);
  all.back().quantization = none;
  return all;
}

RankedAlternatives rank_alternatives(const Problem& asked, std::span<const Alternative> alternatives,
                                     const DeviceClass& device) {
  RankedAlternatives ranked;
  std::vector<Quantization> requests;
  for (const Alternative& alternative : alternatives) {
    requests.push_back(parse_quantization(alternative.problem.quantization).value_or(Quantization{}));
  }
  const std::vector<size_t> estimated = rank_by_estimate(asked, requests, device);

  const std::string shape = with_quantization(asked, automatic);
  const auto groups = group_times(alternatives);
  const std::pair<const Group, Times>* best = nullptr;
  for (const auto& group : groups) {
    if (group.second.size() < 2) {
      const size_t at = group.second.begin()->first;
      if (group.first.shape == shape) {
        ranked.notes.push_back(
            fmt::format("only {} was measured on this shape, so there is nothing to compare it with; "
                        "tune the shape with quantization sage",
                        alternatives[at].problem.quantization));
      }
      continue;
    }
    const auto weight = [&](const auto& g) { return std::pair(g.first.shape == shape, g.second.size()); };
    if (best == nullptr || weight(group) > weight(*best)) best = &group;
  }
  if (best != nullptr) {
    ranked.order = by_time(best->second, alternatives);
    const bool exact = best->first.shape == shape;
    ranked.why = fmt::format(
        "{}: fastest of those measured on {} ({}, {} cache)", alternatives[ranked.order.front()].problem.quantization,
        exact ? "this shape" : "another shape of the bucket", told(best->second, alternatives), best->first.regime);
  }
  for (const size_t at : estimated) {
    if (std::find(ranked.order.begin(), ranked.order.end(), at) == ranked.order.end()) ranked.order.push_back(at);
  }
  if (best == nullptr && !ranked.order.empty()) {
    const Quantization& chosen = requests[ranked.order.front()];
    const auto quantized = std::find_if(estimated.begin(), estimated.end(), [&](size_t at) { return !requests[at].none(); });
    if (quantized == estimated.end()) {
      ranked.why = "unquantized: no family has one of the presets on this device";
    } else {
      ranked.why = explain_estimate(asked, chosen, requests[*quantized], device);
    }
  }
  return ranked;
}

}  // namespace attune::runtime
