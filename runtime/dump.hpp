// Keeps what a compile was made of, for people: ATTUNE_DUMP_DIR, and the sources of kernels that did not compile.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/device.hpp"

namespace attune::runtime {

// Writes DIRECTORY/<first 16 digits of the key>/ with kernel.ll (or kernel.cu), optimised.ll (or kernel.ptx), kernel.s,
// kernel.o (or kernel.cubin), the compiler's log and keys.json. Of a compile that failed the source and the log are kept.
// Returns the folder; a failure to write is logged once, changes nothing else, and returns nothing.
std::optional<std::filesystem::path> dump_compile(const std::filesystem::path& directory, const std::string& key,
                                                  const std::string& label, const Source& source, const Device& device,
                                                  const Result<Binary>& outcome);

// The same for a failed compile when no dump was asked for: DIRECTORY keeps the latest few of them, so that an error can
// name its source without filling a disk.
std::optional<std::filesystem::path> keep_failure(const std::filesystem::path& directory, const std::string& key,
                                                  const std::string& label, const Source& source, const Device& device,
                                                  const Result<Binary>& outcome);

}  // namespace attune::runtime
