// Reading, atomic writing and private directories on POSIX.
#include "common/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace attune {
namespace {

namespace fs = std::filesystem;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // close() reports write errors that the kernel delayed (NFS, quotas).
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

std::string_view remedy(int error) {
  switch (error) {
    case ENOENT: return "Check the path.";
    case EACCES:
    case EPERM:
    case EROFS: return "Check the permissions, or choose another place.";
    case ENOSPC:
    case EDQUOT: return "Free some space, or choose another place.";
    case EISDIR:
    case ENOTDIR: return "Name a regular file.";
    case EMFILE:
    case ENFILE: return "Raise the limit of open files (ulimit -n).";
    default: return "Check the file system.";
  }
}

Error io_error(std::string_view what, const fs::path& path, int error) {
  return {Status::io_error, fmt::format("cannot {} {}: {}. {}", what, path.native(), reason(error), remedy(error))};
}

int open_retrying(const fs::path& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Unlike mkstemp, O_EXCL with our own name lets the kernel apply the caller's umask.
fs::path temporary_name(const fs::path& target) {
  static std::atomic<uint64_t> counter{0};
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return target.parent_path() /
         fmt::format(".{}.{}-{:x}-{}.tmp", target.filename().native(), ::getpid(), now, counter.fetch_add(1));
}

// Some file systems (FUSE, some network mounts) do not sync directories and say EINVAL: there is nothing more to do there.
bool sync_directory(const fs::path& directory) {
  const FileDescriptor fd(open_retrying(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY));
  return fd.valid() && (::fsync(fd.get()) == 0 || errno == EINVAL || errno == EROFS);
}

// Pipes and devices (/dev/stdout, /dev/null) cannot be replaced by a rename and must not be.
Result<void> write_in_place(const fs::path& path, std::string_view bytes) {
  FileDescriptor fd(open_retrying(path, O_WRONLY));
  if (!fd.valid()) return io_error("open", path, errno);
  if (!write_all(fd.get(), bytes)) return io_error("write", path, errno);
  if (!fd.close()) return io_error("write", path, errno);
  return {};
}

Result<void> write_and_rename(const fs::path& target, std::string_view bytes, const struct stat* previous) {
  const fs::path temporary = temporary_name(target);
  FileDescriptor fd(open_retrying(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666));
  if (!fd.valid()) return io_error("create", temporary, errno);

  const auto give_up = [&](std::string_view what) -> Error {
    const int error = errno;
    ::unlink(temporary.c_str());
    return io_error(what, target, error);
  };
  if (!write_all(fd.get(), bytes)) return give_up("write");
  if (previous != nullptr && ::fchmod(fd.get(), previous->st_mode & 07777) != 0) return give_up("set the mode of");
  if (::fsync(fd.get()) != 0) return give_up("sync");
  if (!fd.close()) return give_up("write");
  if (::rename(temporary.c_str(), target.c_str()) != 0) return give_up("replace");
  if (!sync_directory(target.parent_path())) return io_error("sync the directory of", target, errno);
  return {};
}

Result<void> check_private(const fs::path& path) {
  const FileDescriptor fd(open_retrying(path, O_RDONLY | O_DIRECTORY));
  struct stat info{};
  // A directory that may be searched but not read still has an owner and a mode to check.
  if (fd.valid() ? ::fstat(fd.get(), &info) != 0 : ::stat(path.c_str(), &info) != 0) {
    return io_error("use the directory", path, errno);
  }
  if (!S_ISDIR(info.st_mode)) {
    return Error(Status::io_error,
                 fmt::format("{} is not a directory. Move it away, or choose another place.", path.native()));
  }
  if (info.st_uid != ::geteuid()) {
    return Error(Status::io_error,
                 fmt::format("{} belongs to user {} and this process runs as user {}. Choose a directory of "
                             "your own, or run: chown {} {}",
                             path.native(), info.st_uid, ::geteuid(), ::geteuid(), path.native()));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error(Status::io_error,
                 fmt::format("{} can be written by others (mode {:04o}), so what is in it cannot be trusted. "
                             "Run: chmod go-w {}",
                             path.native(), info.st_mode & 07777, path.native()));
  }
  return {};
}

Result<void> make_directories(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno == EEXIST) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return io_error("create the directory", path, errno);
    return S_ISDIR(info.st_mode) ? Result<void>() : Result<void>(io_error("create the directory", path, ENOTDIR));
  }
  const fs::path parent = path.parent_path();
  if (errno != ENOENT || parent.empty() || parent == path) return io_error("create the directory", path, errno);
  ATTUNE_CHECK(make_directories(parent));
  // Another process may have been faster.
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return io_error("create the directory", path, errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const fs::path& path) {
  const FileDescriptor fd(open_retrying(path, O_RDONLY));
  if (!fd.valid()) return io_error("open", path, errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return io_error("read", path, errno);
  if (S_ISDIR(info.st_mode)) return io_error("read", path, EISDIR);

  // The size is a hint: it is 0 under /proc, and a file may grow while it is read.
  constexpr size_t step_bytes = size_t{64} << 10;
  std::string bytes;
  size_t used = 0;
  try {
    bytes.resize(static_cast<size_t>(info.st_size) + 1);
    while (true) {
      if (used == bytes.size()) bytes.resize(bytes.size() + bytes.size() / 2 + step_bytes);
      const ssize_t got = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return io_error("read", path, errno);
      if (got == 0) break;
      used += static_cast<size_t>(got);
    }
  } catch (const std::bad_alloc&) {
    return Error(Status::out_of_memory,
                 fmt::format("{} ({} bytes) does not fit in memory. Use a smaller file.", path.native(), info.st_size));
  }
  bytes.resize(used);
  return bytes;
}

Result<void> write_file_atomically(const fs::path& path, std::string_view bytes) {
  if (path.filename().empty()) {
    return Error(Status::io_error,
                 fmt::format("cannot write \"{}\": it does not name a file. Name a regular file.", path.native()));
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return io_error("write", path, errno);
    return write_and_rename(path, bytes, nullptr);
  }
  if (S_ISDIR(info.st_mode)) return io_error("write", path, EISDIR);
  if (!S_ISREG(info.st_mode)) return write_in_place(path, bytes);
  // A link stays a link: the file it points to is replaced.
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return io_error("write", path, error.value());
  return write_and_rename(target, bytes, &info);
}

Result<void> ensure_private_directory(const fs::path& path) {
  if (path.empty()) return Error(Status::io_error, "the name of the directory is empty. Give a path.");
  // "a/b/" has an empty last component, which mkdir and parent_path() would see differently.
  const fs::path directory = path.has_filename() ? path : path.parent_path();
  ATTUNE_CHECK(make_directories(directory));
  return check_private(directory);
}

bool is_writable_directory(const fs::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

}  // namespace attune
