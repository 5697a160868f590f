// From the samples of one config to the numbers a record keeps, and to how well they are known.
#pragma once

#include <span>
#include <vector>

#include "cache/record_store.hpp"

namespace attune::tuner {

// All samples but the first: on public per-repeat data the first is off by 2.5 to 13 % (cold caches, clocks in motion). A
// lone sample is kept, for nothing else is known.
std::span<const double> steady(std::span<const double> samples_ms);

// Of the samples given (drop the first with steady()); zeros when there is none. p95 is the nearest-rank percentile.
cache::Statistics summarize(std::span<const double> samples_ms);

double median(std::span<const double> values);

struct Interval {
  double low = 0, high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};

// About 95 % confidence interval of the median, from order statistics: it assumes no distribution, so bimodal clocks do not
// fool it. Below six samples it is their whole range.
Interval median_interval(std::span<const double> values);

}  // namespace attune::tuner
