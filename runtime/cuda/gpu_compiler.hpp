// The compiler of GPU devices: NVRTC for CUDA C++ and, where this build has LLVM, its NVPTX for LLVM IR.
#pragma once

#include <string>

#include "runtime/compiler.hpp"
#include "runtime/cuda/nvrtc_search.hpp"

namespace attune::runtime {

// What CUDA C++ becomes: machine code of one arch, or PTX for the emulator. LLVM IR always becomes PTX.
enum class GpuOutput { cubin, ptx };

class GpuCompiler : public Compiler {
 public:
  GpuCompiler(std::string arch, GpuOutput output, NvrtcSearch nvrtc)
      : arch_(std::move(arch)), output_(output), nvrtc_(std::move(nvrtc)) {}

  std::string identity(SourceKind kind) const override;
  Result<void> can_compile(SourceKind kind) const override;
  Result<Binary> compile(const Source& source) const override;
  // Of PTX only the assembler of a cubin for the same arch can tell: CUDA C++ is compiled once more, to one.
  Result<Binary> resource_usage(const Source& source) const override;
  Result<std::string> optimised(const Source& source) const override;
  Result<std::string> assembly(const Source& source) const override;

  const NvrtcSearch& nvrtc() const { return nvrtc_; }

 private:
  Result<Binary> compile_cuda(const Source& source, GpuOutput output) const;

  std::string arch_;
  GpuOutput output_;
  NvrtcSearch nvrtc_;
};

}  // namespace attune::runtime
