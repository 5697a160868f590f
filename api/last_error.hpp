// The thread's last error, and the fence that no exception crosses.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "attune/attune.h"
#include "common/result.hpp"

namespace attune::api {

// Remembers the error for this thread and returns its status. Never throws, also when memory is short.
attune_status fail(const Error& error) noexcept;
attune_status fail_out_of_memory() noexcept;
attune_status fail_unexpectedly(const char* what) noexcept;

const char* last_message() noexcept;
const char* last_log() noexcept;

inline Error invalid(std::string message) { return {Status::invalid_argument, std::move(message)}; }

// Runs a function that returns Result<void> and turns every way it can end into a status.
template <class Body>
attune_status fenced(Body&& body) noexcept {
  try {
    const Result<void> result = std::forward<Body>(body)();
    return result.ok() ? ATTUNE_OK : fail(result.error());
  } catch (const std::bad_alloc&) {
    return fail_out_of_memory();
  } catch (const std::exception& error) {
    return fail_unexpectedly(error.what());
  } catch (...) {
    return fail_unexpectedly("an exception of unknown type");
  }
}

}  // namespace attune::api
