// Result and error type of every fallible function in Attune: no exception crosses a room's door.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace attune {

// One value per way a call can end. The C ABI's attune_status has the same values in the same order (api/ asserts it).
enum class Status : int {
  ok = 0,
  invalid_argument,  // the caller's input is malformed; the message names the field and the remedy
  unsupported,       // well-formed, but no family can do it here; the message names what would work
  not_found,         // policy forbids compiling and nothing is cached, or a named thing does not exist
  out_of_memory,
  io_error,       // a file or directory could not be read or written
  cache_corrupt,  // a store failed its integrity check; the call went on without it
  no_compiler,
  compiler_too_old,
  compile_failed,  // log() holds the compiler's own words
  load_failed,
  resources_exceeded,
  not_ready_in_capture,  // would have to compile or load while the stream is being captured
  timed_out,
  cancelled,
  validation_failed,  // ran, but the numbers are wrong
  device_unavailable,
  device_lost,  // sticky: the device must be reopened
  internal,     // a bug in Attune
};

// "invalid_argument" and so on: stable names, used in JSON and in records.
std::string_view name(Status status);

class Error {
 public:
  // `message` is one or two sentences; the last says what the user can do.
  Error(Status status, std::string message, std::string log = {})
      : status_(status), message_(std::move(message)), log_(std::move(log)) {}

  Status status() const { return status_; }
  const std::string& message() const { return message_; }
  const std::string& log() const { return log_; }  // compiler output and the like; may be empty

  // The same error seen from one floor up: "while tuning X: <message>".
  Error within(std::string_view what) const { return {status_, std::string(what) + ": " + message_, log_}; }

 private:
  Status status_;
  std::string message_;
  std::string log_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  const Error& error() const { return std::get<1>(state_); }
  T value_or(T fallback) const { return ok() ? std::get<0>(state_) : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace attune

#define ATTUNE_CONCAT_(a, b) a##b
#define ATTUNE_CONCAT(a, b) ATTUNE_CONCAT_(a, b)

// Returns the error to the caller, or goes on.
#define ATTUNE_CHECK(expression)                                  \
  do {                                                            \
    if (auto attune_check_ = (expression); !attune_check_.ok()) { \
      return attune_check_.error();                               \
    }                                                             \
  } while (false)

// ATTUNE_TRY(auto text, read_file(path)): declares `text`, or returns the error to the caller.
#define ATTUNE_TRY(declaration, expression)                 \
  auto ATTUNE_CONCAT(attune_try_, __LINE__) = (expression); \
  if (!ATTUNE_CONCAT(attune_try_, __LINE__).ok()) {         \
    return ATTUNE_CONCAT(attune_try_, __LINE__).error();    \
  }                                                         \
  declaration = *std::move(ATTUNE_CONCAT(attune_try_, __LINE__))
