// cuda:N: kernels on an NVIDIA GPU, through the driver that is opened at run time.
#pragma once

#include <memory>
#include <string>

#include "runtime/device.hpp"

namespace attune::runtime {

// device_unavailable with a next step when there is no driver, no such GPU or the driver is too old. A machine without a
// compiler still opens it: the planner says what is missing.
Result<std::unique_ptr<Device>> open_cuda_device(const DeviceOptions& options);

// What there is, for `attune doctor`: opens no context on any GPU.
struct CudaInventory {
  std::string driver_path, driver_version;  // "12.4": the CUDA version that the driver serves
  std::vector<DeviceClass> gpus;            // by ordinal
};
Result<CudaInventory> take_cuda_inventory(const DeviceOptions& options);

}  // namespace attune::runtime
