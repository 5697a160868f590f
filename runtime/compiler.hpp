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
  std::string bytes;  // relocatable object (cpu) or cubin
  std::vector<std::string> entries;
  double compile_ms = 0;
  int64_t registers = 0, spill_bytes = 0, shared_bytes = 0;  // the compiler's own facts; 0 where it has none
  std::string log;
};

class Compiler {
 public:
  virtual ~Compiler() = default;
  virtual std::string identity() const = 0;  // name, version and host facts that change its output: part of the compile key
  virtual Result<Binary> compile(const Source& source) const = 0;  // thread-safe

  // For people (`attune emit`, dumps): the optimised intermediate form (LLVM IR, PTX) and the machine's assembly.
  virtual Result<std::string> optimised(const Source& source) const = 0;
  virtual Result<std::string> assembly(const Source& source) const = 0;
};

// SHA-256 over emitted source bytes, options, compiler identity and arch: nothing else, nothing less.
std::string compile_key(const Source& source, const Compiler& compiler, std::string_view arch);

}  // namespace attune::runtime
