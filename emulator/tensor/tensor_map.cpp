#include "emulator/tensor/tensor_map.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace attune::emulator {
namespace {

constexpr char kMagic[8] = {'A', 'T', 'T', 'U', 'N', 'E', 'T', 'M'};
constexpr size_t kChecksumOffset = 124;

Error invalid(const std::string& what) { return {Status::invalid_argument, "Tensor map: " + what}; }
Error unsupported(const std::string& what) {
  return {Status::unsupported, "Tensor map: " + what + " is not emulated; use a plain tiled map of a whole-byte type."};
}

// Bytes of CUtensorMapDataType, 0 for what is not emulated.
int element_bytes(int data_type) {
  constexpr int kBytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2};
  return data_type >= 0 && data_type < static_cast<int>(std::size(kBytes)) ? kBytes[data_type] : 0;
}

uint32_t checksum(std::span<const std::byte> image) {
  uint32_t sum = 2166136261u;  // FNV-1a: to tell an image from chance, not from malice
  for (const std::byte one : image.first(kChecksumOffset)) sum = (sum ^ std::to_integer<uint32_t>(one)) * 16777619u;
  return sum;
}

template <class Value>
void put(TensorMapImage& image, size_t offset, Value value) {
  std::memcpy(image.data() + offset, &value, sizeof(value));
}
template <class Value>
Value get(std::span<const std::byte> image, size_t offset) {
  Value value;
  std::memcpy(&value, image.data() + offset, sizeof(value));
  return value;
}

Result<void> check_extents(const TensorMapRequest& request, int bytes) {
  if (request.address % 16 != 0) return invalid("globalAddress is not a multiple of 16; align the tensor to 16 bytes.");
  for (int i = 0; i < request.rank; ++i) {
    const std::string index = "[" + std::to_string(i) + "]";
    if (request.dims[i] == 0 || request.dims[i] > uint64_t{1} << 32) {
      return invalid("globalDim" + index + " is " + std::to_string(request.dims[i]) + "; give 1 to 2^32.");
    }
    if (request.box[i] == 0 || request.box[i] > 256) {
      return invalid("boxDim" + index + " is " + std::to_string(request.box[i]) +
                     "; give 1 to 256 and copy larger tiles in parts.");
    }
    if (request.element_strides[i] == 0 || request.element_strides[i] > 8) {
      return invalid("elementStrides" + index + " is " + std::to_string(request.element_strides[i]) + "; give 1 to 8.");
    }
    if (i + 1 < request.rank && (request.strides_bytes[i] % 16 != 0 || request.strides_bytes[i] >= uint64_t{1} << 40)) {
      return invalid("globalStrides" + index + " is " + std::to_string(request.strides_bytes[i]) +
                     "; give a multiple of 16 bytes below 2^40.");
    }
  }
  const uint32_t inner_bytes = request.box[0] * static_cast<uint32_t>(bytes);
  if (inner_bytes % 16 != 0) {
    return invalid("boxDim[0] takes " + std::to_string(inner_bytes) + " bytes; give a multiple of 16 bytes.");
  }
  const auto swizzle = static_cast<Swizzle>(request.swizzle);
  if (swizzle != Swizzle::none && inner_bytes > span_bytes(swizzle)) {
    return invalid("boxDim[0] takes " + std::to_string(inner_bytes) + " bytes, more than the swizzle's " +
                   std::to_string(span_bytes(swizzle)) + "; copy the columns in parts or widen the swizzle.");
  }
  return {};
}

}  // namespace

uint32_t TensorMap::tile_bytes() const {
  uint32_t bytes = static_cast<uint32_t>(element_bytes) * box[0];
  for (int i = 1; i < rank; ++i) bytes *= tile_extent(i);
  return bytes;
}

Result<void> check_tensor_map(const TensorMapRequest& request) {
  if (request.data_type < 0 || request.data_type > 15) {
    return invalid("tensorDataType " + std::to_string(request.data_type) + " does not exist; give a CUtensorMapDataType.");
  }
  const int bytes = element_bytes(request.data_type);
  if (bytes == 0) return unsupported("tensorDataType " + std::to_string(request.data_type));
  if (request.rank < 1 || request.rank > 5) {
    return invalid("tensorRank is " + std::to_string(request.rank) + "; give 1 to 5.");
  }
  if (request.swizzle > 3) return unsupported("swizzle " + std::to_string(request.swizzle));
  if (request.swizzle < 0) return invalid("swizzle is negative; give a CUtensorMapSwizzle.");
  if (request.interleave != 0) return unsupported("an interleaved layout");
  return check_extents(request, bytes);
}

Result<TensorMapImage> encode(const TensorMapRequest& request) {
  ATTUNE_CHECK(check_tensor_map(request));
  if (request.out_of_bounds_fill != 0) return unsupported("filling with NaN");
  const int bytes = element_bytes(request.data_type);
  const auto swizzle = static_cast<Swizzle>(request.swizzle);
  const uint32_t inner_bytes = request.box[0] * static_cast<uint32_t>(bytes);
  if (swizzle != Swizzle::none && inner_bytes < span_bytes(swizzle)) {
    return unsupported("a box narrower (" + std::to_string(inner_bytes) + " bytes) than its swizzle");
  }

  TensorMapImage image{};
  std::memcpy(image.data(), kMagic, sizeof(kMagic));
  put(image, 8, uint8_t{1});
  put(image, 9, static_cast<uint8_t>(request.rank));
  put(image, 10, static_cast<uint8_t>(bytes));
  put(image, 11, static_cast<uint8_t>(request.swizzle));
  put(image, 12, static_cast<uint8_t>(request.data_type));
  put(image, 16, request.address);
  for (size_t i = 0; i < static_cast<size_t>(request.rank); ++i) {
    put(image, 24 + 4 * i, static_cast<uint32_t>(request.dims[i] - 1));
    if (i > 0) put(image, 44 + 8 * (i - 1), request.strides_bytes[i - 1]);
    put(image, 76 + 2 * i, static_cast<uint16_t>(request.box[i]));
    put(image, 86 + i, static_cast<uint8_t>(i == 0 ? 1 : request.element_strides[i]));
  }
  put(image, kChecksumOffset, checksum(image));
  return image;
}

Result<TensorMap> decode_tensor_map(std::span<const std::byte> image) {
  if (image.size() != kTensorMapBytes || std::memcmp(image.data(), kMagic, sizeof(kMagic)) != 0 ||
      get<uint32_t>(image, kChecksumOffset) != checksum(image)) {
    return Error(Status::validation_failed,
                 "The 128 bytes at this address are no tensor map; encode one for this device and pass it as a "
                 "const __grid_constant__ parameter or in global memory, unchanged.");
  }
  TensorMap map;
  map.rank = get<uint8_t>(image, 9);
  map.element_bytes = get<uint8_t>(image, 10);
  map.swizzle = static_cast<Swizzle>(get<uint8_t>(image, 11));
  map.data_type = get<uint8_t>(image, 12);
  map.address = get<uint64_t>(image, 16);
  map.strides_bytes[0] = static_cast<uint64_t>(map.element_bytes);
  for (size_t i = 0; i < static_cast<size_t>(map.rank); ++i) {
    map.dims[i] = uint64_t{get<uint32_t>(image, 24 + 4 * i)} + 1;
    if (i > 0) map.strides_bytes[i] = get<uint64_t>(image, 44 + 8 * (i - 1));
    map.box[i] = get<uint16_t>(image, 76 + 2 * i);
    map.element_strides[i] = get<uint8_t>(image, 86 + i);
  }
  return map;
}

namespace {

// Appends one piece, cut where the swizzle moves its chunks apart.
void append(std::vector<TileRun>& runs, Swizzle swizzle, TileRun run) {
  if (swizzle == Swizzle::none) {
    runs.push_back(run);
    return;
  }
  while (run.bytes > 0) {
    const uint32_t piece = std::min(run.bytes, 16 - run.shared_address % 16);
    runs.push_back({run.global_address, swizzle_address(swizzle, run.shared_address), piece, run.out_of_bounds});
    run.global_address += piece;
    run.shared_address += piece;
    run.bytes -= piece;
  }
}

}  // namespace

void tile_runs(const TensorMap& map, std::span<const int32_t> coordinates, uint32_t shared_address,
               std::vector<TileRun>& runs) {
  runs.clear();
  const auto element = static_cast<uint32_t>(map.element_bytes);
  const int64_t first = coordinates[0], width = map.box[0], extent = static_cast<int64_t>(map.dims[0]);
  // Columns of the row before the tensor, inside, and after it.
  const int64_t before = std::clamp<int64_t>(-first, 0, width);
  const int64_t inside = std::clamp<int64_t>(extent - first, before, width) - before;
  const int64_t after = width - before - inside;

  std::array<uint32_t, 5> index{};  // of the row, along dims 1..rank-1
  while (true) {
    uint64_t row_address = map.address;
    bool row_inside = true;
    for (int i = 1; i < map.rank; ++i) {
      const int64_t at = coordinates[i] + static_cast<int64_t>(index[i]) * map.element_strides[i];
      row_inside = row_inside && at >= 0 && at < static_cast<int64_t>(map.dims[i]);
      row_address += static_cast<uint64_t>(at) * map.strides_bytes[i];
    }
    const auto piece = [&](int64_t columns, int64_t begin, bool is_inside) {
      if (columns == 0) return;
      const uint64_t global = row_address + static_cast<uint64_t>(first + begin) * element;
      append(runs, map.swizzle, {global, shared_address, static_cast<uint32_t>(columns) * element, !is_inside});
      shared_address += static_cast<uint32_t>(columns) * element;
    };
    if (row_inside) {
      piece(before, 0, false);
      piece(inside, before, true);
      piece(after, before + inside, false);
    } else {
      piece(width, 0, false);
    }
    int i = 1;
    while (i < map.rank && ++index[i] == map.tile_extent(i)) index[i++] = 0;
    if (i >= map.rank) return;
  }
}

}  // namespace attune::emulator
