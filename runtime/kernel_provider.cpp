// A cached object is trusted only as far as it links with the entries that the source asks for.
#include "runtime/kernel_provider.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <future>

#include "common/log.hpp"
#include "runtime/dump.hpp"

namespace attune::runtime {
namespace {

std::string joined(const std::vector<std::string>& entries) { return fmt::format("{}", fmt::join(entries, ",")); }

}  // namespace

Result<std::vector<ObtainedKernel>> KernelProvider::obtain(const Family& family, const Spec& spec, const Config& config,
                                                           bool may_compile) {
  const std::string name = fmt::format("{} {} {} {}", family.name(), family.version(), spec.to_json(), config.to_json());
  if (auto units = all_in_memory(name); !units.empty()) {
    hits_.fetch_add(1, std::memory_order_relaxed);
    return units;
  }
  ATTUNE_TRY(const Source source, family.emit(spec, config));
  // Each may take a second to compile, and no two of them wait for one another. Without a thread to be had, in turn.
  const auto policy = may_compile ? std::launch::async | std::launch::deferred : std::launch::deferred;
  std::vector<std::future<Result<ObtainedKernel>>> before;
  for (const Source& unit : source.before) {
    before.push_back(std::async(policy, [&] {
      return obtain_unit(unit, fmt::format("{} {}: {}", family.name(), spec.to_text(), joined(unit.entries)), may_compile);
    }));
  }
  auto main = obtain_unit(source, fmt::format("{} {} {}", family.name(), spec.to_text(), config.to_text()), may_compile);
  std::vector<ObtainedKernel> units;
  std::optional<Error> error;
  for (auto& future : before) {
    auto unit = future.get();
    if (unit.ok()) {
      units.push_back(*std::move(unit));
    } else if (!error) {
      error = unit.error();
    }
  }
  if (error) return *error;
  if (!main.ok()) return main.error();
  units.push_back(*std::move(main));
  remember_units(name, units);
  return units;
}

Result<ObtainedKernel> KernelProvider::obtain_unit(const Source& source, const std::string& label, bool may_compile) {
  const std::string key = compile_key(source, device_.compiler(), device_.device_class().arch);
  // Who may compile never waits for one who may not: the latter could only say that nothing is there.
  const std::string flight = (may_compile ? "compile " : "load ") + key;
  auto outcome = flights_.run(flight, [&]() -> Result<ObtainedKernel> {
    if (auto kernel = in_memory(key)) return *std::move(kernel);
    auto obtained = from_store(source, key);
    if (!obtained.ok() && may_compile) obtained = compile(source, key, label);
    if (obtained.ok()) remember(key, *obtained);
    return obtained;
  });
  if (outcome.shared) shared_.fetch_add(1, std::memory_order_relaxed);
  if (outcome.value.ok() && !outcome.shared && outcome.value->origin != "compiled") {
    hits_.fetch_add(1, std::memory_order_relaxed);
  }
  return std::move(outcome.value);
}

Result<ObtainedKernel> KernelProvider::from_store(const Source& source, const std::string& key) {
  auto row = store_.find(key);
  if (!row) return Error(Status::not_found, "The kernel is not in the kernel cache: allow compiling.");
  const std::string entries = joined(source.entries);
  std::string reason;
  if (row->entries != entries) {
    reason = fmt::format("it holds the entries '{}' instead of '{}'", row->entries, entries);
  } else {
    Binary binary;
    binary.bytes = std::move(row->blob);
    binary.entries = source.entries;
    auto loaded = load(binary, "kernel cache", key);
    if (loaded.ok()) return loaded;
    reason = fmt::format("it cannot be loaded ({} {})", loaded.error().message(), loaded.error().log());
  }
  log(LogLevel::warning,
      fmt::format("The cached kernel {} is not used: {}. It is compiled again and replaced.", key.substr(0, 16), reason));
  return Error(Status::not_found, "The kernel in the kernel cache is unusable: allow compiling.");
}

Result<ObtainedKernel> KernelProvider::compile(const Source& source, const std::string& key, const std::string& label) {
  compiles_.fetch_add(1, std::memory_order_relaxed);
  auto binary = device_.compiler().compile(source);
  std::optional<std::filesystem::path> kept;
  if (!dump_directory_.empty()) {
    kept = dump_compile(dump_directory_, key, label, source, device_, binary);
  } else if (!binary.ok() && binary.error().status() == Status::compile_failed && !failure_directory_.empty()) {
    kept = keep_failure(failure_directory_, key, label, source, device_, binary);
  }
  if (!binary.ok()) {
    const Error error = binary.error().within("compiling " + label);
    if (!kept) return error;
    return Error(error.status(), fmt::format("{} Source and log are kept in {}.", error.message(), kept->string()),
                 error.log());
  }
  for (const std::string& warning : binary->warnings) {
    log(LogLevel::info, fmt::format("The compiler warns of {}: {}", label, warning));
  }
  compile_ms_.fetch_add(binary->compile_ms, std::memory_order_relaxed);

  auto obtained = load(*binary, "compiled", key);
  if (!obtained.ok()) return obtained.error().within("loading " + label);
  obtained->compile_ms = binary->compile_ms;

  cache::KernelRow row;
  row.compile_key = key;
  row.arch = device_.device_class().arch;
  row.compiler = device_.compiler().identity(source.kind);
  row.entries = joined(source.entries);
  row.blob = std::move(binary->bytes);
  row.label = label;
  row.compile_ms = binary->compile_ms;
  row.registers = binary->registers;
  row.spill_bytes = binary->spill_bytes;
  row.stack_bytes = binary->stack_bytes;
  row.warnings = fmt::format("{}", fmt::join(binary->warnings, "\n"));
  row.shared_bytes = binary->shared_bytes;
  if (auto added = store_.add(row); !added.ok()) {
    log_once(LogLevel::warning, "kernel store", "Compiled kernels are not kept: " + added.error().message());
  }
  return obtained;
}

Result<ObtainedKernel> KernelProvider::load(const Binary& binary, std::string origin, const std::string& key) {
  const auto start = std::chrono::steady_clock::now();
  ATTUNE_TRY(KernelPtr kernel, device_.load(binary));
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return ObtainedKernel{std::move(kernel), binary.entries, std::move(origin), key, 0, elapsed.count()};
}

std::optional<ObtainedKernel> KernelProvider::in_memory(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = loaded_.find(key);
  if (found == loaded_.end()) return std::nullopt;
  KernelPtr kernel = found->second.kernel.lock();
  if (!kernel) return std::nullopt;
  return ObtainedKernel{std::move(kernel), found->second.entries, "memory", key, 0, 0};
}

std::vector<ObtainedKernel> KernelProvider::all_in_memory(const std::string& name) {
  std::vector<std::string> keys;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = units_.find(name);
    if (found != units_.end()) keys = found->second;
  }
  std::vector<ObtainedKernel> units;
  for (const std::string& key : keys) {
    auto unit = in_memory(key);
    if (!unit) return {};
    units.push_back(*std::move(unit));
  }
  return units;
}

void KernelProvider::remember(const std::string& key, const ObtainedKernel& kernel) {
  const std::scoped_lock lock(mutex_);
  // A tuning run loads thousands of kernels; their empty entries go whenever a new one comes.
  std::erase_if(loaded_, [](const auto& item) { return item.second.kernel.expired(); });
  loaded_.insert_or_assign(key, Loaded{kernel.entries, kernel.kernel});
}

void KernelProvider::remember_units(const std::string& name, const std::vector<ObtainedKernel>& units) {
  std::vector<std::string> keys;
  for (const ObtainedKernel& unit : units) keys.push_back(unit.compile_key);
  const std::scoped_lock lock(mutex_);
  std::erase_if(units_, [this](const auto& item) { return !loaded_.contains(item.second.back()); });
  units_.insert_or_assign(name, std::move(keys));
}

KernelStats KernelProvider::stats() const {
  return {hits_.load(std::memory_order_relaxed), compiles_.load(std::memory_order_relaxed),
          shared_.load(std::memory_order_relaxed), compile_ms_.load(std::memory_order_relaxed)};
}

}  // namespace attune::runtime
