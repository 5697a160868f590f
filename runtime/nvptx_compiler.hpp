// LLVM IR for NVPTX to PTX: how kernels are made on machines with a driver but without NVRTC. No LLVM type crosses this
// header. Private to runtime/.
#pragma once

#include <string>
#include <string_view>

#include "runtime/compiler.hpp"

namespace attune::runtime {

// The processor and PTX version that LLVM is asked for, for kernels of `arch`. PTX is upwards compatible: code for an older
// processor runs on every newer one, and LLVM 19 ends with sm_90. The 'a' variants are not asked for, as their PTX runs on
// one generation alone. The PTX version is the first that knows the processor, so that old drivers take it.
struct NvptxTarget {
  std::string cpu;       // "sm_80"
  std::string features;  // "+ptx70"
};
// unsupported below sm_70.
Result<NvptxTarget> nvptx_target(std::string_view arch);

std::string nvptx_identity(std::string_view arch);
// Binary::bytes is PTX text. compile_failed when LLVM refuses the source or it does not define an entry as a kernel.
Result<Binary> compile_nvptx(const Source& source, std::string_view arch);
Result<std::string> optimised_nvptx(const Source& source, std::string_view arch);

}  // namespace attune::runtime
