// Compiled kernels: exact match, checked at every read, least recently used go first.
#include "cache/kernel_store.hpp"

#include <chrono>
#include <fstream>

#include "common/files.hpp"
#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using namespace testing;
using ::testing::HasSubstr;

void expect_same(const KernelRow& a, const KernelRow& b) {
  EXPECT_EQ(a.compile_key, b.compile_key);
  EXPECT_EQ(a.arch, b.arch);
  EXPECT_EQ(a.compiler, b.compiler);
  EXPECT_EQ(a.entries, b.entries);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.compile_ms, b.compile_ms);
  EXPECT_EQ(a.registers, b.registers);
  EXPECT_EQ(a.spill_bytes, b.spill_bytes);
  EXPECT_EQ(a.stack_bytes, b.stack_bytes);
  EXPECT_EQ(a.shared_bytes, b.shared_bytes);
  EXPECT_EQ(a.warnings, b.warnings);
  EXPECT_TRUE(a.blob == b.blob);
}

TEST(KernelStore, KeepsEveryByte) {
  const Place place;
  const KernelRow row = kernel_of("a", 1 << 20);
  {
    const auto store = open_kernels(place.path());
    ASSERT_TRUE(store->add(row).ok());
    EXPECT_EQ(store->health().state, "ok");
  }
  const auto store = open_kernels(place.path());
  const auto found = store->find(row.compile_key);
  ASSERT_TRUE(found.has_value());
  expect_same(*found, row);
  EXPECT_FALSE(store->find(sha256_hex("b")).has_value());
  EXPECT_EQ(store->health().kernels, 1);
}

TEST(KernelStore, WhatTheCompilerSaidIsKeptAndChecked) {
  const Place place;
  KernelRow row = kernel_of("a");
  row.stack_bytes = 272;
  row.warnings = "(C7510) serialised\n#177-D unused";
  ASSERT_TRUE(open_kernels(place.path())->add(row).ok());
  expect_same(open_kernels(place.path())->find(row.compile_key).value(), row);
  Sql(place / "kernels.db").run("UPDATE kernel SET warnings = ''");
  const LogCapture log;
  EXPECT_FALSE(open_kernels(place.path())->find(row.compile_key).has_value());
}

// A file as schema version 1 wrote it, made by hand; the checksum is the one that version 1 computed.
TEST(KernelStore, Version1IsMigratedAndItsKernelsAreServed) {
  const Place place;
  {
    Sql sql(place / "kernels.db");
    sql.run(R"sql(
      PRAGMA journal_mode=WAL; PRAGMA application_id=1096043313; PRAGMA user_version=1;
      CREATE TABLE kernel (
        compile_key TEXT PRIMARY KEY, arch TEXT NOT NULL, compiler TEXT NOT NULL, entries TEXT NOT NULL, label TEXT NOT NULL,
        compile_ms REAL, registers INTEGER NOT NULL, spill_bytes INTEGER NOT NULL, shared_bytes INTEGER NOT NULL,
        created_unix_ms INTEGER NOT NULL, checksum TEXT NOT NULL, blob BLOB NOT NULL) STRICT;
      CREATE TABLE use (compile_key TEXT PRIMARY KEY, last_use_unix_ms INTEGER NOT NULL, size_bytes INTEGER NOT NULL)
        STRICT, WITHOUT ROWID;
      INSERT INTO kernel VALUES ('key','sm_80','nvrtc 12','attend','label',5.0,64,8,1024,1000,
        'd93105550d5d25c8b8a79740376236a18b07fdbcc134a13151f97dd849298a34', CAST('cubin' AS BLOB));
      INSERT INTO use VALUES ('key',1000,5);)sql");
  }
  const auto store = open_kernels(place.path());
  EXPECT_EQ(store->health().schema_version, 2);
  const auto found = store->find("key");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->blob, "cubin");
  EXPECT_EQ(found->registers, 64);
  EXPECT_EQ(found->stack_bytes, 0);
  EXPECT_EQ(found->warnings, "");
  EXPECT_TRUE(fs::exists(place / "kernels.db.v1-backup"));
}

TEST(KernelStore, WorksInMemory) {
  const auto store = KernelStore::open({});
  ASSERT_TRUE(store->add(kernel_of("a")).ok());
  expect_same(store->find(kernel_of("a").compile_key).value(), kernel_of("a"));
  EXPECT_EQ(store->health().state, "memory");
  EXPECT_EQ(store->health().kernels, 1);
}

TEST(KernelStore, TheNewerOfTwoBlobsOfOneKeyStays) {
  const Place place;
  const auto store = open_kernels(place.path());
  ASSERT_TRUE(store->add(kernel_of("a", 1000, 1)).ok());
  ASSERT_TRUE(store->add(kernel_of("a", 2000, 2)).ok());
  expect_same(store->find(kernel_of("a").compile_key).value(), kernel_of("a", 2000, 2));
  EXPECT_EQ(store->health().kernels, 1);
}

TEST(KernelStore, RefusesWhatIsNoKernel) {
  const auto store = KernelStore::open({.max_bytes = 1000});
  KernelRow row = kernel_of("a", 100);
  row.blob.clear();
  EXPECT_EQ(store->add(row).error().status(), Status::invalid_argument);
  row = kernel_of("a", 100);
  row.compile_key.clear();
  EXPECT_EQ(store->add(row).error().status(), Status::invalid_argument);
  row = kernel_of("a", 100);
  row.entries = "\xff";
  EXPECT_EQ(store->add(row).error().status(), Status::invalid_argument);
  const auto large = store->add(kernel_of("a", 1001));
  EXPECT_EQ(large.error().status(), Status::resources_exceeded);
  EXPECT_THAT(large.error().message(), HasSubstr("Raise max_bytes"));
  EXPECT_FALSE(store->collect_garbage(-1, 1).ok());
}

// Every column, one after the other: whatever is changed, the row is never returned again.
TEST(KernelStore, AChangedRowIsDeletedAndNeverReturned) {
  for (const char* change :
       {"blob = zeroblob(length(blob))", "blob = substr(blob, 2)", "blob = CAST(x'00' || substr(blob, 2) AS BLOB)",
        "entries = 'attune_backward'", "arch = 'portable'", "shared_bytes = 1", "compiler = ''",
        "checksum = replace(checksum, '0', '1')", "label = 'x'"}) {
    const Place place;
    const auto store = open_kernels(place.path());
    ASSERT_TRUE(store->add(kernel_of("a")).ok());
    ASSERT_TRUE(store->add(kernel_of("b")).ok());
    Sql sql(place / "kernels.db");
    sql.run(std::string("UPDATE kernel SET ") + change + " WHERE compile_key = '" + kernel_of("a").compile_key + "'");
    LogCapture log;
    EXPECT_FALSE(store->find(kernel_of("a").compile_key).has_value()) << change;
    EXPECT_FALSE(store->find(kernel_of("a").compile_key).has_value()) << change;
    EXPECT_TRUE(store->find(kernel_of("b").compile_key).has_value()) << change;
    EXPECT_EQ(log.count("does not match its checksum"), 1) << change;
    EXPECT_EQ(sql.integer("SELECT count(*) FROM kernel"), 1) << change;
    // Compiled anew, it is served again.
    ASSERT_TRUE(store->add(kernel_of("a")).ok());
    EXPECT_TRUE(store->find(kernel_of("a").compile_key).has_value()) << change;
  }
}

TEST(KernelStore, TwoBlobsThatChangedPlacesAreBothRefused) {
  const Place place;
  const auto store = open_kernels(place.path());
  ASSERT_TRUE(store->add(kernel_of("a")).ok());
  ASSERT_TRUE(store->add(kernel_of("b")).ok());
  const std::string a = kernel_of("a").compile_key, b = kernel_of("b").compile_key;
  Sql(place / "kernels.db")
      .run("UPDATE kernel SET compile_key = 'x' WHERE compile_key = '" + a + "';" + "UPDATE kernel SET compile_key = '" + a +
           "' WHERE compile_key = '" + b + "';" + "UPDATE kernel SET compile_key = '" + b + "' WHERE compile_key = 'x'");
  EXPECT_FALSE(store->find(a).has_value());
  EXPECT_FALSE(store->find(b).has_value());
}

TEST(KernelStore, ABadRowOfASiteIsShadowed) {
  const Place place;
  {
    const auto site = open_kernels(place / "site");
    ASSERT_TRUE(site->add(kernel_of("a")).ok());
    ASSERT_TRUE(site->add(kernel_of("b")).ok());
  }
  Sql(place / "site/kernels.db")
      .run("UPDATE kernel SET blob = x'00' WHERE compile_key = '" + kernel_of("a").compile_key + "'");
  const std::string before = sha256_hex(*read_file(place / "site/kernels.db"));
  LogCapture log;
  {
    const auto store = KernelStore::open({.user_directory = place / "user", .site_databases = {place / "site/kernels.db"}});
    EXPECT_FALSE(store->find(kernel_of("a").compile_key).has_value());
    EXPECT_FALSE(store->find(kernel_of("a").compile_key).has_value());
    EXPECT_TRUE(store->find(kernel_of("b").compile_key).has_value());
    EXPECT_EQ(log.count("does not match its checksum"), 1);
    ASSERT_TRUE(store->add(kernel_of("a")).ok());
    expect_same(store->find(kernel_of("a").compile_key).value(), kernel_of("a"));
  }
  EXPECT_EQ(sha256_hex(*read_file(place / "site/kernels.db")), before);
}

// The byte is flipped in the file, not through SQL: in the middle of a blob, where SQLite itself sees nothing.
TEST(KernelStore, AFlippedByteInTheFileIsNeverExecuted) {
  const Place place;
  const KernelRow row = kernel_of("a");
  {
    const auto store = open_kernels(place.path());
    ASSERT_TRUE(store->add(row).ok());
  }
  std::string bytes = *read_file(place / "kernels.db");
  const size_t at = bytes.find(row.blob.substr(25000, 64));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 10] = static_cast<char>(bytes[at + 10] ^ 0x10);
  std::ofstream(place / "kernels.db", std::ios::binary) << bytes;
  EXPECT_EQ(Sql(place / "kernels.db").value("PRAGMA integrity_check"), "ok");
  const auto store = open_kernels(place.path());
  EXPECT_FALSE(store->find(row.compile_key).has_value());
}

// Any byte of the file: the kernel comes back whole or not at all, and the store goes on.
TEST(KernelStore, NoFlippedByteAnywhereYieldsAWrongKernel) {
  const Place place;
  const KernelRow a = kernel_of("a", 6000), b = kernel_of("b", 6000);
  {
    const auto store = open_kernels(place / "sound");
    ASSERT_TRUE(store->add(a).ok());
    ASSERT_TRUE(store->add(b).ok());
  }
  const std::string sound = *read_file(place / "sound/kernels.db");
  int lost = 0;
  for (size_t i = 0; i < 150; ++i) {
    const fs::path directory = place / ("flip" + std::to_string(i));
    fs::create_directory(directory);
    fs::permissions(directory, fs::perms::owner_all);
    std::string bytes = sound;
    // Dense in the header page, spread over the rest.
    const size_t at = i < 50 ? i * 2 : (i * 7919 * 13) % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (i % 8)));
    std::ofstream(directory / "kernels.db", std::ios::binary) << bytes;
    fs::permissions(directory / "kernels.db", fs::perms::owner_read | fs::perms::owner_write);
    LogCapture log;
    const auto store = open_kernels(directory);
    for (const KernelRow* row : {&a, &b}) {
      const auto found = store->find(row->compile_key);
      if (found) {
        expect_same(*found, *row);
      } else {
        ++lost;
      }
      ASSERT_TRUE(store->add(*row).ok()) << "byte " << at;
      ASSERT_TRUE(store->find(row->compile_key).has_value()) << "byte " << at;
    }
    fs::remove_all(directory);
  }
  EXPECT_GT(lost, 10);
}

TEST(KernelStore, LeastRecentlyUsedKernelsMakeRoom) {
  const Place place;
  const auto store = KernelStore::open({.user_directory = place.path(), .max_bytes = 100000});
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(store->add(kernel_of(std::to_string(i), 10000)).ok());
    Sql(place / "kernels.db")
        .run("UPDATE use SET last_use_unix_ms = " + std::to_string(1000 + i) + " WHERE compile_key = '" +
             kernel_of(std::to_string(i)).compile_key + "'");
  }
  EXPECT_EQ(store->health().kernels, 10);
  // A look-up renews the oldest; it is written with the next kernel.
  EXPECT_TRUE(store->find(kernel_of("0").compile_key).has_value());
  ASSERT_TRUE(store->add(kernel_of("new", 15000)).ok());
  EXPECT_EQ(store->health().kernels, 9);
  EXPECT_TRUE(store->find(kernel_of("0").compile_key).has_value());
  EXPECT_FALSE(store->find(kernel_of("1").compile_key).has_value());
  EXPECT_FALSE(store->find(kernel_of("2").compile_key).has_value());
  EXPECT_TRUE(store->find(kernel_of("3").compile_key).has_value());
  EXPECT_TRUE(store->find(kernel_of("new").compile_key).has_value());
}

TEST(KernelStore, LookingUpDoesNotWrite) {
  const Place place;
  {
    const auto store = open_kernels(place.path());
    ASSERT_TRUE(store->add(kernel_of("a")).ok());
    Sql(place / "kernels.db").run("UPDATE use SET last_use_unix_ms = 5");
    Sql other(place / "kernels.db");
    other.run("BEGIN IMMEDIATE");  // a write would wait for seconds
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(store->find(kernel_of("a").compile_key).has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    EXPECT_EQ(other.integer("SELECT last_use_unix_ms FROM use"), 5);
    other.run("ROLLBACK");
  }
  EXPECT_GT(Sql(place / "kernels.db").integer("SELECT last_use_unix_ms FROM use"), 5);
}

TEST(KernelStore, GarbageCollectionGivesTheSpaceBack) {
  const Place place;
  const auto store = open_kernels(place.path());
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(store->add(kernel_of(std::to_string(i), 50000)).ok());
  Sql sql(place / "kernels.db");
  sql.run("UPDATE use SET last_use_unix_ms = 1000 WHERE compile_key IN (SELECT compile_key FROM use ORDER BY 1 LIMIT 20)");
  const int64_t before = store->health().size_bytes;
  auto removed = store->collect_garbage(int64_t{1} << 40, 30);
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->rows, 20);
  EXPECT_EQ(removed->bytes, 20 * 50000);
  EXPECT_LT(store->health().size_bytes, before * 6 / 10);
  EXPECT_LT(static_cast<int64_t>(fs::file_size(place / "kernels.db")), before * 6 / 10);
  removed = store->collect_garbage(250000, 30);
  EXPECT_EQ(removed->rows, 15);
  EXPECT_EQ(store->health().kernels, 5);
  removed = store->collect_garbage(0, 30);
  EXPECT_EQ(store->health().kernels, 0);
  EXPECT_EQ(sql.integer("SELECT count(*) FROM kernel"), 0);
  // Larger than any age: nothing is that old.
  ASSERT_TRUE(store->add(kernel_of("a")).ok());
  EXPECT_EQ(store->collect_garbage(1 << 20, INT64_MAX)->rows, 0);
}

TEST(KernelStore, CheckThrowsOutEveryDamagedKernel) {
  const Place place;
  const auto store = open_kernels(place.path());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->add(kernel_of(std::to_string(i), 5000)).ok());
  Sql sql(place / "kernels.db");
  sql.run("UPDATE kernel SET blob = x'01' WHERE compile_key = '" + kernel_of("3").compile_key + "'; DELETE FROM use WHERE " +
          "compile_key = '" + kernel_of("1").compile_key + "'; INSERT INTO use VALUES ('nothing', 1, 1)");
  const auto health = store->check();
  EXPECT_EQ(health.state, "ok");
  EXPECT_EQ(health.kernels, 4);
  EXPECT_EQ(sql.integer("SELECT count(*) FROM kernel"), 4);
}

TEST(KernelStore, KernelsOnTheNetworkAreOnlyRead) {
  const Place place;
  {
    const auto store = open_kernels(place.path());
    ASSERT_TRUE(store->add(kernel_of("a")).ok());
  }
  const std::string before = sha256_hex(*read_file(place / "kernels.db"));
  {
    const auto store = KernelStore::open({.user_directory = place.path(), .network_file_system = true});
    EXPECT_TRUE(store->find(kernel_of("a").compile_key).has_value());
    ASSERT_TRUE(store->add(kernel_of("b")).ok());
    EXPECT_TRUE(store->find(kernel_of("b").compile_key).has_value());
    EXPECT_EQ(store->health().state, "read_only");
  }
  EXPECT_EQ(sha256_hex(*read_file(place / "kernels.db")), before);
}

TEST(KernelStore, FindIsFast) {
  const Place place;
  const auto store = open_kernels(place.path());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->add(kernel_of(std::to_string(i))).ok());
  auto best = std::chrono::nanoseconds::max();
  for (int i = 0; i < 200; ++i) {
    const std::string key = kernel_of(std::to_string(i % 50)).compile_key;
    const auto begin = std::chrono::steady_clock::now();
    const auto found = store->find(key);
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - begin);
    ASSERT_TRUE(found.has_value());
  }
  std::printf("find of a kernel of 50000 bytes: %.1f us\n", static_cast<double>(best.count()) / 1e3);
  EXPECT_LT(best, find_budget(std::chrono::microseconds(1000)));
}

}  // namespace
}  // namespace attune::cache
