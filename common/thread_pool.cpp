// Workers that spin for a moment and then sleep: attention calls follow each other within microseconds while a model runs,
// and a futex wake-up costs 5-50 us.
#include "common/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "common/cores.hpp"
#include "common/log.hpp"

namespace attune {
namespace {

constexpr std::chrono::microseconds spin_time{20};
constexpr int max_threads = 1024;  // the gate below counts workers in 16 bits

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// True as soon as `done` holds, false when the spin time is over.
template <class Predicate>
bool spin(bool allowed, Predicate done) {
  if (done()) return true;
  if (!allowed) return false;
  const auto deadline = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 16; ++i) {
      pause_briefly();
      if (done()) return true;
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

// The loops that the current thread is inside of, innermost first: how a nested call is recognised.
struct Frame {
  const void* pool;
  int worker;
  const Frame* outer;
};
thread_local const Frame* innermost_frame = nullptr;

class FrameScope {
 public:
  FrameScope(const void* pool, int worker) : frame_{pool, worker, innermost_frame} { innermost_frame = &frame_; }
  ~FrameScope() { innermost_frame = frame_.outer; }
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;

 private:
  Frame frame_;
};

const Frame* frame_of(const void* pool) {
  const Frame* frame = innermost_frame;
  while (frame != nullptr && frame->pool != pool) frame = frame->outer;
  return frame;
}

struct Loop {
  int64_t count;
  int64_t grain;
  int64_t chunks;
  LoopBody body;
};

}  // namespace

// One loop is in flight at a time. Its fields may be read between a successful enter() and the leave() that follows; the
// caller closes the gate when all chunks are handed out, so that a worker that wakes late finds it shut and is not waited
// for.
struct ThreadPool::State {
  static constexpr uint32_t gate_open = uint32_t{1} << 16;  // below it: the number of workers inside

  std::mutex callers;
  const Loop* loop = nullptr;  // guarded by the gate
  bool spins = true;           // set before the workers start
  std::vector<std::thread> workers;
  alignas(64) std::atomic<uint32_t> gate{0};
  alignas(64) std::atomic<uint32_t> epoch{0};  // raised for each loop: what idle workers watch
  std::atomic<bool> stopping{false};
  alignas(64) std::atomic<int64_t> next_chunk{0};

  bool enter() {
    uint32_t value = gate.load(std::memory_order_relaxed);
    while ((value & gate_open) != 0) {
      if (gate.compare_exchange_weak(value, value + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  void leave() {
    if (gate.fetch_sub(1, std::memory_order_release) == 1) gate.notify_one();  // shut, and the last one out
  }

  // A body that throws ends the process: half a loop cannot be undone.
  void work(const Loop& current, int worker) noexcept {
    const FrameScope scope(this, worker);
    while (true) {
      const int64_t chunk = next_chunk.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= current.chunks) return;
      const int64_t begin = chunk * current.grain;
      const int64_t end = current.count - begin > current.grain ? begin + current.grain : current.count;
      current.body(begin, end, worker);
    }
  }

  void serve(int worker) {
    uint32_t seen = 0;
    while (true) {
      if (!spin(spins, [&] { return epoch.load(std::memory_order_acquire) != seen; })) {
        epoch.wait(seen, std::memory_order_acquire);
      }
      seen = epoch.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_relaxed)) return;
      if (!enter()) continue;
      work(*loop, worker);
      leave();
    }
  }

  void wake_all() {
    epoch.fetch_add(1, std::memory_order_seq_cst);
    epoch.notify_all();
  }

  void share_out(const Loop& current) {
    loop = &current;
    gate.store(gate_open, std::memory_order_release);
    wake_all();
    work(current, 0);
    uint32_t inside = gate.fetch_and(~gate_open, std::memory_order_acq_rel) & ~gate_open;
    if (inside == 0) return;
    if (spin(spins, [&] { return gate.load(std::memory_order_acquire) == 0; })) return;
    while ((inside = gate.load(std::memory_order_acquire)) != 0) gate.wait(inside, std::memory_order_acquire);
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  const int cores = usable_cores();
  const int size = std::clamp(threads > 0 ? threads : cores, 1, max_threads);
  // With more threads than cores a spinning worker would keep a working one from its core.
  state_->spins = size <= cores;
  state_->workers.reserve(static_cast<size_t>(size - 1));
  try {
    for (int worker = 1; worker < size; ++worker) {
      state_->workers.emplace_back([state = state_.get(), worker] { state->serve(worker); });
    }
  } catch (const std::system_error& error) {
    log(LogLevel::warning, "thread pool: only " + std::to_string(state_->workers.size() + 1) + " of " +
                               std::to_string(size) + " threads could be started (" + error.what() +
                               "). Raise the limit of processes (ulimit -u).");
  }
}

ThreadPool::~ThreadPool() {
  state_->stopping.store(true, std::memory_order_relaxed);
  state_->wake_all();
  for (auto& worker : state_->workers) worker.join();
}

int ThreadPool::size() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::parallel_for(int64_t count, int64_t grain, LoopBody body) {
  if (count <= 0) return;
  grain = std::clamp<int64_t>(grain, 1, count);
  if (const Frame* frame = frame_of(state_.get())) {
    for (int64_t begin = 0; begin < count; begin += std::min(grain, count - begin)) {
      body(begin, begin + std::min(grain, count - begin), frame->worker);
    }
    return;
  }
  const Loop current{count, grain, count / grain + (count % grain != 0 ? 1 : 0), body};
  const std::lock_guard lock(state_->callers);
  state_->next_chunk.store(0, std::memory_order_relaxed);
  if (current.chunks == 1 || state_->workers.empty()) {
    state_->work(current, 0);  // under the lock all the same: worker 0 has one scratch
  } else {
    state_->share_out(current);
  }
}

}  // namespace attune
