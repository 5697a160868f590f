// The `attune` program: one verb, one file in verbs/.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "attune/attune.h"
#include "cli/program.hpp"
#include "cli/verbs/verbs.hpp"

namespace {

#define ATTUNE_TEXT_(x) #x
#define ATTUNE_TEXT(x) ATTUNE_TEXT_(x)
constexpr const char* version =
    ATTUNE_TEXT(ATTUNE_VERSION_MAJOR) "." ATTUNE_TEXT(ATTUNE_VERSION_MINOR) "." ATTUNE_TEXT(ATTUNE_VERSION_PATCH);

}  // namespace

int main(int argc, char** argv) {
  std::error_code failure;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failure);
  attune::cli::Program program(failure ? argv[0] : self.string());

  CLI::App root("Attune generates, compiles and tunes attention kernels for this machine.", "attune");
  root.set_version_flag("--version", std::string("attune ") + version);
  root.require_subcommand(1);
  root.footer(
      "Exit codes: 0 ok, 1 usage, 2 environment (device, compiler, memory, directory), 3 partial, 4 verification failed.\n"
      "Example:\n  attune tune vit-b --budget quick");
  attune::cli::add_run(root, program);
  attune::cli::add_tune(root, program);
  attune::cli::add_explain(root, program);
  attune::cli::add_top(root, program);
  attune::cli::add_emit(root, program);
  attune::cli::add_verify(root, program);
  attune::cli::add_bench(root, program);
  attune::cli::add_export(root, program);
  attune::cli::add_import(root, program);
  attune::cli::add_merge(root, program);
  attune::cli::add_gc(root, program);
  attune::cli::add_doctor(root, program);
  attune::cli::add_support(root, program);
  attune::cli::add_sample(root, program);
  attune::cli::add_accuracy(root, program);
  attune::cli::add_worker(root, program);
  attune::cli::add_docs(root, program);
  return program.run(root, argc, argv);
}
