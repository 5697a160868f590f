// The one database file of a store that this user owns and writes: opening, locking, retrying, migrating, recovering.
// Private to cache/.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cache/file_lock.hpp"
#include "cache/notices.hpp"
#include "cache/schema.hpp"
#include "cache/sqlite.hpp"

namespace attune::cache {

struct UserDatabaseOptions {
  std::filesystem::path directory;
  bool read_only = false;      // never written, moved or created
  bool forked = false;         // an inherited connection may exist: the file must not be opened
  bool network = false;        // on a network file system: opened immutable, never locked, never written
  bool fsync_commits = false;  // a commit survives a power cut too, not only the end of the process
  // Copies what is readable out of a damaged file into a new one; empty: the content is not worth it.
  std::function<Result<int64_t>(const std::filesystem::path& damaged, sqlite::Connection& target)> salvage = {};
};

enum class Mode {
  writable,
  read_only,  // readable; writes go elsewhere
  closed,     // neither; the notice says why
};

// Not thread-safe: its store holds a mutex. `work` may run more than once and starts from scratch each time.
class UserDatabase {
 public:
  using Work = std::function<Result<void>(sqlite::Connection&)>;

  UserDatabase(UserDatabaseOptions options, const Schema& schema);
  void open(Notices& notices);

  Mode mode() const { return mode_; }
  const std::string& notice() const { return notice_; }  // why it is not writable, or what was repaired
  const std::filesystem::path& file() const { return file_; }

  // An error means that the layer has nothing to say now; the store goes on without it.
  Result<void> read(const Work& work, Notices& notices);
  // `work` inside one BEGIN IMMEDIATE transaction, committed on return.
  Result<void> write(const Work& work, Notices& notices);
  // Outside of a transaction, under the exclusive file lock: VACUUM.
  Result<void> maintain(const Work& work, Notices& notices);
  // Reads every page; repairs when that fails.
  Result<void> check(Notices& notices);

  bool is_inherited() const { return inherited_; }  // closed because of a fork
  // Changes whenever another connection has committed to the file, or the file was replaced. 0 while there is none.
  int64_t data_version();

 private:
  void open_read_only(Notices& notices);
  Result<void> open_writable(Notices& notices);
  Result<void> bring_up(Notices& notices);  // under the exclusive lock: create, migrate, or recover
  Result<void> back_up(int64_t version);
  Result<void> recover(Notices& notices);
  Result<void> replace_damaged(const Error& damage, Notices& notices);
  Result<void> connect(sqlite::Access access);
  Result<void> set_journal();
  bool was_replaced() const;
  void give_up(Mode mode, const Error& why, Notices& notices);
  Result<void> follow_replacement(Notices& notices);
  void say(LogLevel level, std::string_view kind, std::string message, Notices& notices);

  UserDatabaseOptions options_;
  const Schema& schema_;
  std::filesystem::path file_;
  Mode mode_ = Mode::closed;
  std::string notice_;
  bool inherited_ = false;
  int64_t connections_ = 0;  // how many were opened so far
  std::optional<sqlite::Connection> connection_;
  FileLock lock_;
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const Identity&) const = default;
  };
  static std::optional<Identity> identity_of(const std::filesystem::path& path);
  std::optional<Identity> identity_;  // of the file that connection_ has open
};

}  // namespace attune::cache
