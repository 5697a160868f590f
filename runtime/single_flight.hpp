// Work that several threads ask for at the same time is done once; all of them get the one outcome.
#pragma once

#include <future>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace attune::runtime {

// Nothing is remembered once the work is done: what succeeded is kept by the caller, what failed may be tried again by the
// next call. No lock is held while the work runs. Work must not ask for its own key.
template <class Value>
class SingleFlight {
 public:
  struct Outcome {
    Value value;
    bool shared;  // another thread did the work
  };

  template <class Work>
  Outcome run(const std::string& key, Work&& work) {
    std::promise<Value> promise;
    {
      std::unique_lock lock(mutex_);
      const auto [position, first] = flights_.try_emplace(key);
      if (!first) {
        const std::shared_future<Value> future = position->second;
        lock.unlock();
        return {future.get(), true};
      }
      position->second = promise.get_future().share();
    }
    try {
      Value value = work();
      land(key);
      promise.set_value(value);
      return {std::move(value), false};
    } catch (...) {
      land(key);
      promise.set_exception(std::current_exception());
      throw;
    }
  }

 private:
  void land(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    flights_.erase(key);
  }

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_future<Value>> flights_;
};

}  // namespace attune::runtime
