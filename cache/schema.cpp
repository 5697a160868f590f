#include "cache/schema.hpp"

#include <fmt/format.h>

namespace attune::cache {
namespace {

// Waiting for another process that recovers or checkpoints the file; both take milliseconds.
constexpr int reader_busy_timeout_ms = 1000;

Error damaged(const sqlite::Connection& connection, std::string_view what) {
  return {Status::cache_corrupt, fmt::format("{} is damaged: {}. Move the file away, or restore it from a backup.",
                                             connection.path().native(), what)};
}

Result<void> stamp(sqlite::Connection& connection, const Schema& schema) {
  return connection.execute(
      fmt::format("PRAGMA application_id={};PRAGMA user_version={};", schema.application_id, schema.version));
}

}  // namespace

Result<Condition> inspect(sqlite::Connection& connection, const Schema& schema) {
  ATTUNE_TRY(const int64_t application_id, connection.integer("PRAGMA application_id"));
  ATTUNE_TRY(const int64_t version, connection.integer("PRAGMA user_version"));
  ATTUNE_TRY(const int64_t objects, connection.integer("SELECT count(*) FROM sqlite_schema"));
  if (application_id == 0 && version == 0 && objects == 0) return Condition::empty;
  if (application_id != schema.application_id) return Condition::foreign;
  if (version > schema.version) return Condition::newer;
  if (version == schema.version) return Condition::current;
  if (version < 1) return damaged(connection, fmt::format("its schema version is {}", version));
  return Condition::older;
}

Result<void> create(sqlite::Connection& connection, const Schema& schema) {
  ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection));
  ATTUNE_CHECK(connection.execute(schema.create));
  ATTUNE_CHECK(stamp(connection, schema));
  return transaction.commit();
}

Result<void> migrate(sqlite::Connection& connection, const Schema& schema) {
  ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(connection));
  ATTUNE_TRY(const int64_t version, connection.integer("PRAGMA user_version"));
  for (auto step = static_cast<size_t>(version - 1); step < schema.migrations.size(); ++step) {
    ATTUNE_CHECK(schema.migrations[step](connection));
  }
  ATTUNE_CHECK(stamp(connection, schema));
  ATTUNE_CHECK(probe(connection, schema));
  return transaction.commit();
}

Result<void> probe(sqlite::Connection& connection, const Schema& schema) {
  for (const char* sql : schema.probes) {
    const auto statement = connection.prepare(sql);
    if (statement.ok()) continue;
    // "no such column" is an ordinary SQL error to SQLite; in a file that claims our schema it is damage.
    if (statement.error().status() != Status::internal) return statement.error();
    return damaged(connection, statement.error().message());
  }
  return {};
}

Result<void> check_integrity(sqlite::Connection& connection, const Schema& schema) {
  ATTUNE_TRY(const std::string verdict, connection.text("PRAGMA integrity_check(1)"));
  if (verdict != "ok") {
    // "*** in database main ***\nPage 20: ...": the log is one line a message.
    return damaged(connection, verdict.substr(verdict.find('\n') + 1));
  }
  ATTUNE_TRY(const Condition condition, inspect(connection, schema));
  return condition == Condition::current ? probe(connection, schema) : Result<void>();
}

Result<sqlite::Connection> open_in_memory(const Schema& schema) {
  ATTUNE_TRY(sqlite::Connection connection, sqlite::Connection::in_memory());
  ATTUNE_CHECK(create(connection, schema));
  return connection;
}

Result<sqlite::Connection> open_for_reading(const std::filesystem::path& path, sqlite::Access access, const Schema& schema) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return Error(Status::not_found, fmt::format("{} is not a file. Check the path.", path.native()));
  }
  ATTUNE_TRY(sqlite::Connection connection, sqlite::Connection::open(path, access, reader_busy_timeout_ms));
  ATTUNE_TRY(const Condition condition, inspect(connection, schema));
  switch (condition) {
    case Condition::current:
    case Condition::newer: {
      const auto readable = probe(connection, schema);
      if (readable.ok()) return connection;
      if (condition == Condition::current) return readable.error();
      return Error(Status::unsupported, fmt::format("{} was written by a newer Attune (schema {}), whose tables this one "
                                                    "cannot read. Use the newer Attune.",
                                                    path.native(), connection.integer("PRAGMA user_version").value_or(0)));
    }
    case Condition::older: {
      ATTUNE_TRY(sqlite::Connection copy, sqlite::Connection::in_memory());
      ATTUNE_CHECK(copy.copy_from(connection));
      ATTUNE_CHECK(migrate(copy, schema));
      return copy;
    }
    case Condition::empty:
      return Error(Status::unsupported,
                   fmt::format("{} is empty. Name a database of Attune {}.", path.native(), schema.name));
    case Condition::foreign: break;
  }
  return Error(Status::unsupported, fmt::format("{} is a database of another program. Name a database of Attune {}.",
                                                path.native(), schema.name));
}

}  // namespace attune::cache
