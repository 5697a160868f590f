// attune worker (hidden): the process in which the tuner measures, so that a crash or a hang costs one candidate.
#include <CLI/CLI.hpp>

#include "cli/program.hpp"
#include "cli/verbs/verbs.hpp"
#include "tuner/tuner.hpp"

namespace attune::cli {

void add_worker(CLI::App& root, Program& program) {
  CLI::App& verb =
      program.add_verb(root, "worker", "Measures candidates for the tuner, over standard input and output", "attune worker");
  verb.group("");
  program.on(verb, []() -> Result<Report> {
    Report out;
    out.code = static_cast<ExitCode>(tuner::worker_main());
    return out;
  });
}

}  // namespace attune::cli
