// A device runs loaded kernels. Everything above (planner, tuner, CLI) knows only this.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "generator/family.hpp"
#include "runtime/compiler.hpp"
#include "runtime/tensor_map.hpp"

namespace attune::runtime {

// A caller's stream: CUstream for cuda, unused for cpu. Never created or synchronised by an execute.
using Stream = void*;

// A loaded binary: its entries are resolved and callable for as long as this lives.
class LoadedKernel {
 public:
  virtual ~LoadedKernel() = default;
};
using KernelPtr = std::shared_ptr<const LoadedKernel>;

// Memory that one call may touch, for devices that check every access. `data` is what the kernel is given as an address.
struct MemoryRegion {
  std::byte* data = nullptr;
  int64_t size_bytes = 0;
  std::string name;  // "q", "workspace": for messages
  bool writable = false;
};

struct DeviceMemory {
  void* data = nullptr;
  int64_t size_bytes = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string name() const = 0;  // "cpu", "cuda:0", "emulated:sm_90a"
  virtual const DeviceClass& device_class() const = 0;
  virtual const Compiler& compiler() const = 0;

  virtual Result<KernelPtr> load(const Binary& binary) = 0;
  // Grows what launches like these need (CPU: per-worker scratch), so that launch() never allocates. Plan creation calls it.
  virtual Result<void> reserve(std::span<const Launch> launches) = 0;
  // Whether launch() wants to know the extents of the memory it may touch.
  virtual bool checks_memory() const { return false; }
  // Runs the launches in order on `stream`. No allocation, no lock held while kernels run. `regions` is read only where
  // checks_memory(): then an access outside of them and of this device's allocate() is an error.
  virtual Result<void> launch(const LoadedKernel& kernel, std::span<const Launch> launches, const ArgumentBlock& arguments,
                              Stream stream, std::span<const MemoryRegion> regions = {}) = 0;
  virtual Result<void> synchronize(Stream stream) = 0;
  virtual bool is_capturing(Stream stream) const = 0;

  // Memory the device can read, for tools (the tuner, `attune run`); never used by an execute.
  virtual Result<DeviceMemory> allocate(int64_t size_bytes) = 0;
  virtual void release(DeviceMemory memory) = 0;
  virtual Result<void> copy_in(DeviceMemory destination, const void* source, int64_t size_bytes) = 0;
  virtual Result<void> copy_out(void* destination, DeviceMemory source, int64_t size_bytes) = 0;

  // For kernels that copy by tensor map. invalid_argument names the argument; unsupported on devices without such copies.
  virtual Result<TensorMapImage> encode_tensor_map(const TensorMapRequest& request) const;

  // Milliseconds of one call of `work` on this device, by its best clock (events on cuda, steady clock on cpu).
  virtual Result<double> time_ms(const std::function<Result<void>()>& work, Stream stream) = 0;
  // Makes the next launch start from a cold cache (evicts or overwrites the last-level cache).
  virtual Result<void> flush_cache() = 0;
  // Current clock in MHz, 0 where it cannot be read.
  virtual double clock_mhz() const = 0;
};

// Where the CUDA libraries may lie beside the system's own places. The library itself does not read the environment:
// options_from_environment() fills this from the variables named here. Empty: not looked at.
struct LibraryPlaces {
  std::string virtual_env;   // VIRTUAL_ENV: a Python environment with NVIDIA's wheels
  std::string conda_prefix;  // CONDA_PREFIX
  std::string cuda_home;     // CUDA_HOME, else CUDA_PATH: a toolkit
  std::string path;          // PATH: where a python3 is, its packages are not far
  std::string home;          // HOME: packages of `pip install --user`
};

struct DeviceOptions {
  std::string name = "cpu";  // "cpu", "cuda:N", "emulated:sm_XX"
  int threads = 0;           // cpu and emulated: worker threads, 0: one per core
  std::string cpu_isa;  // cpu: "" = the host's best, or "avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable"
  std::string nvrtc = {};     // cuda and emulated: NVRTC's library, a folder that holds it, "none"; "": searched for
  std::string driver = {};    // cuda: the driver's library; "": libcuda.so.1
  LibraryPlaces places = {};  // cuda and emulated
};
// device_unavailable with a next step when this build or machine cannot provide it.
Result<std::unique_ptr<Device>> open_device(const DeviceOptions& options);

}  // namespace attune::runtime
