// One mma under test: matrices of codes, spread over registers by the oracle's formulas, and the result gathered the same
// way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/mma.hpp"
#include "tests/emulator/fragment_oracle.hpp"

namespace attune::emulator::oracle {

struct Type {
  int bits = 0;   // in a register
  int shift = 0;  // of the code within those bits
  bool is_float = true;
  Format format = Format::f32;
};

inline Type type_of(MmaType type, MmaKind kind) {
  const bool narrow_fp4 = kind == MmaKind::mxf4 || kind == MmaKind::mxf4nvf4;
  switch (type) {
    case MmaType::f16: return {16, 0, true, Format::f16};
    case MmaType::bf16: return {16, 0, true, Format::bf16};
    case MmaType::tf32: return {32, 0, true, Format::tf32};
    case MmaType::e4m3: return {8, 0, true, Format::e4m3};
    case MmaType::e5m2: return {8, 0, true, Format::e5m2};
    case MmaType::e2m3: return {8, 0, true, Format::e2m3};
    case MmaType::e3m2: return {8, 0, true, Format::e3m2};
    case MmaType::e2m1: return narrow_fp4 ? Type{4, 0, true, Format::e2m1} : Type{8, 2, true, Format::e2m1};
    case MmaType::s8:
    case MmaType::u8: return {8, 0, false, Format::f32};
    case MmaType::s4:
    case MmaType::u4: return {4, 0, false, Format::f32};
    case MmaType::b1: return {1, 0, false, Format::f32};
    case MmaType::s32: return {32, 0, false, Format::f32};
    default: return {32, 0, true, Format::f32};
  }
}

// The number that a code stands for.
inline double value_of(MmaType type, MmaKind kind, uint32_t code) {
  switch (type) {
    case MmaType::s8: return static_cast<int8_t>(code);
    case MmaType::s4: return static_cast<int>(code ^ 8u) - 8;
    case MmaType::u8:
    case MmaType::u4:
    case MmaType::b1: return code;
    case MmaType::s32: return static_cast<int32_t>(code);
    default: return decode(type_of(type, kind).format, code);
  }
}

struct MmaCase {
  explicit MmaCase(const MmaInstruction& given)
      : instruction(given),
        a(static_cast<size_t>(given.m * given.k)),
        b(static_cast<size_t>(given.k * given.n)),
        c(static_cast<size_t>(given.m * given.n)) {}

  MmaInstruction instruction;
  std::vector<uint32_t> a, b, c;  // codes, row-major [m][k], [k][n], [m][n]

  // The codes of D.
  std::vector<uint32_t> run(const MmaOptions& options = {}, const MmaScales* scales = nullptr) const {
    const MmaInstruction& i = instruction;
    std::vector<LaneRegisters> ra(static_cast<size_t>(i.a_registers)), rb(static_cast<size_t>(i.b_registers)),
        rc(static_cast<size_t>(i.c_registers)), rd(static_cast<size_t>(i.d_registers));
    const Type ta = type_of(i.a, i.kind), tb = type_of(i.b, i.kind);
    const int c_bits = i.c == MmaType::f16 ? 16 : 32, d_bits = i.d == MmaType::f16 ? 16 : 32;
    for (int lane = 0; lane < kWarpSize; ++lane) {
      for (int e = 0; e < i.m * i.k / kWarpSize; ++e) {
        const Cell at = a_cell(ta.bits, i.k, lane, e);
        place(ra, lane, e, ta.bits, a[static_cast<size_t>(at.row * i.k + at.column)] << ta.shift);
      }
      for (int e = 0; e < i.n * i.k / kWarpSize; ++e) {
        const Cell at = b_cell(tb.bits, i.k, lane, e);
        place(rb, lane, e, tb.bits, b[static_cast<size_t>(at.row * i.n + at.column)] << tb.shift);
      }
      for (int e = 0; e < 4; ++e) {
        const Cell at = c_cell(lane, e);
        place(rc, lane, e, c_bits, c[static_cast<size_t>(at.row * i.n + at.column)]);
      }
    }
    const auto sources = [](const std::vector<LaneRegisters>& registers) {
      std::vector<const LaneRegisters*> pointers;
      for (const LaneRegisters& one : registers) pointers.push_back(&one);
      return pointers;
    };
    std::vector<LaneRegisters*> targets;
    for (LaneRegisters& one : rd) targets.push_back(&one);
    mma(i, sources(ra), sources(rb), sources(rc), targets, options, scales);

    std::vector<uint32_t> d(static_cast<size_t>(i.m * i.n));
    for (int lane = 0; lane < kWarpSize; ++lane) {
      for (int e = 0; e < 4; ++e) {
        const Cell at = c_cell(lane, e);
        const uint32_t word = rd[static_cast<size_t>(e * d_bits / 32)][static_cast<size_t>(lane)];
        d[static_cast<size_t>(at.row * i.n + at.column)] = d_bits == 16 ? (word >> (16 * (e % 2))) & 0xffffu : word;
      }
    }
    return d;
  }

  double a_value(int row, int k) const {
    return value_of(instruction.a, instruction.kind, a[static_cast<size_t>(row * instruction.k + k)]);
  }
  double b_value(int k, int column) const {
    return value_of(instruction.b, instruction.kind, b[static_cast<size_t>(k * instruction.n + column)]);
  }
  double c_value(int row, int column) const {
    return value_of(instruction.c, instruction.kind, c[static_cast<size_t>(row * instruction.n + column)]);
  }

 private:
  // Element e of a lane's fragment: elements fill registers from the low bits up.
  static void place(std::vector<LaneRegisters>& registers, int lane, int e, int bits, uint32_t code) {
    registers[static_cast<size_t>(e * bits / 32)][static_cast<size_t>(lane)] |= code << (e * bits % 32);
  }
};

}  // namespace attune::emulator::oracle
