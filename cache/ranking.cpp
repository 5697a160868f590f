#include "cache/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace attune::cache {
namespace {

enum class Standing { candidate, outside_noise, superseded, unvalidated, failed };

bool is_good(const Record& record) {
  return record.status == "ok" && record.validated && record.statistics.median_ms > 0 &&
         std::isfinite(record.statistics.median_ms);
}

double noise_ms(const Record& record) { return std::isnan(record.statistics.mad_ms) ? 0 : record.statistics.mad_ms; }

// Records of one key may be of several problems of a bucket: times are only compared within one problem.
using OfProblem = std::pair<std::string_view, std::string_view>;

OfProblem identity(const Record& record) { return {record.problem, record.config}; }

// Two configs tie when they are closer than the noise, but never when one is more than 2 % slower: on a disturbed machine
// the deviation is half the median, and a tie then would let the simplest config win.
constexpr double max_tie = 0.02;

bool is_later(const FoundRecord& a, const FoundRecord& b) {
  const auto time_a = a.stored.record.measured_unix_ms, time_b = b.stored.record.measured_unix_ms;
  return time_a != time_b ? time_a > time_b : a.id < b.id;
}

}  // namespace

void rank(std::vector<FoundRecord>& records) {
  std::map<OfProblem, const FoundRecord*> latest_good;
  std::map<std::string_view, int64_t> latest_wrong_unix_ms;  // of a config on any problem: wrong once is wrong in its bucket
  for (const FoundRecord& found : records) {
    const Record& record = found.stored.record;
    if (is_good(record)) {
      const FoundRecord*& latest = latest_good[identity(record)];
      if (latest == nullptr || is_later(found, *latest)) latest = &found;
    } else if (record.status == "validation_failed") {
      int64_t& latest = latest_wrong_unix_ms.try_emplace(record.config, INT64_MIN).first->second;
      latest = std::max(latest, record.measured_unix_ms);
    }
  }
  const auto refuted_since = [&](const Record& record) {
    const auto wrong = latest_wrong_unix_ms.find(record.config);
    return wrong != latest_wrong_unix_ms.end() && wrong->second > record.measured_unix_ms;
  };

  const auto by_time = [](const Record& r, const std::string& id) {
    const double median = r.statistics.median_ms > 0 ? r.statistics.median_ms : HUGE_VAL;
    return std::make_tuple(median, r.complexity, std::string_view(r.config), std::string_view(id));
  };
  std::vector<Standing> standings(records.size());
  std::map<std::string_view, const FoundRecord*> fastest_of;
  for (size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i].stored.record;
    if (!is_good(record)) {
      standings[i] = record.status == "ok" ? Standing::unvalidated : Standing::failed;
    } else if (latest_good[identity(record)] == &records[i] && !refuted_since(record)) {
      standings[i] = Standing::candidate;
      const FoundRecord*& fastest = fastest_of[record.problem];
      if (fastest == nullptr || by_time(record, records[i].id) < by_time(fastest->stored.record, fastest->id)) {
        fastest = &records[i];
      }
    } else {
      standings[i] = Standing::superseded;
    }
  }
  for (size_t i = 0; i < records.size(); ++i) {
    if (standings[i] != Standing::candidate) continue;
    const Record& record = records[i].stored.record;
    const Record& best = fastest_of[record.problem]->stored.record;
    const double behind_ms = record.statistics.median_ms - best.statistics.median_ms;
    const double tie_ms = std::min({noise_ms(record), noise_ms(best), max_tie * best.statistics.median_ms});
    if (behind_ms > tie_ms) standings[i] = Standing::outside_noise;
  }

  std::vector<size_t> order(records.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (standings[a] != standings[b]) return standings[a] < standings[b];
    const Record &ra = records[a].stored.record, &rb = records[b].stored.record;
    if (standings[a] == Standing::candidate && ra.complexity != rb.complexity) return ra.complexity < rb.complexity;
    return by_time(ra, records[a].id) < by_time(rb, records[b].id);
  });
  std::vector<FoundRecord> sorted;
  sorted.reserve(records.size());
  for (const size_t i : order) sorted.push_back(std::move(records[i]));
  records = std::move(sorted);
}

}  // namespace attune::cache
