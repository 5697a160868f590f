#include "common/log.hpp"

#include <cstdio>
#include <mutex>
#include <set>
#include <string>

namespace attune {
namespace {

struct LogState {
  std::mutex mutex;
  LogSink sink;  // empty: standard error
  LogLevel level = LogLevel::warning;
  std::set<std::string, std::less<>> said;
};

LogState& state() {
  static LogState instance;
  return instance;
}

void write_locked(LogState& log_state, LogLevel level, std::string_view message) {
  if (level > log_state.level) return;
  if (log_state.sink) {
    log_state.sink(level, message);
    return;
  }
  const std::string_view label = name(level);
  std::fprintf(stderr, "attune: %.*s: %.*s\n", static_cast<int>(label.size()), label.data(),
               static_cast<int>(message.size()), message.data());
}

}  // namespace

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::silent: return "silent";
    case LogLevel::error: return "error";
    case LogLevel::warning: return "warning";
    case LogLevel::info: return "info";
    case LogLevel::debug: return "debug";
  }
  return "unknown";
}

LogSink set_log_sink(LogSink sink) {
  std::scoped_lock lock(state().mutex);
  std::swap(state().sink, sink);
  return sink;
}

void set_log_level(LogLevel level) {
  std::scoped_lock lock(state().mutex);
  state().level = level;
}

void log(LogLevel level, std::string_view message) {
  std::scoped_lock lock(state().mutex);
  write_locked(state(), level, message);
}

void log_once(LogLevel level, std::string_view key, std::string_view message) {
  std::scoped_lock lock(state().mutex);
  if (state().said.emplace(key).second) write_locked(state(), level, message);
}

}  // namespace attune
