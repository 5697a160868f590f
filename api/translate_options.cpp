// Options of contexts and tunings: a null or a zero means "not given".
#include <fmt/format.h>

#include <cmath>

#include "api/translate.hpp"
#include "api/versioned.hpp"

namespace attune::api {
namespace {

void take(const char* given, std::string& option) {
  if (given != nullptr) option = given;
}

Result<void> take_paths(const char* const* given, size_t count, std::string_view field,
                        std::vector<std::filesystem::path>& option) {
  if (given == nullptr && count == 0) return {};
  if (given == nullptr)
    return invalid(fmt::format("{} is null and {}_count is {}. Pass the paths, or a count of 0.", field, field, count));
  option.clear();
  for (size_t i = 0; i < count; ++i) {
    if (given[i] == nullptr) return invalid(fmt::format("{}[{}] is null. Pass a path.", field, i));
    option.emplace_back(given[i]);
  }
  return {};
}

}  // namespace

attune_context_options default_context_options() {
  attune_context_options c{};
  c.struct_size = sizeof c;
  return c;
}

attune_tune_options default_tune_options() {
  attune_tune_options c{};
  c.struct_size = sizeof c;
  c.seed = tuner::TuneOptions().seed;
  c.resume = 1;
  c.isolate = 1;
  return c;
}

Result<attune_context_options> read_context_options(const attune_context_options* given) {
  static const attune_context_options defaults = default_context_options();
  if (given == nullptr) return defaults;
  return read_versioned(given, offsetof(attune_context_options, records_directory), defaults, "attune_context_options");
}

Result<attune_tune_options> read_tune_options(const attune_tune_options* given) {
  static const attune_tune_options defaults = default_tune_options();
  if (given == nullptr) return defaults;
  return read_versioned(given, offsetof(attune_tune_options, progress), defaults, "attune_tune_options");
}

Result<void> apply(const attune_context_options& given, runtime::ContextOptions& options) {
  take(given.device, options.device.name);
  take(given.cpu_isa, options.device.cpu_isa);
  take(given.nvrtc, options.device.nvrtc);
  if (given.threads < 0)
    return invalid(fmt::format("threads is {}. Use 0 for one per core, or a positive number.", given.threads));
  if (given.threads > 0) options.device.threads = given.threads;
  if (given.read_only != 0 && given.read_only != 1)
    return invalid(fmt::format("read_only is {}. Use 0 or 1.", given.read_only));
  if (given.read_only == 1) options.records.read_only = options.kernels.read_only = true;
  if (given.records_directory != nullptr) options.records.user_directory = given.records_directory;
  if (given.kernels_directory != nullptr) options.kernels.user_directory = given.kernels_directory;
  ATTUNE_CHECK(take_paths(given.site_records, given.site_records_count, "site_records", options.records.site_databases));
  ATTUNE_CHECK(take_paths(given.site_kernels, given.site_kernels_count, "site_kernels", options.kernels.site_databases));
  if (given.kernels_max_bytes < 0) {
    return invalid(
        fmt::format("kernels_max_bytes is {}. Use 0 for the default, or a positive number.", given.kernels_max_bytes));
  }
  if (given.kernels_max_bytes > 0) options.kernels.max_bytes = given.kernels_max_bytes;
  take(given.dump_directory, options.dump_directory);
  if ((given.allocate == nullptr) != (given.release == nullptr)) {
    return invalid("only one of allocate and release is given. Pass both, or neither.");
  }
  return {};
}

Result<void> apply(const attune_tune_options& given, tuner::TuneOptions& options) {
  if (given.budget != nullptr) {
    ATTUNE_TRY(options.budget, tuner::parse_budget(given.budget));
  }
  take(given.strategy, options.strategy);
  take(given.cache_regime, options.cache_regime);
  take(given.worker_program, options.worker_program);
  options.seed = given.seed;
  for (const auto& [value, field, option] :
       {std::tuple(given.resume, "resume", &options.resume), std::tuple(given.isolate, "isolate", &options.isolate)}) {
    if (value != 0 && value != 1) return invalid(fmt::format("{} is {}. Use 0 or 1.", field, value));
    *option = value == 1;
  }
  if (given.compile_jobs < 0)
    return invalid(fmt::format("compile_jobs is {}. Use 0 for one per core, or a positive number.", given.compile_jobs));
  options.compile_jobs = given.compile_jobs;
  if (given.reserved_zero != 0)
    return invalid("reserved_zero is not 0. Initialise the struct with attune_tune_options_init.");
  if (!std::isfinite(given.candidate_timeout_s) || given.candidate_timeout_s < 0) {
    return invalid(fmt::format("candidate_timeout_s is {}. Use 0 for the default, or a positive number of seconds.",
                               given.candidate_timeout_s));
  }
  if (given.candidate_timeout_s > 0) options.candidate_timeout_s = given.candidate_timeout_s;
  return {};
}

}  // namespace attune::api
