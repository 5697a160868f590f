// The order of the records of one key, and that the SQL view agrees with it.
#include "cache/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using namespace testing;

std::vector<FoundRecord> found(const std::vector<Record>& records) {
  std::vector<FoundRecord> all;
  for (const Record& record : records) {
    FoundRecord one;
    one.id = record.id();
    one.stored.record = record;
    all.push_back(one);
  }
  return all;
}

std::vector<double> medians(const std::vector<FoundRecord>& records) {
  std::vector<double> values;
  for (const FoundRecord& one : records) values.push_back(one.stored.record.statistics.median_ms);
  return values;
}

Record failed(int config, const std::string& status, int64_t time = 1000) {
  Record record = record_of(config, 0, time);
  record.status = status;
  record.validated = false;
  return record;
}

bool may_win(const Record& record, const std::vector<StoredRecord>& all) {
  const bool refuted = std::any_of(all.begin(), all.end(), [&](const StoredRecord& other) {
    return other.record.status == "validation_failed" && other.record.config == record.config;
  });
  return record.status == "ok" && record.validated && record.statistics.median_ms > 0 &&
         std::isfinite(record.statistics.median_ms) && !refuted;
}

TEST(Ranking, OrdersConfigsByMedian) {
  auto records = found({record_of(1, 3), record_of(2, 1), record_of(3, 2)});
  rank(records);
  EXPECT_EQ(medians(records), (std::vector<double>{1, 2, 3}));
}

TEST(Ranking, TheLatestGoodMeasurementOfAConfigCounts) {
  auto records = found({record_of(1, 1, 1000), record_of(1, 5, 2000), record_of(2, 3, 1500)});
  rank(records);
  EXPECT_EQ(medians(records), (std::vector<double>{3, 5, 1}));
}

TEST(Ranking, FailuresComeLastAndUnvalidatedBeforeThem) {
  Record unvalidated = record_of(3, 0.5);
  unvalidated.validated = false;
  auto records = found({failed(1, "compile_failed"), unvalidated, record_of(2, 9)});
  rank(records);
  EXPECT_EQ(records[0].stored.record.config, config_text(2));
  EXPECT_EQ(records[1].stored.record.config, config_text(3));
  EXPECT_EQ(records[2].stored.record.status, "compile_failed");
}

TEST(Ranking, AConfigThatWasLaterFoundWrongLoses) {
  auto records = found({record_of(1, 1, 1000), failed(1, "validation_failed", 2000), record_of(2, 9, 1000)});
  rank(records);
  EXPECT_EQ(records[0].stored.record.config, config_text(2));
}

TEST(Ranking, AConfigThatWasWrongAndIsRightAgainCounts) {
  auto records = found({failed(1, "validation_failed", 1000), record_of(1, 1, 2000), record_of(2, 9, 1000)});
  rank(records);
  EXPECT_EQ(records[0].stored.record.config, config_text(1));
}

TEST(Ranking, ALaterTimeoutDoesNotUndoAMeasurement) {
  auto records = found({record_of(1, 1, 1000), failed(1, "timed_out", 2000), record_of(2, 9, 1000)});
  rank(records);
  EXPECT_EQ(records[0].stored.record.config, config_text(1));
}

TEST(Ranking, InsideTheNoiseTheSimplerConfigWins) {
  Record fast = record_of(1, 1.00), simple = record_of(2, 1.01), slow = record_of(3, 1.2);
  fast.complexity = 5;
  simple.complexity = 1;
  slow.complexity = 0;
  fast.statistics.mad_ms = 0.02;
  simple.statistics.mad_ms = 0.02;
  slow.statistics.mad_ms = 0.5;
  auto records = found({fast, simple, slow});
  rank(records);
  EXPECT_EQ(medians(records), (std::vector<double>{1.01, 1.00, 1.2}));
  // A noisy measurement of the rival does not widen the tie: the quieter of the two decides.
  fast.statistics.mad_ms = 0.001;
  records = found({fast, simple, slow});
  rank(records);
  EXPECT_EQ(medians(records), (std::vector<double>{1.00, 1.01, 1.2}));
}

TEST(Ranking, ADisturbedMachineDoesNotMakeSlowConfigsTie) {
  Record fast = record_of(1, 2.6), simple = record_of(2, 6.3);
  fast.complexity = 5;
  simple.complexity = 1;
  fast.statistics.mad_ms = simple.statistics.mad_ms = 5;
  auto records = found({fast, simple});
  rank(records);
  EXPECT_EQ(medians(records), (std::vector<double>{2.6, 6.3}));
}

TEST(Ranking, ProblemsOfOneBucketDoNotSupersedeEachOther) {
  Record small = record_of(1, 1, 2000), large = record_of(1, 8, 1000), other = record_of(2, 9, 1500);
  small.problem = R"({"seqlen_q":512})";
  large.problem = other.problem = R"({"seqlen_q":1000})";
  auto records = found({small, large, other});
  rank(records);
  EXPECT_EQ(medians(records), (std::vector<double>{1, 8, 9}));
}

TEST(Ranking, TimesThatCannotBeAreNoWinners) {
  for (const double impossible : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    auto records = found({record_of(1, impossible), record_of(2, 7)});
    rank(records);
    EXPECT_EQ(records[0].stored.record.config, config_text(2)) << impossible;
  }
}

TEST(Ranking, DoesNotDependOnTheOrderOfRows) {
  std::vector<Record> records;
  for (int i = 0; i < 40; ++i) {
    Record record = record_of(i % 9, 1 + (i * 7 % 5) * 0.25, 1000 + i % 3);
    record.session_id = fmt::format("session-{}", i);
    record.complexity = i % 4;
    record.statistics.mad_ms = 0.01 * (i % 6);
    if (i % 11 == 0) record.status = "validation_failed";
    records.push_back(record);
  }
  auto expected = found(records);
  rank(expected);
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(records.begin(), records.end(), random);
    auto actual = found(records);
    rank(actual);
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(actual[i].id, expected[i].id) << round;
  }
}

// The view is for people and scripts, the library ranks by itself: both must name the same winner.
TEST(Ranking, TheViewNamesTheSameWinner) {
  const Place place;
  const auto store = open_records(place.path());
  std::mt19937 random(7);
  const auto pick = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  constexpr int buckets = 40;
  std::vector<Record> records;
  std::vector<std::string> bad;
  for (int bucket = 0; bucket < buckets; ++bucket) {
    for (int i = 0; i < 12; ++i) {
      Record record = record_of(pick(5), 1 + pick(4) * 0.01, 1000 + pick(4), key_of(fmt::format("s{}", bucket)));
      record.session_id = fmt::format("session-{}", i);
      record.complexity = pick(3);
      record.statistics.mad_ms = pick(4) == 0 ? NAN : 0.01 * pick(3);
      if (pick(5) == 0) record.statistics.median_ms = std::vector<double>{0, -1, NAN, HUGE_VAL}[pick(4)];
      if (pick(5) == 0) record.status = pick(2) == 0 ? "validation_failed" : "timed_out";
      if (pick(6) == 0) record.validated = false;
      records.push_back(record);
      if (pick(12) == 0) bad.push_back(record.id());
    }
  }
  add_at_once(*store, records, place / "rows.jsonl");
  for (const std::string& id : bad) ASSERT_TRUE(store->mark_bad(id, "wrong").ok());
  Sql sql(place / "records.db");
  int winners = 0;
  for (int bucket = 0; bucket < buckets; ++bucket) {
    const TuningKey key = key_of(fmt::format("s{}", bucket));
    const std::string viewed = sql.value("SELECT record_id FROM winner WHERE shape_bucket = '" + key.shape_bucket + "'");
    const auto ranked = store->find(key);
    if (viewed.empty()) {
      // Nobody won: whatever stands first is not a sound measurement, or was refuted later.
      EXPECT_TRUE(ranked.empty() || !may_win(ranked[0].record, ranked)) << key.shape_bucket;
      continue;
    }
    ++winners;
    ASSERT_FALSE(ranked.empty());
    EXPECT_EQ(viewed, ranked[0].record.id()) << key.shape_bucket;
  }
  EXPECT_GT(winners, buckets / 2);
}

}  // namespace
}  // namespace attune::cache
