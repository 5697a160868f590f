// Robust statistics of a handful of samples.
#include "tuner/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace attune::tuner {
namespace {

std::vector<double> sorted(std::span<const double> values) {
  std::vector<double> copy(values.begin(), values.end());
  std::sort(copy.begin(), copy.end());
  return copy;
}

double middle(const std::vector<double>& ascending) {
  const size_t half = ascending.size() / 2;
  if (ascending.empty()) return 0;
  return ascending.size() % 2 == 1 ? ascending[half] : (ascending[half - 1] + ascending[half]) / 2;
}

}  // namespace

std::span<const double> steady(std::span<const double> samples_ms) {
  return samples_ms.size() > 1 ? samples_ms.subspan(1) : samples_ms;
}

double median(std::span<const double> values) { return middle(sorted(values)); }

cache::Statistics summarize(std::span<const double> samples_ms) {
  cache::Statistics statistics;
  if (samples_ms.empty()) return statistics;
  const auto ascending = sorted(samples_ms);
  statistics.samples = static_cast<int64_t>(ascending.size());
  statistics.min_ms = ascending.front();
  statistics.median_ms = middle(ascending);
  std::vector<double> deviations;
  for (const double sample : ascending) deviations.push_back(std::abs(sample - statistics.median_ms));
  statistics.mad_ms = median(deviations);
  const auto rank = static_cast<size_t>(std::ceil(0.95 * static_cast<double>(ascending.size())));
  statistics.p95_ms = ascending[rank - 1];
  return statistics;
}

Interval median_interval(std::span<const double> values) {
  if (values.empty()) return {};
  const auto ascending = sorted(values);
  const auto count = static_cast<double>(ascending.size());
  // The number of samples below the true median is binomial(n, 1/2): ranks n/2 -+ 1.96 sqrt(n)/2 enclose it.
  const double low = std::floor((count - 1.96 * std::sqrt(count)) / 2);
  const auto rank = static_cast<size_t>(std::max(low, 0.0));
  return {ascending[rank], ascending[ascending.size() - 1 - rank]};
}

}  // namespace attune::tuner
