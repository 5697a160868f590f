// Versions of the file: migration with a backup, newer files, files of other programs, and damage.
#include "cache/schema.hpp"

#include <fstream>

#include "cache/rows.hpp"
#include "common/files.hpp"
#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// A file as schema version 1 wrote it, made by hand. Two records, the second marked bad.
void make_version_1(const fs::path& file) {
  Sql sql(file);
  sql.run(R"sql(
    PRAGMA journal_mode=WAL; PRAGMA application_id=1096045105; PRAGMA user_version=1;
    CREATE TABLE device (id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, arch TEXT NOT NULL, json TEXT NOT NULL,
      compute_units INTEGER NOT NULL, l2_bytes INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, driver_major INTEGER NOT NULL)
      STRICT;
    CREATE TABLE toolchain (id TEXT PRIMARY KEY, compiler TEXT NOT NULL, compiler_version TEXT NOT NULL,
      generator_version TEXT NOT NULL, json TEXT NOT NULL) STRICT;
    CREATE TABLE session (id TEXT PRIMARY KEY, host TEXT NOT NULL, command TEXT NOT NULL, budget TEXT NOT NULL,
      seed INTEGER NOT NULL, started_unix_ms INTEGER NOT NULL) STRICT;
    CREATE TABLE tuning (id TEXT PRIMARY KEY, family TEXT NOT NULL, family_version INTEGER NOT NULL, spec TEXT NOT NULL,
      spec_id TEXT NOT NULL, shape_bucket TEXT NOT NULL, device_id TEXT NOT NULL) STRICT;
    CREATE INDEX tuning_by_spec ON tuning (spec_id, family, family_version);
    CREATE TABLE problem (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE record (id TEXT PRIMARY KEY, tuning_id TEXT NOT NULL, problem_id TEXT NOT NULL, config TEXT NOT NULL,
      toolchain_id TEXT NOT NULL, session_id TEXT NOT NULL, status TEXT NOT NULL, status_detail TEXT NOT NULL,
      samples INTEGER NOT NULL, min_ms REAL, median_ms REAL, mad_ms REAL, p95_ms REAL, cache_regime TEXT NOT NULL,
      clock_before_mhz REAL, clock_after_mhz REAL, compile_ms REAL, registers INTEGER NOT NULL, spill_bytes INTEGER NOT NULL,
      shared_bytes INTEGER NOT NULL, code_bytes INTEGER NOT NULL, validated INTEGER NOT NULL, max_error REAL, tolerance REAL,
      measured_unix_ms INTEGER NOT NULL) STRICT;
    CREATE INDEX record_by_tuning ON record (tuning_id);
    CREATE TABLE bad (record_id TEXT PRIMARY KEY) STRICT;)sql");
  // The ids are those that version 1 computed, written out: they may not depend on the code under test.
  const std::string tuning = "7517728ce3b9a9b102c75deb7795891dea30ccda57faf5152b4d4127db4526f8",
                    problem = "74181c939e187391c660a9be02e66e94a6a598cdca5c082784baedf53a02c4dc",
                    spec = "16b991ddbbda273c16d978d3129202854e617d94ddf242c1d6bd36c6082d8fcf";
  sql.run("INSERT INTO tuning VALUES ('" + tuning + "','forward_cpu',3,'{\"head_dim\":64,\"type\":\"f32\"}','" + spec +
          "','s1024','device-a'); INSERT INTO problem VALUES ('" + problem +
          "','{\"batch\":1,\"heads\":8,\"seqlen\":1024}');");
  for (const auto& [id, config] :
       {std::pair<std::string, int>{"06c032d02f707b7179ecdff0e73119deb08133024bcbc6ef454840e5c9dac480", 1},
        {"f3da236433db0392e9289fbcfbf86f60b032a8bc9be37dc1e581331dd6caa69a", 2}}) {
    sql.run("INSERT INTO record VALUES ('" + id + "','" + tuning + "','" + problem + "','" + config_text(config) +
            "','toolchain-a','session-a','ok','',11,0.9,1.0,0.0,1.2,'hot',0,0,0,0,0,0,0,1,1e-6,NULL,1000)");
  }
  sql.run("INSERT INTO bad VALUES ('f3da236433db0392e9289fbcfbf86f60b032a8bc9be37dc1e581331dd6caa69a')");
}

TEST(Schema, Version1IsMigratedWithABackup) {
  const Place place;
  make_version_1(place / "records.db");
  ASSERT_EQ(record_of(1, 1).id(), "06c032d02f707b7179ecdff0e73119deb08133024bcbc6ef454840e5c9dac480");
  {
    const auto store = open_records(place.path());
    EXPECT_EQ(store->health().state, "ok");
    EXPECT_EQ(store->health().schema_version, 2);
    EXPECT_EQ(configs_of(store->find(key_of())), std::vector<std::string>{config_text(1)});
    const auto all = store->all();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].record.statistics.samples, 11);
    EXPECT_EQ(all[0].record.complexity, 0);
    // The migrated rows are whole: they export, import, and are the same records as new ones.
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
    EXPECT_EQ(store->health().records, 2);
    EXPECT_EQ(store->export_to(place / "x.jsonl").value_or(-1), 2);
    EXPECT_EQ(open_records(place / "other")->import_from(place / "x.jsonl").value_or(-1), 2);
  }
  Sql backup(place / "records.db.v1-backup");
  EXPECT_EQ(backup.integer("PRAGMA user_version"), 1);
  EXPECT_EQ(backup.integer("SELECT count(*) FROM record"), 2);
  EXPECT_EQ(backup.value("PRAGMA integrity_check"), "ok");
  Sql current(place / "records.db");
  EXPECT_EQ(current.integer("PRAGMA user_version"), 2);
  EXPECT_EQ(current.value("SELECT reason FROM bad"), "marked under schema version 1");
  EXPECT_EQ(current.value("SELECT config FROM winner"), config_text(1));
  EXPECT_TRUE(files_with(place.path(), "backup-part").empty());
}

// A migrated file and a new one have the same tables.
TEST(Schema, MigrationEndsWhereCreationStarts) {
  const Place place;
  fs::create_directory(place / "old");
  fs::permissions(place / "old", fs::perms::owner_all);
  make_version_1(place / "old/records.db");
  open_records(place / "old");
  open_records(place / "new");
  // ALTER TABLE appends columns, so the texts differ; names and types of the columns do not.
  const auto columns = [&](const std::string& name) {
    Sql sql(place / name / "records.db");
    return sql.rows(
        "SELECT m.type, m.name, p.name, p.type, p.\"notnull\", p.dflt_value, p.pk > 0 FROM sqlite_schema m "
        "LEFT JOIN pragma_table_info(m.name) p ORDER BY 2, 3");
  };
  EXPECT_EQ(columns("old"), columns("new"));
}

TEST(Schema, AnOldSiteIsReadWithoutBeingTouched) {
  const Place place;
  make_version_1(place / "site.db");
  const std::string before = sha256_hex(*read_file(place / "site.db"));
  const auto store = RecordStore::open({.user_directory = place / "user", .site_databases = {place / "site.db"}});
  EXPECT_EQ(configs_of(store->find(key_of())), std::vector<std::string>{config_text(1)});
  EXPECT_EQ(sha256_hex(*read_file(place / "site.db")), before);
  EXPECT_EQ(open_records(place / "other")->merge_from(place / "site.db").value_or(-1), 2);
}

TEST(Schema, WithoutRoomForABackupNothingIsMigrated) {
  const Place place;
  make_version_1(place / "records.db");
  // A directory in the way of the backup.
  fs::create_directories(place / "records.db.v1-backup/x");
  LogCapture log;
  const auto store = open_records(place.path());
  EXPECT_EQ(store->health().state, "read_only");
  EXPECT_EQ(configs_of(store->find(key_of())), std::vector<std::string>{config_text(1)});
  EXPECT_EQ(log.count("backup"), 1);
  EXPECT_EQ(Sql(place / "records.db").integer("PRAGMA user_version"), 1);
}

TEST(Schema, AFailedMigrationLeavesTheFileAsItWas) {
  const Place place;
  make_version_1(place / "records.db");
  Sql(place / "records.db").run("CREATE TABLE bad_1 (a)");  // the name that the migration needs
  const auto store = open_records(place.path());
  ASSERT_TRUE(store->add(record_of(5, 5)).ok());
  EXPECT_NE(store->health().state, "ok");
  Sql sql(place / "records.db");
  EXPECT_EQ(sql.integer("PRAGMA user_version"), 1);
  EXPECT_EQ(sql.integer("SELECT count(*) FROM pragma_table_info('record') WHERE name = 'complexity'"), 0);
  EXPECT_EQ(sql.integer("SELECT count(*) FROM record"), 2);
}

TEST(Schema, ANewerFileIsReadAndNeverWritten) {
  const Place place;
  {
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  }
  Sql(place / "records.db")
      .run("PRAGMA user_version=99; ALTER TABLE record ADD COLUMN novelty TEXT; CREATE TABLE new_table (a)");
  LogCapture log;
  {
    const auto store = open_records(place.path());
    EXPECT_EQ(store->health().state, "read_only");
    EXPECT_EQ(store->health().schema_version, 99);
    EXPECT_EQ(store->find(key_of()).size(), 1u);
    ASSERT_TRUE(store->add(record_of(2, 2)).ok());
    EXPECT_EQ(store->find(key_of()).size(), 2u);
    EXPECT_EQ(log.count("newer Attune"), 1);
  }
  Sql sql(place / "records.db");
  EXPECT_EQ(sql.integer("PRAGMA user_version"), 99);
  EXPECT_EQ(sql.integer("SELECT count(*) FROM record"), 1);
  EXPECT_TRUE(files_with(place.path(), "corrupt").empty());
}

TEST(Schema, ANewerFileThatCannotBeReadIsLeftAlone) {
  const Place place;
  {
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  }
  Sql(place / "records.db").run("PRAGMA user_version=99; ALTER TABLE record RENAME TO measurement");
  const auto store = open_records(place.path());
  EXPECT_EQ(store->health().state, "memory");
  ASSERT_TRUE(store->add(record_of(2, 2)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 1u);
  EXPECT_EQ(Sql(place / "records.db").integer("SELECT count(*) FROM measurement"), 1);
  EXPECT_TRUE(files_with(place.path(), "corrupt").empty());
}

TEST(Schema, AnotherProgramsDatabaseIsNeverTouched) {
  for (const char* claim : {"PRAGMA application_id=1; CREATE TABLE t (a)", "CREATE TABLE t (a)", "PRAGMA user_version=2"}) {
    const Place place;
    Sql(place / "records.db").run(claim);
    fs::permissions(place / "records.db", fs::perms::owner_read | fs::perms::owner_write);
    const std::string before = sha256_hex(*read_file(place / "records.db"));
    LogCapture log;
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
    EXPECT_EQ(store->health().state, "memory") << claim;
    EXPECT_EQ(log.count("another program"), 1) << claim;
    EXPECT_EQ(sha256_hex(*read_file(place / "records.db")), before) << claim;
  }
}

// A record database under the name of the kernel store.
TEST(Schema, TheTwoStoresDoNotTakeEachOthersFiles) {
  const Place place;
  open_records(place.path());
  fs::rename(place / "records.db", place / "kernels.db");
  const auto store = open_kernels(place.path());
  EXPECT_EQ(store->health().state, "memory");
}

std::vector<Record> numbered_records(int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) records.push_back(record_of(i, 1 + i));
  return records;
}

struct Damage {
  const char* name;
  void (*apply)(const fs::path& file);
};

class DamagedFile : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedFile, IsMovedAsideAndTheCallSucceeds) {
  const Place place;
  {
    const auto store = open_records(place.path());
    add_at_once(*store, numbered_records(300), place / "rows.jsonl");
  }
  GetParam().apply(place / "records.db");
  LogCapture log;
  {
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(record_of(1000, 0.5)).ok());
    const auto records = store->find(key_of());
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(records[0].record.config, config_text(1000));
    EXPECT_EQ(store->health().state, "ok");
    EXPECT_EQ(log.count("was damaged; it was moved to"), 1);
  }
  const auto moved = files_with(place.path(), ".corrupt-");
  ASSERT_FALSE(moved.empty());
  Sql sql(place / "records.db");
  EXPECT_EQ(sql.value("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(sql.integer("SELECT count(*) FROM record WHERE config = '" + config_text(1000) + "'"), 1);
}

void overwrite(const fs::path& file, int64_t at, const std::string& bytes) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(at);
  out << bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Schema, DamagedFile,
    ::testing::Values(
        Damage{"garbage", [](const fs::path& f) { std::ofstream(f) << std::string(50000, 'g'); }},
        Damage{"few_bytes", [](const fs::path& f) { std::ofstream(f) << "tiny"; }},
        Damage{"zeros", [](const fs::path& f) { std::ofstream(f) << std::string(8192, '\0'); }},
        Damage{"magic", [](const fs::path& f) { overwrite(f, 3, "X"); }},
        Damage{"schema_page", [](const fs::path& f) { overwrite(f, 100, std::string(3996, '\xff')); }},
        Damage{"truncated", [](const fs::path& f) { fs::resize_file(f, fs::file_size(f) / 3); }},
        Damage{"truncated_inside_a_page", [](const fs::path& f) { fs::resize_file(f, fs::file_size(f) / 2 + 100); }},
        Damage{"renamed_column",
               [](const fs::path& f) { Sql(f).run("DROP VIEW winner; ALTER TABLE record RENAME config TO x"); }}),
    [](const auto& damage) { return std::string(damage.param.name); });

TEST(Schema, AnEmptyFileIsJustANewStore) {
  const Place place;
  std::ofstream(place / "records.db").close();
  fs::permissions(place / "records.db", fs::perms::owner_read | fs::perms::owner_write);
  LogCapture log;
  const auto store = open_records(place.path());
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  EXPECT_EQ(store->health().state, "ok");
  EXPECT_TRUE(log.lines().empty());
}

// Whichever page is destroyed: everything on the others comes through, and nothing false does.
TEST(Schema, SalvageSavesTheRowsOfThePagesThatAreWhole) {
  constexpr int count = 400;
  const Place place;
  {
    const auto store = open_records(place / "sound");
    add_at_once(*store, numbered_records(count), place / "rows.jsonl");
    ASSERT_TRUE(store->mark_bad(record_of(7, 1).id(), "reason").ok());
  }
  Sql pages(place / "sound/records.db");
  // The first, a middle and the last leaf of the table of records.
  const auto leaves = pages.rows("SELECT pageno FROM dbstat WHERE name = 'record' AND pagetype = 'leaf' ORDER BY pageno");
  ASSERT_GT(leaves.size(), 20u);
  for (const size_t leaf : {size_t{0}, leaves.size() / 2, leaves.size() - 1}) {
    const fs::path directory = place / ("damaged" + leaves[leaf]);
    fs::create_directory(directory);
    fs::permissions(directory, fs::perms::owner_all);
    fs::copy_file(place / "sound/records.db", directory / "records.db");
    overwrite(directory / "records.db", (std::stoll(leaves[leaf]) - 1) * 4096, std::string(4096, '\x5a'));
    const auto store = open_records(directory);
    std::vector<StoredRecord> records = store->find(key_of());
    EXPECT_GT(records.size(), static_cast<size_t>(count - 20)) << "leaf " << leaf;
    EXPECT_LT(records.size(), static_cast<size_t>(count - 1)) << "leaf " << leaf;
    for (const StoredRecord& stored : records) {
      const int config = std::stoi(stored.record.config.substr(stored.record.config.find(':') + 1));
      EXPECT_EQ(stored.record.statistics.median_ms, 1 + config);
    }
    // What was lost comes back from a copy.
    const auto saved = static_cast<int64_t>(store->all().size());
    EXPECT_EQ(store->merge_from(place / "sound/records.db").value_or(-1), count - saved);
    EXPECT_EQ(store->find(key_of()).size(), static_cast<size_t>(count - 1));
  }
}

TEST(Schema, ARowThatWasChangedBehindOurBackDoesNotCount) {
  const Place place;
  const auto store = open_records(place.path());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->add(record_of(i, 1 + i)).ok());
  store->export_to(place / "backup.jsonl").value_or(0);
  // One bit of a median: the slowest would win.
  Sql(place / "records.db").run("UPDATE record SET median_ms = 0.125 WHERE config = '" + config_text(4) + "'");
  LogCapture log;
  EXPECT_EQ(store->find(key_of()).size(), 4u);
  EXPECT_EQ(store->find(key_of())[0].record.config, config_text(0));
  EXPECT_EQ(log.count("do not match their checksum"), 1);
  // The damaged row is gone, so that a good copy can take its place.
  EXPECT_EQ(store->import_from(place / "backup.jsonl").value_or(-1), 1);
  EXPECT_EQ(store->find(key_of()).size(), 5u);
}

TEST(Schema, CheckFindsDamageThatNoQueryHasMetYet) {
  const Place place;
  const auto store = open_records(place.path());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->add(record_of(i, 1 + i)).ok());
  EXPECT_EQ(store->check().state, "ok");
  Sql sql(place / "records.db");
  sql.run("UPDATE problem SET json = 'x'");
  LogCapture log;
  const auto health = store->check();
  EXPECT_EQ(health.state, "ok");
  EXPECT_EQ(health.records, 0);
  EXPECT_EQ(log.count("were dropped"), 1);
  // The problem row is healed by the next record that needs it.
  ASSERT_TRUE(store->add(record_of(0, 1)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 1u);
}

}  // namespace
}  // namespace attune::cache
