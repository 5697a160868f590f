// The search for one problem: screen candidates, race the best, measure the finalists afresh. Knows no device and no store.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "generator/space.hpp"
#include "tuner/budget.hpp"
#include "tuner/compile_queue.hpp"
#include "tuner/drift.hpp"
#include "tuner/measurer.hpp"
#include "tuner/race.hpp"
#include "tuner/statistics.hpp"
#include "tuner/strategy.hpp"

namespace attune::tuner {

struct Candidate {
  Config config;
  Compiled compiled;
  Measurement measurement;
  cache::Statistics statistics;  // of the kept samples
  int64_t complexity = 0;
  std::string record_id;  // of its latest record

  bool ok() const { return measurement.status == "ok" && measurement.validated; }
};

// What a GPU kernel may store and load of registers, a thread, and still be measured: CPU compilers spill as a matter of
// course, but here it tells of a tile too large. Not 0: the first choices of quantized kernels spill up to 120, mostly what
// does not change in the loop over keys, and their neighbours should not be set aside unmeasured.
inline constexpr int64_t gpu_spill_limit_bytes = 128;

struct SearchRules {
  SamplingRule screen{.min_samples = 3, .max_samples = 7, .max_total_ms = 200, .relative_precision = 0.03};
  double give_up_factor = 2;  // a config whose first samples are all above this times the best is abandoned
  size_t race_size = 8, final_size = 4;
  double race_margin = 1.15;  // who screened within this of the best is raced
  RaceRule race{.min_rounds = 6, .max_rounds = 8, .tie_limit = 0.02};
  RaceRule final{.min_rounds = 6, .max_rounds = 15, .tie_limit = 0.02};
  int segment = 8;  // candidates between two looks at the calibration
  double drift_tolerance = 0.10;
  int64_t max_spill_bytes = -1;  // candidates that spill more are kept for when nothing else works; -1: not looked at
};

struct SearchSetup {
  const Space* space = nullptr;
  Strategy* strategy = nullptr;
  Config heuristic;
  std::vector<Candidate> known;     // from records of this problem and toolchain: not measured again
  std::optional<Config> incumbent;  // today's winner by the records; the heuristic when unset
  CompileFunction compile;
  int compile_jobs = 1;
  bool compile_disturbs = false;  // the device is the host: never compile while measuring
  Measurer* measurer = nullptr;
  Budget budget;
  SearchRules rules;
  // Commits the candidate's latest measurement and returns the id of its record.
  std::function<std::string(const Candidate&)> commit;
  // The record was measured on a disturbed machine and must not count.
  std::function<void(const std::string& record_id, const std::string& reason)> retract;
  std::function<double()> elapsed_s;
  std::function<void(const Progress&)> progress;  // phase and counters are filled; may be empty
  const std::atomic<bool>* cancel = nullptr;
};

struct SearchResult {
  std::optional<Candidate> winner;
  double heuristic_ms = 0;
  int64_t evaluated = 0, failed = 0, reused = 0, disturbed = 0;
  bool cancelled = false;
  std::optional<Error> error;  // measuring became impossible; what was found before stands
};

class Search {
 public:
  explicit Search(SearchSetup setup);
  SearchResult run();

 private:
  bool stopped() const;
  bool may_screen() const;
  void report(const char* phase);

  void adopt_known();
  void screen();
  void ask_ahead(CompileQueue& queue);
  void evaluate(const Config& config, const Compiled& compiled);
  void evaluate_spilled();
  // False when the search must stop: cancelled, or nothing can be measured any more.
  bool measure(Candidate& candidate, const SamplingRule& rule, bool validate);
  void commit(Candidate& candidate);
  void look_for_drift();
  std::optional<double> calibrate();
  void repeat_segment(double drift);

  std::vector<Candidate*> ranked();
  std::vector<Candidate*> entrants(size_t limit, const RaceRule& rule, double time_share);
  void finals();
  std::optional<Race> race(const std::vector<Candidate*>& who, const RaceRule& rule, const char* phase);
  void check_faster_records(const std::vector<Candidate*>& finalists);

  SearchSetup setup_;
  BudgetMeter budget_;
  DriftMonitor drift_;
  SearchResult result_;
  std::map<std::string, Candidate> candidates_;  // by canonical config
  std::vector<std::string> segment_;             // measured since the last calibration
  std::vector<std::pair<Config, Compiled>> spilled_;
  double last_calibration_s_ = 0;
  // Best of this run: a record of a faster day must not make every new config look hopeless.
  double best_here_ms_ = 0;
  int64_t screened_ = 0;
  size_t queued_ = 0;
};

}  // namespace attune::tuner
