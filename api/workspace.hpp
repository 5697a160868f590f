// Workspace buffers of contexts whose caller gave no allocator: host memory, kept between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace attune::api {

class WorkspacePool {
 public:
  struct Free {
    void operator()(void* memory) const;
  };
  struct Buffer {
    std::unique_ptr<void, Free> memory;  // 64-byte aligned
    int64_t size_bytes = 0;
  };

  // A buffer of at least `size_bytes`, or one with null memory. Thread-safe, like give_back.
  Buffer take(int64_t size_bytes);
  void give_back(Buffer buffer);

 private:
  // As many as calls that ever ran at once, up to this: beyond it memory goes back to the system.
  static constexpr size_t most_kept = 8;

  std::mutex mutex_;
  std::vector<Buffer> kept_;
};

}  // namespace attune::api
