// One request in the emulator's words, which knows the driver's rules.
#include "runtime/tensor_map_encoding.hpp"

#include <fmt/format.h>

#include "emulator/tensor/tensor_map.hpp"

namespace attune::runtime {
namespace {

emulator::TensorMapRequest translate(const TensorMapRequest& request) {
  emulator::TensorMapRequest result;
  result.data_type = static_cast<int>(request.type);
  result.rank = request.rank;
  result.address = reinterpret_cast<uint64_t>(request.data);
  result.dims = request.dims;
  result.strides_bytes = request.strides_bytes;
  result.box = request.box;
  result.element_strides = request.element_strides;
  result.swizzle = static_cast<int>(request.swizzle);
  result.out_of_bounds_fill = static_cast<int>(request.fill);
  return result;
}

bool is_real(TensorMapType type) {
  return type == TensorMapType::f16 || type == TensorMapType::bf16 || type == TensorMapType::f32 ||
         type == TensorMapType::f64;
}

}  // namespace

Result<void> check_tensor_map(const TensorMapRequest& request) {
  const auto number = [](auto value) { return static_cast<int>(value); };
  if (request.data == nullptr) {
    return Error(Status::invalid_argument, "Tensor map: globalAddress is null; give the tensor's address on the device.");
  }
  ATTUNE_CHECK(emulator::check_tensor_map(translate(request)));
  if (number(request.l2_promotion) < 0 || request.l2_promotion > TensorMapL2Promotion::bytes_256) {
    return Error(Status::invalid_argument,
                 fmt::format("Tensor map: l2Promotion {} does not exist; give none, or 64, 128 or 256 bytes.",
                             number(request.l2_promotion)));
  }
  if (number(request.fill) < 0 || request.fill > TensorMapFill::nan) {
    return Error(Status::invalid_argument,
                 fmt::format("Tensor map: oobFill {} does not exist; give zeros or nan.", number(request.fill)));
  }
  if (request.fill == TensorMapFill::nan && !is_real(request.type)) {
    return Error(Status::invalid_argument, "Tensor map: oobFill is NaN, which this tensorDataType lacks; fill with zeros.");
  }
  return {};
}

Result<TensorMapImage> encode_in_software(const TensorMapRequest& request) {
  ATTUNE_CHECK(check_tensor_map(request));
  ATTUNE_TRY(const emulator::TensorMapImage bytes, emulator::encode(translate(request)));
  return TensorMapImage{bytes};
}

Error no_tensor_maps(std::string_view device) {
  return {Status::unsupported,
          fmt::format("'{}' has no tensor maps, which copies on sm_90a and newer take: load with cp.async or plain loads.",
                      device)};
}

}  // namespace attune::runtime
