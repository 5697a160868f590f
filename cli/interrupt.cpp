// A thread waits for the blocked signals: no handler, so nothing has to be async-signal-safe and nothing is global.
#include "cli/interrupt.hpp"

#include <cstdlib>
#include <ctime>

namespace attune::cli {
namespace {

sigset_t caught_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = caught_signals();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  watcher_ = std::thread([this] { watch(); });
}

Interrupt::~Interrupt() {
  done_ = true;
  watcher_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::watch() {
  const sigset_t set = caught_signals();
  constexpr timespec patience{0, 50'000'000};  // how long the destructor may have to wait
  while (!done_) {
    if (sigtimedwait(&set, nullptr, &patience) < 0) continue;
    if (requested_.exchange(true)) std::_Exit(130);
  }
}

}  // namespace attune::cli
