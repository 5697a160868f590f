// Layers: site databases, places that may not be written or cannot be trusted, and processes that fork.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "common/files.hpp"
#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using namespace testing;
using ::testing::HasSubstr;

fs::path make_site(const Place& place, const std::string& name, const std::vector<Record>& records) {
  const auto store = open_records(place / name);
  store->add_device(device_of("device-a"));
  for (const Record& record : records) EXPECT_TRUE(store->add(record).ok());
  return place / name / "records.db";
}

TEST(RecordLayers, AllLayersAreRankedTogetherAndEachRecordCountsOnce) {
  const Place place;
  const auto site = make_site(place, "site", {record_of(1, 3), record_of(2, 1)});
  const auto store = RecordStore::open({.user_directory = place / "user", .site_databases = {site}});
  ASSERT_TRUE(store->add(record_of(1, 3)).ok());
  ASSERT_TRUE(store->add(record_of(3, 2)).ok());
  const auto records = store->find(key_of());
  EXPECT_EQ(configs_of(records), (std::vector<std::string>{config_text(2), config_text(3), config_text(1)}));
  EXPECT_EQ(records[0].layer, Layer::site);
  EXPECT_EQ(records[0].file, site.native());
  EXPECT_EQ(records[0].record.device_json, R"({"id":"device-a"})");
  EXPECT_EQ(records[2].layer, Layer::user);
  EXPECT_EQ(store->all().size(), 3u);
}

TEST(RecordLayers, ARecordOfASiteCanBeMarkedBadHere) {
  const Place place;
  const auto site = make_site(place, "site", {record_of(1, 1), record_of(2, 2)});
  {
    const auto store = RecordStore::open({.user_directory = place / "user", .site_databases = {site}});
    ASSERT_TRUE(store->mark_bad(record_of(1, 1).id(), "wrong here").ok());
  }
  const auto store = RecordStore::open({.user_directory = place / "user", .site_databases = {site}});
  EXPECT_EQ(configs_of(store->find(key_of())), std::vector<std::string>{config_text(2)});
}

TEST(RecordLayers, SitesAreNeverTouched) {
  const Place place;
  const auto site = make_site(place, "site", {record_of(1, 1)});
  const std::string before = sha256_hex(*read_file(site));
  const auto time = fs::last_write_time(site);
  fs::permissions(place / "site", fs::perms::owner_read | fs::perms::owner_exec);
  {
    const auto store = RecordStore::open({.user_directory = place / "user", .site_databases = {site}});
    EXPECT_EQ(store->find(key_of()).size(), 1u);
    ASSERT_TRUE(store->add(record_of(2, 2)).ok());
  }
  fs::permissions(place / "site", fs::perms::owner_all);
  EXPECT_EQ(sha256_hex(*read_file(site)), before);
  EXPECT_EQ(fs::last_write_time(site), time);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(place / "site")) names.push_back(entry.path().filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("records.db", "records.db.lock"));
}

TEST(RecordLayers, ASiteThatCannotBeReadIsLeftOut) {
  const Place place;
  const auto good = make_site(place, "good", {record_of(1, 1)});
  std::ofstream(place / "garbage.db") << std::string(8192, 'g');
  Sql(place / "foreign.db").run("CREATE TABLE t (a)");
  const auto torn = make_site(place, "torn", {record_of(2, 2)});
  fs::resize_file(torn, 4096);
  LogCapture log;
  const auto store =
      RecordStore::open({.user_directory = place / "user",
                         .site_databases = {place / "garbage.db", place / "missing.db", place / "foreign.db", torn, good}});
  EXPECT_EQ(store->find(key_of()).size(), 1u);
  EXPECT_EQ(log.count("left out"), 4);
  for (const auto& file : {place / "garbage.db", place / "foreign.db", torn}) EXPECT_TRUE(fs::exists(file));
  EXPECT_TRUE(files_with(place.path(), "corrupt").empty());
}

TEST(RecordLayers, NothingIsCreatedReadOnly) {
  const Place place;
  const auto store = RecordStore::open({.user_directory = place / "user", .read_only = true});
  EXPECT_FALSE(fs::exists(place / "user"));
  EXPECT_EQ(store->health().state, "memory");
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 1u);
  EXPECT_FALSE(fs::exists(place / "user"));
}

TEST(RecordLayers, ReadOnlyReadsAndDoesNotWrite) {
  const Place place;
  {
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  }
  {
    const auto store = RecordStore::open({.user_directory = place.path(), .read_only = true});
    EXPECT_EQ(store->find(key_of()).size(), 1u);
    EXPECT_EQ(store->health().state, "read_only");
    ASSERT_TRUE(store->add(record_of(2, 2)).ok());
    EXPECT_EQ(store->find(key_of()).size(), 2u);
  }
  EXPECT_EQ(Sql(place / "records.db").integer("SELECT count(*) FROM record"), 1);
}

TEST(RecordLayers, ADirectoryThatOthersCanWriteIsNotTrusted) {
  const Place place;
  const fs::path directory = place / "shared";
  fs::create_directory(directory);
  ASSERT_EQ(::chmod(directory.c_str(), 0770), 0);
  LogCapture log;
  const auto store = open_records(directory);
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 1u);
  EXPECT_EQ(store->health().state, "memory");
  EXPECT_THAT(store->health().notice, HasSubstr("chmod go-w"));
  EXPECT_EQ(log.count("chmod go-w"), 1);
  EXPECT_TRUE(fs::is_empty(directory));
}

TEST(RecordLayers, AFileThatOthersCanWriteIsNotTrusted) {
  const Place place;
  {
    const auto store = open_records(place.path());
    ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  }
  ASSERT_EQ(::chmod((place / "records.db").c_str(), 0666), 0);
  const auto store = open_records(place.path());
  EXPECT_TRUE(store->find(key_of()).empty());
  EXPECT_THAT(store->health().notice, HasSubstr("chmod 600"));
}

TEST(RecordLayers, NewPlacesArePrivate) {
  const Place place;
  const mode_t old = ::umask(0);
  const auto store = open_records(place / "deep/er");
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  ::umask(old);
  struct stat info{};
  ASSERT_EQ(::stat((place / "deep/er").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  for (const auto& entry : fs::directory_iterator(place / "deep/er")) {
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0177, 0u) << entry.path();
  }
}

TEST(RecordLayers, ADirectoryThatCannotBeMadeMeansMemory) {
  LogCapture log;
  const auto store = open_records("/proc/self/attune-cannot-be-here");
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  ASSERT_TRUE(store->add(record_of(2, 2)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 2u);
  EXPECT_EQ(store->health().state, "memory");
  EXPECT_EQ(log.lines().size(), 1u);
}

TEST(RecordLayers, SurvivesTheRemovalOfItsDirectory) {
  const Place place;
  const auto store = open_records(place / "user");
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  fs::remove_all(place / "user");
  ASSERT_TRUE(store->add(record_of(2, 2)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 1u);
  EXPECT_EQ(store->health().state, "ok");
  EXPECT_EQ(Sql(place / "user/records.db").integer("SELECT count(*) FROM record"), 1);
}

TEST(RecordLayers, AStuckWriterCostsNothingButTheDisk) {
  const Place place;
  auto store = open_records(place.path());
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  LogCapture log;
  {
    Sql other(place / "records.db");
    other.run("BEGIN IMMEDIATE");
    ASSERT_TRUE(store->add(record_of(2, 2)).ok());
    ASSERT_TRUE(store->add(record_of(3, 3)).ok());  // at once: the queue is known not to move
    EXPECT_EQ(store->find(key_of()).size(), 3u);
    EXPECT_EQ(store->health().state, "memory");
    EXPECT_EQ(store->health().records, 3);
    EXPECT_EQ(log.count("stay in memory"), 1);
  }
  // What waited is written when the store is closed, at the latest.
  store.reset();
  EXPECT_EQ(Sql(place / "records.db").integer("SELECT count(*) FROM record"), 3);
}

// Runs `child` in a forked process and returns its exit code.
int in_child(const std::function<int()>& child) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(child());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(RecordLayers, AForkedChildLeavesTheDatabaseOfItsParentAlone) {
  const Place place;
  const auto site = make_site(place, "site", {record_of(9, 9)});
  const auto store = RecordStore::open({.user_directory = place / "user", .site_databases = {site}});
  ASSERT_TRUE(store->add(record_of(1, 1)).ok());
  EXPECT_EQ(in_child([&] {
              // The inherited store, and one that the child opens itself.
              if (!store->add(record_of(2, 2)).ok() || store->health().state != "spooling") return 1;
              if (store->find(key_of()).size() != 2) return 2;  // its own and the site's
              const auto own = RecordStore::open({.user_directory = place / "user"});
              if (!own->add(record_of(3, 3)).ok() || own->health().state != "spooling") return 3;
              for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
                std::error_code ignored;
                if (fs::read_symlink(entry.path(), ignored) == place / "user/records.db-journal") return 4;
              }
              return 0;
            }),
            0);
  EXPECT_EQ(store->health().state, "ok");
  ASSERT_TRUE(store->add(record_of(4, 4)).ok());
  EXPECT_EQ(store->find(key_of()).size(), 3u);
  // The rows of the child lie in the spool until somebody opens the store.
  const auto next = open_records(place / "user");
  EXPECT_EQ(next->find(key_of()).size(), 4u);
  EXPECT_EQ(Sql(place / "user/records.db").value("PRAGMA integrity_check"), "ok");
}

TEST(RecordLayers, AChildOfAProcessThatClosedItsStoreMayOpenItsOwn) {
  const Place place;
  open_records(place.path())->add_device(device_of("device-a"));
  EXPECT_EQ(in_child([&] {
              const auto own = open_records(place.path());
              return own->add(record_of(1, 1)).ok() && own->health().state == "ok" ? 0 : 1;
            }),
            0);
  EXPECT_EQ(open_records(place.path())->find(key_of()).size(), 1u);
}

}  // namespace
}  // namespace attune::cache
