// Between registers and matrices: unpacking the operands of mma into rows of numbers and packing its result.
//
// Private to this room. With g = lane / 4, t = lane % 4 and E elements in a register, PTX's figures for every shape come to:
// A register r: row g + 8 (r % 2), columns 4E (r / 2) + E t + e (m8 shapes: row g, columns 4E r + E t + e);
// B register r: column g, rows 4E r + E t + e;  C and D element i: row g + 8 (i / 2), column 2t + i % 2.
#pragma once

#include <cstdint>
#include <span>

#include "emulator/tensor/mma.hpp"

namespace attune::emulator {

inline constexpr int kMaxMmaRows = 16;
inline constexpr int kMmaColumns = 8;
inline constexpr int kMaxMmaDepth = 64;  // of all but b1

// Row-major, rows padded to their full depth so that the inner loop has constant strides. Integers are exact in double, and
// so are their sums.
struct MmaOperands {
  alignas(64) double a[kMaxMmaRows][kMaxMmaDepth];
  alignas(64) double b[kMaxMmaDepth][kMmaColumns];
  alignas(64) double sum[kMaxMmaRows][kMmaColumns];  // C on entry of the multiplication, D after it
};

// A, B and C of all forms but f64 and b1 (which work on registers), block scales multiplied in.
void unpack(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a,
            std::span<const LaneRegisters* const> b, std::span<const LaneRegisters* const> c, const MmaScales* scales,
            MmaOperands& operands);

// Rounds, wraps or clamps the sums to the type of D and packs them.
void pack(const MmaInstruction& instruction, const MmaOperands& operands, std::span<LaneRegisters* const> d);

}  // namespace attune::emulator
