// Tables of the kernel store, version 2.
#include <array>
#include <string>

#include "cache/schema.hpp"

namespace attune::cache {
namespace {

// `use` is apart from `kernel` because SQLite rewrites a whole row, blob included, when one column of it changes; it also
// carries the size, so that adding up or ordering by age never touches a page with a blob in it.
constexpr const char* create_sql = R"sql(
CREATE TABLE kernel (
  compile_key TEXT PRIMARY KEY, arch TEXT NOT NULL, compiler TEXT NOT NULL, entries TEXT NOT NULL, label TEXT NOT NULL,
  compile_ms REAL, registers INTEGER NOT NULL, spill_bytes INTEGER NOT NULL, shared_bytes INTEGER NOT NULL,
  created_unix_ms INTEGER NOT NULL, checksum TEXT NOT NULL, blob BLOB NOT NULL
) STRICT;
CREATE TABLE use (
  compile_key TEXT PRIMARY KEY, last_use_unix_ms INTEGER NOT NULL, size_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What a compiler says beside its code.
constexpr const char* added_in_2 =
    "ALTER TABLE kernel ADD COLUMN stack_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE kernel ADD COLUMN warnings TEXT NOT NULL DEFAULT '';";

Result<void> migrate_1_to_2(sqlite::Connection& connection) { return connection.execute(added_in_2); }

constexpr std::array<Schema::Migration, 1> migrations = {migrate_1_to_2};

constexpr std::array probes = {
    "SELECT compile_key, arch, compiler, entries, label, compile_ms, registers, spill_bytes, shared_bytes, created_unix_ms, "
    "checksum, blob, stack_bytes, warnings FROM kernel",
    "SELECT compile_key, last_use_unix_ms, size_bytes FROM use",
};

}  // namespace

const Schema& kernels_schema() {
  static const std::string create = std::string(create_sql) + added_in_2;
  static const Schema schema{
      .name = "kernels",
      .application_id = 0x41544b31,  // "ATK1"
      .version = 2,
      .create = create.c_str(),
      .migrations = migrations,
      .probes = probes,
  };
  return schema;
}

}  // namespace attune::cache
