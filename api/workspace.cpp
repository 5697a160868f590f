#include "api/workspace.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace attune::api {

void WorkspacePool::Free::operator()(void* memory) const { std::free(memory); }

WorkspacePool::Buffer WorkspacePool::take(int64_t size_bytes) {
  {
    const std::lock_guard lock(mutex_);
    const auto fits =
        std::find_if(kept_.begin(), kept_.end(), [&](const Buffer& buffer) { return buffer.size_bytes >= size_bytes; });
    if (fits != kept_.end()) {
      Buffer buffer = std::move(*fits);
      kept_.erase(fits);
      return buffer;
    }
    // None is large enough: the smallest makes room, so that growing shapes do not pile up buffers.
    const auto smallest = std::min_element(kept_.begin(), kept_.end(),
                                           [](const Buffer& a, const Buffer& b) { return a.size_bytes < b.size_bytes; });
    if (smallest != kept_.end()) kept_.erase(smallest);
  }
  if (size_bytes > std::numeric_limits<int64_t>::max() - 64) return {};
  const auto rounded = static_cast<size_t>((size_bytes + 63) / 64 * 64);
  Buffer buffer{std::unique_ptr<void, Free>(std::aligned_alloc(64, rounded)), static_cast<int64_t>(rounded)};
  if (buffer.memory == nullptr) buffer.size_bytes = 0;
  return buffer;
}

void WorkspacePool::give_back(Buffer buffer) {
  const std::lock_guard lock(mutex_);
  if (kept_.size() < most_kept) kept_.push_back(std::move(buffer));
}

}  // namespace attune::api
