// Tensor maps in software: what cuTensorMapEncodeTiled describes, in 128 bytes of our own format, and the copies they stand
// for.
//
// Source: CUDA driver API, "Tensor Map Object Management"; PTX ISA, "Tensors" and cp.async.bulk.tensor. The real 128 bytes
// are opaque and made by the driver; the emulated device makes these instead, so a kernel never notices. Pure functions, any
// thread.
//
// Not here: interleaved layouts, im2col, gather, packed 4- and 6-bit types, the types that round while copying (tf32, ftz)
// and the NaN fill. encode() refuses them by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "emulator/tensor/swizzle.hpp"

namespace attune::emulator {

// The values of CUtensorMapDataType, CUtensorMapInterleave, CUtensorMapSwizzle and CUtensorMapFloatOOBfill are passed on as
// the driver's header numbers them, so that a device need not translate.
struct TensorMapRequest {
  int data_type = 0;     // CUtensorMapDataType: 0 u8, 1 u16, 2 u32, 3 s32, 4 u64, 5 s64, 6 f16, 7 f32, 8 f64, 9 bf16
  int rank = 1;          // 1 to 5
  uint64_t address = 0;  // of element (0, 0, ...) in global memory, 16-byte aligned
  std::array<uint64_t, 5> dims{};                          // in elements, dims[0] the fastest; 1 to 2^32
  std::array<uint64_t, 4> strides_bytes{};                 // of dims 1..rank-1; multiples of 16 below 2^40
  std::array<uint32_t, 5> box{};                           // in elements of the tensor, 1 to 256
  std::array<uint32_t, 5> element_strides{1, 1, 1, 1, 1};  // 1 to 8; that of dim 0 has no effect
  int interleave = 0;                                      // CUtensorMapInterleave: 0 none
  int swizzle = 0;                                         // CUtensorMapSwizzle: 0 none, 1 32B, 2 64B, 3 128B
  int out_of_bounds_fill = 0;                              // CUtensorMapFloatOOBfill: 0 zeros
};

struct TensorMap {
  int data_type = 0;  // CUtensorMapDataType
  int rank = 1;
  int element_bytes = 1;
  uint64_t address = 0;
  std::array<uint64_t, 5> dims{};
  std::array<uint64_t, 5> strides_bytes{};  // of every dim; that of dim 0 is element_bytes
  std::array<uint32_t, 5> box{};
  std::array<uint32_t, 5> element_strides{};
  Swizzle swizzle = Swizzle::none;

  // Elements of the tile along dim i, and bytes of the whole tile in shared memory: what complete_tx is told, out of bounds
  // or not.
  uint32_t tile_extent(int i) const { return (box[i] + element_strides[i] - 1) / element_strides[i]; }
  uint32_t tile_bytes() const;
  // To which the tile in shared memory must be aligned: 128 bytes. (The swizzle repeats after pattern_bytes(swizzle); a tile
  // that is not aligned to that begins in the middle of the pattern, as on hardware.)
  static constexpr uint32_t kTileAlignment = 128;
};

inline constexpr size_t kTensorMapBytes = 128;  // CUtensorMap
inline constexpr size_t kTensorMapAlignment = 64;
using TensorMapImage = std::array<std::byte, kTensorMapBytes>;

// Status::invalid_argument: a rule of cuTensorMapEncodeTiled is broken (the message names the argument).
// Status::unsupported: a form that nothing here makes (interleaved, packed or rounding types). What is left is a map that
// the driver makes too: it answers a broken rule with one number for all of them, so the cuda device asks here first.
Result<void> check_tensor_map(const TensorMapRequest& request);

// The errors of check_tensor_map(), and Status::unsupported for what hardware does and these copies do not.
//
// Layout of the image, little-endian: bytes 0-7 "ATTUNETM", 8 version 1, 9 rank, 10 element bytes, 11 swizzle, 12 data type,
// 13-15 zero, 16-23 address, 24-43 dims - 1 (u32 each), 44-75 strides of dims 1-4 (u64), 76-85 box (u16), 86-90 element
// strides (u8), 91-123 zero, 124-127 a checksum of the bytes before.
Result<TensorMapImage> encode(const TensorMapRequest& request);

// Status::validation_failed: not an image that encode() made (a kernel that overwrote it or passes a wrong address).
Result<TensorMap> decode_tensor_map(std::span<const std::byte> image);

// A contiguous piece of a tile copy. Global addresses need the usual checks: a map may lie about the allocation behind it.
struct TileRun {
  uint64_t global_address;  // meaningless where out_of_bounds
  uint32_t shared_address;
  uint32_t bytes;
  bool out_of_bounds;  // loads fill with zeros, stores skip
};

// The runs of the tile whose first element has the coordinates (coordinates[0] the fastest; rank entries, which may lie
// outside the tensor) and whose place in shared memory begins at shared_address, in the order of that memory before the
// swizzle. They cover tile_bytes() bytes once.
void tile_runs(const TensorMap& map, std::span<const int32_t> coordinates, uint32_t shared_address,
               std::vector<TileRun>& runs);

}  // namespace attune::emulator
