// Reads with pread: a file that shrinks while it is read is an error, where a mapping would be a SIGBUS.
#include "cli/files/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace attune::cli {
namespace {

class File final : public ByteSource {
 public:
  File(int descriptor, int64_t size, std::string path) : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  ~File() override { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int64_t size_bytes() const override { return size_; }

  Result<void> read(int64_t offset, void* destination, int64_t count) const override {
    auto* out = static_cast<char*>(destination);
    while (count > 0) {
      const ssize_t got = ::pread(descriptor_, out, static_cast<size_t>(count), offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Error(Status::io_error, fmt::format("{}: {}; check the disk", path_, std::strerror(errno)));
      if (got == 0) return Error(Status::io_error, fmt::format("{}: the file became shorter while it was read", path_));
      out += got;
      offset += got;
      count -= got;
    }
    return {};
  }

 private:
  int descriptor_;
  int64_t size_;
  std::string path_;
};

class Memory final : public ByteSource {
 public:
  explicit Memory(std::string_view bytes) : bytes_(bytes) {}
  int64_t size_bytes() const override { return static_cast<int64_t>(bytes_.size()); }
  Result<void> read(int64_t offset, void* destination, int64_t count) const override {
    if (offset < 0 || count < 0 || offset > size_bytes() || count > size_bytes() - offset) {
      return Error(Status::io_error, "read past the end of the bytes");
    }
    if (count > 0) std::memcpy(destination, bytes_.data() + offset, static_cast<size_t>(count));
    return {};
  }

 private:
  std::string_view bytes_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO must not hang; it is refused below.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return Error(Status::invalid_argument,
                 fmt::format("{}: {}; give the path of a readable file", path.string(), std::strerror(errno)));
  }
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ::close(descriptor);
    return Error(Status::invalid_argument,
                 fmt::format("{}: not a regular file; give the path of a .npy or .safetensors file", path.string()));
  }
  return std::unique_ptr<ByteSource>(std::make_unique<File>(descriptor, facts.st_size, path.string()));
}

std::unique_ptr<ByteSource> from_memory(std::string_view bytes) { return std::make_unique<Memory>(bytes); }

}  // namespace attune::cli
