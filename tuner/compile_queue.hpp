// Compiles candidates ahead of measuring, on a few threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "generator/values.hpp"

namespace attune::tuner {

// What compiling a candidate gave: the compiler's own facts, 0 where it has none.
struct Compiled {
  std::string status = "ok";  // or "compile_failed"
  std::string detail;
  double compile_ms = 0;
  int64_t registers = 0, spill_bytes = 0, shared_bytes = 0, code_bytes = 0;
};
using CompileFunction = std::function<Compiled(const Config&)>;  // called from several threads at once

class CompileQueue {
 public:
  CompileQueue(CompileFunction compile, int threads);
  ~CompileQueue();  // drops what has not begun, waits for what has

  void submit(const Config& config);

  struct Done {
    Config config;
    Compiled compiled;
  };
  // All that is compiled, in order of submission; waits for the first one, or for everything (`all`). Empty when nothing was
  // submitted.
  std::vector<Done> take(bool all);
  size_t in_flight() const;  // submitted, not taken

 private:
  struct Job {
    Config config;
    Compiled compiled;
    bool begun = false, done = false;
  };
  void work();

  CompileFunction compile_;
  mutable std::mutex mutex_;
  std::condition_variable submitted_, finished_;
  std::deque<Job> jobs_;  // in order of submission; references to elements stay valid while both ends change
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace attune::tuner
