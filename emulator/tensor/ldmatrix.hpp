// ldmatrix, stmatrix and movmatrix: which lane's register holds which bytes of which row.
//
// Source: PTX ISA, "ldmatrix", "stmatrix", "movmatrix" and their figures; for the 8-bit shapes also CUTLASS's copy traits.
// Pure functions, any thread. Rows come as pointers, so that the caller checks addresses (alignment, bounds, initialisation,
// bank conflicts) in its own terms.
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
  int count = 1;         // .x1, .x2, .x4
  int address_rows = 8;  // rows in memory, each with an address, of one matrix: 8 for m8n8, m8n16 and m16n8 (which is stored
                         // transposed), 16 for m16n16
  bool transpose = false;
  bool is_store = false;
  MatrixElement element = MatrixElement::b16;
  int registers = 1;  // 32-bit registers per lane

  // Lanes 0 .. address_lanes() - 1 give the addresses of rows, matrix by matrix; those of the others are not used.
  int address_lanes() const { return address_rows * count; }
  // Bytes of a row, the padding of packed rows included, and the alignment of its address.
  static constexpr int row_bytes = 16;
};

// "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", "stmatrix.sync.aligned.m16n8.x2.trans.shared.b8", ...
// Status::unsupported: not a form the emulator knows; the message names the part.
Result<MatrixAccess> parse_matrix_access(std::string_view opcode);

// rows[i] points to row_bytes readable bytes, the address that lane i gave; address_lanes() entries. With g = lane / 4 and
// t = lane % 4, byte j of register r of a lane is:
//   m8n8       row 8r + g, byte 4t + j;          m8n8.trans    row 8r + 2t + j / 2, byte 2g + j % 2
//   m8n16      row 8r + g, element 4t + j;       m16n16.trans  row 16 (r / 2) + 4t + j, element g + 8 (r % 2)
// Elements of the packed rows are 4 or 6 bits, lowest first, and come alone in the low bits of their byte.
void ldmatrix(const MatrixAccess& access, std::span<const std::byte* const> rows, std::span<LaneRegisters* const> d);

// The reverse; rows[i] points to row_bytes writable bytes. m16n8.trans: byte j of register r goes to row 8r + 2t + j % 2,
// byte g + 8 (j / 2). Where rows overlap PTX leaves the result open; here the higher register and lane stays.
void stmatrix(const MatrixAccess& access, std::span<std::byte* const> rows, std::span<const LaneRegisters* const> a);

// movmatrix.sync.aligned.m8n8.trans.b16; d may be a.
void movmatrix(const LaneRegisters& a, LaneRegisters& d);

}  // namespace attune::emulator
