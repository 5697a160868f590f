// Ctrl-C as a flag: the work stops at the next good place, with everything measured kept.
#pragma once

#include <atomic>
#include <csignal>
#include <thread>

namespace attune::cli {

// From construction to destruction SIGINT and SIGTERM set the flag instead of ending the process; the second one ends it
// with code 130. Construct it before any thread is started: threads and child processes inherit the blocked signals, so
// that a worker process does not die of the terminal's Ctrl-C under the hands of its parent.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  const std::atomic<bool>& requested() const { return requested_; }

 private:
  void watch();

  sigset_t before_{};
  std::atomic<bool> requested_ = false;
  std::atomic<bool> done_ = false;
  std::thread watcher_;
};

}  // namespace attune::cli
