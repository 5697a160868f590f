// A child program we talk to in lines: spawned without fork's hazards, killable, never left as a zombie.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace attune::tuner {

class ChildProcess {
 public:
  // Runs `program argument` with its standard input and output on one socket, its standard error in memory, every other
  // descriptor closed, default signals, and a process group of its own, so that Ctrl-C in a terminal reaches only us.
  static Result<std::unique_ptr<ChildProcess>> spawn(const std::string& program, const std::string& argument);
  ~ChildProcess();  // SIGKILL, then waits for the end
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Writes a line. io_error when the child is gone: no signal is raised.
  Result<void> send(std::string_view line);
  // Waits for a line. timed_out; cancelled when `cancel` becomes true (seen within 50 ms); io_error when the child is gone.
  Result<std::string> receive(double timeout_s, const std::atomic<bool>* cancel);

  // Ends the child if it has not ended, and says how it ended: "died of SIGSEGV (Segmentation fault)", "exited with 3".
  std::string end();
  // The last words on its standard error, at most 400 bytes of printable text.
  std::string last_words() const;
  pid_t id() const { return id_; }

 private:
  ChildProcess(pid_t id, int socket, int errors) : id_(id), socket_(socket), errors_(errors) {}
  void reap(int options);

  pid_t id_;
  int socket_, errors_;
  bool reaped_ = false;
  int wait_status_ = 0;
  std::string pending_;  // received bytes after the last line
};

}  // namespace attune::tuner
