// What the devices' tensor maps have in common. Private to runtime/.
#pragma once

#include <string_view>

#include "common/result.hpp"
#include "runtime/tensor_map.hpp"

namespace attune::runtime {

// The driver's rules, and the argument that breaks one: the driver itself has one number for all of them.
Result<void> check_tensor_map(const TensorMapRequest& request);
// The image that kernels on the emulator understand.
Result<TensorMapImage> encode_in_software(const TensorMapRequest& request);
// unsupported: copies by tensor map came with compute capability 9.0.
Error no_tensor_maps(std::string_view device);

}  // namespace attune::runtime
