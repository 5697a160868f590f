// What Attune uses of the CUDA driver, declared by hand from its documented ABI: no CUDA header is needed to build, and no
// NVIDIA file to start. Names follow the driver's; a "_v2" is the version of a function that CUDA 12 and 13 share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::runtime {

using CudaResult = int;
using CudaDeviceHandle = int;
using CudaContextHandle = struct attune_cuda_context*;
using CudaLibraryHandle = struct attune_cuda_library*;
using CudaKernelHandle = struct attune_cuda_kernel*;
using CudaFunctionHandle = struct attune_cuda_function*;
using CudaStreamHandle = void*;
using CudaEventHandle = struct attune_cuda_event*;
using CudaAddress = unsigned long long;

namespace cuda_result {
inline constexpr CudaResult success = 0, invalid_value = 1, out_of_memory = 2, not_initialized = 3, stub_library = 34,
                            call_requires_newer_driver = 36, device_unavailable = 46, no_device = 100, invalid_device = 101,
                            invalid_image = 200, no_binary_for_gpu = 209, ecc_uncorrectable = 214, invalid_ptx = 218,
                            nvlink_uncorrectable = 220, jit_compiler_not_found = 221, unsupported_ptx_version = 222,
                            jit_compilation_disabled = 223, contained = 226, invalid_source = 300,
                            shared_object_symbol_not_found = 302, not_found = 500, illegal_address = 700,
                            launch_out_of_resources = 701, launch_timeout = 702, context_is_destroyed = 709,
                            device_assert = 710, hardware_stack_error = 714, illegal_instruction = 715,
                            misaligned_address = 716, invalid_address_space = 717, invalid_pc = 718, launch_failed = 719,
                            tensor_memory_leak = 721, system_not_ready = 802, system_driver_mismatch = 803,
                            compat_not_supported_on_device = 804, stream_capture_first = 900, stream_capture_implicit = 906,
                            stream_capture_last = 908;
}  // namespace cuda_result

enum class CudaDeviceAttribute : int {
  multiprocessor_count = 16,
  l2_cache_size = 38,
  compute_capability_major = 75,
  compute_capability_minor = 76,
  max_shared_memory_per_multiprocessor = 81,
  max_shared_memory_per_block_optin = 97,
};

enum class CudaFunctionAttribute : int {
  shared_size_bytes = 1,
  local_size_bytes = 3,
  num_regs = 4,
  max_dynamic_shared_size_bytes = 8,
  non_portable_cluster_size_allowed = 14,
};

enum class CudaJitOption : int { error_log_buffer = 5, error_log_buffer_size_bytes = 6 };

inline constexpr int cuda_capture_none = 0;
inline constexpr int cuda_capture_mode_relaxed = 2;

enum class CudaLaunchAttributeId : int { cluster_dimension = 4, programmatic_stream_serialization = 6 };

struct CudaLaunchAttribute {
  CudaLaunchAttributeId id;
  char padding[4];
  union {
    char bytes[64];
    struct {
      unsigned x, y, z;
    } cluster;
    int programmatic_stream_serialization_allowed;
  } value;
};
static_assert(sizeof(CudaLaunchAttribute) == 72 && offsetof(CudaLaunchAttribute, value) == 8);

struct CudaLaunchConfig {
  unsigned grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
  CudaStreamHandle stream;
  CudaLaunchAttribute* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(CudaLaunchConfig) == 56 && offsetof(CudaLaunchConfig, stream) == 32);

// CUtensorMap: opaque, made by the driver on the host and read by the GPU's copy unit.
struct alignas(64) CudaTensorMap {
  unsigned long long opaque[16];
};
static_assert(sizeof(CudaTensorMap) == 128);

// The `extra` argument of a launch: the parameters as one buffer.
inline void* const cuda_launch_param_end = nullptr;
inline void* const cuda_launch_param_buffer_pointer = reinterpret_cast<void*>(1);
inline void* const cuda_launch_param_buffer_size = reinterpret_cast<void*>(2);

struct DriverApi {
  CudaResult (*cuInit)(unsigned flags) = nullptr;
  CudaResult (*cuDriverGetVersion)(int* version) = nullptr;
  CudaResult (*cuGetErrorName)(CudaResult result, const char** name) = nullptr;
  CudaResult (*cuGetErrorString)(CudaResult result, const char** text) = nullptr;

  CudaResult (*cuDeviceGetCount)(int* count) = nullptr;
  CudaResult (*cuDeviceGet)(CudaDeviceHandle* device, int ordinal) = nullptr;
  CudaResult (*cuDeviceGetName)(char* name, int length, CudaDeviceHandle device) = nullptr;
  CudaResult (*cuDeviceGetAttribute)(int* value, CudaDeviceAttribute attribute, CudaDeviceHandle device) = nullptr;
  CudaResult (*cuDeviceTotalMem_v2)(size_t* bytes, CudaDeviceHandle device) = nullptr;
  CudaResult (*cuDeviceGetPCIBusId)(char* id, int length, CudaDeviceHandle device) = nullptr;
  CudaResult (*cuDevicePrimaryCtxRetain)(CudaContextHandle* context, CudaDeviceHandle device) = nullptr;
  CudaResult (*cuDevicePrimaryCtxRelease_v2)(CudaDeviceHandle device) = nullptr;
  CudaResult (*cuCtxGetCurrent)(CudaContextHandle* context) = nullptr;
  CudaResult (*cuCtxPushCurrent_v2)(CudaContextHandle context) = nullptr;
  CudaResult (*cuCtxPopCurrent_v2)(CudaContextHandle* context) = nullptr;

  CudaResult (*cuLibraryLoadData)(CudaLibraryHandle* library, const void* code, CudaJitOption* jit_options,
                                  void** jit_values, unsigned jit_count, int* library_options, void** library_values,
                                  unsigned library_count) = nullptr;
  CudaResult (*cuLibraryUnload)(CudaLibraryHandle library) = nullptr;
  CudaResult (*cuLibraryGetKernel)(CudaKernelHandle* kernel, CudaLibraryHandle library, const char* name) = nullptr;
  CudaResult (*cuKernelGetFunction)(CudaFunctionHandle* function, CudaKernelHandle kernel) = nullptr;
  CudaResult (*cuFuncGetAttribute)(int* value, CudaFunctionAttribute attribute, CudaFunctionHandle function) = nullptr;
  CudaResult (*cuFuncSetAttribute)(CudaFunctionHandle function, CudaFunctionAttribute attribute, int value) = nullptr;
  CudaResult (*cuLaunchKernelEx)(const CudaLaunchConfig* config, CudaFunctionHandle function, void** parameters,
                                 void** extra) = nullptr;
  // Null in drivers that do not know GPUs with tensor copies; the enumerations of the header are ints.
  CudaResult (*cuTensorMapEncodeTiled)(CudaTensorMap* map, int data_type, uint32_t rank, void* global_address,
                                       const uint64_t* global_dims, const uint64_t* global_strides_bytes,
                                       const uint32_t* box, const uint32_t* element_strides, int interleave, int swizzle,
                                       int l2_promotion, int out_of_bounds_fill) = nullptr;

  CudaResult (*cuStreamSynchronize)(CudaStreamHandle stream) = nullptr;
  CudaResult (*cuStreamIsCapturing)(CudaStreamHandle stream, int* status) = nullptr;
  CudaResult (*cuThreadExchangeStreamCaptureMode)(int* mode) = nullptr;
  CudaResult (*cuEventCreate)(CudaEventHandle* event, unsigned flags) = nullptr;
  CudaResult (*cuEventDestroy_v2)(CudaEventHandle event) = nullptr;
  CudaResult (*cuEventRecord)(CudaEventHandle event, CudaStreamHandle stream) = nullptr;
  CudaResult (*cuEventSynchronize)(CudaEventHandle event) = nullptr;
  CudaResult (*cuEventElapsedTime)(float* milliseconds, CudaEventHandle start, CudaEventHandle end) = nullptr;

  CudaResult (*cuMemAlloc_v2)(CudaAddress* address, size_t bytes) = nullptr;
  CudaResult (*cuMemFree_v2)(CudaAddress address) = nullptr;
  CudaResult (*cuMemcpyHtoD_v2)(CudaAddress destination, const void* source, size_t bytes) = nullptr;
  CudaResult (*cuMemcpyDtoH_v2)(void* destination, CudaAddress source, size_t bytes) = nullptr;
  CudaResult (*cuMemsetD8Async)(CudaAddress address, unsigned char value, size_t bytes, CudaStreamHandle stream) = nullptr;
};

}  // namespace attune::runtime
