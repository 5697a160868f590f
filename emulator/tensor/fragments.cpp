#include "emulator/tensor/fragments.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>

#include "emulator/numerics/formats.hpp"
#include "emulator/numerics/integers.hpp"

namespace attune::emulator {
namespace {

using Registers = std::span<const LaneRegisters* const>;

// Branch-free forms of f32_from_f16 and f32_from_bf16, for loops over lanes that the compiler makes into vectors. NaNs keep
// their payload: only the packed result needs to be canonical.
inline float widen_f16(uint32_t code) {
  const uint32_t magnitude = (code & 0x7fffu) << 13;
  const uint32_t normal = magnitude + 0x38000000u + (magnitude >= 0x0f800000u ? 0x38000000u : 0u);
  const float subnormal = std::bit_cast<float>(magnitude + 0x38800000u) - std::bit_cast<float>(0x38800000u);
  const uint32_t bits = magnitude < 0x00800000u ? std::bit_cast<uint32_t>(subnormal) : normal;
  return std::bit_cast<float>(bits | (code & 0x8000u) << 16);
}
inline float widen_bf16(uint32_t code) { return std::bit_cast<float>(code << 16); }

// What a byte stands for. kind::f8f6f4 keeps e2m1 in the middle of its byte, and e2m3 and e3m2 in the lower six bits.
double byte_value(MmaType type, uint32_t byte) {
  switch (type) {
    case MmaType::e4m3: return decode(Format::e4m3, byte);
    case MmaType::e5m2: return decode(Format::e5m2, byte);
    case MmaType::e2m3: return decode(Format::e2m3, byte);
    case MmaType::e3m2: return decode(Format::e3m2, byte);
    case MmaType::e2m1: return decode(Format::e2m1, byte >> 2);
    case MmaType::s8: return static_cast<int8_t>(byte);
    default: return byte;
  }
}

double nibble_value(MmaType type, uint32_t nibble) {
  switch (type) {
    case MmaType::e2m1: return decode(Format::e2m1, nibble);
    case MmaType::s4: return static_cast<int>(nibble ^ 8u) - 8;
    default: return nibble;
  }
}

template <size_t kCodes, double (*value)(MmaType, uint32_t)>
const double* table_of(MmaType type) {
  constexpr auto kTypes = static_cast<size_t>(MmaType::s32) + 1;
  static const auto tables = [] {
    std::array<std::array<double, kCodes>, kTypes> all{};
    for (size_t t = 0; t < kTypes; ++t) {
      for (uint32_t code = 0; code < kCodes; ++code) all[t][code] = value(static_cast<MmaType>(t), code);
    }
    return all;
  }();
  return tables[static_cast<size_t>(type)].data();
}

// One register of four neighbouring lanes holds 16 bytes of consecutive elements of a row of A, or of a column of B.
inline void widen(MmaType type, const uint32_t* lanes, double (&values)[4]) {
  (void)type;  // tf32
  for (int t = 0; t < 4; ++t) values[t] = std::bit_cast<float>(lanes[t] & 0xffffe000u);
}
inline void widen(MmaType type, const uint32_t* lanes, double (&values)[8]) {
  uint16_t codes[8];
  for (int e = 0; e < 8; ++e) codes[e] = static_cast<uint16_t>(lanes[e / 2] >> (16 * (e % 2)));
  if (type == MmaType::f16) {
    for (int e = 0; e < 8; ++e) values[e] = widen_f16(codes[e]);
  } else {
    for (int e = 0; e < 8; ++e) values[e] = widen_bf16(codes[e]);
  }
}
inline void widen(MmaType type, const uint32_t* lanes, double (&values)[16]) {
  const double* const table = table_of<256, byte_value>(type);
  for (int e = 0; e < 16; ++e) values[e] = table[(lanes[e / 4] >> (8 * (e % 4))) & 0xffu];
}
inline void widen(MmaType type, const uint32_t* lanes, double (&values)[32]) {
  const double* const table = table_of<16, nibble_value>(type);
  for (int e = 0; e < 32; ++e) values[e] = table[(lanes[e / 8] >> (4 * (e % 8))) & 0xfu];
}

template <int kSegment>
void unpack_rows(const MmaInstruction& instruction, Registers a, MmaOperands& operands) {
  double values[kSegment];
  const int halves = instruction.m / 8;
  for (int r = 0; r < instruction.a_registers; ++r) {
    for (int g = 0; g < 8; ++g) {
      widen(instruction.a, a[r]->data() + 4 * g, values);
      std::copy_n(values, kSegment, operands.a[g + 8 * (r % halves)] + kSegment * (r / halves));
    }
  }
}

template <int kSegment>
void unpack_columns(const MmaInstruction& instruction, Registers b, MmaOperands& operands) {
  double values[kSegment];
  for (int r = 0; r < instruction.b_registers; ++r) {
    for (int g = 0; g < 8; ++g) {
      widen(instruction.b, b[r]->data() + 4 * g, values);
      for (int e = 0; e < kSegment; ++e) operands.b[kSegment * r + e][g] = values[e];
    }
  }
}

// Calls `visit` with the number of elements in 16 bytes, as a constant.
template <class Visit>
void with_segment(MmaType type, bool nibbles, Visit visit) {
  if (type == MmaType::tf32) return visit(std::integral_constant<int, 4>());
  if (type == MmaType::f16 || type == MmaType::bf16) return visit(std::integral_constant<int, 8>());
  if (nibbles) return visit(std::integral_constant<int, 32>());
  return visit(std::integral_constant<int, 16>());
}

bool has_nibbles(const MmaInstruction& instruction) {
  return instruction.kind == MmaKind::mxf4 || instruction.kind == MmaKind::mxf4nvf4 || instruction.a == MmaType::s4 ||
         instruction.a == MmaType::u4;
}

void unpack_sums(const MmaInstruction& instruction, Registers c, MmaOperands& operands) {
  if (instruction.c == MmaType::f16) {
    for (int r = 0; r < instruction.c_registers; ++r) {
      const LaneRegisters& source = *c[r];
      for (int lane = 0; lane < kWarpSize; ++lane) {
        double* const pair = &operands.sum[lane / 4 + 8 * r][2 * (lane % 4)];
        pair[0] = widen_f16(source[lane] & 0xffffu);
        pair[1] = widen_f16(source[lane] >> 16);
      }
    }
    return;
  }
  for (int i = 0; i < instruction.c_registers; ++i) {
    const LaneRegisters& source = *c[i];
    for (int lane = 0; lane < kWarpSize; ++lane) {
      double& target = operands.sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2];
      target = instruction.c == MmaType::s32 ? static_cast<double>(static_cast<int32_t>(source[lane]))
                                             : static_cast<double>(std::bit_cast<float>(source[lane]));
    }
  }
}

// A's scales come from two lanes of each quad (row g, row g + 8), B's from one.
void apply_scales(const MmaInstruction& instruction, const MmaScales& scales, MmaOperands& operands) {
  const int block = instruction.k / instruction.scale_vectors;
  for (int v = 0; v < instruction.scale_vectors; ++v) {
    for (int row = 0; row < instruction.m; ++row) {
      const uint32_t word = (*scales.a)[4 * (row % 8) + 2 * scales.thread_a + row / 8];
      const double scale = decode(instruction.scale, (word >> (8 * (scales.byte_a + v))) & 0xffu);
      for (int k = v * block; k < (v + 1) * block; ++k) operands.a[row][k] *= scale;
    }
    for (int column = 0; column < kMmaColumns; ++column) {
      const uint32_t word = (*scales.b)[4 * column + scales.thread_b];
      const double scale = decode(instruction.scale, (word >> (8 * (scales.byte_b + v))) & 0xffu);
      for (int k = v * block; k < (v + 1) * block; ++k) operands.b[k][column] *= scale;
    }
  }
}

}  // namespace

void unpack(const MmaInstruction& instruction, Registers a, Registers b, Registers c, const MmaScales* scales,
            MmaOperands& operands) {
  with_segment(instruction.a, has_nibbles(instruction), [&](auto segment) {
    unpack_rows<decltype(segment)::value>(instruction, a, operands);
    unpack_columns<decltype(segment)::value>(instruction, b, operands);
  });
  unpack_sums(instruction, c, operands);
  if (instruction.block_scaled) apply_scales(instruction, *scales, operands);
}

void pack(const MmaInstruction& instruction, const MmaOperands& operands, std::span<LaneRegisters* const> d) {
  if (instruction.d == MmaType::f16) {
    for (int r = 0; r < instruction.d_registers; ++r) {
      LaneRegisters& target = *d[r];
      for (int lane = 0; lane < kWarpSize; ++lane) {
        const double* const pair = &operands.sum[lane / 4 + 8 * r][2 * (lane % 4)];
        target[lane] = static_cast<uint32_t>(f16_from_f64(pair[0])) | static_cast<uint32_t>(f16_from_f64(pair[1])) << 16;
      }
    }
    return;
  }
  for (int i = 0; i < instruction.d_registers; ++i) {
    LaneRegisters& target = *d[i];
    for (int lane = 0; lane < kWarpSize; ++lane) {
      const double sum = operands.sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2];
      if (instruction.d == MmaType::s32) {
        target[lane] = instruction.satfinite
                           ? static_cast<uint32_t>(integer_from_float(sum, IntegerRounding::zero, {32, true}))
                           : static_cast<uint32_t>(static_cast<int64_t>(sum));
      } else {
        const auto value = static_cast<float>(sum);
        target[lane] = value != value ? kNanF32 : std::bit_cast<uint32_t>(value);
      }
    }
  }
}

}  // namespace attune::emulator
