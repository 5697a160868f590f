// What is left of a budget, in seconds and in evaluations.
#pragma once

#include <algorithm>

#include "tuner/tuner.hpp"

namespace attune::tuner {

// Pure: the caller tells the time. Screening may use `screening_share` of the seconds; the finals have the rest.
class BudgetMeter {
 public:
  explicit BudgetMeter(const Budget& budget) : budget_(budget) {}

  bool may_screen(double elapsed_s, int64_t evaluations) const {
    return elapsed_s < screening_share * budget_.seconds && !evaluations_spent(evaluations);
  }
  bool may_race(double elapsed_s) const { return elapsed_s < budget_.seconds; }
  bool evaluations_spent(int64_t evaluations) const { return budget_.evaluations > 0 && evaluations >= budget_.evaluations; }
  double left_s(double elapsed_s) const { return std::max(0.0, budget_.seconds - elapsed_s); }

  // Finalists run about 6 to 15 times each, a screened config 3 to 9 times: a quarter pays for eight of them.
  static constexpr double screening_share = 0.75;

 private:
  Budget budget_;
};

}  // namespace attune::tuner
