// wgmma: operands laid out in shared memory by tensor copies and by the formulas of the PTX ISA, against a plain product.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "emulator/numerics/formats.hpp"
#include "emulator/tensor/tensor_map.hpp"
#include "emulator/tensor/wgmma.hpp"
#include "tests/emulator/mma_case.hpp"

namespace attune::emulator {
namespace {

WgmmaInstruction parsed(const std::string& opcode) {
  const Result<WgmmaInstruction> result = parse_wgmma(opcode);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.value_or({});
}

// A matrix of codes of one type, row-major [rows][columns].
struct Matrix {
  int rows, columns;
  MmaType type;
  std::vector<uint32_t> codes;
  uint32_t& at(int row, int column) { return codes[static_cast<size_t>(row * columns + column)]; }
  double value(int row, int column) const {
    return oracle::value_of(type, MmaKind::plain, codes[static_cast<size_t>(row * columns + column)]);
  }
  int bytes() const { return oracle::type_of(type, MmaKind::plain).bits / 8; }
};

Matrix random_matrix(int rows, int columns, MmaType type, std::mt19937& random) {
  Matrix matrix{rows, columns, type, std::vector<uint32_t>(static_cast<size_t>(rows * columns))};
  const oracle::Type t = oracle::type_of(type, MmaKind::plain);
  for (uint32_t& code : matrix.codes) {
    const int small = static_cast<int>(random() % 13) - 6;
    code = t.is_float ? static_cast<uint32_t>(encode(t.format, small / 2.0)) : random() & 0xffu;
  }
  return matrix;
}

constexpr size_t kSharedBytes = 128 * 1024;

// Writes matrix[r][c] of `matrix` as rows of `major` elements in global memory, and copies it to shared memory by tiles of
// one swizzle span, as a kernel does with cp.async.bulk.tensor: column block after column block.
void copy_tiles(const Matrix& matrix, Swizzle swizzle, uint32_t shared_address, std::vector<std::byte>& shared) {
  const auto bytes = static_cast<uint32_t>(matrix.bytes());
  const auto columns = static_cast<uint32_t>(matrix.columns), rows = static_cast<uint32_t>(matrix.rows);
  std::vector<std::byte> storage(columns * rows * bytes + 16);
  auto* const global = reinterpret_cast<std::byte*>((reinterpret_cast<uint64_t>(storage.data()) + 15) / 16 * 16);
  for (size_t i = 0; i < matrix.codes.size(); ++i) std::memcpy(global + i * bytes, &matrix.codes[i], bytes);
  TensorMapRequest request;
  request.data_type = bytes == 1 ? 0 : bytes == 2 ? 6 : 7;
  request.rank = 2;
  request.address = reinterpret_cast<uint64_t>(global);
  request.dims = {columns, rows};
  request.strides_bytes = {columns * bytes};
  const uint32_t box = span_bytes(swizzle) / bytes;
  request.box = {box, rows};
  request.swizzle = static_cast<int>(swizzle);
  const Result<TensorMapImage> image = encode(request);
  ASSERT_TRUE(image.ok()) << image.error().message();
  const Result<TensorMap> map = decode_tensor_map(*image);
  ASSERT_TRUE(map.ok());
  std::vector<TileRun> runs;
  for (uint32_t block = 0; block * box < columns; ++block) {
    const int32_t coordinates[] = {static_cast<int32_t>(block * box), 0};
    tile_runs(*map, coordinates, shared_address + block * rows * span_bytes(swizzle), runs);
    for (const TileRun& run : runs) {
      ASSERT_LE(run.shared_address + run.bytes, shared.size());
      if (run.out_of_bounds) {
        std::memset(shared.data() + run.shared_address, 0, run.bytes);
      } else {
        std::memcpy(shared.data() + run.shared_address, reinterpret_cast<const std::byte*>(run.global_address), run.bytes);
      }
    }
  }
}

std::vector<std::byte> gather(const WgmmaInstruction& instruction, uint64_t descriptor, int rows, bool transposed,
                              const std::vector<std::byte>& shared) {
  const Result<WgmmaDescriptor> decoded = decode_wgmma_descriptor(descriptor);
  EXPECT_TRUE(decoded.ok());
  std::vector<uint32_t> addresses;
  wgmma_chunks(instruction, *decoded, rows, transposed, addresses);
  EXPECT_EQ(addresses.size() * 16, static_cast<size_t>(rows * 32));
  std::vector<std::byte> bytes(addresses.size() * 16);
  for (size_t i = 0; i < addresses.size(); ++i) {
    EXPECT_EQ(addresses[i] % 16, 0u);
    EXPECT_LE(addresses[i] + 16u, shared.size());
    std::memcpy(bytes.data() + 16 * i, shared.data() + addresses[i], 16);
  }
  return bytes;
}

// The operands of a warpgroup: A from shared memory or from registers, and B.
struct Group {
  std::vector<std::byte> a;
  std::array<std::array<const LaneRegisters*, 4>, 4> a_registers{};
  std::vector<std::byte> b;

  void gather_from(const WgmmaInstruction& instruction, const WgmmaModifiers& modifiers, const WgmmaDescriptor& a_descriptor,
                   const WgmmaDescriptor& b_descriptor, const std::vector<std::byte>& shared) {
    a = gather(instruction, encode_wgmma_descriptor(a_descriptor), 64, modifiers.transpose_a, shared);
    b = gather(instruction, encode_wgmma_descriptor(b_descriptor), instruction.n, modifiers.transpose_b, shared);
  }
};

// D of the warpgroup as a matrix [64][n] by the formula for its registers, and back.
struct Accumulators {
  explicit Accumulators(const WgmmaInstruction& given) : instruction(given) {
    for (auto& warp : registers) warp.resize(static_cast<size_t>(given.d_registers));
  }
  uint32_t read(int row, int column) const {
    const auto [warp, lane, r, shift] = place(row, column);
    const uint32_t word = registers[warp][r][lane];
    return instruction.d == MmaType::f16 ? (word >> shift) & 0xffffu : word;
  }
  void write(int row, int column, uint32_t code) {
    const auto [warp, lane, r, shift] = place(row, column);
    registers[warp][r][lane] |= code << shift;
  }
  void multiply(const WgmmaModifiers& modifiers, const Group& group) {
    WgmmaOperands operands;
    operands.a = group.a, operands.b = group.b;
    std::array<std::vector<LaneRegisters*>, 4> pointers;
    std::array<WarpTargets, 4> targets;
    for (size_t warp = 0; warp < 4; ++warp) {
      operands.a_registers[warp] = group.a_registers[warp];
      for (LaneRegisters& one : registers[warp]) pointers[warp].push_back(&one);
      targets[warp] = pointers[warp];
    }
    wgmma(instruction, modifiers, operands, targets);
  }

  WgmmaInstruction instruction;
  std::array<std::vector<LaneRegisters>, 4> registers;

 private:
  struct Place {
    size_t warp, lane, r;
    int shift;
  };
  // PTX: warp w has rows 16 w to 16 w + 15; of a lane, element i is in row lane / 4 + 8 ((i / 2) % 2), column
  // 8 (i / 4) + 2 (lane % 4) + i % 2.
  Place place(int row, int column) const {
    const int lane = 4 * (row % 8) + (column % 8) / 2;
    const int i = 4 * (column / 8) + 2 * ((row % 16) / 8) + column % 2;
    const bool half = instruction.d == MmaType::f16;
    return {static_cast<size_t>(row / 16), static_cast<size_t>(lane), static_cast<size_t>(half ? i / 2 : i),
            half ? 16 * (i % 2) : 0};
  }
};

void expect_product(const WgmmaInstruction& instruction, const WgmmaModifiers& modifiers, const Group& group,
                    const Matrix& a, const Matrix& b, int first_k) {  // a [64][K], b [n][K], columns first_k...
  Accumulators d(instruction);
  const auto start = [&](int row, int column) { return static_cast<double>((row * 7 + column * 3) % 11 - 5); };
  const MmaType type = instruction.d;
  for (int row = 0; row < 64; ++row) {
    for (int column = 0; column < instruction.n; ++column) {
      const double value = start(row, column);
      d.write(row, column,
              type == MmaType::s32   ? static_cast<uint32_t>(static_cast<int32_t>(value))
              : type == MmaType::f16 ? static_cast<uint32_t>(encode(Format::f16, value))
                                     : std::bit_cast<uint32_t>(static_cast<float>(value)));
    }
  }
  d.multiply(modifiers, group);
  for (int row = 0; row < 64; ++row) {
    for (int column = 0; column < instruction.n; ++column) {
      double sum = 0;
      for (int k = 0; k < instruction.k; ++k) sum += a.value(row, first_k + k) * b.value(column, first_k + k);
      sum = sum * modifiers.scale_a * modifiers.scale_b + (modifiers.scale_d ? start(row, column) : 0.0);
      ASSERT_EQ(oracle::value_of(type, MmaKind::plain, d.read(row, column)), sum) << row << ", " << column;
    }
  }
}

struct Form {
  const char* types;
  int k;
  Swizzle swizzle;
};
class KMajor : public testing::TestWithParam<Form> {};

// K-major operands as tensor copies leave them, with the offsets that kernels use: SBO of eight rows, the k-step added to
// the start address within the swizzled line.
TEST_P(KMajor, TilesOfTensorCopies) {
  const auto [types, k, swizzle] = GetParam();
  std::mt19937 random(3);
  for (const int n : {8, 64, 176, 256}) {
    const WgmmaInstruction instruction =
        parsed("wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) + "k" + std::to_string(k) + "." + types);
    const int columns = static_cast<int>(span_bytes(swizzle)) / 32 * k;  // one swizzled line
    const Matrix a = random_matrix(64, columns, instruction.a, random), b = random_matrix(n, columns, instruction.b, random);
    std::vector<std::byte> shared(kSharedBytes, std::byte{0xff});
    constexpr uint32_t kA = 2048, kB = 64 * 1024;
    copy_tiles(a, swizzle, kA, shared);
    copy_tiles(b, swizzle, kB, shared);
    for (int step = 0; step * k < columns; ++step) {
      const uint32_t advance = static_cast<uint32_t>(step) * 32;
      const uint32_t eight_rows = 8 * span_bytes(swizzle);
      Group group;
      group.gather_from(instruction, {}, {kA + advance, 16, eight_rows, swizzle}, {kB + advance, 16, eight_rows, swizzle},
                        shared);
      expect_product(instruction, {}, group, a, b, step * k);
    }
  }
}

std::vector<Form> k_major_forms() {
  std::vector<Form> forms;
  for (const Swizzle swizzle : {Swizzle::bytes_32, Swizzle::bytes_64, Swizzle::bytes_128}) {
    for (const auto& [types, k] :
         {std::pair("f32.f16.f16", 16), std::pair("f16.f16.f16", 16), std::pair("f32.bf16.bf16", 16),
          std::pair("f32.tf32.tf32", 8), std::pair("f32.e4m3.e5m2", 32), std::pair("f16.e5m2.e4m3", 32),
          std::pair("s32.s8.u8", 32), std::pair("s32.u8.s8", 32)}) {
      forms.push_back({types, k, swizzle});
    }
  }
  return forms;
}
INSTANTIATE_TEST_SUITE_P(Forms, KMajor, testing::ValuesIn(k_major_forms()), [](const auto& form) {
  std::string name = std::string(form.param.types) + "_swizzle" + std::to_string(span_bytes(form.param.swizzle));
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

// V as tokens x channels, 128-byte swizzle: column blocks of 64 channels, SBO 1024, LBO the distance of the blocks.
TEST(Wgmma, MnMajorTilesOfTensorCopies) {
  std::mt19937 random(4);
  constexpr int kTokens = 64;
  for (const Swizzle swizzle : {Swizzle::bytes_32, Swizzle::bytes_64, Swizzle::bytes_128}) {
    for (const int n : {64, 128, 256}) {
      const WgmmaInstruction instruction =
          parsed("wgmma.mma_async.sync.aligned.m64n" + std::to_string(n) + "k16.f32.bf16.bf16");
      const Matrix v = random_matrix(kTokens, n, MmaType::bf16, random);   // [token][channel]: B transposed
      const Matrix q = random_matrix(kTokens, 64, MmaType::bf16, random);  // [token][row]: A transposed
      Matrix a = random_matrix(64, kTokens, MmaType::bf16, random), b = random_matrix(n, kTokens, MmaType::bf16, random);
      for (int token = 0; token < kTokens; ++token) {
        for (int row = 0; row < 64; ++row) a.at(row, token) = q.codes[static_cast<size_t>(token * 64 + row)];
        for (int channel = 0; channel < n; ++channel)
          b.at(channel, token) = v.codes[static_cast<size_t>(token * n + channel)];
      }
      std::vector<std::byte> shared(kSharedBytes, std::byte{0xff});
      constexpr uint32_t kA = 0, kB = 32 * 1024;
      copy_tiles(q, swizzle, kA, shared);
      copy_tiles(v, swizzle, kB, shared);
      const uint32_t line = span_bytes(swizzle);
      for (int step = 0; step * 16 < kTokens; ++step) {
        const uint32_t advance = static_cast<uint32_t>(step) * 16 * line;
        const WgmmaDescriptor a_descriptor{kA + advance, kTokens * line, 8 * line, swizzle};
        const WgmmaDescriptor b_descriptor{kB + advance, kTokens * line, 8 * line, swizzle};
        constexpr WgmmaModifiers kTransposed{.transpose_a = true, .transpose_b = true};
        Group group;
        group.gather_from(instruction, kTransposed, a_descriptor, b_descriptor, shared);
        expect_product(instruction, kTransposed, group, a, b, step * 16);
      }
    }
  }
}

// Without a swizzle: core matrices of eight rows by 16 bytes lie anywhere on a grid of LBO and SBO.
TEST(Wgmma, CoreMatricesWithoutSwizzle) {
  std::mt19937 random(5);
  const WgmmaInstruction instruction = parsed("wgmma.mma_async.sync.aligned.m64n32k16.f32.f16.f16");
  const Matrix a = random_matrix(64, 16, MmaType::f16, random), b = random_matrix(32, 16, MmaType::f16, random);
  std::vector<std::byte> shared(kSharedBytes, std::byte{0xff});
  const auto put = [&](uint32_t address, uint32_t code) { std::memcpy(shared.data() + address, &code, 2); };
  constexpr uint32_t kA = 256, kALeading = 2048, kAStride = 144, kB = 16384, kBLeading = 160, kBStride = 1280;
  for (uint32_t row = 0; row < 64; ++row) {  // A K-major: LBO between the two halves of k, SBO between groups of eight rows
    for (uint32_t k = 0; k < 16; ++k) {
      put(kA + k / 8 * kALeading + row / 8 * kAStride + row % 8 * 16 + k % 8 * 2, a.codes[row * 16 + k]);
    }
  }
  for (uint32_t column = 0; column < 32;
       ++column) {  // B MN-major: SBO between groups of eight columns, LBO between those of k
    for (uint32_t k = 0; k < 16; ++k) {
      put(kB + k / 8 * kBLeading + column / 8 * kBStride + k % 8 * 16 + column % 8 * 2, b.codes[column * 16 + k]);
    }
  }
  Group group;
  group.gather_from(instruction, {.transpose_b = true}, {kA, kALeading, kAStride, Swizzle::none},
                    {kB, kBLeading, kBStride, Swizzle::none}, shared);
  expect_product(instruction, {.transpose_b = true}, group, a, b, 0);
  expect_product(instruction, {.scale_d = false, .scale_a = -1, .transpose_b = true}, group, a, b, 0);
  expect_product(instruction, {.scale_b = -1, .transpose_b = true}, group, a, b, 0);
  expect_product(instruction, {.scale_a = -1, .scale_b = -1, .transpose_b = true}, group, a, b, 0);
}

TEST(Wgmma, AFromRegisters) {
  std::mt19937 random(6);
  for (const auto& [types, k] : {std::pair("f32.f16.f16", 16), std::pair("f32.tf32.tf32", 8), std::pair("f32.e4m3.e4m3", 32),
                                 std::pair("s32.s8.s8", 32)}) {
    const WgmmaInstruction instruction = parsed("wgmma.mma_async.sync.aligned.m64n16k" + std::to_string(k) + "." + types);
    const Matrix a = random_matrix(64, k, instruction.a, random), b = random_matrix(16, k, instruction.b, random);
    const int bits = oracle::type_of(instruction.a, MmaKind::plain).bits;
    std::array<std::array<LaneRegisters, 4>, 4> registers{};
    std::array<std::array<const LaneRegisters*, 4>, 4> pointers;
    for (size_t warp = 0; warp < 4; ++warp) {
      for (int lane = 0; lane < 32; ++lane) {
        for (int e = 0; e < 128 / bits; ++e) {
          const oracle::Cell cell = oracle::a_cell(bits, k, lane, e);
          const uint32_t code = a.codes[(16 * warp + static_cast<size_t>(cell.row)) * static_cast<size_t>(k) +
                                        static_cast<size_t>(cell.column)];
          registers[warp][static_cast<size_t>(e * bits / 32)][static_cast<size_t>(lane)] |= code << (e * bits % 32);
        }
      }
      for (size_t r = 0; r < 4; ++r) pointers[warp][r] = &registers[warp][r];
    }
    std::vector<std::byte> b_bytes(16 * 32);
    for (size_t i = 0; i < b.codes.size(); ++i) {
      std::memcpy(b_bytes.data() + i * static_cast<size_t>(bits / 8), &b.codes[i], static_cast<size_t>(bits / 8));
    }
    Group group;
    group.a_registers = pointers;
    group.b = b_bytes;
    expect_product(instruction, {}, group, a, b, 0);
  }
}

TEST(Wgmma, Bits) {
  std::mt19937 random(8);
  const WgmmaInstruction instruction = parsed("wgmma.mma_async.sync.aligned.m64n24k256.s32.b1.b1.and.popc");
  std::vector<std::byte> a(64 * 32), b(24 * 32);
  for (std::byte& one : a) one = static_cast<std::byte>(random());
  for (std::byte& one : b) one = static_cast<std::byte>(random());
  Group group;
  group.a = a;
  group.b = b;
  Accumulators d(instruction);
  d.write(5, 3, 1000);
  d.multiply({}, group);
  for (int row = 0; row < 64; ++row) {
    for (int column = 0; column < 24; ++column) {
      uint32_t sum = row == 5 && column == 3 ? 1000 : 0;
      for (int byte = 0; byte < 32; ++byte) {
        const auto both = a[static_cast<size_t>(32 * row + byte)] & b[static_cast<size_t>(32 * column + byte)];
        sum += static_cast<uint32_t>(std::popcount(std::to_integer<uint8_t>(both)));
      }
      ASSERT_EQ(d.read(row, column), sum);
    }
  }
}

TEST(Wgmma, DescriptorsAndRefusals) {
  const uint64_t word = uint64_t{1} << 62 | uint64_t{64} << 32 | uint64_t{1} << 16 | 0x80;  // as the hardware's table has it
  const Result<WgmmaDescriptor> descriptor = decode_wgmma_descriptor(word);
  ASSERT_TRUE(descriptor.ok());
  EXPECT_EQ(descriptor->start, 0x800u);
  EXPECT_EQ(descriptor->leading_bytes, 16u);
  EXPECT_EQ(descriptor->stride_bytes, 1024u);
  EXPECT_EQ(descriptor->swizzle, Swizzle::bytes_128);
  EXPECT_EQ(encode_wgmma_descriptor(*descriptor), word);
  EXPECT_EQ(decode_wgmma_descriptor(uint64_t{2} << 62)->swizzle, Swizzle::bytes_64);
  EXPECT_EQ(decode_wgmma_descriptor(uint64_t{3} << 62)->swizzle, Swizzle::bytes_32);
  EXPECT_FALSE(decode_wgmma_descriptor(word | uint64_t{1} << 49).ok());
  for (const char* opcode :
       {"wgmma.mma_async.sync.aligned.m64n12k16.f32.f16.f16", "wgmma.mma_async.sync.aligned.m64n264k16.f32.f16.f16",
        "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.bf16", "wgmma.mma_async.sync.aligned.m64n8k32.f32.f16.f16",
        "wgmma.mma_async.sync.aligned.m64n8k16.f16.bf16.bf16", "wgmma.mma_async.sync.aligned.m64n40k32.s32.s8.s8",
        "wgmma.mma_async.sync.aligned.m64n8k16.satfinite.f32.f16.f16",
        "wgmma.mma_async.sp.sync.aligned.m64n8k32.f32.f16.f16", "wgmma.mma_async.sync.aligned.m64n8k256.s32.b1.b1",
        "wgmma.mma_async.sync.aligned.m64n8k16"}) {
    const Result<WgmmaInstruction> result = parse_wgmma(opcode);
    ASSERT_FALSE(result.ok()) << opcode;
    EXPECT_THAT(result.error().message(), testing::HasSubstr(opcode));
  }
}

}  // namespace
}  // namespace attune::emulator
