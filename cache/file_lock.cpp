#include "cache/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <utility>

namespace attune::cache {
namespace {

Error failure(std::string_view what, const std::filesystem::path& path, int code) {
  return {Status::io_error, fmt::format("cannot {} {}: {}. Check the permissions and the free space of its directory.", what,
                                        path.native(), std::error_code(code, std::generic_category()).message())};
}

}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FileLock> FileLock::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failure("open", path, errno);
  FileLock lock(fd);
  if (::lseek(fd, ::getpid(), SEEK_SET) < 0) return failure("mark", path, errno);
  return lock;
}

FileLock::Held::Held(Held&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::Held::~Held() {
  if (fd_ >= 0) ::flock(fd_, LOCK_UN);
}

Result<FileLock::Held> FileLock::take(int operation, int timeout_ms) const {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + std::chrono::milliseconds(timeout_ms);
  while (::flock(fd_, operation | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return failure("lock", "the lock file", errno);
    if (clock::now() > deadline) {
      return Error(Status::timed_out, "another process holds the lock file of the database. Try again when it is done.");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return Held(fd_);
}

Result<FileLock::Held> FileLock::shared(int timeout_ms) const { return take(LOCK_SH, timeout_ms); }
Result<FileLock::Held> FileLock::exclusive(int timeout_ms) const { return take(LOCK_EX, timeout_ms); }

bool FileLock::is_inherited(const std::filesystem::path& path) {
  struct stat lock{};
  if (::stat(path.c_str(), &lock) != 0) return false;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    const int fd = std::atoi(entry->path().filename().c_str());
    struct stat info{};
    if (::fstat(fd, &info) != 0 || info.st_ino != lock.st_ino || info.st_dev != lock.st_dev) continue;
    // 0: another thread of this process is between open and lseek.
    const off_t owner = ::lseek(fd, 0, SEEK_CUR);
    if (owner > 0 && owner != ::getpid()) return true;
  }
  return false;
}

}  // namespace attune::cache
