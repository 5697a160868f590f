// The address swizzles of tensor copies and of wgmma operands: 16-byte chunks are exchanged within a line of shared memory.
//
// Source: PTX ISA, "Swizzling modes" of the tensor map and "Shared memory matrix layout" of wgmma. The pattern follows the
// address in shared memory, not the position in a tile, so a tile repeats it from row to row only when it is aligned to it.
#pragma once

#include <cstdint>

namespace attune::emulator {

enum class Swizzle : uint8_t { none, bytes_32, bytes_64, bytes_128 };

// Bytes of a line within which chunks are exchanged; 16 without a swizzle.
constexpr uint32_t span_bytes(Swizzle swizzle) { return swizzle == Swizzle::none ? 16u : 16u << static_cast<int>(swizzle); }

// Bytes after which the pattern repeats, and to which a tile is aligned.
constexpr uint32_t pattern_bytes(Swizzle swizzle) { return swizzle == Swizzle::none ? 16u : 8u * span_bytes(swizzle); }

// Where the byte of the plain address lies. Its own inverse. Address bits 4 and up (one for 32 bytes, two for 64, three for
// 128) are exclusive-ored with as many bits from bit 7 up.
constexpr uint32_t swizzle_address(Swizzle swizzle, uint32_t address) {
  const uint32_t mask = (span_bytes(swizzle) - 1) & ~15u;
  return address ^ ((address >> 3) & mask);
}

}  // namespace attune::emulator
