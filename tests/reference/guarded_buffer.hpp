// Memory that ends where an unreadable page begins: one byte read or written past the end is a segmentation fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace attune::test {

class GuardedBuffer {
 public:
  GuardedBuffer() = default;
  // Every byte is `fill`. The end is flush with the guard page, so `size_bytes` decides the alignment of the start.
  GuardedBuffer(size_t size_bytes, uint8_t fill);
  ~GuardedBuffer();
  GuardedBuffer(GuardedBuffer&& other) noexcept { swap(other); }
  GuardedBuffer& operator=(GuardedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_bytes_; }

 private:
  void swap(GuardedBuffer& other) {
    std::swap(mapping_, other.mapping_);
    std::swap(mapping_bytes_, other.mapping_bytes_);
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
  }

  std::byte* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace attune::test
