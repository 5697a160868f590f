// The log hook: the only global of the library. One line a message; details travel in Error::log().
#pragma once

#include <functional>
#include <string_view>

namespace attune {

enum class LogLevel : int { silent = 0, error, warning, info, debug };

std::string_view name(LogLevel level);

using LogSink = std::function<void(LogLevel, std::string_view message)>;

// Replaces the sink (default: standard error) and the threshold (default: warning). Thread-safe.
// Returns the previous sink, so that a test can put it back.
LogSink set_log_sink(LogSink sink);
void set_log_level(LogLevel level);

// Thread-safe; the sink is called under a lock, so lines never interleave.
void log(LogLevel level, std::string_view message);

// Says a thing once a process, however often it happens: cache trouble must not flood a server's log.
void log_once(LogLevel level, std::string_view key, std::string_view message);

}  // namespace attune
