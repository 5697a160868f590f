// The cpu device for an instruction set that this host need not have: kernels are emitted for it, and the few instructions
// that they name are then replaced by plain LLVM IR of what the processor's manual says of them. So the numbers of AVX-512,
// VNNI and bf16 kernels are held on any host; that the instructions themselves come out is a test of the assembly.
#pragma once

#include <memory>
#include <string>

#include "runtime/device.hpp"

namespace attune::test {

// `arch` as kernels are emitted for: "x86-64-avx512bf16", "x86-64-avx512vnni", "x86-64-avx512" or "x86-64-avxvnni".
Result<std::unique_ptr<runtime::Device>> open_lowered_device(const std::string& arch, int threads);

// The text with definitions of its own for every llvm.x86 function it calls; internal where one of them is not known here.
Result<std::string> lowered(const std::string& text);

}  // namespace attune::test
