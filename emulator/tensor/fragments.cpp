#include "emulator/tensor/fragments.hpp"

#include <array>
#include <bit>

#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/formats.hpp"

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

template <int kElements>
struct Lanes {  // the elements of one register, element-major
  alignas(64) float value[kElements][kWarpSize];
};

inline void widen(MmaType type, const LaneRegisters& source, Lanes<2>& lanes) {
  if (type == MmaType::f16) {
    for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[0][lane] = widen_f16(source[lane] & 0xffffu);
    for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[1][lane] = widen_f16(source[lane] >> 16);
  } else {
    for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[0][lane] = widen_bf16(source[lane] & 0xffffu);
    for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[1][lane] = widen_bf16(source[lane] >> 16);
  }
}
inline void widen(MmaType, const LaneRegisters& source, Lanes<1>& lanes) {
  for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[0][lane] = std::bit_cast<float>(source[lane] & 0xffffe000u);
}
inline void widen(MmaType type, const LaneRegisters& source, Lanes<4>& lanes) {
  const float* const table = byte_values(type);
  for (int e = 0; e < 4; ++e) {
    for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[e][lane] = table[(source[lane] >> (8 * e)) & 0xffu];
  }
}
inline void widen(MmaType type, const LaneRegisters& source, Lanes<8>& lanes) {  // e2m1 in nibbles
  const float* const table = byte_values(type);
  for (int e = 0; e < 8; ++e) {
    for (int lane = 0; lane < kWarpSize; ++lane) lanes.value[e][lane] = table[((source[lane] >> (4 * e)) & 0xfu) << 2];
  }
}

template <int kElements>
void unpack_elements(const MmaInstruction& instruction, Registers a, Registers b, MmaOperands<double>& operands) {
  Lanes<kElements> lanes;
  for (int r = 0; r < instruction.a_registers; ++r) {
    widen(instruction.a, *a[r], lanes);
    const int first_row = 8 * (r % 2), first_column = 4 * kElements * (r / 2);
    for (int g = 0; g < 8; ++g) {
      double* const row = operands.a[first_row + g] + first_column;
      for (int t = 0; t < 4; ++t) {
        for (int e = 0; e < kElements; ++e) row[kElements * t + e] = lanes.value[e][4 * g + t];
      }
    }
  }
  for (int r = 0; r < instruction.b_registers; ++r) {
    widen(instruction.b, *b[r], lanes);
    for (int t = 0; t < 4; ++t) {
      for (int e = 0; e < kElements; ++e) {
        double* const row = operands.b[4 * kElements * r + kElements * t + e];
        for (int g = 0; g < 8; ++g) row[g] = lanes.value[e][4 * g + t];
      }
    }
  }
}

void unpack_sums(const MmaInstruction& instruction, Registers c, MmaOperands<double>& operands) {
  if (instruction.c == MmaType::f32) {
    for (int i = 0; i < 4; ++i) {
      const LaneRegisters& source = *c[i];
      for (int lane = 0; lane < kWarpSize; ++lane) {
        operands.sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2] = std::bit_cast<float>(source[lane]);
      }
    }
    return;
  }
  for (int r = 0; r < 2; ++r) {
    const LaneRegisters& source = *c[r];
    for (int lane = 0; lane < kWarpSize; ++lane) {
      double* const pair = &operands.sum[lane / 4 + 8 * r][2 * (lane % 4)];
      pair[0] = widen_f16(source[lane] & 0xffffu);
      pair[1] = widen_f16(source[lane] >> 16);
    }
  }
}

// A's scales come from two lanes of each quad (row g, row g + 8), B's from one.
void apply_scales(const MmaInstruction& instruction, const MmaScales& scales, MmaOperands<double>& operands) {
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

std::array<float, 256> make_byte_values(Format format, int shift) {
  std::array<float, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) table[byte] = static_cast<float>(decode(format, byte >> shift));
  return table;
}

int32_t extract(MmaType type, uint32_t word, int e) {
  switch (type) {
    case MmaType::s8: return static_cast<int8_t>(word >> (8 * e));
    case MmaType::u8: return static_cast<uint8_t>(word >> (8 * e));
    case MmaType::s4: return static_cast<int32_t>(word << (28 - 4 * e)) >> 28;
    default: return static_cast<int32_t>((word >> (4 * e)) & 0xfu);
  }
}

}  // namespace

const float* byte_values(MmaType type) {
  // kind::f8f6f4 keeps e2m1 in the middle of its byte and e2m3, e3m2 in the lower six bits.
  static const std::array<float, 256> e4m3 = make_byte_values(Format::e4m3, 0), e5m2 = make_byte_values(Format::e5m2, 0),
                                      e2m3 = make_byte_values(Format::e2m3, 0), e3m2 = make_byte_values(Format::e3m2, 0),
                                      e2m1 = make_byte_values(Format::e2m1, 2);
  switch (type) {
    case MmaType::e4m3: return e4m3.data();
    case MmaType::e5m2: return e5m2.data();
    case MmaType::e2m3: return e2m3.data();
    case MmaType::e3m2: return e3m2.data();
    default: return e2m1.data();
  }
}

void unpack(const MmaInstruction& instruction, Registers a, Registers b, Registers c, const MmaScales* scales,
            MmaOperands<double>& operands) {
  if (instruction.a == MmaType::f16 || instruction.a == MmaType::bf16) {
    unpack_elements<2>(instruction, a, b, operands);
  } else if (instruction.a == MmaType::tf32) {
    unpack_elements<1>(instruction, a, b, operands);
  } else if (instruction.kind == MmaKind::mxf4 || instruction.kind == MmaKind::mxf4nvf4) {
    unpack_elements<8>(instruction, a, b, operands);
  } else {
    unpack_elements<4>(instruction, a, b, operands);
  }
  unpack_sums(instruction, c, operands);
  if (instruction.block_scaled) apply_scales(instruction, *scales, operands);
}

void unpack(const MmaInstruction& instruction, Registers a, Registers b, Registers c, MmaOperands<int32_t>& operands) {
  const bool bytes = instruction.a == MmaType::s8 || instruction.a == MmaType::u8;
  const int elements = bytes ? 4 : 8;
  const int halves = instruction.m / 8;
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const int g = lane / 4, t = lane % 4;
    for (int r = 0; r < instruction.a_registers; ++r) {
      int32_t* const row = operands.a[g + 8 * (r % halves)] + 4 * elements * (r / halves) + elements * t;
      for (int e = 0; e < elements; ++e) row[e] = extract(instruction.a, (*a[r])[lane], e);
    }
    for (int r = 0; r < instruction.b_registers; ++r) {
      for (int e = 0; e < elements; ++e) {
        operands.b[4 * elements * r + elements * t + e][g] = extract(instruction.b, (*b[r])[lane], e);
      }
    }
    for (int i = 0; i < instruction.c_registers; ++i) {
      operands.sum[g + 8 * (i / 2)][2 * t + i % 2] = static_cast<int32_t>((*c[i])[lane]);
    }
  }
}

void pack(const MmaInstruction& instruction, const MmaOperands<double>& operands, std::span<LaneRegisters* const> d) {
  if (instruction.d == MmaType::f32) {
    for (int i = 0; i < 4; ++i) {
      LaneRegisters& target = *d[i];
      for (int lane = 0; lane < kWarpSize; ++lane) {
        const auto value = static_cast<float>(operands.sum[lane / 4 + 8 * (i / 2)][2 * (lane % 4) + i % 2]);
        target[lane] = value != value ? kNanF32 : std::bit_cast<uint32_t>(value);
      }
    }
    return;
  }
  for (int r = 0; r < 2; ++r) {
    LaneRegisters& target = *d[r];
    for (int lane = 0; lane < kWarpSize; ++lane) {
      const double* const pair = &operands.sum[lane / 4 + 8 * r][2 * (lane % 4)];
      target[lane] = static_cast<uint32_t>(encode(Format::f16, pair[0]) | encode(Format::f16, pair[1]) << 16);
    }
  }
}

}  // namespace attune::emulator
