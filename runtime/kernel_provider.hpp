// From an emitted source to a loaded kernel: memory, then the kernel store, then the compiler.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/kernel_store.hpp"
#include "runtime/device.hpp"
#include "runtime/single_flight.hpp"

namespace attune::runtime {

struct ObtainedKernel {
  KernelPtr kernel;
  std::vector<std::string> entries;
  std::string origin;  // "memory", "kernel cache", "compiled"
  std::string compile_key;
  double compile_ms = 0, load_ms = 0;
};

struct KernelStats {
  int64_t hits = 0, compiles = 0, shared = 0;
  double compile_ms = 0;
};

// Thread-safe; one compile per key at a time, and no lock held while compiling or loading.
class KernelProvider {
 public:
  // `dump_directory` keeps every compile, `failure_directory` the latest that failed; either may be empty.
  KernelProvider(Device& device, cache::KernelStore& store, std::filesystem::path dump_directory,
                 std::filesystem::path failure_directory)
      : device_(device),
        store_(store),
        dump_directory_(std::move(dump_directory)),
        failure_directory_(std::move(failure_directory)) {}

  // Every unit of the source, in the order their launches run. not_found when one would have to be compiled and may not be.
  Result<std::vector<ObtainedKernel>> obtain(const Family& family, const Spec& spec, const Config& config, bool may_compile);

  KernelStats stats() const;

 private:
  struct Loaded {
    std::vector<std::string> entries;
    std::weak_ptr<const LoadedKernel> kernel;
  };

  std::optional<ObtainedKernel> in_memory(const std::string& key);
  std::vector<ObtainedKernel> all_in_memory(const std::string& name);  // empty unless every unit is
  void remember(const std::string& key, const ObtainedKernel& kernel);
  void remember_units(const std::string& name, const std::vector<ObtainedKernel>& units);
  Result<ObtainedKernel> obtain_unit(const Source& source, const std::string& label, bool may_compile);
  Result<ObtainedKernel> from_store(const Source& source, const std::string& key);
  Result<ObtainedKernel> compile(const Source& source, const std::string& key, const std::string& label);
  Result<ObtainedKernel> load(const Binary& binary, std::string origin, const std::string& key);

  Device& device_;
  cache::KernelStore& store_;
  std::filesystem::path dump_directory_, failure_directory_;

  std::mutex mutex_;                                // guards loaded_ and units_
  std::unordered_map<std::string, Loaded> loaded_;  // under the compile key
  // Compile keys under family, spec and config: emission is deterministic, and costs about 10 ms a kernel that a second
  // shape of the same kernel need not wait for.
  std::unordered_map<std::string, std::vector<std::string>> units_;
  SingleFlight<Result<ObtainedKernel>> flights_;

  std::atomic<int64_t> hits_{0}, compiles_{0}, shared_{0};
  std::atomic<double> compile_ms_{0};
};

}  // namespace attune::runtime
