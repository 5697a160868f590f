// The context: one device, its stores and its plan cache. Use it from any number of threads; destroy it last.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/kernel_store.hpp"
#include "cache/record_store.hpp"
#include "common/log.hpp"
#include "runtime/device.hpp"
#include "runtime/plan.hpp"

namespace attune::runtime {

struct ContextOptions {
  DeviceOptions device;
  cache::RecordStoreOptions records;
  cache::KernelStoreOptions kernels;
  std::string dump_directory;           // when set: emitted source, optimised IR and object of every compile are kept there
  std::optional<LogLevel> log_level;    // unset: as it is
  std::vector<const Family*> families;  // in order of preference; empty: all that are built in
  size_t plan_capacity = 4096;          // plans kept for reuse, beside the prepared ones
};

// Reads the environment: the only function of the library that does. Fills unset options from ATTUNE_* and XDG_*, and
// warns about unknown variables with the prefix. docs/environment.md is generated from the same table.
struct EnvironmentVariable {
  std::string_view name, option, meaning, default_value;
};
std::span<const EnvironmentVariable> environment_variables();
Result<ContextOptions> options_from_environment();

struct CacheStats {
  int64_t plan_hits = 0, plan_misses = 0, kernel_hits = 0, kernel_compiles = 0, kernel_shared = 0;
  double compile_ms = 0;
};

class Context {
 public:
  static Result<std::unique_ptr<Context>> create(const ContextOptions& options);
  // Over a device that is already open; options.device is not read.
  static Result<std::unique_ptr<Context>> create_with(std::unique_ptr<Device> device, const ContextOptions& options);
  ~Context();

  // The plan for a problem under a policy. A hit costs one hash and one lookup, with no allocation. Two threads that need
  // one kernel compile it once. tune_if_missing and retune call the tuner hook (below), which must be installed.
  Result<PlanPtr> find(const Problem& problem, Policy policy, Stream stream = nullptr);
  // Same, for a config chosen by the caller (tuner, verify, tests): bypasses records and the plan cache.
  Result<PlanPtr> plan_with(const Family& family, const Problem& problem, const Config& config);

  // Launches on the caller's stream. `workspace` has plan.workspace_bytes bytes (null when 0).
  Result<void> execute(const Plan& plan, const Tensors& tensors, void* workspace, Stream stream = nullptr);

  // Everything find() could need for these problems, so that later calls (also under capture) never compile or load.
  Result<void> prepare(std::span<const Problem> problems, Policy policy = Policy::compile);

  // What the problem can be run as, best first: itself, or where it asks for the quantization `sage` the candidates, and
  // none, as far as the device has them. A plan, a record and a tuning key are of one of these.
  Result<std::vector<Problem>> alternatives(const Problem& problem) const;
  // The first family that supports the problem (of `sage`: what is chosen for it); the reasons of all when none does.
  Result<const Family*> select_family(const Problem& problem, std::vector<std::string>* declined = nullptr) const;
  cache::TuningKey tuning_key(const Family& family, const Problem& problem) const;

  Device& device();
  cache::RecordStore& records();
  cache::KernelStore& kernels();
  CacheStats stats() const;
  void forget_plans();  // after tuning or import: the next find() asks the records again

  // runtime may not include tuner: the tuner installs itself here.
  using TunerHook = std::function<Result<void>(Context&, const Problem&)>;
  void set_tuner(TunerHook hook);

  const ContextOptions& options() const;

 private:
  struct Impl;
  explicit Context(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Pointers, alignment (of the dtype), strides and extents of tensors against the problem: what execute() would otherwise
// read out of bounds. Messages name the tensor and the field.
Result<void> validate(const Problem& problem, const Tensors& tensors);

// What a kernel trusts inside the tensors that steer it: cumulative and key lengths, block lists (in range, no block twice).
// They must be host-readable. Costs O(batch) plus O(entries of the lists), and allocates with lists only.
Result<void> validate_contents(const Problem& problem, const Tensors& tensors);

}  // namespace attune::runtime
