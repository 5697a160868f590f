// Member masks of the .sync instructions.
#pragma once

#include "emulator/machine/warp.hpp"

namespace attune::emulator {

// The member mask in a register; 0 after a report.
LaneMask member_mask(Warp& warp, const Instruction& instruction, Slot slot, LaneMask lanes);

// bar.warp.sync.
void run_warp_sync(Warp& warp, const Instruction& instruction, LaneMask lanes);

}  // namespace attune::emulator
