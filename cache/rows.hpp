// Rows of the record store: identities, checksums, and their way in and out of a database. Private to cache/.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cache/record_store.hpp"
#include "cache/sqlite.hpp"

namespace attune::cache {

struct BadMark {
  std::string record_id, reason;
  bool operator==(const BadMark&) const = default;
};

// Anything that can be written: one row, a spool, a file that is imported, a part of another database.
struct RowBatch {
  std::vector<DeviceRow> devices;
  std::vector<ToolchainRow> toolchains;
  std::vector<SessionRow> sessions;
  std::vector<Record> records;
  std::vector<BadMark> bad;

  size_t size() const { return devices.size() + toolchains.size() + sessions.size() + records.size() + bad.size(); }
  void append(RowBatch&& other);
};

// The longest text of one field. A spec or a config is a few hundred bytes; a megabyte is a mistake or an attack.
constexpr size_t max_text_bytes = 256 << 10;

// sha256 over the fields of the key: the primary key of `tuning`.
std::string tuning_id(const TuningKey& key);

// Rejects what could not be stored, exported and read back the same: empty identities, text that is too long or not UTF-8.
Result<void> check_row(const Record& record);
Result<void> check_batch(const RowBatch& batch);

// Insert or ignore, by id. Returns how many records were new. Call inside a transaction.
Result<int64_t> insert_rows(sqlite::Connection& connection, const RowBatch& batch);

// A record as it lies in one layer.
struct FoundRecord {
  std::string id;
  StoredRecord stored;
};

// Rows whose checksum does not match are left out and counted.
struct ReadOutcome {
  std::vector<FoundRecord> records;
  int64_t damaged = 0;
};

// The records of one tuning key.
Result<void> read_records(sqlite::Connection& connection, const TuningKey& key, ReadOutcome& outcome);
// Tuning keys in the database that match; any order.
Result<std::vector<TuningKey>> other_bucket_keys(sqlite::Connection& connection, const TuningKey& key);
Result<std::vector<TuningKey>> other_device_keys(sqlite::Connection& connection, const TuningKey& key);
Result<std::vector<TuningKey>> all_keys(sqlite::Connection& connection);

Result<std::vector<BadMark>> read_bad(sqlite::Connection& connection);
Result<std::vector<DeviceRow>> read_devices(sqlite::Connection& connection);
Result<std::vector<ToolchainRow>> read_toolchains(sqlite::Connection& connection);
Result<std::vector<SessionRow>> read_sessions(sqlite::Connection& connection);
Result<std::string> device_kind(sqlite::Connection& connection, const std::string& device_id);
Result<std::string> device_json(sqlite::Connection& connection, const std::string& device_id);

// Writes the checksum of every record anew: a migration that adds a column ends with it.
Result<void> rewrite_checksums(sqlite::Connection& connection);

// Deletes rows that do not add up (a wrong checksum, a missing tuning key or problem), and returns how many records went.
// A damaged row would keep a good copy of itself out: insert-or-ignore goes by id.
Result<int64_t> drop_damaged(sqlite::Connection& connection);

// The queries above, for Schema::probes.
std::span<const char* const> record_probes();

}  // namespace attune::cache
