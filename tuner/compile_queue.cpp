// One queue, a few threads; nothing is held while compiling.
#include "tuner/compile_queue.hpp"

#include <algorithm>
#include <utility>

namespace attune::tuner {

CompileQueue::CompileQueue(CompileFunction compile, int threads) : compile_(std::move(compile)) {
  for (int i = 0; i < std::max(threads, 1); ++i) threads_.emplace_back([this] { work(); });
}

CompileQueue::~CompileQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  submitted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void CompileQueue::submit(const Config& config) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({config, {}, false, false});
  }
  submitted_.notify_one();
}

std::vector<CompileQueue::Done> CompileQueue::take(bool all) {
  const auto is_done = [](const Job& job) { return job.done; };
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [&] {
    if (jobs_.empty()) return true;
    return all ? std::all_of(jobs_.begin(), jobs_.end(), is_done) : jobs_.front().done;
  });
  std::vector<Done> done;
  while (!jobs_.empty() && jobs_.front().done) {
    done.push_back({std::move(jobs_.front().config), std::move(jobs_.front().compiled)});
    jobs_.pop_front();
  }
  return done;
}

size_t CompileQueue::in_flight() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void CompileQueue::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto waiting = [](const Job& job) { return !job.begun; };
    auto next = jobs_.end();
    submitted_.wait(lock, [&] {
      next = std::find_if(jobs_.begin(), jobs_.end(), waiting);
      return stopping_ || next != jobs_.end();
    });
    if (stopping_) return;
    Job& job = *next;
    job.begun = true;
    lock.unlock();
    Compiled compiled = compile_(job.config);
    lock.lock();
    job.compiled = std::move(compiled);
    job.done = true;
    finished_.notify_all();
  }
}

}  // namespace attune::tuner
