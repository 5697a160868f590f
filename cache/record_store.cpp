// The record store: the public face over its layers, export, import and merge.
#include "cache/record_store.hpp"

#include <fmt/format.h>

#include "cache/fork_aware.hpp"
#include "cache/record_layers.hpp"
#include "cache/records_json.hpp"
#include "cache/spool.hpp"
#include "common/files.hpp"

namespace attune::cache {
namespace {

namespace fs = std::filesystem;

constexpr uintmax_t max_import_bytes = uintmax_t{1} << 30;
// Merging commits this many records at a time, so that others get at the lock in between.
constexpr size_t merge_step_records = 1000;

Error not_usable(const fs::path& path, std::string_view why) {
  return {Status::io_error, fmt::format("cannot read {}: {}.", path.native(), why)};
}

class LayeredRecordStore final : public RecordStore {
 public:
  explicit LayeredRecordStore(const RecordStoreOptions& options)
      : layers_([options](bool forked) { return std::make_unique<RecordLayers>(options, forked); }) {}

  Result<void> add(const Record& record) override {
    RowBatch batch;
    batch.records.push_back(record);
    return write(std::move(batch));
  }

  void add_device(const DeviceRow& row) override {
    RowBatch batch;
    batch.devices.push_back(row);
    write_or_log(std::move(batch));
  }

  void add_toolchain(const ToolchainRow& row) override {
    RowBatch batch;
    batch.toolchains.push_back(row);
    write_or_log(std::move(batch));
  }

  void add_session(const SessionRow& row) override {
    RowBatch batch;
    batch.sessions.push_back(row);
    write_or_log(std::move(batch));
  }

  std::vector<StoredRecord> find(const TuningKey& key) override { return layers_.get().find(key); }
  std::vector<StoredRecord> find_other_buckets(const TuningKey& key) override {
    return layers_.get().find_other_buckets(key);
  }
  std::vector<StoredRecord> find_other_devices(const TuningKey& key) override {
    return layers_.get().find_other_devices(key);
  }
  std::vector<StoredRecord> all() override { return layers_.get().all(); }

  Result<void> mark_bad(const std::string& record_id, const std::string& reason) override {
    RowBatch batch;
    batch.bad.push_back({record_id, reason});
    return write(std::move(batch));
  }

  Result<int64_t> export_to(const fs::path& path) override {
    const RowBatch rows = layers_.get().everything();
    std::string text = header_line(rows.size()) + '\n';
    const auto append = [&text](const auto& list) {
      for (const auto& row : list) text.append(to_line(row)).push_back('\n');
    };
    append(rows.devices);
    append(rows.toolchains);
    append(rows.sessions);
    append(rows.records);
    append(rows.bad);
    ATTUNE_CHECK(write_file_atomically(path, text));
    return static_cast<int64_t>(rows.records.size());
  }

  Result<int64_t> import_from(const fs::path& path) override {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return not_usable(path, "it is not a regular file. Check the path");
    const uintmax_t bytes = fs::file_size(path, error);
    if (error || bytes > max_import_bytes) {
      return not_usable(path, fmt::format("it has more than {} bytes. Split it by session or device", max_import_bytes));
    }
    ATTUNE_TRY(const std::string text, read_file(path));
    auto rows = parse_export(text);
    if (!rows.ok()) return rows.error().within(path.native());
    return layers_.get().write(*std::move(rows));
  }

  Result<int64_t> merge_from(const fs::path& database) override {
    std::error_code error;
    if (!fs::is_directory(database, error)) return merge_file(database);
    SpoolContents spool = read_spool(spool_directory(database));
    const fs::path file = database / "records.db";
    const bool has_file = fs::exists(file, error);
    if (!has_file && spool.files.empty())
      return not_usable(database, "it holds neither records.db nor a spool. Check the path");
    ATTUNE_TRY(int64_t added, layers_.get().write(std::move(spool.rows)));
    if (has_file) {
      ATTUNE_TRY(const int64_t from_file, merge_file(file));
      added += from_file;
    }
    return added;
  }

  Health health() override { return layers_.get().health(); }
  Health check() override { return layers_.get().check(); }

 private:
  Result<void> write(RowBatch batch) {
    ATTUNE_CHECK(layers_.get().write(std::move(batch)));
    return {};
  }

  // The contract returns nothing: what a caller could do about it is in the log.
  void write_or_log(RowBatch batch) {
    const auto written = layers_.get().write(std::move(batch));
    if (!written.ok()) log(LogLevel::warning, written.error().message());
  }

  Result<int64_t> merge_file(const fs::path& file) {
    if (layers_.get().is_user_file(file)) return int64_t{0};
    auto source = open_for_reading(file, sqlite::Access::read_only, records_schema());
    if (!source.ok() && source.error().status() == Status::io_error) {
      source = open_for_reading(file, sqlite::Access::immutable, records_schema());
    }
    if (!source.ok()) return source.error();

    RowBatch batch;
    ATTUNE_TRY(batch.devices, read_devices(*source));
    ATTUNE_TRY(batch.toolchains, read_toolchains(*source));
    ATTUNE_TRY(batch.sessions, read_sessions(*source));
    ATTUNE_TRY(batch.bad, read_bad(*source));
    ATTUNE_TRY(const auto keys, all_keys(*source));
    int64_t added = 0, damaged = 0;
    const auto flush = [&]() -> Result<void> {
      ATTUNE_TRY(const int64_t more, layers_.get().write(std::exchange(batch, {})));
      added += more;
      return {};
    };
    for (const TuningKey& key : keys) {
      ReadOutcome outcome;
      ATTUNE_CHECK(read_records(*source, key, outcome));
      damaged += outcome.damaged;
      for (FoundRecord& found : outcome.records) {
        // A file from elsewhere may hold an id that is not the hash of its row: the id is computed anew on the way in.
        batch.records.push_back(std::move(found.stored.record));
        if (batch.records.size() >= merge_step_records) ATTUNE_CHECK(flush());
      }
    }
    ATTUNE_CHECK(flush());
    if (damaged > 0) {
      log(LogLevel::warning,
          fmt::format("{} records of {} do not match their checksum and were not merged.", damaged, file.native()));
    }
    return added;
  }

  ForkAware<RecordLayers> layers_;
};

}  // namespace

std::unique_ptr<RecordStore> RecordStore::open(const RecordStoreOptions& options) {
  return std::make_unique<LayeredRecordStore>(options);
}

}  // namespace attune::cache
