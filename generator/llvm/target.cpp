#include "generator/llvm/target.hpp"

namespace attune::ir {

Target target_of(std::string_view arch) {
  Target target;
  target.arch = arch;
  if (arch == "x86-64-avx512bf16" || arch == "x86-64-avx512vnni" || arch == "x86-64-avx512") {
    target.bf16_dot = arch == "x86-64-avx512bf16";
    // What has bf16 dot products has those of bytes, too: runtime/host_cpu.cpp asks for both.
    target.byte_dot = arch != "x86-64-avx512";
    target.cpu = "x86-64-v4";
    target.features = target.bf16_dot ? "+avx512bf16,-prefer-256-bit" : "-prefer-256-bit";
    target.lanes = 16;
    target.registers = 32;
    target.avx512 = target.fused = target.half_convert = true;
  } else if (arch == "x86-64-avxvnni" || arch == "x86-64-avx2") {
    target.byte_dot = arch == "x86-64-avxvnni";
    target.cpu = "x86-64-v3";
    target.lanes = 8;
    target.fused = target.half_convert = true;
  }
  return target;
}

}  // namespace attune::ir
