// Export, import, merge, and the spool: rows that travel.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "cache/records_json.hpp"
#include "cache/spool.hpp"
#include "common/files.hpp"
#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void write_lines(const fs::path& file, const std::vector<std::string>& lines) {
  std::ofstream out(file);
  for (const std::string& line : lines) out << line << '\n';
}

// A store with a row of every kind, and numbers that JSON lacks.
void fill(RecordStore& store, int first_config = 0) {
  store.add_device(device_of("device-a"));
  store.add_toolchain({"toolchain-a", "llvm", "19.1.0", "1", "{}"});
  store.add_session({"session-a", "host", "attune tune --budget 10s", "quick", -7, 1700000000000});
  for (int i = first_config; i < first_config + 5; ++i) {
    Record record = record_of(i, 1 + i * 0.1);
    record.status_detail = "tab\t, quote\", newline\n, \xe2\x82\xac";
    if (i % 5 == 4) {
      record.status = "validation_failed";
      record.max_error = NAN;
      record.tolerance = -HUGE_VAL;
    }
    ASSERT_TRUE(store.add(record).ok());
  }
  ASSERT_TRUE(store.mark_bad(record_of(first_config, 1).id(), "a reason").ok());
}

std::string exported(RecordStore& store, const Place& place) {
  static int number = 0;
  const fs::path file = place / ("export-" + std::to_string(number++) + ".jsonl");
  EXPECT_TRUE(store.export_to(file).ok());
  return *read_file(file);
}

TEST(RecordExchange, AnExportImportsToTheSameExport) {
  const Place place;
  const auto source = open_records(place / "a"), target = open_records(place / "b");
  fill(*source);
  ASSERT_EQ(source->export_to(place / "x.jsonl").value_or(-1), 5);
  EXPECT_EQ(target->import_from(place / "x.jsonl").value_or(-1), 5);
  EXPECT_EQ(exported(*source, place), exported(*target, place));
  // Again: nothing is new, nothing changes.
  EXPECT_EQ(target->import_from(place / "x.jsonl").value_or(-1), 0);
  EXPECT_EQ(exported(*source, place), exported(*target, place));
  EXPECT_EQ(target->find(key_of()).size(), 4u);
  const auto lines = lines_of(place / "x.jsonl");
  EXPECT_EQ(lines[0], R"({"format":"attune-records","schema":2,"rows":9})");
  EXPECT_EQ(lines.size(), 10u);
}

TEST(RecordExchange, MergingIsIdempotentAndOrderDoesNotMatter) {
  const Place place;
  {
    const auto a = open_records(place / "a"), b = open_records(place / "b"), c = open_records(place / "c");
    fill(*a, 0);
    fill(*b, 3);
    fill(*c, 6);
    ASSERT_TRUE(b->mark_bad(record_of(0, 1).id(), "another reason").ok());
  }
  std::vector<std::string> names = {"a", "b", "c"};
  std::string expected;
  int round = 0;
  do {
    const auto store = open_records(place / ("merged" + std::to_string(round++)));
    int64_t added = 0;
    for (const std::string& name : names) {
      const auto merged = store->merge_from(place / name / "records.db");
      ASSERT_TRUE(merged.ok()) << merged.error().message();
      added += *merged;
    }
    EXPECT_EQ(added, 11);
    EXPECT_EQ(store->merge_from(place / names[0] / "records.db").value_or(-1), 0);
    const std::string text = exported(*store, place);
    if (expected.empty()) expected = text;
    EXPECT_EQ(text, expected);
  } while (std::next_permutation(names.begin(), names.end()));
}

TEST(RecordExchange, MergingOneselfOrNothingIsSaidPlainly) {
  const Place place;
  const auto store = open_records(place / "a");
  fill(*store);
  EXPECT_EQ(store->merge_from(place / "a/records.db").value_or(-1), 0);
  EXPECT_EQ(store->merge_from(place / "a").value_or(-1), 0);
  EXPECT_EQ(store->merge_from(place / "missing.db").error().status(), Status::not_found);
  fs::create_directory(place / "empty");
  EXPECT_FALSE(store->merge_from(place / "empty").ok());
  std::ofstream(place / "text.db") << std::string(5000, 'x');
  EXPECT_EQ(store->merge_from(place / "text.db").error().status(), Status::cache_corrupt);
  EXPECT_TRUE(fs::exists(place / "text.db"));
  Sql(place / "foreign.db").run("CREATE TABLE t (a)");
  EXPECT_EQ(store->merge_from(place / "foreign.db").error().status(), Status::unsupported);
}

// A hostile database: the right stamp, but `record` is a program.
TEST(RecordExchange, MergingRunsNoCodeOfTheFile) {
  const Place place;
  {
    const auto source = open_records(place / "a");
    fill(*source);
  }
  {
    Sql sql(place / "a/records.db");
    sql.run("ALTER TABLE record RENAME TO hidden; CREATE VIEW record AS SELECT * FROM hidden");
  }
  const auto store = open_records(place / "b");
  EXPECT_FALSE(store->merge_from(place / "a/records.db").ok());
  EXPECT_TRUE(store->all().empty());
}

TEST(RecordExchange, MergeLeavesDamagedRowsBehind) {
  const Place place;
  {
    const auto source = open_records(place / "a");
    fill(*source);
  }
  Sql(place / "a/records.db").run("UPDATE record SET median_ms = 0.0001 WHERE config = '" + config_text(1) + "'");
  LogCapture log;
  const auto store = open_records(place / "b");
  EXPECT_EQ(store->merge_from(place / "a/records.db").value_or(-1), 4);
  EXPECT_EQ(log.count("1 records of"), 1);
}

class StrictImport : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto source = open_records(place_ / "a");
    fill(*source);
    ASSERT_TRUE(source->export_to(place_ / "x.jsonl").ok());
    lines_ = lines_of(place_ / "x.jsonl");
    target_ = open_records(place_ / "b");
  }

  // The import must fail with both words in its message, and leave the store as it was.
  void expect_refused(const std::vector<std::string>& lines, std::string_view line, std::string_view why) {
    write_lines(place_ / "y.jsonl", lines);
    const auto imported = target_->import_from(place_ / "y.jsonl");
    ASSERT_FALSE(imported.ok()) << why;
    EXPECT_THAT(imported.error().message(), HasSubstr(line));
    EXPECT_THAT(imported.error().message(), HasSubstr(why));
    EXPECT_THAT(imported.error().message(), HasSubstr("y.jsonl"));
    EXPECT_TRUE(target_->all().empty()) << why;
  }
  static std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
    return text;
  }
  // Line 5 is a record (after the header, a device, a toolchain and a session).
  void expect_record_refused(std::string_view from, std::string_view to, std::string_view why) {
    auto lines = lines_;
    lines[4] = replaced(lines[4], from, to);
    expect_refused(lines, "line 5:", why);
  }

  Place place_;
  std::vector<std::string> lines_;
  std::unique_ptr<RecordStore> target_;
};

TEST_F(StrictImport, NamesTheLineAndTheFieldAndImportsNothing) {
  expect_record_refused("\"samples\":11", "\"samples\":\"11\"", "\"samples\" is not a 64-bit integer");
  expect_record_refused("\"samples\":11", "\"samples\":11.5", "\"samples\" is not a 64-bit integer");
  expect_record_refused("\"samples\":11", "\"samples\":9223372036854775808", "\"samples\" is not a 64-bit integer");
  expect_record_refused("\"samples\":11", "\"samples\":11,\"samples\":11", "\"samples\" is given twice");
  expect_record_refused("\"samples\":11", "\"samples\":[11]", "a field holds an object or an array");
  expect_record_refused("\"samples\":11,", "", "\"samples\" is missing");
  expect_record_refused("\"samples\":11", "\"samples\":11,\"extra\":1", "fields instead of");
  expect_record_refused("\"validated\":true", "\"validated\":1", "\"validated\" is not true or false");
  expect_record_refused("\"tolerance\":", "\"tolerance\":1e999,\"x\":", "not a JSON object");
  expect_record_refused("\"tolerance\":0.001", "\"tolerance\":\"big\"", "\"tolerance\" is not a number");
  expect_record_refused("\"status\":\"ok\"", "\"status\":\"\"", "status is empty");
  expect_record_refused("\"status\":\"ok\"", "\"status\":null", "\"status\" is not a string");
  expect_record_refused("head_dim", "head_dxm", "\"id\" is not the hash of the record");
  expect_record_refused("\"table\":\"record\"", "\"table\":\"sqlite_schema\"", "names no table");
  expect_record_refused("\"table\":\"record\"", "\"table\":7", "\"table\" is missing or not a string");
  expect_record_refused("\"status_detail\":\"", "\"status_detail\":\"\xff", "not a JSON object");
  expect_record_refused("{", "[", "not a JSON object");
}

TEST_F(StrictImport, RefusesFilesThatAreCutOffOrNotOurs) {
  auto lines = lines_;
  lines.pop_back();
  expect_refused(lines, "line 10:", "ends after 8 rows and its header says 9");
  lines = lines_;
  lines.back().resize(lines.back().size() / 2);
  expect_refused(lines, "line 10:", "not a JSON object");
  lines = lines_;
  lines.push_back(lines[4]);
  expect_refused(lines, "line 12:", "ends after 10 rows");
  expect_refused({}, "line 1:", "the file is empty");
  expect_refused({"{}"}, "line 1:", "\"format\" is missing");
  expect_refused({R"({"format":"other","schema":2,"rows":0})"}, "line 1:", "the format is not");
  expect_refused({R"({"format":"attune-records","schema":3,"rows":0})"}, "line 1:", "exported with schema 3");
  lines = lines_;
  lines.insert(lines.begin() + 4, "");
  expect_refused(lines, "line 5:", "not a JSON object");
}

TEST_F(StrictImport, SurvivesLinesMadeToHurt) {
  std::string deep(1 << 20, '[');
  expect_refused({lines_[0], deep}, "line 2:", "");
  expect_refused({lines_[0], std::string(5 << 20, ' ')}, "line 2:", "at most");
  std::string wide = "{";
  for (int i = 0; i < 100000; ++i) wide += fmt::format("\"{}\":0,", i);
  expect_refused({lines_[0], wide + "\"table\":\"record\"}"}, "line 2:", "is missing");
  auto lines = lines_;
  lines[4] = replaced(lines[4], "\"status_detail\":\"", "\"status_detail\":\"" + std::string(300 << 10, 'x'));
  expect_refused(lines, "line 5:", "status_detail has");
  EXPECT_FALSE(target_->import_from("/dev/zero").ok());
  EXPECT_FALSE(target_->import_from(place_.path()).ok());
  EXPECT_FALSE(target_->import_from(place_ / "missing").ok());
}

// Any single byte changed: either the import is refused whole, or what comes in is still a row that may exist.
TEST_F(StrictImport, NoMutationOfAByteGetsPastTheReader) {
  const std::string text = *read_file(place_ / "x.jsonl");
  std::mt19937 random(3);
  int refused = 0;
  for (int round = 0; round < 800; ++round) {
    std::string mutated = text;
    mutated[random() % mutated.size()] = static_cast<char>(random());
    const auto batch = parse_export(mutated);
    if (!batch.ok()) {
      ++refused;
      EXPECT_THAT(batch.error().message(), HasSubstr("line "));
    } else {
      EXPECT_EQ(batch->size(), 9u);
    }
  }
  EXPECT_GT(refused, 400);
}

TEST(RecordSpool, NetworkDirectoriesAreSpooledAndMergedLater) {
  const Place place;
  const RecordStoreOptions network{.user_directory = place / "home", .network_file_system = true};
  {
    const auto store = RecordStore::open(network);
    fill(*store);
    EXPECT_EQ(store->health().state, "spooling");
    EXPECT_THAT(store->health().notice, HasSubstr("records.spool"));
    EXPECT_EQ(store->find(key_of()).size(), 4u);
  }
  // SQLite wrote nothing there; each row is a file of its own that nobody changes.
  EXPECT_FALSE(fs::exists(place / "home/records.db"));
  EXPECT_EQ(files_with(place / "home/records.spool", ".json").size(), 9u);
  {
    // Another process on the same mount sees the rows; the same rows again make no new files.
    const auto store = RecordStore::open(network);
    EXPECT_EQ(store->find(key_of()).size(), 4u);
    fill(*store);
    EXPECT_EQ(files_with(place / "home/records.spool", ".json").size(), 9u);
  }
  const auto other = open_records(place / "other");
  EXPECT_EQ(other->merge_from(place / "home").value_or(-1), 5);
  EXPECT_EQ(other->find(key_of()).size(), 4u);
  // Opened where it is local: folded into the database, and the files go.
  const auto local = RecordStore::open({.user_directory = place / "home", .network_file_system = false});
  EXPECT_EQ(local->find(key_of()).size(), 4u);
  EXPECT_EQ(local->find(key_of())[0].layer, Layer::user);
  EXPECT_TRUE(files_with(place / "home/records.spool", ".json").empty());
  EXPECT_EQ(exported(*local, place), exported(*other, place));
}

TEST(RecordSpool, ReadsADatabaseOnTheNetworkAndNeverWritesIt) {
  const Place place;
  {
    const auto store = open_records(place.path());
    fill(*store);
  }
  const std::string before = sha256_hex(*read_file(place / "records.db"));
  {
    const auto store = RecordStore::open({.user_directory = place.path(), .network_file_system = true});
    EXPECT_EQ(store->find(key_of()).size(), 4u);
    ASSERT_TRUE(store->add(record_of(99, 0.5)).ok());
    EXPECT_EQ(store->find(key_of())[0].record.config, config_text(99));
  }
  EXPECT_EQ(sha256_hex(*read_file(place / "records.db")), before);
  EXPECT_TRUE(files_with(place.path(), "-wal").empty());
  EXPECT_TRUE(files_with(place.path(), "-shm").empty());
}

TEST(RecordSpool, DamagedSpoolFilesAreLeftAloneAndNeverRead) {
  const Place place;
  const RecordStoreOptions network{.user_directory = place.path(), .network_file_system = true};
  {
    const auto store = RecordStore::open(network);
    fill(*store);
  }
  const auto files = files_with(place / "records.spool", ".json");
  ASSERT_EQ(files.size(), 9u);
  // Cut short, changed, empty, a directory, and valid JSON under a name that is not its hash.
  fs::resize_file(files[0], fs::file_size(files[0]) / 2);
  {
    std::fstream file(files[1], std::ios::in | std::ios::out);
    file.seekp(20);
    file.put('~');
  }
  std::ofstream(place / "records.spool/empty.json").close();
  fs::create_directory(place / "records.spool/directory.json");
  fs::copy_file(files[2], place / "records.spool/copy.json");
  LogCapture log;
  const auto local = open_records(place.path());
  EXPECT_EQ(log.count("5 spool files are damaged"), 1);
  EXPECT_EQ(files_with(place / "records.spool", ".json").size(), 5u);
  int64_t rows = 0;
  Sql sql(place / "records.db");
  for (const char* table : {"device", "toolchain", "session", "record", "bad"}) {
    rows += sql.integer(std::string("SELECT count(*) FROM ") + table);
  }
  EXPECT_EQ(rows, 7);
}

}  // namespace
}  // namespace attune::cache
