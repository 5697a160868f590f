// Which config a problem gets, from where, and what is said about those that were passed over.
#include "runtime/planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/runtime/fixture.hpp"

namespace attune::runtime {
namespace {

using test::fill_config;
using test::fill_problem;
using ::testing::Contains;
using ::testing::HasSubstr;

class PlannerTest : public test::FakeContext {};

TEST_F(PlannerTest, HeuristicWithoutRecords) {
  const PlanPtr plan = find(fill_problem(20));
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->provenance.origin, Origin::heuristic);
  EXPECT_EQ(plan->config, fill_config(1));
  EXPECT_TRUE(plan->provenance.record_id.empty());
  EXPECT_EQ(plan->provenance.family, "fill");
  EXPECT_EQ(plan->provenance.kernel_origin, "compiled");
  EXPECT_EQ(plan->provenance.compile_key.size(), 64U);
  EXPECT_EQ(plan->provenance.config, fill_config(1).to_json());
  EXPECT_THAT(plan->provenance.spec, HasSubstr("\"fill\""));
  EXPECT_EQ(plan->provenance.shape_bucket, "q16");
  EXPECT_GT(plan->provenance.plan_ms, 0);
}

// Sibling, neighbour, bucket, exact: each record added beats what answered before it.
TEST_F(PlannerTest, ProvenanceClimbsWithTheRecords) {
  const Problem problem = fill_problem(20);
  const auto origin_now = [&] {
    context_->forget_plans();
    const PlanPtr plan = find(problem);
    return plan == nullptr ? Origin::fallback : plan->provenance.origin;
  };
  EXPECT_EQ(origin_now(), Origin::heuristic);

  cache::Record sibling = record(problem, fill_config(2), 1.0);
  sibling.key.device_id = "another device of this kind";
  cache::DeviceRow other{sibling.key.device_id, "cpu", "other", "portable", "{}", 8, 0, 0, 0};
  cache::DeviceRow mine{record(problem, fill_config(2), 1).key.device_id, "cpu", "fake", "portable", "{}", 4, 0, 0, 0};
  context_->records().add_device(other);
  context_->records().add_device(mine);
  add(sibling);
  EXPECT_EQ(origin_now(), Origin::sibling_device);

  add(record(fill_problem(40), fill_config(4), 0.5));
  EXPECT_EQ(origin_now(), Origin::neighbour_shape);

  add(record(fill_problem(25), fill_config(8), 9.0));
  EXPECT_EQ(origin_now(), Origin::same_bucket);

  const cache::Record exact = record(problem, fill_config(16), 99.0);
  add(exact);
  EXPECT_EQ(origin_now(), Origin::exact_record) << "however slow: times of other shapes do not compare";

  const PlanPtr plan = find(problem);
  EXPECT_EQ(plan->config, fill_config(16));
  EXPECT_EQ(plan->provenance.record_id, exact.id());
  EXPECT_DOUBLE_EQ(plan->provenance.record_median_ms, 99.0);
  EXPECT_EQ(plan->provenance.record_unix_ms, exact.measured_unix_ms);
}

TEST_F(PlannerTest, FastestOfSeveralExactRecords) {
  const Problem problem = fill_problem(20);
  add(record(problem, fill_config(2), 3.0));
  add(record(problem, fill_config(4), 1.0));
  add(record(problem, fill_config(8), 2.0));
  EXPECT_EQ(find(problem)->config, fill_config(4));
}

TEST_F(PlannerTest, NearestNeighbourWins) {
  add(record(fill_problem(1024), fill_config(2), 0.1));
  add(record(fill_problem(40), fill_config(4), 5.0));
  const PlanPtr plan = find(fill_problem(20));
  EXPECT_EQ(plan->provenance.origin, Origin::neighbour_shape);
  EXPECT_EQ(plan->config, fill_config(4));
}

TEST_F(PlannerTest, UnvalidatedOrFailedRecordsDoNotCount) {
  const Problem problem = fill_problem(20);
  cache::Record unvalidated = record(problem, fill_config(2), 0.1);
  unvalidated.validated = false;
  add(unvalidated);
  cache::Record failed = record(problem, fill_config(4), 0.1);
  failed.status = "validation_failed";
  failed.validated = false;
  add(failed);
  EXPECT_EQ(find(problem)->provenance.origin, Origin::heuristic);
}

TEST_F(PlannerTest, ConfigThatFailedOnThisProblemIsNotTakenFromItsBucket) {
  const Problem problem = fill_problem(20);
  cache::Record failed = record(problem, fill_config(4), 0.1);
  failed.status = "validation_failed";
  failed.validated = false;
  add(failed);
  add(record(fill_problem(25), fill_config(4), 0.1));
  add(record(fill_problem(25), fill_config(8), 0.2));
  const PlanPtr plan = find(problem);
  EXPECT_EQ(plan->config, fill_config(8));
  EXPECT_THAT(plan->provenance.notes, Contains(HasSubstr("failed")));
}

// 64 fits a query length of 64 and more. Bucket q16 holds 16..31, where a record of 64 can only come from another build.
TEST_F(PlannerTest, RecordThatViolatesTheSpaceIsSkippedAndMarkedBad) {
  const Problem problem = fill_problem(20);
  const cache::Record bad = record(problem, fill_config(64), 0.1);
  add(bad);
  add(record(problem, fill_config(8), 0.2));
  const PlanPtr plan = find(problem);
  EXPECT_EQ(plan->config, fill_config(8));
  EXPECT_EQ(plan->provenance.origin, Origin::exact_record);
  EXPECT_THAT(plan->provenance.notes, Contains(HasSubstr("value <= max(seqlen_q, 1)")));
  for (const auto& stored : context_->records().find(bad.key)) EXPECT_NE(stored.record.id(), bad.id()) << "not marked";
}

TEST_F(PlannerTest, NeighbourThatDoesNotFitIsSkippedButNotMarked) {
  const cache::Record neighbour = record(fill_problem(64), fill_config(64), 0.1);
  add(neighbour);
  const PlanPtr plan = find(fill_problem(20));
  EXPECT_EQ(plan->provenance.origin, Origin::heuristic);
  EXPECT_THAT(plan->provenance.notes, Contains(HasSubstr("does not fit")));
  EXPECT_EQ(context_->records().find(neighbour.key).size(), 1U) << "it is right for its own shape";
  EXPECT_EQ(find(fill_problem(64))->config, fill_config(64));
}

TEST_F(PlannerTest, ConfigThatDoesNotCompileGivesWayToTheNextBest) {
  const Problem problem = fill_problem(20);
  family_.broken_values = {8};
  const cache::Record broken = record(problem, fill_config(8), 0.1);
  add(broken);
  add(record(problem, fill_config(4), 0.2));
  const PlanPtr plan = find(problem);
  EXPECT_EQ(plan->config, fill_config(4));
  EXPECT_THAT(plan->provenance.notes, Contains(HasSubstr("The source is broken")));
  EXPECT_EQ(context_->records().find(broken.key).size(), 2U) << "a compiler's fault is no fault of the record";
}

TEST_F(PlannerTest, ManyBrokenRecordsStillLeaveTheHeuristicItsTurn) {
  family_.broken_values = {2, 4, 8, 16};
  for (const int64_t scratch : {0, 4096}) {
    for (const int64_t value : {2, 4, 8, 16}) add(record(fill_problem(20), fill_config(value, scratch), 0.1));
  }
  EXPECT_EQ(find(fill_problem(20))->provenance.origin, Origin::heuristic);
}

TEST_F(PlannerTest, DefaultWhenTheHeuristicIsOutsideTheSpaceOrBroken) {
  family_.heuristic_value = 64;  // does not fit 20 queries
  {
    const PlanPtr outside = find(fill_problem(20));
    EXPECT_EQ(outside->provenance.origin, Origin::fallback);
    EXPECT_THAT(outside->provenance.notes, Contains(HasSubstr("heuristic")));
  }
  context_->forget_plans();  // and with the last plan goes its kernel

  family_.heuristic_value = 1;
  family_.broken_values = {1};
  const PlanPtr broken = find(fill_problem(21));
  EXPECT_EQ(broken->provenance.origin, Origin::fallback);
  EXPECT_EQ(broken->config, fill_config(2));
}

TEST_F(PlannerTest, NothingCompilesIsTheCompilersError) {
  family_.broken_values = {1, 2, 4, 8, 16, 32, 64};
  const auto plan = context_->find(fill_problem(20), Policy::compile);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::compile_failed);
  EXPECT_THAT(plan.error().log(), HasSubstr("line 1: broken"));
}

TEST_F(PlannerTest, RecordsOfRubbishAreSteppedOver) {
  const Problem problem = fill_problem(20);
  int time = 1;
  for (const char* config : {"", "{", "[]", "{\"value\":\"8\"}", "{\"value\":1e99}", "{\"value\":3,\"scratch\":0}",
                             "{\"value\":8}", "{\"value\":8,\"scratch\":0,\"more\":1}"}) {
    cache::Record rubbish = record(problem, fill_config(8), 0.01);
    rubbish.config = config;
    rubbish.measured_unix_ms += time++;
    (void)context_->records().add(rubbish);  // the store may refuse some of these: as good
  }
  const PlanPtr plan = find(problem);
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->provenance.origin, Origin::heuristic);
}

TEST_F(PlannerTest, UnsupportedAndMalformedProblemsAreRefusedByName) {
  Problem problem = fill_problem(20);
  problem.dtype = DType::bf16;
  auto plan = context_->find(problem, Policy::compile);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::unsupported);
  EXPECT_THAT(plan.error().message(), HasSubstr("fill: dtype"));
  std::vector<std::string> declined;
  EXPECT_FALSE(context_->select_family(problem, &declined).ok());
  EXPECT_EQ(declined.size(), 1U);

  problem = fill_problem(20);
  problem.heads_q = 3;
  problem.heads_kv = 2;
  plan = context_->find(problem, Policy::compile);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::invalid_argument);
  EXPECT_EQ(family_.emissions, 0);
}

TEST_F(PlannerTest, PlanWithTakesTheCallersConfig) {
  const auto plan = context_->plan_with(family_, fill_problem(20), fill_config(16));
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ((*plan)->config, fill_config(16));
  EXPECT_EQ((*plan)->provenance.origin, Origin::chosen);
  EXPECT_EQ(find(fill_problem(20))->config, fill_config(1)) << "plan_with leaves the plan cache alone";

  const auto outside = context_->plan_with(family_, fill_problem(20), fill_config(64));
  ASSERT_FALSE(outside.ok());
  EXPECT_EQ(outside.error().status(), Status::invalid_argument);
  EXPECT_THAT(outside.error().message(), HasSubstr("value <= max(seqlen_q, 1)"));
}

TEST_F(PlannerTest, NoScratchIsAnErrorAndNotASlowerConfig) {
  device_->refuse_reserve = true;
  const auto plan = context_->find(fill_problem(20), Policy::compile);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::out_of_memory);
  EXPECT_EQ(device_->reserved, 1);
}

}  // namespace
}  // namespace attune::runtime
