// The CPU device: linking, launching with scratch from many threads, and the choice of instruction set.
#include "runtime/cpu_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "runtime/host_cpu.hpp"
#include "tests/runtime/allocation_counter.hpp"
#include "tests/runtime/fake_device.hpp"
#include "tests/runtime/fill_family.hpp"

namespace attune::runtime {
namespace {

using test::fill_ir;
using ::testing::HasSubstr;

// For each item: writes the item into scratch, reads it back many times, adds it to out[item]. Two workers on one scratch
// would read each other's item.
constexpr const char* scratch_kernel = R"(
define void @scratchy(ptr %arguments, i64 %begin, i64 %end, ptr %scratch) {
entry:
  %out = load ptr, ptr %arguments
  br label %items
items:
  %item = phi i64 [ %begin, %entry ], [ %next_item, %written ]
  %any = icmp slt i64 %item, %end
  br i1 %any, label %fill, label %done
fill:
  %i = phi i64 [ 0, %items ], [ %next, %fill ]
  %slot = getelementptr i64, ptr %scratch, i64 %i
  store volatile i64 %item, ptr %slot
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, 512
  br i1 %more, label %fill, label %sum
sum:
  %j = phi i64 [ 0, %fill ], [ %next_j, %sum ]
  %total = phi i64 [ 0, %fill ], [ %new_total, %sum ]
  %from = getelementptr i64, ptr %scratch, i64 %j
  %value = load volatile i64, ptr %from
  %new_total = add i64 %total, %value
  %next_j = add i64 %j, 1
  %more_j = icmp slt i64 %next_j, 512
  br i1 %more_j, label %sum, label %written
written:
  %target = getelementptr i64, ptr %out, i64 %item
  store i64 %new_total, ptr %target
  %next_item = add i64 %item, 1
  br label %items
done:
  ret void
}
)";

class CpuDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DeviceOptions options;
    options.threads = 4;
    auto device = open_cpu_device(options);
    ASSERT_TRUE(device.ok()) << device.error().message();
    device_ = std::move(*device);
  }
  Result<Binary> compile(const std::string& text, const std::string& entry) {
    Source source;
    source.text = text;
    source.entries = {entry};
    return device_->compiler().compile(source);
  }
  KernelPtr load(const std::string& text, const std::string& entry) {
    const auto binary = compile(text, entry);
    EXPECT_TRUE(binary.ok()) << binary.error().message() << binary.error().log();
    auto kernel = device_->load(*binary);
    EXPECT_TRUE(kernel.ok()) << kernel.error().message() << kernel.error().log();
    return *kernel;
  }
  static ArgumentBlock arguments(const void* pointer) {
    ArgumentBlock block;
    std::memcpy(block.bytes.data(), &pointer, sizeof(pointer));
    return block;
  }
  static Launch launch(const char* entry, std::array<int64_t, 3> grid, int64_t scratch_bytes = 0, int64_t grain = 1) {
    Launch result;
    result.entry = entry;
    result.grid = grid;
    result.scratch_bytes = scratch_bytes;
    result.grain = grain;
    return result;
  }

  std::unique_ptr<Device> device_;
};

TEST_F(CpuDeviceTest, ClassTellsTheHost) {
  const DeviceClass& facts = device_->device_class();
  EXPECT_EQ(facts.kind, "cpu");
  EXPECT_FALSE(facts.name.empty());
  EXPECT_EQ(facts.compute_units, 4);
  EXPECT_GT(facts.l1_bytes, 1024);
  EXPECT_GE(facts.l2_bytes, facts.l1_bytes);
  EXPECT_GT(facts.memory_bytes, int64_t{1} << 28);
  EXPECT_GE(device_->clock_mhz(), 0);
}

TEST_F(CpuDeviceTest, EveryItemRunsOnceWhateverTheGrain) {
  const KernelPtr kernel = load(fill_ir("fill", 1, 3), "fill");
  for (const int64_t grain : {1, 7, 60, 1000}) {
    std::vector<float> out(62, 0.0F);
    const Launch shape = launch("fill", {5, 4, 3}, 0, grain);
    ASSERT_TRUE(device_->launch(*kernel, std::span(&shape, 1), arguments(out.data() + 1), nullptr).ok());
    EXPECT_EQ(out.front(), 0.0F);
    EXPECT_EQ(out.back(), 0.0F) << "past the grid";
    for (size_t i = 1; i <= 60; ++i) ASSERT_EQ(out[i], 3.0F) << i;
  }
}

TEST_F(CpuDeviceTest, EmptyGridRunsNothing) {
  const KernelPtr kernel = load(fill_ir("fill", 1, 3), "fill");
  float out = 0;
  const Launch shape = launch("fill", {0, 4, 3});
  ASSERT_TRUE(device_->launch(*kernel, std::span(&shape, 1), arguments(&out), nullptr).ok());
  EXPECT_EQ(out, 0.0F);
}

TEST_F(CpuDeviceTest, LaunchAllocatesNothing) {
  const KernelPtr kernel = load(scratch_kernel, "scratchy");
  std::vector<int64_t> out(64, -1);
  const Launch shape = launch("scratchy", {64, 1, 1}, 4096, 2);
  ASSERT_TRUE(device_->reserve(std::span(&shape, 1)).ok());
  const ArgumentBlock block = arguments(out.data());
  const int64_t before = test::allocations_of_this_thread();
  const bool ok = device_->launch(*kernel, std::span(&shape, 1), block, nullptr).ok();
  EXPECT_EQ(test::allocations_of_this_thread(), before);
  EXPECT_TRUE(ok);
}

TEST_F(CpuDeviceTest, ConcurrentLaunchesAndGrowingScratchKeepWorkersApart) {
  const KernelPtr kernel = load(scratch_kernel, "scratchy");
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::vector<int64_t> out(40);
        for (int round = 0; round < 25; ++round) {
          const Launch shape = launch("scratchy", {40, 1, 1}, 4096 + 4096 * (round * 4 + t), 3);
          if (!device_->reserve(std::span(&shape, 1)).ok()) ++wrong;
          std::fill(out.begin(), out.end(), -1);
          if (!device_->launch(*kernel, std::span(&shape, 1), arguments(out.data()), nullptr).ok()) ++wrong;
          for (size_t i = 0; i < out.size(); ++i) wrong += out[i] == static_cast<int64_t>(i) * 512 ? 0 : 1;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(CpuDeviceTest, UnreservedScratchUnknownEntryAndForeignKernelAreRefused) {
  const KernelPtr kernel = load(fill_ir("fill", 1, 3), "fill");
  float out = 0;
  const Launch unreserved = launch("fill", {1, 1, 1}, 64);
  EXPECT_EQ(device_->launch(*kernel, std::span(&unreserved, 1), arguments(&out), nullptr).error().status(),
            Status::internal);
  const Launch unknown = launch("other", {1, 1, 1});
  EXPECT_EQ(device_->launch(*kernel, std::span(&unknown, 1), arguments(&out), nullptr).error().status(), Status::internal);
  const test::FakeKernel foreign;
  const Launch fine = launch("fill", {1, 1, 1});
  EXPECT_EQ(device_->launch(foreign, std::span(&fine, 1), arguments(&out), nullptr).error().status(),
            Status::invalid_argument);
  EXPECT_EQ(out, 0.0F);
}

TEST_F(CpuDeviceTest, RubbishAndTruncatedObjectsDoNotLoad) {
  const auto good = compile(fill_ir("fill", 1, 3), "fill");
  ASSERT_TRUE(good.ok());
  for (const size_t length : {size_t{0}, size_t{4}, size_t{64}, good->bytes.size() / 2, good->bytes.size() - 70}) {
    Binary cut = *good;
    cut.bytes.resize(length);
    const auto kernel = device_->load(cut);
    ASSERT_FALSE(kernel.ok()) << length;
    EXPECT_EQ(kernel.error().status(), Status::load_failed);
    EXPECT_FALSE(kernel.error().log().empty());
  }
  Binary other = *good;
  other.entries = {"missing"};
  EXPECT_THAT(device_->load(other).error().log(), HasSubstr("missing"));
}

TEST_F(CpuDeviceTest, ObjectsReachOnlyTheListedLibraryCalls) {
  const auto forbidden = compile(
      "declare i32 @system(ptr)\n"
      "define void @entry(ptr %a, i64 %b, i64 %e, ptr %s) {\n %r = call i32 @system(ptr %a)\n ret void }",
      "entry");
  ASSERT_TRUE(forbidden.ok());
  const auto kernel = device_->load(*forbidden);
  ASSERT_FALSE(kernel.ok());
  EXPECT_THAT(kernel.error().log(), HasSubstr("system"));

  // A memset of unknown length and a fused multiply-add without hardware support are library calls.
  const KernelPtr allowed = load(
      "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\ndeclare float @llvm.fma.f32(float, float, float)\n"
      "define void @entry(ptr %a, i64 %b, i64 %e, ptr %s) {\n"
      " %p = load ptr, ptr %a\n call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %e, i1 false)\n"
      " %x = load float, ptr %a\n %y = call float @llvm.fma.f32(float 2.0, float 3.0, float 4.0)\n"
      " %z = load float, ptr %p\n %f = call float @llvm.fma.f32(float %z, float %z, float %y)\n store float %f, ptr %p\n"
      " ret void }",
      "entry");
  std::array<float, 4> out = {1, 1, 1, 1};
  const Launch shape = launch("entry", {4, 1, 1}, 0, 4);
  ASSERT_TRUE(device_->launch(*allowed, std::span(&shape, 1), arguments(out.data()), nullptr).ok());
  EXPECT_EQ(out, (std::array<float, 4>{10, 1, 1, 1}));
}

TEST_F(CpuDeviceTest, KernelsOutliveTheirDevice) {
  KernelPtr kernel = load(fill_ir("fill", 1, 3), "fill");
  device_.reset();
  kernel.reset();  // unmaps its code: must not touch what is gone
  SUCCEED();
}

TEST_F(CpuDeviceTest, ManyKernelsWithOneEntryName) {
  std::vector<KernelPtr> kernels;
  for (int i = 0; i < 50; ++i) kernels.push_back(load(fill_ir("fill", 1, i), "fill"));
  for (int i = 0; i < 50; i += 2) kernels[static_cast<size_t>(i)].reset();
  const Launch shape = launch("fill", {1, 1, 1});
  for (int i = 1; i < 50; i += 2) {
    float out = -1;
    ASSERT_TRUE(device_->launch(*kernels[static_cast<size_t>(i)], std::span(&shape, 1), arguments(&out), nullptr).ok());
    EXPECT_EQ(out, static_cast<float>(i));
  }
}

TEST_F(CpuDeviceTest, MemoryForTools) {
  const auto memory = device_->allocate(100);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data) % 64, 0U);
  std::array<char, 100> in{}, out{};
  in.fill('x');
  EXPECT_TRUE(device_->copy_in(*memory, in.data(), 100).ok());
  EXPECT_TRUE(device_->copy_out(out.data(), *memory, 100).ok());
  EXPECT_EQ(in, out);
  EXPECT_EQ(device_->copy_in(*memory, in.data(), 101).error().status(), Status::invalid_argument);
  EXPECT_EQ(device_->copy_out(out.data(), *memory, -1).error().status(), Status::invalid_argument);
  device_->release(*memory);
  EXPECT_EQ(device_->allocate(-1).error().status(), Status::invalid_argument);
  EXPECT_EQ(device_->allocate(INT64_MAX).error().status(), Status::out_of_memory);
  const auto empty = device_->allocate(0);
  ASSERT_TRUE(empty.ok());
  device_->release(*empty);
}

TEST_F(CpuDeviceTest, TimesWorkAndPassesItsErrorOn) {
  const auto slept = device_->time_ms(
      []() -> Result<void> {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return {};
      },
      nullptr);
  ASSERT_TRUE(slept.ok());
  EXPECT_GE(*slept, 20);
  EXPECT_FALSE(device_->time_ms([]() -> Result<void> { return Error(Status::internal, "No."); }, nullptr).ok());
  EXPECT_TRUE(device_->flush_cache().ok());
}

TEST(OpenCpuDevice, OptionsOutOfRange) {
  for (const int threads : {-1, 1025, 1 << 30}) {
    DeviceOptions options;
    options.threads = threads;
    const auto device = open_cpu_device(options);
    ASSERT_FALSE(device.ok());
    EXPECT_EQ(device.error().status(), Status::invalid_argument);
    EXPECT_THAT(device.error().message(), HasSubstr("threads"));
  }
  DeviceOptions options;
  options.cpu_isa = "portable";
  const auto portable = open_cpu_device(options);
  ASSERT_TRUE(portable.ok());
  EXPECT_EQ((*portable)->device_class().arch, "portable");
}

TEST(SelectArch, BestOfTheHostAndItsRestrictions) {
  const std::vector<std::string> avx2 = {"avx", "avx2", "fma", "f16c", "bmi", "bmi2"};
  auto avx512 = avx2;
  for (const char* name : {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}) avx512.emplace_back(name);
  auto bf16 = avx512;
  bf16.emplace_back("avx512bf16");
  // Quantized kernels of that level multiply by VNNI.
  EXPECT_EQ(*select_arch("", bf16), "x86-64-avx512");
  bf16.emplace_back("avx512vnni");
  auto vnni = avx512, short_vnni = avx2;
  vnni.emplace_back("avx512vnni");
  short_vnni.emplace_back("avxvnni");

  EXPECT_EQ(*select_arch("", {}), "portable");
  EXPECT_EQ(*select_arch("", {"neon"}), "portable");
  EXPECT_EQ(*select_arch("", avx2), "x86-64-avx2");
  EXPECT_EQ(*select_arch("", avx512), "x86-64-avx512");
  EXPECT_EQ(*select_arch("", bf16), "x86-64-avx512bf16");
  EXPECT_EQ(*select_arch("", vnni), "x86-64-avx512vnni");
  EXPECT_EQ(*select_arch("", short_vnni), "x86-64-avxvnni");
  // With both, the longer registers.
  vnni.emplace_back("avxvnni");
  EXPECT_EQ(*select_arch("", vnni), "x86-64-avx512vnni");
  EXPECT_EQ(*select_arch("avxvnni", vnni), "x86-64-avxvnni");
  EXPECT_EQ(*select_arch("avx2", bf16), "x86-64-avx2");
  EXPECT_EQ(*select_arch("avx512", bf16), "x86-64-avx512");
  EXPECT_EQ(*select_arch("portable", bf16), "portable");

  const auto lacking = select_arch("avx512", avx2);
  ASSERT_FALSE(lacking.ok());
  EXPECT_EQ(lacking.error().status(), Status::device_unavailable);
  EXPECT_THAT(lacking.error().message(), HasSubstr("avx512f"));
  EXPECT_THAT(lacking.error().message(), HasSubstr("'avx2'")) << "what would work";
  const auto unknown = select_arch("sse9", bf16);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().status(), Status::invalid_argument);
  EXPECT_THAT(unknown.error().message(), HasSubstr("avx512bf16, avx512vnni, avx512, avxvnni, avx2 or portable"));
  // A hypervisor that shows AVX-512 but hides what kernels of that level use too.
  EXPECT_EQ(*select_arch("", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}), "portable");
}

}  // namespace
}  // namespace attune::runtime
