// Tuning through the C ABI: in this process and in the worker, progress, cancelling, records on their way between contexts.
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/api/helpers.hpp"

namespace attune_test {
namespace {

class Tune : public testing::Test {
 protected:
  Tune() {
    std::string pattern = (std::filesystem::temp_directory_path() / "attune-api-XXXXXX").native();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    directory = pattern;
    EXPECT_EQ(attune_tune_options_init(&options, sizeof options), ATTUNE_OK);
    options.budget = "6evals";
  }
  ~Tune() override { std::filesystem::remove_all(directory); }

  std::filesystem::path directory;
  ContextPtr context = make_context();
  attune_problem problem = make_problem(1, 2, 2, 32, 64, 32);
  const attune_problem* problems[1] = {&problem};
  attune_tune_options options;
};

void expect_winner(const attune_tuning* tuning) {
  ASSERT_EQ(attune_tuning_count(tuning), 1u);
  attune_outcome outcome;
  outcome.struct_size = sizeof outcome;
  ASSERT_EQ(attune_tuning_outcome(tuning, 0, &outcome), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(outcome.status, "ok");
  EXPECT_GT(outcome.best_ms, 0);
  EXPECT_GT(outcome.heuristic_ms, 0);
  EXPECT_GE(outcome.evaluated, 1);
  EXPECT_THAT(std::string(outcome.config), testing::StartsWith("{\""));
  EXPECT_REFUSED(attune_tuning_outcome(tuning, 1, &outcome), ATTUNE_INVALID_ARGUMENT, "index");
}

TEST_F(Tune, FindsAWinnerThatTheNextPlanUses) {
  options.isolate = 0;
  std::vector<std::string> phases;
  options.progress = [](const attune_progress* progress, void* user) -> int32_t {
    EXPECT_EQ(progress->struct_size, sizeof(attune_progress));
    EXPECT_EQ(progress->problem_count, 1);
    static_cast<std::vector<std::string>*>(user)->push_back(progress->phase);
    return 0;
  };
  options.progress_user = &phases;
  attune_tuning* tuning = nullptr;
  ASSERT_EQ(attune_tune(context.get(), problems, 1, &options, &tuning), ATTUNE_OK) << attune_last_error();
  const TuningPtr owner(tuning);
  expect_winner(tuning);
  EXPECT_FALSE(phases.empty());

  const PlanPtr plan = find(context.get(), problem);
  attune_provenance why;
  why.struct_size = sizeof why;
  ASSERT_EQ(attune_plan_provenance(plan.get(), &why), ATTUNE_OK);
  EXPECT_EQ(why.origin, ATTUNE_EXACT_RECORD) << attune_plan_text(plan.get());
  EXPECT_STRNE(why.record_id, "");
  EXPECT_GT(why.record_median_ms, 0);
  Arrays arrays(problem);
  ASSERT_EQ(attune_attention(context.get(), &problem, &arrays.tensors, nullptr), ATTUNE_OK) << attune_last_error();
  EXPECT_LT(arrays.largest_error(), 1e-5);
}

TEST_F(Tune, WorksInTheWorkerProcess) {
  attune_tuning* tuning = nullptr;
  ASSERT_EQ(attune_tune(context.get(), problems, 1, &options, &tuning), ATTUNE_OK) << attune_last_error();
  const TuningPtr owner(tuning);
  expect_winner(tuning);
}

TEST_F(Tune, AMissingWorkerProgramIsSaidAndNothingElseIsRun) {
  options.worker_program = "/nonexistent/attune";
  EXPECT_NE(attune_tune(context.get(), problems, 1, &options, nullptr), ATTUNE_OK);
  EXPECT_THAT(std::string(attune_last_error()), testing::HasSubstr("/nonexistent/attune"));
}

TEST_F(Tune, BadOptionsAreNamed) {
  const auto refused = [&](const char* words, auto&& change) {
    attune_tune_options changed = options;
    change(changed);
    EXPECT_REFUSED(attune_tune(context.get(), problems, 1, &changed, nullptr), ATTUNE_INVALID_ARGUMENT, words);
  };
  refused("budget", [](attune_tune_options& o) { o.budget = "a while"; });
  refused("strategy", [](attune_tune_options& o) { o.strategy = "luck"; });
  refused("cache_regime", [](attune_tune_options& o) { o.cache_regime = "lukewarm"; });
  refused("resume", [](attune_tune_options& o) { o.resume = 2; });
  refused("isolate", [](attune_tune_options& o) { o.isolate = -1; });
  refused("compile_jobs", [](attune_tune_options& o) { o.compile_jobs = -1; });
  refused("candidate_timeout_s", [](attune_tune_options& o) { o.candidate_timeout_s = -1; });
  refused("candidate_timeout_s", [](attune_tune_options& o) { o.candidate_timeout_s = std::nan(""); });
  refused("reserved_zero", [](attune_tune_options& o) { o.reserved_zero = 1; });
  EXPECT_REFUSED(attune_tune(context.get(), nullptr, 1, &options, nullptr), ATTUNE_INVALID_ARGUMENT, "problems");
}

TEST_F(Tune, AFlagThatIsUpBeforehandStopsAtOnce) {
  attune_cancel* cancel = nullptr;
  ASSERT_EQ(attune_cancel_create(&cancel), ATTUNE_OK);
  attune_cancel_set(cancel);
  options.cancel = cancel;
  options.isolate = 0;
  options.budget = "thorough";
  EXPECT_EQ(attune_tune(context.get(), problems, 1, &options, nullptr), ATTUNE_CANCELLED) << attune_last_error();
  attune_cancel_destroy(cancel);
}

TEST_F(Tune, TheCallbackCanCancelAndWhatWasMeasuredIsKept) {
  options.isolate = 0;
  options.budget = "thorough";
  options.progress = [](const attune_progress* progress, void*) -> int32_t { return progress->evaluated >= 2 ? 1 : 0; };
  attune_tuning* tuning = nullptr;
  EXPECT_EQ(attune_tune(context.get(), problems, 1, &options, &tuning), ATTUNE_CANCELLED) << attune_last_error();
  const TuningPtr owner(tuning);
  ASSERT_EQ(attune_tuning_count(tuning), 1u);
  attune_outcome outcome;
  outcome.struct_size = sizeof outcome;
  ASSERT_EQ(attune_tuning_outcome(tuning, 0, &outcome), ATTUNE_OK);
  EXPECT_EQ(outcome.cancelled, 1);
  attune_statistics statistics;
  statistics.struct_size = sizeof statistics;
  ASSERT_EQ(attune_context_statistics(context.get(), &statistics), ATTUNE_OK);
  EXPECT_GE(statistics.records, 2);
}

TEST_F(Tune, TuneIfMissingMeasuresOnce) {
  attune_context_options context_options = memory_options();
  context_options.tune_budget = "4evals";
  const ContextPtr own = make_context(context_options);
  const PlanPtr plan = find(own.get(), problem, ATTUNE_TUNE_IF_MISSING);
  ASSERT_NE(plan, nullptr);
  attune_provenance why;
  why.struct_size = sizeof why;
  ASSERT_EQ(attune_plan_provenance(plan.get(), &why), ATTUNE_OK);
  EXPECT_EQ(why.origin, ATTUNE_EXACT_RECORD) << attune_plan_text(plan.get());
  attune_statistics before, after;
  before.struct_size = after.struct_size = sizeof before;
  ASSERT_EQ(attune_context_statistics(own.get(), &before), ATTUNE_OK);
  EXPECT_NE(find(own.get(), problem, ATTUNE_TUNE_IF_MISSING), nullptr);
  ASSERT_EQ(attune_context_statistics(own.get(), &after), ATTUNE_OK);
  EXPECT_EQ(before.records, after.records);
}

TEST_F(Tune, RecordsTravelBetweenContexts) {
  options.isolate = 0;
  ASSERT_EQ(attune_tune(context.get(), problems, 1, &options, nullptr), ATTUNE_OK) << attune_last_error();
  const std::string file = directory / "records.jsonl";
  int64_t written = 0, imported = 0;
  ASSERT_EQ(attune_export(context.get(), file.c_str(), &written), ATTUNE_OK) << attune_last_error();
  EXPECT_GE(written, 1);

  const ContextPtr other = make_context();
  EXPECT_NE(find(other.get(), problem), nullptr);  // a plan from the heuristic, which the import must displace
  ASSERT_EQ(attune_import(other.get(), file.c_str(), &imported), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(imported, written);
  ASSERT_EQ(attune_import(other.get(), file.c_str(), &imported), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(imported, 0) << "importing again adds nothing";
  attune_provenance why;
  why.struct_size = sizeof why;
  const PlanPtr plan = find(other.get(), problem);
  ASSERT_EQ(attune_plan_provenance(plan.get(), &why), ATTUNE_OK);
  EXPECT_EQ(why.origin, ATTUNE_EXACT_RECORD) << attune_plan_text(plan.get());
}

TEST_F(Tune, BadRecordFilesAreRefused) {
  int64_t count = -5;
  const std::string missing = directory / "missing";
  EXPECT_NE(attune_import(context.get(), missing.c_str(), &count), ATTUNE_OK);
  EXPECT_THAT(std::string(attune_last_error()), testing::HasSubstr("missing"));
  const std::string garbage = directory / "garbage";
  std::ofstream(garbage) << "not a record\n";
  EXPECT_NE(attune_import(context.get(), garbage.c_str(), &count), ATTUNE_OK);
  EXPECT_NE(attune_merge(context.get(), garbage.c_str(), &count), ATTUNE_OK);
  EXPECT_EQ(count, -5);
  EXPECT_REFUSED(attune_export(context.get(), nullptr, &count), ATTUNE_INVALID_ARGUMENT, "path");
  EXPECT_REFUSED(attune_merge(context.get(), "", &count), ATTUNE_INVALID_ARGUMENT, "database");
  EXPECT_NE(attune_export(context.get(), "/proc/nowhere/records", &count), ATTUNE_OK);
}

}  // namespace
}  // namespace attune_test
