// Tensor maps: how a kernel's bulk tensor copies see a tensor in global memory. A device makes them; kernels get the image.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace attune::runtime {

// All are numbered as the driver's.
enum class TensorMapType : int { u8, u16, u32, s32, u64, s64, f16, f32, f64, bf16 };
enum class TensorMapSwizzle : int { none, bytes_32, bytes_64, bytes_128 };
enum class TensorMapL2Promotion : int { none, bytes_64, bytes_128, bytes_256 };
enum class TensorMapFill : int { zeros, nan };  // nan: of floating-point types only

// Messages call the fields as cuTensorMapEncodeTiled calls its arguments: what stands in brackets.
struct TensorMapRequest {
  TensorMapType type = TensorMapType::u8;                  // [tensorDataType]
  int rank = 1;                                            // [tensorRank] 1 to 5
  const void* data = nullptr;                              // [globalAddress] in device memory, 16-byte aligned
  std::array<uint64_t, 5> dims{};                          // [globalDim] in elements, the fastest first; 1 to 2^32
  std::array<uint64_t, 4> strides_bytes{};                 // [globalStrides] of dims 1 to rank-1; multiples of 16 below 2^40
  std::array<uint32_t, 5> box{};                           // [boxDim] in elements, 1 to 256; box[0] in whole 16 bytes
  std::array<uint32_t, 5> element_strides{1, 1, 1, 1, 1};  // [elementStrides] 1 to 8
  TensorMapSwizzle swizzle = TensorMapSwizzle::none;       // box[0] takes at most its bytes
  TensorMapL2Promotion l2_promotion = TensorMapL2Promotion::none;
  TensorMapFill fill = TensorMapFill::zeros;  // [oobFill] of elements outside of the tensor
};

// What a kernel takes as a `const __grid_constant__` parameter or reads from global memory, at a multiple of 64 bytes. Good
// for as long as the memory at `data` is the tensor's; of no meaning on another device.
struct TensorMapImage {
  std::array<std::byte, 128> bytes{};
};

}  // namespace attune::runtime
