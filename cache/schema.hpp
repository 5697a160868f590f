// What a database file must look like to be ours: application id, version, tables, and the way up from older versions.
// Private to cache/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "cache/sqlite.hpp"
#include "common/result.hpp"

namespace attune::cache {

struct Schema {
  std::string name;        // "records": the file is <name>.db
  int64_t application_id;  // SQLite header field: four letters that `file` shows
  int64_t version;         // user_version of a file this code writes
  const char* create;      // statements that make an empty file a file of `version`
  // migrations[i] turns version i + 1 into i + 2, inside one transaction.
  using Migration = Result<void> (*)(sqlite::Connection&);
  std::span<const Migration> migrations;
  // Queries that must compile on a file of this version; they touch every table and column that is used.
  std::span<const char* const> probes;
};

const Schema& records_schema();
const Schema& kernels_schema();

enum class Condition {
  empty,  // no bytes, or a database without tables that nobody has claimed
  current,
  older,    // migrate
  newer,    // read only, never written, never deleted
  foreign,  // another program's database: never touched
};

// Reads the header and the schema, no data page. Damage is reported as Status::cache_corrupt.
Result<Condition> inspect(sqlite::Connection& connection, const Schema& schema);

// Makes an empty database current, in one transaction.
Result<void> create(sqlite::Connection& connection, const Schema& schema);

// Brings an older database up, in one transaction. The caller has made a backup.
Result<void> migrate(sqlite::Connection& connection, const Schema& schema);

// Compiles the probes: a file of a newer version may have lost a column that we read.
Result<void> probe(sqlite::Connection& connection, const Schema& schema);

// Reads every page, index and probe. An error with Status::cache_corrupt says what was found.
Result<void> check_integrity(sqlite::Connection& connection, const Schema& schema);

// An empty store in memory with the current schema.
Result<sqlite::Connection> open_in_memory(const Schema& schema);

// A database that is only read: opened immutable or read-only; an older one is copied into memory and migrated there.
// Refuses what is not ours, and a newer one whose tables we cannot read.
Result<sqlite::Connection> open_for_reading(const std::filesystem::path& path, sqlite::Access access, const Schema& schema);

}  // namespace attune::cache
