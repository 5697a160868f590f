// Random start, then iterated local search: walk downhill by single steps, kick the best out of its valley, repeat.
// On public data (nine spaces) this is ahead of random search at every budget, and of a genetic algorithm up to 50 configs.
#include <algorithm>
#include <limits>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tuner/strategy.hpp"
#include "tuner/visited.hpp"

namespace attune::tuner {
namespace {

constexpr double failed_cost = std::numeric_limits<double>::infinity();

class LocalSearch final : public Strategy {
 public:
  LocalSearch(const Space& space, uint64_t seed, int initial) : space_(space), generator_(seed), initial_left_(initial) {}

  std::optional<Config> ask() override {
    auto config = next();
    if (config) visited_.insert(*config);
    return config;
  }

  void tell(const Config& config, std::optional<double> cost) override {
    visited_.insert(config);
    const double value = cost.value_or(failed_cost);
    costs_.insert_or_assign(config.to_json(), Known{config, value});
    if (value < best_cost_) {
      best_ = config;
      best_cost_ = value;
    } else if (best_ == config) {
      take_best();  // measured again after a disturbance, and not that good
    }
    // A kick is accepted whatever its cost: the walk from it decides. Otherwise only downhill.
    const bool kicked = kicks_.erase(config.to_json()) != 0 && !current_ && value < failed_cost;
    if (initial_left_ == 0 && (kicked || (current_ && value < current_cost_))) move_to(config, value);
  }

 private:
  std::optional<Config> next() {
    if (initial_left_ > 0) {
      --initial_left_;
      auto config = visited_.fresh(space_, generator_);
      if (config || !best_) return config;
      initial_left_ = 0;
    }
    if (!best_) return visited_.fresh(space_, generator_);  // all failed so far: nowhere to walk from
    if (!current_ && !started_) {
      started_ = true;
      move_to(*best_, best_cost_);
    }
    if (current_) {
      if (auto neighbour = next_neighbour()) return neighbour;
      current_.reset();  // a local optimum, as far as is told
    }
    if (auto kicked = kick()) {
      kicks_.insert(kicked->to_json());
      return kicked;
    }
    return visited_.fresh(space_, generator_);
  }

  void take_best() {
    best_.reset();
    best_cost_ = failed_cost;
    for (const auto& [key, known] : costs_) {
      if (known.cost < best_cost_ || (known.cost == best_cost_ && best_ && known.config.to_json() < best_->to_json())) {
        best_ = known.config;
        best_cost_ = known.cost;
      }
    }
  }

  void move_to(const Config& config, double cost) {
    current_ = config;
    current_cost_ = cost;
    neighbours_ = space_.neighbours(config);
    for (size_t i = neighbours_.size(); i > 1; --i) std::swap(neighbours_[i - 1], neighbours_[generator_() % i]);
  }

  std::optional<Config> next_neighbour() {
    while (!neighbours_.empty()) {
      Config neighbour = std::move(neighbours_.back());
      neighbours_.pop_back();
      if (!visited_.contains(neighbour)) return neighbour;
      // Known already, e.g. from the random start: walk on through it without spending an evaluation.
      const auto known = costs_.find(neighbour.to_json());
      if (known != costs_.end() && known->second.cost < current_cost_) move_to(neighbour, known->second.cost);
    }
    return std::nullopt;
  }

  // The best config with two or three tunables drawn anew: far enough to leave its valley, near enough to keep what is good.
  std::optional<Config> kick() {
    constexpr int tries = 200;
    const auto& tunables = space_.tunables();
    if (tunables.empty()) return std::nullopt;
    for (int attempt = 0; attempt < tries; ++attempt) {
      Config config = *best_;
      for (uint64_t changes = 2 + generator_() % 2; changes > 0; --changes) {
        const Tunable& tunable = tunables[generator_() % tunables.size()];
        config.set(tunable.name, tunable.domain[generator_() % tunable.domain.size()]);
      }
      if (!visited_.contains(config) && space_.contains(config)) return config;
    }
    return std::nullopt;
  }

  Space space_;
  std::mt19937_64 generator_;
  int initial_left_;
  Visited visited_;
  struct Known {
    Config config;
    double cost;
  };
  std::unordered_map<std::string, Known> costs_;
  std::unordered_set<std::string> kicks_;  // asked, not told yet

  std::optional<Config> best_, current_;
  double best_cost_ = failed_cost, current_cost_ = failed_cost;
  std::vector<Config> neighbours_;  // of current_, shuffled, still to look at
  bool started_ = false;
};

}  // namespace

std::unique_ptr<Strategy> make_iterated_local_search(const Space& space, uint64_t seed, int initial) {
  return std::make_unique<LocalSearch>(space, seed, initial);
}

}  // namespace attune::tuner
