#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "emulator/machine/builder.hpp"

namespace attune::emulator {

Result<ModuleLayout> lay_out_module(const ptx::Module& module) {
  ModuleLayout layout;
  layout.offsets.assign(module.variables.size(), -1);
  std::unordered_map<std::string, int64_t> by_name;
  int64_t end = 0;
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const ptx::Variable& variable = module.variables[i];
    if (variable.space != ptx::Space::global && variable.space != ptx::Space::constant) continue;
    const int64_t alignment = std::max<int64_t>(variable.align_bytes, 16);
    const int64_t offset = (end + alignment - 1) / alignment * alignment;
    layout.offsets[i] = offset;
    by_name[variable.name] = offset;
    end = offset + variable.size_bytes;
    layout.data.items.push_back({variable.name, offset, variable.size_bytes, variable.space == ptx::Space::global});
  }
  layout.data.image.assign(static_cast<size_t>(end), std::byte{0});
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const ptx::Variable& variable = module.variables[i];
    if (layout.offsets[i] < 0) continue;
    std::copy(variable.initial.begin(), variable.initial.end(), layout.data.image.begin() + layout.offsets[i]);
    for (const auto& relocation : variable.relocations) {
      const auto target = by_name.find(relocation.symbol);
      if (target == by_name.end()) {
        return Error(Status::unsupported,
                     fmt::format("'{}' is initialised with the address of '{}', which is not a .global or "
                                 ".const variable; initialise it in the kernel",
                                 variable.name, relocation.symbol));
      }
      layout.data.relocations.push_back({layout.offsets[i] + relocation.offset_bytes, target->second + relocation.addend});
    }
  }
  return layout;
}

}  // namespace attune::emulator
