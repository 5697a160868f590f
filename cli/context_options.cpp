// The command line comes before the environment, which comes before the defaults.
#include "cli/context_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <system_error>

#include "cli/program.hpp"
#include "common/log.hpp"

namespace attune::cli {
namespace {

constexpr std::array<std::string_view, 5> log_levels{"silent", "error", "warning", "info", "debug"};

// As the environment variables: ':memory:' is no directory, anything else is made absolute.
Result<void> take_directory(const std::string& text, std::string_view option, std::filesystem::path& target) {
  if (text.empty()) return {};
  if (text == ":memory:") {
    target.clear();
    return {};
  }
  std::error_code failure;
  target = std::filesystem::absolute(text, failure);
  if (failure)
    return Error(Status::invalid_argument, fmt::format("{} {}: {}; give an absolute path", option, text, failure.message()));
  return {};
}

constexpr std::array<MirroredVariable, 9> mirrored{{{"ATTUNE_RECORDS_DIR", "--records-dir"},
                                                    {"ATTUNE_KERNELS_DIR", "--kernels-dir"},
                                                    {"ATTUNE_SITE_RECORDS", "--site-records"},
                                                    {"ATTUNE_SITE_KERNELS", "--site-kernels"},
                                                    {"ATTUNE_READ_ONLY", "--read-only"},
                                                    {"ATTUNE_THREADS", "--threads"},
                                                    {"ATTUNE_NVRTC", "--nvrtc"},
                                                    {"ATTUNE_LOG_LEVEL", "--log-level"},
                                                    {"ATTUNE_DUMP_DIR", "--dump-dir"}}};

}  // namespace

std::span<const MirroredVariable> mirrored_variables() { return mirrored; }

void add_store_options(CLI::App& verb, ContextArguments& arguments) {
  const std::string group = "Stores";
  verb.add_option("--records-dir", arguments.records_directory,
                  "Directory of the records store; ':memory:' keeps them in memory only")
      ->type_name("DIR")
      ->group(group);
  verb.add_option("--kernels-dir", arguments.kernels_directory,
                  "Directory of the kernels store; ':memory:' keeps them in memory only")
      ->type_name("DIR")
      ->group(group);
  verb.add_option("--site-records", arguments.site_records, "Read-only records database under the user's; may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  verb.add_option("--site-kernels", arguments.site_kernels, "Read-only kernels database under the user's; may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(group);
  verb.add_flag("--read-only", arguments.read_only, "Never write the user's stores")->group(group);
  verb.add_option("--log-level", arguments.log_level, "silent, error, warning, info or debug")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"silent", "error", "warning", "info", "debug"}))
      ->group(group);
}

void add_context_options(CLI::App& verb, ContextArguments& arguments) {
  const std::string group = "Device";
  verb.add_option("--device", arguments.device, "cpu, cuda:N or emulated:sm_XX")->type_name("NAME")->group(group);
  verb.add_option("--threads", arguments.threads, "cpu and emulated: worker threads; 0 takes one per core")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->group(group);
  verb.add_option("--isa", arguments.isa,
                  "cpu: avx512bf16, avx512vnni, avx512, avxvnni, avx2 or portable instead of the host's best")
      ->type_name("NAME")
      ->check(CLI::IsMember({"avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable"}))
      ->group(group);
  verb.add_option("--nvrtc", arguments.nvrtc,
                  "cuda and emulated: NVRTC's library, a folder that holds it, or 'none'; searched for otherwise")
      ->type_name("PATH")
      ->group(group);
  verb.add_option("--dump-dir", arguments.dump_directory, "Keeps source, optimised IR and object of every compile there")
      ->type_name("DIR")
      ->group(group);
  add_store_options(verb, arguments);
}

Result<runtime::ContextOptions> context_options(const ContextArguments& arguments) {
  ATTUNE_TRY(auto options, runtime::options_from_environment());
  const auto take = [](const std::string& text, auto& target) {
    if (!text.empty()) target = text;
  };
  take(arguments.device, options.device.name);
  take(arguments.isa, options.device.cpu_isa);
  take(arguments.nvrtc, options.device.nvrtc);
  ATTUNE_CHECK(take_directory(arguments.records_directory, "--records-dir", options.records.user_directory));
  ATTUNE_CHECK(take_directory(arguments.kernels_directory, "--kernels-dir", options.kernels.user_directory));
  take(arguments.dump_directory, options.dump_directory);
  if (arguments.threads >= 0) options.device.threads = arguments.threads;
  if (!arguments.site_records.empty()) {
    options.records.site_databases.assign(arguments.site_records.begin(), arguments.site_records.end());
  }
  if (!arguments.site_kernels.empty()) {
    options.kernels.site_databases.assign(arguments.site_kernels.begin(), arguments.site_kernels.end());
  }
  if (arguments.read_only) options.records.read_only = options.kernels.read_only = true;
  for (size_t level = 0; level < log_levels.size(); ++level) {
    if (arguments.log_level != log_levels[level]) continue;
    options.log_level = static_cast<LogLevel>(level);
    set_log_level(*options.log_level);  // also for the verbs that open no context
  }
  return options;
}

Result<std::unique_ptr<runtime::Context>> open_context(const ContextArguments& arguments) {
  ATTUNE_TRY(const auto options, context_options(arguments));
  auto context = runtime::Context::create(options);
  if (!context) return as_environment_error(context.error());
  return context;
}

}  // namespace attune::cli
