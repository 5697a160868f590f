// Options are few: what a kernel needs stands in its source.
#include "runtime/cuda/gpu_compiler.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <vector>

#include "runtime/cuda/ptxas_log.hpp"
#ifdef ATTUNE_LLVM
#include "runtime/nvptx_compiler.hpp"
#endif

namespace attune::runtime {
namespace {

// No fast-math: kernels call the approximate functions that they want by name.
std::vector<std::string> nvrtc_options(const Nvrtc& nvrtc, std::string_view arch, GpuOutput output) {
  std::vector<std::string> options;
  const bool cubin = output == GpuOutput::cubin;
  options.push_back(fmt::format("--gpu-architecture={}_{}", cubin ? "sm" : "compute", arch.substr(arch.find('_') + 1)));
  options.emplace_back("--std=c++20");
  options.emplace_back("--device-as-default-execution-space");
  // The resource usage goes to the log.
  if (cubin) options.emplace_back("--ptxas-options=-v");
  // NVRTC keeps a cache of its own since 12.9; ours is checked, and counts against a limit that the user set.
  if (nvrtc.major() > 12 || nvrtc.minor() >= 9) options.emplace_back("--no-cache");
  return options;
}

// A kernel's code has a section of its own in a cubin, and a directive of its own in PTX.
bool defines(const std::string& bytes, const std::string& entry, GpuOutput output) {
  if (output == GpuOutput::ptx) return bytes.find(fmt::format(".entry {}(", entry)) != std::string::npos;
  return bytes.find(".text." + entry + '\0') != std::string::npos;
}

}  // namespace

std::string GpuCompiler::identity(SourceKind kind) const {
  if (kind == SourceKind::llvm_ir) {
#ifdef ATTUNE_LLVM
    return nvptx_identity(arch_);
#else
    return "none for LLVM IR";
#endif
  }
  if (!nvrtc_.library) return "none for CUDA C++";
  return fmt::format("nvrtc {} {}; {}", nvrtc_.library->version(), nvrtc_.library->build_id(),
                     fmt::join(nvrtc_options(*nvrtc_.library, arch_, output_), " "));
}

Result<void> GpuCompiler::can_compile(SourceKind kind) const {
  if (kind == SourceKind::llvm_ir) {
#ifdef ATTUNE_LLVM
    ATTUNE_TRY([[maybe_unused]] const NvptxTarget target, nvptx_target(arch_));
    return {};
#else
    return Error(Status::no_compiler,
                 "This build of Attune has no LLVM, which LLVM IR needs. Use a build with ATTUNE_LLVM=ON, or install NVRTC "
                 "for the families that are written in CUDA C++.");
#endif
  }
  if (!nvrtc_.library) return nvrtc_.missing();
  if (nvrtc_.library->supports(arch_)) return {};
  return Error(Status::compiler_too_old,
               fmt::format("NVRTC {} at {} does not know {} (it knows {}): install a newer one, or name it with "
                           "ATTUNE_NVRTC.",
                           nvrtc_.library->version(), nvrtc_.library->path(), arch_, nvrtc_.library->archs_text()));
}

Result<Binary> GpuCompiler::compile_cuda(const Source& source, GpuOutput output) const {
  const auto start = std::chrono::steady_clock::now();
  ATTUNE_CHECK(can_compile(SourceKind::cuda_cpp));
  const std::string& arch = source.target_cpu.empty() ? arch_ : source.target_cpu;
  const std::vector<std::string> options = nvrtc_options(*nvrtc_.library, arch, output);
  ATTUNE_TRY(Nvrtc::Output made, nvrtc_.library->compile(source.text, "kernel.cu", options, output == GpuOutput::cubin));
  for (const std::string& entry : source.entries) {
    if (defines(made.bytes, entry, output)) continue;
    return Error(
        Status::compile_failed,
        fmt::format("The emitted CUDA C++ does not define the entry '{}' of Source::entries: report this bug.", entry),
        std::move(made.log));
  }
  PtxasFacts facts = parse_ptxas_log(made.log);
  Binary binary;
  binary.bytes = std::move(made.bytes);
  binary.entries = source.entries;
  binary.registers = facts.registers;
  binary.spill_bytes = facts.spill_bytes;
  binary.stack_bytes = facts.stack_bytes;
  binary.shared_bytes = facts.shared_bytes;
  binary.warnings = std::move(facts.warnings);
  binary.log = std::move(made.log);
  binary.compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return binary;
}

Result<Binary> GpuCompiler::compile(const Source& source) const {
  if (source.kind == SourceKind::cuda_cpp) return compile_cuda(source, output_);
  ATTUNE_CHECK(can_compile(source.kind));
#ifdef ATTUNE_LLVM
  return compile_nvptx(source, arch_);
#else
  return Error(Status::internal, "LLVM IR reached a build without LLVM: report this bug.");
#endif
}

Result<Binary> GpuCompiler::resource_usage(const Source& source) const {
  if (source.kind == SourceKind::cuda_cpp) return compile_cuda(source, GpuOutput::cubin);
  return Error(Status::unsupported,
               "Registers and spills of LLVM's PTX are decided by the driver that loads it: ask on a cuda device.");
}

Result<std::string> GpuCompiler::optimised(const Source& source) const {
  if (source.kind == SourceKind::cuda_cpp) {
    ATTUNE_TRY(Binary binary, compile_cuda(source, GpuOutput::ptx));
    return std::move(binary.bytes);
  }
  ATTUNE_CHECK(can_compile(source.kind));
#ifdef ATTUNE_LLVM
  return optimised_nvptx(source, arch_);
#else
  return Error(Status::internal, "LLVM IR reached a build without LLVM: report this bug.");
#endif
}

Result<std::string> GpuCompiler::assembly(const Source& source) const {
  if (source.kind == SourceKind::cuda_cpp && output_ == GpuOutput::cubin) {
    return Error(Status::unsupported,
                 "Machine code of GPUs is read with NVIDIA's nvdisasm: give it the cubin that `attune emit --what object` "
                 "or ATTUNE_DUMP_DIR=DIR keeps.");
  }
  ATTUNE_TRY(Binary binary, compile(source));
  return std::move(binary.bytes);
}

}  // namespace attune::runtime
