// The order in which records are tried.
#include "runtime/candidates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune::runtime {
namespace {

cache::StoredRecord stored(const Problem& problem, const std::string& config, const std::string& status = "ok",
                           int64_t time = 1, bool validated = true) {
  cache::StoredRecord result;
  result.record.problem = to_json(problem);
  result.record.config = config;
  result.record.status = status;
  result.record.validated = validated;
  result.record.measured_unix_ms = time;
  return result;
}

Problem shape(int64_t batch, int64_t seqlen_q, int64_t seqlen_kv) {
  Problem problem;
  problem.batch = batch;
  problem.seqlen_q = seqlen_q;
  problem.seqlen_kv = seqlen_kv;
  return problem;
}

std::vector<std::string> configs(const std::vector<const cache::StoredRecord*>& records) {
  std::vector<std::string> result;
  for (const auto* record : records) result.push_back(record->record.config);
  return result;
}

TEST(Candidates, SplitsByProblemAndKeepsOnlyUsable) {
  const Problem mine = shape(1, 100, 100), other = shape(1, 120, 100);
  const std::vector<cache::StoredRecord> records = {stored(other, "a"), stored(mine, "b"), stored(mine, "c", "timed_out"),
                                                    stored(other, "d", "ok", 1, false), stored(mine, "e")};
  const auto split = bucket_candidates(records, to_json(mine));
  EXPECT_THAT(configs(split.exact), ::testing::ElementsAre("b", "e"));
  EXPECT_THAT(configs(split.bucket), ::testing::ElementsAre("a"));
  EXPECT_THAT(configs(sibling_candidates(records, to_json(mine))), ::testing::ElementsAre("b", "e", "a"));
}

TEST(Candidates, TheLatestMeasurementCondemns) {
  const Problem mine = shape(1, 100, 100), other = shape(1, 120, 100);
  const std::vector<cache::StoredRecord> records = {stored(mine, "failed later", "ok", 1),
                                                    stored(mine, "failed later", "validation_failed", 2),
                                                    stored(mine, "mended", "timed_out", 1), stored(mine, "mended", "ok", 2),
                                                    stored(other, "failed elsewhere", "launch_failed", 3)};
  EXPECT_THAT(condemned_configs(records, to_json(mine)), ::testing::ElementsAre("failed later"));
}

TEST(Candidates, NearestShapeFirst) {
  const Problem mine = shape(2, 1024, 1024);
  const std::vector<cache::StoredRecord> records = {
      stored(shape(2, 64, 64), "far"), stored(shape(2, 2048, 1024), "doubled queries"), stored(shape(2, 1, 1024), "decode"),
      stored(shape(2, 1100, 1024), "near"), stored(shape(2, 2048, 1024), "doubled queries, slower")};
  EXPECT_THAT(configs(by_distance(records, mine)),
              ::testing::ElementsAre("near", "doubled queries", "doubled queries, slower", "far", "decode"));
}

TEST(Candidates, UnreadableProblemsAreLeftOut) {
  cache::StoredRecord broken = stored(shape(1, 2, 3), "x");
  broken.record.problem = "{\"batch\":";
  EXPECT_TRUE(by_distance(std::vector{broken}, shape(1, 1, 1)).empty());
}

}  // namespace
}  // namespace attune::runtime
