#include "cache/rows.hpp"

#include <array>
#include <unordered_set>
#include <utility>

#include "cache/fingerprint.hpp"

namespace attune::cache {
namespace {

constexpr const char* insert_device_sql = "INSERT OR IGNORE INTO device VALUES (?,?,?,?,?,?,?,?,?)";
constexpr const char* insert_toolchain_sql = "INSERT OR IGNORE INTO toolchain VALUES (?,?,?,?,?)";
constexpr const char* insert_session_sql = "INSERT OR IGNORE INTO session VALUES (?,?,?,?,?,?)";
// These two are shared by many records, and their ids are hashes of what they hold: a row that differs is damaged, and
// healed.
constexpr const char* insert_tuning_sql =
    "INSERT INTO tuning VALUES (?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET family = excluded.family, "
    "family_version = excluded.family_version, spec = excluded.spec, spec_id = excluded.spec_id, "
    "shape_bucket = excluded.shape_bucket, device_id = excluded.device_id "
    "WHERE (family, family_version, spec, spec_id, shape_bucket, device_id) IS NOT (excluded.family, "
    "excluded.family_version, excluded.spec, excluded.spec_id, excluded.shape_bucket, excluded.device_id)";
constexpr const char* insert_problem_sql =
    "INSERT INTO problem VALUES (?,?) ON CONFLICT (id) DO UPDATE SET json = excluded.json WHERE json IS NOT excluded.json";
constexpr const char* insert_bad_sql = "INSERT OR IGNORE INTO bad VALUES (?,?)";
constexpr const char* insert_record_sql =
    "INSERT OR IGNORE INTO record (id, tuning_id, problem_id, config, toolchain_id, session_id, status, status_detail, "
    "samples, min_ms, median_ms, mad_ms, p95_ms, cache_regime, clock_before_mhz, clock_after_mhz, compile_ms, registers, "
    "spill_bytes, shared_bytes, code_bytes, validated, max_error, tolerance, complexity, measured_unix_ms, checksum) "
    "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

// Named columns, not *: a column that a newer version adds changes nothing here.
#define RECORD_COLUMNS                                                                                                  \
  "record.id, record.problem_id, config, toolchain_id, session_id, status, status_detail, samples, min_ms, median_ms, " \
  "mad_ms, p95_ms, cache_regime, clock_before_mhz, clock_after_mhz, compile_ms, registers, spill_bytes, shared_bytes, " \
  "code_bytes, validated, max_error, tolerance, complexity, measured_unix_ms, checksum, problem.json"
constexpr const char* select_records_sql =
    "SELECT " RECORD_COLUMNS " FROM record JOIN problem ON problem.id = record.problem_id WHERE tuning_id = ?";
#undef RECORD_COLUMNS

#define TUNING_COLUMNS "tuning.id, family, family_version, spec, shape_bucket, device_id"
constexpr const char* other_buckets_sql =
    "SELECT " TUNING_COLUMNS
    " FROM tuning WHERE spec_id = ? AND family = ? AND family_version = ? AND device_id = ? AND shape_bucket != ?";
constexpr const char* other_devices_sql =
    "SELECT " TUNING_COLUMNS
    " FROM tuning WHERE spec_id = ? AND family = ? AND family_version = ? AND shape_bucket = ? AND device_id != ?";
constexpr const char* all_keys_sql = "SELECT " TUNING_COLUMNS " FROM tuning ORDER BY tuning.id";
#undef TUNING_COLUMNS

constexpr const char* select_bad_sql = "SELECT record_id, reason FROM bad ORDER BY record_id, reason";
constexpr const char* select_devices_sql =
    "SELECT id, kind, name, arch, json, compute_units, l2_bytes, memory_bytes, driver_major FROM device ORDER BY id";
constexpr const char* select_toolchains_sql =
    "SELECT id, compiler, compiler_version, generator_version, json FROM toolchain ORDER BY id";
constexpr const char* select_sessions_sql =
    "SELECT id, host, command, budget, seed, started_unix_ms FROM session ORDER BY id";
constexpr const char* device_kind_sql = "SELECT kind FROM device WHERE id = ?";
constexpr const char* device_json_sql = "SELECT json FROM device WHERE id = ?";

constexpr std::array probes = {
    select_records_sql, other_buckets_sql, other_devices_sql,     all_keys_sql,        select_bad_sql,
    select_devices_sql, device_kind_sql,   select_toolchains_sql, select_sessions_sql, device_json_sql,
};

std::string problem_id(std::string_view json) { return Fingerprint("attune.problem.1").add(json).hex(); }
std::string spec_id(std::string_view spec) { return Fingerprint("attune.spec.1").add(spec).hex(); }

// Covers every stored column, ids included, so that a flipped bit anywhere in the row shows.
std::string checksum(const Record& r, std::string_view id, std::string_view tuning, std::string_view problem) {
  return Fingerprint("attune.record-row.2")
      .add(id)
      .add(tuning)
      .add(problem)
      .add(r.config)
      .add(r.toolchain_id)
      .add(r.session_id)
      .add(r.status)
      .add(r.status_detail)
      .add(r.statistics.samples)
      .add(r.statistics.min_ms)
      .add(r.statistics.median_ms)
      .add(r.statistics.mad_ms)
      .add(r.statistics.p95_ms)
      .add(r.cache_regime)
      .add(r.clock_before_mhz)
      .add(r.clock_after_mhz)
      .add(r.compile_ms)
      .add(r.registers)
      .add(r.spill_bytes)
      .add(r.shared_bytes)
      .add(r.code_bytes)
      .add(int64_t{r.validated})
      .add(r.max_error)
      .add(r.tolerance)
      .add(r.complexity)
      .add(r.measured_unix_ms)
      .hex();
}

// Fills `record` and verifies it. False: the row is damaged.
bool read_record(const sqlite::Statement& row, const TuningKey& key, std::string_view tuning, std::string& known_problem_id,
                 FoundRecord& found) {
  found.id = row.text(0);
  Record& record = found.stored.record;
  record.key = key;
  record.config = row.text(2);
  record.toolchain_id = row.text(3);
  record.session_id = row.text(4);
  record.status = row.text(5);
  record.status_detail = row.text(6);
  record.statistics = {row.integer(7), row.real(8), row.real(9), row.real(10), row.real(11)};
  record.cache_regime = row.text(12);
  record.clock_before_mhz = row.real(13);
  record.clock_after_mhz = row.real(14);
  record.compile_ms = row.real(15);
  record.registers = row.integer(16);
  record.spill_bytes = row.integer(17);
  record.shared_bytes = row.integer(18);
  record.code_bytes = row.integer(19);
  record.validated = row.integer(20) != 0;
  record.max_error = row.real(21);
  record.tolerance = row.real(22);
  record.complexity = row.integer(23);
  record.measured_unix_ms = row.integer(24);
  record.problem = row.text(26);
  // The records of one key mostly share one problem: its hash is computed once.
  if (row.view(1) != known_problem_id) {
    if (problem_id(record.problem) != row.view(1)) return false;
    known_problem_id = row.text(1);
  }
  return checksum(record, found.id, tuning, known_problem_id) == row.view(25);
}

Result<std::vector<TuningKey>> read_keys(sqlite::Statement& statement, std::vector<std::string>& damaged_ids) {
  std::vector<TuningKey> keys;
  while (true) {
    ATTUNE_TRY(const bool row, statement.step());
    if (!row) return keys;
    TuningKey key{statement.text(1), statement.integer(2), statement.text(3), statement.text(4), statement.text(5)};
    if (tuning_id(key) == statement.view(0)) {
      keys.push_back(std::move(key));
    } else {
      damaged_ids.push_back(statement.text(0));
    }
  }
}

Result<std::string> device_text(sqlite::Connection& connection, const char* sql, const std::string& device_id) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(sql));
  ATTUNE_TRY(const bool row, statement.bind(std::string_view(device_id)).step());
  return row ? statement.text(0) : std::string();
}

Result<void> delete_ids(sqlite::Connection& connection, const char* sql, const std::vector<std::string>& ids) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(sql));
  for (const std::string& id : ids) ATTUNE_CHECK(statement.bind(std::string_view(id)).run());
  return {};
}

Result<int64_t> insert_records(sqlite::Connection& connection, const std::vector<Record>& records) {
  ATTUNE_TRY(sqlite::Statement tunings, connection.prepare(insert_tuning_sql));
  ATTUNE_TRY(sqlite::Statement problems, connection.prepare(insert_problem_sql));
  ATTUNE_TRY(sqlite::Statement rows, connection.prepare(insert_record_sql));
  int64_t added = 0;
  for (const Record& r : records) {
    const std::string id = r.id(), tuning = tuning_id(r.key), problem = problem_id(r.problem);
    tunings.bind(std::string_view(tuning))
        .bind(std::string_view(r.key.family))
        .bind(r.key.family_version)
        .bind(std::string_view(r.key.spec))
        .bind(std::string_view(spec_id(r.key.spec)))
        .bind(std::string_view(r.key.shape_bucket))
        .bind(std::string_view(r.key.device_id));
    ATTUNE_CHECK(tunings.run());
    problems.bind(std::string_view(problem)).bind(std::string_view(r.problem));
    ATTUNE_CHECK(problems.run());
    const Statistics& s = r.statistics;
    rows.bind(std::string_view(id))
        .bind(std::string_view(tuning))
        .bind(std::string_view(problem))
        .bind(std::string_view(r.config))
        .bind(std::string_view(r.toolchain_id))
        .bind(std::string_view(r.session_id))
        .bind(std::string_view(r.status))
        .bind(std::string_view(r.status_detail))
        .bind(s.samples)
        .bind(s.min_ms)
        .bind(s.median_ms)
        .bind(s.mad_ms)
        .bind(s.p95_ms)
        .bind(std::string_view(r.cache_regime))
        .bind(r.clock_before_mhz)
        .bind(r.clock_after_mhz)
        .bind(r.compile_ms)
        .bind(r.registers)
        .bind(r.spill_bytes)
        .bind(r.shared_bytes)
        .bind(r.code_bytes)
        .bind(int64_t{r.validated})
        .bind(r.max_error)
        .bind(r.tolerance)
        .bind(r.complexity)
        .bind(r.measured_unix_ms)
        .bind(std::string_view(checksum(r, id, tuning, problem)));
    ATTUNE_CHECK(rows.run());
    added += connection.changes();
  }
  return added;
}

}  // namespace

Result<int64_t> insert_rows(sqlite::Connection& connection, const RowBatch& batch) {
  for (const DeviceRow& d : batch.devices) {
    ATTUNE_TRY(sqlite::Statement statement, connection.prepare(insert_device_sql));
    statement.bind(std::string_view(d.id))
        .bind(std::string_view(d.kind))
        .bind(std::string_view(d.name))
        .bind(std::string_view(d.arch))
        .bind(std::string_view(d.json))
        .bind(d.compute_units)
        .bind(d.l2_bytes)
        .bind(d.memory_bytes)
        .bind(d.driver_major);
    ATTUNE_CHECK(statement.run());
  }
  for (const ToolchainRow& t : batch.toolchains) {
    ATTUNE_TRY(sqlite::Statement statement, connection.prepare(insert_toolchain_sql));
    statement.bind(std::string_view(t.id))
        .bind(std::string_view(t.compiler))
        .bind(std::string_view(t.compiler_version))
        .bind(std::string_view(t.generator_version))
        .bind(std::string_view(t.json));
    ATTUNE_CHECK(statement.run());
  }
  for (const SessionRow& s : batch.sessions) {
    ATTUNE_TRY(sqlite::Statement statement, connection.prepare(insert_session_sql));
    statement.bind(std::string_view(s.id))
        .bind(std::string_view(s.host))
        .bind(std::string_view(s.command))
        .bind(std::string_view(s.budget))
        .bind(s.seed)
        .bind(s.started_unix_ms);
    ATTUNE_CHECK(statement.run());
  }
  for (const BadMark& b : batch.bad) {
    ATTUNE_TRY(sqlite::Statement statement, connection.prepare(insert_bad_sql));
    ATTUNE_CHECK(statement.bind(std::string_view(b.record_id)).bind(std::string_view(b.reason)).run());
  }
  return insert_records(connection, batch.records);
}

Result<void> read_records(sqlite::Connection& connection, const TuningKey& key, ReadOutcome& outcome) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(select_records_sql));
  const std::string tuning = tuning_id(key);
  statement.bind(std::string_view(tuning));
  std::string known_problem_id;
  while (true) {
    ATTUNE_TRY(const bool row, statement.step());
    if (!row) return {};
    if (!read_record(statement, key, tuning, known_problem_id, outcome.records.emplace_back())) {
      outcome.records.pop_back();
      ++outcome.damaged;
    }
  }
}

Result<std::vector<TuningKey>> other_bucket_keys(sqlite::Connection& connection, const TuningKey& key) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(other_buckets_sql));
  statement.bind(std::string_view(spec_id(key.spec)))
      .bind(std::string_view(key.family))
      .bind(key.family_version)
      .bind(std::string_view(key.device_id))
      .bind(std::string_view(key.shape_bucket));
  std::vector<std::string> damaged_ids;
  return read_keys(statement, damaged_ids);
}

Result<std::vector<TuningKey>> other_device_keys(sqlite::Connection& connection, const TuningKey& key) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(other_devices_sql));
  statement.bind(std::string_view(spec_id(key.spec)))
      .bind(std::string_view(key.family))
      .bind(key.family_version)
      .bind(std::string_view(key.shape_bucket))
      .bind(std::string_view(key.device_id));
  std::vector<std::string> damaged_ids;
  return read_keys(statement, damaged_ids);
}

Result<std::vector<TuningKey>> all_keys(sqlite::Connection& connection) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(all_keys_sql));
  std::vector<std::string> damaged_ids;
  return read_keys(statement, damaged_ids);
}

Result<std::vector<BadMark>> read_bad(sqlite::Connection& connection) {
  ATTUNE_TRY(sqlite::Statement statement, connection.prepare(select_bad_sql));
  std::vector<BadMark> rows;
  while (true) {
    ATTUNE_TRY(const bool row, statement.step());
    if (!row) return rows;
    rows.push_back({statement.text(0), statement.text(1)});
  }
}

Result<std::vector<DeviceRow>> read_devices(sqlite::Connection& connection) {
  ATTUNE_TRY(sqlite::Statement s, connection.prepare(select_devices_sql));
  std::vector<DeviceRow> rows;
  while (true) {
    ATTUNE_TRY(const bool row, s.step());
    if (!row) return rows;
    rows.push_back(
        {s.text(0), s.text(1), s.text(2), s.text(3), s.text(4), s.integer(5), s.integer(6), s.integer(7), s.integer(8)});
  }
}

Result<std::vector<ToolchainRow>> read_toolchains(sqlite::Connection& connection) {
  ATTUNE_TRY(sqlite::Statement s, connection.prepare(select_toolchains_sql));
  std::vector<ToolchainRow> rows;
  while (true) {
    ATTUNE_TRY(const bool row, s.step());
    if (!row) return rows;
    rows.push_back({s.text(0), s.text(1), s.text(2), s.text(3), s.text(4)});
  }
}

Result<std::vector<SessionRow>> read_sessions(sqlite::Connection& connection) {
  ATTUNE_TRY(sqlite::Statement s, connection.prepare(select_sessions_sql));
  std::vector<SessionRow> rows;
  while (true) {
    ATTUNE_TRY(const bool row, s.step());
    if (!row) return rows;
    rows.push_back({s.text(0), s.text(1), s.text(2), s.text(3), s.integer(4), s.integer(5)});
  }
}

Result<std::string> device_kind(sqlite::Connection& connection, const std::string& device_id) {
  return device_text(connection, device_kind_sql, device_id);
}

Result<std::string> device_json(sqlite::Connection& connection, const std::string& device_id) {
  return device_text(connection, device_json_sql, device_id);
}

Result<void> rewrite_checksums(sqlite::Connection& connection) {
  ATTUNE_TRY(const std::vector<TuningKey> keys, all_keys(connection));
  ATTUNE_TRY(sqlite::Statement update, connection.prepare("UPDATE record SET checksum = ? WHERE id = ?"));
  for (const TuningKey& key : keys) {
    const std::string tuning = tuning_id(key);
    std::vector<std::pair<std::string, std::string>> sums;
    {
      ATTUNE_TRY(sqlite::Statement rows, connection.prepare(select_records_sql));
      rows.bind(std::string_view(tuning));
      while (true) {
        ATTUNE_TRY(const bool row, rows.step());
        if (!row) break;
        FoundRecord found;
        std::string problem;
        read_record(rows, key, tuning, problem, found);
        sums.emplace_back(found.id, checksum(found.stored.record, found.id, tuning, rows.view(1)));
      }
    }
    for (const auto& [id, sum] : sums) {
      ATTUNE_CHECK(update.bind(std::string_view(sum)).bind(std::string_view(id)).run());
    }
  }
  return {};
}

Result<int64_t> drop_damaged(sqlite::Connection& connection) {
  std::vector<std::string> tunings, problems, records;
  std::unordered_set<std::string> sound;
  ATTUNE_TRY(sqlite::Statement key_rows, connection.prepare(all_keys_sql));
  ATTUNE_TRY(const std::vector<TuningKey> keys, read_keys(key_rows, tunings));
  for (const TuningKey& key : keys) {
    ReadOutcome outcome;
    ATTUNE_CHECK(read_records(connection, key, outcome));
    for (FoundRecord& found : outcome.records) sound.insert(std::move(found.id));
  }
  {
    ATTUNE_TRY(sqlite::Statement rows, connection.prepare("SELECT id FROM record"));
    while (true) {
      ATTUNE_TRY(const bool row, rows.step());
      if (!row) break;
      std::string id = rows.text(0);
      if (!sound.contains(id)) records.push_back(std::move(id));
    }
  }
  {
    ATTUNE_TRY(sqlite::Statement rows, connection.prepare("SELECT id, json FROM problem"));
    while (true) {
      ATTUNE_TRY(const bool row, rows.step());
      if (!row) break;
      if (problem_id(rows.view(1)) != rows.view(0)) problems.push_back(rows.text(0));
    }
  }
  ATTUNE_CHECK(delete_ids(connection, "DELETE FROM record WHERE id = ?", records));
  ATTUNE_CHECK(delete_ids(connection, "DELETE FROM tuning WHERE id = ?", tunings));
  ATTUNE_CHECK(delete_ids(connection, "DELETE FROM problem WHERE id = ?", problems));
  return static_cast<int64_t>(records.size());
}

std::span<const char* const> record_probes() { return probes; }

}  // namespace attune::cache
