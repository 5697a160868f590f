// Opening, and what errors mean.
#include "runtime/cuda/driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runtime/shared_library.hpp"

namespace attune::runtime {
namespace {

namespace r = cuda_result;

constexpr const char* default_library = "libcuda.so.1";

constexpr std::array sticky = {r::ecc_uncorrectable,  r::nvlink_uncorrectable,  r::contained,
                               r::illegal_address,    r::launch_timeout,        r::context_is_destroyed,
                               r::device_assert,      r::hardware_stack_error,  r::illegal_instruction,
                               r::misaligned_address, r::invalid_address_space, r::invalid_pc,
                               r::launch_failed,      r::tensor_memory_leak};

constexpr std::array unloadable = {r::invalid_image,
                                   r::no_binary_for_gpu,
                                   r::invalid_ptx,
                                   r::jit_compiler_not_found,
                                   r::unsupported_ptx_version,
                                   r::jit_compilation_disabled,
                                   r::invalid_source,
                                   r::shared_object_symbol_not_found,
                                   r::not_found};

constexpr std::array unavailable = {
    r::not_initialized, r::stub_library,     r::device_unavailable,     r::no_device,
    r::invalid_device,  r::system_not_ready, r::system_driver_mismatch, r::compat_not_supported_on_device};

template <size_t n>
bool contains(const std::array<CudaResult, n>& list, CudaResult result) {
  return std::find(list.begin(), list.end(), result) != list.end();
}

template <class Function>
void bind(const SharedLibrary& library, const char* name, Function*& function, std::string& missing) {
  function = reinterpret_cast<Function*>(library.symbol(name));
  if (function == nullptr && missing.empty()) missing = name;
}

// The name of the first function that the library lacks, or "".
std::string bind_all(const SharedLibrary& library, DriverApi& api) {
  std::string missing;
  bind(library, "cuInit", api.cuInit, missing);
  bind(library, "cuDriverGetVersion", api.cuDriverGetVersion, missing);
  bind(library, "cuGetErrorName", api.cuGetErrorName, missing);
  bind(library, "cuGetErrorString", api.cuGetErrorString, missing);
  bind(library, "cuDeviceGetCount", api.cuDeviceGetCount, missing);
  bind(library, "cuDeviceGet", api.cuDeviceGet, missing);
  bind(library, "cuDeviceGetName", api.cuDeviceGetName, missing);
  bind(library, "cuDeviceGetAttribute", api.cuDeviceGetAttribute, missing);
  bind(library, "cuDeviceTotalMem_v2", api.cuDeviceTotalMem_v2, missing);
  bind(library, "cuDeviceGetPCIBusId", api.cuDeviceGetPCIBusId, missing);
  bind(library, "cuDevicePrimaryCtxRetain", api.cuDevicePrimaryCtxRetain, missing);
  bind(library, "cuDevicePrimaryCtxRelease_v2", api.cuDevicePrimaryCtxRelease_v2, missing);
  bind(library, "cuCtxGetCurrent", api.cuCtxGetCurrent, missing);
  bind(library, "cuCtxPushCurrent_v2", api.cuCtxPushCurrent_v2, missing);
  bind(library, "cuCtxPopCurrent_v2", api.cuCtxPopCurrent_v2, missing);
  bind(library, "cuLibraryLoadData", api.cuLibraryLoadData, missing);
  bind(library, "cuLibraryUnload", api.cuLibraryUnload, missing);
  bind(library, "cuLibraryGetKernel", api.cuLibraryGetKernel, missing);
  bind(library, "cuKernelGetFunction", api.cuKernelGetFunction, missing);
  bind(library, "cuFuncGetAttribute", api.cuFuncGetAttribute, missing);
  bind(library, "cuFuncSetAttribute", api.cuFuncSetAttribute, missing);
  bind(library, "cuLaunchKernelEx", api.cuLaunchKernelEx, missing);
  bind(library, "cuStreamSynchronize", api.cuStreamSynchronize, missing);
  bind(library, "cuStreamIsCapturing", api.cuStreamIsCapturing, missing);
  bind(library, "cuThreadExchangeStreamCaptureMode", api.cuThreadExchangeStreamCaptureMode, missing);
  bind(library, "cuEventCreate", api.cuEventCreate, missing);
  bind(library, "cuEventDestroy_v2", api.cuEventDestroy_v2, missing);
  bind(library, "cuEventRecord", api.cuEventRecord, missing);
  bind(library, "cuEventSynchronize", api.cuEventSynchronize, missing);
  bind(library, "cuEventElapsedTime", api.cuEventElapsedTime, missing);
  bind(library, "cuMemAlloc_v2", api.cuMemAlloc_v2, missing);
  bind(library, "cuMemFree_v2", api.cuMemFree_v2, missing);
  bind(library, "cuMemcpyHtoD_v2", api.cuMemcpyHtoD_v2, missing);
  bind(library, "cuMemcpyDtoH_v2", api.cuMemcpyDtoH_v2, missing);
  bind(library, "cuMemsetD8Async", api.cuMemsetD8Async, missing);
  // Kernels without tensor copies run without it, so nothing is refused before one is asked for.
  std::string may_be_missing;
  bind(library, "cuTensorMapEncodeTiled", api.cuTensorMapEncodeTiled, may_be_missing);
  return missing;
}

}  // namespace

bool is_sticky(CudaResult result) { return contains(sticky, result); }

Result<std::shared_ptr<const CudaDriver>> CudaDriver::open(const std::string& library_name) {
  const std::string name = library_name.empty() ? default_library : library_name;
  auto library = SharedLibrary::open(name);
  if (!library.ok()) {
    return Error(
        Status::device_unavailable,
        fmt::format("No NVIDIA driver was found ({} cannot be opened): install one of CUDA {}.0 or newer, or use the "
                    "device 'cpu' or 'emulated:sm_XX'.",
                    name, oldest_major),
        library.error().log());
  }
  std::shared_ptr<CudaDriver> driver(new CudaDriver);
  driver->path_ = library->path("cuInit");
  const std::string missing = bind_all(*library, driver->api_);
  // The version first: it can be asked before everything else, and explains a missing function.
  if (driver->api_.cuDriverGetVersion != nullptr &&
      driver->api_.cuDriverGetVersion(&driver->version_) != cuda_result::success) {
    driver->version_ = 0;
  }
  if (!missing.empty() || driver->major() < oldest_major) {
    return Error(Status::device_unavailable,
                 fmt::format("The NVIDIA driver at {} is too old: it serves CUDA {}{}, and {}.0 is the oldest that works. "
                             "Update it, or use the device 'cpu'.",
                             driver->path_, driver->version_text(),
                             missing.empty() ? "" : fmt::format(" and lacks {}", missing), oldest_major));
  }
  ATTUNE_CHECK(driver->check(driver->api_.cuInit(0), "starting the NVIDIA driver"));
  ATTUNE_CHECK(driver->check(driver->api_.cuDeviceGetCount(&driver->device_count_), "counting the GPUs"));
  if (driver->device_count_ == 0) return driver->error(cuda_result::no_device, "counting the GPUs");
  return std::shared_ptr<const CudaDriver>(std::move(driver));
}

std::string CudaDriver::version_text() const { return fmt::format("{}.{}", version_ / 1000, version_ % 1000 / 10); }

Result<void> CudaDriver::check(CudaResult result, std::string_view doing) const {
  if (result == cuda_result::success) return {};
  return error(result, doing);
}

Error CudaDriver::error(CudaResult result, std::string_view doing) const {
  const char* name = nullptr;
  const char* words = nullptr;
  if (api_.cuGetErrorName(result, &name) != r::success || name == nullptr) name = "unknown error";
  if (api_.cuGetErrorString(result, &words) != r::success || words == nullptr) words = "no description";
  const auto make = [&](Status status, std::string_view advice) {
    return Error(status, fmt::format("{} failed: {} ({}). {}", doing, words, name, advice),
                 fmt::format("{} {}", name, result));
  };
  if (result == r::out_of_memory) {
    return make(Status::out_of_memory, "Free memory of the GPU, or use a smaller problem.");
  }
  if (is_sticky(result)) {
    return make(Status::device_lost,
                "The GPU is lost to this process: start it again, and run the failing call under compute-sanitizer, or on "
                "the device 'emulated:sm_XX', which names the access.");
  }
  if (contains(unloadable, result)) {
    return make(Status::load_failed,
                fmt::format("The driver serves CUDA {}: compile again, update the driver, or name an NVRTC of CUDA {} with "
                            "ATTUNE_NVRTC.",
                            version_text(), major()));
  }
  if (contains(unavailable, result)) {
    return make(Status::device_unavailable,
                "Check the driver with nvidia-smi and CUDA_VISIBLE_DEVICES, or use the device 'cpu'.");
  }
  if (result == r::launch_out_of_resources) {
    return make(Status::resources_exceeded, "Choose a config that needs fewer registers or less shared memory.");
  }
  if (result == r::call_requires_newer_driver) return make(Status::device_unavailable, "Update the NVIDIA driver.");
  if (result >= r::stream_capture_first && result <= r::stream_capture_last) {
    return make(Status::not_ready_in_capture, "Prepare the problem before the capture begins.");
  }
  return make(Status::internal, "Report this bug, with the lines of `attune doctor`.");
}

}  // namespace attune::runtime
