// Launches go to the caller's stream, and nothing else ever touches that stream.
#include "runtime/cuda/cuda_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <mutex>

#include "runtime/cuda/cuda_context.hpp"
#include "runtime/cuda/cuda_kernel.hpp"
#include "runtime/cuda/gpu_compiler.hpp"
#include "runtime/cuda/nvml.hpp"
#include "runtime/gpu_limits.hpp"
#include "runtime/gpu_parts.hpp"
#include "runtime/tensor_map_encoding.hpp"

namespace attune::runtime {
namespace {

constexpr std::string_view prefix = "cuda:";
constexpr const char* nvml_library = "libnvidia-ml.so.1";

Result<int64_t> attribute(const CudaDriver& driver, CudaDeviceHandle device, CudaDeviceAttribute which) {
  int value = 0;
  ATTUNE_CHECK(driver.check(driver.api().cuDeviceGetAttribute(&value, which, device), "asking the GPU for its facts"));
  return int64_t{value};
}

Result<DeviceClass> facts_of(const CudaDriver& driver, CudaDeviceHandle device) {
  using A = CudaDeviceAttribute;
  std::array<char, 256> name{};
  size_t memory_bytes = 0;
  ATTUNE_CHECK(driver.check(driver.api().cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device),
                            "asking the GPU for its name"));
  ATTUNE_CHECK(driver.check(driver.api().cuDeviceTotalMem_v2(&memory_bytes, device), "asking the GPU for its memory"));
  ATTUNE_TRY(const int64_t major, attribute(driver, device, A::compute_capability_major));
  ATTUNE_TRY(const int64_t minor, attribute(driver, device, A::compute_capability_minor));
  DeviceClass result;
  result.kind = "cuda";
  result.name = name.data();
  result.arch = arch_of(static_cast<int>(major * 10 + minor));
  ATTUNE_TRY(result.compute_units, attribute(driver, device, A::multiprocessor_count));
  ATTUNE_TRY(result.l1_bytes, attribute(driver, device, A::max_shared_memory_per_multiprocessor));
  ATTUNE_TRY(result.l2_bytes, attribute(driver, device, A::l2_cache_size));
  ATTUNE_TRY(result.shared_bytes, attribute(driver, device, A::max_shared_memory_per_block_optin));
  result.memory_bytes = static_cast<int64_t>(memory_bytes);
  result.driver_major = driver.major();
  return result;
}

// Two events for one measurement; a context must be current.
class EventPair {
 public:
  explicit EventPair(CudaContext& context) : context_(context) {}
  ~EventPair() {
    for (CudaEventHandle event : {start, end}) {
      if (event != nullptr) context_.api().cuEventDestroy_v2(event);
    }
  }
  EventPair(const EventPair&) = delete;
  EventPair& operator=(const EventPair&) = delete;

  Result<void> create() {
    ATTUNE_CHECK(context_.check(context_.api().cuEventCreate(&start, 0), "creating an event"));
    return context_.check(context_.api().cuEventCreate(&end, 0), "creating an event");
  }

  CudaEventHandle start = nullptr, end = nullptr;

 private:
  CudaContext& context_;
};

// The driver's form of a launch; attributes only where they are asked for, since older GPUs know none.
struct LaunchForm {
  CudaLaunchConfig config{};
  std::array<CudaLaunchAttribute, 2> attributes{};

  LaunchForm(const Launch& launch, Stream stream) {
    const auto narrow = [](int64_t value) { return static_cast<unsigned>(value); };
    config.grid_x = narrow(launch.grid[0]), config.grid_y = narrow(launch.grid[1]), config.grid_z = narrow(launch.grid[2]);
    config.block_x = narrow(launch.block[0]), config.block_y = narrow(launch.block[1]);
    config.block_z = narrow(launch.block[2]);
    config.shared_bytes = narrow(launch.shared_bytes);
    config.stream = stream;
    config.attributes = attributes.data();
    if (launch.cluster[0] * launch.cluster[1] * launch.cluster[2] > 1) {
      CudaLaunchAttribute& cluster = attributes[config.attribute_count++];
      cluster.id = CudaLaunchAttributeId::cluster_dimension;
      cluster.value.cluster = {narrow(launch.cluster[0]), narrow(launch.cluster[1]), narrow(launch.cluster[2])};
    }
    if (launch.programmatic_dependent) {
      CudaLaunchAttribute& dependent = attributes[config.attribute_count++];
      dependent.id = CudaLaunchAttributeId::programmatic_stream_serialization;
      dependent.value.programmatic_stream_serialization_allowed = 1;
    }
  }
  LaunchForm(const LaunchForm&) = delete;
  LaunchForm& operator=(const LaunchForm&) = delete;
};

class CudaDevice final : public Device {
 public:
  CudaDevice(std::string name, std::shared_ptr<CudaContext> context, DeviceClass facts, NvrtcSearch nvrtc,
             std::unique_ptr<Nvml> nvml)
      : name_(std::move(name)),
        context_(std::move(context)),
        class_(std::move(facts)),
        compiler_(class_.arch, GpuOutput::cubin, std::move(nvrtc)),
        nvml_(std::move(nvml)) {}

  ~CudaDevice() override {
    if (flush_.data != nullptr) release(flush_);
  }

  std::string name() const override { return name_; }
  const DeviceClass& device_class() const override { return class_; }
  const Compiler& compiler() const override { return compiler_; }

  Result<KernelPtr> load(const Binary& binary) override {
    ATTUNE_TRY(auto kernel, CudaKernel::load(context_, binary, class_));
    return KernelPtr(std::move(kernel));
  }

  Result<void> reserve(std::span<const Launch> launches) override { return check_launches(launches, class_); }

  Result<void> launch(const LoadedKernel& kernel, std::span<const Launch> launches, const ArgumentBlock& arguments,
                      Stream stream, std::span<const MemoryRegion>) override {
    const auto* loaded = dynamic_cast<const CudaKernel*>(&kernel);
    if (loaded == nullptr || loaded->context() != context_.get()) {
      return Error(Status::invalid_argument, "The plan was made for another device: find it again on this context.");
    }
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    size_t bytes = arguments.used_bytes;
    std::array<void*, 5> extra = {cuda_launch_param_buffer_pointer, const_cast<std::byte*>(arguments.bytes.data()),
                                  cuda_launch_param_buffer_size, &bytes, cuda_launch_param_end};
    for (const Launch& one : launches) {
      if (one.grid[0] * one.grid[1] * one.grid[2] == 0) continue;
      const CudaFunctionHandle function = loaded->entry(one.entry);
      if (function == nullptr) {
        return Error(Status::internal,
                     fmt::format("The plan launches '{}', which its kernel lacks: report this bug.", one.entry));
      }
      const LaunchForm form(one, stream);
      const CudaResult result = context_->api().cuLaunchKernelEx(&form.config, function, nullptr, extra.data());
      if (result != cuda_result::success) return context_->check(result, fmt::format("launching '{}'", one.entry));
    }
    return {};
  }

  Result<void> synchronize(Stream stream) override {
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    return context_->check(context_->api().cuStreamSynchronize(stream), "waiting for the GPU");
  }

  // A stream whose capture went wrong still belongs to it; and the default stream may not be used at all while another is
  // being captured, which the driver tells as an error.
  bool is_capturing(Stream stream) const override {
    const CurrentContext current(*context_);
    if (!current.outcome().ok()) return false;
    int status = cuda_capture_none;
    const CudaResult result = context_->api().cuStreamIsCapturing(stream, &status);
    return result == cuda_result::stream_capture_implicit || (result == cuda_result::success && status != cuda_capture_none);
  }

  Result<DeviceMemory> allocate(int64_t size_bytes) override {
    if (size_bytes < 0) {
      return Error(Status::invalid_argument, fmt::format("size_bytes is {}: give a size of at least 0.", size_bytes));
    }
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    const RelaxedCapture relaxed(context_->api());
    CudaAddress address = 0;
    const auto bytes = static_cast<size_t>(std::max<int64_t>(size_bytes, 1));
    ATTUNE_CHECK(context_->check(context_->api().cuMemAlloc_v2(&address, bytes),
                                 fmt::format("allocating {} bytes on the GPU", size_bytes)));
    return DeviceMemory{reinterpret_cast<void*>(address), size_bytes};
  }

  void release(DeviceMemory memory) override {
    const CurrentContext current(*context_);
    if (memory.data == nullptr || !current.outcome().ok()) return;
    const RelaxedCapture relaxed(context_->api());
    context_->api().cuMemFree_v2(reinterpret_cast<CudaAddress>(memory.data));
  }

  Result<void> copy_in(DeviceMemory destination, const void* source, int64_t size_bytes) override {
    ATTUNE_CHECK(check_copy(destination, size_bytes));
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    if (size_bytes == 0) return {};
    return context_->check(context_->api().cuMemcpyHtoD_v2(reinterpret_cast<CudaAddress>(destination.data), source,
                                                           static_cast<size_t>(size_bytes)),
                           "copying to the GPU");
  }
  Result<void> copy_out(void* destination, DeviceMemory source, int64_t size_bytes) override {
    ATTUNE_CHECK(check_copy(source, size_bytes));
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    if (size_bytes == 0) return {};
    return context_->check(context_->api().cuMemcpyDtoH_v2(destination, reinterpret_cast<CudaAddress>(source.data),
                                                           static_cast<size_t>(size_bytes)),
                           "copying from the GPU");
  }

  Result<TensorMapImage> encode_tensor_map(const TensorMapRequest& request) const override {
    if (compute_capability_of(class_.arch) < 90) return no_tensor_maps(name_);
    ATTUNE_CHECK(check_tensor_map(request));
    if (context_->api().cuTensorMapEncodeTiled == nullptr) {
      return Error(Status::device_unavailable,
                   fmt::format("The driver of '{}' lacks cuTensorMapEncodeTiled, which kernels with tensor copies need: "
                               "update the NVIDIA driver.",
                               name_));
    }
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    constexpr int not_interleaved = 0;
    CudaTensorMap map;
    const CudaResult result = context_->api().cuTensorMapEncodeTiled(
        &map, static_cast<int>(request.type), static_cast<uint32_t>(request.rank), const_cast<void*>(request.data),
        request.dims.data(), request.strides_bytes.data(), request.box.data(), request.element_strides.data(),
        not_interleaved, static_cast<int>(request.swizzle), static_cast<int>(request.l2_promotion),
        static_cast<int>(request.fill));
    if (result == cuda_result::invalid_value) {
      return Error(Status::invalid_argument,
                   fmt::format("Tensor map: the driver refuses a rule that it does not name, for tensorRank {} at "
                               "globalAddress {}: check globalDim, globalStrides, boxDim and elementStrides against the "
                               "documentation of cuTensorMapEncodeTiled.",
                               request.rank, request.data));
    }
    ATTUNE_CHECK(context_->check(result, "encoding a tensor map"));
    return std::bit_cast<TensorMapImage>(map);
  }

  Result<double> time_ms(const std::function<Result<void>()>& work, Stream stream) override {
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    const DriverApi& api = context_->api();
    EventPair events(*context_);
    ATTUNE_CHECK(events.create());
    ATTUNE_CHECK(context_->check(api.cuEventRecord(events.start, stream), "recording an event"));
    ATTUNE_CHECK(work());
    ATTUNE_CHECK(context_->check(api.cuEventRecord(events.end, stream), "recording an event"));
    ATTUNE_CHECK(context_->check(api.cuEventSynchronize(events.end), "waiting for the GPU"));
    float elapsed_ms = 0;
    ATTUNE_CHECK(context_->check(api.cuEventElapsedTime(&elapsed_ms, events.start, events.end), "reading a time"));
    return double{elapsed_ms};
  }

  // Written over on the default stream, and not waited for: while the GPU is busy with it the host enqueues the launch that
  // is to be timed, whose events then enclose the kernel and not the latency of launching it.
  Result<void> flush_cache() override {
    constexpr int64_t at_least = int64_t{64} << 20;
    const std::scoped_lock lock(flush_mutex_);
    if (flush_.data == nullptr) {
      // Twice the cache: a working set that only just fits leaves part of the old one behind.
      ATTUNE_TRY(flush_, allocate(std::max(2 * class_.l2_bytes, at_least)));
    }
    const CurrentContext current(*context_);
    ATTUNE_CHECK(current.outcome());
    return context_->check(context_->api().cuMemsetD8Async(reinterpret_cast<CudaAddress>(flush_.data), flush_value_++,
                                                           static_cast<size_t>(flush_.size_bytes), nullptr),
                           "flushing the GPU's cache");
  }

  double clock_mhz() const override { return nvml_ ? nvml_->sm_clock_mhz() : 0; }

 private:
  static Result<void> check_copy(const DeviceMemory& memory, int64_t size_bytes) {
    if (size_bytes >= 0 && size_bytes <= memory.size_bytes) return {};
    return Error(Status::invalid_argument,
                 fmt::format("A copy of {} bytes does not fit device memory of {} bytes: allocate more.", size_bytes,
                             memory.size_bytes));
  }

  std::string name_;
  std::shared_ptr<CudaContext> context_;
  DeviceClass class_;
  GpuCompiler compiler_;
  std::unique_ptr<Nvml> nvml_;
  std::mutex flush_mutex_;
  DeviceMemory flush_;
  unsigned char flush_value_ = 0;
};

}  // namespace

Result<std::unique_ptr<Device>> open_cuda_device(const DeviceOptions& options) {
  ATTUNE_TRY(auto driver, CudaDriver::open(options.driver));
  const std::string_view number = std::string_view(options.name).substr(prefix.size());
  int ordinal = -1;
  const auto [end, parse_error] = std::from_chars(number.data(), number.data() + number.size(), ordinal);
  if (parse_error != std::errc() || ordinal >= driver->device_count()) {
    return Error(Status::device_unavailable,
                 fmt::format("There is no GPU {}: the driver sees {}, from cuda:0 to cuda:{}. Choose one of these, or check "
                             "CUDA_VISIBLE_DEVICES.",
                             number, driver->device_count(), driver->device_count() - 1));
  }
  CudaDeviceHandle device = 0;
  ATTUNE_CHECK(driver->check(driver->api().cuDeviceGet(&device, ordinal), "opening the GPU"));
  ATTUNE_TRY(DeviceClass facts, facts_of(*driver, device));
  ATTUNE_TRY(auto context, CudaContext::retain(driver, device));
  std::array<char, 64> bus{};
  std::unique_ptr<Nvml> nvml;
  if (driver->api().cuDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()) - 1, device) == cuda_result::success) {
    nvml = Nvml::open(nvml_library, bus.data());
  }
  // What a newer major compiles, this driver may refuse to load.
  NvrtcSearch nvrtc = find_nvrtc(options.nvrtc, options.places, std::min(driver->major(), Nvrtc::newest_major));
  return std::unique_ptr<Device>(std::make_unique<CudaDevice>(fmt::format("{}{}", prefix, ordinal), std::move(context),
                                                              std::move(facts), std::move(nvrtc), std::move(nvml)));
}

Result<CudaInventory> take_cuda_inventory(const DeviceOptions& options) {
  ATTUNE_TRY(const auto driver, CudaDriver::open(options.driver));
  CudaInventory inventory{driver->path(), driver->version_text(), {}};
  for (int ordinal = 0; ordinal < driver->device_count(); ++ordinal) {
    CudaDeviceHandle device = 0;
    ATTUNE_CHECK(driver->check(driver->api().cuDeviceGet(&device, ordinal), "opening the GPU"));
    ATTUNE_TRY(DeviceClass facts, facts_of(*driver, device));
    inventory.gpus.push_back(std::move(facts));
  }
  return inventory;
}

}  // namespace attune::runtime
