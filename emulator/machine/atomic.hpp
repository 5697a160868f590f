// Read-modify-write on one element of memory: shared by atom, red and the reducing bulk copies.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/ptx/types.hpp"

namespace attune::emulator {

enum class AtomicOperation : uint8_t { bit_and, bit_or, bit_xor, exch, add, inc, dec, min, max, cas };

// The value after the operation; both are the bits of `type`. `ftz`: f32 additions on global memory flush subnormals.
uint64_t atomic_result(AtomicOperation operation, ptx::Type type, uint64_t old, uint64_t operand, uint64_t compare,
                       bool ftz);

// Atomic towards other host threads. Returns the bits before. `memory` is aligned to the size of the type.
uint64_t atomic_update(std::byte* memory, AtomicOperation operation, ptx::Type type, uint64_t operand, uint64_t compare,
                       bool ftz);

}  // namespace attune::emulator
