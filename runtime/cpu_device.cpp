// Launches are synchronous: when launch() returns, the results are there. `stream` means nothing here.
#include "runtime/cpu_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "common/thread_pool.hpp"
#include "runtime/host_cpu.hpp"
#include "runtime/llvm_compiler.hpp"
#include "runtime/object_linker.hpp"

namespace attune::runtime {
namespace {

constexpr size_t alignment_bytes = 64;
constexpr int max_threads = 1024;

struct FreeAligned {
  void operator()(std::byte* data) const { std::free(data); }
};
using AlignedBytes = std::unique_ptr<std::byte[], FreeAligned>;

AlignedBytes allocate_aligned(int64_t bytes) {
  const size_t rounded =
      (static_cast<size_t>(std::max<int64_t>(bytes, 1)) + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
  return AlignedBytes(static_cast<std::byte*>(std::aligned_alloc(alignment_bytes, rounded)));
}

// One block a worker. Immutable once published: a launch keeps the set it started with while reserve() publishes a larger
// one.
struct ScratchSet {
  int64_t bytes = 0;
  std::vector<AlignedBytes> blocks;
};

class CpuDevice final : public Device {
 public:
  CpuDevice(std::string arch, int threads, std::unique_ptr<ObjectLinker> linker)
      : pool_(threads), class_(host_device_class(std::move(arch), pool_.size())), linker_(std::move(linker)) {}

  std::string name() const override { return "cpu"; }
  const DeviceClass& device_class() const override { return class_; }
  const Compiler& compiler() const override { return compiler_; }

  Result<KernelPtr> load(const Binary& binary) override {
    ATTUNE_TRY(auto kernel, linker_->link(binary));
    return KernelPtr(std::move(kernel));
  }

  Result<void> reserve(std::span<const Launch> launches) override {
    int64_t bytes = 0;
    for (const Launch& launch : launches) bytes = std::max(bytes, launch.scratch_bytes);
    const std::scoped_lock growing(grow_mutex_);
    if (const auto current = scratch(); bytes == 0 || (current && current->bytes >= bytes)) return {};
    auto grown = std::make_shared<ScratchSet>();
    grown->bytes = bytes;
    for (int worker = 0; worker < pool_.size(); ++worker) {
      AlignedBytes block = allocate_aligned(bytes);
      if (!block) {
        return Error(Status::out_of_memory,
                     fmt::format("No memory for the scratch of {} workers, {} bytes each. Lower ATTUNE_THREADS or free "
                                 "memory.",
                                 pool_.size(), bytes));
      }
      grown->blocks.push_back(std::move(block));
    }
    const std::scoped_lock lock(scratch_mutex_);
    scratch_ = std::move(grown);
    return {};
  }

  Result<void> launch(const LoadedKernel& kernel, std::span<const Launch> launches, const ArgumentBlock& arguments, Stream,
                      std::span<const MemoryRegion>) override {
    const auto* cpu_kernel = dynamic_cast<const CpuKernel*>(&kernel);
    if (cpu_kernel == nullptr) {
      return Error(Status::invalid_argument, "The plan was made for another device: find it again on this context.");
    }
    const std::shared_ptr<const ScratchSet> set = scratch();
    for (const Launch& launch : launches) {
      const CpuEntry entry = cpu_kernel->entry(launch.entry);
      if (entry == nullptr) {
        return Error(Status::internal,
                     fmt::format("The plan launches '{}', which its kernel lacks: report this bug.", launch.entry));
      }
      if (launch.scratch_bytes > 0 && (!set || set->bytes < launch.scratch_bytes)) {
        return Error(Status::internal, "The plan was launched without Device::reserve(): report this bug.");
      }
      const int64_t items = launch.grid[0] * launch.grid[1] * launch.grid[2];
      auto body = [&](int64_t begin, int64_t end, int worker) {
        entry(arguments.bytes.data(), begin, end, set ? set->blocks[static_cast<size_t>(worker)].get() : nullptr);
      };
      if (items > 0) pool_.parallel_for(items, std::max<int64_t>(launch.grain, 1), body);
    }
    return {};
  }

  Result<void> synchronize(Stream) override { return {}; }
  bool is_capturing(Stream) const override { return false; }

  Result<DeviceMemory> allocate(int64_t size_bytes) override {
    if (size_bytes < 0) {
      return Error(Status::invalid_argument, fmt::format("size_bytes is {}: give a size of at least 0.", size_bytes));
    }
    AlignedBytes block = size_bytes <= PTRDIFF_MAX - int64_t{alignment_bytes} ? allocate_aligned(size_bytes) : nullptr;
    if (!block) {
      return Error(Status::out_of_memory,
                   fmt::format("No memory for {} bytes: free memory or use a smaller problem.", size_bytes));
    }
    return DeviceMemory{block.release(), size_bytes};
  }
  void release(DeviceMemory memory) override { std::free(memory.data); }
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

  Result<double> time_ms(const std::function<Result<void>()>& work, Stream) override {
    const auto start = std::chrono::steady_clock::now();
    ATTUNE_CHECK(work());
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }

  Result<void> flush_cache() override {
    // Twice the last level, read and written by every worker: replacement policies keep part of a working set that only
    // just fits. 64 MiB where the size is not known.
    constexpr int64_t at_least = int64_t{64} << 20;
    const int64_t bytes = std::max(2 * class_.l3_bytes, at_least);
    const std::scoped_lock lock(flush_mutex_);
    if (!flush_buffer_) {
      flush_buffer_ = allocate_aligned(bytes);
      if (!flush_buffer_) {
        return Error(Status::out_of_memory,
                     fmt::format("No memory for the {} bytes that flush the caches: measure hot.", bytes));
      }
      std::memset(flush_buffer_.get(), 1, static_cast<size_t>(bytes));
    }
    auto body = [&](int64_t begin, int64_t end, int) {
      for (int64_t line = begin; line < end; ++line) {
        std::byte& first = flush_buffer_[static_cast<size_t>(line) * alignment_bytes];
        *const_cast<volatile std::byte*>(&first) = static_cast<std::byte>(std::to_integer<unsigned>(first) + 1);
      }
    };
    pool_.parallel_for(bytes / static_cast<int64_t>(alignment_bytes), 4096, body);
    return {};
  }

  double clock_mhz() const override { return host_clock_mhz(); }

 private:
  std::shared_ptr<const ScratchSet> scratch() const {
    const std::scoped_lock lock(scratch_mutex_);
    return scratch_;
  }

  static Result<void> check_copy(const DeviceMemory& memory, int64_t size_bytes) {
    if (size_bytes >= 0 && size_bytes <= memory.size_bytes) return {};
    return Error(Status::invalid_argument,
                 fmt::format("A copy of {} bytes does not fit device memory of {} bytes: allocate more.", size_bytes,
                             memory.size_bytes));
  }

  ThreadPool pool_;
  DeviceClass class_;
  LlvmCompiler compiler_;
  std::unique_ptr<ObjectLinker> linker_;
  mutable std::mutex scratch_mutex_;  // held to copy one pointer
  std::mutex grow_mutex_;
  std::shared_ptr<const ScratchSet> scratch_;
  std::mutex flush_mutex_;
  AlignedBytes flush_buffer_;
};

}  // namespace

Result<std::unique_ptr<Device>> open_cpu_device(const DeviceOptions& options) {
  if (options.threads < 0 || options.threads > max_threads) {
    return Error(Status::invalid_argument,
                 fmt::format("threads is {}: use 0 (one per core) or 1 to {}.", options.threads, max_threads));
  }
  ATTUNE_TRY(std::string arch, select_arch(options.cpu_isa, host_features()));
  ATTUNE_TRY(auto linker, ObjectLinker::create());
  return std::unique_ptr<Device>(std::make_unique<CpuDevice>(std::move(arch), options.threads, std::move(linker)));
}

}  // namespace attune::runtime
