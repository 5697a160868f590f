// An advisory lock beside a database, for what SQLite's own locks do not cover: replacing the file as a whole.
// Private to cache/.
#pragma once

#include <filesystem>

#include "common/result.hpp"

namespace attune::cache {

// Writers hold it shared for the length of a transaction; creating, migrating and moving aside hold it exclusively. The
// kernel drops it when a process dies. The file stays empty; the position of its descriptor holds the process id of the
// owner, which a forked child inherits and so can tell that the open database is its parent's.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  static Result<FileLock> open(const std::filesystem::path& path);
  bool is_open() const { return fd_ >= 0; }

  // Released when it goes out of scope.
  class Held {
   public:
    explicit Held(int fd) : fd_(fd) {}
    Held(Held&& other) noexcept;
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    int fd_;
  };
  // Wait at most `timeout_ms`, because a stopped process may hold it for ever.
  Result<Held> shared(int timeout_ms) const;
  Result<Held> exclusive(int timeout_ms) const;

  // Does this process hold a descriptor of `path` that it inherited from a process it was forked from? Then SQLite's
  // bookkeeping of file locks, which it inherited too, is wrong here, and the database must not be opened.
  // https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_
  static bool is_inherited(const std::filesystem::path& path);

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  Result<Held> take(int operation, int timeout_ms) const;

  int fd_ = -1;
};

}  // namespace attune::cache
