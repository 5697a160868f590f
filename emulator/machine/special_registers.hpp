// The special registers whose value is fixed for a thread's life; clocks are instructions (see move.cpp).
#pragma once

#include <optional>
#include <string_view>

#include "emulator/machine/instruction.hpp"

namespace attune::emulator {

class Warp;

std::optional<SpecialRegister> special_register(std::string_view name);  // "%tid.x"

// Writes the register's value for each lane of the warp.
void fill_special_register(SpecialRegister name, const Warp& warp, uint32_t* lanes);

}  // namespace attune::emulator
