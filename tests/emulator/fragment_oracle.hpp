// Where the elements of mma's operands lie, written down from the PTX ISA's formulas shape by shape: the oracle of the
// tests.
//
// Deliberately not one formula for all, as the emulator has it: each branch is a transcription of the formula for its shape.
#pragma once

#include <cstdint>

namespace attune::emulator::oracle {

struct Cell {
  int row;
  int column;
};

// Element i (a_i of PTX) of `lane` in A, for elements of `bits` and depth k.
inline Cell a_cell(int bits, int k, int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  if (bits == 16 && k == 16) {
    return {(i >= 0 && i < 2) || (i >= 4 && i < 6) ? group : group + 8, in_group * 2 + (i & 1) + (i < 4 ? 0 : 8)};
  }
  if (bits == 16 && k == 8) return {i < 2 ? group : group + 8, in_group * 2 + (i & 1)};
  if (bits == 32 && k == 8) return {i == 0 || i == 2 ? group : group + 8, i < 2 ? in_group : in_group + 4};
  if (bits == 32 && k == 4) return {i == 0 ? group : group + 8, in_group};
  if (bits == 8 && k == 32) {
    return {(i >= 0 && i < 4) || (i >= 8 && i < 12) ? group : group + 8, in_group * 4 + (i & 3) + (i < 8 ? 0 : 16)};
  }
  if (bits == 8 && k == 16) return {i < 4 ? group : group + 8, in_group * 4 + (i & 3)};
  if (bits == 4 && k == 64) {
    return {(i >= 0 && i < 8) || (i >= 16 && i < 24) ? group : group + 8, in_group * 8 + (i & 7) + (i < 16 ? 0 : 32)};
  }
  if (bits == 4 && k == 32) return {i < 8 ? group : group + 8, in_group * 8 + (i & 7)};
  if (bits == 1 && k == 256) {
    return {(i >= 0 && i < 32) || (i >= 64 && i < 96) ? group : group + 8, in_group * 32 + (i & 31) + (i < 64 ? 0 : 128)};
  }
  return {i < 32 ? group : group + 8, in_group * 32 + (i & 31)};  // 1 bit, k128
}

// Element i (b_i) of `lane` in B.
inline Cell b_cell(int bits, int k, int lane, int i) {
  const int group = lane >> 2, in_group = lane % 4;
  if (bits == 16 && k == 16) return {in_group * 2 + (i & 1) + (i < 2 ? 0 : 8), group};
  if (bits == 16 && k == 8) return {in_group * 2 + i, group};
  if (bits == 32 && k == 8) return {i == 0 ? in_group : in_group + 4, group};
  if (bits == 32 && k == 4) return {in_group, group};
  if (bits == 8 && k == 32) return {in_group * 4 + (i & 3) + (i < 4 ? 0 : 16), group};
  if (bits == 8 && k == 16) return {in_group * 4 + i, group};
  if (bits == 4 && k == 64) return {in_group * 8 + (i & 7) + (i < 8 ? 0 : 32), group};
  if (bits == 4 && k == 32) return {in_group * 8 + i, group};
  if (bits == 1 && k == 256) return {in_group * 32 + (i & 31) + (i < 32 ? 0 : 128), group};
  return {in_group * 32 + i, group};
}

// Element i (c_i) of `lane` in C and D of every m16n8 shape.
inline Cell c_cell(int lane, int i) { return {i < 2 ? lane >> 2 : (lane >> 2) + 8, (lane % 4) * 2 + (i & 1)}; }

}  // namespace attune::emulator::oracle
