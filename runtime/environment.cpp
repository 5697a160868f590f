// The environment variables: one table for parsing, for the docs and for spotting typos.
#include "runtime/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>

#include "common/log.hpp"

extern char** environ;  // POSIX

namespace attune::runtime {
namespace {

constexpr std::string_view prefix = "ATTUNE_";
constexpr std::string_view in_memory = ":memory:";
// Of others, beside XDG_*: where things lie on this machine.
constexpr std::array<std::string_view, 6> places = {"HOME", "PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CUDA_HOME", "CUDA_PATH"};

constexpr std::array variables = {
    EnvironmentVariable{"ATTUNE_RECORDS_DIR", "records.user_directory",
                        "Directory of the records (measured configs); ':memory:' keeps them in memory only.",
                        "$XDG_DATA_HOME/attune, or ~/.local/share/attune"},
    EnvironmentVariable{"ATTUNE_KERNELS_DIR", "kernels.user_directory",
                        "Directory of the compiled kernels; ':memory:' keeps them in memory only.",
                        "$XDG_CACHE_HOME/attune, or ~/.cache/attune"},
    EnvironmentVariable{"ATTUNE_SITE_RECORDS", "records.site_databases",
                        "Read-only record databases that are asked after the user's own, separated by ':'.", ""},
    EnvironmentVariable{"ATTUNE_SITE_KERNELS", "kernels.site_databases",
                        "Read-only kernel databases that are asked after the user's own, separated by ':'.", ""},
    EnvironmentVariable{"ATTUNE_READ_ONLY", "records.read_only, kernels.read_only",
                        "1: never write the user's records and kernels. 0, 1, false, true, no, yes, off or on.", "0"},
    EnvironmentVariable{"ATTUNE_THREADS", "device.threads",
                        "Worker threads of the cpu device and of the emulator; 0: one per core that this process may use.",
                        "0"},
    EnvironmentVariable{"ATTUNE_NVRTC", "device.nvrtc",
                        "NVRTC's shared library, or a folder that holds it, for cuda and emulated devices; 'none': do not "
                        "use NVRTC.",
                        "searched for (`attune doctor`)"},
    EnvironmentVariable{"ATTUNE_LOG_LEVEL", "log_level", "silent, error, warning, info or debug.", "warning"},
    EnvironmentVariable{"ATTUNE_DUMP_DIR", "dump_directory",
                        "Directory that keeps source, optimised IR or PTX, assembly and binary of every compile.", ""},
};

Error malformed(std::string_view variable, std::string_view value, std::string_view remedy) {
  return {Status::invalid_argument, fmt::format("{} is '{}': {}", variable, value, remedy)};
}

Result<bool> parse_switch(std::string_view variable, std::string_view value) {
  for (const std::string_view yes : {"1", "true", "yes", "on"}) {
    if (value == yes) return true;
  }
  for (const std::string_view no : {"0", "false", "no", "off"}) {
    if (value == no) return false;
  }
  return malformed(variable, value, "use 0, 1, false, true, no, yes, off or on.");
}

Result<int> parse_threads(std::string_view variable, std::string_view value) {
  int threads = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), threads);
  if (error != std::errc() || end != value.data() + value.size() || threads < 0 || threads > 1024) {
    return malformed(variable, value, "use a whole number from 0 (one per core) to 1024.");
  }
  return threads;
}

Result<LogLevel> parse_log_level(std::string_view variable, std::string_view value) {
  for (const LogLevel level : {LogLevel::silent, LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug}) {
    if (value == name(level)) return level;
  }
  return malformed(variable, value, "use silent, error, warning, info or debug.");
}

Result<std::vector<std::filesystem::path>> parse_paths(std::string_view variable, std::string_view value) {
  std::vector<std::filesystem::path> paths;
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find(':', begin), value.size());
    const std::string_view item = value.substr(begin, end - begin);
    if (item.empty()) return malformed(variable, value, "it has an empty path between colons: remove it.");
    paths.emplace_back(item);
    begin = end + 1;
  }
  return paths;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  // An empty value counts as unset, as shells make it hard to tell the two apart.
  std::optional<std::string_view> get(std::string_view variable) const {
    const auto found = environment_.find(variable);
    if (found == environment_.end() || found->second.empty()) return std::nullopt;
    return std::string_view(found->second);
  }

  void warn_about_unknown() const {
    for (const auto& [variable, value] : environment_) {
      if (!variable.starts_with(prefix)) continue;
      const auto nearest = std::min_element(variables.begin(), variables.end(), [&](const auto& a, const auto& b) {
        return edit_distance(variable, a.name) < edit_distance(variable, b.name);
      });
      if (nearest->name == variable) continue;
      log_once(LogLevel::warning, variable,
               fmt::format("The environment variable {} is unknown and has no effect. Did you mean {}?", variable,
                           nearest->name));
    }
  }

  // The specification of XDG base directories says that a relative path is invalid and to be ignored.
  std::filesystem::path base_directory(std::string_view variable, std::string_view below_home) const {
    if (const auto value = get(variable)) {
      if (std::filesystem::path(*value).is_absolute()) return std::filesystem::path(*value) / "attune";
      log_once(
          LogLevel::warning, variable,
          fmt::format("{} is '{}', which is not an absolute path, and is ignored. Set an absolute path.", variable, *value));
    }
    const auto home = get("HOME");
    if (!home || !std::filesystem::path(*home).is_absolute()) return {};
    return std::filesystem::path(*home) / below_home / "attune";
  }

  Result<std::filesystem::path> directory(std::string_view variable, std::string_view xdg, std::string_view below_home,
                                          std::string_view what) const {
    if (const auto value = get(variable)) {
      if (*value == in_memory) return std::filesystem::path();
      std::error_code error;
      auto absolute = std::filesystem::absolute(*value, error);
      if (error) return malformed(variable, *value, "use an absolute path.");
      return absolute;
    }
    std::filesystem::path path = base_directory(xdg, below_home);
    if (path.empty()) {
      log_once(LogLevel::warning, variable,
               fmt::format("Neither HOME nor {} is set: {} stay in memory and are lost at exit. Set {} to keep them.", xdg,
                           what, variable));
    }
    return path;
  }

 private:
  const Environment& environment_;
};

}  // namespace

std::span<const EnvironmentVariable> environment_variables() { return variables; }

Result<ContextOptions> options_from(const Environment& environment) {
  const Reader reader(environment);
  ContextOptions options;
  // First, so that it holds for the warnings below.
  if (const auto value = reader.get("ATTUNE_LOG_LEVEL")) {
    ATTUNE_TRY(options.log_level, parse_log_level("ATTUNE_LOG_LEVEL", *value));
    set_log_level(*options.log_level);
  }
  reader.warn_about_unknown();
  ATTUNE_TRY(options.records.user_directory,
             reader.directory("ATTUNE_RECORDS_DIR", "XDG_DATA_HOME", ".local/share", "records"));
  ATTUNE_TRY(options.kernels.user_directory,
             reader.directory("ATTUNE_KERNELS_DIR", "XDG_CACHE_HOME", ".cache", "compiled kernels"));
  if (const auto value = reader.get("ATTUNE_SITE_RECORDS")) {
    ATTUNE_TRY(options.records.site_databases, parse_paths("ATTUNE_SITE_RECORDS", *value));
  }
  if (const auto value = reader.get("ATTUNE_SITE_KERNELS")) {
    ATTUNE_TRY(options.kernels.site_databases, parse_paths("ATTUNE_SITE_KERNELS", *value));
  }
  if (const auto value = reader.get("ATTUNE_READ_ONLY")) {
    ATTUNE_TRY(const bool read_only, parse_switch("ATTUNE_READ_ONLY", *value));
    options.records.read_only = read_only;
    options.kernels.read_only = read_only;
  }
  if (const auto value = reader.get("ATTUNE_THREADS")) {
    ATTUNE_TRY(options.device.threads, parse_threads("ATTUNE_THREADS", *value));
  }
  if (const auto value = reader.get("ATTUNE_NVRTC")) options.device.nvrtc = *value;
  LibraryPlaces& libraries = options.device.places;
  libraries.virtual_env = reader.get("VIRTUAL_ENV").value_or("");
  libraries.conda_prefix = reader.get("CONDA_PREFIX").value_or("");
  libraries.cuda_home = reader.get("CUDA_HOME").value_or(reader.get("CUDA_PATH").value_or(""));
  libraries.path = reader.get("PATH").value_or("");
  libraries.home = reader.get("HOME").value_or("");
  if (const auto value = reader.get("ATTUNE_DUMP_DIR")) options.dump_directory = *value;
  return options;
}

Result<ContextOptions> options_from_environment() {
  Environment environment;
  for (char** item = environ; item != nullptr && *item != nullptr; ++item) {
    const std::string_view text = *item;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view variable = text.substr(0, equals);
    const bool wanted = variable.starts_with(prefix) || variable.starts_with("XDG_") ||
                        std::find(places.begin(), places.end(), variable) != places.end();
    if (wanted) {
      environment.emplace(variable, text.substr(equals + 1));
    }
  }
  return options_from(environment);
}

}  // namespace attune::runtime
