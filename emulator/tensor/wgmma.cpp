#include "emulator/tensor/wgmma.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

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

// The m16n8 tile of one warp as an mma.
MmaInstruction tile_of(const WgmmaInstruction& instruction) {
  MmaInstruction tile;
  tile.k = instruction.k;
  tile.a = instruction.a, tile.b = instruction.b, tile.c = tile.d = instruction.d;
  tile.satfinite = instruction.satfinite;
  tile.bit_and = instruction.a == MmaType::b1;
  tile.a_registers = 4, tile.b_registers = 2;
  tile.c_registers = tile.d_registers = instruction.d == MmaType::f16 ? 2 : 4;
  return tile;
}

// Eight rows of one chunk each are one register of a fragment of mma: the 16 bytes of row g lie in lanes 4g to 4g + 3.
// `stride` is the distance of the rows in bytes.
void load_rows(const std::byte* rows, int stride, LaneRegisters& target) {
  for (int g = 0; g < 8; ++g) std::memcpy(&target[4 * g], rows + g * stride, kChunkBytes);
}

// The same from eight rows along k, whose chunks hold eight 16-bit elements along M or N.
void load_transposed(const std::byte* rows, int stride, LaneRegisters& target) {
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const int g = lane / 4, t = lane % 4;
    uint16_t low, high;
    std::memcpy(&low, rows + 2 * t * stride + 2 * g, 2);
    std::memcpy(&high, rows + (2 * t + 1) * stride + 2 * g, 2);
    target[lane] = static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16;
  }
}

// The sign bits of all elements of a register.
uint32_t sign_bits(MmaType type) {
  switch (type) {
    case MmaType::f16:
    case MmaType::bf16: return 0x80008000u;
    case MmaType::tf32: return 0x80000000u;
    default: return 0x80808080u;
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
  const MmaInstruction tile = tile_of(instruction);
  const bool negative = modifiers.scale_a * modifiers.scale_b < 0;
  std::array<std::array<LaneRegisters, 4>, kWarpsPerWarpgroup> a;
  for (int w = 0; w < kWarpsPerWarpgroup; ++w) {
    for (int r = 0; r < 4; ++r) {  // rows 8 (r % 2) of the warp, chunk r / 2 along k
      LaneRegisters& target = a[w][r];
      if (operands.a.empty()) {
        target = *operands.a_registers[w][r];
      } else if (modifiers.transpose_a) {
        constexpr int kStride = 2 * WgmmaInstruction::m;
        load_transposed(operands.a.data() + r / 2 * 8 * kStride + (2 * w + r % 2) * kChunkBytes, kStride, target);
      } else {
        load_rows(operands.a.data() + (2 * w + r % 2) * 8 * kRowBytes + r / 2 * kChunkBytes, kRowBytes, target);
      }
      if (!negative) continue;
      for (uint32_t& word : target) word ^= sign_bits(instruction.a);
    }
  }
  LaneRegisters b[2];
  const LaneRegisters* const right[] = {&b[0], &b[1]};
  const LaneRegisters zero{};
  const auto registers = static_cast<size_t>(tile.d_registers);
  for (int block = 0; block < instruction.n / 8; ++block) {
    for (int c = 0; c < 2; ++c) {
      if (modifiers.transpose_b) {
        load_transposed(operands.b.data() + (c * 8 * instruction.n + block * 8) * 2, 2 * instruction.n, b[c]);
      } else {
        load_rows(operands.b.data() + block * 8 * kRowBytes + c * kChunkBytes, kRowBytes, b[c]);
      }
    }
    for (int w = 0; w < kWarpsPerWarpgroup; ++w) {
      const LaneRegisters* const left[] = {&a[w][0], &a[w][1], &a[w][2], &a[w][3]};
      const WarpTargets target = d[w].subspan(static_cast<size_t>(block) * registers, registers);
      const LaneRegisters* sum[4] = {&zero, &zero, &zero, &zero};
      if (modifiers.scale_d) std::copy(target.begin(), target.end(), sum);
      mma(tile, left, right, std::span(sum, registers), target, options);
    }
  }
}

}  // namespace attune::emulator
