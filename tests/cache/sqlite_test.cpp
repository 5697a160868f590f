// The wrapper, the file lock, and UTF-8.
#include "cache/sqlite.hpp"

#include <cmath>

#include "cache/file_lock.hpp"
#include "cache/utf8.hpp"
#include "tests/cache/fixtures.hpp"

namespace attune::cache {
namespace {

using testing::Place;
using testing::Sql;

TEST(Sqlite, BindsAndReadsEveryType) {
  auto connection = sqlite::Connection::in_memory();
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(connection->execute("CREATE TABLE t (a INTEGER, b REAL, c TEXT, d BLOB)").ok());
  const std::string blob("\0\x01\xff", 3);
  {
    auto insert = connection->prepare("INSERT INTO t VALUES (?,?,?,?)");
    ASSERT_TRUE(insert.ok());
    EXPECT_TRUE(insert->bind(INT64_MIN).bind(0.1).bind(std::string_view("")).bind_blob(blob).run().ok());
    EXPECT_TRUE(insert->bind(int64_t{7}).bind(NAN).bind(std::string_view("x\0y", 3)).bind_blob("").run().ok());
  }
  auto rows = connection->prepare("SELECT a, b, c, d FROM t ORDER BY rowid");
  ASSERT_TRUE(rows.ok());
  ASSERT_TRUE(*rows->step());
  EXPECT_EQ(rows->integer(0), INT64_MIN);
  EXPECT_EQ(rows->real(1), 0.1);
  EXPECT_EQ(rows->text(2), "");
  EXPECT_EQ(rows->text(3), blob);
  ASSERT_TRUE(*rows->step());
  EXPECT_TRUE(std::isnan(rows->real(1)));
  EXPECT_EQ(rows->text(2), std::string("x\0y", 3));
  EXPECT_EQ(rows->text(3), "");
  EXPECT_FALSE(*rows->step());
}

TEST(Sqlite, AnUncommittedTransactionIsRolledBack) {
  auto connection = sqlite::Connection::in_memory();
  ASSERT_TRUE(connection->execute("CREATE TABLE t (a)").ok());
  {
    auto transaction = sqlite::Transaction::begin(*connection);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(connection->execute("INSERT INTO t VALUES (1)").ok());
  }
  EXPECT_EQ(*connection->integer("SELECT count(*) FROM t"), 0);
  auto transaction = sqlite::Transaction::begin(*connection);
  ASSERT_TRUE(connection->execute("INSERT INTO t VALUES (1)").ok());
  ASSERT_TRUE(transaction->commit().ok());
  EXPECT_EQ(*connection->integer("SELECT count(*) FROM t"), 1);
}

TEST(Sqlite, ErrorsNameTheFileAndTheRemedy) {
  const Place place;
  const auto missing = sqlite::Connection::open(place / "no/such.db", sqlite::Access::read_write, 0);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().status(), Status::io_error);
  EXPECT_NE(missing.error().message().find("no/such.db"), std::string::npos);
  EXPECT_NE(missing.error().message().find("Check that the directory exists"), std::string::npos);
}

TEST(Sqlite, ABusyDatabaseIsATimeout) {
  const Place place;
  Sql other(place / "a.db");
  other.run("CREATE TABLE t (a); BEGIN IMMEDIATE");
  auto connection = sqlite::Connection::open(place / "a.db", sqlite::Access::read_write, 10);
  ASSERT_TRUE(connection.ok());
  const auto transaction = sqlite::Transaction::begin(*connection);
  ASSERT_FALSE(transaction.ok());
  EXPECT_EQ(transaction.error().status(), Status::timed_out);
}

// Views and triggers are programs; a file from elsewhere must not run one.
TEST(Sqlite, ViewsAndTriggersOfAFileDoNotRun) {
  const Place place;
  {
    Sql sql(place / "a.db");
    sql.run(
        "CREATE TABLE t (a); CREATE TABLE log (a); CREATE VIEW v AS SELECT * FROM t;"
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END");
  }
  auto connection = sqlite::Connection::open(place / "a.db", sqlite::Access::read_write, 10);
  ASSERT_TRUE(connection.ok());
  EXPECT_FALSE(connection->integer("SELECT count(*) FROM v").ok());
  ASSERT_TRUE(connection->execute("INSERT INTO t VALUES (1)").ok());
  EXPECT_EQ(*connection->integer("SELECT count(*) FROM log"), 0);
}

TEST(Sqlite, OpensPathsWithCharactersThatMeanSomethingInAUri) {
  const Place place;
  const auto file = place / "a b?c=d#e%41'.db";
  {
    auto connection = sqlite::Connection::open(file, sqlite::Access::read_write, 0);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(connection->execute("CREATE TABLE t (a)").ok());
  }
  EXPECT_TRUE(std::filesystem::exists(file));
  const auto immutable = sqlite::Connection::open(file, sqlite::Access::immutable, 0);
  EXPECT_TRUE(immutable.ok());
}

TEST(FileLock, SharedAdmitsSharedAndKeepsExclusiveOut) {
  const Place place;
  const auto a = FileLock::open(place / "l"), b = FileLock::open(place / "l");
  ASSERT_TRUE(a.ok() && b.ok());
  {
    const auto first = a->shared(0), second = b->shared(0);
    EXPECT_TRUE(first.ok());
    EXPECT_TRUE(second.ok());
  }
  {
    const auto first = a->shared(0);
    const auto second = b->exclusive(20);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().status(), Status::timed_out);
  }
  EXPECT_TRUE(b->exclusive(0).ok());
  EXPECT_FALSE(FileLock::is_inherited(place / "l"));
}

TEST(Utf8, AcceptsWhatRfc3629AllowsAndNothingElse) {
  for (const std::string_view good : {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "a\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(bad)) << ::testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace attune::cache
