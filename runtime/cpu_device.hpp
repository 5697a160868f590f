// The CPU device: kernels linked by ORC, work items shared out over a thread pool.
#pragma once

#include <memory>

#include "runtime/device.hpp"

namespace attune::runtime {

Result<std::unique_ptr<Device>> open_cpu_device(const DeviceOptions& options);

}  // namespace attune::runtime
