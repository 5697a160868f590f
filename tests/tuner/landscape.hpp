// Synthetic tuning spaces with the traits of measured ones: multiplicative effects, interactions, rugged noise, failures.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/hash.hpp"
#include "generator/space.hpp"

namespace attune::tuner {

class Landscape {
 public:
  explicit Landscape(uint64_t seed, double failure_rate = 0)
      : seed_(seed), failure_rate_(failure_rate), space_(make_space()) {
    std::mt19937_64 generator(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (size_t i = 0; i < space_.tunables().size(); ++i) {
      sweet_spot_.push_back(uniform(generator) * double(space_.tunables()[i].domain.size() - 1));
      weight_.push_back(0.05 + 0.5 * uniform(generator) * uniform(generator));
    }
    for (const Config& config : space_.enumerate(100'000)) {
      if (const auto cost_ms = cost(config)) ranked_.emplace_back(*cost_ms, config);
    }
    std::sort(ranked_.begin(), ranked_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  }

  const Space& space() const { return space_; }
  double optimum() const { return ranked_.front().first; }

  std::optional<double> cost(const Config& config) const {
    double log_cost = 0;
    double previous = 0;
    for (size_t i = 0; i < space_.tunables().size(); ++i) {
      const auto& domain = space_.tunables()[i].domain;
      const double index =
          double(std::find(domain.begin(), domain.end(), config.at(space_.tunables()[i].name)) - domain.begin());
      // The sweet spot moves with the tunable before: no coordinate can be tuned alone.
      const double distance = index - sweet_spot_[i] - 0.3 * previous;
      log_cost += weight_[i] * std::abs(distance);
      previous = distance;
    }
    if (chance(config, 1) < failure_rate_) return std::nullopt;
    return std::exp(log_cost) * (1 + 0.15 * chance(config, 2));  // rugged: 15 % that no model explains
  }

  // Configs among the best fifty: what a sibling device would suggest.
  std::vector<Config> near_best(size_t count, uint64_t seed) const {
    std::mt19937_64 generator(seed);
    std::vector<Config> picked;
    while (picked.size() < count) picked.push_back(ranked_[generator() % 50].second);
    return picked;
  }

 private:
  static Space make_space() {
    return Space({{"block_m", {16, 32, 48, 64, 96, 128, 192, 256}, ""},
                  {"block_n", {16, 32, 64, 96, 128, 192, 256, 512}, ""},
                  {"unroll", {1, 2, 3, 4, 6, 8}, ""},
                  {"prefetch", {0, 1, 2, 4}, ""},
                  {"pack", {0, 1, 2}, ""},
                  {"grain", {1, 2, 4, 8}, ""}},
                 {*Expression::parse("block_m * block_n <= 32768"), *Expression::parse("block_n % 32 == 0 || unroll <= 4")},
                 {});
  }
  // Uniform in [0,1), fixed by the config.
  double chance(const Config& config, uint64_t salt) const {
    std::mt19937_64 generator(fast_hash(config.to_json()) ^ (seed_ * 1000 + salt));
    return double(generator() >> 11) * 0x1p-53;
  }

  uint64_t seed_;
  double failure_rate_;
  Space space_;
  std::vector<double> sweet_spot_, weight_;
  std::vector<std::pair<double, Config>> ranked_;
};

}  // namespace attune::tuner
