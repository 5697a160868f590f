// State that belongs to one process: a forked child gets a fresh one and leaves its parent's alone. Private to cache/.
#pragma once

#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>

namespace attune::cache {

// After fork() the parent's mutexes may be held by threads that do not exist here, and SQLite's connections must be neither
// used nor closed. So the child never touches the inherited object, not even to destroy it.
template <class State>
class ForkAware {
 public:
  // `make(forked)` builds the state; `forked` says that this process inherited one.
  explicit ForkAware(std::function<std::unique_ptr<State>(bool forked)> make)
      : make_(std::move(make)), current_(new Slot{::getpid(), make_(false)}) {}
  ForkAware(const ForkAware&) = delete;
  ForkAware& operator=(const ForkAware&) = delete;
  ~ForkAware() {
    Slot* slot = current_.load();
    if (slot->owner == ::getpid()) delete slot;
  }

  State& get() {
    Slot* slot = current_.load(std::memory_order_acquire);
    if (slot->owner == ::getpid()) return *slot->state;
    auto fresh = std::make_unique<Slot>(Slot{::getpid(), make_(true)});
    // Two threads of the child may be here at once; one of them wins.
    if (current_.compare_exchange_strong(slot, fresh.get(), std::memory_order_acq_rel)) return *fresh.release()->state;
    return *slot->state;
  }

 private:
  struct Slot {
    pid_t owner;
    std::unique_ptr<State> state;
  };
  std::function<std::unique_ptr<State>(bool)> make_;
  std::atomic<Slot*> current_;
};

}  // namespace attune::cache
