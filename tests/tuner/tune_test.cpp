// Tuning for real on the CPU device: worker processes, faults, records, resuming, the hook of a context.
#include "tuner/tuner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <limits>
#include <set>

#include "common/hash.hpp"
#include "tests/common/temporary_directory.hpp"
#include "tuner/pipeline.hpp"

namespace attune::tuner {
namespace {

using testing::HasSubstr;

class TuneTest : public testing::Test {
 protected:
  std::unique_ptr<runtime::Context> open() {
    runtime::ContextOptions options;
    options.device = {"cpu", 1, "portable"};
    options.records.user_directory = directory_ / "records";
    options.kernels.user_directory = directory_ / "kernels";
    auto context = runtime::Context::create(options);
    EXPECT_TRUE(context.ok()) << context.error().message();
    return *std::move(context);
  }
  static Problem small() {
    Problem problem;
    problem.batch = 1;
    problem.heads_q = problem.heads_kv = 2;
    problem.seqlen_q = problem.seqlen_kv = 64;
    problem.head_dim_qk = problem.head_dim_v = 16;
    problem.want_lse = true;
    return problem;
  }
  static TuneOptions evaluations(int64_t count) {
    TuneOptions options;
    options.budget = *parse_budget(std::to_string(count) + "evals");
    options.compile_jobs = 2;
    return options;
  }
  static std::vector<cache::Record> records_of(runtime::Context& context, const Problem& problem) {
    std::vector<cache::Record> records;
    const auto key = context.tuning_key(**context.select_family(problem), problem);
    for (const auto& stored : context.records().find(key)) records.push_back(stored.record);
    return records;
  }
  void TearDown() override { EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD) << "a worker is left"; }

  test::TemporaryDirectory directory_;
};

TEST_F(TuneTest, FindsRecordsAndServesAValidatedWinner) {
  const Problem problem = small();
  const auto context = open();
  std::set<std::string> phases;
  const auto outcomes = tune(*context, std::span(&problem, 1), evaluations(8), [&](const Progress& progress) {
    phases.insert(progress.phase);
    EXPECT_EQ(progress.problem_index, 0);
    EXPECT_EQ(progress.problem_count, 1);
    EXPECT_EQ(progress.problem, to_text(small()));
  });
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().message();
  ASSERT_EQ(outcomes->size(), 1u);
  const Outcome& outcome = outcomes->front();
  EXPECT_EQ(outcome.status, "ok");
  EXPECT_EQ(outcome.evaluated, 8);
  EXPECT_GT(outcome.best_ms, 0);
  EXPECT_GT(outcome.heuristic_ms, 0);
  EXPECT_TRUE(phases.count("screen") && phases.count("final"));

  const auto records = records_of(*context, problem);
  ASSERT_GE(records.size(), 8u);
  EXPECT_EQ(records.front().config, outcome.best.to_json());
  std::set<std::string> configs;
  for (const auto& record : records) {
    configs.insert(record.config);
    EXPECT_EQ(record.cache_regime, "hot");
    EXPECT_FALSE(record.toolchain_id.empty());
    EXPECT_FALSE(record.session_id.empty());
    EXPECT_GT(record.measured_unix_ms, 0);
    if (record.status != "ok") continue;
    EXPECT_TRUE(record.validated);
    EXPECT_GT(record.statistics.samples, 0);
    EXPECT_GT(record.compile_ms, 0);
    EXPECT_GT(record.code_bytes, 0);
    EXPECT_GT(record.tolerance, 0);
  }
  EXPECT_EQ(configs.size(), 8u);

  // The next find, in this process and in the next one, gets the winner.
  for (int round = 0; round < 2; ++round) {
    const auto again = round == 0 ? nullptr : open();
    runtime::Context& asked = again ? *again : *context;
    const auto plan = asked.find(problem, runtime::Policy::cached_only);
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    EXPECT_EQ((*plan)->provenance.origin, runtime::Origin::exact_record);
    EXPECT_EQ((*plan)->config, outcome.best);
  }
}

TEST_F(TuneTest, ResumingReusesEveryRecordAndAddsOnlyWhatIsNew) {
  const Problem problem = small();
  {
    const auto context = open();
    ASSERT_EQ(tune(*context, std::span(&problem, 1), evaluations(6))->front().status, "ok");
  }
  const auto context = open();
  const size_t before = records_of(*context, problem).size();
  const auto same = tune(*context, std::span(&problem, 1), evaluations(6))->front();
  EXPECT_EQ(same.status, "ok");
  EXPECT_EQ(same.evaluated, 0);
  EXPECT_EQ(same.reused, 6);
  EXPECT_EQ(records_of(*context, problem).size(), before);

  const auto more = tune(*context, std::span(&problem, 1), evaluations(9))->front();
  EXPECT_EQ(more.evaluated, 3);
  EXPECT_EQ(more.reused, 6);

  TuneOptions afresh = evaluations(3);
  afresh.resume = false;
  EXPECT_EQ(tune(*context, std::span(&problem, 1), afresh)->front().evaluated, 3);
}

class InjectedFault : public TuneTest, public testing::WithParamInterface<std::pair<Fault, const char*>> {};

TEST_P(InjectedFault, CostsOneCandidateAndTheRunHasAWinner) {
  const auto [fault, status] = GetParam();
  const Problem problem = small();
  const auto context = open();
  const Family& family = **context->select_family(problem);
  const auto& device = context->device().device_class();
  const Config heuristic = family.heuristic(family.spec(problem, device), problem, device);

  Config victim;
  int asked = 0;
  TestHooks hooks;
  hooks.inject = [&, fault = fault](const Config& config) {
    if (config != heuristic && victim.values().empty() && ++asked == 2) victim = config;
    return config == victim ? fault : Fault::none;
  };
  TuneOptions options = evaluations(6);
  options.candidate_timeout_s = fault == Fault::hang ? 1 : 30;
  const Outcome outcome = tune_problem(*context, problem, options, {}, nullptr, hooks);
  EXPECT_EQ(outcome.status, "ok");
  EXPECT_EQ(outcome.evaluated, 6);
  EXPECT_NE(outcome.best, victim);

  int of_victim = 0;
  for (const auto& record : records_of(*context, problem)) {
    if (record.config != victim.to_json()) {
      EXPECT_TRUE(record.status == "ok" || record.status == "abandoned") << record.status << ": " << record.status_detail;
      continue;
    }
    ++of_victim;
    EXPECT_EQ(record.status, status) << record.status_detail;
    EXPECT_FALSE(record.status_detail.empty());
  }
  EXPECT_EQ(of_victim, 1) << "a failed config is measured once and recorded once";
}

INSTANTIATE_TEST_SUITE_P(Faults, InjectedFault,
                         testing::Values(std::pair(Fault::crash, "crashed"), std::pair(Fault::hang, "timed_out"),
                                         std::pair(Fault::wrong, "validation_failed"),
                                         std::pair(Fault::overrun, "validation_failed"),
                                         std::pair(Fault::slow, "abandoned")));

TEST_F(TuneTest, AWorkerThatCannotStartIsAnOutcomeWithARemedy) {
  const Problem problem = small();
  const auto context = open();
  TuneOptions options = evaluations(4);
  options.worker_program = "/nonexistent/attune";
  const auto outcome = tune(*context, std::span(&problem, 1), options)->front();
  EXPECT_THAT(outcome.status, HasSubstr("worker_program"));
}

TEST_F(TuneTest, CancellingKeepsEveryMeasurement) {
  const Problem problem = small();
  const auto context = open();
  std::atomic<bool> cancel = false;
  int64_t evaluated = 0;
  const auto outcomes = tune(
      *context, std::span(&problem, 1), evaluations(50),
      [&](const Progress& progress) {
        evaluated = progress.evaluated;
        cancel = progress.evaluated >= 4;
      },
      &cancel);
  const Outcome& outcome = outcomes->front();
  EXPECT_TRUE(outcome.cancelled);
  EXPECT_EQ(outcome.status, "ok") << "the best so far";
  EXPECT_EQ(outcome.evaluated, evaluated);
  EXPECT_GE(records_of(*open(), problem).size(), static_cast<size_t>(evaluated));
}

TEST_F(TuneTest, WithoutIsolationItMeasuresInThisProcess) {
  const Problem problem = small();
  const auto context = open();
  TuneOptions options = evaluations(4);
  options.isolate = false;
  options.strategy = "random";
  options.cache_regime = "cold";
  const auto outcome = tune(*context, std::span(&problem, 1), options)->front();
  EXPECT_EQ(outcome.status, "ok");
  EXPECT_EQ(outcome.evaluated, 4);
  EXPECT_EQ(records_of(*context, problem).front().cache_regime, "cold");
}

TEST_F(TuneTest, OneUnsupportedProblemDoesNotStopTheOthers) {
  Problem problems[2] = {small(), small()};
  problems[0].heads_kv = 3;
  const auto context = open();
  const auto outcomes = tune(*context, problems, evaluations(3));
  ASSERT_TRUE(outcomes.ok());
  ASSERT_EQ(outcomes->size(), 2u);
  EXPECT_THAT((*outcomes)[0].status, HasSubstr("heads_kv"));
  EXPECT_EQ((*outcomes)[1].status, "ok");
}

TEST_F(TuneTest, MalformedOptionsAreRefusedBeforeAnythingRuns) {
  const Problem problem = small();
  const auto context = open();
  std::vector<TuneOptions> malformed(6, evaluations(3));
  malformed[0].strategy = "genetic";
  malformed[1].cache_regime = "warm";
  malformed[2].budget.seconds = 0;
  malformed[3].candidate_timeout_s = -1;
  malformed[4].compile_jobs = -1;
  malformed[5].budget.seconds = std::numeric_limits<double>::quiet_NaN();
  for (const TuneOptions& options : malformed) {
    const auto outcomes = tune(*context, std::span(&problem, 1), options);
    ASSERT_FALSE(outcomes.ok());
    EXPECT_EQ(outcomes.error().status(), Status::invalid_argument);
  }
}

TEST_F(TuneTest, TheInstalledHookTunesWhatIsMissingOnce) {
  const Problem problem = small();
  const auto context = open();
  install(*context, evaluations(4));
  const auto plan = context->find(problem, runtime::Policy::tune_if_missing);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ((*plan)->provenance.origin, runtime::Origin::exact_record);
  const size_t records = records_of(*context, problem).size();
  EXPECT_GE(records, 4u);
  ASSERT_TRUE(context->find(problem, runtime::Policy::tune_if_missing).ok());
  EXPECT_EQ(records_of(*context, problem).size(), records);
}

TEST_F(TuneTest, NeighbourShapesSeedTheSearch) {
  // The smaller shape first: its configs fit the larger one, whose blocks may be too large for the smaller.
  const Problem neighbour = small();
  Problem problem = small();
  problem.seqlen_q = problem.seqlen_kv = 256;
  const auto context = open();
  ASSERT_EQ(tune(*context, std::span(&neighbour, 1), evaluations(8))->front().status, "ok");
  std::set<std::string> tried_there, tried_here;
  for (const auto& record : records_of(*context, neighbour)) {
    if (record.status == "ok") tried_there.insert(record.config);
  }
  TuneOptions options = evaluations(8);
  options.seed = 99;
  ASSERT_EQ(tune(*context, std::span(&problem, 1), options)->front().status, "ok");
  size_t shared = 0;
  for (const auto& record : records_of(*context, problem)) {
    if (tried_here.insert(record.config).second) shared += tried_there.count(record.config);
  }
  EXPECT_GE(shared, 2u) << "configs of the neighbour come first";
  EXPECT_GE(tried_here.size() - shared, 2u) << "a quarter stays unseeded";
}

}  // namespace
}  // namespace attune::tuner
