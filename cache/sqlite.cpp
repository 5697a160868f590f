#include "cache/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <limits>
#include <utility>

namespace attune::cache::sqlite {
namespace {

// No row of ours comes near: the largest kernels are a few megabytes. Bounds what a damaged length field can ask for.
constexpr int max_value_bytes = 256 << 20;

Status status_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Status::cache_corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Status::timed_out;
    case SQLITE_NOMEM: return Status::out_of_memory;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return Status::io_error;
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT: return Status::invalid_argument;
    default: return Status::internal;
  }
}

std::string_view remedy(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "Move the file away, or restore it from a backup.";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "Another process holds the database; try again when it is done.";
    case SQLITE_FULL: return "Free some space on the file system.";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return "Check that the directory exists and may be written.";
    case SQLITE_IOERR: return "Check the file system and the free space on it.";
    case SQLITE_NOMEM: return "Free some memory.";
    case SQLITE_TOOBIG: return "Store smaller values.";
    default: return "Run `attune doctor` and report this as a bug.";
  }
}

// A file name as a URI: what is not plainly a path character is percent-encoded.
std::string uri_of(const std::filesystem::path& path, std::string_view query) {
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(path, ignored);
  std::string uri = "file:";
  for (const char c : absolute.native()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
                       c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri.append(query);
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      owned_(other.owned_),
      bound_(other.bound_),
      failed_bind_(other.failed_bind_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  if (owned_) {
    sqlite3_finalize(statement_);
    return;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::check(int code) {
  if (code != SQLITE_OK && failed_bind_ == SQLITE_OK) failed_bind_ = code;
}

Statement& Statement::bind(int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(statement_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // An empty view may have a null pointer, which SQLite would take for NULL.
  check(sqlite3_bind_text64(statement_, ++bound_, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  check(sqlite3_bind_blob64(statement_, ++bound_, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC));
  return *this;
}

Statement& Statement::bind_column(const Statement& row, int column) {
  check(sqlite3_bind_value(statement_, ++bound_, sqlite3_column_value(row.statement_, column)));
  return *this;
}

Result<bool> Statement::step() {
  if (failed_bind_ != SQLITE_OK) return connection_->error("store a value in", failed_bind_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->error(sqlite3_stmt_readonly(statement_) != 0 ? "read" : "write", code);
}

Result<void> Statement::run() {
  while (true) {
    ATTUNE_TRY(const bool row, step());
    if (!row) break;
  }
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bound_ = 0;
  return {};
}

int Statement::columns() const { return sqlite3_column_count(statement_); }
std::string Statement::column_name(int column) const { return sqlite3_column_name(statement_, column); }
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::real(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_, column);
}

std::string_view Statement::view(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string Statement::text(int column) const { return std::string(view(column)); }

Result<Connection> Connection::open(const std::filesystem::path& path, Access access, int busy_timeout_ms) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const std::string uri = uri_of(path, access == Access::immutable ? "?immutable=1" : "");
  const int code = sqlite3_open_v2(uri.c_str(), &handle, flags, nullptr);
  Connection connection(handle, path);
  if (code != SQLITE_OK) return connection.error("open", code);
  ATTUNE_CHECK(connection.configure(busy_timeout_ms));
  return connection;
}

Result<Connection> Connection::in_memory() {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(":memory:", &handle,
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, nullptr);
  Connection connection(handle, {});
  if (code != SQLITE_OK) return connection.error("open", code);
  ATTUNE_CHECK(connection.configure(0));
  return connection;
}

Result<void> Connection::configure(int busy_timeout_ms) {
  sqlite3_busy_timeout(handle_, busy_timeout_ms);
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, max_value_bytes);
  sqlite3_limit(handle_, SQLITE_LIMIT_ATTACHED, 1);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // A damaged cell is reported when its page is read instead of being followed.
  return execute("PRAGMA cell_size_check=ON");
}

Connection::Connection(Connection&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      path_(std::move(other.path_)),
      statements_(std::exchange(other.statements_, {})) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::exchange(other.handle_, nullptr);
    path_ = std::move(other.path_);
    statements_ = std::exchange(other.statements_, {});
  }
  return *this;
}

Connection::~Connection() { close(); }

void Connection::close() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close_v2(std::exchange(handle_, nullptr));
}

Result<Statement> Connection::prepare(const char* sql) {
  const auto cached = statements_.find(sql);
  if (cached != statements_.end()) return Statement(*this, cached->second);
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error("read", code);
  statements_.emplace(sql, statement);
  return Statement(*this, statement);
}

Result<void> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error("use", code);
  return {};
}

Result<Statement> Connection::query(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return error("read", code);
  return Statement(*this, statement, true);
}

Result<std::string> Connection::text(const std::string& sql) {
  ATTUNE_TRY(Statement statement, query(sql));
  ATTUNE_TRY(const bool row, statement.step());
  if (!row) return error("read", SQLITE_EMPTY);
  return statement.text(0);
}

Result<int64_t> Connection::integer(const std::string& sql) {
  ATTUNE_TRY(const std::string value, text(sql));
  return static_cast<int64_t>(std::strtoll(value.c_str(), nullptr, 10));
}

int64_t Connection::changes() const { return sqlite3_changes64(handle_); }

bool Connection::is_read_only() const { return sqlite3_db_readonly(handle_, "main") != 0; }

Result<void> Connection::copy_from(Connection& source) {
  sqlite3_backup* backup = sqlite3_backup_init(handle_, "main", source.handle_, "main");
  if (backup == nullptr) return error("copy", sqlite3_extended_errcode(handle_));
  const int code = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) return source.error("copy", code);
  if (finished != SQLITE_OK) return error("copy", finished);
  return {};
}

void Connection::keep_files_on_close() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

Error Connection::error(std::string_view what, int code) const {
  const std::string where = path_.empty() ? std::string("the store in memory") : path_.native();
  // The handle's own words belong to its latest failure, which is the one reported unless the code is ours.
  const bool own_words = handle_ != nullptr && sqlite3_extended_errcode(handle_) == code;
  const char* reason = own_words ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  return {status_of(code), fmt::format("cannot {} {}: {} (SQLite code {}). {}", what, where, reason, code, remedy(code))};
}

Result<Transaction> Transaction::begin(Connection& connection) {
  ATTUNE_TRY(Statement statement, connection.prepare("BEGIN IMMEDIATE"));
  ATTUNE_CHECK(statement.run());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // SQLite rolls back by itself after a full disk or an I/O error; then this finds nothing to do.
  const Result<void> ignored = connection_->execute("ROLLBACK");
  static_cast<void>(ignored.ok());
}

Result<void> Transaction::commit() {
  ATTUNE_TRY(Statement statement, connection_->prepare("COMMIT"));
  ATTUNE_CHECK(statement.run());
  connection_ = nullptr;
  return {};
}

}  // namespace attune::cache::sqlite
