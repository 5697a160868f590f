// Everything that touches LLVM's module and code generator.
#include "runtime/llvm_compilation.hpp"

#include <fmt/format.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetOptions.h>

#include "runtime/llvm_pipeline.hpp"

namespace attune::runtime {
namespace {

constexpr std::string_view report_it =
    "Keep the source with ATTUNE_DUMP_DIR=DIR, or print it with `attune emit`, and report it.";

Error compile_error(std::string what, std::string log = {}) {
  return {Status::compile_failed, fmt::format("{} {}", what, report_it), std::move(log)};
}

Result<std::unique_ptr<llvm::TargetMachine>> make_machine(const LlvmTarget& wanted) {
  std::string reason;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(wanted.triple, reason);
  if (target == nullptr) {
    return Error(Status::no_compiler,
                 fmt::format("LLVM {} has no code generator for {}: install an LLVM built for this machine.",
                             LLVM_VERSION_STRING, wanted.triple),
                 reason);
  }
  // An unknown processor would only be a line on standard error and code for the oldest one.
  const std::unique_ptr<llvm::MCSubtargetInfo> facts(target->createMCSubtargetInfo(wanted.triple, "", ""));
  if (!wanted.cpu.empty() && !facts->isCPUStringValid(wanted.cpu)) {
    return compile_error(fmt::format("Source::target_cpu '{}' is no processor that LLVM {} knows for {}.", wanted.cpu,
                                     LLVM_VERSION_STRING, wanted.triple));
  }
  // PIC with the small code model: the JIT linker places an object anywhere and reaches memset and friends through stubs.
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(wanted.triple, wanted.cpu, wanted.features, llvm::TargetOptions(), llvm::Reloc::PIC_,
                                  llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  if (machine == nullptr) {
    return Error(Status::no_compiler,
                 fmt::format("LLVM {} cannot generate code for {}: reinstall LLVM.", LLVM_VERSION_STRING, wanted.triple));
  }
  return machine;
}

}  // namespace

Result<std::unique_ptr<LlvmCompilation>> LlvmCompilation::open(const Source& source, const LlvmTarget& target) {
  auto compilation = std::unique_ptr<LlvmCompilation>(new LlvmCompilation);
  compilation->pipeline_ = target.pipeline;
  ATTUNE_TRY(compilation->machine_, make_machine(target));
  ATTUNE_CHECK(compilation->parse(source));
  return compilation;
}

Result<void> LlvmCompilation::optimise() {
  if (std::string complaint = run_pipeline(*module_, *machine_, pipeline_); !complaint.empty()) {
    return Error(Status::internal, "The optimisation pipeline is malformed: report this bug.", std::move(complaint));
  }
  if (had_error_) return compile_error("LLVM refused the kernel while optimising it.", log_);
  return {};
}

Result<std::string> LlvmCompilation::generate(llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  {
    llvm::raw_svector_ostream stream(bytes);
    llvm::legacy::PassManager passes;
    if (machine_->addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true)) {
      return Error(Status::internal, "This LLVM cannot write the file type asked for: report this bug.");
    }
    passes.run(*module_);
  }
  if (had_error_) return compile_error("LLVM refused the kernel while generating code.", log_);
  return std::string(bytes.data(), bytes.size());
}

std::string LlvmCompilation::text() const {
  std::string result;
  llvm::raw_string_ostream stream(result);
  module_->print(stream, nullptr);
  return result;
}

Result<void> LlvmCompilation::parse(const Source& source) {
  context_.setDiagnosticHandlerCallBack(
      [](const llvm::DiagnosticInfo* info, void* self) { static_cast<LlvmCompilation*>(self)->note(*info); }, this);

  llvm::SMDiagnostic diagnostic;
  const llvm::MemoryBufferRef buffer(source.text, "kernel.ll");
  module_ = llvm::parseAssembly(buffer, diagnostic, context_);
  if (module_ == nullptr) {
    std::string words;
    llvm::raw_string_ostream stream(words);
    diagnostic.print("attune", stream, /*ShowColors=*/false);
    return compile_error(fmt::format("LLVM could not parse the emitted IR (line {}).", diagnostic.getLineNo()), words);
  }
  const std::string& triple = machine_->getTargetTriple().str();
  if (module_->getTargetTriple().empty()) module_->setTargetTriple(triple);
  if (llvm::Triple(module_->getTargetTriple()).getArch() != machine_->getTargetTriple().getArch()) {
    return compile_error(
        fmt::format("The emitted IR is for {}, but it is compiled for {}.", module_->getTargetTriple(), triple));
  }
  module_->setTargetTriple(triple);
  module_->setDataLayout(machine_->createDataLayout());

  std::string words;
  llvm::raw_string_ostream stream(words);
  if (llvm::verifyModule(*module_, &stream)) {
    return compile_error("LLVM's verifier refused the emitted IR.", words);
  }
  for (const std::string& entry : source.entries) {
    const llvm::Function* function = module_->getFunction(entry);
    if (function == nullptr || function->isDeclaration() || function->hasLocalLinkage()) {
      return compile_error(fmt::format("The emitted IR does not define the entry '{}' of Source::entries.", entry));
    }
  }
  return {};
}

void LlvmCompilation::note(const llvm::DiagnosticInfo& info) {
  if (info.getSeverity() == llvm::DS_Error) had_error_ = true;
  if (info.getSeverity() == llvm::DS_Remark) return;
  llvm::raw_string_ostream stream(log_);
  llvm::DiagnosticPrinterRawOStream printer(stream);
  info.print(printer);
  stream << '\n';
}

}  // namespace attune::runtime
