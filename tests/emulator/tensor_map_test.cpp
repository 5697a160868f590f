// Tensor maps: tiles of random tensors against a loop over elements, swizzles against their table, refusals by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "emulator/tensor/swizzle.hpp"
#include "emulator/tensor/tensor_map.hpp"

namespace attune::emulator {
namespace {

using testing::HasSubstr;

TensorMap map_of(const TensorMapRequest& request) {
  const Result<TensorMapImage> image = encode(request);
  EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().message());
  if (!image.ok()) return {};
  const Result<TensorMap> map = decode_tensor_map(*image);
  EXPECT_TRUE(map.ok());
  return map.value_or({});
}

TEST(Swizzle, ExchangesChunksAsTheFiguresShow) {
  // 128 bytes: chunk c of row r (of 128 bytes) lies at chunk c ^ (r % 8).
  for (uint32_t r = 0; r < 16; ++r) {
    for (uint32_t c = 0; c < 8; ++c) {
      EXPECT_EQ(swizzle_address(Swizzle::bytes_128, r * 128 + c * 16 + 5), r * 128 + (c ^ (r % 8)) * 16 + 5);
    }
  }
  // 64 bytes: rows of 64 bytes, chunk c of row r at c ^ ((r / 2) % 4).
  for (uint32_t r = 0; r < 16; ++r) {
    for (uint32_t c = 0; c < 4; ++c) {
      EXPECT_EQ(swizzle_address(Swizzle::bytes_64, r * 64 + c * 16), r * 64 + (c ^ ((r / 2) % 4)) * 16);
    }
  }
  // 32 bytes: chunk c of row r at c ^ ((r / 4) % 2).
  for (uint32_t r = 0; r < 16; ++r) {
    for (uint32_t c = 0; c < 2; ++c) {
      EXPECT_EQ(swizzle_address(Swizzle::bytes_32, r * 32 + c * 16), r * 32 + (c ^ ((r / 4) % 2)) * 16);
    }
  }
  for (uint32_t address = 0; address < 4096; ++address) {
    EXPECT_EQ(swizzle_address(Swizzle::none, address), address);
    for (const Swizzle swizzle : {Swizzle::bytes_32, Swizzle::bytes_64, Swizzle::bytes_128}) {
      EXPECT_EQ(swizzle_address(swizzle, swizzle_address(swizzle, address)), address);
      EXPECT_EQ(swizzle_address(swizzle, address + pattern_bytes(swizzle)),
                swizzle_address(swizzle, address) + pattern_bytes(swizzle));
    }
  }
}

TEST(TensorMap, RandomTilesAgainstALoopOverElements) {
  std::mt19937 random(1);
  const auto in = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  constexpr int kBytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2};
  for (int repeat = 0; repeat < 400; ++repeat) {
    TensorMapRequest request;
    request.data_type = in(0, 9);
    request.rank = in(1, 5);
    request.swizzle = in(0, 3);
    const auto bytes = static_cast<uint64_t>(kBytes[request.data_type]);
    const uint32_t inner_bytes = request.swizzle == 0 ? 16u * static_cast<uint32_t>(in(1, 5)) : 16u << request.swizzle;
    request.box[0] = inner_bytes / static_cast<uint32_t>(bytes);
    uint64_t stride = 0;
    for (size_t i = 0; i < static_cast<size_t>(request.rank); ++i) {
      request.dims[i] = static_cast<uint64_t>(in(1, i == 0 ? 60 : 7));
      if (i > 0) {
        request.box[i] = static_cast<uint32_t>(in(1, 5));
        request.element_strides[i] = static_cast<uint32_t>(in(1, 3));
        stride = i == 1 ? (request.dims[0] * bytes + 15) / 16 * 16 + 16 * static_cast<uint64_t>(in(0, 2))
                        : stride * (request.dims[i - 1] + static_cast<uint64_t>(in(0, 1)));
        request.strides_bytes[i - 1] = stride;
      }
    }
    std::vector<std::byte> global(
        std::max<uint64_t>(stride * request.dims[static_cast<size_t>(request.rank - 1)], 60 * bytes) + 64);
    for (std::byte& one : global) one = static_cast<std::byte>(in(1, 255));
    const auto base = (reinterpret_cast<uint64_t>(global.data()) + 15) / 16 * 16;
    request.address = base;
    const TensorMap map = map_of(request);

    std::vector<int32_t> coordinates;
    for (size_t i = 0; i < static_cast<size_t>(request.rank); ++i) {
      coordinates.push_back(in(-9, static_cast<int>(request.dims[i]) + 2));
    }
    const uint32_t shared_address = 1024u * static_cast<uint32_t>(in(0, 3)) + 128u * static_cast<uint32_t>(in(0, 7));
    std::vector<std::byte> shared(8192 + map.tile_bytes()), expected(shared.size());
    std::vector<int> touched(shared.size(), 0);

    // The oracle: element by element, address by address.
    uint32_t place = shared_address;
    std::array<uint32_t, 5> counts{1, 1, 1, 1, 1};
    for (size_t i = 0; i < static_cast<size_t>(request.rank); ++i) {
      const uint32_t step = i == 0 ? 1 : request.element_strides[i];
      counts[i] = (request.box[i] + step - 1) / step;
    }
    std::array<uint32_t, 5> at{};
    for (at[4] = 0; at[4] < counts[4]; ++at[4]) {
      for (at[3] = 0; at[3] < counts[3]; ++at[3]) {
        for (at[2] = 0; at[2] < counts[2]; ++at[2]) {
          for (at[1] = 0; at[1] < counts[1]; ++at[1]) {
            for (at[0] = 0; at[0] < counts[0]; ++at[0]) {
              uint64_t address = base;
              bool inside = true;
              for (size_t i = 0; i < static_cast<size_t>(request.rank); ++i) {
                const int64_t c = coordinates[i] + static_cast<int64_t>(at[i]) * (i == 0 ? 1 : request.element_strides[i]);
                inside = inside && c >= 0 && c < static_cast<int64_t>(request.dims[i]);
                address += static_cast<uint64_t>(c) * (i == 0 ? bytes : request.strides_bytes[i - 1]);
              }
              for (uint64_t b = 0; b < bytes; ++b, ++place) {
                expected[swizzle_address(map.swizzle, place)] =
                    inside ? *reinterpret_cast<const std::byte*>(address + b) : std::byte{0};
              }
            }
          }
        }
      }
    }
    ASSERT_EQ(place - shared_address, map.tile_bytes());

    std::vector<TileRun> runs;
    tile_runs(map, coordinates, shared_address, runs);
    for (const TileRun& run : runs) {
      for (uint32_t b = 0; b < run.bytes; ++b) {
        ASSERT_LT(run.shared_address + b, shared.size());
        ++touched[run.shared_address + b];
        if (run.out_of_bounds) continue;
        ASSERT_GE(run.global_address + b, base);
        ASSERT_LT(run.global_address + b, reinterpret_cast<uint64_t>(global.data()) + global.size());
        shared[run.shared_address + b] = *reinterpret_cast<const std::byte*>(run.global_address + b);
      }
    }
    ASSERT_EQ(shared, expected);
    ASSERT_EQ(std::count(touched.begin(), touched.end(), 1), map.tile_bytes()) << "each byte of the tile once";
    ASSERT_EQ(*std::max_element(touched.begin(), touched.end()), 1);
  }
}

TEST(TensorMap, LongRowsAreFewRuns) {
  TensorMapRequest request;
  request.data_type = 0;
  request.rank = 2;
  request.address = 4096;
  request.dims = {256, 64};
  request.strides_bytes = {256};
  request.box = {256, 64};
  std::vector<TileRun> runs;
  const int32_t origin[] = {0, 0};
  tile_runs(map_of(request), origin, 0, runs);
  EXPECT_EQ(runs.size(), 64u);
}

TEST(TensorMap, RefusesByName) {
  TensorMapRequest good;
  good.data_type = 6;
  good.rank = 2;
  good.address = 256;
  good.dims = {128, 100};
  good.strides_bytes = {256};
  good.box = {64, 64};
  good.swizzle = 3;
  ASSERT_TRUE(encode(good).ok());
  const auto refusal = [&](auto change) {
    TensorMapRequest request = good;
    change(request);
    const Result<TensorMapImage> image = encode(request);
    return image.ok() ? std::string("accepted") : image.error().message();
  };
  EXPECT_THAT(refusal([](auto& r) { r.address = 8; }), HasSubstr("globalAddress"));
  EXPECT_THAT(refusal([](auto& r) { r.rank = 6; }), HasSubstr("tensorRank"));
  EXPECT_THAT(refusal([](auto& r) { r.dims[1] = 0; }), HasSubstr("globalDim[1]"));
  EXPECT_THAT(refusal([](auto& r) { r.strides_bytes[0] = 264; }), HasSubstr("globalStrides[0]"));
  EXPECT_THAT(refusal([](auto& r) { r.strides_bytes[0] = uint64_t{1} << 40; }), HasSubstr("globalStrides[0]"));
  EXPECT_THAT(refusal([](auto& r) { r.box[1] = 257; }), HasSubstr("boxDim[1]"));
  EXPECT_THAT(refusal([](auto& r) { r.box[0] = 72; }), HasSubstr("swizzle"));
  EXPECT_THAT(refusal([](auto& r) { r.box[0] = 4; }), HasSubstr("multiple of 16"));
  EXPECT_THAT(refusal([](auto& r) { r.box[0] = 32; }), HasSubstr("narrower"));
  EXPECT_THAT(refusal([](auto& r) { r.element_strides[1] = 9; }), HasSubstr("elementStrides[1]"));
  EXPECT_THAT(refusal([](auto& r) { r.interleave = 1; }), HasSubstr("interleaved"));
  EXPECT_THAT(refusal([](auto& r) { r.out_of_bounds_fill = 1; }), HasSubstr("NaN"));
  EXPECT_THAT(refusal([](auto& r) { r.data_type = 11; }), HasSubstr("tensorDataType 11"));
  EXPECT_THAT(refusal([](auto& r) { r.data_type = 99; }), HasSubstr("does not exist"));
}

TEST(TensorMap, OtherBytesAreNoMap) {
  TensorMapRequest request;
  request.address = 4096;
  request.dims = {64};
  request.box = {32};
  TensorMapImage image = *encode(request);
  EXPECT_TRUE(decode_tensor_map(image).ok());
  for (const size_t byte : {0u, 9u, 20u, 60u, 127u}) {
    TensorMapImage damaged = image;
    damaged[byte] ^= std::byte{4};
    EXPECT_FALSE(decode_tensor_map(damaged).ok()) << byte;
  }
  EXPECT_FALSE(decode_tensor_map(std::span(image).first(64)).ok());
  EXPECT_FALSE(decode_tensor_map(TensorMapImage{}).ok());
}

}  // namespace
}  // namespace attune::emulator
