// Interleaved comparison of the few best configs: A B C, C B A, ... so that drift hits all alike.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "generator/values.hpp"

namespace attune::tuner {

struct RaceRule {
  int min_rounds = 6;  // below six paired samples an interval of 95 % does not exist
  int max_rounds = 15;
  // Noise never costs more than this: a config slower by more in the median is no tie, however wide its interval.
  double tie_limit = 0.02;
};

struct Entrant {
  Config config;
  int64_t complexity = 0;
  bool incumbent = false;  // what is used today: kept when nothing is better beyond the noise
};

// Pure: the caller measures. Each round: order() gives who runs, add() one sample each (or disqualify()), end_round().
class Race {
 public:
  Race(std::vector<Entrant> entrants, const RaceRule& rule);

  std::vector<size_t> order() const;
  void add(size_t entrant, double sample_ms);
  void disqualify(size_t entrant);
  // Drops who is slower than the leader with confidence: the paired ratios of their rounds exclude 1.
  void end_round();
  bool finished() const;

  // Inside the noise of the leader: the incumbent, else the lowest complexity, else the lowest canonical config.
  // Entrants must not all be disqualified: check with alive() > 0.
  size_t winner() const;
  size_t leader() const;  // the lowest median, whatever the noise
  size_t alive() const;
  bool is_alive(size_t entrant) const { return states_[entrant].alive; }
  bool is_disqualified(size_t entrant) const { return states_[entrant].disqualified; }
  const Entrant& entrant(size_t index) const { return states_[index].entrant; }
  const std::vector<double>& samples_ms(size_t entrant) const { return states_[entrant].samples_ms; }
  size_t size() const { return states_.size(); }

 private:
  struct State {
    Entrant entrant;
    std::string key;  // canonical config
    std::vector<double> samples_ms;
    bool alive = true, disqualified = false;
  };
  // The entrant's samples over the leader's of the same rounds.
  std::vector<double> ratios(size_t entrant, size_t leader) const;

  std::vector<State> states_;
  RaceRule rule_;
  int rounds_ = 0;
};

}  // namespace attune::tuner
