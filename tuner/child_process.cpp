// posix_spawn over a socket pair. A socket and not two pipes, because a send() can be told not to raise SIGPIPE.
#include "tuner/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

extern char** environ;

namespace attune::tuner {
namespace {

constexpr size_t max_line_bytes = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::string reason(int error) { return std::strerror(error); }  // NOLINT(concurrency-mt-unsafe): glibc's is

Error gone(std::string_view doing) {
  return {Status::io_error,
          fmt::format("the worker process ended while {}. The candidate it ran is recorded as crashed.", doing)};
}

struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSettings(int socket, int errors) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);

    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::spawn(const std::string& program, const std::string& argument) {
  const auto failed = [&](int error) {
    return Error(Status::io_error,
                 fmt::format("the worker program {} could not be started: {}. Set worker_program to the path of "
                             "the attune program.",
                             program, reason(error)));
  };
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed(errno);
  Descriptor ours(ends[0]), theirs(ends[1]);
  Descriptor errors(memfd_create("attune-worker-stderr", MFD_CLOEXEC));
  if (errors.get() < 0) return failed(errno);

  const SpawnSettings settings(theirs.get(), errors.get());
  char* const arguments[] = {const_cast<char*>(program.c_str()), const_cast<char*>(argument.c_str()), nullptr};
  pid_t id = 0;
  const int error = posix_spawn(&id, program.c_str(), &settings.actions, &settings.attributes, arguments, environ);
  if (error != 0) return failed(error);
  return std::unique_ptr<ChildProcess>(new ChildProcess(id, ours.release(), errors.release()));
}

ChildProcess::~ChildProcess() {
  end();
  close(socket_);
  close(errors_);
}

Result<void> ChildProcess::send(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return gone("it was sent a request");
    sent += static_cast<size_t>(count);
  }
  return {};
}

Result<std::string> ChildProcess::receive(double timeout_s, const std::atomic<bool>* cancel) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration<double>(timeout_s);
  while (true) {
    if (const size_t end_of_line = pending_.find('\n'); end_of_line != std::string::npos) {
      std::string line = pending_.substr(0, end_of_line);
      pending_.erase(0, end_of_line + 1);
      return line;
    }
    if (pending_.size() > max_line_bytes)
      return Error(Status::internal, "the worker sent a line without an end. Check worker_program.");
    if (cancel != nullptr && cancel->load()) return Error(Status::cancelled, "cancelled. What was measured is recorded.");
    const double left_ms = std::chrono::duration<double, std::milli>(deadline - Clock::now()).count();
    if (left_ms <= 0) return Error(Status::timed_out, fmt::format("no answer from the worker within {:.3g} s.", timeout_s));

    pollfd waiting{socket_, POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(std::clamp(left_ms, 1.0, 50.0))) <= 0) continue;
    char buffer[4096];
    const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) return gone("it measured");
    pending_.append(buffer, static_cast<size_t>(count));
  }
}

void ChildProcess::reap(int options) {
  pid_t ended = 0;
  do {
    ended = waitpid(id_, &wait_status_, options);
  } while (ended < 0 && errno == EINTR);
  // ECHILD: the host ignores SIGCHLD, and the kernel has reaped it.
  reaped_ = ended == id_ || ended < 0;
}

std::string ChildProcess::end() {
  if (!reaped_) {
    // A crash closes the socket a moment before the process is waitable: its own end is worth more than our SIGKILL.
    for (int patience_ms = 0; patience_ms < 200 && !reaped_; patience_ms += 5) {
      pollfd hung_up{socket_, 0, 0};
      reap(WNOHANG);
      if (reaped_ || poll(&hung_up, 1, 0) == 0) break;
      usleep(5000);
    }
  }
  if (!reaped_) {
    kill(id_, SIGKILL);
    reap(0);
  }
  if (WIFSIGNALED(wait_status_)) {
    const int signal = WTERMSIG(wait_status_);
    const char* name = sigabbrev_np(signal);
    return fmt::format("died of SIG{} ({})", name != nullptr ? name : "?", sigdescr_np(signal) ? sigdescr_np(signal) : "?");
  }
  return fmt::format("exited with {}", WEXITSTATUS(wait_status_));
}

std::string ChildProcess::last_words() const {
  constexpr off_t max_bytes = 400;
  struct stat status{};
  if (fstat(errors_, &status) != 0 || status.st_size == 0) return {};
  std::string words(static_cast<size_t>(std::min(status.st_size, max_bytes)), '\0');
  const ssize_t count = pread(errors_, words.data(), words.size(), status.st_size - static_cast<off_t>(words.size()));
  words.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
  for (char& letter : words) {
    if (std::isprint(static_cast<unsigned char>(letter)) == 0) letter = ' ';
  }
  const size_t last = words.find_last_not_of(' ');
  return last == std::string::npos ? std::string() : words.substr(0, last + 1);
}

}  // namespace attune::tuner
