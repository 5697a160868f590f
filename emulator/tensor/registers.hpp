// What the tensor functions see of a warp: one 32-bit register of all its lanes.
#pragma once

#include <array>
#include <cstdint>

namespace attune::emulator {

inline constexpr int kWarpSize = 32;

// A plain array type, so that a machine may lay out its register file as rows of these.
using LaneRegisters = std::array<uint32_t, kWarpSize>;

}  // namespace attune::emulator
