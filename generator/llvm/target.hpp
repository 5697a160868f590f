// What the emitters need to know of an instruction set: lanes, registers, and which special instructions exist.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::ir {

struct Target {
  std::string arch;      // "x86-64-avx512bf16", "x86-64-avx512vnni", "x86-64-avxvnni", ..., "portable"
  std::string cpu;       // LLVM's -mcpu
  std::string features;  // LLVM's -mattr
  int64_t lanes = 4;     // fp32 lanes of one register
  int64_t registers = 16;
  bool avx512 = false;
  bool bf16_dot = false;      // vdpbf16ps
  bool byte_dot = false;      // vpdpbusd
  bool fused = false;         // has FMA
  bool half_convert = false;  // converts fp16 in hardware
};

// An arch that is not known is "portable": 128-bit vectors, no intrinsics.
Target target_of(std::string_view arch);

}  // namespace attune::ir
