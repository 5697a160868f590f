// cvt between all scalar formats, packed and saturating forms included; cvt.pack.
#include <algorithm>
#include <cmath>
#include <optional>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/formats.hpp"
#include "emulator/numerics/half.hpp"
#include "emulator/numerics/integers.hpp"

namespace attune::emulator {
namespace {

using ptx::Operand;
using ptx::Type;

// A scalar type in an opcode: an integer, or a floating format with how many of it stand in a register.
struct Scalar {
  bool is_integer = false;
  IntegerType integer{32, true};
  Format format = Format::f32;
  int count = 1;
};

std::optional<Scalar> parse_scalar(std::string_view text) {
  struct Name {
    std::string_view text;
    Scalar scalar;
  };
  const auto integer = [](int bits, bool s) { return Scalar{true, {bits, s}, Format::f32, 1}; };
  const auto real = [](Format format, int count) { return Scalar{false, {32, true}, format, count}; };
  const Name names[] = {
      {"u8", integer(8, false)},         {"u16", integer(16, false)},       {"u32", integer(32, false)},
      {"u64", integer(64, false)},       {"s8", integer(8, true)},          {"s16", integer(16, true)},
      {"s32", integer(32, true)},        {"s64", integer(64, true)},        {"f16", real(Format::f16, 1)},
      {"f16x2", real(Format::f16, 2)},   {"bf16", real(Format::bf16, 1)},   {"bf16x2", real(Format::bf16, 2)},
      {"tf32", real(Format::tf32, 1)},   {"f32", real(Format::f32, 1)},     {"f64", real(Format::f64, 1)},
      {"e4m3x2", real(Format::e4m3, 2)}, {"e5m2x2", real(Format::e5m2, 2)}, {"e2m1x2", real(Format::e2m1, 2)},
      {"e2m3x2", real(Format::e2m3, 2)}, {"e3m2x2", real(Format::e3m2, 2)}, {"ue8m0x2", real(Format::ue8m0, 2)},
      {"e4m3x4", real(Format::e4m3, 4)}, {"e5m2x4", real(Format::e5m2, 4)}, {"e2m1x4", real(Format::e2m1, 4)},
      {"e2m3x4", real(Format::e2m3, 4)}, {"e3m2x4", real(Format::e3m2, 4)},
  };
  for (const Name& name : names) {
    if (name.text == text) return name.scalar;
  }
  return std::nullopt;
}

// Bits of one element as it stands in a register: 4-bit codes are packed, 6-bit codes fill a byte.
int stored_bits(Format format) {
  const int bits = width_bits(format);
  return bits == 6 ? 8 : format == Format::tf32 ? 32 : bits;
}

int register_bits(const Scalar& scalar) {
  const int bits = scalar.is_integer ? scalar.integer.bits : stored_bits(scalar.format) * scalar.count;
  return std::max(bits, 16);
}

struct Conversion {
  Scalar to;
  Scalar from;
  Encoding encoding;
  IntegerRounding integer_rounding = IntegerRounding::zero;
  bool to_integral = false;  // .rni and the like between floating formats
  bool ftz = false;
  bool sat = false;
  int sources = 1;
};

uint64_t sign_extend(uint64_t value, const IntegerType& type) {
  if (type.bits == 64) return value;
  const uint64_t mask = (uint64_t{1} << type.bits) - 1;
  value &= mask;
  return type.is_signed && (value >> (type.bits - 1) & 1) != 0 ? value | ~mask : value;
}

uint64_t clamp_integer(uint64_t value, const IntegerType& from, const IntegerType& to) {
  const bool negative = from.is_signed && static_cast<int64_t>(value) < 0;
  if (to.is_signed) {
    const int64_t high = to.bits == 64 ? INT64_MAX : (int64_t{1} << (to.bits - 1)) - 1;
    if (negative) return static_cast<uint64_t>(std::max(static_cast<int64_t>(value), -high - 1));
    return std::min(value, static_cast<uint64_t>(high));
  }
  if (negative) return 0;
  return std::min(value, to.bits == 64 ? ~uint64_t{0} : (uint64_t{1} << to.bits) - 1);
}

double source_value(const Conversion& how, uint64_t code) {
  double value = decode(how.from.format, code);
  if (how.ftz && how.from.format == Format::f32) value = flush(std::bit_cast<float>(static_cast<uint32_t>(code)));
  return value;
}

uint64_t encode_result(const Conversion& how, double value) {
  if (how.sat) value = saturate(value);
  uint64_t code = emulator::encode(how.to.format, value, how.encoding);
  if (how.ftz && how.to.format == Format::f32) {
    code = std::bit_cast<uint32_t>(flush(std::bit_cast<float>(static_cast<uint32_t>(code))));
  }
  return code;
}

uint64_t convert_one(const Conversion& how, uint64_t source) {
  if (how.from.is_integer) {
    const uint64_t value = sign_extend(source, how.from.integer);
    if (how.to.is_integer) return how.sat ? clamp_integer(value, how.from.integer, how.to.integer) : value;
    uint64_t code = float_from_integer(how.to.format, value, how.from.integer.is_signed, how.encoding);
    if (how.sat) code = emulator::encode(how.to.format, saturate(decode(how.to.format, code)));
    return code;
  }
  double value = source_value(how, source);
  if (how.to.is_integer) {
    return integer_from_float(value, how.integer_rounding, how.to.integer, how.from.format == Format::f64);
  }
  if (how.to_integral) value = round_to_integral(value, how.integer_rounding);
  return encode_result(how, value);
}

void store(Warp& warp, Slot slot, int lane, const Scalar& to, uint64_t value) {
  const int bits = register_bits(to);
  if (bits == 64) {
    warp.lanes<uint64_t>(slot)[lane] = value;
  } else {
    warp.lanes<uint32_t>(slot)[lane] = static_cast<uint32_t>(bits == 16 ? value & 0xffff : value);
  }
}

uint64_t load(const Warp& warp, Slot slot, int lane, const Scalar& from) {
  return register_bits(from) == 64 ? warp.lanes<uint64_t>(slot)[lane] : warp.lanes<uint32_t>(slot)[lane];
}

void run_convert(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Conversion>(instruction);
  for_each_lane(lanes, [&](int lane) {
    const uint64_t value = convert_one(how, load(warp, instruction.source(0), lane, how.from));
    store(warp, instruction.destination(), lane, how.to, value);
  });
}

// cvt.rn.f16x2.f32 d, a, b: a gives the upper half. One packed source gives as many elements.
void run_convert_packed(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Conversion>(instruction);
  const int bits = stored_bits(how.to.format);
  for_each_lane(lanes, [&](int lane) {
    uint64_t packed = 0;
    for (int i = 0; i < how.to.count; ++i) {
      uint64_t source = 0;
      if (how.from.count == 1) {
        source = load(warp, instruction.source(how.to.count - 1 - i), lane, how.from);
      } else {
        const int from_bits = stored_bits(how.from.format);
        source = load(warp, instruction.source(0), lane, how.from) >> (i * from_bits) & ((uint64_t{1} << from_bits) - 1);
      }
      packed |= encode_result(how, source_value(how, source)) << (i * bits);
    }
    store(warp, instruction.destination(), lane, how.to, packed);
  });
}

template <uint16_t (*Encode)(float)>
void run_pack_halves(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* const high = warp.lanes<float>(instruction.source(0));
  const auto* const low = warp.lanes<float>(instruction.source(1));
  auto* const d = warp.lanes<uint32_t>(instruction.destination());
  for_each_lane(lanes, [&](int lane) { d[lane] = uint32_t{Encode(low[lane])} | uint32_t{Encode(high[lane])} << 16; });
}

struct ExtendSigned32 {
  static int64_t apply(int32_t a) { return a; }
};
struct Truncate64 {
  static uint32_t apply(uint64_t a) { return static_cast<uint32_t>(a); }
};
struct FloatFromSigned {
  static float apply(int32_t a) { return static_cast<float>(a); }
};
struct FloatFromUnsigned {
  static float apply(uint32_t a) { return static_cast<float>(a); }
};
struct FloatFromHalf {
  static float apply(uint16_t a) { return f32_from_f16(a); }
};
struct HalfFromFloat {
  static uint16_t apply(float a) { return f16_from_f32(a); }
};
struct Bfloat16FromFloat {
  static uint16_t apply(float a) { return bf16_from_f32(a); }
};

// The conversions that kernels spend their time in; null: the general way.
Handler fast_handler(const Conversion& how) {
  const bool plain = how.encoding.rounding == Rounding::nearest_even && !how.encoding.satfinite && !how.encoding.relu &&
                     !how.ftz && !how.sat && !how.to_integral;
  if (!plain) return nullptr;
  const auto from_integer = [&](int bits, bool s) {
    return how.from.is_integer && how.from.integer.bits == bits && how.from.integer.is_signed == s;
  };
  const auto is = [](const Scalar& scalar, Format format, int count) {
    return !scalar.is_integer && scalar.format == format && scalar.count == count;
  };
  if (how.to.is_integer && how.to.integer.bits == 64) {
    if (from_integer(32, false)) return lane_loop<Copy, uint64_t, uint32_t>;
    if (from_integer(32, true)) return lane_loop<ExtendSigned32, int64_t, int32_t>;
  }
  if (how.to.is_integer && how.to.integer.bits == 32 && how.from.is_integer && how.from.integer.bits == 64) {
    return lane_loop<Truncate64, uint32_t, uint64_t>;
  }
  if (is(how.to, Format::f32, 1)) {
    if (from_integer(32, true)) return lane_loop<FloatFromSigned, float, int32_t>;
    if (from_integer(32, false)) return lane_loop<FloatFromUnsigned, float, uint32_t>;
    if (is(how.from, Format::f16, 1)) return lane_loop<FloatFromHalf, float, uint16_t>;
  }
  if (is(how.from, Format::f32, 1)) {
    if (is(how.to, Format::f16, 1)) return lane_loop<HalfFromFloat, uint16_t, float>;
    if (is(how.to, Format::bf16, 1)) return lane_loop<Bfloat16FromFloat, uint16_t, float>;
    if (is(how.to, Format::f16, 2)) return run_pack_halves<f16_from_f32>;
    if (is(how.to, Format::bf16, 2)) return run_pack_halves<bf16_from_f32>;
  }
  return nullptr;
}

Type holder(const Scalar& scalar) {
  const int bits = register_bits(scalar);
  return bits == 64 ? Type::b64 : bits == 16 ? Type::b16 : Type::b32;
}

// The result goes to a register of its own width, or a wider one: integers are then extended by their sign.
struct Widen {
  int bits = 32;
  bool is_signed = false;
  int to_bits = 32;
};
void run_widen(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Widen>(instruction);
  for_each_lane(lanes, [&](int lane) {
    const uint64_t value = sign_extend(warp.lanes<uint32_t>(instruction.source(0))[lane], {how.bits, how.is_signed});
    if (how.to_bits == 64) {
      warp.lanes<uint64_t>(instruction.destination())[lane] = value;
    } else {
      warp.lanes<uint32_t>(instruction.destination())[lane] =
          static_cast<uint32_t>(how.to_bits == 16 ? value & 0xffff : value);
    }
  });
}

Result<void> add_result(Decoder& d, const Operand& operand, const Scalar& to) {
  const int bits = to.is_integer ? to.integer.bits : stored_bits(to.format) * to.count;
  if (operand.kind == ptx::OperandKind::reg && bits < 64) {
    const int held = size_bytes(d.names.register_type(operand.index)) * 8;
    if (held < bits) return d.malformed("the destination is narrower than the type");
    if (held > bits && (held > 16 || bits < 16)) {
      // Through a scratch register, so that the conversion itself knows one width.
      const Slot narrow = d.names.scratch(false);
      d.destinations.push_back(narrow);
      Decoder::Extra extra;
      Widen how{bits, to.is_integer && to.integer.is_signed, held};
      auto shared = std::make_shared<const Widen>(how);
      extra.instruction.run = run_widen;
      extra.instruction.detail = shared.get();
      extra.instruction.destinations = 1;
      extra.instruction.sources = 1;
      extra.instruction.copies = true;
      extra.keep = std::move(shared);
      extra.operands = {d.names.register_slot(operand.index), narrow};
      d.after.push_back(std::move(extra));
      return {};
    }
  }
  return d.add_destination(operand, holder(to));
}

// cvt.pack.sat: two integers, clamped, beside each other; the rest of the register comes from the third, moved up.
struct PackIntegers {
  IntegerType to{8, true};
  bool has_rest = false;
};
void run_pack_integers(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<PackIntegers>(instruction);
  const uint32_t mask = (uint32_t{1} << how.to.bits) - 1;
  const auto value = [&](int source, int lane) {
    const auto wide = static_cast<uint64_t>(int64_t{warp.lanes<int32_t>(instruction.source(source))[lane]});
    return static_cast<uint32_t>(clamp_integer(wide, {32, true}, how.to)) & mask;
  };
  for_each_lane(lanes, [&](int lane) {
    uint32_t result = value(0, lane) << how.to.bits | value(1, lane);
    if (how.has_rest) result |= warp.lanes<uint32_t>(instruction.source(2))[lane] << (2 * how.to.bits);
    warp.lanes<uint32_t>(instruction.destination())[lane] = result;
  });
}

Result<void> decode_pack(Decoder& d) {
  PackIntegers how;
  if (!d.take("sat")) return d.malformed(".sat is missing");
  const std::string_view to = d.take_next();
  if (to.size() < 2 || (to[0] != 's' && to[0] != 'u')) return d.unsupported("the types of");
  how.to.is_signed = to[0] == 's';
  how.to.bits = to.substr(1) == "16" ? 16 : to.substr(1) == "8" ? 8 : to.substr(1) == "4" ? 4 : to.substr(1) == "2" ? 2 : 0;
  ATTUNE_TRY(const Type from, d.need_type());
  if (how.to.bits == 0 || from != Type::s32) return d.unsupported("the types of");
  how.has_rest = how.to.bits < 16;
  if (how.has_rest && !d.take("b32")) return d.malformed(".b32 is missing");
  ATTUNE_CHECK(d.need_operands(how.has_rest ? 4 : 3, how.has_rest ? 4 : 3));
  ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
  for (size_t i = 1; i < d.operand_count(); ++i) ATTUNE_CHECK(d.add_source(d.operand(i), Type::b32));
  d.set_detail(how);
  d.finish(run_pack_integers, InstructionClass::conversion);
  return {};
}

Result<void> decode_convert(Decoder& d) {
  if (d.take("pack")) return decode_pack(d);
  Conversion how;
  const int integer_rounding = d.take_one({"rni", "rzi", "rmi", "rpi"});
  const int rounding = d.take_one({"rn", "rna", "rz", "rm", "rp"});
  if (rounding >= 0) how.encoding.rounding = static_cast<Rounding>(rounding);
  if (integer_rounding >= 0) how.integer_rounding = static_cast<IntegerRounding>(integer_rounding);
  how.ftz = d.take("ftz");
  how.sat = d.take("sat");
  how.encoding.satfinite = d.take("satfinite");
  how.encoding.relu = d.take("relu");
  const std::string_view to_text = d.take_next();
  const std::string_view from_text = d.take_next();
  const auto to = parse_scalar(to_text);
  const auto from = parse_scalar(from_text);
  if (!to || !from) return d.unsupported("the types of");
  how.to = *to;
  how.from = *from;
  how.to_integral = integer_rounding >= 0 && !how.to.is_integer && !how.from.is_integer;
  if (how.from.count > 1 && how.from.count != how.to.count) return d.unsupported("the types of");
  how.sources = how.from.count == 1 ? how.to.count : 1;
  std::vector<Operand> sources;
  for (size_t i = 1; i < d.operand_count(); ++i) {
    for (const Operand& element : Decoder::elements(d.operand(i))) sources.push_back(element);
  }
  if (static_cast<int>(sources.size()) != how.sources) return d.unsupported("the operands of");
  ATTUNE_CHECK(add_result(d, d.operand(0), how.to));
  for (const Operand& source : sources) ATTUNE_CHECK(d.add_source(source, holder(how.from)));
  d.set_detail(how);
  Handler handler = fast_handler(how);
  if (handler == nullptr) handler = how.to.count > 1 ? run_convert_packed : run_convert;
  d.finish(handler, InstructionClass::conversion);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> convert_opcodes() { return {{"cvt", decode_convert}}; }

}  // namespace attune::emulator
