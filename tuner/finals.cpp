// Race and finals: interleaved rounds among the best, the last ones in a fresh worker.
#include <algorithm>
#include <utility>

#include "tuner/search.hpp"

namespace attune::tuner {

// The best, as many as `time_share` of the seconds left can take through the least number of rounds; empty when not even
// two.
std::vector<Candidate*> Search::entrants(size_t limit, const RaceRule& rule, double time_share) {
  auto order = ranked();
  if (order.empty()) return order;
  const double margin_ms = setup_.rules.race_margin * order.front()->statistics.median_ms;
  double left_ms = 1000 * time_share * budget_.left_s(setup_.elapsed_s());
  size_t count = 0;
  for (; count < std::min(order.size(), limit); ++count) {
    const double ms = order[count]->statistics.median_ms;
    // Two calls a round: the first after another kernel ran is dropped.
    left_ms -= 2 * ms * rule.min_rounds;
    if ((ms > margin_ms && count >= 2) || left_ms < 0) break;
  }
  if (count < 2) count = order.size() == 1 && left_ms >= 0 ? 1 : 0;
  std::vector<Candidate*> who(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
  // The heuristic meets the others whatever its screening said: a winner that is slower than no tuning at all is no winner.
  const auto heuristic = candidates_.find(setup_.heuristic.to_json());
  if (who.size() >= 2 && heuristic != candidates_.end() && heuristic->second.ok() &&
      std::find(who.begin(), who.end(), &heuristic->second) == who.end()) {
    who.push_back(&heuristic->second);
  }
  return who;
}

void Search::finals() {
  const SearchRules& rules = setup_.rules;
  if (ranked().size() > rules.final_size) {
    const auto who = entrants(rules.race_size, rules.race, 0.5);
    if (who.size() > rules.final_size) race(who, rules.race, "race");
  }
  if (stopped()) return;
  const auto finalists = entrants(rules.final_size, rules.final, 1.0);
  if (finalists.empty()) return;
  if (auto fresh = setup_.measurer->refresh(); !fresh) {
    result_.error = fresh.error();
    return;
  }
  const auto final = race(finalists, rules.final, "final");
  if (!final || stopped()) return;
  if (final->winner() < final->size()) {
    result_.winner = candidates_.at(final->entrant(final->winner()).config.to_json());
  }
  check_faster_records(finalists);
}

std::optional<Race> Search::race(const std::vector<Candidate*>& who, const RaceRule& rule, const char* phase) {
  std::vector<Entrant> entrants;
  const Config incumbent = setup_.incumbent.value_or(setup_.heuristic);
  for (const Candidate* candidate : who) {
    entrants.push_back({candidate->config, candidate->complexity, candidate->config == incumbent});
  }
  // One kept sample a round; validated in the first round, so that the record of the race counts by itself.
  const SamplingRule one{.min_samples = 1, .max_samples = 1, .max_total_ms = 1e9, .relative_precision = 0};
  Race race(std::move(entrants), rule);
  std::vector<Measurement> first(who.size());
  for (int round = 0; !race.finished() && (round == 0 || budget_.may_race(setup_.elapsed_s())); ++round) {
    for (const size_t index : race.order()) {
      Candidate attempt = *who[index];
      if (!measure(attempt, one, round == 0)) return std::nullopt;
      const bool good = attempt.measurement.status == "ok" && (round > 0 || attempt.measurement.validated);
      if (round == 0) first[index] = attempt.measurement;
      if (good) {
        race.add(index, attempt.statistics.median_ms);
        first[index].clock_after_mhz = attempt.measurement.clock_after_mhz;
        continue;
      }
      // It worked in the screening and fails now: an unreliable config must not win.
      ++result_.failed;
      race.disqualify(index);
      *who[index] = std::move(attempt);
      commit(*who[index]);
    }
    race.end_round();
    report(phase);
  }
  for (size_t index = 0; index < who.size(); ++index) {
    if (race.samples_ms(index).empty() || !who[index]->ok() || race.is_disqualified(index)) continue;
    Candidate& candidate = *who[index];
    candidate.measurement = first[index];
    candidate.measurement.samples_ms = race.samples_ms(index);
    candidate.statistics = summarize(race.samples_ms(index));  // each round's first call is dropped already
    commit(candidate);
    if (candidate.config == setup_.heuristic) result_.heuristic_ms = candidate.statistics.median_ms;
  }
  return race;
}

// A winner is a query over records. One that was lucky in a short screening, or measured on a faster day, would win it
// against the finalists without having met them: measure it again, here and now.
void Search::check_faster_records(const std::vector<Candidate*>& finalists) {
  constexpr size_t most = 16;
  if (!result_.winner) return;
  const double winner_ms = result_.winner->statistics.median_ms;
  SamplingRule rule = setup_.rules.screen;
  rule.min_samples = setup_.rules.final.min_rounds;
  rule.max_samples = setup_.rules.final.max_rounds;
  rule.max_total_ms *= 2;
  size_t checked = 0;
  for (Candidate* candidate : ranked()) {
    if (candidate->statistics.median_ms >= winner_ms || checked == most || stopped()) break;
    if (std::find(finalists.begin(), finalists.end(), candidate) != finalists.end()) continue;
    ++checked;
    Candidate again = *candidate;
    if (!measure(again, rule, true)) return;
    commit(again);
    *candidate = std::move(again);
    if (candidate->ok() &&
        candidate->statistics.median_ms < result_.winner->statistics.median_ms * (1 - setup_.rules.final.tie_limit)) {
      result_.winner = *candidate;
    }
    report("final");
  }
}

}  // namespace attune::tuner
