// A fixed set of worker threads that share out the items of one loop at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace attune {

// Non-owning view of a callable: no allocation on the launch path.
class LoopBody {
 public:
  template <class F>
  LoopBody(F& body)  // NOLINT(google-explicit-constructor): meant to convert
      : object_(&body),
        call_([](void* object, int64_t begin, int64_t end, int worker) { (*static_cast<F*>(object))(begin, end, worker); }) {
  }
  void operator()(int64_t begin, int64_t end, int worker) const { call_(object_, begin, end, worker); }

 private:
  void* object_;
  void (*call_)(void*, int64_t, int64_t, int);
};

class ThreadPool {
 public:
  // `threads` counts the calling thread; 0 means one per core this process may run on.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Calls body(begin, end, worker) over [0, count) in chunks of `grain`, handed out dynamically in ascending order.
  // `worker` is in [0, size()): index per-worker scratch with it. Blocks until all is done. Concurrent callers queue.
  // A call from inside a body runs inline on that worker.
  void parallel_for(int64_t count, int64_t grain, LoopBody body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune
