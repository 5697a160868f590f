// A call's tensors in device memory: what a GPU needs and a test, which lays out and judges tensors on the host, has not.
#pragma once

#include "runtime/context.hpp"

namespace attune::test {

class DeviceCopy {
 public:
  explicit DeviceCopy(runtime::Device& device) : device_(device) {}
  ~DeviceCopy();
  DeviceCopy(const DeviceCopy&) = delete;
  DeviceCopy& operator=(const DeviceCopy&) = delete;

  // Copies every tensor in (outputs too, so that what is not written stays), executes, waits, copies the outputs back.
  // Guard bytes before and behind each tensor catch writes past its ends.
  Result<void> execute(runtime::Context& context, const runtime::Plan& plan, const Tensors& tensors);

 private:
  struct Copy {
    runtime::MemoryRegion host;
    int64_t at = 0;  // byte of the arena
  };

  Result<void> reserve(int64_t bytes);

  runtime::Device& device_;
  runtime::DeviceMemory arena_;
};

}  // namespace attune::test
