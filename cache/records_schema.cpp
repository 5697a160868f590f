// Tables of the record store, version 2, and the way up from version 1. docs/cache.md describes every column.
#include <array>

#include "cache/rows.hpp"
#include "cache/schema.hpp"

namespace attune::cache {
namespace {

// Ids are SHA-256 in hex and computed from content, so two databases agree on them without talking to each other.
// `record` keeps its rowid: salvage walks a damaged table by it.
constexpr const char* create_sql = R"sql(
CREATE TABLE device (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, arch TEXT NOT NULL, json TEXT NOT NULL,
  compute_units INTEGER NOT NULL, l2_bytes INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, driver_major INTEGER NOT NULL
) STRICT;
CREATE TABLE toolchain (
  id TEXT PRIMARY KEY, compiler TEXT NOT NULL, compiler_version TEXT NOT NULL, generator_version TEXT NOT NULL,
  json TEXT NOT NULL
) STRICT;
CREATE TABLE session (
  id TEXT PRIMARY KEY, host TEXT NOT NULL, command TEXT NOT NULL, budget TEXT NOT NULL, seed INTEGER NOT NULL,
  started_unix_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE tuning (
  id TEXT PRIMARY KEY, family TEXT NOT NULL, family_version INTEGER NOT NULL, spec TEXT NOT NULL, spec_id TEXT NOT NULL,
  shape_bucket TEXT NOT NULL, device_id TEXT NOT NULL
) STRICT;
CREATE INDEX tuning_by_spec ON tuning (spec_id, family, family_version);
CREATE TABLE problem (id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE record (
  id TEXT PRIMARY KEY, tuning_id TEXT NOT NULL, problem_id TEXT NOT NULL, config TEXT NOT NULL,
  toolchain_id TEXT NOT NULL, session_id TEXT NOT NULL, status TEXT NOT NULL, status_detail TEXT NOT NULL,
  samples INTEGER NOT NULL, min_ms REAL, median_ms REAL, mad_ms REAL, p95_ms REAL, cache_regime TEXT NOT NULL,
  clock_before_mhz REAL, clock_after_mhz REAL, compile_ms REAL, registers INTEGER NOT NULL, spill_bytes INTEGER NOT NULL,
  shared_bytes INTEGER NOT NULL, code_bytes INTEGER NOT NULL, validated INTEGER NOT NULL, max_error REAL, tolerance REAL,
  complexity INTEGER NOT NULL DEFAULT 0, measured_unix_ms INTEGER NOT NULL, checksum TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX record_by_tuning ON record (tuning_id);
)sql";

// What version 2 has beyond version 1. A winner is this query, spelled out in ranking.cpp for the library itself.
constexpr const char* added_in_2 = R"sql(
CREATE TABLE bad (record_id TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (record_id, reason)) STRICT;
CREATE VIEW winner AS
WITH good AS (
  SELECT r.*, row_number() OVER (PARTITION BY tuning_id, problem_id, config ORDER BY measured_unix_ms DESC, id) AS age
  FROM record AS r
  WHERE status = 'ok' AND validated = 1 AND median_ms > 0 AND median_ms < 9e999
    AND NOT EXISTS (SELECT 1 FROM bad WHERE bad.record_id = r.id)
    AND NOT EXISTS (SELECT 1 FROM record AS later
                    WHERE later.tuning_id = r.tuning_id AND later.config = r.config
                      AND later.status = 'validation_failed' AND later.measured_unix_ms > r.measured_unix_ms
                      AND NOT EXISTS (SELECT 1 FROM bad WHERE bad.record_id = later.id))
), timed AS (
  SELECT *, first_value(median_ms) OVER fastest AS best_ms,
         min(first_value(coalesce(mad_ms, 0)) OVER fastest, 0.02 * first_value(median_ms) OVER fastest) AS best_tie
  FROM good WHERE age = 1
  WINDOW fastest AS (PARTITION BY tuning_id, problem_id ORDER BY median_ms, complexity, config)
), placed AS (
  SELECT *, row_number() OVER (
    PARTITION BY tuning_id, problem_id
    ORDER BY median_ms - best_ms > min(coalesce(mad_ms, 0), best_tie),
             iif(median_ms - best_ms > min(coalesce(mad_ms, 0), best_tie), 0, complexity),
             median_ms, complexity, config) AS place
  FROM timed
)
SELECT tuning.family, tuning.family_version, tuning.spec, tuning.shape_bucket, device.name AS device, placed.config,
       placed.median_ms, placed.mad_ms, placed.min_ms, placed.samples, placed.measured_unix_ms, problem.json AS problem,
       placed.id AS record_id, placed.tuning_id
FROM placed JOIN tuning ON tuning.id = placed.tuning_id JOIN problem ON problem.id = placed.problem_id
     LEFT JOIN device ON device.id = tuning.device_id
WHERE placed.place = 1;
)sql";

// Version 1 had no complexity, no checksum, and marked bad records without a reason.
Result<void> migrate_1_to_2(sqlite::Connection& connection) {
  ATTUNE_CHECK(
      connection.execute("ALTER TABLE record ADD COLUMN complexity INTEGER NOT NULL DEFAULT 0;"
                         "ALTER TABLE record ADD COLUMN checksum TEXT NOT NULL DEFAULT '';"
                         "ALTER TABLE bad RENAME TO bad_1;"));
  ATTUNE_CHECK(connection.execute(added_in_2));
  ATTUNE_CHECK(
      connection.execute("INSERT OR IGNORE INTO bad SELECT record_id, 'marked under schema version 1' FROM bad_1;"
                         "DROP TABLE bad_1;"));
  return rewrite_checksums(connection);
}

constexpr std::array<Schema::Migration, 1> migrations = {migrate_1_to_2};

}  // namespace

const Schema& records_schema() {
  static const std::string create = std::string(create_sql) + added_in_2;
  static const Schema schema{
      .name = "records",
      .application_id = 0x41545231,  // "ATR1"
      .version = 2,
      .create = create.c_str(),
      .migrations = migrations,
      .probes = record_probes(),
  };
  return schema;
}

}  // namespace attune::cache
