// Device names and what this build can open of them.
#include "runtime/device.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/cuda/cuda_device.hpp"
#include "runtime/emulated_device.hpp"
#include "runtime/tensor_map_encoding.hpp"
#ifdef ATTUNE_LLVM
#include "runtime/cpu_device.hpp"
#endif

namespace attune::runtime {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// sm_80, sm_90a, sm_100f
bool is_sm(std::string_view text) {
  if (!text.starts_with("sm_")) return false;
  text.remove_prefix(3);
  if (!text.empty() && (text.back() == 'a' || text.back() == 'f')) text.remove_suffix(1);
  return is_number(text) && text.size() >= 2;
}

}  // namespace

Result<TensorMapImage> Device::encode_tensor_map(const TensorMapRequest&) const { return no_tensor_maps(name()); }

Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options) {
  const std::string_view name = options.name;
  if (name == "cpu") {
#ifdef ATTUNE_LLVM
    return open_cpu_device(options);
#else
    return Error(
        Status::device_unavailable,
        "The device 'cpu' needs LLVM, which this build of Attune was made without. Use a build with ATTUNE_LLVM=ON.");
#endif
  }
  if (name.starts_with("cuda:") && is_number(name.substr(5))) {
    auto device = open_cuda_device(options);
    return device.ok() ? std::move(device) : device.error().within(fmt::format("'{}'", name));
  }
  if (name.starts_with("emulated:") && is_sm(name.substr(9))) {
    return open_emulated_device(options);
  }
  return Error(
      Status::invalid_argument,
      fmt::format("The device '{}' is unknown. Use 'cpu', 'cuda:N' with the GPU's number, or 'emulated:sm_XX'.", name));
}

}  // namespace attune::runtime
