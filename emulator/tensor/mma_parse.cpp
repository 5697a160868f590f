#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "emulator/tensor/mma.hpp"
#include "emulator/tensor/opcode.hpp"

namespace attune::emulator {
namespace {

Error unsupported(std::string_view opcode, std::string_view what) {
  return {Status::unsupported,
          "The emulator does not know the form " + std::string(opcode) + ": " + std::string(what) +
              ". Use a form that PTX lists for mma.sync, or add this one to emulator/tensor/mma_parse.cpp."};
}

constexpr std::pair<std::string_view, MmaType> kTypes[] = {
    {"f16", MmaType::f16},   {"bf16", MmaType::bf16}, {"tf32", MmaType::tf32}, {"f64", MmaType::f64},
    {"e4m3", MmaType::e4m3}, {"e5m2", MmaType::e5m2}, {"e2m1", MmaType::e2m1}, {"e2m3", MmaType::e2m3},
    {"e3m2", MmaType::e3m2}, {"s8", MmaType::s8},     {"u8", MmaType::u8},     {"s4", MmaType::s4},
    {"u4", MmaType::u4},     {"b1", MmaType::b1},     {"f32", MmaType::f32},   {"s32", MmaType::s32},
};
constexpr std::pair<std::string_view, MmaKind> kKinds[] = {
    {"kind::f8f6f4", MmaKind::f8f6f4},
    {"kind::mxf8f6f4", MmaKind::mxf8f6f4},
    {"kind::mxf4", MmaKind::mxf4},
    {"kind::mxf4nvf4", MmaKind::mxf4nvf4},
};
struct Shape {
  std::string_view name;
  int m, n, k;
};
constexpr Shape kShapes[] = {
    {"m8n8k4", 8, 8, 4},     {"m8n8k16", 8, 8, 16},     {"m8n8k32", 8, 8, 32},     {"m8n8k128", 8, 8, 128},
    {"m16n8k4", 16, 8, 4},   {"m16n8k8", 16, 8, 8},     {"m16n8k16", 16, 8, 16},   {"m16n8k32", 16, 8, 32},
    {"m16n8k64", 16, 8, 64}, {"m16n8k128", 16, 8, 128}, {"m16n8k256", 16, 8, 256},
};

template <class Value, size_t kCount>
const Value* find(const std::pair<std::string_view, Value> (&table)[kCount], std::string_view name) {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const auto& entry) { return entry.first == name; });
  return found == std::end(table) ? nullptr : &found->second;
}

bool one_of(MmaType type, std::initializer_list<MmaType> list) {
  return std::find(list.begin(), list.end(), type) != list.end();
}
bool is_f8(MmaType type) { return one_of(type, {MmaType::e4m3, MmaType::e5m2}); }
bool is_f8f6f4(MmaType type) { return is_f8(type) || one_of(type, {MmaType::e2m1, MmaType::e2m3, MmaType::e3m2}); }

// Bits an element of A or B takes in a register. The narrow types of kind::f8f6f4 fill bytes.
int element_bits(MmaType type, MmaKind kind) {
  switch (type) {
    case MmaType::b1: return 1;
    case MmaType::s4:
    case MmaType::u4: return 4;
    case MmaType::e2m1: return kind == MmaKind::mxf4 || kind == MmaKind::mxf4nvf4 ? 4 : 8;
    case MmaType::f16:
    case MmaType::bf16: return 16;
    case MmaType::tf32:
    case MmaType::f32:
    case MmaType::s32: return 32;
    case MmaType::f64: return 64;
    default: return 8;
  }
}

// Empty where the types fit the shape, otherwise what does not.
std::string_view misfit(const MmaInstruction& i) {
  const auto depth = [&](std::initializer_list<int> list) {
    return i.m == 16 && std::find(list.begin(), list.end(), i.k) != list.end();
  };
  const bool f32_sum = i.c == MmaType::f32 && i.d == MmaType::f32;
  const bool f16_sum = i.c == MmaType::f16 && i.d == MmaType::f16;
  const bool s32_sum = i.c == MmaType::s32 && i.d == MmaType::s32;
  switch (i.kind) {
    case MmaKind::f8f6f4:
    case MmaKind::mxf8f6f4:
      if (!is_f8f6f4(i.a) || !is_f8f6f4(i.b)) return "A and B must be e4m3, e5m2, e2m1, e2m3 or e3m2";
      if (!depth({32})) return "the shape must be m16n8k32";
      return f32_sum || (f16_sum && i.kind == MmaKind::f8f6f4) ? "" : "C and D must be of one type that the kind allows";
    case MmaKind::mxf4:
    case MmaKind::mxf4nvf4:
      if (i.a != MmaType::e2m1 || i.b != MmaType::e2m1) return "A and B must be e2m1";
      if (!depth({64})) return "the shape must be m16n8k64";
      return f32_sum ? "" : "C and D must be f32";
    case MmaKind::plain: break;
  }
  if (i.a == MmaType::f16 && i.b == MmaType::f16) {
    if (!depth({8, 16})) return "f16 has the shapes m16n8k8 and m16n8k16";
    return f32_sum || f16_sum ? "" : "C and D must both be f32 or both f16";
  }
  if (i.a == MmaType::bf16 && i.b == MmaType::bf16) {
    if (!depth({8, 16})) return "bf16 has the shapes m16n8k8 and m16n8k16";
    return f32_sum ? "" : "C and D must be f32";
  }
  if (i.a == MmaType::tf32 && i.b == MmaType::tf32) {
    if (!depth({4, 8})) return "tf32 has the shapes m16n8k4 and m16n8k8";
    return f32_sum ? "" : "C and D must be f32";
  }
  if (i.a == MmaType::f64 && i.b == MmaType::f64) {
    if (!depth({4, 8, 16}) && !(i.m == 8 && i.k == 4)) return "f64 has the shapes m8n8k4, m16n8k4, m16n8k8 and m16n8k16";
    return i.c == MmaType::f64 && i.d == MmaType::f64 ? "" : "C and D must be f64";
  }
  if (is_f8(i.a) && is_f8(i.b)) {
    if (!depth({16, 32})) return "8-bit floats have the shapes m16n8k16 and m16n8k32";
    return f32_sum || f16_sum ? "" : "C and D must both be f32 or both f16";
  }
  const bool bytes = one_of(i.a, {MmaType::s8, MmaType::u8}) && one_of(i.b, {MmaType::s8, MmaType::u8});
  const bool nibbles = one_of(i.a, {MmaType::s4, MmaType::u4}) && one_of(i.b, {MmaType::s4, MmaType::u4});
  if (bytes || nibbles || (i.a == MmaType::b1 && i.b == MmaType::b1)) {
    const int smallest = bytes ? 16 : nibbles ? 32 : 128;
    if (!depth({smallest, 2 * smallest}) && !(i.m == 8 && i.k == smallest))
      return "the shape does not fit the integer types";
    return s32_sum ? "" : "C and D must be s32";
  }
  return "A and B have types that are not multiplied with each other";
}

std::string_view misfit_of_scales(const MmaInstruction& i) {
  if (i.kind == MmaKind::plain || i.kind == MmaKind::f8f6f4) return i.block_scaled ? "block_scale needs a kind::mx..." : "";
  if (!i.block_scaled) return "this kind needs block_scale";
  const bool powers = i.scale == Format::ue8m0;
  const bool fits = i.kind == MmaKind::mxf8f6f4 ? powers && i.scale_vectors == 1
                    : i.kind == MmaKind::mxf4   ? powers && i.scale_vectors == 2
                                                : i.scale_vectors == (powers ? 2 : 4);
  return fits ? "" : "the scales' type and scale_vec do not fit the kind";
}

void count_registers(MmaInstruction& i) {
  const auto per_lane = [](int elements, int bits) { return elements * bits / (kWarpSize * 32); };
  i.a_registers = per_lane(i.m * i.k, element_bits(i.a, i.kind));
  i.b_registers = per_lane(i.k * i.n, element_bits(i.b, i.kind));
  i.c_registers = per_lane(i.m * i.n, element_bits(i.c, i.kind));
  i.d_registers = per_lane(i.m * i.n, element_bits(i.d, i.kind));
}

}  // namespace

std::vector<std::string_view> split_opcode(std::string_view opcode) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = opcode.find('.');
    parts.push_back(opcode.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    opcode.remove_prefix(dot + 1);
  }
}

const MmaType* mma_type(std::string_view name) { return find(kTypes, name); }

Result<MmaInstruction> parse_mma(std::string_view opcode) {
  MmaInstruction result;
  const std::vector<std::string_view> parts = split_opcode(opcode);
  if (parts.size() < 5 || parts[0] != "mma") return unsupported(opcode, "it does not begin with mma.sync.aligned");
  std::vector<MmaType> types;
  bool sync = false, aligned = false, shaped = false, row = false, col = false, popc = false, scale_typed = false,
       rounded = false;
  for (size_t p = 1; p < parts.size(); ++p) {
    const std::string_view part = parts[p];
    const auto* shape = std::find_if(std::begin(kShapes), std::end(kShapes), [&](const Shape& s) { return s.name == part; });
    if (shape != std::end(kShapes)) {
      result.m = shape->m, result.n = shape->n, result.k = shape->k;
      shaped = true;
    } else if (const MmaType* type = mma_type(part)) {
      types.push_back(*type);
    } else if (const MmaKind* kind = find(kKinds, part)) {
      result.kind = *kind;
    } else if (part == "sync") {
      sync = true;
    } else if (part == "aligned") {
      aligned = true;
    } else if (part == "row" && !row) {
      row = true;
    } else if (part == "col" && row) {
      col = true;
    } else if (part == "satfinite") {
      result.satfinite = true;
    } else if (part == "block_scale") {
      result.block_scaled = true;
    } else if (part == "scale_vec::1X" || part == "scale_vec::2X" || part == "scale_vec::4X") {
      result.scale_vectors = part[11] - '0';
    } else if (part == "ue8m0" || part == "ue4m3") {
      result.scale = part == "ue8m0" ? Format::ue8m0 : Format::ue4m3;
      scale_typed = true;
    } else if (part == "and" || part == "xor") {
      result.bit_and = part == "and";
    } else if (part == "rn") {  // the default, and the only rounding here
      rounded = true;
    } else if (part == "popc") {
      popc = true;
    } else {
      return unsupported(opcode, "." + std::string(part) + " is not known or not in its place");
    }
  }
  if (!sync || !aligned || !shaped || !row || !col)
    return unsupported(opcode, "it needs .sync.aligned, a shape and .row.col");
  if (types.size() != 4) return unsupported(opcode, "it needs the types of D, A, B and C");
  result.d = types[0], result.a = types[1], result.b = types[2], result.c = types[3];
  if (result.block_scaled && result.scale_vectors == 0 && result.kind != MmaKind::mxf4nvf4) {
    result.scale_vectors = result.kind == MmaKind::mxf4 ? 2 : 1;
  }
  if (result.block_scaled != scale_typed) return unsupported(opcode, "block_scale and the scales' type belong together");
  if (const std::string_view what = misfit(result); !what.empty()) return unsupported(opcode, what);
  if (const std::string_view what = misfit_of_scales(result); !what.empty()) return unsupported(opcode, what);
  if (popc != (result.a == MmaType::b1)) return unsupported(opcode, ".popc belongs to b1");
  if (result.satfinite && result.d != MmaType::s32) return unsupported(opcode, ".satfinite belongs to s32");
  if (rounded && result.d != MmaType::f64) return unsupported(opcode, ".rn belongs to f64");
  count_registers(result);
  return result;
}

Result<void> check_scales(const MmaInstruction& instruction, const MmaScales& scales) {
  const auto byte_fits = [&](int byte) {
    switch (instruction.scale_vectors) {
      case 1: return byte >= 0 && byte <= 3;
      case 2: return byte == 0 || byte == 2;
      default: return byte == 0;
    }
  };
  if (!byte_fits(scales.byte_a) || !byte_fits(scales.byte_b)) {
    return Error(Status::invalid_argument,
                 "A byte-id of a block-scaled mma does not fit scale_vec::" + std::to_string(instruction.scale_vectors) +
                     "X: give 0 to 3 for 1X, 0 or 2 for 2X, 0 for 4X.");
  }
  if (scales.thread_a < 0 || scales.thread_a > 1 || scales.thread_b < 0 || scales.thread_b > 3) {
    return Error(Status::invalid_argument,
                 "A thread-id of a block-scaled mma is out of range: give 0 or 1 for A and 0 to 3 for B.");
  }
  return {};
}

}  // namespace attune::emulator
