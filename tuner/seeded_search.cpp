// Seeds first, but never all of the budget: every fourth config comes from a search that does not know them.
#include <fmt/format.h>

#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tuner/strategy.hpp"

namespace attune::tuner {
namespace {

class SeededSearch final : public Strategy {
 public:
  SeededSearch(std::vector<Config> seeds, std::unique_ptr<Strategy> seeded, std::unique_ptr<Strategy> unseeded)
      : seeds_(seeds.begin(), seeds.end()), seeded_(std::move(seeded)), unseeded_(std::move(unseeded)) {}

  std::optional<Config> ask() override {
    const bool explore = asked_count_ % 4 == 3;
    auto config = explore ? from(*unseeded_, true) : next_seeded();
    if (!config) config = explore ? next_seeded() : from(*unseeded_, true);
    if (!config) return std::nullopt;
    ++asked_count_;
    asked_.insert(config->to_json());
    return config;
  }

  void tell(const Config& config, std::optional<double> cost) override {
    const std::string key = config.to_json();
    asked_.insert(key);
    told_[key] = cost;
    seeded_->tell(config, cost);
    if (explored_.erase(key) != 0) unseeded_->tell(config, cost);
  }

 private:
  std::optional<Config> next_seeded() {
    while (!seeds_.empty()) {
      Config seed = std::move(seeds_.front());
      seeds_.pop_front();
      if (asked_.count(seed.to_json()) == 0) return seed;
    }
    return from(*seeded_, false);
  }

  // What `strategy` asks next and nobody asked before; what is known already is told to it at no cost.
  std::optional<Config> from(Strategy& strategy, bool explore) {
    while (auto config = strategy.ask()) {
      const std::string key = config->to_json();
      const auto known = told_.find(key);
      if (known != told_.end()) {
        strategy.tell(*config, known->second);
        continue;
      }
      if (explore) explored_.insert(key);
      if (asked_.count(key) == 0) return config;
    }
    return std::nullopt;
  }

  std::deque<Config> seeds_;
  std::unique_ptr<Strategy> seeded_, unseeded_;
  std::unordered_map<std::string, std::optional<double>> told_;
  std::unordered_set<std::string> asked_, explored_;
  int64_t asked_count_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_seeded_search(std::vector<Config> seeds, std::unique_ptr<Strategy> seeded,
                                             std::unique_ptr<Strategy> unseeded) {
  return std::make_unique<SeededSearch>(std::move(seeds), std::move(seeded), std::move(unseeded));
}

Result<std::unique_ptr<Strategy>> make_strategy(std::string_view name, const Space& space, uint64_t seed,
                                                std::vector<Config> seeds) {
  if (name != "random" && name != "ils") {
    return Error(Status::invalid_argument, fmt::format("strategy '{}' does not exist. Give ils or random.", name));
  }
  const auto make = [&](uint64_t seed_of_part, int initial) {
    return name == "random" ? make_random_search(space, seed_of_part)
                            : make_iterated_local_search(space, seed_of_part, initial);
  };
  constexpr int initial = 16;
  if (seeds.empty()) return make(seed, initial);
  // The seeds are the seeded part's start; drawing 16 random configs on top would spend what they save.
  return make_seeded_search(std::move(seeds), make(seed, 0), make(seed ^ 0x9e3779b97f4a7c15U, initial));
}

}  // namespace attune::tuner
