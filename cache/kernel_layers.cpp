#include "cache/kernel_layers.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cache/schema.hpp"
#include "common/files.hpp"

namespace attune::cache {
namespace {

namespace fs = std::filesystem;

constexpr size_t memory_layer = 0, user_layer = 1;
// Time of last use is kept to the hour, so a kernel that is loaded a thousand times costs one small write.
constexpr int64_t use_resolution_ms = 3600 * 1000;
constexpr size_t max_unwritten_uses = 256;
constexpr int64_t day_ms = int64_t{24} * 3600 * 1000;
// After a queue for the write lock that did not move, the next calls go to memory at once instead of waiting again.
constexpr auto busy_pause = std::chrono::seconds(10);

int64_t now_unix_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

KernelLayers::KernelLayers(const KernelStoreOptions& options, bool forked) : options_(options) {
  Notices notices;
  auto memory = open_in_memory(kernels_schema());
  if (memory.ok()) {
    memory_ = *std::move(memory);
  } else {
    notices.add(LogLevel::error, "cache:kernels:memory", memory.error().message());
  }
  if (!options_.user_directory.empty()) {
    user_.emplace(
        UserDatabaseOptions{
            .directory = options_.user_directory,
            .read_only = options_.read_only,
            .forked = forked,
            .network = options_.network_file_system.value_or(file_system_of(options_.user_directory).network),
            .fsync_commits = false,
        },
        kernels_schema());
    user_->open(notices);
  }
  for (const fs::path& file : options_.site_databases) {
    auto connection = open_for_reading(file, sqlite::Access::immutable, kernels_schema());
    if (connection.ok()) {
      sites_.push_back({file, *std::move(connection)});
    } else {
      notices.add(LogLevel::warning, fmt::format("cache:{}:site", file.native()),
                  fmt::format("the site kernels {} are left out: {}", file.native(), connection.error().message()));
    }
  }
}

KernelLayers::~KernelLayers() {
  Notices notices;
  const std::scoped_lock lock(mutex_);
  flush_uses(notices);
}

fs::path KernelLayers::layer_file(size_t layer) const {
  if (layer == memory_layer) return {};
  return layer == user_layer ? user_->file() : sites_[layer - 2].file;
}

std::optional<StoredKernel> KernelLayers::read_layer(size_t layer, const std::string& compile_key, Notices& notices) {
  if (shadowed_.contains({layer, compile_key})) return std::nullopt;
  std::optional<StoredKernel> found;
  const auto read = [&](sqlite::Connection& connection) -> Result<void> {
    ATTUNE_TRY(found, read_kernel(connection, compile_key));
    return {};
  };
  Result<void> outcome;
  if (layer == memory_layer) {
    if (memory_ && memory_used_) outcome = read(*memory_);
  } else if (layer == user_layer) {
    if (user_ && user_->mode() != Mode::closed) outcome = user_->read(read, notices);
  } else if (Site& site = sites_[layer - 2]; site.connection) {
    outcome = read(*site.connection);
    if (!outcome.ok()) site.connection.reset();
  }
  if (outcome.ok()) return found;
  notices.add(LogLevel::warning, fmt::format("cache:{}:read", layer_file(layer).native()),
              "kernels are compiled anew: " + outcome.error().message());
  return std::nullopt;
}

std::optional<KernelRow> KernelLayers::find(std::string_view compile_key) {
  Notices notices;
  const std::string key(compile_key);
  for (size_t layer = 0; layer < layer_count(); ++layer) {
    std::optional<StoredKernel> found;
    {
      const std::scoped_lock lock(mutex_);
      found = read_layer(layer, key, notices);
    }
    if (!found) continue;
    const bool sound = checksum_of(found->row) == found->checksum;
    const std::scoped_lock lock(mutex_);
    if (!sound) {
      discard(layer, key, notices);
      continue;
    }
    if (layer == user_layer && now_unix_ms() - found->last_use_unix_ms > use_resolution_ms) {
      uses_[key] = now_unix_ms();
      if (uses_.size() >= max_unwritten_uses) flush_uses(notices);
    }
    return std::move(found->row);
  }
  return std::nullopt;
}

void KernelLayers::discard(size_t layer, const std::string& compile_key, Notices& notices) {
  notices.add(
      LogLevel::warning, fmt::format("cache:{}:checksum:{}", layer_file(layer).native(), compile_key),
      fmt::format("a kernel in {} does not match its checksum and is compiled anew (key {}). Check the disk when this "
                  "happens again.",
                  layer_file(layer).native(), compile_key));
  if (layer == user_layer && user_->mode() == Mode::writable) {
    const auto deleted = user_->write(
        [&](sqlite::Connection& connection) -> Result<void> {
          // Another process may have replaced the row by a good one in the meantime.
          ATTUNE_TRY(const auto stored, read_kernel(connection, compile_key));
          if (stored && checksum_of(stored->row) == stored->checksum) return {};
          return delete_kernel(connection, compile_key);
        },
        notices);
    if (deleted.ok()) return;
  }
  shadowed_.emplace(layer, compile_key);
}

Result<void> KernelLayers::insert(sqlite::Connection& connection, const KernelRow& row, const std::string& checksum) {
  // Room first, so that the new row is not the one that goes.
  const int64_t room_bytes = options_.max_bytes - static_cast<int64_t>(row.blob.size());
  ATTUNE_CHECK(delete_kernel(connection, row.compile_key));
  ATTUNE_CHECK(evict(connection, room_bytes, 0));
  return write_kernel(connection, row, checksum, now_unix_ms());
}

Result<void> KernelLayers::add(const KernelRow& row) {
  ATTUNE_CHECK(check_kernel(row));
  if (static_cast<int64_t>(row.blob.size()) > options_.max_bytes) {
    return Error(Status::resources_exceeded,
                 fmt::format("the kernel has {} bytes and the store may hold {}. Raise max_bytes.", row.blob.size(),
                             options_.max_bytes));
  }
  const std::string checksum = checksum_of(row);
  Notices notices;
  const std::scoped_lock lock(mutex_);
  if (user_ && user_->mode() == Mode::writable && std::chrono::steady_clock::now() >= next_write_) {
    const auto written = user_->write(
        [&](sqlite::Connection& connection) -> Result<void> {
          ATTUNE_CHECK(write_uses(connection));
          return insert(connection, row, checksum);
        },
        notices);
    if (written.ok()) {
      uses_.clear();
      write_notice_.clear();
      shadowed_.erase({user_layer, row.compile_key});
      return {};
    }
    write_notice_ = written.error().message();
    if (written.error().status() == Status::timed_out) next_write_ = std::chrono::steady_clock::now() + busy_pause;
    notices.add(LogLevel::warning, fmt::format("cache:{}:write", user_->file().native()),
                fmt::format("new kernels stay in memory: {}", write_notice_));
  }
  if (!memory_) return Error(Status::out_of_memory, "there is no memory for kernels. Free some memory.");
  memory_used_ = true;
  ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*memory_));
  ATTUNE_CHECK(insert(*memory_, row, checksum));
  return transaction.commit();
}

Result<void> KernelLayers::write_uses(sqlite::Connection& connection) {
  for (const auto& [key, time] : uses_) ATTUNE_CHECK(touch_kernel(connection, key, time));
  return {};
}

// Only advice for eviction: when it cannot be written, nothing is lost but that.
void KernelLayers::flush_uses(Notices& notices) {
  if (!uses_.empty() && user_ && user_->mode() == Mode::writable) {
    const auto written = user_->write([this](sqlite::Connection& connection) { return write_uses(connection); }, notices);
    static_cast<void>(written.ok());
  }
  uses_.clear();
}

Result<KernelStore::Removed> KernelLayers::collect_garbage(int64_t max_bytes, int64_t max_age_days) {
  if (max_bytes < 0 || max_age_days < 0) {
    return Error(Status::invalid_argument, "max_bytes and max_age_days are not negative. Give 0 or more.");
  }
  const int64_t now_ms = now_unix_ms();
  const int64_t oldest_ms = max_age_days > now_ms / day_ms ? 0 : now_ms - max_age_days * day_ms;
  Notices notices;
  const std::scoped_lock lock(mutex_);
  KernelStore::Removed removed;
  const auto remove = [&](sqlite::Connection& connection) -> Result<void> {
    ATTUNE_CHECK(write_uses(connection));
    ATTUNE_TRY(removed, evict(connection, max_bytes, oldest_ms));
    return {};
  };
  if (!user_) {
    if (!memory_) return removed;
    ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*memory_));
    ATTUNE_CHECK(remove(*memory_));
    ATTUNE_CHECK(transaction.commit());
    return removed;
  }
  if (user_->mode() != Mode::writable) return Error(Status::io_error, user_->notice());
  ATTUNE_CHECK(user_->write(remove, notices));
  uses_.clear();
  // Compacting needs as much free disk as the store has; without it the space is reused instead of given back.
  const auto compacted = user_->maintain(
      [](sqlite::Connection& connection) -> Result<void> {
        ATTUNE_CHECK(connection.execute("VACUUM"));
        return connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
      },
      notices);
  if (!compacted.ok()) {
    notices.add(LogLevel::warning, fmt::format("cache:{}:vacuum", user_->file().native()),
                "the kernel store was not compacted: " + compacted.error().message());
  }
  return removed;
}

KernelStore::Health KernelLayers::health() {
  const std::scoped_lock lock(mutex_);
  return health_locked();
}

KernelStore::Health KernelLayers::health_locked() {
  KernelStore::Health health;
  health.state = "memory";
  const auto count = [&health](sqlite::Connection& connection) -> Result<void> {
    ATTUNE_TRY(health.kernels, connection.integer("SELECT count(*) FROM use"));
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
    if (user_->mode() == Mode::writable && write_notice_.empty()) {
      health.state = "ok";
    } else {
      if (user_->mode() == Mode::read_only) health.state = "read_only";
      health.notice = write_notice_.empty() ? user_->notice() : write_notice_;
      if (health.notice.empty()) health.notice = "the store was opened read-only, or lies on a network file system";
    }
  }
  if (!counted && memory_) {
    const auto in_memory = count(*memory_);
    static_cast<void>(in_memory.ok());
  }
  return health;
}

KernelStore::Health KernelLayers::check() {
  Notices notices;
  const std::scoped_lock lock(mutex_);
  if (user_ && user_->check(notices).ok()) {
    std::vector<std::string> keys;
    const auto listed = user_->read(
        [&keys](sqlite::Connection& connection) -> Result<void> {
          ATTUNE_TRY(keys, kernel_keys(connection));
          return {};
        },
        notices);
    if (!listed.ok()) keys.clear();
    for (const std::string& key : keys) {
      const auto found = read_layer(user_layer, key, notices);
      if (found && checksum_of(found->row) != found->checksum) discard(user_layer, key, notices);
    }
    if (user_->mode() == Mode::writable) {
      const auto reconciled = user_->write(reconcile_uses, notices);
      if (!reconciled.ok()) write_notice_ = reconciled.error().message();
    }
  }
  return health_locked();
}

}  // namespace attune::cache
