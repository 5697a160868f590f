// Compilers turn an emitted source into a binary for one arch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "generator/family.hpp"

namespace attune::runtime {

struct Binary {
  std::string bytes;  // relocatable object (cpu), cubin (cuda) or PTX (emulated, and LLVM's NVPTX on cuda)
  std::vector<std::string> entries;
  double compile_ms = 0;
  // The compiler's own facts, the largest over the entries; 0 where it has none, as for PTX.
  int64_t registers = 0;     // a thread
  int64_t spill_bytes = 0;   // a thread: spill stores and loads together
  int64_t stack_bytes = 0;   // a thread: stack frame in local memory
  int64_t shared_bytes = 0;  // a CTA: static shared memory
  std::vector<std::string> warnings;
  std::string log;
};

class Compiler {
 public:
  virtual ~Compiler() = default;
  // Name, version, options and host facts that change its output: part of the compile key. For a kind that it does not
  // take, a text that says so.
  virtual std::string identity(SourceKind kind) const = 0;
  // ok, or no_compiler, compiler_too_old or unsupported with a next step. Cheap: the planner asks before it emits.
  virtual Result<void> can_compile(SourceKind kind) const = 0;
  virtual Result<Binary> compile(const Source& source) const = 0;  // thread-safe
  // A binary whose registers, spills, stack and shared memory are filled in, for tools: it may be of another form than
  // compile()'s, and cost another compile. unsupported where nothing here can tell.
  virtual Result<Binary> resource_usage(const Source& source) const { return compile(source); }

  // For people (`attune emit`, dumps): the optimised intermediate form (LLVM IR, PTX) and the machine's assembly.
  virtual Result<std::string> optimised(const Source& source) const = 0;
  virtual Result<std::string> assembly(const Source& source) const = 0;
};

// SHA-256 over emitted source bytes, options, compiler identity and arch: nothing else, nothing less.
std::string compile_key(const Source& source, const Compiler& compiler, std::string_view arch);

}  // namespace attune::runtime
