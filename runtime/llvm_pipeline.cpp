// Kernels arrive vectorised, unrolled and blocked by the generator. What is left to LLVM is cleaning up after the emitter;
// its own loop and SLP vectorisers, unroller and idiom recogniser would only undo choices that were measured by the tuner.
#include "runtime/llvm_pipeline.hpp"

#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>

namespace attune::runtime {

std::string_view pipeline_text() {
  return "always-inline,globaldce,"
         "function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
         "loop-simplify,lcssa,loop-mssa(licm),"
         "gvn<no-pre;no-load-pre>,dse,instcombine<no-verify-fixpoint>,adce,simplifycfg)";
}

std::string run_pipeline(llvm::Module& module, llvm::TargetMachine& machine, std::string_view pipeline) {
  // The managers refer to each other and are destroyed in reverse order of declaration.
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;

  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  llvm::ModulePassManager passes;
  if (auto error = builder.parsePassPipeline(passes, llvm::StringRef(pipeline.data(), pipeline.size()))) {
    return llvm::toString(std::move(error));
  }
  passes.run(module, modules);
  return {};
}

}  // namespace attune::runtime
