#include "cache/salvage.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <vector>

#include "cache/rows.hpp"

namespace attune::cache {
namespace {

using clock = std::chrono::steady_clock;

// Other processes wait for the lock while this runs.
constexpr auto time_limit = std::chrono::seconds(8);

Result<std::vector<std::string>> table_names(sqlite::Connection& connection) {
  ATTUNE_TRY(auto statement, connection.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"));
  std::vector<std::string> names;
  while (true) {
    ATTUNE_TRY(const bool row, statement.step());
    if (!row) return names;
    names.push_back(statement.text(0));
  }
}

// One table's way from the damaged file to the new one. Errors of the damaged file end a walk; only errors of the target are
// returned.
class TableSalvage {
 public:
  TableSalvage(sqlite::Connection& from, sqlite::Connection& to, std::string table, clock::time_point deadline)
      : from_(from), to_(to), table_(std::move(table)), deadline_(deadline) {}

  Result<void> run() {
    ATTUNE_CHECK(walk("ORDER BY rowid"));
    if (complete_) return {};
    const int64_t begin = last_rowid_ + 1;
    last_rowid_ = 0;
    ATTUNE_CHECK(walk("ORDER BY rowid DESC"));
    const int64_t end = last_rowid_;
    for (int64_t rowid = begin; rowid < end && clock::now() < deadline_; ++rowid) {
      ATTUNE_CHECK(walk(fmt::format("WHERE rowid = {}", rowid)));
    }
    return {};
  }

  bool has_column(std::string_view column) const {
    return fmt::format(",{},", columns_).find(fmt::format(",{},", column)) != std::string::npos;
  }

 private:
  Result<void> walk(const std::string& rest) {
    auto rows = from_.query(fmt::format("SELECT rowid, * FROM {} {}", table_, rest));
    if (!rows.ok()) return {};
    ATTUNE_TRY(auto insert, inserting(*rows));
    while (clock::now() < deadline_) {
      const auto row = rows->step();
      if (!row.ok()) return {};
      if (!*row) {
        complete_ = true;
        return {};
      }
      last_rowid_ = rows->integer(0);
      for (int column = 1; column < rows->columns(); ++column) insert.bind_column(*rows, column);
      const auto done = insert.run();
      // A value of the wrong type is damage too: that row is lost, the others are not.
      if (!done.ok() && done.error().status() != Status::invalid_argument) return done.error();
    }
    return {};
  }

  Result<sqlite::Statement> inserting(const sqlite::Statement& rows) {
    std::string marks;
    columns_.clear();
    for (int column = 1; column < rows.columns(); ++column) {
      if (column > 1) {
        columns_.push_back(',');
        marks.push_back(',');
      }
      columns_.append(rows.column_name(column));
      marks.push_back('?');
    }
    return to_.query(fmt::format("INSERT OR IGNORE INTO {} ({}) VALUES ({})", table_, columns_, marks));
  }

  sqlite::Connection& from_;
  sqlite::Connection& to_;
  std::string table_;
  clock::time_point deadline_;
  std::string columns_;
  int64_t last_rowid_ = 0;
  bool complete_ = false;
};

}  // namespace

Result<int64_t> salvage_records(const std::filesystem::path& damaged, sqlite::Connection& target) {
  auto from = sqlite::Connection::open(damaged, sqlite::Access::read_only, 0);
  if (!from.ok() || !from->integer("SELECT count(*) FROM sqlite_schema").ok()) {
    from = sqlite::Connection::open(damaged, sqlite::Access::immutable, 0);
  }
  if (!from.ok()) return from.error();
  ATTUNE_TRY(const auto tables, table_names(target));
  ATTUNE_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(target));
  const auto deadline = clock::now() + time_limit;
  bool has_checksums = true;
  for (const std::string& table : tables) {
    TableSalvage walk(*from, target, table, deadline);
    ATTUNE_CHECK(walk.run());
    if (table == "record") has_checksums = walk.has_column("checksum");
  }
  // Version 1 had none: there is nothing to hold its rows against but the hashes of their keys and problems.
  if (!has_checksums) ATTUNE_CHECK(rewrite_checksums(target));
  ATTUNE_CHECK(drop_damaged(target));
  ATTUNE_TRY(const int64_t saved, target.integer("SELECT count(*) FROM record"));
  ATTUNE_CHECK(transaction.commit());
  return saved;
}

}  // namespace attune::cache
