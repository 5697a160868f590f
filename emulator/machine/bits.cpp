// Shifts and bit fields: shl, shr, shf, bfe, bfi, bfind, fns, popc, clz, brev, prmt, bmsk, szext.
#include <algorithm>
#include <bit>
#include <type_traits>

#include "emulator/machine/arithmetic.hpp"
#include "emulator/machine/lane_loop.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

// Shift amounts are unsigned 32-bit; those of the width and more shift everything out.
template <class T>
struct ShiftLeft {
  static T apply(T a, uint32_t by) { return by >= sizeof(T) * 8 ? T{0} : static_cast<T>(a << by); }
};
template <class T>
struct ShiftRight {
  static T apply(T a, uint32_t by) {
    return static_cast<T>(a >> std::min<uint32_t>(by, sizeof(T) * 8 - 1) >> (by >= sizeof(T) * 8));
  }
};

template <bool Left, bool Clamp>
struct Funnel {
  static uint32_t apply(uint32_t low, uint32_t high, uint32_t by) {
    const uint32_t n = Clamp ? std::min(by, 32u) : by & 31;
    const uint64_t both = uint64_t{high} << 32 | low;
    return static_cast<uint32_t>(Left ? both << n >> 32 : both >> n);
  }
};

template <class T>
struct ExtractField {
  static T apply(T a, uint32_t position, uint32_t length) {
    constexpr uint32_t kBits = sizeof(T) * 8;
    using U = std::make_unsigned_t<T>;
    const uint32_t first = position & 0xff;
    const uint32_t count = length & 0xff;
    if (count == 0) return 0;
    const auto bit = [&](uint32_t i) { return static_cast<U>(static_cast<U>(a) >> std::min(i, kBits - 1) & 1); };
    const U fill = std::is_signed_v<T> && bit(std::min(first + count - 1, kBits - 1)) != 0 ? static_cast<U>(~U{0}) : U{0};
    if (first >= kBits) return static_cast<T>(fill);
    const uint32_t present = std::min(count, kBits - first);
    U value = static_cast<U>(static_cast<U>(a) >> first);
    if (present < kBits) {
      const U mask = static_cast<U>((U{1} << present) - 1);
      value = static_cast<U>((value & mask) | (fill & ~mask));
    }
    return static_cast<T>(value);
  }
};
template <class U>
struct InsertField {
  static U apply(U a, U b, uint32_t position, uint32_t length) {
    constexpr uint32_t kBits = sizeof(U) * 8;
    const uint32_t first = position & 0xff;
    const uint32_t count = std::min(length & 0xff, kBits);
    if (first >= kBits || count == 0) return b;
    const U mask = static_cast<U>((count >= kBits ? ~U{0} : (U{1} << count) - 1) << first);
    return static_cast<U>((b & ~mask) | (static_cast<U>(a << first) & mask));
  }
};
template <class T, bool ShiftAmount>
struct FindLeading {
  static uint32_t apply(T a) {
    using U = std::make_unsigned_t<T>;
    const auto value = static_cast<U>(std::is_signed_v<T> && a < 0 ? ~static_cast<U>(a) : static_cast<U>(a));
    if (value == 0) return ~uint32_t{0};
    const auto position = static_cast<uint32_t>(std::bit_width(value) - 1);
    return ShiftAmount ? static_cast<uint32_t>(sizeof(T) * 8 - 1) - position : position;
  }
};
template <class U>
struct PopulationCount {
  static uint32_t apply(U a) { return static_cast<uint32_t>(std::popcount(a)); }
};
template <class U>
struct LeadingZeros {
  static uint32_t apply(U a) { return static_cast<uint32_t>(std::countl_zero(a)); }
};
template <class U>
struct Reverse {
  static U apply(U a) {
    U result = 0;
    for (size_t i = 0; i < sizeof(U) * 8; ++i) {
      result = static_cast<U>(result << 1 | (a & 1));
      a >>= 1;
    }
    return result;
  }
};

// The n-th set bit from `base` upwards (n > 0) or downwards (n < 0).
struct FindNth {
  static uint32_t apply(uint32_t mask, uint32_t base, int32_t n) {
    if (n == 0) return base < 32 && (mask >> base & 1) != 0 ? base : ~uint32_t{0};
    const int step = n > 0 ? 1 : -1;
    int64_t left = n > 0 ? int64_t{n} : -int64_t{n};
    for (auto at = static_cast<int64_t>(base); at >= 0 && at < 32; at += step) {
      if ((mask >> at & 1) != 0 && --left == 0) return static_cast<uint32_t>(at);
    }
    return ~uint32_t{0};
  }
};

uint32_t byte_of(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t both = uint64_t{b} << 32 | a;
  const auto byte = static_cast<uint8_t>(both >> (8 * (selector & 7)));
  return (selector & 8) != 0 ? ((byte & 0x80) != 0 ? 0xff : 0) : byte;
}
struct Permute {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t selector) {
    uint32_t result = 0;
    for (uint32_t i = 0; i < 4; ++i) result |= byte_of(a, b, selector >> (4 * i) & 0xf) << (8 * i);
    return result;
  }
};
// The selectors of each mode for selector values 0 to 3, lowest byte first in each nibble.
template <int Mode>
struct PermuteMode {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t selector) {
    static constexpr uint32_t kSelectors[6][4] = {
        {0x3210, 0x4321, 0x5432, 0x6543},  // f4e
        {0x5670, 0x6701, 0x7012, 0x0123},  // b4e
        {0x0000, 0x1111, 0x2222, 0x3333},  // rc8
        {0x3210, 0x3211, 0x3222, 0x3333},  // ecl
        {0x0000, 0x1110, 0x2210, 0x3210},  // ecr
        {0x1010, 0x3232, 0x1010, 0x3232},  // rc16
    };
    return Permute::apply(a, b, kSelectors[Mode][selector & 3]);
  }
};

template <bool Wrap>
struct BitMask {
  static uint32_t apply(uint32_t position, uint32_t width) {
    if (Wrap) {
      position &= 31;
      width &= 31;
    }
    if (position >= 32 || width == 0) return 0;
    const uint64_t ones = (uint64_t{1} << std::min(width, 32u)) - 1;
    return static_cast<uint32_t>(ones << position);
  }
};
template <class T, bool Wrap>
struct SignExtend {
  static uint32_t apply(uint32_t a, uint32_t count) {
    if (Wrap) count &= 31;
    if (count >= 32) return a;
    if (count == 0) return 0;
    const uint32_t up = a << (32 - count);
    return std::is_signed_v<T> ? static_cast<uint32_t>(static_cast<int32_t>(up) >> (32 - count)) : up >> (32 - count);
  }
};

Result<void> finish_uniform(Decoder& d, size_t sources, Type type, Handler handler, Type result = Type::none,
                            InstructionClass kind = InstructionClass::logic) {
  ATTUNE_CHECK(d.need_operands(sources + 1, sources + 1));
  ATTUNE_CHECK(d.add_destination(d.operand(0), result == Type::none ? type : result));
  for (size_t i = 1; i <= sources; ++i) ATTUNE_CHECK(d.add_source(d.operand(i), type));
  d.finish(handler, kind);
  return {};
}

template <template <class> class Op>
Result<void> decode_shift(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(3, 3));
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::u32));
  Handler handler = nullptr;
  switch (type) {
    case Type::b16:
    case Type::u16: handler = lane_loop<Op<uint16_t>, uint16_t, uint16_t, uint32_t>; break;
    case Type::s16: handler = lane_loop<Op<int16_t>, int16_t, int16_t, uint32_t>; break;
    case Type::b32:
    case Type::u32: handler = lane_loop<Op<uint32_t>, uint32_t, uint32_t, uint32_t>; break;
    case Type::s32: handler = lane_loop<Op<int32_t>, int32_t, int32_t, uint32_t>; break;
    case Type::b64:
    case Type::u64: handler = lane_loop<Op<uint64_t>, uint64_t, uint64_t, uint32_t>; break;
    case Type::s64: handler = lane_loop<Op<int64_t>, int64_t, int64_t, uint32_t>; break;
    default: return d.unsupported("the type of");
  }
  d.finish(handler, InstructionClass::integer);
  return {};
}

Result<void> decode_funnel(Decoder& d) {
  const bool left = d.take("l");
  if (!left && !d.take("r")) return d.malformed(".l or .r is missing");
  const bool clamp = d.take("clamp");
  if (!clamp && !d.take("wrap")) return d.malformed(".clamp or .wrap is missing");
  ATTUNE_CHECK(d.need_type());
  using U = uint32_t;
  const Handler handler =
      left ? (clamp ? lane_loop<Funnel<true, true>, U, U, U, U> : lane_loop<Funnel<true, false>, U, U, U, U>)
           : (clamp ? lane_loop<Funnel<false, true>, U, U, U, U> : lane_loop<Funnel<false, false>, U, U, U, U>);
  return finish_uniform(d, 3, Type::b32, handler, Type::none, InstructionClass::integer);
}

Result<void> decode_extract(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(4, 4));
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::u32));
  ATTUNE_CHECK(d.add_source(d.operand(3), Type::u32));
  using U = uint32_t;
  Handler handler = nullptr;
  switch (type) {
    case Type::u32: handler = lane_loop<ExtractField<uint32_t>, uint32_t, uint32_t, U, U>; break;
    case Type::s32: handler = lane_loop<ExtractField<int32_t>, int32_t, int32_t, U, U>; break;
    case Type::u64: handler = lane_loop<ExtractField<uint64_t>, uint64_t, uint64_t, U, U>; break;
    case Type::s64: handler = lane_loop<ExtractField<int64_t>, int64_t, int64_t, U, U>; break;
    default: return d.unsupported("the type of");
  }
  d.finish(handler, InstructionClass::integer);
  return {};
}

Result<void> decode_insert(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(5, 5));
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), type));
  ATTUNE_CHECK(d.add_source(d.operand(3), Type::u32));
  ATTUNE_CHECK(d.add_source(d.operand(4), Type::u32));
  using U = uint32_t;
  d.finish(size_bytes(type) == 8 ? lane_loop<InsertField<uint64_t>, uint64_t, uint64_t, uint64_t, U, U>
                                 : lane_loop<InsertField<uint32_t>, U, U, U, U, U>,
           InstructionClass::integer);
  return {};
}

Result<void> decode_find(Decoder& d) {
  const bool amount = d.take("shiftamt");
  ATTUNE_TRY(const Type type, d.need_type());
  using U = uint32_t;
  Handler handler = nullptr;
  switch (type) {
    case Type::u32:
      handler = amount ? lane_loop<FindLeading<uint32_t, true>, U, uint32_t>
                       : lane_loop<FindLeading<uint32_t, false>, U, uint32_t>;
      break;
    case Type::s32:
      handler =
          amount ? lane_loop<FindLeading<int32_t, true>, U, int32_t> : lane_loop<FindLeading<int32_t, false>, U, int32_t>;
      break;
    case Type::u64:
      handler = amount ? lane_loop<FindLeading<uint64_t, true>, U, uint64_t>
                       : lane_loop<FindLeading<uint64_t, false>, U, uint64_t>;
      break;
    case Type::s64:
      handler =
          amount ? lane_loop<FindLeading<int64_t, true>, U, int64_t> : lane_loop<FindLeading<int64_t, false>, U, int64_t>;
      break;
    default: return d.unsupported("the type of");
  }
  return finish_uniform(d, 1, type, handler, Type::u32, InstructionClass::integer);
}

template <template <class> class Op>
Result<void> decode_count(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  const bool wide = size_bytes(type) == 8;
  return finish_uniform(d, 1, type,
                        wide ? lane_loop<Op<uint64_t>, uint32_t, uint64_t> : lane_loop<Op<uint32_t>, uint32_t, uint32_t>,
                        Type::u32, InstructionClass::integer);
}

Result<void> decode_reverse(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  const bool wide = size_bytes(type) == 8;
  return finish_uniform(
      d, 1, type, wide ? lane_loop<Reverse<uint64_t>, uint64_t, uint64_t> : lane_loop<Reverse<uint32_t>, uint32_t, uint32_t>,
      Type::none, InstructionClass::integer);
}

Result<void> decode_nth(Decoder& d) {
  ATTUNE_CHECK(d.need_type());
  return finish_uniform(d, 3, Type::b32, lane_loop<FindNth, uint32_t, uint32_t, uint32_t, int32_t>, Type::none,
                        InstructionClass::integer);
}

Result<void> decode_permute(Decoder& d) {
  ATTUNE_CHECK(d.need_type());
  const int mode = d.take_one({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  using U = uint32_t;
  static constexpr Handler kModes[] = {lane_loop<PermuteMode<0>, U, U, U, U>, lane_loop<PermuteMode<1>, U, U, U, U>,
                                       lane_loop<PermuteMode<2>, U, U, U, U>, lane_loop<PermuteMode<3>, U, U, U, U>,
                                       lane_loop<PermuteMode<4>, U, U, U, U>, lane_loop<PermuteMode<5>, U, U, U, U>};
  return finish_uniform(d, 3, Type::b32, mode < 0 ? lane_loop<Permute, U, U, U, U> : kModes[mode], Type::none,
                        InstructionClass::integer);
}

Result<void> decode_bit_mask(Decoder& d) {
  const bool wraps = d.take("wrap");
  if (!wraps && !d.take("clamp")) return d.malformed(".clamp or .wrap is missing");
  ATTUNE_CHECK(d.need_type());
  using U = uint32_t;
  return finish_uniform(d, 2, Type::b32, wraps ? lane_loop<BitMask<true>, U, U, U> : lane_loop<BitMask<false>, U, U, U>);
}

Result<void> decode_sign_extend(Decoder& d) {
  const bool wraps = d.take("wrap");
  if (!wraps && !d.take("clamp")) return d.malformed(".clamp or .wrap is missing");
  ATTUNE_TRY(const Type type, d.need_type());
  using U = uint32_t;
  const bool s = type == Type::s32;
  return finish_uniform(
      d, 2, Type::b32,
      s ? (wraps ? lane_loop<SignExtend<int32_t, true>, U, U, U> : lane_loop<SignExtend<int32_t, false>, U, U, U>)
        : (wraps ? lane_loop<SignExtend<uint32_t, true>, U, U, U> : lane_loop<SignExtend<uint32_t, false>, U, U, U>));
}

}  // namespace

std::vector<OpcodeEntry> bits_opcodes() {
  return {{"shl", decode_shift<ShiftLeft>},
          {"shr", decode_shift<ShiftRight>},
          {"shf", decode_funnel},
          {"bfe", decode_extract},
          {"bfi", decode_insert},
          {"bfind", decode_find},
          {"fns", decode_nth},
          {"popc", decode_count<PopulationCount>},
          {"clz", decode_count<LeadingZeros>},
          {"brev", decode_reverse},
          {"prmt", decode_permute},
          {"bmsk", decode_bit_mask},
          {"szext", decode_sign_extend}};
}

}  // namespace attune::emulator
