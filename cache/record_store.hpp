// Records: every measured config, kept for ever, merged by insert-or-ignore. A winner is a query, never a stored fact.
// The store knows columns and hashes, not what they mean.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"

namespace attune::cache {

// Where a measurement stood: everything that selects among records.
struct TuningKey {
  std::string family;
  int64_t family_version = 0;
  std::string spec;  // canonical JSON
  std::string shape_bucket;
  std::string device_id;  // hash of the device class
  bool operator==(const TuningKey&) const = default;
};

struct DeviceRow {  // table `device`
  std::string id, kind, name, arch, json;
  int64_t compute_units = 0, l2_bytes = 0, memory_bytes = 0, driver_major = 0;
};

struct ToolchainRow {  // table `toolchain`
  std::string id, compiler, compiler_version, generator_version, json;
};

struct SessionRow {  // table `session`
  std::string id, host, command, budget;
  int64_t seed = 0;
  int64_t started_unix_ms = 0;
};

struct Statistics {
  int64_t samples = 0;
  double min_ms = 0, median_ms = 0, mad_ms = 0, p95_ms = 0;
  bool operator==(const Statistics&) const = default;
};

struct Record {
  TuningKey key;
  std::string problem;      // canonical JSON of the actual shape
  std::string config;       // canonical JSON
  std::string device_json;  // filled on read from the device table
  std::string toolchain_id;
  std::string session_id;
  std::string status;         // "ok", "compile_failed", "launch_failed", "timed_out", "validation_failed", "pruned", ...
  std::string status_detail;  // one sentence when not ok
  Statistics statistics;
  std::string cache_regime;                          // "hot", "cold"
  double clock_before_mhz = 0, clock_after_mhz = 0;  // 0: not known
  double compile_ms = 0;
  int64_t registers = 0, spill_bytes = 0, shared_bytes = 0, code_bytes = 0;
  bool validated = false;
  double max_error = 0, tolerance = 0;
  int64_t complexity = 0;  // tie-break inside the noise: the simpler config wins
  int64_t measured_unix_ms = 0;

  // sha256 over key, problem, config, toolchain, session and time: the primary key.
  std::string id() const;
};

enum class Layer { memory, user, site };

struct StoredRecord {
  Record record;
  Layer layer = Layer::memory;
  std::string file;        // database file, empty for memory
  std::string bad_reason;  // why mark_bad was called; only all() returns such records
};

struct RecordStoreOptions {
  std::filesystem::path user_directory = {};               // empty: in memory only
  std::vector<std::filesystem::path> site_databases = {};  // read-only layers, opened immutable, in order
  bool read_only = false;                                  // never write the user layer
  // Is user_directory on a network file system? Empty: ask the file system. Set it for mounts that do not say so.
  std::optional<bool> network_file_system = {};
};

// Opening never fails for cache reasons: a store that cannot be opened, is corrupt, or belongs to a newer Attune degrades to
// memory (or to read-only) and logs one notice that says so. Thread-safe; any number of processes may share the files.
class RecordStore {
 public:
  static std::unique_ptr<RecordStore> open(const RecordStoreOptions& options);
  virtual ~RecordStore() = default;

  // Idempotent. On return the record is committed in the user layer, or, when that is not writable, kept in memory (or
  // spooled as an immutable file where the directory is on a network file system).
  virtual Result<void> add(const Record& record) = 0;
  virtual void add_device(const DeviceRow& row) = 0;
  virtual void add_toolchain(const ToolchainRow& row) = 0;
  virtual void add_session(const SessionRow& row) = 0;

  // All records of a key, best first: status ok and validated by median of the latest measurement of each config, others
  // after them. `mark_bad` rows are left out. A config whose later measurement failed its validation is no winner any more;
  // of configs within the noise (MAD) of the fastest, the one of least complexity comes first.
  virtual std::vector<StoredRecord> find(const TuningKey& key) = 0;
  // Same family, version and spec with any other bucket, on the same device: seeds and neighbour shapes. Buckets in
  // ascending order, the records of each best first.
  virtual std::vector<StoredRecord> find_other_buckets(const TuningKey& key) = 0;
  // Same family, version, spec and bucket on other devices of the same kind: sibling seeds. The records of each device
  // best first. Needs the row of key.device_id (add_device).
  virtual std::vector<StoredRecord> find_other_devices(const TuningKey& key) = 0;
  // Everything, for export, top and gc; records marked bad too, with their bad_reason.
  virtual std::vector<StoredRecord> all() = 0;

  // A record that failed its constraints or its run for an actual shape: skipped from now on, with the reason kept.
  virtual Result<void> mark_bad(const std::string& record_id, const std::string& reason) = 0;

  // JSON lines with a header line (format name, schema version). Import is strict: a malformed line is reported by number,
  // and nothing is imported from such a file.
  virtual Result<int64_t> export_to(const std::filesystem::path& path) = 0;
  virtual Result<int64_t> import_from(const std::filesystem::path& path) = 0;
  // Another database file of ours, or a user directory with its spool, insert-or-ignore. Returns how many records were new.
  virtual Result<int64_t> merge_from(const std::filesystem::path& database) = 0;

  struct Health {
    std::string state;  // "ok", "memory", "read_only", "spooling"
    std::string file;
    std::string notice;  // why it is not "ok"; empty otherwise
    int64_t records = 0;
    int64_t size_bytes = 0;
    int64_t schema_version = 0;
  };
  virtual Health health() = 0;
  // Reads every page and verifies every checksum of the user layer, repairs what it can, and returns the health after that.
  virtual Health check() = 0;
};

}  // namespace attune::cache
