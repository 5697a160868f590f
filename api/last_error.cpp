// Thread-local error text, statuses and their names, the log sink.
#include "api/last_error.hpp"

#include "common/log.hpp"

namespace attune::api {
namespace {

struct LastError {
  std::string message, log;
  const char* fixed = nullptr;  // set when there was no memory for a copy
};

LastError& slot() {
  thread_local LastError error;
  return error;
}

attune_status remember_fixed(attune_status status, const char* message) noexcept {
  slot().message.clear();
  slot().log.clear();
  slot().fixed = message;
  return status;
}

#define ATTUNE_SAME(c_name, cpp_name) static_assert(static_cast<int>(c_name) == static_cast<int>(Status::cpp_name))
ATTUNE_SAME(ATTUNE_OK, ok);
ATTUNE_SAME(ATTUNE_INVALID_ARGUMENT, invalid_argument);
ATTUNE_SAME(ATTUNE_UNSUPPORTED, unsupported);
ATTUNE_SAME(ATTUNE_NOT_FOUND, not_found);
ATTUNE_SAME(ATTUNE_OUT_OF_MEMORY, out_of_memory);
ATTUNE_SAME(ATTUNE_IO_ERROR, io_error);
ATTUNE_SAME(ATTUNE_CACHE_CORRUPT, cache_corrupt);
ATTUNE_SAME(ATTUNE_NO_COMPILER, no_compiler);
ATTUNE_SAME(ATTUNE_COMPILER_TOO_OLD, compiler_too_old);
ATTUNE_SAME(ATTUNE_COMPILE_FAILED, compile_failed);
ATTUNE_SAME(ATTUNE_LOAD_FAILED, load_failed);
ATTUNE_SAME(ATTUNE_RESOURCES_EXCEEDED, resources_exceeded);
ATTUNE_SAME(ATTUNE_NOT_READY_IN_CAPTURE, not_ready_in_capture);
ATTUNE_SAME(ATTUNE_TIMED_OUT, timed_out);
ATTUNE_SAME(ATTUNE_CANCELLED, cancelled);
ATTUNE_SAME(ATTUNE_VALIDATION_FAILED, validation_failed);
ATTUNE_SAME(ATTUNE_DEVICE_UNAVAILABLE, device_unavailable);
ATTUNE_SAME(ATTUNE_DEVICE_LOST, device_lost);
ATTUNE_SAME(ATTUNE_INTERNAL, internal);
#undef ATTUNE_SAME

static_assert(ATTUNE_LOG_SILENT == static_cast<int>(LogLevel::silent) &&
              ATTUNE_LOG_ERROR == static_cast<int>(LogLevel::error) &&
              ATTUNE_LOG_WARNING == static_cast<int>(LogLevel::warning) &&
              ATTUNE_LOG_INFO == static_cast<int>(LogLevel::info) && ATTUNE_LOG_DEBUG == static_cast<int>(LogLevel::debug));

}  // namespace

attune_status fail(const Error& error) noexcept {
  const auto status = static_cast<attune_status>(error.status());
  try {
    slot() = {error.message(), error.log(), nullptr};
    return status;
  } catch (...) {
    return remember_fixed(status, "the message of this error did not fit in memory. Free some memory.");
  }
}

attune_status fail_out_of_memory() noexcept {
  return remember_fixed(ATTUNE_OUT_OF_MEMORY, "out of memory. Free some memory, or use smaller shapes.");
}

attune_status fail_unexpectedly(const char* what) noexcept {
  try {
    return fail({Status::internal, std::string("a bug in Attune: ") + what + ". Please report it with this message."});
  } catch (...) {
    return remember_fixed(ATTUNE_INTERNAL, "a bug in Attune. Please report it.");
  }
}

const char* last_message() noexcept { return slot().fixed != nullptr ? slot().fixed : slot().message.c_str(); }
const char* last_log() noexcept { return slot().log.c_str(); }

}  // namespace attune::api

using namespace attune;  // NOLINT(google-build-using-namespace): the C names below live outside

extern "C" {

const char* attune_status_name(int32_t status) {
  if (status < ATTUNE_OK || status > ATTUNE_INTERNAL) return "unknown";
  return name(static_cast<Status>(status)).data();  // literals end with a zero byte
}

const char* attune_last_error(void) { return api::last_message(); }
const char* attune_last_error_log(void) { return api::last_log(); }

attune_status attune_set_log(attune_log_sink sink, void* user, int32_t level) {
  return api::fenced([&]() -> Result<void> {
    if (level < ATTUNE_LOG_SILENT || level > ATTUNE_LOG_DEBUG) {
      return api::invalid("level is " + std::to_string(level) +
                          ". Use one of attune_log_level, ATTUNE_LOG_SILENT to ATTUNE_LOG_DEBUG.");
    }
    if (sink == nullptr) {
      set_log_sink({});
    } else {
      set_log_sink([sink, user](LogLevel line_level, std::string_view message) {
        sink(static_cast<int32_t>(line_level), std::string(message).c_str(), user);
      });
    }
    set_log_level(static_cast<LogLevel>(level));
    return {};
  });
}

}  // extern "C"
