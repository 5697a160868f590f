// Opening the layers, and where rows go.
#include "cache/record_layers.hpp"

#include <fmt/format.h>

#include "cache/salvage.hpp"
#include "cache/schema.hpp"
#include "cache/spool.hpp"
#include "common/files.hpp"

namespace attune::cache {
namespace {

namespace fs = std::filesystem;

// After a queue for the write lock that did not move, the next calls go to memory at once instead of waiting again.
constexpr auto busy_pause = std::chrono::seconds(10);
// Rows that wait in memory for a full disk or a stuck lock. Beyond it they stay in memory only.
constexpr size_t max_pending_rows = 200000;

bool is_on_network(const RecordStoreOptions& options) {
  if (options.network_file_system.has_value()) return *options.network_file_system;
  return file_system_of(options.user_directory).network;
}

}  // namespace

RecordLayers::RecordLayers(const RecordStoreOptions& options, bool forked) : options_(options) {
  Notices notices;
  auto memory = open_in_memory(records_schema());
  if (memory.ok()) {
    memory_ = *std::move(memory);
  } else {
    notices.add(LogLevel::error, "cache:records:memory", memory.error().message());
  }
  if (!options_.user_directory.empty()) {
    const bool network = is_on_network(options_);
    user_.emplace(
        UserDatabaseOptions{
            .directory = options_.user_directory,
            .read_only = options_.read_only,
            .forked = forked,
            .network = network,
            .fsync_commits = true,
            .salvage = salvage_records,
        },
        records_schema());
    user_->open(notices);
    spooling_ = !options_.read_only &&
                ((network && ensure_private_directory(options_.user_directory).ok()) || user_->is_inherited());
    fold_spool(notices);
  }
  for (const fs::path& file : options_.site_databases) open_site(file, notices);
}

RecordLayers::~RecordLayers() {
  Notices notices;
  const std::scoped_lock lock(mutex_);
  if (pending_.size() == 0 || !user_) return;
  const auto saved = user_->write(
      [this](sqlite::Connection& connection) -> Result<void> {
        ATTUNE_CHECK(insert_rows(connection, pending_));
        return {};
      },
      notices);
  if (!saved.ok()) {
    notices.add(LogLevel::warning, fmt::format("cache:{}:lost", user_->file().native()),
                fmt::format("{} rows could not be written to {} and end with this process: {}", pending_.size(),
                            user_->file().native(), saved.error().message()));
  }
}

void RecordLayers::open_site(const fs::path& file, Notices& notices) {
  auto connection = open_for_reading(file, sqlite::Access::immutable, records_schema());
  if (connection.ok()) {
    sites_.push_back({file, *std::move(connection)});
    return;
  }
  notices.add(LogLevel::warning, fmt::format("cache:{}:site", file.native()),
              fmt::format("the site records {} are left out: {}", file.native(), connection.error().message()));
}

// Into the user layer where it can be written: then the files go. Elsewhere into memory, and the files stay.
void RecordLayers::fold_spool(Notices& notices) {
  const bool writable = user_->mode() == Mode::writable;
  if (!writable && !spooling_) return;
  for (bool more = true; more;) {
    SpoolContents contents = read_spool(spool_directory(options_.user_directory));
    if (!contents.damaged.empty()) {
      notices.add(
          LogLevel::warning, fmt::format("cache:{}:spool", user_->file().native()),
          fmt::format("{} spool files are damaged and were left where they are, the first of them {}. Delete them when "
                      "you do not need them.",
                      contents.damaged.size(), contents.damaged.front().native()));
    }
    if (contents.files.empty()) return;
    Result<void> folded;
    if (writable) {
      folded = user_->write(
          [&contents](sqlite::Connection& connection) -> Result<void> {
            ATTUNE_CHECK(insert_rows(connection, contents.rows));
            return {};
          },
          notices);
    }
    if (!writable || !folded.ok()) {
      const auto in_memory = write_memory(contents.rows);
      static_cast<void>(in_memory.ok());  // without memory there is nothing left to degrade to
      return;
    }
    remove_spool_files(contents.files);
    more = contents.more;
  }
}

Result<int64_t> RecordLayers::write_memory(const RowBatch& batch) {
  if (!memory_) return Error(Status::out_of_memory, "there is no memory for records. Free some memory.");
  memory_used_ = true;
  bad_version_.reset();
  ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*memory_));
  ATTUNE_TRY(const int64_t added, insert_rows(*memory_, batch));
  ATTUNE_CHECK(transaction.commit());
  return added;
}

Result<int64_t> RecordLayers::write(RowBatch batch) {
  ATTUNE_CHECK(check_batch(batch));
  Notices notices;
  Result<int64_t> added = int64_t{0};
  {
    const std::scoped_lock lock(mutex_);
    added = write_locked(batch, notices);
  }
  if (!spooling_ || !added.ok()) return added;
  const auto spooled = write_spool(spool_directory(options_.user_directory), batch);
  if (!spooled.ok()) {
    notices.add(LogLevel::warning, fmt::format("cache:{}:spool-write", user_->file().native()),
                "new records stay in memory: " + spooled.error().message());
  }
  return added;
}

Result<int64_t> RecordLayers::write_locked(RowBatch& batch, Notices& notices) {
  const bool wanted = user_ && user_->mode() == Mode::writable;
  if (wanted && std::chrono::steady_clock::now() >= next_write_) {
    int64_t added = 0;
    const auto written = user_->write(
        [&](sqlite::Connection& connection) -> Result<void> {
          ATTUNE_CHECK(insert_rows(connection, pending_));
          ATTUNE_TRY(added, insert_rows(connection, batch));
          return {};
        },
        notices);
    bad_version_.reset();
    if (written.ok()) {
      pending_ = {};
      write_notice_.clear();
      return added;
    }
    write_notice_ = written.error().message();
    if (written.error().status() == Status::timed_out) next_write_ = std::chrono::steady_clock::now() + busy_pause;
    notices.add(
        LogLevel::warning, fmt::format("cache:{}:write", user_->file().native()),
        fmt::format("new records stay in memory until {} can be written: {}", user_->file().native(), write_notice_));
  }
  ATTUNE_TRY(const int64_t added, write_memory(batch));
  if (wanted && pending_.size() + batch.size() <= max_pending_rows) pending_.append(std::move(batch));
  return added;
}

bool RecordLayers::is_user_file(const fs::path& path) {
  std::error_code error;
  return user_ && fs::equivalent(path, user_->file(), error) && !error;
}

RecordStore::Health RecordLayers::health() {
  const std::scoped_lock lock(mutex_);
  return health_locked();
}

RecordStore::Health RecordLayers::health_locked() {
  RecordStore::Health health;
  health.state = "memory";
  sqlite::Connection* memory = memory_ ? &*memory_ : nullptr;
  const auto count = [&health](sqlite::Connection& connection) -> Result<void> {
    ATTUNE_TRY(health.records, connection.integer("SELECT count(*) FROM record"));
    ATTUNE_TRY(const int64_t pages, connection.integer("PRAGMA page_count"));
    ATTUNE_TRY(const int64_t page_bytes, connection.integer("PRAGMA page_size"));
    ATTUNE_TRY(health.schema_version, connection.integer("PRAGMA user_version"));
    health.size_bytes = pages * page_bytes;
    return {};
  };
  Notices notices;
  bool counted = false;
  if (user_) {
    health.file = user_->file();
    counted = user_->read(count, notices).ok();
    const int64_t waiting = static_cast<int64_t>(pending_.records.size());
    if (counted) health.records += waiting;
    if (spooling_) {
      health.state = "spooling";
      health.notice = user_->is_inherited()
                          ? user_->notice()
                          : fmt::format(
                                "{} is on a network file system: new records go to {} and are merged "
                                "later (`attune merge`)",
                                options_.user_directory.native(), spool_directory(options_.user_directory).native());
    } else if (user_->mode() == Mode::writable && write_notice_.empty()) {
      health.state = "ok";
    } else {
      if (user_->mode() == Mode::read_only) health.state = "read_only";
      health.notice = write_notice_.empty() ? user_->notice() : write_notice_;
      if (health.notice.empty()) health.notice = "the store was opened read-only";
    }
  }
  if (!counted && memory != nullptr) counted = count(*memory).ok();
  return health;
}

RecordStore::Health RecordLayers::check() {
  Notices notices;
  const std::scoped_lock lock(mutex_);
  if (user_) {
    // A failure closes the layer, which health reports.
    const auto sound = user_->check(notices);
    if (sound.ok()) drop_damaged_rows(notices);
  }
  return health_locked();
}

void RecordLayers::drop_damaged_rows(Notices& notices) {
  if (!user_ || user_->mode() != Mode::writable) return;
  int64_t dropped = 0;
  const auto done = user_->write(
      [&dropped](sqlite::Connection& connection) -> Result<void> {
        ATTUNE_TRY(dropped, drop_damaged(connection));
        return {};
      },
      notices);
  if (!done.ok() || dropped == 0) return;
  notices.add(LogLevel::warning, fmt::format("cache:{}:rows", user_->file().native()),
              fmt::format("{} records in {} did not match their checksum and were dropped. Merge a backup to get them back.",
                          dropped, user_->file().native()));
}

}  // namespace attune::cache
