// The device around the emulator: memory, launches, counters.
#include "runtime/emulated_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include "common/thread_pool.hpp"
#include "runtime/cuda/gpu_compiler.hpp"
#include "runtime/gpu_limits.hpp"
#include "runtime/gpu_parts.hpp"
#include "runtime/tensor_map_encoding.hpp"

namespace attune::runtime {
namespace {

constexpr std::string_view prefix = "emulated:";
constexpr size_t alignment_bytes = 256;  // as cuMemAlloc's
constexpr int max_threads = 1024;
constexpr ptrdiff_t max_kept_launches = 64;

struct EmulatedKernel : LoadedKernel {
  std::shared_ptr<const emulator::Program> program;
  std::map<std::string, int64_t, std::less<>> static_shared_bytes;  // by entry
};

std::array<uint32_t, 3> narrowed(const std::array<int64_t, 3>& wide) {
  return {static_cast<uint32_t>(wide[0]), static_cast<uint32_t>(wide[1]), static_cast<uint32_t>(wide[2])};
}

// See EmulatedDevice: deterministic, and of no other meaning.
double cost_ms(const emulator::Counters& counters, int64_t compute_units) {
  constexpr double fp16_flops_a_cycle = 1024, sector_bytes = 32, cycle_ms = 1e-6;
  const double tensor = static_cast<double>(counters.mma_flops_f16 + 2 * counters.mma_flops_tf32) / fp16_flops_a_cycle +
                        static_cast<double>(counters.mma_ops_int + counters.mma_flops_fp8) / (2 * fp16_flops_a_cycle) +
                        static_cast<double>(counters.mma_flops_fp4) / (4 * fp16_flops_a_cycle) +
                        static_cast<double>(counters.mma_flops_f64) / sector_bytes;
  const double global = static_cast<double>(counters.global_load_sectors + counters.global_store_sectors) +
                        static_cast<double>(counters.async_copy_bytes) / sector_bytes;
  const double cycles =
      static_cast<double>(counters.total_instructions()) + static_cast<double>(counters.shared_wavefronts) + tensor + global;
  const auto spread = static_cast<double>(std::clamp<int64_t>(counters.ctas, 1, compute_units));
  return cycles / spread * cycle_ms;
}

class Emulated final : public EmulatedDevice {
 public:
  Emulated(const GpuPart& part, int threads, NvrtcSearch nvrtc)
      : name_(fmt::format("{}{}", prefix, part.arch)),
        class_(emulated_device_class(part)),
        compiler_(std::string(part.arch), GpuOutput::ptx, std::move(nvrtc)),
        pool_(threads) {}

  ~Emulated() override {
    for (const auto& [data, size] : allocations_) std::free(data);
  }

  std::string name() const override { return name_; }
  const DeviceClass& device_class() const override { return class_; }
  const Compiler& compiler() const override { return compiler_; }

  Result<KernelPtr> load(const Binary& binary) override {
    ATTUNE_TRY(auto program, emulator::load(binary.bytes));
    auto kernel = std::make_shared<EmulatedKernel>();
    for (const emulator::KernelFacts& facts : emulator::kernels(*program)) {
      kernel->static_shared_bytes.emplace(facts.entry, facts.static_shared_bytes);
    }
    for (const std::string& entry : binary.entries) {
      if (kernel->static_shared_bytes.contains(entry)) continue;
      return Error(Status::load_failed, fmt::format("The PTX has no kernel '{}': compile it again.", entry));
    }
    kernel->program = std::move(program);
    return KernelPtr(std::move(kernel));
  }

  Result<void> reserve(std::span<const Launch> launches) override { return check_launches(launches, class_); }

  bool checks_memory() const override { return true; }

  Result<void> launch(const LoadedKernel& kernel, std::span<const Launch> launches, const ArgumentBlock& arguments, Stream,
                      std::span<const MemoryRegion> regions) override {
    const auto* emulated = dynamic_cast<const EmulatedKernel*>(&kernel);
    if (emulated == nullptr) {
      return Error(Status::invalid_argument, "The plan was made for another device: find it again on this context.");
    }
    ATTUNE_CHECK(check_launches(launches, class_));
    const std::vector<emulator::MemoryRegion> memory = visible_memory(regions);
    std::vector<LaunchCounters> ran;
    for (const Launch& one : launches) {
      if (one.grid[0] * one.grid[1] * one.grid[2] == 0) continue;
      const auto shared = emulated->static_shared_bytes.find(one.entry);
      if (shared == emulated->static_shared_bytes.end()) {
        return Error(Status::internal,
                     fmt::format("The plan launches '{}', which its kernel lacks: report this bug.", one.entry));
      }
      if (shared->second + one.shared_bytes > class_.shared_bytes) {
        return Error(Status::resources_exceeded,
                     fmt::format("'{}' needs {} bytes of static and {} of dynamic shared memory, and {} has {} for a CTA. "
                                 "Choose another config.",
                                 one.entry, shared->second, one.shared_bytes, class_.arch, class_.shared_bytes));
      }
      const emulator::LaunchShape shape{one.entry, narrowed(one.grid), narrowed(one.block), narrowed(one.cluster),
                                        one.shared_bytes};
      auto counters = emulator::run(*emulated->program, shape, std::span(arguments.bytes).first(arguments.used_bytes),
                                    memory, emulator::Options{}, &pool_);
      if (!counters.ok()) return counters.error().within(fmt::format("'{}' on {}", one.entry, name_));
      ran.push_back({one.entry, *std::move(counters)});
    }
    const std::scoped_lock lock(mutex_);
    for (const LaunchCounters& one : ran) elapsed_ms_ += cost_ms(one.counters, class_.compute_units);
    std::move(ran.begin(), ran.end(), std::back_inserter(ran_));
    if (std::ssize(ran_) > max_kept_launches) ran_.erase(ran_.begin(), ran_.end() - max_kept_launches);
    return {};
  }

  Result<void> synchronize(Stream) override { return {}; }
  bool is_capturing(Stream) const override { return false; }

  Result<DeviceMemory> allocate(int64_t size_bytes) override {
    if (size_bytes < 0) {
      return Error(Status::invalid_argument, fmt::format("size_bytes is {}: give a size of at least 0.", size_bytes));
    }
    const auto bytes = static_cast<size_t>(std::max<int64_t>(size_bytes, 1));
    void* data = bytes <= PTRDIFF_MAX - alignment_bytes
                     ? std::aligned_alloc(alignment_bytes, (bytes + alignment_bytes - 1) / alignment_bytes * alignment_bytes)
                     : nullptr;
    if (data == nullptr) {
      return Error(Status::out_of_memory,
                   fmt::format("No memory for {} bytes: free memory or use a smaller problem.", size_bytes));
    }
    const std::scoped_lock lock(mutex_);
    allocations_.emplace(static_cast<std::byte*>(data), size_bytes);
    return DeviceMemory{data, size_bytes};
  }

  void release(DeviceMemory memory) override {
    const std::scoped_lock lock(mutex_);
    if (allocations_.erase(static_cast<std::byte*>(memory.data)) > 0) std::free(memory.data);
  }

  Result<void> copy_in(DeviceMemory destination, const void* source, int64_t size_bytes) override {
    ATTUNE_CHECK(check_copy(destination, size_bytes));
    if (size_bytes > 0) std::memcpy(destination.data, source, static_cast<size_t>(size_bytes));
    return {};
  }
  Result<void> copy_out(void* destination, DeviceMemory source, int64_t size_bytes) override {
    ATTUNE_CHECK(check_copy(source, size_bytes));
    if (size_bytes > 0) std::memcpy(destination, source.data, static_cast<size_t>(size_bytes));
    return {};
  }

  Result<TensorMapImage> encode_tensor_map(const TensorMapRequest& request) const override {
    if (compute_capability_of(class_.arch) < 90) return no_tensor_maps(name_);
    return encode_in_software(request);
  }

  Result<double> time_ms(const std::function<Result<void>()>& work, Stream) override {
    const double before = elapsed_ms();
    ATTUNE_CHECK(work());
    return elapsed_ms() - before;
  }
  Result<void> flush_cache() override { return {}; }
  double clock_mhz() const override { return 0; }

  std::vector<LaunchCounters> take_launches() const override {
    const std::scoped_lock lock(mutex_);
    return std::exchange(ran_, {});
  }

 private:
  double elapsed_ms() const {
    const std::scoped_lock lock(mutex_);
    return elapsed_ms_;
  }

  // Regions of the call first: where a tensor lies in memory of allocate(), its own bounds and rights count.
  std::vector<emulator::MemoryRegion> visible_memory(std::span<const MemoryRegion> regions) const {
    std::vector<emulator::MemoryRegion> memory;
    for (const MemoryRegion& region : regions) {
      memory.push_back({region.data, region.size_bytes, region.name, region.writable});
    }
    const std::scoped_lock lock(mutex_);
    for (const auto& [data, size_bytes] : allocations_) {
      const bool named =
          std::any_of(regions.begin(), regions.end(), [&, first = data, size = size_bytes](const auto& region) {
            return region.data < first + size && first < region.data + region.size_bytes;
          });
      if (!named) memory.push_back({data, size_bytes, "memory of allocate()", true});
    }
    return memory;
  }

  static Result<void> check_copy(const DeviceMemory& memory, int64_t size_bytes) {
    if (size_bytes >= 0 && size_bytes <= memory.size_bytes) return {};
    return Error(Status::invalid_argument,
                 fmt::format("A copy of {} bytes does not fit device memory of {} bytes: allocate more.", size_bytes,
                             memory.size_bytes));
  }

  std::string name_;
  DeviceClass class_;
  GpuCompiler compiler_;
  ThreadPool pool_;
  mutable std::mutex mutex_;  // guards what follows; not held while kernels run
  std::map<std::byte*, int64_t> allocations_;
  mutable std::vector<LaunchCounters> ran_;
  double elapsed_ms_ = 0;
};

}  // namespace

const EmulatedDevice* as_emulated(const Device& device) { return dynamic_cast<const EmulatedDevice*>(&device); }

Result<std::unique_ptr<Device>> open_emulated_device(const DeviceOptions& options) {
  if (options.threads < 0 || options.threads > max_threads) {
    return Error(Status::invalid_argument,
                 fmt::format("threads is {}: use 0 (one per core) or 1 to {}.", options.threads, max_threads));
  }
  ATTUNE_TRY(const GpuPart* part, find_gpu_part(std::string_view(options.name).substr(prefix.size())));
  return std::unique_ptr<Device>(
      std::make_unique<Emulated>(*part, options.threads, find_nvrtc(options.nvrtc, options.places)));
}

}  // namespace attune::runtime
