// The whole search on a simulated machine: noise, failures, drift, cancelling, resuming.
#include "tuner/search.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "tests/tuner/fake_machine.hpp"

namespace attune::tuner {
namespace {

Measurement failed(std::string status) {
  Measurement measurement;
  measurement.status = std::move(status);
  measurement.detail = "injected";
  return measurement;
}

Compiled spilling(int64_t bytes) {
  Compiled compiled;
  compiled.spill_bytes = bytes;
  return compiled;
}

// Fails a config in `parts`, by its content.
bool one_in(const Config& config, uint64_t parts) { return fast_hash(config.to_json()) % parts == 0; }

TEST(Search, FindsAConfigNearTheOptimumUnderNoise) {
  double sum = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Simulation simulation(seed, {"200evals", 1e6, 200});
    const auto result = simulation.run();
    ASSERT_TRUE(result.winner.has_value());
    EXPECT_EQ(result.evaluated, 200);
    EXPECT_GE(simulation.machine.refreshed, 1);
    EXPECT_LT(simulation.machine.measured_before_refresh, simulation.machine.measured.size())
        << "finals in the fresh worker";
    sum += simulation.landscape.optimum() / *simulation.landscape.cost(result.winner->config);
  }
  EXPECT_GT(sum / 10, 0.95);
}

TEST(Search, NoConfigWinsTheRecordsByALuckyScreeningAlone) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Simulation simulation(seed, {"60evals", 1e6, 60});
    simulation.machine.noise = 0.05;
    const auto result = simulation.run();
    ASSERT_TRUE(result.winner.has_value());
    const Candidate recorded = simulation.records.winner();
    // Ties may go to a simpler config than the fastest of the records, but only inside the noise.
    EXPECT_LE(result.winner->statistics.median_ms, recorded.statistics.median_ms * 1.05) << "seed " << seed;
    EXPECT_GE(recorded.statistics.samples, 6) << "won by its screening, seed " << seed;
  }
}

TEST(Search, SameSeedSameRun) {
  Simulation one(7, {"60evals", 1e6, 60}), other(7, {"60evals", 1e6, 60});
  const auto a = one.run(), b = other.run();
  EXPECT_EQ(one.machine.measured, other.machine.measured);
  EXPECT_EQ(a.winner->config, b.winner->config);
  EXPECT_EQ(a.winner->statistics, b.winner->statistics);
}

TEST(Search, TheFirstSampleOfAConfigIsNeverInItsRecord) {
  Simulation simulation(3, {"40evals", 1e6, 40});
  simulation.machine.noise = 0;
  simulation.machine.first_sample_factor = 5;
  simulation.setup.rules.give_up_factor = 0;
  simulation.run();
  for (const auto& row : simulation.records.rows) {
    EXPECT_NEAR(row.candidate.statistics.median_ms, *simulation.landscape.cost(row.candidate.config), 1e-9);
    EXPECT_NEAR(row.candidate.statistics.p95_ms, *simulation.landscape.cost(row.candidate.config), 1e-9);
  }
}

TEST(Search, EvaluationBudgetIsExactAndSecondsAreKept) {
  Simulation counted(1, {"25evals", 1e6, 25});
  EXPECT_EQ(counted.run().evaluated, 25);
  Simulation timed(1, {"2s", 2, 0});
  const auto result = timed.run();
  EXPECT_GT(result.evaluated, 5);
  EXPECT_LT(timed.machine.now_s, 2.5);
  EXPECT_GT(timed.machine.now_s, 1.4);
}

TEST(Search, EachFaultCostsOneCandidateAndAWinnerIsFound) {
  for (const char* status : {"crashed", "timed_out", "validation_failed", "launch_failed"}) {
    Simulation simulation(4, {"80evals", 1e6, 80});
    simulation.machine.fault = [&](const Config& config) {
      return one_in(config, 4) && config != simulation.setup.heuristic ? failed(status) : Measurement{};
    };
    const auto result = simulation.run();
    ASSERT_TRUE(result.winner.has_value());
    EXPECT_FALSE(one_in(result.winner->config, 4));
    EXPECT_EQ(result.evaluated, 80);
    int64_t recorded = 0;
    std::set<std::string> configs;
    for (const auto& row : simulation.records.rows) {
      if (row.candidate.measurement.status != status) continue;
      ++recorded;
      EXPECT_EQ(row.candidate.measurement.detail, "injected");
      EXPECT_TRUE(configs.insert(row.candidate.config.to_json()).second) << "a failed config was measured again";
    }
    EXPECT_GT(recorded, 3);
    EXPECT_EQ(recorded, result.failed);
  }
}

TEST(Search, FastAndWrongLoses) {
  Simulation simulation(2, {"60evals", 1e6, 60});
  const auto honest = simulation.run();
  Simulation cheated(2, {"60evals", 1e6, 60});
  const Config wrong = honest.winner->config;
  cheated.machine.fault = [&](const Config& config) {
    Measurement measurement;
    if (config == wrong) {
      measurement = failed("validation_failed");
      measurement.samples_ms = {0.001, 0.001, 0.001};
    }
    return measurement;
  };
  const auto result = cheated.run();
  ASSERT_TRUE(result.winner.has_value());
  EXPECT_NE(result.winner->config, wrong);
}

TEST(Search, AConfigThatFailsInTheFinalsOnlyDoesNotWin) {
  Simulation simulation(2, {"60evals", 1e6, 60});
  const Config flaky = Simulation(2, {"60evals", 1e6, 60}).run().winner->config;
  simulation.machine.fault = [&](const Config& config) {
    return simulation.machine.refreshed > 0 && config == flaky ? failed("crashed") : Measurement{};
  };
  const auto result = simulation.run();
  ASSERT_TRUE(result.winner.has_value());
  EXPECT_NE(result.winner->config, flaky);
}

TEST(Search, NothingWorksIsNoWinnerAndNoError) {
  Simulation simulation(2, {"30evals", 1e6, 30});
  simulation.machine.fault = [](const Config&) { return failed("crashed"); };
  const auto result = simulation.run();
  EXPECT_FALSE(result.winner.has_value());
  EXPECT_FALSE(result.error.has_value());
  EXPECT_EQ(result.failed, 30);
  EXPECT_EQ(simulation.records.rows.size(), 30u);
}

TEST(Search, CompileFailuresAreRecordedAndNeverMeasured) {
  Simulation simulation(2, {"60evals", 1e6, 60});
  simulation.setup.compile = [&](const Config& config) {
    Compiled compiled;
    if (one_in(config, 3) && config != simulation.setup.heuristic) compiled.status = "compile_failed";
    return compiled;
  };
  const auto result = simulation.run();
  ASSERT_TRUE(result.winner.has_value());
  EXPECT_GT(result.failed, 5);
  for (const std::string& measured : simulation.machine.measured) {
    EXPECT_TRUE(measured == simulation.setup.heuristic.to_json() || fast_hash(measured) % 3 != 0);
  }
}

TEST(Search, SpillingCandidatesArePrunedUnlessNothingElseWorks) {
  Simulation some(2, {"60evals", 1e6, 60});
  some.setup.rules.max_spill_bytes = 16;
  some.setup.compile = [](const Config& config) { return spilling(one_in(config, 3) ? 17 : 16); };
  const auto result = some.run();
  EXPECT_GT(result.failed, 5);
  EXPECT_FALSE(one_in(result.winner->config, 3) && result.winner->config != some.setup.heuristic);

  Simulation all(2, {"30s", 30, 0});
  all.setup.rules.max_spill_bytes = 0;
  all.setup.compile = [](const Config&) { return spilling(16); };
  all.machine.fault = [&](const Config& config) {
    return config == all.setup.heuristic ? failed("crashed") : Measurement{};
  };
  // The space is small, so that it can be exhausted.
  const Space tiny({{"block_m", {16, 32}, ""},
                    {"block_n", {16}, ""},
                    {"unroll", {1}, ""},
                    {"prefetch", {0}, ""},
                    {"pack", {0}, ""},
                    {"grain", {1, 2}, ""}},
                   {}, {});
  all.setup.space = &tiny;
  all.setup.heuristic = tiny.enumerate(1).front();
  const auto strategy = make_random_search(tiny, 1);
  all.setup.strategy = strategy.get();
  const auto spilled = Search(all.setup).run();
  ASSERT_TRUE(spilled.winner.has_value());
  EXPECT_EQ(spilled.winner->compiled.spill_bytes, 16);
}

TEST(Search, ADisturbedSegmentIsRetractedAndMeasuredAgain) {
  Simulation simulation(3, {"120evals", 1e6, 120});
  double disturbed_from_s = 0;
  simulation.machine.on_measure = [&](const MeasureRequest&) {
    if (disturbed_from_s == 0 && simulation.records.rows.size() == 20) disturbed_from_s = simulation.machine.now_s;
  };
  simulation.machine.slowdown = [&](double now_s) {
    return disturbed_from_s > 0 && now_s < disturbed_from_s + 0.5 ? 1.6
                                                                  : 1.0;  // another process takes the machine for a while
  };
  simulation.setup.rules.give_up_factor = 0;
  const auto result = simulation.run();
  EXPECT_GT(result.disturbed, 0);
  size_t retracted = 0;
  for (const auto& row : simulation.records.rows) retracted += row.retracted;
  EXPECT_EQ(retracted, static_cast<size_t>(result.disturbed));
  // What stands in the end was measured on the quiet machine.
  int wrong = 0;
  for (const auto& [config, candidate] : simulation.records.latest()) {
    wrong += candidate.statistics.median_ms > 1.3 * *simulation.landscape.cost(candidate.config);
  }
  EXPECT_LE(wrong, 2);
}

TEST(Search, ALastingChangeOfClocksIsAcceptedOnce) {
  Simulation simulation(3, {"100evals", 1e6, 100});
  simulation.setup.rules.give_up_factor = 0;
  simulation.machine.slowdown = [&](double) { return simulation.records.rows.size() >= 30 ? 1.5 : 1.0; };
  const auto result = simulation.run();
  EXPECT_GT(result.disturbed, 0);
  // After at most two looks the new level is the reference, and nothing is repeated any more.
  size_t last_retracted = 0;
  for (size_t i = 0; i < simulation.records.rows.size(); ++i) {
    if (simulation.records.rows[i].retracted) last_retracted = i;
  }
  EXPECT_LT(last_retracted, 90u);
  EXPECT_LE(result.disturbed, 60);
  EXPECT_TRUE(result.winner.has_value());
}

TEST(Search, CancellingKeepsWhatIsMeasured) {
  Simulation simulation(3, {"100evals", 1e6, 100});
  std::atomic<bool> cancel = false;
  simulation.setup.cancel = &cancel;
  simulation.machine.on_measure = [&](const MeasureRequest&) { cancel = simulation.records.rows.size() >= 17; };
  const auto result = simulation.run();
  EXPECT_TRUE(result.cancelled);
  EXPECT_LE(result.evaluated, 19);
  EXPECT_EQ(simulation.records.rows.size(), static_cast<size_t>(result.evaluated));
  ASSERT_TRUE(result.winner.has_value()) << "the best so far";
}

TEST(Search, ResumingMeasuresOnlyWhatIsNew) {
  Simulation first(3, {"40evals", 1e6, 40});
  const auto before = first.run();
  const auto known = [&] {
    std::map<std::string, Candidate> latest;
    for (const auto& row : first.records.rows) latest.insert_or_assign(row.candidate.config.to_json(), row.candidate);
    std::vector<Candidate> list;
    for (const auto& [config, candidate] : latest) list.push_back(candidate);
    return list;
  }();

  Simulation again(3, {"40evals", 1e6, 40});
  again.setup.known = known;
  const auto same = again.run();
  EXPECT_EQ(same.evaluated, 0);
  EXPECT_EQ(same.reused, 40);
  EXPECT_TRUE(again.machine.measured.empty());
  EXPECT_EQ(same.winner->config, first.records.winner().config);

  Simulation more(4, {"60evals", 1e6, 60});
  more.landscape = first.landscape;
  more.setup.known = known;
  const auto extended = more.run();
  EXPECT_EQ(extended.evaluated, 20);
  std::set<std::string> old;
  for (const Candidate& candidate : known) old.insert(candidate.config.to_json());
  for (size_t i = 0; i < 20; ++i) {
    // The calibration (heuristic) is measured again on purpose.
    const std::string& config = more.records.rows[i].candidate.config.to_json();
    EXPECT_EQ(old.count(config), 0u);
  }
  EXPECT_LE(*more.landscape.cost(extended.winner->config), 1.05 * *more.landscape.cost(before.winner->config));
}

TEST(Search, ALuckyScreeningIsMeasuredAgainBeforeItWins) {
  Simulation simulation(3, {"40evals", 1e6, 40});
  std::vector<Candidate> known;
  // A record of a faster day: far from good in truth.
  Candidate lucky;
  for (const Config& config : simulation.landscape.space().enumerate(5000)) {
    if (*simulation.landscape.cost(config) < 3 * simulation.landscape.optimum()) continue;
    lucky.config = config;
    break;
  }
  lucky.measurement.validated = true;
  lucky.statistics = summarize(std::vector<double>(5, 0.5 * simulation.landscape.optimum()));
  simulation.setup.known = {lucky};
  const auto result = simulation.run();
  EXPECT_NE(result.winner->config, lucky.config);
  const auto latest = simulation.records.latest();
  ASSERT_EQ(latest.count(lucky.config.to_json()), 1u);
  EXPECT_GT(latest.at(lucky.config.to_json()).statistics.median_ms, 2 * simulation.landscape.optimum());
}

TEST(Search, WhenMeasuringBecomesImpossibleTheErrorIsToldAndTheBestStands) {
  Simulation simulation(3, {"100evals", 1e6, 100});
  simulation.machine.broken = [&]() -> std::optional<Error> {
    if (simulation.records.rows.size() < 10) return std::nullopt;
    return Error(Status::device_unavailable, "no worker starts");
  };
  const auto result = simulation.run();
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->status(), Status::device_unavailable);
  EXPECT_TRUE(result.winner.has_value());
}

TEST(Search, NeverCompilesWhileMeasuringOnTheHost) {
  Simulation simulation(3, {"40evals", 1e6, 40});
  std::atomic<int> compiling = 0;
  std::atomic<bool> measuring = false, overlapped = false;
  std::atomic<int> most_at_once = 0;
  simulation.setup.compile = [&](const Config&) {
    const int now = ++compiling;
    int most = most_at_once;
    while (now > most && !most_at_once.compare_exchange_weak(most, now)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    if (measuring) overlapped = true;
    --compiling;
    return Compiled{};
  };
  simulation.machine.on_measure = [&](const MeasureRequest&) {
    measuring = true;
    if (compiling > 0) overlapped = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    measuring = false;
  };
  simulation.run();
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(most_at_once, 2) << "candidates are compiled in parallel";
}

TEST(Search, CompilesAheadWhileMeasuringElsewhere) {
  Simulation simulation(3, {"40evals", 1e6, 40});
  simulation.setup.compile_disturbs = false;
  std::atomic<bool> measuring = false;
  std::atomic<int> overlaps = 0;
  simulation.setup.compile = [&](const Config&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    overlaps += measuring;
    return Compiled{};
  };
  simulation.machine.on_measure = [&](const MeasureRequest&) {
    measuring = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    measuring = false;
  };
  EXPECT_EQ(simulation.run().evaluated, 40);
  EXPECT_GT(overlaps, 5);
}

TEST(Search, AnExhaustedSpaceEndsIt) {
  Simulation simulation(3, {"30s", 1e6, 0});
  const Space tiny({{"block_m", {16, 32}, ""},
                    {"block_n", {16, 32}, ""},
                    {"unroll", {1, 2}, ""},
                    {"prefetch", {0}, ""},
                    {"pack", {0}, ""},
                    {"grain", {1}, ""}},
                   {}, {});
  simulation.setup.space = &tiny;
  simulation.setup.heuristic = tiny.enumerate(1).front();
  const auto strategy = make_iterated_local_search(tiny, 1);
  simulation.setup.strategy = strategy.get();
  const auto result = Search(simulation.setup).run();
  EXPECT_EQ(result.evaluated, 8);
  EXPECT_TRUE(result.winner.has_value());
}

TEST(Search, ProgressTellsPhasesInOrderAndCounts) {
  Simulation simulation(3, {"40evals", 1e6, 40});
  std::vector<std::string> phases;
  Progress last;
  simulation.setup.progress = [&](const Progress& progress) {
    if (phases.empty() || phases.back() != progress.phase) phases.push_back(progress.phase);
    EXPECT_GE(progress.evaluated, last.evaluated);
    last = progress;
  };
  simulation.run();
  EXPECT_EQ(phases.front(), "compile");
  EXPECT_EQ(phases.back(), "final");
  EXPECT_EQ(last.evaluated, 40);
  EXPECT_EQ(last.planned, 40);
  EXPECT_GT(last.best_ms, 0);
  EXPECT_GT(last.heuristic_ms, last.best_ms);
}

}  // namespace
}  // namespace attune::tuner
