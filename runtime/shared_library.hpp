// Libraries opened at run time: how the program uses CUDA without being linked to it. Private to runtime/.
#pragma once

#include <memory>
#include <string>

#include "common/result.hpp"

namespace attune::runtime {

// Open for as long as the process lives: the CUDA libraries keep threads and handlers that outlive any handle of ours.
class SharedLibrary {
 public:
  // `name` is a path, or a name for the system's loader. load_failed with the loader's words in the log.
  static Result<SharedLibrary> open(const std::string& name);
  // Only if the process has it already (of its own or of another framework in it), without loading anything.
  static Result<SharedLibrary> already_loaded(const std::string& name);

  // Null when there is none.
  void* symbol(const char* name) const;
  // The file that the loader took, from one of its functions; the name it was opened by when the loader does not tell.
  std::string path(const char* symbol_name) const;
  // The linker's build id in hex, or the size of the file: what tells two builds of one version apart.
  std::string build_id(const char* symbol_name) const;

 private:
  SharedLibrary(void* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
  static Result<SharedLibrary> open_with(const std::string& name, int flags);

  void* handle_;
  std::string name_;
};

// One place that was looked at for a library, and what came of it: `attune doctor` prints them.
struct LibraryProbe {
  std::string place;    // "option", "pip wheel", "system loader", ...
  std::string path;     // of the file or folder, or the name given to the loader
  std::string outcome;  // "NVRTC 13.0", "not there", ...
  bool used = false;
};

}  // namespace attune::runtime
