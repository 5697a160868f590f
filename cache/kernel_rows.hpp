// Rows of the kernel store: checksum, reading, writing, eviction. Private to cache/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/kernel_store.hpp"
#include "cache/sqlite.hpp"

namespace attune::cache {

struct StoredKernel {
  KernelRow row;
  std::string checksum;  // as stored
  int64_t last_use_unix_ms = 0;
};

// sha256 over every field, the blob included: a blob under the wrong key or with the wrong entry name does not pass either.
std::string checksum_of(const KernelRow& row);

Result<void> check_kernel(const KernelRow& row);

Result<std::optional<StoredKernel>> read_kernel(sqlite::Connection& connection, std::string_view compile_key);
// The rest inside a transaction.
Result<void> write_kernel(sqlite::Connection& connection, const KernelRow& row, const std::string& checksum,
                          int64_t now_unix_ms);
Result<void> touch_kernel(sqlite::Connection& connection, std::string_view compile_key, int64_t now_unix_ms);
Result<void> delete_kernel(sqlite::Connection& connection, std::string_view compile_key);
Result<std::vector<std::string>> kernel_keys(sqlite::Connection& connection);

// Rows not used since `oldest_unix_ms` go, then the least recently used until at most `max_bytes` of blobs are left.
Result<KernelStore::Removed> evict(sqlite::Connection& connection, int64_t max_bytes, int64_t oldest_unix_ms);

// Makes `use` agree with `kernel` again, should damage have parted them.
Result<void> reconcile_uses(sqlite::Connection& connection);

}  // namespace attune::cache
