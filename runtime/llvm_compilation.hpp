// One compile by LLVM: parse, verify, optimise, generate. Shared by the compilers for the host and for NVPTX; private to
// them, since LLVM's types show.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/CodeGen.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "generator/family.hpp"

namespace llvm {
class DiagnosticInfo;
}

namespace attune::runtime {

// What a source is compiled for. The target must have been initialised.
struct LlvmTarget {
  std::string triple, cpu, features;
  std::string_view pipeline;  // as `opt -passes=` takes it
};

// A context of its own, so that compiles on different threads share nothing.
class LlvmCompilation {
 public:
  static Result<std::unique_ptr<LlvmCompilation>> open(const Source& source, const LlvmTarget& target);

  Result<void> optimise();
  Result<std::string> generate(llvm::CodeGenFileType type);
  std::string text() const;
  const std::string& log() const { return log_; }

 private:
  LlvmCompilation() = default;
  Result<void> parse(const Source& source);
  void note(const llvm::DiagnosticInfo& info);

  std::string log_;
  bool had_error_ = false;
  std::string_view pipeline_;
  llvm::LLVMContext context_;
  std::unique_ptr<llvm::TargetMachine> machine_;
  std::unique_ptr<llvm::Module> module_;
};

}  // namespace attune::runtime
