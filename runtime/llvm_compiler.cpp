// Parse, verify, optimise, emit: everything that touches LLVM's module and code generator.
#include "runtime/llvm_compiler.hpp"

#include <fmt/format.h>
#include <llvm/AsmParser/Parser.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>
#include <llvm/TargetParser/Host.h>

#include <algorithm>
#include <chrono>
#include <mutex>

#include "runtime/llvm_pipeline.hpp"

namespace attune::runtime {
namespace {

constexpr std::string_view report_it =
    "Keep the source with ATTUNE_DUMP_DIR=DIR, or print it with `attune emit`, and report it.";

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
}

Error compile_error(std::string what, std::string log = {}) {
  return {Status::compile_failed, fmt::format("{} {}", what, report_it), std::move(log)};
}

Result<std::unique_ptr<llvm::TargetMachine>> make_machine(const Source& source) {
  const std::string triple = llvm::sys::getProcessTriple();
  std::string reason;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (target == nullptr) {
    return Error(Status::no_compiler,
                 fmt::format("LLVM {} has no code generator for {}: install an LLVM built for this machine.",
                             LLVM_VERSION_STRING, triple),
                 reason);
  }
  // An unknown processor would only be a line on standard error and code for the oldest one.
  const std::unique_ptr<llvm::MCSubtargetInfo> facts(target->createMCSubtargetInfo(triple, "", ""));
  if (!source.target_cpu.empty() && !facts->isCPUStringValid(source.target_cpu)) {
    return compile_error(fmt::format("Source::target_cpu '{}' is no processor that LLVM {} knows for {}.", source.target_cpu,
                                     LLVM_VERSION_STRING, triple));
  }
  // PIC with the small code model: the JIT linker places an object anywhere and reaches memset and friends through stubs.
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, source.target_cpu, source.target_features, llvm::TargetOptions(),
                                  llvm::Reloc::PIC_, llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  if (machine == nullptr) {
    return Error(Status::no_compiler,
                 fmt::format("LLVM {} cannot generate code for {}: reinstall LLVM.", LLVM_VERSION_STRING, triple));
  }
  return machine;
}

// One compile: a context of its own, so that compiles on different threads share nothing.
class Compilation {
 public:
  static Result<std::unique_ptr<Compilation>> open(const Source& source) {
    initialise_llvm();
    if (source.kind != SourceKind::llvm_ir) {
      return Error(Status::unsupported,
                   "The LLVM compiler takes LLVM IR only; this source is CUDA C++. Open a cuda device for it.");
    }
    auto compilation = std::unique_ptr<Compilation>(new Compilation);
    ATTUNE_TRY(compilation->machine_, make_machine(source));
    ATTUNE_CHECK(compilation->parse(source));
    return compilation;
  }

  Result<void> optimise() {
    if (std::string complaint = run_pipeline(*module_, *machine_); !complaint.empty()) {
      return Error(Status::internal, "The optimisation pipeline is malformed: report this bug.", std::move(complaint));
    }
    if (had_error_) return compile_error("LLVM refused the kernel while optimising it.", log_);
    return {};
  }

  Result<std::string> generate(llvm::CodeGenFileType type) {
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

  std::string text() const {
    std::string result;
    llvm::raw_string_ostream stream(result);
    module_->print(stream, nullptr);
    return result;
  }

  const std::string& log() const { return log_; }

 private:
  Compilation() = default;

  Result<void> parse(const Source& source) {
    context_.setDiagnosticHandlerCallBack(
        [](const llvm::DiagnosticInfo* info, void* self) { static_cast<Compilation*>(self)->note(*info); }, this);

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
          fmt::format("The emitted IR is for {}, but this machine is {}.", module_->getTargetTriple(), triple));
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

  void note(const llvm::DiagnosticInfo& info) {
    if (info.getSeverity() == llvm::DS_Error) had_error_ = true;
    if (info.getSeverity() == llvm::DS_Remark) return;
    llvm::raw_string_ostream stream(log_);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    info.print(printer);
    stream << '\n';
  }

  std::string log_;
  bool had_error_ = false;
  llvm::LLVMContext context_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  std::unique_ptr<llvm::Module> module_;
};

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
  ATTUNE_TRY(auto compilation, Compilation::open(source));
  ATTUNE_CHECK(compilation->optimise());
  Binary binary;
  ATTUNE_TRY(binary.bytes, compilation->generate(llvm::CodeGenFileType::ObjectFile));
  binary.entries = source.entries;
  binary.log = compilation->log();
  binary.compile_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return binary;
}

Result<std::string> LlvmCompiler::optimised(const Source& source) const {
  ATTUNE_TRY(auto compilation, Compilation::open(source));
  ATTUNE_CHECK(compilation->optimise());
  return compilation->text();
}

Result<std::string> LlvmCompiler::assembly(const Source& source) const {
  ATTUNE_TRY(auto compilation, Compilation::open(source));
  ATTUNE_CHECK(compilation->optimise());
  return compilation->generate(llvm::CodeGenFileType::AssemblyFile);
}

}  // namespace attune::runtime
