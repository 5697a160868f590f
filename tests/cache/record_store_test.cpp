// Adding and finding records on one healthy database.
#include "cache/record_store.hpp"

#include <chrono>
#include <cmath>
#include <thread>

#include "cache/sqlite.hpp"
#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using namespace testing;
using ::testing::Test;

Record full_record() {
  Record record = record_of(64, 1.25);
  record.status_detail = "a detail with \"quotes\", \\ and \xe2\x82\xac";
  record.statistics = {101, 1.0625, 1.25, 0.03125, 2.5};
  record.cache_regime = "cold";
  record.clock_before_mhz = 3000.5;
  record.clock_after_mhz = 2900.25;
  record.compile_ms = 321.5;
  record.registers = 31;
  record.spill_bytes = 32;
  record.shared_bytes = 33;
  record.code_bytes = 34;
  record.max_error = 1e-300;
  record.tolerance = 0.1;
  record.complexity = 3;
  record.measured_unix_ms = 1700000000123;
  return record;
}

void expect_same(const Record& a, const Record& b) {
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.problem, b.problem);
  EXPECT_EQ(a.config, b.config);
  EXPECT_EQ(a.toolchain_id, b.toolchain_id);
  EXPECT_EQ(a.session_id, b.session_id);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.status_detail, b.status_detail);
  EXPECT_EQ(a.statistics, b.statistics);
  EXPECT_EQ(a.cache_regime, b.cache_regime);
  EXPECT_EQ(a.clock_before_mhz, b.clock_before_mhz);
  EXPECT_EQ(a.clock_after_mhz, b.clock_after_mhz);
  EXPECT_EQ(a.compile_ms, b.compile_ms);
  EXPECT_EQ(a.registers, b.registers);
  EXPECT_EQ(a.spill_bytes, b.spill_bytes);
  EXPECT_EQ(a.shared_bytes, b.shared_bytes);
  EXPECT_EQ(a.code_bytes, b.code_bytes);
  EXPECT_EQ(a.validated, b.validated);
  EXPECT_EQ(a.max_error, b.max_error);
  EXPECT_EQ(a.tolerance, b.tolerance);
  EXPECT_EQ(a.complexity, b.complexity);
  EXPECT_EQ(a.measured_unix_ms, b.measured_unix_ms);
}

TEST(RecordStore, KeepsEveryFieldAcrossProcessLifetimes) {
  const Place place;
  {
    const auto store = open_records(place.path());
    store->add_device(device_of("device-a"));
    ASSERT_TRUE(store->add(full_record()).ok());
  }
  const auto store = open_records(place.path());
  const auto records = store->find(key_of());
  ASSERT_EQ(records.size(), 1u);
  expect_same(records[0].record, full_record());
  EXPECT_EQ(records[0].record.device_json, R"({"id":"device-a"})");
  EXPECT_EQ(records[0].layer, Layer::user);
  EXPECT_EQ(records[0].file, (place / "records.db").native());
}

TEST(RecordStore, WorksInMemoryWithoutADirectory) {
  const auto store = RecordStore::open({});
  ASSERT_TRUE(store->add(full_record()).ok());
  const auto records = store->find(key_of());
  ASSERT_EQ(records.size(), 1u);
  expect_same(records[0].record, full_record());
  EXPECT_EQ(records[0].layer, Layer::memory);
  const auto health = store->health();
  EXPECT_EQ(health.state, "memory");
  EXPECT_EQ(health.records, 1);
  EXPECT_EQ(health.file, "");
}

TEST(RecordStore, KeepsNumbersThatJsonLacks) {
  const Place place;
  const auto store = open_records(place.path());
  Record record = record_of(1, 1);
  record.status = "validation_failed";
  record.max_error = NAN;
  record.tolerance = HUGE_VAL;
  record.clock_before_mhz = -HUGE_VAL;
  record.clock_after_mhz = -0.0;
  ASSERT_TRUE(store->add(record).ok());
  const auto records = store->find(key_of());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(std::isnan(records[0].record.max_error));
  EXPECT_EQ(records[0].record.tolerance, HUGE_VAL);
  EXPECT_EQ(records[0].record.clock_before_mhz, -HUGE_VAL);
}

TEST(RecordStore, AddingTwiceIsAddingOnce) {
  const Place place;
  const auto store = open_records(place.path());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->add(full_record()).ok());
  EXPECT_EQ(store->find(key_of()).size(), 1u);
  EXPECT_EQ(store->health().records, 1);
}

TEST(RecordStore, TheIdentityCoversEveryPartOfIt) {
  const Record base = full_record();
  std::vector<Record> others(11, base);
  others[0].key.family = "x";
  others[1].key.family_version = 9;
  others[2].key.spec = "x";
  others[3].key.shape_bucket = "x";
  others[4].key.device_id = "x";
  others[5].problem = "x";
  others[6].config = "x";
  others[7].toolchain_id = "x";
  others[8].session_id = "x";
  others[9].measured_unix_ms = 1;
  // Moving a byte across a border between two fields is a change too.
  others[10].toolchain_id += base.session_id.substr(0, 1);
  others[10].session_id.erase(0, 1);
  for (size_t i = 0; i < others.size(); ++i) EXPECT_NE(others[i].id(), base.id()) << i;
  Record same = base;
  same.statistics.median_ms = 99;
  same.device_json = "not part of it";
  EXPECT_EQ(same.id(), base.id());
  // Stored in files of users: it must never change.
  EXPECT_EQ(record_of(1, 1).id(), "06c032d02f707b7179ecdff0e73119deb08133024bcbc6ef454840e5c9dac480");
}

TEST(RecordStore, FindsOnlyTheKeyThatWasAskedFor) {
  const Place place;
  const auto store = open_records(place.path());
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  TuningKey other = key_of();
  other.family_version = 4;
  EXPECT_TRUE(store->find(other).empty());
  other = key_of();
  other.spec += " ";
  EXPECT_TRUE(store->find(other).empty());
}

TEST(RecordStore, FindsNeighbourBuckets) {
  const Place place;
  const auto store = open_records(place.path());
  ASSERT_TRUE(store->add(record_of(1, 1, 1, key_of("s1024"))).ok());
  ASSERT_TRUE(store->add(record_of(2, 4, 1, key_of("s2048"))).ok());
  ASSERT_TRUE(store->add(record_of(3, 2, 1, key_of("s2048"))).ok());
  ASSERT_TRUE(store->add(record_of(4, 3, 1, key_of("s1536"))).ok());
  ASSERT_TRUE(store->add(record_of(5, 1, 1, key_of("s4096", "device-b"))).ok());
  const auto records = store->find_other_buckets(key_of("s1024"));
  EXPECT_EQ(configs_of(records), (std::vector<std::string>{config_text(4), config_text(3), config_text(2)}));
  EXPECT_EQ(records[0].record.key.shape_bucket, "s1536");
}

TEST(RecordStore, FindsSiblingDevicesOfTheSameKind) {
  const Place place;
  const auto store = open_records(place.path());
  store->add_device(device_of("device-a"));
  store->add_device(device_of("device-b"));
  store->add_device(device_of("device-c", "cuda"));
  for (const char* device : {"device-a", "device-b", "device-c", "device-unknown"}) {
    ASSERT_TRUE(store->add(record_of(1, 1, 1, key_of("s1", device))).ok());
  }
  const auto records = store->find_other_devices(key_of("s1", "device-a"));
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].record.key.device_id, "device-b");
  EXPECT_EQ(records[0].record.device_json, R"({"id":"device-b"})");
  EXPECT_TRUE(store->find_other_devices(key_of("s1", "device-unknown")).empty());
}

TEST(RecordStore, BadRecordsAreSkippedWithTheirReasonKept) {
  const Place place;
  const Record wrong = record_of(1, 1);
  {
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(wrong).ok());
    ASSERT_TRUE(store->add(record_of(2, 2)).ok());
    EXPECT_EQ(store->find(key_of()).size(), 2u);
    ASSERT_TRUE(store->mark_bad(wrong.id(), "block_m does not divide seqlen_q").ok());
    EXPECT_EQ(configs_of(store->find(key_of())), std::vector<std::string>{config_text(2)});
  }
  const auto store = open_records(place.path());
  EXPECT_EQ(configs_of(store->find(key_of())), std::vector<std::string>{config_text(2)});
  const auto all = store->all();
  ASSERT_EQ(all.size(), 2u);
  int marked = 0;
  for (const StoredRecord& stored : all) marked += stored.bad_reason == "block_m does not divide seqlen_q" ? 1 : 0;
  EXPECT_EQ(marked, 1);
}

TEST(RecordStore, SeesWhatAnotherStoreCommits) {
  const Place place;
  const auto one = open_records(place.path()), two = open_records(place.path());
  EXPECT_TRUE(two->find(key_of()).empty());
  ASSERT_TRUE(one->add(record_of(1, 1)).ok());
  EXPECT_EQ(two->find(key_of()).size(), 1u);
  ASSERT_TRUE(one->mark_bad(record_of(1, 1).id(), "wrong").ok());
  EXPECT_TRUE(two->find(key_of()).empty());
}

TEST(RecordStore, RefusesRowsThatCouldNotBeReadBackTheSame) {
  const auto store = RecordStore::open({});
  Record record = record_of(1, 1);
  record.config.clear();
  auto added = store->add(record);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().status(), Status::invalid_argument);
  EXPECT_NE(added.error().message().find("config"), std::string::npos);
  record = record_of(1, 1);
  record.status_detail = "\xff";
  added = store->add(record);
  ASSERT_FALSE(added.ok());
  EXPECT_NE(added.error().message().find("status_detail is not UTF-8"), std::string::npos);
  record = record_of(1, 1);
  record.problem.assign(1 << 20, 'x');
  added = store->add(record);
  ASSERT_FALSE(added.ok());
  EXPECT_NE(added.error().message().find("problem has 1048576 bytes"), std::string::npos);
  EXPECT_FALSE(store->mark_bad("", "reason").ok());
  EXPECT_TRUE(store->all().empty());
}

TEST(RecordStore, IsSafeFromManyThreads) {
  const Place place;
  const auto store = open_records(place.path());
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        Record record = record_of(i, 1 + i, 1000 + t);
        record.session_id = "thread-" + std::to_string(t);
        if (!store->add(record).ok()) ++failures;
        if (store->find(key_of()).empty()) ++failures;
        if (i % 8 == 0 && !store->mark_bad(record.id(), "even").ok()) ++failures;
        if (store->health().state != "ok") ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(store->health().records, 100);
  EXPECT_EQ(store->find(key_of()).size(), 100u - 4 * 4);
}

TEST(RecordStore, AQuoteInAPathOrValueIsJustAQuote) {
  const Place place;
  const auto directory = place / "it's; DROP TABLE record;--";
  const auto store = open_records(directory);
  Record record = record_of(1, 1);
  record.key.spec = "'); DROP TABLE record; --";
  ASSERT_TRUE(store->add(record).ok());
  EXPECT_EQ(store->find(record.key).size(), 1u);
  EXPECT_EQ(store->health().state, "ok");
}

template <typename Work>
std::chrono::nanoseconds time_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - begin;
}

// Machines differ by more than a factor of two, so the budget is told in what SQLite itself needs to read every column of
// the same rows as text: 1.2 times as much was seen. The two take turns, because a machine's clock changes too.
TEST(RecordStore, FindIsFast) {
  const Place place;
  const auto store = open_records(place.path());
  store->add_device(device_of("device-a"));
  std::vector<Record> forty;
  for (int i = 0; i < 40; ++i) forty.push_back(record_of(i, 1 + i));
  add_at_once(*store, forty, place / "rows.jsonl");
  auto bare = sqlite::Connection::open(place / "records.db", sqlite::Access::read_only, 0);
  ASSERT_TRUE(bare.ok());

  size_t bytes = 0;
  const auto read = [&] {
    auto rows = bare->prepare("SELECT * FROM record JOIN problem ON problem.id = record.problem_id");
    ASSERT_TRUE(rows.ok());
    int count = 0;
    for (; rows->step().value_or(false); ++count) {
      for (int column = 0; column < rows->columns(); ++column) bytes += rows->view(column).size();
    }
    ASSERT_EQ(count, 40);
  };
  auto reading = std::chrono::nanoseconds::max(), finding = std::chrono::nanoseconds::max();
  for (int i = 0; i < 200; ++i) {
    reading = std::min(reading, time_of(read));
    finding = std::min(finding, time_of([&] { ASSERT_EQ(store->find(key_of()).size(), 40u); }));
  }
  std::printf("40 records: found in %.1f us, read by SQLite in %.1f us\n", static_cast<double>(finding.count()) / 1e3,
              static_cast<double>(reading.count()) / 1e3);
  EXPECT_GT(bytes, 0u);
  EXPECT_LT(finding, 2 * find_budget(std::chrono::duration_cast<std::chrono::microseconds>(reading)));
}

}  // namespace
}  // namespace attune::cache
