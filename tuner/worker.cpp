// The worker process: opens the problem once, then measures what it is asked until its input ends.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "tuner/protocol.hpp"
#include "tuner/tuner.hpp"
#include "tuner/workbench.hpp"

namespace attune::tuner {
namespace {

constexpr int exit_protocol = 70;  // EX_SOFTWARE: whoever started this is no tuner

// Lines from and to one descriptor pair. The answers go to a private copy of standard output, and standard output itself
// becomes standard error: whatever a driver or a compiler prints cannot break the protocol.
class Channel {
 public:
  static std::optional<Channel> open() {
    const int answers = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (answers < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return std::nullopt;
    return Channel(answers);
  }

  std::optional<std::string> read_line() {
    while (true) {
      if (const size_t end = pending_.find('\n'); end != std::string::npos) {
        std::string line = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        return line;
      }
      char buffer[4096];
      const ssize_t count = read(STDIN_FILENO, buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return std::nullopt;
      pending_.append(buffer, static_cast<size_t>(count));
    }
  }

  bool write_line(std::string line) const {
    line += '\n';
    for (size_t written = 0; written < line.size();) {
      const ssize_t count = write(answers_, line.data() + written, line.size() - written);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      written += static_cast<size_t>(count);
    }
    return true;
  }

 private:
  explicit Channel(int answers) : answers_(answers) {}
  int answers_;
  std::string pending_;
};

// What a worker holds between requests. Members in order of construction: the bench refers to the context.
struct Session {
  std::unique_ptr<runtime::Context> context;
  std::unique_ptr<Workbench> bench;

  Result<void> open(const OpenRequest& request) {
    bench.reset();
    ATTUNE_TRY(context, runtime::Context::create(request.context));
    const Family* family = find_family(request.family);
    if (family == nullptr) {
      return Error(Status::not_found, fmt::format("family '{}' is not built into the worker. Use an attune program of this "
                                                  "version and build as worker_program.",
                                                  request.family));
    }
    ATTUNE_TRY(bench, Workbench::create(*context, *family, request.problem, request.workbench));
    return {};
  }

  Result<Measurement> measure(const Request& request) {
    if (!bench) return Error(Status::internal, "worker protocol: measure came before open. Send open first.");
    return bench->measure(request.measure, request.fault);
  }
};

}  // namespace

int worker_main() {
  // The kernel kills us when the tuner dies, also by SIGKILL; if it died before this line, the end of input ends us.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);

  auto channel = Channel::open();
  if (!channel || !channel->write_line(encode_hello())) return exit_protocol;
  Session session;
  while (const auto line = channel->read_line()) {
    const auto request = decode_request(*line);
    std::string answer;
    if (!request) {
      answer = encode_answer(Result<void>(request.error()));
    } else if (request->kind == Request::Kind::open) {
      answer = encode_answer(session.open(request->open));
    } else {
      answer = encode_answer(session.measure(*request));
    }
    if (!channel->write_line(std::move(answer))) return exit_protocol;
  }
  return 0;
}

}  // namespace attune::tuner
