// Tensor maps as devices make them: what reaches the driver, and a kernel of the real NVRTC that copies by one on the
// emulator.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "runtime/context.hpp"
#include "runtime/device.hpp"
#include "tests/fake_cuda/fake_cuda_state.hpp"

namespace attune::runtime {
namespace {

using test::FakeCuda;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FakeCuda& fake() {
  static void* library = dlopen(ATTUNE_FAKE_CUDA, RTLD_NOW);
  return reinterpret_cast<test::FakeCudaState>(dlsym(library, "fake_cuda_state"))();
}

std::unique_ptr<Device> open(const std::string& name, const char* driver = ATTUNE_FAKE_CUDA) {
  const auto environment = options_from_environment();
  EXPECT_TRUE(environment.ok());
  DeviceOptions options = environment->device;
  options.name = name;
  options.driver = driver;
  options.threads = 2;
  auto device = open_device(options);
  EXPECT_TRUE(device.ok()) << device.error().message();
  return *std::move(device);
}

// Heads of 100 rows of 128 fp16, a row 512 bytes after the one before, in tiles of 64 x 24.
TensorMapRequest good_request() {
  TensorMapRequest request;
  request.type = TensorMapType::f16;
  request.rank = 3;
  request.data = reinterpret_cast<const void*>(0x7000'0000'1230);
  request.dims = {128, 100, 7};
  request.strides_bytes = {512, 51200};
  request.box = {64, 24, 1};
  request.element_strides = {1, 2, 3};
  request.swizzle = TensorMapSwizzle::bytes_128;
  request.l2_promotion = TensorMapL2Promotion::bytes_256;
  request.fill = TensorMapFill::nan;
  return request;
}

TEST(TensorMapOfCuda, EveryArgumentReachesTheDriverInItsPlace) {
  fake() = FakeCuda();
  const auto device = open("cuda:0");
  const auto first = device->encode_tensor_map(good_request());
  ASSERT_TRUE(first.ok()) << first.error().message();
  ASSERT_EQ(fake().tensor_maps.size(), 1U);
  const test::FakeTensorMap& seen = fake().tensor_maps[0];
  EXPECT_EQ(seen.data_type, 6);
  EXPECT_EQ(seen.rank, 3U);
  EXPECT_EQ(seen.address, reinterpret_cast<void*>(0x7000'0000'1230));
  EXPECT_THAT(seen.dims, ElementsAre(128, 100, 7));
  EXPECT_THAT(seen.strides_bytes, ElementsAre(512, 51200));
  EXPECT_THAT(seen.box, ElementsAre(64, 24, 1));
  EXPECT_THAT(seen.element_strides, ElementsAre(1, 2, 3));
  EXPECT_EQ(seen.interleave, 0);
  EXPECT_EQ(seen.swizzle, 3);
  EXPECT_EQ(seen.l2_promotion, 3);
  EXPECT_EQ(seen.out_of_bounds_fill, 1);
  EXPECT_EQ(fake().context_depth, 0) << "the caller's context is put back";

  const auto second = device->encode_tensor_map(good_request());
  ASSERT_TRUE(second.ok());
  std::array<uint64_t, 16> words{};
  static_assert(sizeof(TensorMapImage) == sizeof(words));
  for (const auto& [image, base] : {std::pair(*first, 1000U), std::pair(*second, 2000U)}) {
    std::memcpy(words.data(), image.bytes.data(), sizeof(words));
    for (unsigned n = 0; n < 16; ++n) EXPECT_EQ(words[n], base + n) << "the driver's own bytes";
  }
}

TEST(TensorMapOfCuda, TypesAndSwizzlesAreNumberedAsTheDrivers) {
  fake() = FakeCuda();
  const auto device = open("cuda:0");
  const auto number_of = [&](TensorMapType type, TensorMapSwizzle swizzle) {
    TensorMapRequest request = good_request();
    request.type = type;
    request.swizzle = swizzle;
    request.fill = TensorMapFill::zeros;
    request.box[0] = 16;
    EXPECT_TRUE(device->encode_tensor_map(request).ok());
    return std::pair(fake().tensor_maps.back().data_type, fake().tensor_maps.back().swizzle);
  };
  EXPECT_EQ(number_of(TensorMapType::u8, TensorMapSwizzle::none), std::pair(0, 0));
  EXPECT_EQ(number_of(TensorMapType::f32, TensorMapSwizzle::bytes_64), std::pair(7, 2));
  EXPECT_EQ(number_of(TensorMapType::bf16, TensorMapSwizzle::bytes_32), std::pair(9, 1));
}

TEST(TensorMapOfCuda, BrokenRulesNameTheArgumentAndNeverReachTheDriver) {
  fake() = FakeCuda();
  const auto device = open("cuda:0");
  const auto emulated = open("emulated:sm_90a");
  const auto refusal = [&](auto change) {
    TensorMapRequest request = good_request();
    change(request);
    for (const auto* one : {device.get(), emulated.get()}) {
      const auto image = one->encode_tensor_map(request);
      if (image.ok()) return "accepted by " + one->name();
      EXPECT_EQ(image.error().status(), Status::invalid_argument) << image.error().message();
      if (one == emulated.get()) return image.error().message();
    }
    return std::string();
  };
  EXPECT_THAT(refusal([](auto& r) { r.data = nullptr; }), HasSubstr("globalAddress"));
  EXPECT_THAT(refusal([](auto& r) { r.data = reinterpret_cast<const void*>(8); }), HasSubstr("globalAddress"));
  EXPECT_THAT(refusal([](auto& r) { r.rank = 6; }), HasSubstr("tensorRank"));
  EXPECT_THAT(refusal([](auto& r) { r.rank = 0; }), HasSubstr("tensorRank"));
  EXPECT_THAT(refusal([](auto& r) { r.type = static_cast<TensorMapType>(99); }), HasSubstr("tensorDataType"));
  EXPECT_THAT(refusal([](auto& r) { r.dims[2] = 0; }), HasSubstr("globalDim[2]"));
  EXPECT_THAT(refusal([](auto& r) { r.strides_bytes[1] = 520; }), HasSubstr("globalStrides[1]"));
  EXPECT_THAT(refusal([](auto& r) { r.box[1] = 257; }), HasSubstr("boxDim[1]"));
  EXPECT_THAT(refusal([](auto& r) { r.box[0] = 72; }), AllOf(HasSubstr("boxDim[0]"), HasSubstr("swizzle")));
  EXPECT_THAT(refusal([](auto& r) { r.element_strides[1] = 9; }), HasSubstr("elementStrides[1]"));
  EXPECT_THAT(refusal([](auto& r) { r.swizzle = static_cast<TensorMapSwizzle>(-1); }), HasSubstr("swizzle"));
  EXPECT_THAT(refusal([](auto& r) { r.l2_promotion = static_cast<TensorMapL2Promotion>(4); }), HasSubstr("l2Promotion"));
  EXPECT_THAT(refusal([](auto& r) { r.fill = static_cast<TensorMapFill>(2); }), HasSubstr("oobFill"));
  EXPECT_THAT(refusal([](auto& r) { r.type = TensorMapType::u16; }), HasSubstr("oobFill"));
  EXPECT_EQ(fake().calls["cuTensorMapEncodeTiled"], 0);
}

TEST(TensorMapOfCuda, WhatTheDriverRefusesIsSaid) {
  fake() = FakeCuda();
  const auto device = open("cuda:0");
  fake().results["cuTensorMapEncodeTiled"] = 1;
  const auto rule = device->encode_tensor_map(good_request());
  ASSERT_FALSE(rule.ok());
  EXPECT_EQ(rule.error().status(), Status::invalid_argument);
  EXPECT_THAT(rule.error().message(), HasSubstr("globalStrides"));
  fake().results["cuTensorMapEncodeTiled"] = 700;
  EXPECT_EQ(device->encode_tensor_map(good_request()).error().status(), Status::device_lost);
}

TEST(TensorMapOfCuda, ADriverWithoutThemStillOpens) {
  const auto device = open("cuda:0", ATTUNE_FAKE_CUDA_WITHOUT_TENSOR_MAPS);
  const auto image = device->encode_tensor_map(good_request());
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().status(), Status::device_unavailable);
  EXPECT_THAT(image.error().message(), AllOf(HasSubstr("cuTensorMapEncodeTiled"), HasSubstr("update")));
}

TEST(TensorMap, DevicesWithoutTensorCopiesRefuseInWords) {
  fake() = FakeCuda();
  fake().compute_capability = 89;
  std::vector<std::string> names = {"cuda:0", "emulated:sm_89"};
#ifdef ATTUNE_LLVM
  names.emplace_back("cpu");
#endif
  for (const std::string& name : names) {
    const auto image = open(name)->encode_tensor_map(good_request());
    ASSERT_FALSE(image.ok()) << name;
    EXPECT_EQ(image.error().status(), Status::unsupported) << name;
    EXPECT_THAT(image.error().message(), AllOf(HasSubstr("'" + name + "'"), HasSubstr("sm_90a")));
  }
  EXPECT_EQ(fake().calls["cuTensorMapEncodeTiled"], 0);
}

// Copies the tile at (x, y) into shared memory by the map and from there, through the swizzle, to `out`.
constexpr const char* kernel_text = R"(
struct alignas(64) TensorMap { unsigned char bytes[128]; };
struct Arguments { TensorMap map; unsigned short* out; int x, y; };
extern "C" __global__ void copy_tile(const __grid_constant__ Arguments a) {
  __shared__ alignas(1024) unsigned short tile[16 * 64];
  __shared__ alignas(8) unsigned long long full;
  const unsigned tile_at = __cvta_generic_to_shared(tile), full_at = __cvta_generic_to_shared(&full);
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(full_at) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 2048;" ::"r"(full_at) : "memory");
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], "
                 "[%4];" ::"r"(tile_at), "l"(&a.map), "r"(a.x), "r"(a.y), "r"(full_at) : "memory");
  }
  __syncthreads();
  unsigned done = 0;
  while (!done) {
    asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], 0; selp.u32 %0, 1, 0, p; }"
                 : "=r"(done) : "r"(full_at) : "memory");
  }
  for (int i = threadIdx.x; i < 16 * 64; i += 128) {
    const int row = i / 64, column = i % 64;
    a.out[i] = tile[row * 64 + (column / 8 ^ row % 8) * 8 + column % 8];
  }
}
)";

struct Arguments {
  alignas(64) TensorMapImage map;
  uint16_t* out;
  int x, y;
};

class TensorMapOnTheEmulator : public ::testing::TestWithParam<const char*> {};

TEST_P(TensorMapOnTheEmulator, AKernelCopiesATileThatHangsOverTheEnd) {
  const auto device = open(std::string("emulated:") + GetParam());
  Source source;
  source.kind = SourceKind::cuda_cpp;
  source.text = kernel_text;
  source.entries = {"copy_tile"};
  const auto binary = device->compiler().compile(source);
  ASSERT_TRUE(binary.ok()) << binary.error().message() << binary.error().log();
  const auto kernel = device->load(*binary);
  ASSERT_TRUE(kernel.ok()) << kernel.error().message();

  constexpr int rows = 20, columns = 96, row_elements = 104;  // 8 of padding that no tile may show
  std::vector<uint16_t> host(rows * row_elements);
  std::iota(host.begin(), host.end(), uint16_t{1});
  const int64_t in_bytes = static_cast<int64_t>(host.size() * sizeof(uint16_t)), out_bytes = 16 * 64 * 2;
  const auto in = device->allocate(in_bytes), out = device->allocate(out_bytes);
  ASSERT_TRUE(in.ok() && out.ok());
  ASSERT_TRUE(device->copy_in(*in, host.data(), in_bytes).ok());

  TensorMapRequest request;
  request.type = TensorMapType::u16;
  request.rank = 2;
  request.data = in->data;
  request.dims = {columns, rows};
  request.strides_bytes = {row_elements * sizeof(uint16_t)};
  request.box = {64, 16};
  request.swizzle = TensorMapSwizzle::bytes_128;
  const auto image = device->encode_tensor_map(request);
  ASSERT_TRUE(image.ok()) << image.error().message();

  for (const auto& [x, y] : {std::pair(0, 0), std::pair(40, 9)}) {
    const Arguments arguments{*image, static_cast<uint16_t*>(out->data), x, y};
    ArgumentBlock block;
    std::memcpy(block.bytes.data(), &arguments, sizeof arguments);
    block.used_bytes = sizeof arguments;
    Launch launch;
    launch.entry = "copy_tile";
    launch.grid = {1, 1, 1};
    launch.block = {128, 1, 1};
    const auto outcome = device->launch(**kernel, std::span(&launch, 1), block, nullptr);
    ASSERT_TRUE(outcome.ok()) << outcome.error().message();
    std::vector<uint16_t> tile(16 * 64);
    ASSERT_TRUE(device->copy_out(tile.data(), *out, out_bytes).ok());
    for (int row = 0; row < 16; ++row) {
      for (int column = 0; column < 64; ++column) {
        const bool inside = y + row < rows && x + column < columns;
        const int expected = inside ? host[static_cast<size_t>((y + row) * row_elements + x + column)] : 0;
        ASSERT_EQ(tile[static_cast<size_t>(row * 64 + column)], expected)
            << row << ", " << column << " of " << x << ", " << y;
      }
    }
  }

  // 128 bytes that no device made are told from a map.
  Arguments arguments{TensorMapImage{}, static_cast<uint16_t*>(out->data), 0, 0};
  ArgumentBlock block;
  std::memcpy(block.bytes.data(), &arguments, sizeof arguments);
  block.used_bytes = sizeof arguments;
  Launch launch;
  launch.entry = "copy_tile";
  launch.grid = {1, 1, 1};
  launch.block = {128, 1, 1};
  const auto refused = device->launch(**kernel, std::span(&launch, 1), block, nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("tensor map"));
}

INSTANTIATE_TEST_SUITE_P(Architectures, TensorMapOnTheEmulator, ::testing::Values("sm_90a", "sm_100a", "sm_120a"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace attune::runtime
