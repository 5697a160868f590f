// What Attune uses of NVRTC, declared by hand: the functions have had these signatures since CUDA 11.2.
#pragma once

#include <cstddef>

namespace attune::runtime {

extern "C" {
using NvrtcProgram = struct attune_nvrtc_program*;
using NvrtcResult = int;
}

inline constexpr NvrtcResult nvrtc_success = 0;
inline constexpr NvrtcResult nvrtc_out_of_memory = 1;
inline constexpr NvrtcResult nvrtc_invalid_option = 5;
inline constexpr NvrtcResult nvrtc_compilation_failed = 6;
inline constexpr NvrtcResult nvrtc_builtin_operation_failed = 7;

struct NvrtcApi {
  const char* (*get_error_string)(NvrtcResult) = nullptr;
  NvrtcResult (*version)(int* major, int* minor) = nullptr;
  NvrtcResult (*get_num_supported_archs)(int* count) = nullptr;
  NvrtcResult (*get_supported_archs)(int* archs) = nullptr;
  NvrtcResult (*create_program)(NvrtcProgram* program, const char* source, const char* name, int header_count,
                                const char* const* headers, const char* const* include_names) = nullptr;
  NvrtcResult (*destroy_program)(NvrtcProgram* program) = nullptr;
  NvrtcResult (*compile_program)(NvrtcProgram program, int option_count, const char* const* options) = nullptr;
  NvrtcResult (*get_program_log_size)(NvrtcProgram program, size_t* bytes) = nullptr;
  NvrtcResult (*get_program_log)(NvrtcProgram program, char* log) = nullptr;
  NvrtcResult (*get_cubin_size)(NvrtcProgram program, size_t* bytes) = nullptr;
  NvrtcResult (*get_cubin)(NvrtcProgram program, char* cubin) = nullptr;
  NvrtcResult (*get_ptx_size)(NvrtcProgram program, size_t* bytes) = nullptr;
  NvrtcResult (*get_ptx)(NvrtcProgram program, char* ptx) = nullptr;
};

}  // namespace attune::runtime
