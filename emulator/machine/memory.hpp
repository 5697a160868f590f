// Addresses to host memory, with all checks on the way: the one door to memory for every instruction.
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/machine/cta.hpp"

namespace attune::emulator {

enum class Access : uint8_t {
  read,
  write,
  strong_read,   // volatile, relaxed, acquire
  strong_write,  // volatile, relaxed, release
  atomic,        // reads and writes
  address_only,  // bounds and alignment; the caller does the rest
};

// The host address of `bytes` bytes for a lane, or null after a report. `space` says how to read `address`.
std::byte* access_memory(Warp& warp, const Instruction& instruction, int lane, ptx::Space space, uint64_t address,
                         uint32_t bytes, Access access, uint32_t alignment = 0 /* that of bytes */);

// The same for shared memory only; `cta` and `offset`, if given, receive whose memory it is and where.
std::byte* access_shared(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t bytes,
                         uint32_t alignment, Access access, Cta** cta = nullptr, uint32_t* offset = nullptr);

// The space that an address of `space` really means, generic ones looked at.
ptx::Space actual_space(ptx::Space space, uint64_t address);

// Passes over the banks that one access of a warp needs; adds them, and what is avoidable of them, to the counters.
// `addresses` of the active lanes, `bytes` a lane.
void count_shared(Cta& cta, const uint64_t* addresses, LaneMask lanes, uint32_t bytes);
// Distinct 32-byte sectors.
int64_t count_sectors(const uint64_t* addresses, LaneMask lanes, uint32_t bytes);

}  // namespace attune::emulator
