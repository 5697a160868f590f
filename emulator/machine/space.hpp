// The state space in an opcode.
#pragma once

#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

// Consumes the modifier; generic when there is none. shared::cta and shared::cluster are one space: see access_shared().
Result<ptx::Space> take_space(Decoder& decoder);

}  // namespace attune::emulator
