// What the parsers of matrix opcodes share. Private to this room.
#pragma once

#include <string_view>
#include <vector>

#include "emulator/tensor/mma.hpp"

namespace attune::emulator {

// The parts of an opcode between its dots.
std::vector<std::string_view> split_opcode(std::string_view opcode);

// The type of that name, or null.
const MmaType* mma_type(std::string_view name);

}  // namespace attune::emulator
