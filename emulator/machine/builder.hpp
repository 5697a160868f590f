// Builds the executable form of a kernel from its entry function and all functions it calls.
#pragma once

#include "common/result.hpp"
#include "emulator/machine/instruction.hpp"
#include "emulator/ptx/module.hpp"

namespace attune::emulator {

// Where module variables lie: .global and .const ones in the image that each launch copies.
struct ModuleLayout {
  ModuleData data;
  std::vector<int64_t> offsets;  // by variable; -1: not in the image
};

Result<ModuleLayout> lay_out_module(const ptx::Module& module);

Result<Kernel> build_kernel(const ptx::Module& module, const ModuleLayout& layout, int32_t entry, int architecture);

}  // namespace attune::emulator
