// Guard pages on both sides of a buffer.
#include "tests/reference/guarded_buffer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace attune::test {

GuardedBuffer::GuardedBuffer(size_t size_bytes, uint8_t fill) : size_bytes_(size_bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t body = (size_bytes + page - 1) / page * page;
  mapping_bytes_ = body + 2 * page;
  void* mapping = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    std::perror("guarded buffer: mmap");
    std::abort();
  }
  mapping_ = static_cast<std::byte*>(mapping);
  data_ = mapping_ + page + body - size_bytes;
  if (mprotect(mapping_, page, PROT_NONE) != 0 || mprotect(mapping_ + page + body, page, PROT_NONE) != 0) {
    std::perror("guarded buffer: mprotect");
    std::abort();
  }
  std::memset(data_, fill, size_bytes);
}

GuardedBuffer::~GuardedBuffer() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
}

}  // namespace attune::test
