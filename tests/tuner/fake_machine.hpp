// A simulated machine: configs have true times, samples have noise, and time passes only when something is measured.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/tuner/landscape.hpp"
#include "tuner/search.hpp"

namespace attune::tuner {

class FakeMachine final : public Measurer {
 public:
  // `true_ms` is the time of a config on the undisturbed machine.
  FakeMachine(std::function<double(const Config&)> true_ms, uint64_t seed)
      : true_ms_(std::move(true_ms)), generator_(seed) {}

  double noise = 0.01;
  double first_sample_factor = 1.13;
  std::function<double(double now_s)> slowdown = [](double) { return 1.0; };  // contention, clocks
  std::function<Measurement(const Config&)> fault = [](const Config&) { return Measurement{}; };
  std::function<void(const MeasureRequest&)> on_measure = [](const MeasureRequest&) {};
  std::function<std::optional<Error>()> broken = [] { return std::nullopt; };

  Result<Measurement> measure(const MeasureRequest& request) override {
    on_measure(request);
    if (auto error = broken()) return *error;
    measured.push_back(request.config.to_json());
    Measurement measurement = fault(request.config);
    if (measurement.status != "ok") {
      now_s += 0.05;
      return measurement;
    }
    Sampling sampling(request.rule);
    while (!sampling.finished()) {
      double ms = true_ms_(request.config) * slowdown(now_s) * (1 + noise * std::normal_distribution<double>()(generator_));
      if (sampling.samples_ms().empty()) ms *= first_sample_factor;
      sampling.add(ms);
      now_s += ms / 1000;
    }
    measurement.samples_ms = sampling.samples_ms();
    measurement.validated = request.validate;
    if (sampling.reason() == "hopeless") {
      measurement.status = "abandoned";
      measurement.validated = false;
    }
    return measurement;
  }
  Result<void> refresh() override {
    ++refreshed;
    measured_before_refresh = measured.size();
    return {};
  }

  double now_s = 0;
  int refreshed = 0;
  size_t measured_before_refresh = 0;
  std::vector<std::string> measured;

 private:
  std::function<double(const Config&)> true_ms_;
  std::mt19937_64 generator_;
};

// Remembers what was committed, as the record store would.
struct FakeRecords {
  struct Row {
    Candidate candidate;
    bool retracted = false;
  };
  std::vector<Row> rows;

  std::string commit(const Candidate& candidate) {
    rows.push_back({candidate, false});
    return std::to_string(rows.size() - 1);
  }
  void retract(const std::string& id) { rows.at(std::stoul(id)).retracted = true; }

  // Latest good measurement of each config that was not retracted.
  std::map<std::string, Candidate> latest() const {
    std::map<std::string, Candidate> latest;
    for (const Row& row : rows) {
      if (!row.retracted && row.candidate.ok()) latest.insert_or_assign(row.candidate.config.to_json(), row.candidate);
    }
    return latest;
  }
  const Candidate winner() const {
    const auto all = latest();
    return std::min_element(
               all.begin(), all.end(),
               [](const auto& a, const auto& b) { return a.second.statistics.median_ms < b.second.statistics.median_ms; })
        ->second;
  }
};

// Ranking a landscape costs more than searching it: each is made once.
inline const Landscape& landscape_of(uint64_t seed) {
  static std::map<uint64_t, Landscape> made;
  return made.try_emplace(seed, seed).first->second;
}

// A search over a landscape on a fake machine, ready to be changed by a test.
struct Simulation {
  explicit Simulation(uint64_t seed, const Budget& budget = {"30s", 30, 0})
      : landscape(landscape_of(seed % 5 + 1)),
        strategy_seed(seed),
        machine([this](const Config& config) { return *landscape.cost(config); }, seed) {
    setup.space = &landscape.space();
    setup.heuristic = landscape.space().enumerate(2000).back();
    setup.compile = [](const Config&) { return Compiled{}; };
    setup.compile_jobs = 2;
    setup.compile_disturbs = true;
    setup.measurer = &machine;
    setup.budget = budget;
    setup.commit = [this](const Candidate& candidate) { return records.commit(candidate); };
    setup.retract = [this](const std::string& id, const std::string&) { records.retract(id); };
    setup.elapsed_s = [this] { return machine.now_s; };
  }

  SearchResult run() {
    strategy = *make_strategy(strategy_name, landscape.space(), strategy_seed, seeds);
    setup.strategy = strategy.get();
    return Search(setup).run();
  }

  Landscape landscape;
  uint64_t strategy_seed;
  std::string strategy_name = "ils";
  std::vector<Config> seeds;
  std::unique_ptr<Strategy> strategy;
  FakeMachine machine;
  FakeRecords records;
  SearchSetup setup;
};

}  // namespace attune::tuner
