// Statistics, stopping, racing, drift and budgets on synthetic series: no device, no clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tuner/budget.hpp"
#include "tuner/drift.hpp"
#include "tuner/race.hpp"
#include "tuner/statistics.hpp"
#include "tuner/stopping.hpp"

namespace attune::tuner {
namespace {

TEST(Statistics, OfAKnownSeries) {
  const std::vector<double> samples = {5, 1, 4, 2, 3};
  const auto statistics = summarize(samples);
  EXPECT_EQ(statistics.samples, 5);
  EXPECT_EQ(statistics.min_ms, 1);
  EXPECT_EQ(statistics.median_ms, 3);
  EXPECT_EQ(statistics.mad_ms, 1);
  EXPECT_EQ(statistics.p95_ms, 5);
  EXPECT_EQ(summarize(std::vector<double>{2, 4}).median_ms, 3);
  EXPECT_EQ(summarize({}).samples, 0);
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  EXPECT_EQ(summarize(hundred).p95_ms, 95);
}

TEST(Statistics, TheFirstSampleNeverCountsUnlessItIsAlone) {
  const std::vector<double> samples = {9, 1, 2};
  EXPECT_EQ(summarize(steady(samples)).p95_ms, 2);
  EXPECT_EQ(steady(std::vector<double>{9}).size(), 1u);
  EXPECT_TRUE(steady({}).empty());
}

// Two clock states 20 % apart, as on the public data's noisiest cards.
double bimodal(std::mt19937_64& generator, double base) {
  std::uniform_real_distribution<double> uniform(0, 1);
  return base * (uniform(generator) < 0.3 ? 1.2 : 1.0) * (1 + 0.01 * uniform(generator));
}

TEST(Statistics, MedianIntervalCoversTheMedianOfBimodalNoise) {
  std::mt19937_64 generator(1);
  // Median of the mixture: quantile 0.5/0.7 of the lower state.
  const double truth = 1 + 0.01 * (0.5 / 0.7);
  int covered = 0;
  for (int run = 0; run < 1000; ++run) {
    std::vector<double> samples;
    for (int i = 0; i < 15; ++i) samples.push_back(bimodal(generator, 1));
    covered += median_interval(samples).contains(truth);
  }
  EXPECT_GE(covered, 930);
}

TEST(Statistics, IntervalNarrowsWithSamples) {
  std::mt19937_64 generator(1);
  std::normal_distribution<double> noise(10, 1);
  std::vector<double> samples;
  for (int i = 0; i < 400; ++i) samples.push_back(noise(generator));
  const auto few = median_interval(std::span(samples).first(10)), many = median_interval(samples);
  EXPECT_LT(many.high - many.low, (few.high - few.low) / 2);
  EXPECT_TRUE(many.contains(median(samples)));
}

int samples_taken(const SamplingRule& rule, const std::vector<double>& series, std::string_view reason) {
  Sampling sampling(rule);
  for (const double sample : series) {
    if (sampling.finished()) break;
    sampling.add(sample);
  }
  EXPECT_EQ(sampling.reason(), reason);
  return static_cast<int>(sampling.samples_ms().size());
}

TEST(Stopping, QuietSeriesStopEarlyNoisyOnesLate) {
  const SamplingRule rule{.min_samples = 3, .max_samples = 9, .max_total_ms = 1000, .relative_precision = 0.03};
  EXPECT_EQ(samples_taken(rule, {50, 10, 10.1, 10.05, 10}, "precise"), 4);  // the first, far off, is not held against it
  EXPECT_EQ(samples_taken(rule, {10, 10, 14, 9, 13, 10, 15, 9, 12, 14, 10, 11}, "samples"), 10);
}

TEST(Stopping, TimeEndsIt) {
  const SamplingRule rule{.min_samples = 3, .max_samples = 9, .max_total_ms = 100, .relative_precision = 0.0};
  EXPECT_EQ(samples_taken(rule, {60, 60, 60}, "time"), 2);
  EXPECT_EQ(samples_taken(rule, {500, 400, 300}, "time"), 2);  // one sample is kept, however slow it is
}

TEST(Stopping, HopelessNeedsThreeSlowSamplesOrMuchTime) {
  SamplingRule rule{.min_samples = 3, .max_samples = 9, .max_total_ms = 1000, .relative_precision = 0.03};
  rule.give_up_above_ms = 20;
  EXPECT_EQ(samples_taken(rule, {25, 24, 23, 10}, "hopeless"), 3);
  EXPECT_EQ(samples_taken(rule, {300, 10}, "hopeless"), 1);  // one such call is a good part of the time
  // Another process took the first calls, or one in between: no verdict.
  EXPECT_GT(samples_taken(rule, {200, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, "precise"), 3);
  EXPECT_GT(samples_taken(rule, {90, 80, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, "precise"), 4);
  EXPECT_GT(samples_taken(rule, {10, 10, 30, 10, 10, 10, 10, 10, 10, 10, 10}, "precise"), 4);
}

Entrant entrant(int64_t id, int64_t complexity = 0, bool incumbent = false) {
  return {Config().set("id", id), complexity, incumbent};
}

// Runs a race on simulated times; `time(entrant, tick)` with a tick that advances at each measurement.
template <class Time>
Race run_race(std::vector<Entrant> entrants, Time&& time, const RaceRule& rule = {}) {
  Race race(std::move(entrants), rule);
  int tick = 0;
  while (!race.finished()) {
    for (const size_t index : race.order()) race.add(index, time(index, tick++));
    race.end_round();
  }
  return race;
}

TEST(Race, DropsTheSeparatedAndFindsTheFastestUnderNoise) {
  int right = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 generator(seed);
    const double truth[] = {1.10, 1.00, 1.30, 1.06};
    const auto race = run_race({entrant(0), entrant(1), entrant(2), entrant(3)}, [&](size_t index, int) {
      return truth[index] * (1 + 0.01 * std::normal_distribution<double>()(generator));
    });
    right += race.winner() == 1;
    EXPECT_FALSE(race.is_alive(2));
    EXPECT_LE(race.samples_ms(2).size(), 7u) << "the slowest must not be raced to the end";
  }
  EXPECT_GE(right, 198);
}

TEST(Race, DriftThatHitsAllAlikeDoesNotDecide) {
  // The machine slows down by 1 % a measurement: whoever ran first would win a sequential comparison of equals by far.
  int right = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 generator(seed);
    const auto race = run_race({entrant(0), entrant(1), entrant(2)}, [&](size_t index, int tick) {
      const double truth = index == 2 ? 0.94 : 1.0;
      return truth * (1 + 0.01 * tick) * (1 + 0.005 * std::normal_distribution<double>()(generator));
    });
    right += race.winner() == 2;
  }
  EXPECT_GE(right, 95);
}

TEST(Race, BimodalClocksCostLittle) {
  double lost = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 generator(seed);
    const double truth[] = {1.05, 1.00, 1.10};
    const auto race =
        run_race({entrant(0), entrant(1), entrant(2)}, [&](size_t index, int) { return bimodal(generator, truth[index]); });
    lost += truth[race.winner()] - 1;
  }
  EXPECT_LT(lost / 200, 0.015);
}

TEST(Race, TiesGoToIncumbentThenSimplerThenLexicographic) {
  const auto equal = [](size_t, int tick) { return 1 + 0.001 * ((tick * 7) % 5); };
  EXPECT_EQ(run_race({entrant(0, 1), entrant(1, 9, true), entrant(2, 0)}, equal).winner(), 1u);
  EXPECT_EQ(run_race({entrant(0, 3), entrant(1, 2), entrant(2, 5)}, equal).winner(), 1u);
  EXPECT_EQ(run_race({entrant(4, 2), entrant(3, 2), entrant(5, 2)}, equal).winner(), 1u);
}

TEST(Race, WinnerOfATieDoesNotDependOnTheOrderOfEntry) {
  std::vector<Entrant> entrants = {entrant(3, 2), entrant(1, 4), entrant(2, 2)};
  const auto noisy = [](std::mt19937_64& generator) { return 1 + 0.02 * std::normal_distribution<double>()(generator); };
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 generator(seed);
    std::shuffle(entrants.begin(), entrants.end(), generator);
    const auto race = run_race(entrants, [&](size_t, int) { return noisy(generator); }, {.tie_limit = 0.05});
    EXPECT_EQ(race.entrant(race.winner()).config.at("id"), 2) << "seed " << seed;
  }
}

TEST(Race, AWideIntervalIsNoTieBeyondTheLimit) {
  std::mt19937_64 generator(1);
  // The incumbent is 10 % slower, with noise so wide that its interval reaches the leader's time.
  const auto race = run_race({entrant(0, 0, true), entrant(1, 9)},
                             [&](size_t index, int tick) { return index == 1 ? 1.0 : (tick % 5 == 0 ? 0.9 : 1.1); });
  EXPECT_EQ(race.winner(), 1u);
}

TEST(Race, DisqualifiedEntrantsNeverWin) {
  Race race({entrant(0), entrant(1)}, {});
  for (const size_t index : race.order()) race.add(index, index == 0 ? 1.0 : 2.0);
  race.disqualify(0);
  race.end_round();
  EXPECT_EQ(race.winner(), 1u);
  EXPECT_EQ(race.order(), std::vector<size_t>{1});
  race.disqualify(1);
  EXPECT_TRUE(race.finished());
  EXPECT_EQ(race.winner(), race.size());
}

TEST(Drift, MarksBothDirectionsAndAcceptsANewLevel) {
  DriftMonitor monitor(0.10);
  EXPECT_TRUE(monitor.check(2.0));
  EXPECT_TRUE(monitor.check(2.15));
  EXPECT_FALSE(monitor.check(2.5));
  EXPECT_NEAR(monitor.drift(), 0.25, 1e-12);
  EXPECT_FALSE(monitor.check(1.6));
  EXPECT_NEAR(monitor.drift(), -0.2, 1e-12);
  EXPECT_TRUE(monitor.check(2.0));
  monitor.accept(3.0);
  EXPECT_TRUE(monitor.check(3.1));
  EXPECT_FALSE(monitor.check(2.0));
}

TEST(Budget, NamesAndUnits) {
  EXPECT_EQ(parse_budget("quick")->seconds, 10);
  EXPECT_EQ(parse_budget("default")->seconds, 60);
  EXPECT_EQ(parse_budget("thorough")->seconds, 600);
  EXPECT_EQ(parse_budget("30s")->seconds, 30);
  EXPECT_EQ(parse_budget("2.5s")->seconds, 2.5);
  EXPECT_EQ(parse_budget("10m")->seconds, 600);
  EXPECT_EQ(parse_budget("1h")->seconds, 3600);
  EXPECT_EQ(parse_budget("200evals")->evaluations, 200);
  EXPECT_GE(parse_budget("200evals")->seconds, 86400);
  EXPECT_EQ(parse_budget("30s")->name, "30s");
}

TEST(Budget, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "fast", "10", "s", "-3s", "0s", "nans", "infs", "1e400s", "10 m", "2.5evals", "0evals",
                           "1e12evals", "30ss", "1000h", "evals", "0x10s"}) {
    const auto parsed = parse_budget(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message().find("quick, default, thorough"), std::string::npos);
  }
}

TEST(Budget, FinalsKeepAQuarterOfTheTime) {
  const BudgetMeter seconds(*parse_budget("10s"));
  EXPECT_TRUE(seconds.may_screen(7.4, 1000));
  EXPECT_FALSE(seconds.may_screen(7.6, 0));
  EXPECT_TRUE(seconds.may_race(9.9));
  EXPECT_FALSE(seconds.may_race(10.1));
  const BudgetMeter evaluations(*parse_budget("20evals"));
  EXPECT_TRUE(evaluations.may_screen(1e4, 19));
  EXPECT_FALSE(evaluations.may_screen(0, 20));
}

}  // namespace
}  // namespace attune::tuner
