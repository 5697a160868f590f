// The LLVM compiler: emitted IR text to a relocatable object for this machine. No LLVM type crosses this header.
#pragma once

#include <string>

#include "runtime/compiler.hpp"

namespace attune::runtime {

// Every compile owns its LLVMContext and TargetMachine, so any number of threads may compile at once.
class LlvmCompiler : public Compiler {
 public:
  LlvmCompiler();

  std::string identity(SourceKind kind) const override;
  Result<void> can_compile(SourceKind kind) const override;
  Result<Binary> compile(const Source& source) const override;
  Result<std::string> optimised(const Source& source) const override;
  Result<std::string> assembly(const Source& source) const override;

 private:
  std::string identity_;
};

}  // namespace attune::runtime
