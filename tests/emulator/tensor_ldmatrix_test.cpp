// ldmatrix, stmatrix and movmatrix: index-valued rows through the layouts, and operands of mma loaded as kernels load them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/ldmatrix.hpp"
#include "emulator/tensor/mma.hpp"

namespace attune::emulator {
namespace {

MatrixAccess parsed(const std::string& opcode) {
  const Result<MatrixAccess> result = parse_matrix_access(opcode);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.value_or({});
}

struct Loaded {
  std::array<LaneRegisters, 4> registers{};
  std::array<LaneRegisters*, 4> pointers() { return {&registers[0], &registers[1], &registers[2], &registers[3]}; }
  std::array<const LaneRegisters*, 4> sources() const {
    return {&registers[0], &registers[1], &registers[2], &registers[3]};
  }
};

Loaded load(const MatrixAccess& access, const std::vector<const std::byte*>& rows) {
  Loaded result;
  for (LaneRegisters& one : result.registers) one.fill(0xdeadbeef);  // to see what was not written
  ldmatrix(access, rows, result.pointers());
  return result;
}

// 32 rows of eight 16-bit elements, element (row, column) = 256 * row + column; rows in memory are not in order.
struct Rows16 {
  Rows16() {
    for (size_t row = 0; row < 32; ++row) {
      for (size_t column = 0; column < 8; ++column)
        memory[(row * 7) % 32][column] = static_cast<uint16_t>(256 * row + column);
    }
  }
  std::vector<const std::byte*> pointers(int count) const {
    std::vector<const std::byte*> result;
    for (size_t row = 0; row < static_cast<size_t>(count); ++row) {
      result.push_back(reinterpret_cast<const std::byte*>(memory[(row * 7) % 32].data()));
    }
    return result;
  }
  alignas(16) std::array<std::array<uint16_t, 8>, 32> memory;
};

TEST(LoadMatrix, PlainAndTransposed16Bit) {
  const Rows16 rows;
  for (const int count : {1, 2, 4}) {
    for (const bool transpose : {false, true}) {
      const MatrixAccess access =
          parsed("ldmatrix.sync.aligned.m8n8.x" + std::to_string(count) + (transpose ? ".trans" : "") + ".shared.b16");
      EXPECT_EQ(access.registers, count);
      EXPECT_EQ(access.address_lanes(), 8 * count);
      const Loaded loaded = load(access, rows.pointers(8 * count));
      for (uint32_t matrix = 0; matrix < 4; ++matrix) {
        for (uint32_t lane = 0; lane < 32; ++lane) {
          const uint32_t word = loaded.registers[matrix][lane];
          if (matrix >= static_cast<uint32_t>(count)) {
            ASSERT_EQ(word, 0xdeadbeef) << "a register beyond the count was written";
            continue;
          }
          for (uint32_t half = 0; half < 2; ++half) {
            // PTX: a lane holds elements 2 * (lane % 4) and the next of row lane / 4; transposed, of column lane / 4.
            const uint32_t major = lane / 4, minor = 2 * (lane % 4) + half;
            const uint32_t row = 8 * matrix + (transpose ? minor : major), column = transpose ? major : minor;
            ASSERT_EQ((word >> (16 * half)) & 0xffffu, 256 * row + column) << lane;
          }
        }
      }
    }
  }
}

TEST(LoadMatrix, TransposedBytes) {
  alignas(16) std::array<std::array<uint8_t, 16>, 32> memory;
  std::vector<const std::byte*> rows;
  for (size_t row = 0; row < 32; ++row) {
    for (size_t column = 0; column < 16; ++column) memory[row][column] = static_cast<uint8_t>(16 * (row % 16) + column);
    rows.push_back(reinterpret_cast<const std::byte*>(memory[row].data()));
  }
  const MatrixAccess access = parsed("ldmatrix.sync.aligned.m16n16.x2.trans.shared::cta.b8");
  EXPECT_EQ(access.registers, 4);
  EXPECT_EQ(access.address_lanes(), 32);
  const Loaded loaded = load(access, rows);
  // What a B operand of an 8-bit mma wants of a [k][n] tile: four consecutive k of column lane / 4, and of column 8 + lane
  // / 4.
  for (uint32_t r = 0; r < 4; ++r) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      for (uint32_t j = 0; j < 4; ++j) {
        const uint32_t k = 4 * (lane % 4) + j, n = lane / 4 + 8 * (r % 2);
        ASSERT_EQ((loaded.registers[r][lane] >> (8 * j)) & 0xffu, 16 * k + n) << r << " " << lane << " " << j;
      }
    }
  }
}

TEST(LoadMatrix, PackedElementsGetBytesOfTheirOwn) {
  std::mt19937 random(1);
  for (const int bits : {4, 6}) {
    alignas(16) std::array<std::array<uint8_t, 16>, 32> memory{};
    std::array<std::array<uint32_t, 16>, 32> elements;
    std::vector<const std::byte*> rows;
    for (size_t row = 0; row < 32; ++row) {
      for (size_t e = 0; e < 16; ++e) {
        elements[row][e] = random() % (1u << bits);
        for (size_t b = 0; b < static_cast<size_t>(bits); ++b) {  // bit by bit: the oracle knows no words
          const size_t bit = e * static_cast<size_t>(bits) + b;
          memory[row][bit / 8] = static_cast<uint8_t>(memory[row][bit / 8] | ((elements[row][e] >> b) & 1u) << (bit % 8));
        }
      }
      for (size_t pad = static_cast<size_t>(2 * bits); pad < 16; ++pad) memory[row][pad] = 0xff;
      rows.push_back(reinterpret_cast<const std::byte*>(memory[row].data()));
    }
    const std::string type = bits == 4 ? ".b8x16.b4x16_p64" : ".b8x16.b6x16_p32";
    const Loaded plain = load(parsed("ldmatrix.sync.aligned.m8n16.x4.shared" + type), rows);
    const Loaded transposed = load(parsed("ldmatrix.sync.aligned.m16n16.x2.trans.shared" + type), rows);
    for (size_t r = 0; r < 4; ++r) {
      for (size_t lane = 0; lane < 32; ++lane) {
        for (size_t j = 0; j < 4; ++j) {
          const uint32_t got = (plain.registers[r][lane] >> (8 * j)) & 0xffu;
          ASSERT_EQ(got, elements[8 * r + lane / 4][4 * (lane % 4) + j]);
          const uint32_t flipped = (transposed.registers[r][lane] >> (8 * j)) & 0xffu;
          ASSERT_EQ(flipped, elements[16 * (r / 2) + 4 * (lane % 4) + j][lane / 4 + 8 * (r % 2)]);
        }
      }
    }
  }
}

TEST(StoreMatrix, UndoesTheLoad) {
  const Rows16 rows;
  for (const int count : {1, 2, 4}) {
    for (const char* transpose : {"", ".trans"}) {
      const std::string form = ".sync.aligned.m8n8.x" + std::to_string(count) + transpose + ".shared.b16";
      const Loaded loaded = load(parsed("ldmatrix" + form), rows.pointers(8 * count));
      alignas(16) std::array<std::array<uint16_t, 8>, 32> stored{};
      std::vector<std::byte*> targets;
      for (auto& row : stored) targets.push_back(reinterpret_cast<std::byte*>(row.data()));
      stmatrix(parsed("stmatrix" + form), targets, loaded.sources());
      for (size_t row = 0; row < 32; ++row) {
        for (size_t column = 0; column < 8; ++column) {
          const size_t expected = row < static_cast<size_t>(8 * count) ? 256 * row + column : 0;
          ASSERT_EQ(stored[row][column], expected);
        }
      }
    }
  }
}

TEST(StoreMatrix, TransposedBytesOfAccumulators) {
  // Accumulators of a 16x8 tile converted to bytes: rows g and g + 8, columns 2t and 2t + 1. The store writes columns.
  Loaded source;
  for (uint32_t matrix = 0; matrix < 4; ++matrix) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      uint32_t word = 0;
      for (uint32_t j = 0; j < 4; ++j) {
        const uint32_t m = lane / 4 + 8 * (j / 2), n = 2 * (lane % 4) + j % 2;
        word |= ((16 * n + m) ^ (matrix << 3)) << (8 * j);
      }
      source.registers[matrix][lane] = word;
    }
  }
  const MatrixAccess access = parsed("stmatrix.sync.aligned.m16n8.x4.trans.shared.b8");
  EXPECT_EQ(access.address_lanes(), 32);
  std::array<std::array<uint8_t, 16>, 32> stored{};
  std::vector<std::byte*> targets;
  for (auto& row : stored) targets.push_back(reinterpret_cast<std::byte*>(row.data()));
  stmatrix(access, targets, source.sources());
  for (uint32_t row = 0; row < 32; ++row) {
    for (uint32_t m = 0; m < 16; ++m) ASSERT_EQ(stored[row][m], (16 * (row % 8) + m) ^ ((row / 8) << 3));
  }
}

TEST(MoveMatrix, TransposesInPlace) {
  LaneRegisters a;
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t first = 8 * (lane / 4) + 2 * (lane % 4);  // row-major index of an 8x8 matrix
    a[lane] = first | (first + 1) << 16;
  }
  movmatrix(a, a);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t row = lane / 4, column = 2 * (lane % 4);
    EXPECT_EQ(a[lane], (8 * column + row) | (8 * (column + 1) + row) << 16);
  }
}

TEST(MatrixAccess, RefusesWhatPtxDoesNotHave) {
  for (const char* opcode :
       {"ldmatrix.sync.aligned.m8n8.x3.shared.b16", "ldmatrix.sync.aligned.m8n8.x4.shared.b8",
        "ldmatrix.sync.aligned.m16n16.x4.trans.shared.b8", "ldmatrix.sync.aligned.m16n16.x1.shared.b8",
        "stmatrix.sync.aligned.m16n8.x1.shared.b8", "ldmatrix.sync.aligned.m16n8.x1.trans.shared.b8",
        "ldmatrix.aligned.m8n8.x1.shared.b16", "ldmatrix.sync.aligned.m8n8.x1.global.b16",
        "ldmatrix.sync.aligned.m8n16.x1.trans.shared.b8x16.b4x16_p64", "ldmatrix.sync.aligned.m8n8.x12.shared.b16"}) {
    const Result<MatrixAccess> result = parse_matrix_access(opcode);
    ASSERT_FALSE(result.ok()) << opcode;
    EXPECT_THAT(result.error().message(), testing::HasSubstr(opcode));
  }
}

// Q [16][16] and K [8][16] row-major by ldmatrix, V [16][8] row-major by ldmatrix.trans: the operand fetches of attention.
TEST(LoadMatrix, FeedsMma) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> small(-8, 8);
  alignas(16) std::array<std::array<uint16_t, 16>, 16> q;
  alignas(16) std::array<std::array<uint16_t, 16>, 8> k;
  alignas(16) std::array<std::array<uint16_t, 8>, 16> v;
  const auto fill = [&](auto& matrix) {
    for (auto& row : matrix) {
      for (uint16_t& code : row) code = f16_from_f32(static_cast<float>(small(random)));
    }
  };
  fill(q), fill(k), fill(v);
  const auto value = [](uint16_t code) { return f32_from_f16(code); };

  std::vector<const std::byte*> q_rows, k_rows, v_rows;
  for (size_t lane = 0; lane < 32; ++lane) {  // lanes 0-15: rows 0-15, columns 0-7; lanes 16-31: the same rows, columns 8-15
    q_rows.push_back(reinterpret_cast<const std::byte*>(&q[lane % 16][8 * (lane / 16)]));
  }
  for (size_t lane = 0; lane < 16; ++lane) {
    k_rows.push_back(reinterpret_cast<const std::byte*>(&k[lane % 8][8 * (lane / 8)]));
    v_rows.push_back(reinterpret_cast<const std::byte*>(v[lane].data()));
  }
  const Loaded a = load(parsed("ldmatrix.sync.aligned.m8n8.x4.shared.b16"), q_rows);
  const Loaded b_of_k = load(parsed("ldmatrix.sync.aligned.m8n8.x2.shared.b16"), k_rows);
  const Loaded b_of_v = load(parsed("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16"), v_rows);

  const Result<MmaInstruction> instruction = parse_mma("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32");
  ASSERT_TRUE(instruction.ok());
  for (const bool with_v : {false, true}) {
    Loaded zero, d;
    const auto b = (with_v ? b_of_v : b_of_k).sources();
    mma(*instruction, a.sources(), std::span(b).first(2), zero.sources(), d.pointers());
    for (size_t lane = 0; lane < 32; ++lane) {
      for (size_t i = 0; i < 4; ++i) {
        const size_t row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
        float expected = 0;
        for (size_t j = 0; j < 16; ++j) expected += value(q[row][j]) * (with_v ? value(v[j][column]) : value(k[column][j]));
        ASSERT_EQ(std::bit_cast<float>(d.registers[i][lane]), expected) << with_v << " " << row << " " << column;
      }
    }
  }
}

}  // namespace
}  // namespace attune::emulator
