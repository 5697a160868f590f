// RAII over SQLite: connections, cached prepared statements, transactions. Private to cache/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace attune::cache::sqlite {

// How a database file is opened.
enum class Access {
  read_write,  // created when missing
  read_only,   // takes part in locking; needs a -shm file or a writable directory
  immutable,   // no locks, no WAL: for files that nobody writes while they are open
};

class Connection;

// A prepared statement on loan from its connection: reset and unbound when it goes out of scope, prepared once.
// Parameters are bound in order, columns read by index. Not thread-safe, like its connection.
class Statement {
 public:
  Statement(Connection& connection, sqlite3_stmt* statement, bool owned = false)
      : connection_(&connection), statement_(statement), owned_(owned) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(int64_t value);
  Statement& bind(double value);                 // a NaN is stored as NULL
  Statement& bind(std::string_view text);        // copied
  Statement& bind_blob(std::string_view bytes);  // not copied: must outlive the statement's use
  // A column of another statement's current row, with its type: salvage copies rows without knowing what they mean.
  Statement& bind_column(const Statement& row, int column);

  Result<bool> step();  // true: a row is there
  Result<void> run();   // to the end, rows dropped; then ready to be bound again

  int columns() const;
  std::string column_name(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;  // NULL reads as NaN
  std::string text(int column) const;
  std::string_view view(int column) const;  // valid until the next step

 private:
  void check(int code);

  Connection* connection_;
  sqlite3_stmt* statement_;
  bool owned_;  // not in the connection's cache: finalised with this object
  int bound_ = 0;
  int failed_bind_ = 0;
};

class Connection {
 public:
  // Hardened (no triggers, no views, no trusted schema functions, defensive) because files may come from elsewhere.
  static Result<Connection> open(const std::filesystem::path& path, Access access, int busy_timeout_ms);
  static Result<Connection> in_memory();

  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  // `sql` must be a string literal (its address is the key of the statement cache).
  Result<Statement> prepare(const char* sql);
  // A statement that is built at run time, and prepared for this one use.
  Result<Statement> query(const std::string& sql);
  // Any number of statements without results.
  Result<void> execute(const std::string& sql);
  // First column of the first row of a statement that is run once.
  Result<int64_t> integer(const std::string& sql);
  Result<std::string> text(const std::string& sql);

  int64_t changes() const;    // rows changed by the latest statement
  bool is_read_only() const;  // SQLite opens a file read-only by itself when it may not be written
  const std::filesystem::path& path() const { return path_; }

  // Replaces the content with that of `source`, consistently, also while others write to it.
  Result<void> copy_from(Connection& source);

  // Closing must leave the file and its WAL as they are: for a database that was found damaged.
  void keep_files_on_close();

  // The latest failure of SQLite as an Error; `what` continues "cannot ".
  Error error(std::string_view what, int code) const;

 private:
  explicit Connection(sqlite3* handle, std::filesystem::path path) : handle_(handle), path_(std::move(path)) {}
  void close();
  Result<void> configure(int busy_timeout_ms);

  sqlite3* handle_ = nullptr;
  std::filesystem::path path_;
  std::unordered_map<const void*, sqlite3_stmt*> statements_;
  friend class Statement;
};

// BEGIN IMMEDIATE: the write lock is taken at once, so a transaction never fails half way for want of it.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();  // rolls back what was not committed
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// Damage to the file itself, as opposed to a disk that is full or a file that may not be written.
inline bool is_corruption(const Error& error) { return error.status() == Status::cache_corrupt; }

}  // namespace attune::cache::sqlite
