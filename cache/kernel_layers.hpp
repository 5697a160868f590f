// The layers of a kernel store: look-up, insertion, eviction. Private to cache/.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cache/kernel_rows.hpp"
#include "cache/kernel_store.hpp"
#include "cache/notices.hpp"
#include "cache/user_database.hpp"

namespace attune::cache {

// Thread-safe by one mutex, held only around work of SQLite: hashing and logging happen outside of it.
class KernelLayers {
 public:
  KernelLayers(const KernelStoreOptions& options, bool forked);
  ~KernelLayers();
  KernelLayers(const KernelLayers&) = delete;
  KernelLayers& operator=(const KernelLayers&) = delete;

  std::optional<KernelRow> find(std::string_view compile_key);
  Result<void> add(const KernelRow& row);
  Result<KernelStore::Removed> collect_garbage(int64_t max_bytes, int64_t max_age_days);
  KernelStore::Health health();
  KernelStore::Health check();

 private:
  struct Site {
    std::filesystem::path file;
    std::optional<sqlite::Connection> connection;
  };
  // Layer 0 is memory, 1 the user's, then the sites.
  size_t layer_count() const { return 2 + sites_.size(); }
  std::filesystem::path layer_file(size_t layer) const;
  std::optional<StoredKernel> read_layer(size_t layer, const std::string& compile_key, Notices& notices);
  void discard(size_t layer, const std::string& compile_key, Notices& notices);

  // Writes the row and makes room for it.
  Result<void> insert(sqlite::Connection& connection, const KernelRow& row, const std::string& checksum);
  Result<void> write_uses(sqlite::Connection& connection);
  void flush_uses(Notices& notices);
  KernelStore::Health health_locked();

  std::mutex mutex_;
  KernelStoreOptions options_;
  std::optional<sqlite::Connection> memory_;
  bool memory_used_ = false;
  std::optional<UserDatabase> user_;
  std::vector<Site> sites_;
  std::string write_notice_;
  std::chrono::steady_clock::time_point next_write_{};
  std::unordered_map<std::string, int64_t> uses_;      // compile key -> time of a use that is not written yet
  std::set<std::pair<size_t, std::string>> shadowed_;  // damaged rows in layers that may not be written
};

}  // namespace attune::cache
