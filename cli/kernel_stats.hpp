// What a GPU kernel costs, without a GPU: the compiler's facts, and the counts of a run on the emulator.
#pragma once

#include "cli/program.hpp"
#include "runtime/context.hpp"

namespace attune::cli {

struct KernelStats {
  runtime::Binary facts;  // registers, spills, warnings; the bytes are not meant to be run
  bool has_facts = false;
  std::string why_no_facts;
  struct Launch {
    std::string entry, counters_json;
  };
  std::vector<Launch> launches;
};

// Runs `config` for `problem` once on the context's device, which must be emulated. unsupported for other devices, naming
// the option that opens one.
Result<KernelStats> kernel_stats(runtime::Context& context, const Family& family, const Problem& problem,
                                 const Config& config, const Source& source);

Json stats_json(const KernelStats& stats);
std::string stats_text(const KernelStats& stats);

}  // namespace attune::cli
