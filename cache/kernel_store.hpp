// Kernels: compiled blobs under their compile key. Disposable, exact match, SHA-256 checked at every read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace attune::cache {

struct KernelRow {
  std::string compile_key;  // sha256 over source bytes, options, compiler identity, arch
  std::string arch;
  std::string compiler;  // identity and version
  std::string entries;   // lowered entry names, comma separated, in launch order
  std::string blob;      // object file or cubin
  std::string label;     // for people: family, spec and config in one line
  double compile_ms = 0;
  int64_t registers = 0, spill_bytes = 0, stack_bytes = 0, shared_bytes = 0;
  std::string warnings;  // of the compiler, one a line
};

struct KernelStoreOptions {
  std::filesystem::path user_directory = {};               // empty: in memory only
  std::vector<std::filesystem::path> site_databases = {};  // read-only layers, opened immutable
  bool read_only = false;
  int64_t max_bytes = int64_t{1} << 30;  // beyond it, least recently used rows go
  // Is user_directory on a network file system? Empty: ask the file system. Then kernels are only read from there.
  std::optional<bool> network_file_system = {};
};

// As RecordStore: opening and reading never fail for cache reasons. Thread- and process-safe.
class KernelStore {
 public:
  static std::unique_ptr<KernelStore> open(const KernelStoreOptions& options);
  virtual ~KernelStore() = default;

  // A row whose blob does not match its checksum is deleted (or shadowed, in a read-only layer), logged once, and not
  // returned.
  virtual std::optional<KernelRow> find(std::string_view compile_key) = 0;
  virtual Result<void> add(const KernelRow& row) = 0;

  struct Removed {
    int64_t rows = 0, bytes = 0;
  };
  // Drops rows not used for `max_age_days`, then least recently used rows until at most `max_bytes` are left; compacts.
  virtual Result<Removed> collect_garbage(int64_t max_bytes, int64_t max_age_days) = 0;

  struct Health {
    std::string state, file, notice;
    int64_t kernels = 0, size_bytes = 0, schema_version = 0;
  };
  virtual Health health() = 0;
  // Reads every page and verifies every checksum of the user layer, repairs what it can, and returns the health after that.
  virtual Health check() = 0;
};

}  // namespace attune::cache
