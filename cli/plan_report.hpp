// How a plan, a time and a rate are told, the same in every verb.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/record_store.hpp"
#include "generator/problem.hpp"
#include "runtime/device.hpp"
#include "runtime/plan.hpp"

namespace attune::cli {

// "12.3 ms", "850 us", "2.1 s": three digits, a unit that fits.
std::string time_text(double ms);
// "3 minutes ago"; "" for 0.
std::string age_text(int64_t unix_ms);
// "1.2 MiB".
std::string size_text(int64_t bytes);
// GFLOP/s of one call; nullopt where lengths are data (varlen, key lengths, block lists), so that no count is honest.
std::optional<double> gflops(const Problem& problem, double ms);

// {"text": "B1 H8 ...", "fields": {...}}.
nlohmann::ordered_json problem_json(const Problem& problem);
// "15 records: 10 abandoned, 5 ok".
std::string status_counts(const std::vector<cache::StoredRecord>& records);

nlohmann::ordered_json plan_json(const runtime::Plan& plan, const runtime::Device& device);

std::string kernel_line(const runtime::Plan& plan, const runtime::Device& device);
// "exact record 9e674284175e, measured 3 minutes ago: 1.23 ms" or "heuristic: no record fits; ...".
std::string config_line(const runtime::Plan& plan, const runtime::Device& device);
// "compiled in 312 ms" or "kernel cache, loaded in 1.2 ms".
std::string origin_line(const runtime::Plan& plan);

// A two-column report: names padded to one width.
class Lines {
 public:
  void add(std::string_view name, std::string_view value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace attune::cli
