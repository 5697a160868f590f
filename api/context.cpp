// Contexts: creation, device facts, statistics, and the exchange of records.
#include <fmt/format.h>

#include "api/handles.hpp"
#include "api/translate.hpp"
#include "api/versioned.hpp"
#include "api/worker_program.hpp"

using namespace attune;       // NOLINT(google-build-using-namespace): the C names below live outside
using namespace attune::api;  // NOLINT(google-build-using-namespace)

namespace {

Result<std::unique_ptr<attune_context>> create(const attune_context_options* given) {
  ATTUNE_TRY(const attune_context_options checked, read_context_options(given));
  ATTUNE_TRY(runtime::ContextOptions options, runtime::options_from_environment());
  ATTUNE_CHECK(apply(checked, options));

  auto body = std::make_shared<ContextBody>();
  if (checked.tune_budget != nullptr) {
    ATTUNE_TRY(body->tuning.budget, tuner::parse_budget(checked.tune_budget));
  }
  body->tuning.worker_program = checked.worker_program != nullptr ? checked.worker_program : installed_program();
  body->allocate = checked.allocate;
  body->release = checked.release;
  body->allocator_user = checked.allocator_user;

  ATTUNE_TRY(body->runtime, runtime::Context::create(options));
  body->device_name = body->runtime->device().name();
  body->reads_host_memory = body->runtime->device().device_class().kind == "cpu";
  if (body->tuning.worker_program.empty()) {
    body->runtime->set_tuner([](runtime::Context&, const Problem&) -> Result<void> { return no_worker_program(); });
  } else {
    tuner::install(*body->runtime, body->tuning);
  }
  return std::make_unique<attune_context>(attune_context{std::move(body)});
}

template <class Exchange>
attune_status exchange(attune_context* context, const char* path, int64_t* count, const char* what, Exchange&& records) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    if (path == nullptr || *path == '\0') return invalid(fmt::format("{} is empty. Pass the path of a file.", what));
    ATTUNE_TRY(const int64_t done, records(context->body->runtime->records()));
    if (count != nullptr) *count = done;
    return {};
  });
}

}  // namespace

namespace attune::api {

Error no_worker_program() {
  return {
      Status::not_found,
      "no `attune` program is installed beside this library, and tuning measures in a worker process of that program. Set "
      "worker_program to its path, or set isolate to 0 in attune_tune_options."};
}

}  // namespace attune::api

extern "C" {

attune_status attune_context_create(const attune_context_options* options, attune_context** context) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_TRY(auto created, create(options));
    *context = created.release();
    return {};
  });
}

void attune_context_destroy(attune_context* context) { delete context; }

attune_status attune_context_device(attune_context* context, attune_device_info* info) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_CHECK(check_pointer(info, "attune_device_info"));
    const DeviceClass& device = context->body->runtime->device().device_class();
    attune_device_info filled{};
    filled.device = context->body->device_name.c_str();
    filled.name = device.name.c_str();
    filled.arch = device.arch.c_str();
    filled.compute_units = device.compute_units;
    filled.memory_bytes = device.memory_bytes;
    return write_versioned(info, info->struct_size, offsetof(attune_device_info, compute_units), filled,
                           "attune_device_info");
  });
}

attune_status attune_context_statistics(attune_context* context, attune_statistics* statistics) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_CHECK(check_pointer(statistics, "attune_statistics"));
    runtime::Context& runtime = *context->body->runtime;
    const runtime::CacheStats stats = runtime.stats();
    attune_statistics filled{};
    filled.plan_hits = stats.plan_hits;
    filled.plan_misses = stats.plan_misses;
    filled.kernel_hits = stats.kernel_hits;
    filled.kernel_compiles = stats.kernel_compiles;
    filled.kernel_shared = stats.kernel_shared;
    filled.compile_ms = stats.compile_ms;
    filled.records = runtime.records().health().records;
    filled.kernels = runtime.kernels().health().kernels;
    return write_versioned(statistics, statistics->struct_size, offsetof(attune_statistics, records), filled,
                           "attune_statistics");
  });
}

attune_status attune_export(attune_context* context, const char* path, int64_t* count) {
  return exchange(context, path, count, "path", [&](cache::RecordStore& records) { return records.export_to(path); });
}

attune_status attune_import(attune_context* context, const char* path, int64_t* count) {
  return exchange(context, path, count, "path", [&](cache::RecordStore& records) {
    auto imported = records.import_from(path);
    context->body->runtime->forget_plans();
    return imported;
  });
}

attune_status attune_merge(attune_context* context, const char* database, int64_t* count) {
  return exchange(context, database, count, "database", [&](cache::RecordStore& records) {
    auto merged = records.merge_from(database);
    context->body->runtime->forget_plans();
    return merged;
  });
}

}  // extern "C"
