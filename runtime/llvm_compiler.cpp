// The host's compiler: which code generator, which pipeline.
#include "runtime/llvm_compiler.hpp"

#include <fmt/format.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

#include <chrono>
#include <mutex>

#include "runtime/llvm_compilation.hpp"
#include "runtime/llvm_pipeline.hpp"

namespace attune::runtime {
namespace {

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
}

Result<std::unique_ptr<LlvmCompilation>> open(const Source& source) {
  if (source.kind != SourceKind::llvm_ir) {
    return Error(Status::unsupported,
                 "The LLVM compiler takes LLVM IR only; this source is CUDA C++. Open a cuda device for it.");
  }
  return LlvmCompilation::open(source,
                               {llvm::sys::getProcessTriple(), source.target_cpu, source.target_features, pipeline_text()});
}

}  // namespace

LlvmCompiler::LlvmCompiler()
    : identity_(fmt::format("llvm {}; {}; O3 pic small; {}", LLVM_VERSION_STRING, llvm::sys::getProcessTriple(),
                            pipeline_text())) {
  initialise_llvm();
}

std::string LlvmCompiler::identity(SourceKind kind) const {
  return kind == SourceKind::llvm_ir ? identity_ : "none for CUDA C++";
}

Result<void> LlvmCompiler::can_compile(SourceKind kind) const {
  if (kind == SourceKind::llvm_ir) return {};
  return Error(Status::unsupported, "The cpu device takes LLVM IR only: open a cuda or an emulated device for CUDA C++.");
}

Result<Binary> LlvmCompiler::compile(const Source& source) const {
  const auto start = std::chrono::steady_clock::now();
  ATTUNE_TRY(auto compilation, open(source));
  ATTUNE_CHECK(compilation->optimise());
  Binary binary;
  ATTUNE_TRY(binary.bytes, compilation->generate(llvm::CodeGenFileType::ObjectFile));
  binary.entries = source.entries;
  binary.log = compilation->log();
  binary.compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return binary;
}

Result<std::string> LlvmCompiler::optimised(const Source& source) const {
  ATTUNE_TRY(auto compilation, open(source));
  ATTUNE_CHECK(compilation->optimise());
  return compilation->text();
}

Result<std::string> LlvmCompiler::assembly(const Source& source) const {
  ATTUNE_TRY(auto compilation, open(source));
  ATTUNE_CHECK(compilation->optimise());
  return compilation->generate(llvm::CodeGenFileType::AssemblyFile);
}

}  // namespace attune::runtime
