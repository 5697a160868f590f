// A libcuda.so.1 without a GPU: every call is counted, device memory is host memory, kernels do nothing, and any function
// can be told to fail. Built as a library of its own, which the driver option names.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "runtime/cuda/driver_api.hpp"
#include "tests/fake_cuda/fake_cuda_state.hpp"

namespace {

using attune::test::FakeCuda;
namespace rt = attune::runtime;

FakeCuda state;

// "cuEventSynchronize=700": for processes that no test can reach into, such as a worker.
const bool fails_as_the_environment_says = [] {
  const char* plan = std::getenv("FAKE_CUDA_FAIL");
  const char* equals = plan == nullptr ? nullptr : std::strchr(plan, '=');
  if (equals != nullptr) state.results[std::string(plan, equals)] = std::atoi(equals + 1);
  return equals != nullptr;
}();

// Counts the call; what the test wants it to return.
int called(const char* function) {
  ++state.calls[function];
  const auto planned = state.results.find(function);
  return planned == state.results.end() ? 0 : planned->second;
}

char context_object, event_objects[64];
struct Function {
  std::string name;
};
struct Library {
  std::string code;
};
std::vector<std::unique_ptr<Library>> libraries;  // kept: a lost device never unloads its own

bool relaxed() { return state.capture_mode == rt::cuda_capture_mode_relaxed; }

}  // namespace

#define FAKE extern "C" __attribute__((visibility("default")))
#define ANSWER(function) \
  if (const int result = called(#function); result != 0) return result

FAKE FakeCuda& fake_cuda_state() { return state; }

FAKE int cuInit(unsigned) { return called("cuInit"); }
FAKE int cuDriverGetVersion(int* version) {
  *version = state.version;
  return called("cuDriverGetVersion");
}
FAKE int cuGetErrorName(int, const char** name) {
  *name = "CUDA_ERROR_FAKE";
  return 0;
}
FAKE int cuGetErrorString(int, const char** text) {
  *text = "as the test asked for";
  return 0;
}

FAKE int cuDeviceGetCount(int* count) {
  *count = state.device_count;
  return called("cuDeviceGetCount");
}
FAKE int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return called("cuDeviceGet");
}
FAKE int cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, state.name.c_str(), static_cast<size_t>(length));
  return called("cuDeviceGetName");
}
FAKE int cuDeviceGetAttribute(int* value, rt::CudaDeviceAttribute attribute, int) {
  switch (attribute) {
    case rt::CudaDeviceAttribute::multiprocessor_count: *value = 132; break;
    case rt::CudaDeviceAttribute::l2_cache_size: *value = 50 << 20; break;
    case rt::CudaDeviceAttribute::compute_capability_major: *value = state.compute_capability / 10; break;
    case rt::CudaDeviceAttribute::compute_capability_minor: *value = state.compute_capability % 10; break;
    case rt::CudaDeviceAttribute::max_shared_memory_per_multiprocessor: *value = 228 << 10; break;
    case rt::CudaDeviceAttribute::max_shared_memory_per_block_optin: *value = 227 << 10; break;
  }
  return called("cuDeviceGetAttribute");
}
FAKE int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = size_t{80} << 30;
  return called("cuDeviceTotalMem_v2");
}
FAKE int cuDeviceGetPCIBusId(char* id, int length, int) {
  std::strncpy(id, "0000:01:00.0", static_cast<size_t>(length));
  return called("cuDeviceGetPCIBusId");
}

FAKE int cuDevicePrimaryCtxRetain(void** context, int) {
  ANSWER(cuDevicePrimaryCtxRetain);
  ++state.contexts_retained;
  *context = &context_object;
  return 0;
}
FAKE int cuDevicePrimaryCtxRelease_v2(int) {
  ++state.contexts_released;
  return called("cuDevicePrimaryCtxRelease_v2");
}
FAKE int cuCtxGetCurrent(void** context) {
  *context = state.current_is_ours ? &context_object : nullptr;
  return called("cuCtxGetCurrent");
}
FAKE int cuCtxPushCurrent_v2(void*) {
  ANSWER(cuCtxPushCurrent_v2);
  ++state.context_depth;
  return 0;
}
FAKE int cuCtxPopCurrent_v2(void**) {
  --state.context_depth;
  return called("cuCtxPopCurrent_v2");
}

FAKE int cuLibraryLoadData(void** library, const void* code, rt::CudaJitOption* options, void** values, unsigned count, int*,
                           void**, unsigned) {
  if (relaxed()) ++state.relaxed_loads;
  if (const int result = called("cuLibraryLoadData"); result != 0) {
    for (unsigned n = 0; n < count; ++n) {
      if (options[n] == rt::CudaJitOption::error_log_buffer)
        std::strcpy(static_cast<char*>(values[n]), state.jit_log.c_str());
    }
    return result;
  }
  state.loaded.emplace_back(static_cast<const char*>(code));
  ++state.libraries_alive;
  libraries.push_back(std::make_unique<Library>(Library{state.loaded.back()}));
  *library = libraries.back().get();
  return 0;
}
FAKE int cuLibraryUnload(void*) {
  --state.libraries_alive;
  return called("cuLibraryUnload");
}
FAKE int cuLibraryGetKernel(void** kernel, void* library, const char* name) {
  ANSWER(cuLibraryGetKernel);
  if (static_cast<Library*>(library)->code.find(name) == std::string::npos) return rt::cuda_result::not_found;
  static std::map<std::string, Function> functions;  // handles stay good, as those of a loaded module do
  *kernel = &functions.try_emplace(name, Function{name}).first->second;
  return 0;
}
FAKE int cuKernelGetFunction(void** function, void* kernel) {
  *function = kernel;
  return called("cuKernelGetFunction");
}
FAKE int cuFuncGetAttribute(int* value, rt::CudaFunctionAttribute attribute, void*) {
  *value = attribute == rt::CudaFunctionAttribute::shared_size_bytes ? state.static_shared_bytes : 0;
  return called("cuFuncGetAttribute");
}
FAKE int cuFuncSetAttribute(void* function, rt::CudaFunctionAttribute attribute, int value) {
  ANSWER(cuFuncSetAttribute);
  const std::string key = static_cast<Function*>(function)->name + "/" + std::to_string(static_cast<int>(attribute));
  state.attributes_set[key] = value;
  return 0;
}

FAKE int cuLaunchKernelEx(const rt::CudaLaunchConfig* config, void* function, void** parameters, void** extra) {
  ANSWER(cuLaunchKernelEx);
  attune::test::FakeLaunch launch;
  launch.entry = static_cast<Function*>(function)->name;
  launch.grid = {config->grid_x, config->grid_y, config->grid_z};
  launch.block = {config->block_x, config->block_y, config->block_z};
  launch.shared_bytes = config->shared_bytes;
  launch.stream = config->stream;
  for (unsigned n = 0; n < config->attribute_count; ++n) {
    const rt::CudaLaunchAttribute& attribute = config->attributes[n];
    if (attribute.id == rt::CudaLaunchAttributeId::cluster_dimension) {
      launch.cluster = {attribute.value.cluster.x, attribute.value.cluster.y, attribute.value.cluster.z};
    } else if (attribute.id == rt::CudaLaunchAttributeId::programmatic_stream_serialization) {
      launch.programmatic_dependent = attribute.value.programmatic_stream_serialization_allowed != 0;
    } else {
      return rt::cuda_result::invalid_value;
    }
  }
  // CU_LAUNCH_PARAM_BUFFER_POINTER, _SIZE and _END, and nothing beside them.
  if (parameters != nullptr || extra[0] != reinterpret_cast<void*>(1) || extra[2] != reinterpret_cast<void*>(2) ||
      extra[4] != nullptr) {
    return rt::cuda_result::invalid_value;
  }
  launch.parameters.assign(static_cast<const char*>(extra[1]), *static_cast<size_t*>(extra[3]));
  state.launches.push_back(std::move(launch));
  return 0;
}

#ifndef FAKE_CUDA_WITHOUT_TENSOR_MAPS
// The image is the number of the call, so that a test can tell that it came through unchanged.
FAKE int cuTensorMapEncodeTiled(rt::CudaTensorMap* map, int data_type, uint32_t rank, void* address, const uint64_t* dims,
                                const uint64_t* strides_bytes, const uint32_t* box, const uint32_t* element_strides,
                                int interleave, int swizzle, int l2_promotion, int out_of_bounds_fill) {
  ANSWER(cuTensorMapEncodeTiled);
  if (reinterpret_cast<uintptr_t>(map) % 64 != 0 || rank > 5 || state.context_depth == 0) {
    return rt::cuda_result::invalid_value;
  }
  state.tensor_maps.push_back({data_type,
                               rank,
                               address,
                               {dims, dims + rank},
                               {strides_bytes, strides_bytes + rank - 1},
                               {box, box + rank},
                               {element_strides, element_strides + rank},
                               interleave,
                               swizzle,
                               l2_promotion,
                               out_of_bounds_fill});
  for (unsigned n = 0; n < 16; ++n) map->opaque[n] = 1000 * state.tensor_maps.size() + n;
  return 0;
}
#endif

FAKE int cuStreamSynchronize(void* stream) {
  state.touched_streams.push_back(stream);
  return called("cuStreamSynchronize");
}
FAKE int cuStreamIsCapturing(void* stream, int* status) {
  const auto found = state.capture_status.find(stream);
  *status = found == state.capture_status.end() ? 0 : found->second;
  return called("cuStreamIsCapturing");
}
FAKE int cuThreadExchangeStreamCaptureMode(int* mode) {
  std::swap(*mode, state.capture_mode);
  return called("cuThreadExchangeStreamCaptureMode");
}

FAKE int cuEventCreate(void** event, unsigned) {
  ANSWER(cuEventCreate);
  *event = &event_objects[state.events_alive++];
  return 0;
}
FAKE int cuEventDestroy_v2(void*) {
  --state.events_alive;
  return called("cuEventDestroy_v2");
}
FAKE int cuEventRecord(void*, void* stream) {
  state.touched_streams.push_back(stream);
  return called("cuEventRecord");
}
FAKE int cuEventSynchronize(void*) { return called("cuEventSynchronize"); }
FAKE int cuEventElapsedTime(float* milliseconds, void*, void*) {
  *milliseconds = 0.25F;
  return called("cuEventElapsedTime");
}

FAKE int cuMemAlloc_v2(unsigned long long* address, size_t bytes) {
  if (relaxed()) ++state.relaxed_loads;
  ANSWER(cuMemAlloc_v2);
  void* memory = std::malloc(bytes);
  if (memory == nullptr) return rt::cuda_result::out_of_memory;
  ++state.memory_alive;
  *address = reinterpret_cast<unsigned long long>(memory);
  return 0;
}
FAKE int cuMemFree_v2(unsigned long long address) {
  --state.memory_alive;
  std::free(reinterpret_cast<void*>(address));
  return called("cuMemFree_v2");
}
FAKE int cuMemcpyHtoD_v2(unsigned long long destination, const void* source, size_t bytes) {
  ANSWER(cuMemcpyHtoD_v2);
  std::memcpy(reinterpret_cast<void*>(destination), source, bytes);
  return 0;
}
FAKE int cuMemcpyDtoH_v2(void* destination, unsigned long long source, size_t bytes) {
  ANSWER(cuMemcpyDtoH_v2);
  std::memcpy(destination, reinterpret_cast<void*>(source), bytes);
  return 0;
}
FAKE int cuMemsetD8Async(unsigned long long address, unsigned char value, size_t bytes, void* stream) {
  ANSWER(cuMemsetD8Async);
  state.touched_streams.push_back(stream);
  std::memset(reinterpret_cast<void*>(address), value, bytes);
  return 0;
}
