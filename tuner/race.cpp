// Rounds, elimination by paired ratios, and a reproducible winner.
#include "tuner/race.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tuner/statistics.hpp"

namespace attune::tuner {

Race::Race(std::vector<Entrant> entrants, const RaceRule& rule) : rule_(rule) {
  for (Entrant& entrant : entrants) {
    State state;
    state.key = entrant.config.to_json();
    state.entrant = std::move(entrant);
    states_.push_back(std::move(state));
  }
}

std::vector<size_t> Race::order() const {
  std::vector<size_t> order;
  for (size_t index = 0; index < states_.size(); ++index) {
    if (states_[index].alive) order.push_back(index);
  }
  if (rounds_ % 2 == 1) std::reverse(order.begin(), order.end());
  return order;
}

void Race::add(size_t entrant, double sample_ms) { states_[entrant].samples_ms.push_back(sample_ms); }

void Race::disqualify(size_t entrant) {
  states_[entrant].alive = false;
  states_[entrant].disqualified = true;
}

std::vector<double> Race::ratios(size_t entrant, size_t leader) const {
  const auto& samples = states_[entrant].samples_ms;
  const auto& reference = states_[leader].samples_ms;
  std::vector<double> ratios;
  for (size_t round = 0; round < std::min(samples.size(), reference.size()); ++round) {
    ratios.push_back(samples[round] / reference[round]);
  }
  return ratios;
}

void Race::end_round() {
  ++rounds_;
  if (rounds_ < rule_.min_rounds || alive() < 2) return;
  const size_t first = leader();
  for (size_t index = 0; index < states_.size(); ++index) {
    if (index == first || !states_[index].alive) continue;
    if (median_interval(ratios(index, first)).low > 1) states_[index].alive = false;
  }
}

bool Race::finished() const {
  return alive() == 0 || rounds_ >= rule_.max_rounds || (alive() == 1 && rounds_ >= rule_.min_rounds);
}

size_t Race::alive() const {
  return static_cast<size_t>(std::count_if(states_.begin(), states_.end(), [](const State& state) { return state.alive; }));
}

size_t Race::leader() const {
  size_t best = states_.size();
  double best_ms = 0;
  for (size_t index = 0; index < states_.size(); ++index) {
    const State& state = states_[index];
    if (!state.alive || state.samples_ms.empty()) continue;
    const double ms = median(state.samples_ms);
    const bool better = best == states_.size() || ms < best_ms || (ms == best_ms && state.key < states_[best].key);
    if (!better) continue;
    best = index;
    best_ms = ms;
  }
  return best;
}

size_t Race::winner() const {
  const size_t first = leader();
  if (first == states_.size()) return first;
  size_t best = first;
  const auto rank = [this](size_t index) {
    const State& state = states_[index];
    return std::tuple(!state.entrant.incumbent, state.entrant.complexity, std::string_view(state.key));
  };
  for (size_t index = 0; index < states_.size(); ++index) {
    if (index == first || !states_[index].alive || states_[index].samples_ms.empty()) continue;
    const auto paired = ratios(index, first);
    const bool tie = median_interval(paired).low <= 1 && median(paired) <= 1 + rule_.tie_limit;
    if (tie && rank(index) < rank(best)) best = index;
  }
  return best;
}

}  // namespace attune::tuner
