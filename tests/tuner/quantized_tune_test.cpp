// Tuning quantized problems on the CPU device: candidates are held to their model, and `sage` compares what it chooses from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/common/temporary_directory.hpp"
#include "tuner/pipeline.hpp"
#include "tuner/tuner.hpp"
#include "tuner/workbench.hpp"

namespace attune::tuner {
namespace {

using testing::HasSubstr;

class QuantizedTune : public testing::Test {
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
  static Problem small(const std::string& quantization) {
    Problem problem;
    problem.heads_q = problem.heads_kv = 2;
    problem.seqlen_q = problem.seqlen_kv = 64;
    problem.head_dim_qk = problem.head_dim_v = 16;
    problem.want_lse = true;
    problem.quantization = quantization;
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
    for (const auto& stored : context.records().find(context.tuning_key(**context.select_family(problem), problem))) {
      records.push_back(stored.record);
    }
    return records;
  }
  test::TemporaryDirectory directory_;
};

TEST_F(QuantizedTune, WhatIsFastAndWrongLoses) {
  for (const Fault fault : {Fault::wrong, Fault::overrun}) {
    const Problem problem = small("sage2-8b");
    const auto context = open();
    const Family& family = **context->select_family(problem);
    const auto& device = context->device().device_class();
    const Config heuristic = family.heuristic(family.spec(problem, device), problem, device);
    Config victim;
    TestHooks hooks;
    hooks.inject = [&](const Config& config) {
      if (config != heuristic && victim.values().empty()) victim = config;
      return config == victim ? fault : Fault::none;
    };
    TuneOptions options = evaluations(4);
    options.resume = false;
    const Outcome outcome = tune_problem(*context, problem, options, {}, nullptr, hooks);
    EXPECT_EQ(outcome.status, "ok");
    EXPECT_NE(outcome.best, victim);
    bool judged = false;
    for (const auto& record : records_of(*context, problem)) {
      if (record.status != "validation_failed") {
        EXPECT_TRUE(record.status == "ok" || record.status == "abandoned") << record.status << record.status_detail;
        continue;
      }
      judged = true;
      EXPECT_EQ(record.config, victim.to_json());
      if (fault == Fault::wrong) {
        EXPECT_THAT(record.status_detail, HasSubstr("from the model"));
      }
    }
    EXPECT_TRUE(judged);
  }
}

TEST_F(QuantizedTune, EveryConfigIsValidatedByItsOwnSchedule) {
  // Without flush windows any key tile will do.
  Problem problem = small("int8,k-mean,pv-e4m3");
  problem.seqlen_kv = 300;
  const auto context = open();
  const Outcome outcome = tune(*context, std::span(&problem, 1), evaluations(12))->front();
  EXPECT_EQ(outcome.status, "ok");
  EXPECT_EQ(outcome.failed, 0);
  const Family& family = **context->select_family(problem);
  std::set<int64_t> tiles;
  for (const auto& record : records_of(*context, problem)) {
    const auto config = Config::from_json(record.config);
    ASSERT_TRUE(config.ok());
    tiles.insert(family.quantized_schedule(problem, *config, context->device().device_class()).key_tile);
    if (record.status == "ok") {
      EXPECT_TRUE(record.validated);
    }
  }
  EXPECT_GT(tiles.size(), 1U) << "with one key tile for all, nothing is shown";
}

TEST_F(QuantizedTune, SageIsTunedByTuningWhatItChoosesFrom) {
  const Problem problem = small("sage");
  const auto context = open();
  std::set<std::string> told;
  const auto outcomes = tune(*context, std::span(&problem, 1), evaluations(10), [&](const Progress& progress) {
    told.insert(progress.problem);
    EXPECT_EQ(progress.problem_count, 1);
  });
  ASSERT_TRUE(outcomes.ok()) << outcomes.error().message();
  ASSERT_EQ(outcomes->size(), 1U);
  const Outcome& outcome = outcomes->front();
  EXPECT_EQ(outcome.status, "ok");
  EXPECT_EQ(outcome.problem, problem);
  const auto alternatives = context->alternatives(problem);
  ASSERT_TRUE(alternatives.ok());
  EXPECT_EQ(told.size(), alternatives->size());
  EXPECT_EQ(outcome.evaluated, static_cast<int64_t>(10 / alternatives->size() * alternatives->size()));
  for (const Problem& alternative : *alternatives) {
    EXPECT_FALSE(records_of(*context, alternative).empty()) << alternative.quantization;
  }
  // What was measured answers from now on, here and in the next process.
  for (const bool again : {false, true}) {
    const auto later = again ? open() : nullptr;
    const auto plan = (again ? *later : *context).find(problem, runtime::Policy::tune_if_missing);
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    EXPECT_EQ((*plan)->problem.quantization, outcome.quantization);
    EXPECT_EQ((*plan)->config, outcome.best);
    EXPECT_EQ((*plan)->provenance.origin, runtime::Origin::exact_record);
    EXPECT_THAT((*plan)->provenance.quantization, HasSubstr(": fastest of those measured on this shape ("));
  }
}

}  // namespace
}  // namespace attune::tuner
