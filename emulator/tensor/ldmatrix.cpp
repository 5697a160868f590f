#include "emulator/tensor/ldmatrix.hpp"

#include <cstring>
#include <string>

namespace attune::emulator {
namespace {

Error unsupported(std::string_view opcode, std::string_view what) {
  return {Status::unsupported, "The emulator does not know the form " + std::string(opcode) + ": " + std::string(what) +
                                   ". Use a form that PTX lists for ldmatrix and stmatrix."};
}

struct Place {
  int row;
  int byte;
};

// Where byte `j` of register `r` of `lane` lies in memory, for elements of whole bytes.
Place place_of(const MatrixAccess& access, int r, int lane, int j) {
  const int g = lane / 4, t = lane % 4;
  if (access.element == MatrixElement::b16) {
    if (!access.transpose) return {8 * r + g, 4 * t + j};
    return {8 * r + 2 * t + j / 2, 2 * g + j % 2};
  }
  if (access.is_store) return {8 * r + 2 * t + j % 2, g + 8 * (j / 2)};      // m16n8
  if (access.transpose) return {16 * (r / 2) + 4 * t + j, g + 8 * (r % 2)};  // m16n16
  return {8 * r + g, 4 * t + j};                                             // m8n16
}

uint32_t element_at(const std::byte* row, int element, int bits) {
  const int bit = element * bits;
  const uint32_t low = std::to_integer<uint32_t>(row[bit / 8]);
  const uint32_t high = bit % 8 + bits > 8 ? std::to_integer<uint32_t>(row[bit / 8 + 1]) : 0;
  return ((low | high << 8) >> (bit % 8)) & ((1u << bits) - 1);
}

bool take(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  const std::string_view rest = text.substr(part.size());
  if (!rest.empty() && rest.front() != '.') return false;
  text = rest;
  return true;
}

}  // namespace

Result<MatrixAccess> parse_matrix_access(std::string_view opcode) {
  MatrixAccess access;
  std::string_view rest = opcode;
  access.is_store = rest.starts_with("stmatrix");
  if (!take(rest, "ldmatrix") && !take(rest, "stmatrix")) return unsupported(opcode, "it is neither ldmatrix nor stmatrix");
  if (!take(rest, ".sync") || !take(rest, ".aligned")) return unsupported(opcode, "it needs .sync.aligned");

  enum class Shape { m8n8, m8n16, m16n16, m16n8 } shape;
  if (take(rest, ".m8n8")) {
    shape = Shape::m8n8;
  } else if (take(rest, ".m8n16")) {
    shape = Shape::m8n16;
  } else if (take(rest, ".m16n16")) {
    shape = Shape::m16n16;
  } else if (take(rest, ".m16n8")) {
    shape = Shape::m16n8;
  } else {
    return unsupported(opcode, "its shape is not m8n8, m8n16, m16n16 or m16n8");
  }
  if (take(rest, ".x1")) {
    access.count = 1;
  } else if (take(rest, ".x2")) {
    access.count = 2;
  } else if (take(rest, ".x4")) {
    access.count = 4;
  } else {
    return unsupported(opcode, "it needs .x1, .x2 or .x4");
  }
  access.transpose = take(rest, ".trans");
  if (!take(rest, ".shared")) take(rest, ".shared::cta");
  if (rest == ".b16") {
    access.element = MatrixElement::b16;
  } else if (rest == ".b8") {
    access.element = MatrixElement::b8;
  } else if (rest == ".b8x16.b4x16_p64") {
    access.element = MatrixElement::b4_padded;
  } else if (rest == ".b8x16.b6x16_p32") {
    access.element = MatrixElement::b6_padded;
  } else {
    return unsupported(opcode, "its type is not known");
  }

  const bool packed = access.element == MatrixElement::b4_padded || access.element == MatrixElement::b6_padded;
  bool fits = false;
  switch (shape) {
    case Shape::m8n8: fits = access.element == MatrixElement::b16; break;
    case Shape::m8n16: fits = packed && !access.transpose && !access.is_store; break;
    case Shape::m16n16:
      fits = (packed || access.element == MatrixElement::b8) && access.transpose && !access.is_store && access.count <= 2;
      break;
    case Shape::m16n8: fits = access.element == MatrixElement::b8 && access.transpose && access.is_store; break;
  }
  if (!fits) return unsupported(opcode, "shape, count, .trans and type do not go together");
  access.address_rows = shape == Shape::m16n16 ? 16 : 8;
  access.registers = shape == Shape::m16n16 ? 2 * access.count : access.count;
  return access;
}

void ldmatrix(const MatrixAccess& access, std::span<const std::byte* const> rows, std::span<LaneRegisters* const> d) {
  const int bits = access.element == MatrixElement::b4_padded ? 4 : access.element == MatrixElement::b6_padded ? 6 : 8;
  for (int r = 0; r < access.registers; ++r) {
    LaneRegisters& target = *d[r];
    if (access.element == MatrixElement::b16 && !access.transpose) {
      for (int lane = 0; lane < kWarpSize; ++lane) std::memcpy(&target[lane], rows[8 * r + lane / 4] + 4 * (lane % 4), 4);
      continue;
    }
    if (access.element == MatrixElement::b16) {
      for (int lane = 0; lane < kWarpSize; ++lane) {
        uint16_t low, high;
        std::memcpy(&low, rows[8 * r + 2 * (lane % 4)] + 2 * (lane / 4), 2);
        std::memcpy(&high, rows[8 * r + 2 * (lane % 4) + 1] + 2 * (lane / 4), 2);
        target[lane] = static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16;
      }
      continue;
    }
    for (int lane = 0; lane < kWarpSize; ++lane) {
      uint32_t word = 0;
      for (int j = 0; j < 4; ++j) {
        const Place place = place_of(access, r, lane, j);
        word |= element_at(rows[place.row], place.byte, bits) << (8 * j);
      }
      target[lane] = word;
    }
  }
}

void stmatrix(const MatrixAccess& access, std::span<std::byte* const> rows, std::span<const LaneRegisters* const> a) {
  for (int r = 0; r < access.registers; ++r) {
    for (int lane = 0; lane < kWarpSize; ++lane) {
      for (int j = 0; j < 4; ++j) {
        const Place place = place_of(access, r, lane, j);
        rows[place.row][place.byte] = static_cast<std::byte>((*a[r])[lane] >> (8 * j));
      }
    }
  }
}

void movmatrix(const LaneRegisters& a, LaneRegisters& d) {
  LaneRegisters result;
  for (int lane = 0; lane < kWarpSize; ++lane) {
    const auto element = [&](int row, int column) { return (a[4 * row + column / 2] >> (16 * (column % 2))) & 0xffffu; };
    const int g = lane / 4, t = lane % 4;
    result[lane] = element(2 * t, g) | element(2 * t + 1, g) << 16;
  }
  d = result;
}

}  // namespace attune::emulator
