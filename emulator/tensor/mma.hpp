// mma.sync of one warp: D = A * B + C on fragments spread over its lanes.
//
// Source: PTX ISA, "Warp-level matrix instructions: mma", "Matrix fragments for mma.m16n8kK", "Block scaling". Everything
// here is pure and may be called from any thread.
//
// Numbers. Products are exact. A floating result is the sum c + a0*b0 + a1*b1 + ... in that order in double, rounded once to
// the type of D (to nearest even; f32 or f16; f64 uses fused multiply-adds). The roundings inside double are 2^29 times
// finer than f32's, so the result is that of an exact sum but for ties of measure zero. Hardware aligns the products of a
// step to their largest exponent and cuts off what falls below two or three guard bits, then truncates: it differs from this
// by a few units in the last place of the largest addend, which PTX leaves open. Subnormals are kept. NaN results are
// canonical. With `fp8_short_accumulator` (Ada and Hopper on 8-bit floats with f32 accumulate) addends are cut off, toward
// zero, 13 bits below the leading bit of the largest of them, and so is the result. Block scaling multiplies each product by
// both scales, exactly, before it is added. Integer results wrap, or clamp with .satfinite, after an exact sum.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/result.hpp"
#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/registers.hpp"

namespace attune::emulator {

enum class MmaType : uint8_t { f16, bf16, tf32, f64, e4m3, e5m2, e2m1, e2m3, e3m2, s8, u8, s4, u4, b1, f32, s32 };

enum class MmaKind : uint8_t { plain, f8f6f4, mxf8f6f4, mxf4, mxf4nvf4 };

struct MmaInstruction {
  int m = 16, n = 8, k = 16;
  MmaType a = MmaType::f16, b = MmaType::f16, c = MmaType::f32, d = MmaType::f32;
  MmaKind kind = MmaKind::plain;
  bool satfinite = false;        // integers
  bool bit_and = false;          // b1: .and.popc; .xor.popc otherwise
  bool block_scaled = false;     //
  int scale_vectors = 0;         // 1, 2 or 4: scales per row of A along k
  Format scale = Format::ue8m0;  // ue8m0 or ue4m3

  // 32-bit registers per lane of each operand. f64 operands take two registers an element, low half first.
  int a_registers = 0, b_registers = 0, c_registers = 0, d_registers = 0;

  int64_t operations() const { return int64_t{2} * m * n * k; }  // a multiply and an add count as two
};

// The full opcode, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32".
// Status::unsupported: not a form the emulator knows; the message names the part.
Result<MmaInstruction> parse_mma(std::string_view opcode);

// The scale operands of block-scaled forms: a register and its selectors {byte-id, thread-id} for each of A and B.
struct MmaScales {
  const LaneRegisters* a = nullptr;
  const LaneRegisters* b = nullptr;
  int byte_a = 0, thread_a = 0;
  int byte_b = 0, thread_b = 0;
};
// Whether the selectors are in the range that PTX gives them for this instruction.
Result<void> check_scales(const MmaInstruction& instruction, const MmaScales& scales);

struct MmaOptions {
  bool fp8_short_accumulator = false;
};

// The spans have a_registers, b_registers, c_registers and d_registers entries; d may alias a, b or c. `scales` must be
// there for block-scaled forms and have passed check_scales().
void mma(const MmaInstruction& instruction, std::span<const LaneRegisters* const> a, std::span<const LaneRegisters* const> b,
         std::span<const LaneRegisters* const> c, std::span<LaneRegisters* const> d, const MmaOptions& options = {},
         const MmaScales* scales = nullptr);

}  // namespace attune::emulator
