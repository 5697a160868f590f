// The optimisation pipeline of emitted kernels. Private to the LLVM compiler.
#pragma once

#include <string>
#include <string_view>

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace attune::runtime {

// The passes for the host as `opt -passes=` would take them. It is part of the compiler's identity, so a change of pipeline
// changes every compile key and no stale object is ever taken for a new one.
std::string_view pipeline_text();

// Returns LLVM's complaint when the pipeline text is malformed, empty otherwise.
std::string run_pipeline(llvm::Module& module, llvm::TargetMachine& machine, std::string_view pipeline);

}  // namespace attune::runtime
