#include "cache/user_database.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <system_error>

#include "common/files.hpp"

namespace attune::cache {
namespace {

namespace fs = std::filesystem;

// A transaction of ours takes milliseconds. Three waits of two seconds outlast a queue of hundreds of them; after that
// something is stuck, and the caller is better served from memory.
constexpr int busy_timeout_ms = 2000;
constexpr int attempts = 3;
constexpr int shared_lock_timeout_ms = 5000;
// Recovery of a large file reads all of it.
constexpr int exclusive_lock_timeout_ms = 10000;
// A WAL that once grew large is cut back to this size when it is reused.
constexpr int64_t journal_limit_bytes = 4 << 20;

fs::path with_suffix(const fs::path& file, std::string_view suffix) {
  fs::path path = file;
  path += suffix;
  return path;
}

std::string utc_now() { return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr))); }

// A name beside the file that nothing has yet.
fs::path corrupt_name(const fs::path& file) {
  const std::string base = ".corrupt-" + utc_now();
  fs::path name = with_suffix(file, base);
  std::error_code error;
  for (int n = 2; fs::exists(fs::symlink_status(name, error)); ++n) name = with_suffix(file, fmt::format("{}-{}", base, n));
  return name;
}

Result<void> sync_file(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (synced) return {};
  return Error(Status::io_error,
               fmt::format("cannot sync {}. Check the file system and the free space on it.", path.native()));
}

// Someone else's file in our directory: only an administrator could have put it there.
Result<void> check_owner(const fs::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return {};
  if (info.st_uid != ::geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error(Status::io_error, fmt::format("{0} belongs to another user or can be written by others, so what is in it "
                                               "cannot be trusted. Run: chown {1} {0} && chmod 600 {0}",
                                               file.native(), ::geteuid()));
  }
  return {};
}

}  // namespace

UserDatabase::UserDatabase(UserDatabaseOptions options, const Schema& schema)
    : options_(std::move(options)), schema_(schema), file_(options_.directory / (schema.name + ".db")) {}

std::optional<UserDatabase::Identity> UserDatabase::identity_of(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return Identity{info.st_dev, info.st_ino};
}

bool UserDatabase::was_replaced() const { return identity_of(file_) != identity_; }

void UserDatabase::say(LogLevel level, std::string_view kind, std::string message, Notices& notices) {
  notice_ = message;
  notices.add(level, fmt::format("cache:{}:{}", file_.native(), kind), std::move(message));
}

void UserDatabase::give_up(Mode mode, const Error& why, Notices& notices) {
  mode_ = mode;
  if (mode == Mode::closed) connection_.reset();
  say(LogLevel::warning, mode == Mode::closed ? "closed" : "read-only",
      fmt::format("the {} store goes on in memory{}: {}", schema_.name,
                  mode == Mode::closed ? "" : " and only reads its file", why.message()),
      notices);
}

Result<void> UserDatabase::connect(sqlite::Access access) {
  connection_.reset();
  ATTUNE_TRY(sqlite::Connection connection, sqlite::Connection::open(file_, access, busy_timeout_ms));
  identity_ = identity_of(file_);
  connection_ = std::move(connection);
  ++connections_;
  const auto tuned = connection_->execute(fmt::format("PRAGMA synchronous={};PRAGMA journal_size_limit={};",
                                                      options_.fsync_commits ? "FULL" : "NORMAL", journal_limit_bytes));
  // The first statement reads the header: damage there is for the inspection that follows, which knows what to do about it.
  return !tuned.ok() && sqlite::is_corruption(tuned.error()) ? Result<void>() : tuned;
}

int64_t UserDatabase::data_version() {
  if (!connection_) return 0;
  auto statement = connection_->prepare("PRAGMA data_version");
  if (!statement.ok() || !statement->step().value_or(false)) return 0;
  return connections_ << 32 | statement->integer(0);
}

void UserDatabase::open(Notices& notices) {
  connection_.reset();
  std::error_code error;
  if (options_.read_only && !fs::exists(options_.directory, error)) {
    mode_ = Mode::closed;  // nothing is created, and nothing is wrong
    notice_ = fmt::format("{} does not exist, and the store was opened read-only", file_.native());
    return;
  }
  const auto trusted = ensure_private_directory(options_.directory);
  if (!trusted.ok()) return give_up(Mode::closed, trusted.error(), notices);
  const auto owned = check_owner(file_);
  if (!owned.ok()) return give_up(Mode::closed, owned.error(), notices);
  if (options_.read_only || options_.network) return open_read_only(notices);

  const fs::path lock_path = with_suffix(file_, ".lock");
  inherited_ = options_.forked || FileLock::is_inherited(lock_path);
  if (inherited_) {
    return give_up(
        Mode::closed,
        Error(Status::io_error, fmt::format("this process was forked while {} was open, and SQLite's locks do not "
                                            "survive that. Start the process anew (exec) to share the file.",
                                            file_.native())),
        notices);
  }
  auto lock = FileLock::open(lock_path);
  if (!lock.ok()) {
    open_read_only(notices);
    return give_up(mode_, lock.error(), notices);
  }
  lock_ = *std::move(lock);
  const auto opened = open_writable(notices);
  if (opened.ok()) return;
  const Error& why = opened.error();
  if (why.status() == Status::unsupported) return give_up(Mode::closed, why, notices);  // not ours: never read, never moved
  open_read_only(notices);
  give_up(mode_, why, notices);
}

void UserDatabase::open_read_only(Notices& notices) {
  mode_ = Mode::closed;
  connection_.reset();
  std::error_code error;
  if (!fs::exists(file_, error)) {
    notice_ = fmt::format("{} does not exist, and this store may not create it", file_.native());
    return;
  }
  auto opened = open_for_reading(file_, options_.network ? sqlite::Access::immutable : sqlite::Access::read_only, schema_);
  // A WAL database in a directory that cannot be written has no -shm file to lock in. Then nobody writes it either.
  if (!opened.ok() && opened.error().status() == Status::io_error) {
    opened = open_for_reading(file_, sqlite::Access::immutable, schema_);
  }
  if (!opened.ok()) return give_up(Mode::closed, opened.error(), notices);
  connection_ = *std::move(opened);
  identity_ = identity_of(file_);
  mode_ = Mode::read_only;
}

Result<void> UserDatabase::open_writable(Notices& notices) {
  {
    ATTUNE_TRY(const FileLock::Held held, lock_.shared(shared_lock_timeout_ms));
    ATTUNE_CHECK(connect(sqlite::Access::read_write));
    const auto condition = inspect(*connection_, schema_);
    if (condition.ok() && *condition == Condition::current) {
      if (connection_->is_read_only()) {
        return Error(Status::io_error,
                     fmt::format("{} may not be written. Check its permissions and its mount.", file_.native()));
      }
      const auto readable = probe(*connection_, schema_);
      if (readable.ok()) {
        mode_ = Mode::writable;
        return {};
      }
      if (!sqlite::is_corruption(readable.error())) return readable.error();
    }
    if (!condition.ok() && !sqlite::is_corruption(condition.error())) return condition.error();
  }
  ATTUNE_TRY(const FileLock::Held held, lock_.exclusive(exclusive_lock_timeout_ms));
  ATTUNE_CHECK(bring_up(notices));
  mode_ = Mode::writable;
  return {};
}

Result<void> UserDatabase::bring_up(Notices& notices) {
  // Whoever held the lock before may have done all of it.
  ATTUNE_CHECK(connect(sqlite::Access::read_write));
  const auto condition = inspect(*connection_, schema_);
  if (!condition.ok()) {
    if (!sqlite::is_corruption(condition.error())) return condition.error();
    return replace_damaged(condition.error(), notices);
  }
  switch (*condition) {
    case Condition::empty: {
      ATTUNE_CHECK(set_journal());
      return create(*connection_, schema_);
    }
    case Condition::current: {
      auto sound = probe(*connection_, schema_);
      if (!sound.ok() && sqlite::is_corruption(sound.error())) return replace_damaged(sound.error(), notices);
      return sound;
    }
    case Condition::older: {
      const int64_t version = connection_->integer("PRAGMA user_version").value_or(0);
      ATTUNE_CHECK(back_up(version));
      auto migrated = migrate(*connection_, schema_);
      if (!migrated.ok() && sqlite::is_corruption(migrated.error())) return replace_damaged(migrated.error(), notices);
      if (migrated.ok()) {
        notices.add(LogLevel::info, fmt::format("cache:{}:migrated", file_.native()),
                    fmt::format("{} was migrated from schema {} to {}; {}.v{}-backup keeps the old state", file_.native(),
                                version, schema_.version, file_.native(), version));
      }
      return migrated;
    }
    case Condition::newer:
      return Error(Status::io_error,
                   fmt::format("{} was written by a newer Attune (schema {}, this one knows {}). Use the "
                               "newer Attune to write it.",
                               file_.native(), connection_->integer("PRAGMA user_version").value_or(0), schema_.version));
    case Condition::foreign: break;
  }
  return Error(Status::unsupported, fmt::format("{} is a database of another program. Move it away, or choose another "
                                                "directory.",
                                                file_.native()));
}

Result<void> UserDatabase::set_journal() {
  std::error_code ignored;
  // By name, never by descriptor: closing one of our own would drop SQLite's POSIX locks on the file.
  fs::permissions(file_, fs::perms::owner_read | fs::perms::owner_write, ignored);
  // A file system without shared memory answers "delete"; that is slower with many processes, and as safe.
  ATTUNE_TRY(const std::string mode, connection_->text("PRAGMA journal_mode=WAL"));
  static_cast<void>(mode);
  return {};
}

Result<void> UserDatabase::back_up(int64_t version) {
  const fs::path part = with_suffix(file_, ".backup-part");
  const fs::path backup = with_suffix(file_, fmt::format(".v{}-backup", version));
  std::error_code error;
  fs::remove(part, error);
  std::string quoted;
  for (const char c : part.native()) quoted.append(c == '\'' ? 2 : 1, c);
  ATTUNE_CHECK(connection_->execute("VACUUM INTO '" + quoted + "'"));
  ATTUNE_CHECK(sync_file(part));
  fs::permissions(part, fs::perms::owner_read | fs::perms::owner_write, error);
  fs::rename(part, backup, error);
  if (!error) return {};
  return Error(Status::io_error, fmt::format("cannot write the backup {}: {}. Check the permissions of the directory.",
                                             backup.native(), error.message()));
}

Result<void> UserDatabase::recover(Notices& notices) {
  ATTUNE_TRY(const FileLock::Held held, lock_.exclusive(exclusive_lock_timeout_ms));
  if (was_replaced()) return {};  // somebody else repaired it; the caller follows
  auto sound = check_integrity(*connection_, schema_);
  if (sound.ok()) return {};
  if (!sqlite::is_corruption(sound.error())) return sound.error();
  return replace_damaged(sound.error(), notices);
}

Result<void> UserDatabase::replace_damaged(const Error& damage, Notices& notices) {
  connection_->keep_files_on_close();
  connection_.reset();
  const fs::path moved = corrupt_name(file_);
  // The log first: a database without its log is damaged still, a new database beside an old log would lose the log.
  for (const std::string_view suffix : {"-wal", "-shm", ""}) {
    std::error_code error;
    fs::rename(with_suffix(file_, suffix), with_suffix(moved, suffix), error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return Error(Status::io_error, fmt::format("{} is damaged and cannot be moved away: {}. Move it away by hand.",
                                                 file_.native(), error.message()));
    }
  }
  ATTUNE_CHECK(connect(sqlite::Access::read_write));
  ATTUNE_CHECK(set_journal());
  ATTUNE_CHECK(create(*connection_, schema_));
  std::string saved;
  if (options_.salvage) {
    const auto rows = options_.salvage(moved, *connection_);
    saved = rows.ok() ? fmt::format("{} of its records were saved. ", *rows)
                      : fmt::format("none of its records could be saved ({}). ", rows.error().message());
  }
  say(LogLevel::warning, "damaged",
      fmt::format(
          "{} was damaged; it was moved to {} and a new one was started. {}Delete the moved file when you do not need "
          "it. [{}]",
          file_.native(), moved.native(), saved, damage.message()),
      notices);
  mode_ = Mode::writable;
  return {};
}

Result<void> UserDatabase::follow_replacement(Notices& notices) {
  if (connection_) connection_->keep_files_on_close();
  open(notices);
  if (connection_) return {};
  return Error(Status::io_error, notice_);
}

Result<void> UserDatabase::read(const Work& work, Notices& notices) {
  Result<void> outcome = Error(Status::io_error, notice_);
  for (int attempt = 0; attempt < attempts && connection_; ++attempt) {
    if (mode_ == Mode::writable && was_replaced()) ATTUNE_CHECK(follow_replacement(notices));
    outcome = work(*connection_);
    if (outcome.ok() || !sqlite::is_corruption(outcome.error())) return outcome;
    if (mode_ != Mode::writable) {
      give_up(Mode::closed, outcome.error(), notices);
      return outcome;
    }
    const auto recovered = recover(notices);
    if (recovered.ok()) continue;
    give_up(Mode::closed, recovered.error(), notices);
    return recovered;
  }
  return outcome;
}

Result<void> UserDatabase::write(const Work& work, Notices& notices) {
  Result<void> outcome = Error(Status::io_error, notice_);
  for (int attempt = 0; attempt < attempts && mode_ == Mode::writable; ++attempt) {
    const auto locked_write = [&]() -> Result<void> {
      ATTUNE_TRY(const FileLock::Held held, lock_.shared(shared_lock_timeout_ms));
      // Only under the lock does the answer stay true until the commit.
      if (was_replaced()) return Error(Status::cache_corrupt, "the file was replaced. Try again.");
      ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(*connection_));
      ATTUNE_CHECK(work(*connection_));
      return transaction.commit();
    };
    outcome = locked_write();
    if (outcome.ok()) return outcome;
    if (outcome.error().status() == Status::timed_out) continue;
    if (!sqlite::is_corruption(outcome.error())) return outcome;
    if (was_replaced()) {
      ATTUNE_CHECK(follow_replacement(notices));
      continue;
    }
    const auto recovered = recover(notices);
    if (recovered.ok()) continue;
    give_up(Mode::closed, recovered.error(), notices);
    return recovered;
  }
  return outcome;
}

Result<void> UserDatabase::maintain(const Work& work, Notices& notices) {
  if (mode_ != Mode::writable) return Error(Status::io_error, notice_);
  if (was_replaced()) ATTUNE_CHECK(follow_replacement(notices));
  if (mode_ != Mode::writable) return Error(Status::io_error, notice_);
  ATTUNE_TRY(const FileLock::Held held, lock_.exclusive(exclusive_lock_timeout_ms));
  return work(*connection_);
}

Result<void> UserDatabase::check(Notices& notices) {
  if (!connection_) return Error(Status::io_error, notice_);
  return read([this](sqlite::Connection& connection) { return check_integrity(connection, schema_); }, notices);
}

}  // namespace attune::cache
