#include "api/worker_program.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <filesystem>

#include "attune/attune.h"

namespace attune::api {

std::string installed_program() {
  Dl_info library{};
  if (::dladdr(reinterpret_cast<const void*>(&attune_version), &library) == 0 || library.dli_fname == nullptr) return {};
  std::error_code error;
  const auto file = std::filesystem::canonical(library.dli_fname, error);
  if (error) return {};
  // Both paths come from the build: lib and bin of one prefix, wherever the prefix was moved to.
  const auto program = (file.parent_path() / ATTUNE_PROGRAM_FROM_LIBRARY).lexically_normal();
  return ::access(program.c_str(), X_OK) == 0 ? program.native() : std::string();
}

}  // namespace attune::api
