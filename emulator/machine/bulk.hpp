// Decoders of the copies that mbarriers and bulk groups track.
#pragma once

#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

// What follows "cp.async.bulk", or, when it reduces, "cp.reduce.async.bulk".
Result<void> decode_bulk(Decoder& decoder, bool reduces);
// What follows "cp.async.mbarrier".
Result<void> decode_copy_arrive(Decoder& decoder);

}  // namespace attune::emulator
