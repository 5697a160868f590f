// The cuda device over a driver that is not there: launches, streams, capture, errors.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/context.hpp"
#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/driver_api.hpp"
#include "runtime/cuda/nvml.hpp"
#include "tests/fake_cuda/fake_cuda_state.hpp"
#include "tests/runtime/fill_family.hpp"

namespace attune::runtime {
namespace {

using test::FakeCuda;
using ::testing::Each;
using ::testing::HasSubstr;
namespace r = cuda_result;

FakeCuda& fake() {
  static void* library = dlopen(ATTUNE_FAKE_CUDA, RTLD_NOW);
  return reinterpret_cast<test::FakeCudaState>(dlsym(library, "fake_cuda_state"))();
}

DeviceOptions fake_options(std::string name = "cuda:0") {
  DeviceOptions options;
  options.name = std::move(name);
  options.driver = ATTUNE_FAKE_CUDA;
  options.nvrtc = ATTUNE_FAKE_NVRTC_12;
  return options;
}

void* stream_of(uintptr_t number) { return reinterpret_cast<void*>(number); }

class CudaDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    fake() = FakeCuda();
    auto opened = open_device(fake_options());
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    device_ = *std::move(opened);
  }

  KernelPtr load() {
    Binary binary;
    binary.bytes = "cubin of attend and combine";
    binary.entries = {"attend", "combine"};
    auto kernel = device_->load(binary);
    EXPECT_TRUE(kernel.ok()) << kernel.error().message();
    return kernel.ok() ? *kernel : nullptr;
  }
  static Launch launch_of(const char* entry, int64_t shared_bytes = 0) {
    Launch launch;
    launch.entry = entry;
    launch.grid = {7, 2, 3};
    launch.block = {128, 1, 1};
    launch.shared_bytes = shared_bytes;
    return launch;
  }
  static ArgumentBlock arguments_of(std::string_view bytes) {
    ArgumentBlock block;
    std::memcpy(block.bytes.data(), bytes.data(), bytes.size());
    block.used_bytes = bytes.size();
    return block;
  }

  std::unique_ptr<Device> device_;
};

TEST_F(CudaDevice, FactsOfTheGpu) {
  const DeviceClass& facts = device_->device_class();
  EXPECT_EQ(device_->name(), "cuda:0");
  EXPECT_EQ(facts.kind, "cuda");
  EXPECT_EQ(facts.name, "Fake H100");
  EXPECT_EQ(facts.arch, "sm_90a");
  EXPECT_EQ(facts.compute_units, 132);
  EXPECT_EQ(facts.l2_bytes, 50 << 20);
  EXPECT_EQ(facts.shared_bytes, 227 << 10);
  EXPECT_EQ(facts.memory_bytes, int64_t{80} << 30);
  EXPECT_EQ(facts.driver_major, 12);
  EXPECT_FALSE(device_->checks_memory());
  const auto inventory = take_cuda_inventory(fake_options());
  ASSERT_TRUE(inventory.ok());
  EXPECT_EQ(inventory->gpus.size(), 2U);
  EXPECT_EQ(inventory->driver_version, "12.4");
  EXPECT_EQ(fake().calls["cuDevicePrimaryCtxRetain"], 1) << "an inventory opens nothing";
}

TEST_F(CudaDevice, LaunchesGoToTheCallersStreamInOrderWithTheirAttributes) {
  const KernelPtr kernel = load();
  std::array launches = {launch_of("attend", 100'000), launch_of("combine")};
  launches[0].grid = {8, 2, 1};
  launches[0].cluster = {2, 1, 1};
  launches[1].programmatic_dependent = true;
  ASSERT_TRUE(device_->reserve(launches).ok());
  const int before = fake().calls["cuCtxPushCurrent_v2"];
  ASSERT_TRUE(device_->launch(*kernel, launches, arguments_of("arguments!"), stream_of(77)).ok());
  ASSERT_EQ(fake().launches.size(), 2U);
  const test::FakeLaunch& first = fake().launches[0];
  EXPECT_EQ(first.entry, "attend");
  EXPECT_EQ(first.grid, (std::array<unsigned, 3>{8, 2, 1}));
  EXPECT_EQ(first.block, (std::array<unsigned, 3>{128, 1, 1}));
  EXPECT_EQ(first.cluster, (std::array<unsigned, 3>{2, 1, 1}));
  EXPECT_EQ(first.shared_bytes, 100'000U);
  EXPECT_EQ(first.stream, stream_of(77));
  EXPECT_EQ(first.parameters, "arguments!");
  EXPECT_FALSE(first.programmatic_dependent);
  const test::FakeLaunch& second = fake().launches[1];
  EXPECT_EQ(second.entry, "combine");
  EXPECT_EQ(second.grid, (std::array<unsigned, 3>{7, 2, 3}));
  EXPECT_EQ(second.cluster, (std::array<unsigned, 3>{0, 0, 0})) << "no attribute that older GPUs do not know";
  EXPECT_TRUE(second.programmatic_dependent);
  EXPECT_EQ(second.stream, stream_of(77));

  EXPECT_EQ(fake().calls["cuCtxPushCurrent_v2"], before + 1);
  EXPECT_EQ(fake().context_depth, 0) << "the caller's context is put back";
  fake().current_is_ours = true;
  ASSERT_TRUE(device_->launch(*kernel, launches, arguments_of("x"), stream_of(77)).ok());
  EXPECT_EQ(fake().calls["cuCtxPushCurrent_v2"], before + 1) << "and left alone when it is ours already";
  EXPECT_TRUE(fake().touched_streams.empty()) << "no launch waits, records or flushes";
}

TEST_F(CudaDevice, KernelsMayUseAllSharedMemoryAndAnyCluster) {
  const KernelPtr kernel = load();
  EXPECT_EQ(fake().attributes_set["attend/8"], (227 << 10) - 1024);
  EXPECT_EQ(fake().attributes_set["combine/14"], 1);
  Binary binary;
  binary.bytes = "attend";
  binary.entries = {"attend"};
  fake().static_shared_bytes = (227 << 10) + 16;
  EXPECT_EQ(device_->load(binary).error().status(), Status::resources_exceeded);
  EXPECT_EQ(fake().libraries_alive, 1) << "what failed to load is unloaded";
}

TEST_F(CudaDevice, WhatCannotBeLaunchedIsRefusedWhenThePlanIsMade) {
  const auto refused = [&](auto change) {
    Launch launch = launch_of("attend");
    change(launch);
    const auto outcome = device_->reserve(std::span(&launch, 1));
    return !outcome.ok() && outcome.error().status() == Status::resources_exceeded;
  };
  EXPECT_FALSE(refused([](Launch&) {}));
  EXPECT_TRUE(refused([](Launch& l) { l.block = {1024, 2, 1}; }));
  EXPECT_TRUE(refused([](Launch& l) { l.block = {0, 1, 1}; }));
  EXPECT_TRUE(refused([](Launch& l) { l.grid[1] = 65536; }));
  EXPECT_TRUE(refused([](Launch& l) { l.grid[0] = int64_t{1} << 31; }));
  EXPECT_TRUE(refused([](Launch& l) { l.shared_bytes = (227 << 10) + 1; }));
  EXPECT_TRUE(refused([](Launch& l) { l.cluster = {2, 1, 1}; })) << "7 is odd";
  EXPECT_TRUE(refused([](Launch& l) { l.grid = l.cluster = {8, 4, 1}; }));
  fake().compute_capability = 80;
  const auto older = open_device(fake_options());
  Launch cluster = launch_of("attend");
  cluster.grid = cluster.cluster = {2, 1, 1};
  EXPECT_FALSE((*older)->reserve(std::span(&cluster, 1)).ok());
}

TEST_F(CudaDevice, EmptyGridsAndForeignKernels) {
  const KernelPtr kernel = load();
  Launch empty = launch_of("attend");
  empty.grid = {0, 1, 1};
  EXPECT_TRUE(device_->launch(*kernel, std::span(&empty, 1), arguments_of("x"), nullptr).ok());
  EXPECT_TRUE(fake().launches.empty());
  const Launch unknown = launch_of("other");
  EXPECT_EQ(device_->launch(*kernel, std::span(&unknown, 1), arguments_of("x"), nullptr).error().status(), Status::internal);
  const auto second = open_device(fake_options("cuda:1"));
  const Launch fine = launch_of("attend");
  EXPECT_EQ((*second)->launch(*kernel, std::span(&fine, 1), arguments_of("x"), nullptr).error().status(),
            Status::invalid_argument);
}

TEST_F(CudaDevice, TimesAreOfEventsOnTheStream) {
  const auto elapsed = device_->time_ms([] { return Result<void>(); }, stream_of(5));
  ASSERT_TRUE(elapsed.ok());
  EXPECT_EQ(*elapsed, 0.25);
  EXPECT_THAT(fake().touched_streams, Each(stream_of(5)));
  EXPECT_EQ(fake().touched_streams.size(), 2U);
  EXPECT_EQ(fake().events_alive, 0);
  const auto failed = device_->time_ms([] { return Result<void>(Error(Status::internal, "Mine.")); }, stream_of(5));
  EXPECT_EQ(failed.error().message(), "Mine.");
  EXPECT_EQ(fake().events_alive, 0);
}

TEST_F(CudaDevice, FlushingOverwritesMoreThanTheCacheAndIsNotWaitedFor) {
  ASSERT_TRUE(device_->flush_cache().ok());
  ASSERT_TRUE(device_->flush_cache().ok());
  EXPECT_EQ(fake().calls["cuMemAlloc_v2"], 1);
  EXPECT_EQ(fake().calls["cuMemsetD8Async"], 2);
  EXPECT_EQ(fake().calls["cuStreamSynchronize"], 0);
  device_.reset();
  EXPECT_EQ(fake().memory_alive, 0);
}

TEST_F(CudaDevice, MemoryGoesThereAndBack) {
  const auto memory = device_->allocate(16);
  ASSERT_TRUE(memory.ok());
  std::array<char, 16> in{"fifteen letters"}, out{};
  ASSERT_TRUE(device_->copy_in(*memory, in.data(), 16).ok());
  ASSERT_TRUE(device_->copy_out(out.data(), *memory, 16).ok());
  EXPECT_EQ(in, out);
  EXPECT_EQ(device_->copy_in(*memory, in.data(), 17).error().status(), Status::invalid_argument);
  device_->release(*memory);
  EXPECT_EQ(fake().memory_alive, 0);
  fake().results["cuMemAlloc_v2"] = r::out_of_memory;
  EXPECT_EQ(device_->allocate(16).error().status(), Status::out_of_memory);
  EXPECT_EQ(device_->allocate(-1).error().status(), Status::invalid_argument);
}

TEST_F(CudaDevice, LoadingDoesNotSpoilACaptureElsewhere) {
  load();
  ASSERT_TRUE(device_->flush_cache().ok());
  EXPECT_EQ(fake().relaxed_loads, 2) << "one load, one allocation";
  EXPECT_EQ(fake().capture_mode, 0) << "the thread's mode is put back";
}

TEST_F(CudaDevice, CaptureStatus) {
  fake().capture_status = {{stream_of(1), 1}, {stream_of(2), 2}};
  EXPECT_TRUE(device_->is_capturing(stream_of(1)));
  EXPECT_TRUE(device_->is_capturing(stream_of(2))) << "spoilt, but not over";
  EXPECT_FALSE(device_->is_capturing(stream_of(3)));
  fake().results["cuStreamIsCapturing"] = r::stream_capture_implicit;
  EXPECT_TRUE(device_->is_capturing(nullptr));
}

TEST_F(CudaDevice, AStickyErrorLosesTheDeviceAndNothingElseIsAsked) {
  const KernelPtr kernel = load();
  const Launch launch = launch_of("attend");
  fake().results["cuStreamSynchronize"] = r::illegal_address;
  EXPECT_TRUE(device_->launch(*kernel, std::span(&launch, 1), arguments_of("x"), nullptr).ok());
  const auto lost = device_->synchronize(nullptr);
  EXPECT_EQ(lost.error().status(), Status::device_lost);
  EXPECT_THAT(lost.error().message(), HasSubstr("compute-sanitizer"));
  fake().results.clear();
  fake().calls.clear();
  EXPECT_EQ(device_->launch(*kernel, std::span(&launch, 1), arguments_of("x"), nullptr).error().status(),
            Status::device_lost);
  EXPECT_EQ(device_->allocate(1).error().status(), Status::device_lost);
  EXPECT_EQ(device_->time_ms([] { return Result<void>(); }, nullptr).error().status(), Status::device_lost);
  EXPECT_TRUE(fake().calls.empty());
}

TEST_F(CudaDevice, ErrorsOfALaunchThatAreNotSticky) {
  const KernelPtr kernel = load();
  const Launch launch = launch_of("attend");
  for (const auto& [result, status] :
       {std::pair{r::launch_out_of_resources, Status::resources_exceeded},
        std::pair{r::stream_capture_first, Status::not_ready_in_capture}, std::pair{r::invalid_value, Status::internal}}) {
    fake().results["cuLaunchKernelEx"] = result;
    EXPECT_EQ(device_->launch(*kernel, std::span(&launch, 1), arguments_of("x"), nullptr).error().status(), status);
  }
  fake().results.clear();
  EXPECT_TRUE(device_->launch(*kernel, std::span(&launch, 1), arguments_of("x"), nullptr).ok());
}

TEST_F(CudaDevice, WhatTheDriverCannotLoad) {
  Binary binary;
  binary.bytes = "attend";
  binary.entries = {"attend"};
  fake().results["cuLibraryLoadData"] = r::no_binary_for_gpu;
  fake().jit_log = "ptxas fatal: unknown target";
  const auto refused = device_->load(binary);
  EXPECT_EQ(refused.error().status(), Status::load_failed);
  EXPECT_THAT(refused.error().message(), HasSubstr("serves CUDA 12.4"));
  EXPECT_THAT(refused.error().message(), HasSubstr("ATTUNE_NVRTC"));
  EXPECT_THAT(refused.error().log(), HasSubstr("unknown target"));
  fake().results.clear();
  binary.entries = {"absent"};
  EXPECT_EQ(device_->load(binary).error().status(), Status::load_failed);
  EXPECT_EQ(fake().libraries_alive, 0);
  EXPECT_EQ(fake().context_depth, 0);
}

TEST_F(CudaDevice, KernelsOutliveTheDevice) {
  KernelPtr kernel = load();
  device_.reset();
  EXPECT_EQ(fake().contexts_released, 0);
  EXPECT_EQ(fake().libraries_alive, 1);
  kernel.reset();
  EXPECT_EQ(fake().libraries_alive, 0);
  EXPECT_EQ(fake().contexts_released, 1);
}

TEST(CudaDriver, EveryReasonNotToOpenIsTold) {
  const auto failure = [](const DeviceOptions& options) {
    const auto device = open_device(options);
    EXPECT_FALSE(device.ok());
    if (device.ok()) return std::string();
    EXPECT_EQ(device.error().status(), Status::device_unavailable);
    return device.error().message();
  };
  DeviceOptions absent = fake_options();
  absent.driver = "/nowhere/libcuda.so.1";
  EXPECT_THAT(failure(absent), HasSubstr("No NVIDIA driver"));
  DeviceOptions another = fake_options();
  another.driver = ATTUNE_FAKE_NVRTC_12;  // a library, but no driver
  EXPECT_THAT(failure(another), HasSubstr("lacks cuInit"));

  fake() = FakeCuda();
  fake().version = 11080;
  EXPECT_THAT(failure(fake_options()), HasSubstr("too old: it serves CUDA 11.8"));
  fake() = FakeCuda();
  fake().results["cuInit"] = r::no_device;
  EXPECT_THAT(failure(fake_options()), HasSubstr("CUDA_VISIBLE_DEVICES"));
  fake() = FakeCuda();
  fake().device_count = 0;
  EXPECT_THAT(failure(fake_options()), HasSubstr("counting the GPUs"));
  fake() = FakeCuda();
  EXPECT_THAT(failure(fake_options("cuda:2")), HasSubstr("from cuda:0 to cuda:1"));
  EXPECT_THAT(failure(fake_options("cuda:99999999999")), HasSubstr("There is no GPU"));
  fake().results["cuDevicePrimaryCtxRetain"] = r::device_unavailable;
  EXPECT_THAT(failure(fake_options()), HasSubstr("opening the GPU"));
}

TEST(CudaDriver, ACompilerOfANewerMajorIsPassedOver) {
  fake() = FakeCuda();
  DeviceOptions options = fake_options();
  options.nvrtc = ATTUNE_FAKE_NVRTC_13;
  const auto device = open_device(options);
  ASSERT_TRUE(device.ok());
  const auto refused = (*device)->compiler().can_compile(SourceKind::cuda_cpp);
  EXPECT_EQ(refused.error().status(), Status::no_compiler);
  EXPECT_THAT(refused.error().message(), HasSubstr("the driver only knows CUDA 12"));
  fake().version = 13000;
  EXPECT_TRUE((*open_device(options))->compiler().can_compile(SourceKind::cuda_cpp).ok());
}

TEST(Nvml, ClocksWhereTheyCanBeReadAndNothingElsewhere) {
  const auto nvml = Nvml::open(ATTUNE_FAKE_NVML, "0000:01:00.0");
  ASSERT_NE(nvml, nullptr);
  EXPECT_EQ(nvml->sm_clock_mhz(), 1755);
  EXPECT_EQ(Nvml::open(ATTUNE_FAKE_NVML, "0000:02:00.0"), nullptr) << "another GPU";
  EXPECT_EQ(Nvml::open("/nowhere/libnvidia-ml.so.1", "0000:01:00.0"), nullptr);
  EXPECT_EQ(Nvml::open(ATTUNE_FAKE_CUDA, "0000:01:00.0"), nullptr) << "a library, but not this one";
}

// A family in CUDA C++ for the fake compiler.
class FakeCudaFamily : public test::FillFamily {
 public:
  std::string_view name() const override { return "fake_cuda"; }
  SourceKind source_kind() const override { return SourceKind::cuda_cpp; }
  Result<Source> emit(const Spec&, const Config& config) const override {
    Source source;
    source.kind = SourceKind::cuda_cpp;
    source.entries = {"fill"};
    source.text = "// " + config.to_json() + "\nextern \"C\" __global__ void fill(int) {}\n";
    return source;
  }
};

class CudaContextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fake() = FakeCuda();
    options_.device = fake_options();
    options_.families = {&family_};
    open();
  }
  void open() {
    auto context = Context::create(options_);
    ASSERT_TRUE(context.ok()) << context.error().message();
    context_ = *std::move(context);
  }

  FakeCudaFamily family_;
  ContextOptions options_;
  std::unique_ptr<Context> context_;
};

TEST_F(CudaContextTest, CaptureNeedsAPlanThatIsReady) {
  const Problem problem = test::fill_problem(64);
  test::FillTensors tensors(problem);
  fake().capture_status[stream_of(9)] = 1;
  const auto early = context_->find(problem, Policy::compile, stream_of(9));
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().status(), Status::not_ready_in_capture);
  EXPECT_THAT(early.error().message(), HasSubstr("prepare"));
  EXPECT_TRUE(fake().loaded.empty()) << "nothing was loaded during the capture";

  ASSERT_TRUE(context_->prepare(std::span(&problem, 1)).ok());
  const int loads = fake().calls["cuLibraryLoadData"];
  const auto plan = context_->find(problem, Policy::compile, stream_of(9));
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  fake().touched_streams.clear();
  std::vector<char> workspace_memory(1024);
  void* workspace = workspace_memory.data();
  size_t space = workspace_memory.size();
  std::align(64, 128, workspace, space);
  ASSERT_TRUE(context_->execute(**plan, tensors.tensors, workspace, stream_of(9)).ok());
  EXPECT_EQ(fake().calls["cuLibraryLoadData"], loads);
  ASSERT_EQ(fake().launches.size(), 1U);
  EXPECT_EQ(fake().launches[0].stream, stream_of(9));
  EXPECT_TRUE(fake().touched_streams.empty()) << "a captured stream may not be waited for";
}

TEST_F(CudaContextTest, WithoutACompilerTheFamilyIsPassedOverWithItsReason) {
  options_.device.nvrtc = "none";
  open();
  const auto plan = context_->find(test::fill_problem(64), Policy::compile);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::no_compiler);
  EXPECT_THAT(plan.error().message(), HasSubstr("fake_cuda"));
  EXPECT_THAT(plan.error().message(), HasSubstr("ATTUNE_NVRTC"));
  std::vector<std::string> declined;
  EXPECT_FALSE(context_->select_family(test::fill_problem(64), &declined).ok());
  EXPECT_EQ(declined.size(), 1U);
}

}  // namespace
}  // namespace attune::runtime
