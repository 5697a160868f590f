// The same steps as for the host, with another code generator and LLVM's own pipeline: emitted device code is plain scalar
// code that leaves unrolling and scheduling to the compiler.
#include "runtime/nvptx_compiler.hpp"

#include <fmt/format.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/TargetSelect.h>

#include <array>
#include <chrono>
#include <mutex>

#include "runtime/gpu_parts.hpp"
#include "runtime/llvm_compilation.hpp"

namespace attune::runtime {
namespace {

constexpr std::string_view triple = "nvptx64-nvidia-cuda";
constexpr std::string_view pipeline = "default<O3>";

struct KnownProcessor {
  int compute_capability, ptx_version;
};
constexpr std::array processors = {KnownProcessor{70, 60}, KnownProcessor{72, 61}, KnownProcessor{75, 63},
                                   KnownProcessor{80, 70}, KnownProcessor{86, 71}, KnownProcessor{87, 74},
                                   KnownProcessor{89, 78}, KnownProcessor{90, 78}};

void initialise_nvptx() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

Result<std::unique_ptr<LlvmCompilation>> open(const Source& source, std::string_view arch) {
  initialise_nvptx();
  ATTUNE_TRY(const NvptxTarget target, nvptx_target(arch));
  return LlvmCompilation::open(source, {std::string(triple), target.cpu, target.features, pipeline});
}

}  // namespace

Result<NvptxTarget> nvptx_target(std::string_view arch) {
  const int wanted = compute_capability_of(arch);
  const KnownProcessor* best = nullptr;
  for (const KnownProcessor& known : processors) {
    if (known.compute_capability <= wanted) best = &known;
  }
  if (best != nullptr) {
    return NvptxTarget{fmt::format("sm_{}", best->compute_capability), fmt::format("+ptx{}", best->ptx_version)};
  }
  return Error(Status::unsupported, fmt::format("LLVM's NVPTX serves sm_{} and newer, and this is '{}': use a newer GPU.",
                                                processors.front().compute_capability, arch));
}

std::string nvptx_identity(std::string_view arch) {
  const auto target = nvptx_target(arch);
  return target.ok() ? fmt::format("llvm {} nvptx; {} {}; {}", LLVM_VERSION_STRING, target->cpu, target->features, pipeline)
                     : target.error().message();
}

Result<Binary> compile_nvptx(const Source& source, std::string_view arch) {
  const auto start = std::chrono::steady_clock::now();
  ATTUNE_TRY(auto compilation, open(source, arch));
  ATTUNE_CHECK(compilation->optimise());
  Binary binary;
  ATTUNE_TRY(binary.bytes, compilation->generate(llvm::CodeGenFileType::AssemblyFile));
  for (const std::string& entry : source.entries) {
    if (binary.bytes.find(fmt::format(".entry {}(", entry)) != std::string::npos) continue;
    return Error(Status::compile_failed,
                 fmt::format("The emitted IR defines '{}' as a function and not as a kernel: report this bug.", entry));
  }
  binary.entries = source.entries;
  binary.log = compilation->log();
  binary.compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return binary;
}

Result<std::string> optimised_nvptx(const Source& source, std::string_view arch) {
  ATTUNE_TRY(auto compilation, open(source, arch));
  ATTUNE_CHECK(compilation->optimise());
  return compilation->text();
}

}  // namespace attune::runtime
