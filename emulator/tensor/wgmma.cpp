#include "emulator/tensor/wgmma.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include "emulator/tensor/fragments.hpp"
#include "emulator/tensor/multiply.hpp"
#include "emulator/tensor/opcode.hpp"

namespace attune::emulator {
namespace {

constexpr int kChunkBytes = 16;
constexpr int kRowBytes = 32;  // of every type along K

Error unsupported(std::string_view opcode, std::string_view what) {
  return {Status::unsupported, "The emulator does not know the form " + std::string(opcode) + ": " + std::string(what) +
                                   ". Use a form that PTX lists for wgmma.mma_async."};
}

int depth_of(MmaType type) {
  switch (type) {
    case MmaType::f16:
    case MmaType::bf16: return 16;
    case MmaType::tf32: return 8;
    case MmaType::e4m3:
    case MmaType::e5m2:
    case MmaType::s8:
    case MmaType::u8: return 32;
    case MmaType::b1: return 256;
    default: return 0;
  }
}

bool is_f8(MmaType type) { return type == MmaType::e4m3 || type == MmaType::e5m2; }
bool is_byte_integer(MmaType type) { return type == MmaType::s8 || type == MmaType::u8; }

std::string_view misfit(const WgmmaInstruction& i) {
  const bool pair = i.a == i.b || (is_f8(i.a) && is_f8(i.b)) || (is_byte_integer(i.a) && is_byte_integer(i.b));
  if (!pair || depth_of(i.a) == 0) return "A and B have types that are not multiplied with each other";
  if (i.k != depth_of(i.a)) return "k does not fit the types";
  if (i.n < 8 || i.n > 256 || i.n % 8 != 0) return "n must be a multiple of 8 up to 256";
  if (is_byte_integer(i.a) || i.a == MmaType::b1) {
    if (i.n % 16 != 0 && i.n != 8 && i.n != 24) return "n must be 8, 24 or a multiple of 16 for integers";
    return i.d == MmaType::s32 ? "" : "D must be s32";
  }
  if (i.d == MmaType::f16) return i.a == MmaType::f16 || is_f8(i.a) ? "" : "D must be f32";
  return i.d == MmaType::f32 ? "" : "D must be f32 or f16";
}

// "m64n128k16" -> n and k.
bool parse_shape(std::string_view part, WgmmaInstruction& result) {
  if (!part.starts_with("m64n")) return false;
  const char* const end = part.data() + part.size();
  const auto n = std::from_chars(part.data() + 4, end, result.n);
  if (n.ec != std::errc() || n.ptr == end || *n.ptr != 'k') return false;
  const auto k = std::from_chars(n.ptr + 1, end, result.k);
  return k.ec == std::errc() && k.ptr == end;
}

// The m16n8 tile of one warp as an mma, for the functions that pack and unpack it.
MmaInstruction tile_of(const WgmmaInstruction& instruction) {
  MmaInstruction tile;
  tile.k = instruction.k;
  tile.a = instruction.a, tile.b = instruction.b, tile.c = tile.d = instruction.d;
  tile.satfinite = instruction.satfinite;
  tile.a_registers = WgmmaInstruction::a_registers;
  tile.c_registers = tile.d_registers = instruction.d == MmaType::f16 ? 2 : 4;
  return tile;
}

// Rows [first, first + 16) of A from the bytes of its chunks.
void unpack_a(const WgmmaInstruction& instruction, std::span<const std::byte> bytes, bool transposed, int first,
              MmaOperands& operands) {
  double values[32];
  if (!transposed) {
    const int per_chunk = instruction.k / 2;
    for (int row = 0; row < kMaxMmaRows; ++row) {
      for (int c = 0; c < 2; ++c) {
        widen_chunk(instruction.a, bytes.data() + (first + row) * kRowBytes + c * kChunkBytes, values);
        std::copy_n(values, per_chunk, operands.a[row] + c * per_chunk);
      }
    }
    return;
  }
  for (int k = 0; k < instruction.k; ++k) {
    for (int c = 0; c < 2; ++c) {
      widen_chunk(instruction.a, bytes.data() + (k * WgmmaInstruction::m + first + 8 * c) * 2, values);
      for (int row = 0; row < 8; ++row) operands.a[8 * c + row][k] = values[row];
    }
  }
}

// Eight columns of B.
void unpack_b(const WgmmaInstruction& instruction, std::span<const std::byte> bytes, bool transposed, int first,
              double (*b)[kMmaColumns]) {
  double values[32];
  if (transposed) {
    for (int k = 0; k < instruction.k; ++k) {
      widen_chunk(instruction.b, bytes.data() + (k * instruction.n + first) * 2, values);
      std::copy_n(values, kMmaColumns, b[k]);
    }
    return;
  }
  const int per_chunk = instruction.k / 2;
  for (int column = 0; column < kMmaColumns; ++column) {
    for (int c = 0; c < 2; ++c) {
      widen_chunk(instruction.b, bytes.data() + (first + column) * kRowBytes + c * kChunkBytes, values);
      for (int e = 0; e < per_chunk; ++e) b[c * per_chunk + e][column] = values[e];
    }
  }
}

// One bit an element, .and.popc: rows of A and of B are 32 bytes.
void multiply_bits(const WgmmaInstruction& instruction, const WgmmaModifiers& modifiers, const WgmmaOperands& operands,
                   int warp, WarpTargets d) {
  const auto word = [](std::span<const std::byte> bytes, int row, int index) {
    uint32_t result;
    std::memcpy(&result, bytes.data() + row * kRowBytes + 4 * index, 4);
    return result;
  };
  for (int r = 0; r < instruction.d_registers; ++r) {
    for (int lane = 0; lane < kWarpSize; ++lane) {
      const int half = (r / 2) % 2, row = 16 * warp + lane / 4 + 8 * half, column = 8 * (r / 4) + 2 * (lane % 4) + r % 2;
      uint32_t sum = modifiers.scale_d ? (*d[r])[lane] : 0;
      for (int w = 0; w < 8; ++w) {
        // In registers word w of a row is with lane w % 4 of its group, register 2 (w / 4) + half.
        const uint32_t a = operands.a.empty() ? (*operands.a_registers[warp][2 * (w / 4) + half])[4 * (lane / 4) + w % 4]
                                              : word(operands.a, row, w);
        sum += static_cast<uint32_t>(std::popcount(a & word(operands.b, column, w)));
      }
      (*d[r])[lane] = sum;
    }
  }
}

}  // namespace

Result<WgmmaInstruction> parse_wgmma(std::string_view opcode) {
  constexpr std::string_view kPrefix = "wgmma.mma_async.sync.aligned.";
  if (!opcode.starts_with(kPrefix)) return unsupported(opcode, "it does not begin with wgmma.mma_async.sync.aligned");
  WgmmaInstruction result;
  std::vector<MmaType> types;
  bool shaped = false, bit_and = false, popc = false;
  for (const std::string_view part : split_opcode(opcode.substr(kPrefix.size()))) {
    if (!shaped && parse_shape(part, result)) {
      shaped = true;
    } else if (const MmaType* type = mma_type(part)) {
      types.push_back(*type);
    } else if (part == "satfinite") {
      result.satfinite = true;
    } else if (part == "and") {
      bit_and = true;
    } else if (part == "popc") {
      popc = true;
    } else {
      return unsupported(opcode, "." + std::string(part) + " is not known or not in its place");
    }
  }
  if (!shaped || types.size() != 3) return unsupported(opcode, "it needs a shape m64nNkK and the types of D, A and B");
  result.d = types[0], result.a = types[1], result.b = types[2];
  if (const std::string_view what = misfit(result); !what.empty()) return unsupported(opcode, what);
  if ((result.a == MmaType::b1) != (bit_and && popc)) return unsupported(opcode, ".and.popc belongs to b1");
  if (result.satfinite && !is_byte_integer(result.a)) return unsupported(opcode, ".satfinite belongs to s8 and u8");
  result.d_registers = result.d == MmaType::f16 ? result.n / 4 : result.n / 2;
  return result;
}

Result<WgmmaDescriptor> decode_wgmma_descriptor(uint64_t descriptor) {
  constexpr Swizzle kModes[] = {Swizzle::none, Swizzle::bytes_128, Swizzle::bytes_64, Swizzle::bytes_32};
  const auto field = [&](int bit) { return static_cast<uint32_t>((descriptor >> bit) & 0x3fffu) << 4; };
  if (((descriptor >> 49) & 7u) != 0) {
    return Error(Status::unsupported,
                 "A wgmma descriptor has base offset " + std::to_string((descriptor >> 49) & 7u) +
                     ", which is not emulated; align the tile to its swizzle's pattern (1024, 512 or 256 "
                     "bytes) and leave the offset 0.");
  }
  return WgmmaDescriptor{field(0), field(16), field(32), kModes[descriptor >> 62]};
}

uint64_t encode_wgmma_descriptor(const WgmmaDescriptor& descriptor) {
  constexpr uint64_t kModes[] = {0, 3, 2, 1};
  const auto field = [](uint32_t bytes) { return uint64_t{(bytes >> 4) & 0x3fffu}; };
  return field(descriptor.start) | field(descriptor.leading_bytes) << 16 | field(descriptor.stride_bytes) << 32 |
         kModes[static_cast<int>(descriptor.swizzle)] << 62;
}

void wgmma_chunks(const WgmmaInstruction& instruction, const WgmmaDescriptor& descriptor, int rows, bool transposed,
                  std::vector<uint32_t>& addresses) {
  addresses.clear();
  const bool plain = descriptor.swizzle == Swizzle::none;
  const uint32_t pitch = span_bytes(descriptor.swizzle);  // 16 bytes where there is no swizzle
  const auto count = static_cast<uint32_t>(rows);
  const auto add = [&](uint32_t offset) {
    addresses.push_back(swizzle_address(descriptor.swizzle, descriptor.start + offset));
  };
  if (!transposed) {
    for (uint32_t row = 0; row < count; ++row) {
      for (uint32_t c = 0; c < 2; ++c) {
        add(row / 8 * descriptor.stride_bytes + row % 8 * pitch + c * (plain ? descriptor.leading_bytes : kChunkBytes));
      }
    }
    return;
  }
  const uint32_t chunks_per_line = pitch / kChunkBytes;
  const uint32_t next_line = plain ? descriptor.stride_bytes : descriptor.leading_bytes;
  const uint32_t next_rows = plain ? descriptor.leading_bytes : descriptor.stride_bytes;
  for (uint32_t k = 0; k < static_cast<uint32_t>(instruction.k); ++k) {
    for (uint32_t c = 0; c < count / 8; ++c) {
      add(k / 8 * next_rows + k % 8 * pitch + c / chunks_per_line * next_line + c % chunks_per_line * kChunkBytes);
    }
  }
}

void wgmma(const WgmmaInstruction& instruction, const WgmmaModifiers& modifiers, const WgmmaOperands& operands,
           const std::array<WarpTargets, kWarpsPerWarpgroup>& d, const MmaOptions& options) {
  if (instruction.a == MmaType::b1) {
    for (int warp = 0; warp < kWarpsPerWarpgroup; ++warp) multiply_bits(instruction, modifiers, operands, warp, d[warp]);
    return;
  }
  const MmaInstruction tile = tile_of(instruction);
  const double sign = modifiers.scale_a * modifiers.scale_b;
  std::vector<std::array<std::array<double, kMmaColumns>, 32>> b(static_cast<size_t>(instruction.n / kMmaColumns));
  for (size_t block = 0; block < b.size(); ++block) {
    auto* const rows = reinterpret_cast<double(*)[kMmaColumns]>(b[block].data());
    unpack_b(instruction, operands.b, modifiers.transpose_b, static_cast<int>(block) * kMmaColumns, rows);
  }
  MmaOperands numbers;
  for (int warp = 0; warp < kWarpsPerWarpgroup; ++warp) {
    if (operands.a.empty()) {
      unpack_a(tile, operands.a_registers[warp], numbers);
    } else {
      unpack_a(instruction, operands.a, modifiers.transpose_a, 16 * warp, numbers);
    }
    if (sign < 0) {
      for (auto& row : numbers.a) {
        for (int k = 0; k < instruction.k; ++k) row[k] = -row[k];
      }
    }
    for (size_t block = 0; block < b.size(); ++block) {
      const auto registers = static_cast<size_t>(tile.d_registers);
      const WarpTargets target = d[warp].subspan(block * registers, registers);
      if (modifiers.scale_d) {
        const LaneRegisters* sources[4];
        std::copy(target.begin(), target.end(), sources);
        unpack_sums(tile, std::span(sources, registers), numbers);
      } else {
        std::fill_n(numbers.sum[0], kMaxMmaRows * kMmaColumns, 0.0);
      }
      std::memcpy(numbers.b, b[block].data(), sizeof(double) * static_cast<size_t>(instruction.k * kMmaColumns));
      multiply(tile, options, numbers);
      pack(tile, numbers, target);
    }
  }
}

}  // namespace attune::emulator
