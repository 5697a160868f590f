// Strategies replayed on synthetic spaces: no repeats, reproducible, and iterated local search ahead of random search.
#include "tuner/strategy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/tuner/landscape.hpp"

namespace attune::tuner {
namespace {

TEST(Strategy, UnknownNameIsRefusedWithTheKnownOnes) {
  const auto made = make_strategy("genetic", Landscape(1).space(), 1, {});
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message().find("ils or random"), std::string::npos);
}

class EveryStrategy : public testing::TestWithParam<const char*> {};

TEST_P(EveryStrategy, AsksEachValidConfigOnceAndThenStops) {
  const Space space({{"a", {1, 2, 3, 4}, ""}, {"b", {1, 2, 4, 8}, ""}, {"c", {0, 1}, ""}},
                    {*Expression::parse("a * b <= 12"), *Expression::parse("c == 0 || a > 1")}, {});
  const auto valid = space.enumerate(1000);
  for (const bool with_seeds : {false, true}) {
    const std::vector<Config> seeds(valid.begin(), with_seeds ? valid.begin() + 3 : valid.begin());
    auto strategy = *make_strategy(GetParam(), space, 3, seeds);
    std::set<std::string> asked;
    while (const auto config = strategy->ask()) {
      EXPECT_TRUE(space.contains(*config));
      EXPECT_TRUE(asked.insert(config->to_json()).second) << "asked twice: " << config->to_text();
      strategy->tell(*config, asked.size() % 5 == 0 ? std::nullopt : std::optional<double>(double(asked.size() % 7)));
      ASSERT_LE(asked.size(), valid.size());
    }
    EXPECT_EQ(asked.size(), valid.size());
    EXPECT_EQ(strategy->ask(), std::nullopt);
  }
}

TEST_P(EveryStrategy, MayBeAskedFarAheadOfBeingTold) {
  const Landscape landscape(5);
  auto strategy = *make_strategy(GetParam(), landscape.space(), 3, {});
  std::set<std::string> asked;
  std::vector<Config> pending;
  for (int i = 0; i < 300; ++i) {
    const auto config = strategy->ask();
    ASSERT_TRUE(config.has_value());
    EXPECT_TRUE(asked.insert(config->to_json()).second);
    pending.push_back(*config);
    if (pending.size() < 8) continue;
    for (const Config& told : pending) strategy->tell(told, landscape.cost(told));
    pending.clear();
  }
}

TEST_P(EveryStrategy, SameSeedSameSearch) {
  const Landscape landscape(5);
  for (const uint64_t seed : {1, 2}) {
    auto one = *make_strategy(GetParam(), landscape.space(), seed, {});
    auto other = *make_strategy(GetParam(), landscape.space(), seed, {});
    for (int i = 0; i < 100; ++i) {
      const auto config = one->ask();
      EXPECT_EQ(config, other->ask());
      one->tell(*config, landscape.cost(*config));
      other->tell(*config, landscape.cost(*config));
    }
  }
}

TEST_P(EveryStrategy, ConfigsToldFromRecordsAreNeverAsked) {
  const Landscape landscape(5);
  auto strategy = *make_strategy(GetParam(), landscape.space(), 1, {});
  const auto all = landscape.space().enumerate(100'000);
  std::set<std::string> known;
  for (size_t i = 0; i < all.size(); i += 2) {
    strategy->tell(all[i], landscape.cost(all[i]));
    known.insert(all[i].to_json());
  }
  for (int i = 0; i < 200; ++i) EXPECT_EQ(known.count(strategy->ask()->to_json()), 0u);
}

TEST_P(EveryStrategy, SurvivesASpaceWhereEverythingFails) {
  const Landscape landscape(5);
  auto strategy = *make_strategy(GetParam(), landscape.space(), 1, {});
  for (int i = 0; i < 200; ++i) {
    const auto config = strategy->ask();
    ASSERT_TRUE(config.has_value());
    strategy->tell(*config, std::nullopt);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryStrategy, testing::Values("random", "ils"));

// Ranking a landscape takes its 18,000 costs: once a test is enough.
std::vector<Landscape> landscapes(double failure_rate) {
  std::vector<Landscape> made;
  for (uint64_t seed = 1; seed <= 10; ++seed) made.emplace_back(seed, failure_rate);
  return made;
}

// Mean of optimum / best found after `evaluations`, over landscapes and seeds.
double mean_fraction(const char* name, int evaluations, const std::vector<Landscape>& landscapes) {
  double sum = 0;
  constexpr int runs = 100;
  for (int run = 0; run < runs; ++run) {
    const Landscape& landscape = landscapes[static_cast<size_t>(run % 10)];
    auto strategy = *make_strategy(name, landscape.space(), static_cast<uint64_t>(run) + 1, {});
    double best = 1e300;
    for (int i = 0; i < evaluations; ++i) {
      const auto config = strategy->ask();
      const auto cost = landscape.cost(*config);
      strategy->tell(*config, cost);
      if (cost) best = std::min(best, *cost);
    }
    sum += landscape.optimum() / best;
  }
  return sum / runs;
}

TEST(LocalSearch, BeatsRandomSearchOnRuggedLandscapes) {
  const auto rugged = landscapes(0);
  for (const int evaluations : {50, 100}) {
    const double random = mean_fraction("random", evaluations, rugged), local = mean_fraction("ils", evaluations, rugged);
    RecordProperty("random_" + std::to_string(evaluations), std::to_string(random));
    RecordProperty("ils_" + std::to_string(evaluations), std::to_string(local));
    EXPECT_GT(local, random + 0.02) << "after " << evaluations << " evaluations";
  }
}

TEST(LocalSearch, BeatsRandomSearchWhenAQuarterOfTheConfigsFail) {
  const auto failing = landscapes(0.25);
  const double random = mean_fraction("random", 50, failing), local = mean_fraction("ils", 50, failing);
  EXPECT_GT(local, random + 0.02);
}

TEST(SeededSearch, GoodSeedsSaveEvaluationsAndAQuarterStaysUnseeded) {
  double seeded_sum = 0, unseeded_sum = 0;
  const auto all = landscapes(0);
  for (uint64_t run = 1; run <= 50; ++run) {
    const Landscape& landscape = all[run % 10];
    // The sibling device: the same landscape with a tenth of it different.
    const auto seeds = landscape.near_best(5, run);
    for (const bool with_seeds : {true, false}) {
      auto strategy = *make_strategy("ils", landscape.space(), run, with_seeds ? seeds : std::vector<Config>{});
      double best = 1e300;
      for (int i = 0; i < 25; ++i) {
        const auto config = strategy->ask();
        const auto cost = landscape.cost(*config);
        strategy->tell(*config, cost);
        best = std::min(best, *cost);
      }
      (with_seeds ? seeded_sum : unseeded_sum) += landscape.optimum() / best;
    }
  }
  EXPECT_GT(seeded_sum / 50, unseeded_sum / 50 + 0.03);
}

// Asks in order and remembers what it is told.
class Scripted final : public Strategy {
 public:
  Scripted(std::vector<Config> script, std::vector<Config>& told) : script_(std::move(script)), told_(told) {}
  std::optional<Config> ask() override {
    if (next_ == script_.size()) return std::nullopt;
    return script_[next_++];
  }
  void tell(const Config& config, std::optional<double>) override { told_.push_back(config); }

 private:
  std::vector<Config> script_;
  std::vector<Config>& told_;
  size_t next_ = 0;
};

TEST(SeededSearch, TheUnseededPartHearsOnlyOfItsOwnConfigs) {
  const auto number = [](int64_t value) { return Config().set("x", value); };
  std::vector<Config> seeded_told, unseeded_told;
  // 2 is asked by both parts: the second to ask is told without another evaluation.
  auto search = make_seeded_search({number(1), number(2)},
                                   std::make_unique<Scripted>(std::vector{number(10), number(11), number(12)}, seeded_told),
                                   std::make_unique<Scripted>(std::vector{number(2), number(20)}, unseeded_told));
  std::vector<int64_t> order;
  while (const auto config = search->ask()) {
    order.push_back(config->at("x"));
    search->tell(*config, 1.0);
  }
  EXPECT_EQ(order, (std::vector<int64_t>{1, 2, 10, 20, 11, 12}));
  EXPECT_EQ(unseeded_told, (std::vector{number(2), number(20)}));
  EXPECT_EQ(seeded_told.size(), 6u);
}

}  // namespace
}  // namespace attune::tuner
