// Where the readers get their bytes: a file, or memory (tests and fuzzing). Random access, no partial reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace attune::cli {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual int64_t size_bytes() const = 0;
  // Reads exactly `count` bytes at `offset`; io_error otherwise (also when the file shrank meanwhile).
  virtual Result<void> read(int64_t offset, void* destination, int64_t count) const = 0;
};

// invalid_argument when the path cannot be opened or is not a regular file: it is the caller's input.
Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path);
// `bytes` must outlive the source.
std::unique_ptr<ByteSource> from_memory(std::string_view bytes);

}  // namespace attune::cli
