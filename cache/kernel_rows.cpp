#include "cache/kernel_rows.hpp"

#include <fmt/format.h>

#include "cache/fingerprint.hpp"
#include "cache/utf8.hpp"

namespace attune::cache {
namespace {

// The bound that connections put on any value, less some room for the rest of the row.
constexpr size_t max_blob_bytes = 255 << 20;
constexpr size_t max_label_bytes = 64 << 10;

}  // namespace

std::string checksum_of(const KernelRow& row) {
  Fingerprint fingerprint("attune.kernel-row.1");
  fingerprint.add(row.compile_key)
      .add(row.arch)
      .add(row.compiler)
      .add(row.entries)
      .add(row.label)
      .add(row.compile_ms)
      .add(row.registers)
      .add(row.spill_bytes)
      .add(row.shared_bytes)
      .add(row.blob);
  // They came with version 2: rows of version 1 have neither, and keep the checksum that they were written with.
  if (row.stack_bytes != 0 || !row.warnings.empty()) fingerprint.add(row.stack_bytes).add(row.warnings);
  return fingerprint.hex();
}

Result<void> check_kernel(const KernelRow& row) {
  if (row.compile_key.empty()) return Error(Status::invalid_argument, "compile_key is empty. Fill it in.");
  if (row.blob.empty()) return Error(Status::invalid_argument, "blob is empty. Store a compiled kernel.");
  if (row.blob.size() > max_blob_bytes) {
    return Error(Status::invalid_argument, fmt::format("blob has {} bytes; at most {} are stored. Store a smaller kernel.",
                                                       row.blob.size(), max_blob_bytes));
  }
  for (const std::string* text : {&row.compile_key, &row.arch, &row.compiler, &row.entries, &row.label, &row.warnings}) {
    if (text->size() > max_label_bytes || !is_utf8(*text)) {
      return Error(Status::invalid_argument,
                   fmt::format("a text field of the kernel is not UTF-8 or has more than {} bytes. Shorten or encode it.",
                               max_label_bytes));
    }
  }
  return {};
}

Result<std::optional<StoredKernel>> read_kernel(sqlite::Connection& connection, std::string_view compile_key) {
  ATTUNE_TRY(sqlite::Statement s,
             connection.prepare("SELECT arch, compiler, entries, label, compile_ms, registers, spill_bytes, shared_bytes, "
                                "checksum, blob, coalesce(last_use_unix_ms, 0), stack_bytes, warnings "
                                "FROM kernel LEFT JOIN use ON use.compile_key = kernel.compile_key "
                                "WHERE kernel.compile_key = ?"));
  ATTUNE_TRY(const bool found, s.bind(compile_key).step());
  if (!found) return std::optional<StoredKernel>();
  StoredKernel stored;
  stored.row = {
      .compile_key = std::string(compile_key),
      .arch = s.text(0),
      .compiler = s.text(1),
      .entries = s.text(2),
      .blob = s.text(9),
      .label = s.text(3),
      .compile_ms = s.real(4),
      .registers = s.integer(5),
      .spill_bytes = s.integer(6),
      .stack_bytes = s.integer(11),
      .shared_bytes = s.integer(7),
      .warnings = s.text(12),
  };
  stored.checksum = s.text(8);
  stored.last_use_unix_ms = s.integer(10);
  return std::optional<StoredKernel>(std::move(stored));
}

Result<void> write_kernel(sqlite::Connection& connection, const KernelRow& row, const std::string& checksum,
                          int64_t now_unix_ms) {
  {
    // Replaced, not ignored: a damaged row of that key must not keep the good one out.
    ATTUNE_TRY(sqlite::Statement s,
               connection.prepare("INSERT OR REPLACE INTO kernel (compile_key, arch, compiler, entries, label, compile_ms, "
                                  "registers, spill_bytes, shared_bytes, created_unix_ms, checksum, blob, "
                                  "stack_bytes, warnings) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    s.bind(std::string_view(row.compile_key))
        .bind(std::string_view(row.arch))
        .bind(std::string_view(row.compiler))
        .bind(std::string_view(row.entries))
        .bind(std::string_view(row.label))
        .bind(row.compile_ms)
        .bind(row.registers)
        .bind(row.spill_bytes)
        .bind(row.shared_bytes)
        .bind(now_unix_ms)
        .bind(std::string_view(checksum))
        .bind_blob(row.blob)
        .bind(row.stack_bytes)
        .bind(std::string_view(row.warnings));
    ATTUNE_CHECK(s.run());
  }
  ATTUNE_TRY(sqlite::Statement use, connection.prepare("INSERT OR REPLACE INTO use VALUES (?,?,?)"));
  return use.bind(std::string_view(row.compile_key)).bind(now_unix_ms).bind(static_cast<int64_t>(row.blob.size())).run();
}

Result<void> touch_kernel(sqlite::Connection& connection, std::string_view compile_key, int64_t now_unix_ms) {
  ATTUNE_TRY(sqlite::Statement s,
             connection.prepare("UPDATE use SET last_use_unix_ms = max(last_use_unix_ms, ?) WHERE compile_key = ?"));
  return s.bind(now_unix_ms).bind(compile_key).run();
}

Result<void> delete_kernel(sqlite::Connection& connection, std::string_view compile_key) {
  for (const char* sql : {"DELETE FROM kernel WHERE compile_key = ?", "DELETE FROM use WHERE compile_key = ?"}) {
    ATTUNE_TRY(sqlite::Statement s, connection.prepare(sql));
    ATTUNE_CHECK(s.bind(compile_key).run());
  }
  return {};
}

Result<std::vector<std::string>> kernel_keys(sqlite::Connection& connection) {
  ATTUNE_TRY(sqlite::Statement s, connection.prepare("SELECT compile_key FROM kernel ORDER BY compile_key"));
  std::vector<std::string> keys;
  while (true) {
    ATTUNE_TRY(const bool row, s.step());
    if (!row) return keys;
    keys.push_back(s.text(0));
  }
}

Result<KernelStore::Removed> evict(sqlite::Connection& connection, int64_t max_bytes, int64_t oldest_unix_ms) {
  int64_t total_bytes = 0;
  {
    ATTUNE_TRY(sqlite::Statement s, connection.prepare("SELECT coalesce(sum(size_bytes), 0) FROM use"));
    ATTUNE_CHECK(s.step());
    total_bytes = s.integer(0);
  }
  std::vector<std::string> doomed;
  KernelStore::Removed removed;
  {
    ATTUNE_TRY(sqlite::Statement s,
               connection.prepare(
                   "SELECT compile_key, last_use_unix_ms, size_bytes FROM use ORDER BY last_use_unix_ms, compile_key"));
    while (true) {
      ATTUNE_TRY(const bool row, s.step());
      if (!row || (s.integer(1) >= oldest_unix_ms && total_bytes <= max_bytes)) break;
      doomed.push_back(s.text(0));
      total_bytes -= s.integer(2);
      removed.bytes += s.integer(2);
      ++removed.rows;
    }
  }
  for (const std::string& key : doomed) ATTUNE_CHECK(delete_kernel(connection, key));
  return removed;
}

Result<void> reconcile_uses(sqlite::Connection& connection) {
  ATTUNE_CHECK(connection.execute("DELETE FROM use WHERE compile_key NOT IN (SELECT compile_key FROM kernel)"));
  return connection.execute("INSERT OR IGNORE INTO use SELECT compile_key, created_unix_ms, length(blob) FROM kernel");
}

}  // namespace attune::cache
