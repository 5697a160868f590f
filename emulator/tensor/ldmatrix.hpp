// ldmatrix, stmatrix and movmatrix: which lane's register holds which bytes of which row.
//
// Source: PTX ISA, "ldmatrix", "stmatrix", "movmatrix". Pure functions, any thread. Rows come as pointers, so that the
// caller checks addresses (alignment, bounds, initialisation, bank conflicts) in its own terms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/result.hpp"
#include "emulator/tensor/registers.hpp"

namespace attune::emulator {

enum class MatrixElement : uint8_t { b16, b8, b4_padded /* b8x16.b4x16_p64 */, b6_padded /* b8x16.b6x16_p32 */ };

struct MatrixAccess {
  int rows = 8;     // of each matrix in memory: m8n8, m16n8 (stmatrix) and m8n16: see row_count(); m16n16 has 16
  int columns = 8;  // in elements
  int count = 1;    // .x1, .x2, .x4
  bool transpose = false;
  bool is_store = false;
  MatrixElement element = MatrixElement::b16;

  int row_bytes = 16;                                 // bytes each lane's address stands for, and its alignment
  int registers = 1;                                  // 32-bit registers per lane
  int address_lanes() const { return rows * count; }  // lanes 0..n-1 give the row addresses; those of the rest are ignored
};

// "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", "stmatrix.sync.aligned.m16n8.x2.trans.shared.b8", ...
// Status::unsupported: not a form the emulator knows; the message names the part.
Result<MatrixAccess> parse_matrix_access(std::string_view opcode);

// rows[i] points to row_bytes readable bytes: row i % access.rows of matrix i / access.rows, the address that lane i gave.
void ldmatrix(const MatrixAccess& access, std::span<const std::byte* const> rows, std::span<LaneRegisters* const> d);

// The reverse; rows[i] points to row_bytes writable bytes. When rows overlap, the later one in order stays.
void stmatrix(const MatrixAccess& access, std::span<std::byte* const> rows, std::span<const LaneRegisters* const> a);

// movmatrix.sync.aligned.m8n8.trans.b16; d may be a.
void movmatrix(const LaneRegisters& a, LaneRegisters& d);

}  // namespace attune::emulator
