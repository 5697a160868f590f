// wgmma.mma_async of one warpgroup: D = A * B + D with operands in shared memory behind 64-bit descriptors.
//
// Source: PTX ISA, "Asynchronous warpgroup level matrix instructions": "Shared memory matrix layout", "Strides", "Matrix
// descriptor format" and the register fragments. Pure functions, any thread; when the operands are read and when D may be
// looked at is the machine's business. Numbers are those of mma.hpp, instruction by instruction.
//
// In a core matrix eight rows of 16 bytes belong together. With `chunk` a 16-byte piece, the byte address of a chunk
// relative to the descriptor's start is, before the swizzle of the whole address:
//   K-major    row i, chunk c (0 or 1) along k:   no swizzle  (i / 8) SBO + (i % 8) 16 + c LBO
//                                                 swizzled    (i / 8) SBO + (i % 8) span + 16 c
//   MN-major   row k, chunk c along M or N:       no swizzle  (k / 8) LBO + (k % 8) 16 + c SBO
//                                                 swizzled    (k / 8) SBO + (k % 8) span + (c / (span / 16)) LBO + (c %
//                                                 (span / 16)) 16
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "emulator/tensor/mma.hpp"
#include "emulator/tensor/registers.hpp"
#include "emulator/tensor/swizzle.hpp"

namespace attune::emulator {

inline constexpr int kWarpsPerWarpgroup = 4;

struct WgmmaInstruction {
  static constexpr int m = 64;
  int n = 8, k = 16;
  MmaType a = MmaType::f16, b = MmaType::f16, d = MmaType::f32;
  bool satfinite = false;                // integers
  int d_registers = 4;                   // 32-bit registers per lane: n / 2, or n / 4 for f16
  static constexpr int a_registers = 4;  // when A comes from registers

  int64_t operations() const { return int64_t{2} * m * n * k; }
};

// "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16".
// Status::unsupported: not a form the emulator knows; the message names the part.
Result<WgmmaInstruction> parse_wgmma(std::string_view opcode);

// The immediate and predicate operands.
struct WgmmaModifiers {
  bool scale_d = true;                            // false: D = A * B
  int scale_a = 1, scale_b = 1;                   // 1 or -1
  bool transpose_a = false, transpose_b = false;  // MN-major instead of K-major; 16-bit types alone
};

struct WgmmaDescriptor {
  uint32_t start = 0;          // byte address in shared memory
  uint32_t leading_bytes = 0;  // LBO
  uint32_t stride_bytes = 0;   // SBO
  Swizzle swizzle = Swizzle::none;
};
// Status::unsupported: a base offset other than 0, whose tile is not aligned to its swizzle's pattern.
Result<WgmmaDescriptor> decode_wgmma_descriptor(uint64_t descriptor);
// The other direction, for tests and tools. Offsets are multiples of 16 below 2^18.
uint64_t encode_wgmma_descriptor(const WgmmaDescriptor& descriptor);

// Shared-memory addresses of the 16-byte chunks of an operand with `rows` rows along M or N (64 for A, n for B), all types
// having 32 bytes along K: K-major [rows][2], MN-major (transposed) [k][rows / 8].
void wgmma_chunks(const WgmmaInstruction& instruction, const WgmmaDescriptor& descriptor, int rows, bool transposed,
                  std::vector<uint32_t>& addresses);

// One warp's registers: a_registers or d_registers of them. Warp w of the group has rows 16w to 16w + 15 of A and D.
using WarpRegisters = std::span<const LaneRegisters* const>;
using WarpTargets = std::span<LaneRegisters* const>;

// The operand data: the bytes of the chunks in the order of wgmma_chunks(), or, for A, registers of the four warps.
struct WgmmaOperands {
  std::span<const std::byte> a;  // empty: A comes from a_registers
  std::array<WarpRegisters, kWarpsPerWarpgroup> a_registers;
  std::span<const std::byte> b;
};

// d[w] are the d_registers of warp w, read (when scale_d) and written.
void wgmma(const WgmmaInstruction& instruction, const WgmmaModifiers& modifiers, const WgmmaOperands& operands,
           const std::array<WarpTargets, kWarpsPerWarpgroup>& d, const MmaOptions& options = {});

}  // namespace attune::emulator
