// Device memory that frees itself, for the tools of this program.
#pragma once

#include <utility>

#include "common/result.hpp"
#include "runtime/device.hpp"

namespace attune::cli {

class DeviceArray {
 public:
  // At least one byte, so that an empty tensor has an address too.
  static Result<DeviceArray> allocate(runtime::Device& device, int64_t size_bytes) {
    ATTUNE_TRY(const auto memory, device.allocate(size_bytes > 0 ? size_bytes : 1));
    return DeviceArray(device, memory, size_bytes);
  }
  static Result<DeviceArray> copy_of(runtime::Device& device, const void* host, int64_t size_bytes) {
    ATTUNE_TRY(auto array, allocate(device, size_bytes));
    if (size_bytes > 0) ATTUNE_CHECK(device.copy_in(array.memory_, host, size_bytes));
    return array;
  }

  DeviceArray() = default;
  DeviceArray(DeviceArray&& other) noexcept { swap(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceArray() {
    if (device_ != nullptr) device_->release(memory_);
  }

  void* data() const { return memory_.data; }
  Result<void> read(void* host) const {
    if (size_bytes_ == 0) return {};
    return device_->copy_out(host, memory_, size_bytes_);
  }

 private:
  DeviceArray(runtime::Device& device, runtime::DeviceMemory memory, int64_t size_bytes)
      : device_(&device), memory_(memory), size_bytes_(size_bytes) {}
  void swap(DeviceArray& other) {
    std::swap(device_, other.device_);
    std::swap(memory_, other.memory_);
    std::swap(size_bytes_, other.size_bytes_);
  }

  runtime::Device* device_ = nullptr;
  runtime::DeviceMemory memory_;
  int64_t size_bytes_ = 0;
};

}  // namespace attune::cli
