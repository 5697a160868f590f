// Child processes for torture: forked before any store is open, reporting over a pipe.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "common/log.hpp"

namespace attune::cache::testing {

// One child. Its lines arrive whole: each is one write() below PIPE_BUF.
class Child {
 public:
  using Report = std::function<void(const std::string& line)>;

  explicit Child(const std::function<int(const Report&)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      set_log_level(LogLevel::silent);
      const int code = body([&](const std::string& line) {
        std::string text = line;
        text.push_back('\n');
        if (::write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(90);
      });
      ::_exit(code);
    }
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::close(read_end_);
  }

  // Takes in what is there within `timeout_ms`.
  void listen(int timeout_ms) {
    pollfd poll{read_end_, POLLIN, 0};
    while (::poll(&poll, 1, timeout_ms) > 0 && take()) timeout_ms = 0;
  }
  void kill() { ::kill(pid_, SIGKILL); }
  // The exit code, or minus the signal. Reads the rest of the pipe, so the child never blocks on it.
  int wait() {
    while (take()) {
    }
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // What was acknowledged: whole lines only.
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    size_t begin = 0;
    for (size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      all.push_back(text_.substr(begin, end - begin));
    }
    return all;
  }

 private:
  bool take() {
    char buffer[4096];
    ssize_t got;
    do {
      got = ::read(read_end_, buffer, sizeof buffer);
    } while (got < 0 && errno == EINTR);
    if (got > 0) text_.append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  pid_t pid_ = -1;
  int read_end_ = -1;
  std::string text_;
};

}  // namespace attune::cache::testing
