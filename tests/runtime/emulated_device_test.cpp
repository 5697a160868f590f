// The emulated device: kernels of the real NVRTC (and of LLVM's NVPTX) on the emulator, through Device and through Context.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "generator/cuda/arch.hpp"
#include "runtime/context.hpp"
#include "runtime/emulated_device.hpp"
#include "runtime/gpu_parts.hpp"
#include "tests/runtime/fill_family.hpp"

namespace attune::runtime {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

DeviceOptions options_of(std::string arch) {
  const auto options = options_from_environment();
  EXPECT_TRUE(options.ok());
  DeviceOptions device = options->device;
  device.name = "emulated:" + std::move(arch);
  device.threads = 2;
  return device;
}

struct Arguments {
  const float* in;
  float* out;
  int64_t count;
};

// out[i] = 2 * in[i] through shared memory, one element a thread; without a bound it runs past the end.
constexpr const char* kernels_text = R"(
struct Arguments { const float* in; float* out; long long count; };
extern "C" __global__ void doubled(const __grid_constant__ Arguments a) {
  extern __shared__ float tile[];
  const long long i = blockIdx.x * 128ll + threadIdx.x;
  if (i < a.count) tile[threadIdx.x] = a.in[i];
  __syncthreads();
  if (i < a.count) a.out[i] = tile[threadIdx.x] * 2;
}
extern "C" __global__ void unbounded(const __grid_constant__ Arguments a) {
  const long long i = blockIdx.x * 128ll + threadIdx.x;
  a.out[i] = a.in[i];
}
extern "C" __global__ void writes_input(const __grid_constant__ Arguments a) {
  const_cast<float*>(a.in)[threadIdx.x] = 1;
}
extern "C" __global__ void large_static(const __grid_constant__ Arguments a) {
  __shared__ float tile[12000];
  tile[threadIdx.x] = 1;
  __syncthreads();
  a.out[threadIdx.x] = tile[threadIdx.x];
}
)";

class EmulatedDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_device(options_of("sm_86"));
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    device_ = *std::move(opened);
    Source source;
    source.kind = SourceKind::cuda_cpp;
    source.text = kernels_text;
    source.entries = {"doubled", "unbounded", "writes_input", "large_static"};
    const auto binary = device_->compiler().compile(source);
    ASSERT_TRUE(binary.ok()) << binary.error().message() << binary.error().log();
    const auto kernel = device_->load(*binary);
    ASSERT_TRUE(kernel.ok()) << kernel.error().message() << kernel.error().log();
    kernel_ = *kernel;
    in_.resize(200);
    std::iota(in_.begin(), in_.end(), 1.0F);
    out_.assign(200, -1.0F);
  }

  Result<void> run(const char* entry, int64_t blocks = 2, int64_t shared_bytes = 512) {
    ArgumentBlock block;
    const Arguments arguments{in_.data(), out_.data(), static_cast<int64_t>(out_.size())};
    std::memcpy(block.bytes.data(), &arguments, sizeof arguments);
    block.used_bytes = sizeof arguments;
    Launch launch;
    launch.entry = entry;
    launch.grid = {blocks, 1, 1};
    launch.block = {128, 1, 1};
    launch.shared_bytes = shared_bytes;
    const std::array regions = {region("in", in_, false), region("out", out_, true)};
    return device_->launch(*kernel_, std::span(&launch, 1), block, nullptr, regions);
  }
  static MemoryRegion region(const char* name, std::vector<float>& data, bool writable) {
    return {reinterpret_cast<std::byte*>(data.data()), static_cast<int64_t>(data.size() * sizeof(float)), name, writable};
  }

  std::unique_ptr<Device> device_;
  KernelPtr kernel_;
  std::vector<float> in_, out_;
};

TEST_F(EmulatedDeviceTest, RunsWhatNvrtcCompiled) {
  const auto outcome = run("doubled");
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  for (size_t i = 0; i < out_.size(); ++i) EXPECT_EQ(out_[i], 2 * in_[i]) << i;
}

TEST_F(EmulatedDeviceTest, FactsAreThoseOfAPartWithThisArchitecture) {
  EXPECT_EQ(device_->name(), "emulated:sm_86");
  const DeviceClass& facts = device_->device_class();
  EXPECT_EQ(facts.kind, "emulated");
  EXPECT_EQ(facts.name, "emulated sm_86");
  EXPECT_EQ(facts.compute_units, 82);
  EXPECT_EQ(facts.shared_bytes, 99 << 10);
  EXPECT_EQ(facts.driver_major, 0);
  EXPECT_TRUE(device_->checks_memory());
  EXPECT_EQ((*open_device(options_of("sm_90")))->name(), "emulated:sm_90a")
      << "every such part has the instructions of sm_90a";
}

// One table says what an architecture allows, another what a part has; a device is made of both.
TEST(EmulatedParts, AreTheArchitecturesThatKernelsAreEmittedFor) {
  ASSERT_EQ(gpu_parts().size(), cuda::archs().size());
  for (size_t i = 0; i < gpu_parts().size(); ++i) {
    const cuda::Arch& arch = cuda::archs()[i];
    const DeviceClass device = emulated_device_class(gpu_parts()[i]);
    EXPECT_EQ(device.arch, arch.name);
    EXPECT_EQ(device.shared_bytes, arch.shared_bytes_per_block) << arch.name;
    EXPECT_GE(device.l1_bytes, arch.shared_bytes_per_sm) << arch.name;
  }
}

TEST_F(EmulatedDeviceTest, UnknownArchitecturesAreRefusedWithTheList) {
  for (const char* arch : {"sm_75", "sm_99", "sm_110a", "sm_86a"}) {
    const auto refused = open_device(options_of(arch));
    ASSERT_FALSE(refused.ok()) << arch;
    EXPECT_EQ(refused.error().status(), Status::unsupported);
    EXPECT_THAT(refused.error().message(), HasSubstr("sm_80, sm_86, sm_87, sm_89, sm_90a, sm_100a, sm_103a, sm_120a"));
  }
}

TEST_F(EmulatedDeviceTest, AccessesOutsideAreErrorsThatNameTheTensor) {
  const auto past = run("unbounded");
  ASSERT_FALSE(past.ok());
  EXPECT_EQ(past.error().status(), Status::validation_failed);
  EXPECT_THAT(past.error().message(), HasSubstr("'unbounded'"));
  const auto input = run("writes_input", 1);
  ASSERT_FALSE(input.ok());
  EXPECT_EQ(input.error().status(), Status::validation_failed);
  EXPECT_THAT(input.error().message(), HasSubstr("in"));
  EXPECT_EQ(in_[1], 2.0F) << "the write did not happen";
  EXPECT_TRUE(run("doubled").ok()) << "the device is not lost";
}

TEST_F(EmulatedDeviceTest, MemoryOfTheDeviceIsVisibleUntilItIsReleased) {
  const auto in = device_->allocate(800), out = device_->allocate(800);
  ASSERT_TRUE(in.ok() && out.ok());
  ASSERT_TRUE(device_->copy_in(*in, in_.data(), 800).ok());
  ArgumentBlock block;
  const Arguments arguments{static_cast<float*>(in->data), static_cast<float*>(out->data), 200};
  std::memcpy(block.bytes.data(), &arguments, sizeof arguments);
  block.used_bytes = sizeof arguments;
  Launch launch;
  launch.entry = "doubled";
  launch.grid = {2, 1, 1};
  launch.block = {128, 1, 1};
  launch.shared_bytes = 512;
  const auto outcome = device_->launch(*kernel_, std::span(&launch, 1), block, nullptr);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  ASSERT_TRUE(device_->copy_out(out_.data(), *out, 800).ok());
  EXPECT_EQ(out_[199], 400.0F);
  device_->release(*in);
  EXPECT_FALSE(device_->launch(*kernel_, std::span(&launch, 1), block, nullptr).ok());
  device_->release(*out);
}

TEST_F(EmulatedDeviceTest, SharedMemoryHasTheLimitOfTheArchitecture) {
  EXPECT_TRUE(run("doubled", 2, 99 << 10).ok());
  EXPECT_EQ(run("doubled", 2, (99 << 10) + 4).error().status(), Status::resources_exceeded);
  EXPECT_TRUE(run("large_static", 1, 0).ok());
  const auto together = run("large_static", 1, 60'000);
  EXPECT_EQ(together.error().status(), Status::resources_exceeded);
  EXPECT_THAT(together.error().message(), HasSubstr("48000 bytes of static"));
}

TEST_F(EmulatedDeviceTest, CountsAndCostsAreTheSameEveryTime) {
  const auto* emulated = as_emulated(*device_);
  ASSERT_NE(emulated, nullptr);
  const auto first_ms = device_->time_ms([&] { return run("doubled"); }, nullptr);
  ASSERT_TRUE(first_ms.ok());
  EXPECT_GT(*first_ms, 0);
  const auto launches = emulated->take_launches();
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(launches[0].entry, "doubled");
  EXPECT_EQ(launches[0].counters.ctas, 2);
  EXPECT_EQ(launches[0].counters.global_load_bytes, 800);
  EXPECT_EQ(launches[0].counters.global_store_bytes, 800);
  EXPECT_EQ(launches[0].counters[emulator::InstructionClass::barrier], 8) << "one of each of 4 warps of 2 CTAs";
  // A sum that has grown is rounded elsewhere.
  EXPECT_NEAR(*device_->time_ms([&] { return run("doubled"); }, nullptr), *first_ms, *first_ms * 1e-9);
  EXPECT_NEAR(*device_->time_ms(
                  [&]() -> Result<void> {
                    ATTUNE_CHECK(run("doubled"));
                    return run("doubled");
                  },
                  nullptr),
              2 * *first_ms, *first_ms * 1e-9);
}

// FillFamily's contract in CUDA C++: every element of O gets `value`.
class FillCuda : public test::FillFamily {
 public:
  std::string_view name() const override { return "fill_cuda"; }
  SourceKind source_kind() const override { return SourceKind::cuda_cpp; }
  Result<Source> emit(const Spec& spec, const Config& config) const override {
    Source source;
    source.kind = SourceKind::cuda_cpp;
    source.target_cpu = spec.arch();
    source.entries = {"fill"};
    source.text =
        "extern \"C\" __global__ void fill(float* out) {\n  out[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x * " +
        std::to_string(spec.number("head_dim_v")) + " + blockIdx.x * " + std::to_string(spec.number("head_dim_v")) +
        " + threadIdx.x] = " + std::to_string(config.at("value")) + ";\n}\n";
    if (broken_values.contains(config.at("value"))) source.text += "this is not C++\n";
    return source;
  }
  std::vector<Launch> launches(const Problem& problem, const Config& config, const DeviceClass& device) const override {
    std::vector<Launch> result = FillFamily::launches(problem, config, device);
    result[0].block = {problem.head_dim_v + overrun, 1, 1};
    return result;
  }
  int64_t overrun = 0;  // threads beyond a row
};

class EmulatedContext : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    options_.device = options_of(GetParam());
    options_.families = {&family_};
    auto context = Context::create(options_);
    ASSERT_TRUE(context.ok()) << context.error().message();
    context_ = *std::move(context);
  }
  FillCuda family_;
  ContextOptions options_;
  std::unique_ptr<Context> context_;
};

TEST_P(EmulatedContext, PlansCompilesAndExecutes) {
  family_.heuristic_value = 4;
  const Problem problem = test::fill_problem(5);
  test::FillTensors tensors(problem);
  const auto plan = context_->find(problem, Policy::compile);
  ASSERT_TRUE(plan.ok()) << plan.error().message() << plan.error().log();
  EXPECT_EQ((*plan)->provenance.kernel_origin, "compiled");
  ASSERT_EQ((*plan)->workspace_bytes, 0);
  const auto outcome = context_->execute(**plan, tensors.tensors, nullptr);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  EXPECT_THAT(tensors.o, Each(4.0F));
}

TEST_P(EmulatedContext, ARowTooLongIsCaughtAtTheEndOfO) {
  family_.overrun = 1;
  const Problem problem = test::fill_problem(5);
  test::FillTensors tensors(problem);
  const auto plan = context_->find(problem, Policy::compile);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  const auto outcome = context_->execute(**plan, tensors.tensors, nullptr);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().status(), Status::validation_failed);
  EXPECT_THAT(outcome.error().message(), HasSubstr("o"));
}

INSTANTIATE_TEST_SUITE_P(Architectures, EmulatedContext, ::testing::Values("sm_80", "sm_89", "sm_90a", "sm_120a"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace attune::runtime
