// Options of every verb that opens a device or a store; each mirrors an environment variable or a context option.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "runtime/context.hpp"

namespace CLI {
class App;
}

namespace attune::cli {

struct ContextArguments {
  std::string device, isa, nvrtc, records_directory, kernels_directory, dump_directory, log_level;
  std::vector<std::string> site_records, site_kernels;
  int threads = -1;  // -1: not given
  bool read_only = false;
};

// --device, --threads, --isa, --nvrtc and the stores.
void add_context_options(CLI::App& verb, ContextArguments& arguments);
// The stores alone, for verbs that need no device.
void add_store_options(CLI::App& verb, ContextArguments& arguments);

// Which option mirrors which environment variable.
struct MirroredVariable {
  std::string_view variable, option;
};
std::span<const MirroredVariable> mirrored_variables();

// The environment, overridden by what the command line says.
Result<runtime::ContextOptions> context_options(const ContextArguments& arguments);
// A device that is unknown or unavailable is an environment error, with the next step.
Result<std::unique_ptr<runtime::Context>> open_context(const ContextArguments& arguments);

}  // namespace attune::cli
