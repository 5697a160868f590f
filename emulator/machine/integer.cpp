// Integer arithmetic: add, sub, mul, mad, div, rem, min, max, neg, abs, sad, dp4a, dp2a.

#include <algorithm>
#include <limits>
#include <type_traits>

#include "emulator/machine/arithmetic.hpp"
#include "emulator/machine/carry.hpp"
#include "emulator/machine/lane_loop.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

// Wraps as hardware does; 16-bit operands would otherwise be promoted to int.
template <class T>
using Wrap = std::conditional_t<(sizeof(T) < 4), uint32_t, std::make_unsigned_t<T>>;
template <class T>
constexpr Wrap<T> wrap(T value) {
  return static_cast<Wrap<T>>(value);
}

template <class T>
struct Add {
  static T apply(T a, T b) { return static_cast<T>(wrap(a) + wrap(b)); }
  static constexpr Handler handler = lane_loop<Add, T, T, T>;
};
template <class T>
struct Subtract {
  static T apply(T a, T b) { return static_cast<T>(wrap(a) - wrap(b)); }
  static constexpr Handler handler = lane_loop<Subtract, T, T, T>;
};
struct SaturatingAdd {
  static int32_t apply(int32_t a, int32_t b) {
    const int64_t sum = int64_t{a} + b;
    return static_cast<int32_t>(
        std::clamp<int64_t>(sum, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
  }
};
struct SaturatingSubtract {
  static int32_t apply(int32_t a, int32_t b) {
    const int64_t difference = int64_t{a} - b;
    return static_cast<int32_t>(
        std::clamp<int64_t>(difference, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
  }
};
// Two 16-bit lanes in a register.
template <bool Sub>
struct PackedAdd {
  static uint32_t apply(uint32_t a, uint32_t b) {
    const uint32_t low = Sub ? a - b : a + b;
    const uint32_t high = Sub ? (a >> 16) - (b >> 16) : (a >> 16) + (b >> 16);
    return (low & 0xffff) | high << 16;
  }
};

template <class T>
struct MultiplyLow {
  static T apply(T a, T b) { return static_cast<T>(wrap(a) * wrap(b)); }
  static constexpr Handler handler = lane_loop<MultiplyLow, T, T, T>;
};
template <class T>
struct MultiplyHigh {
  static T apply(T a, T b) { return high_product(a, b); }
  static constexpr Handler handler = lane_loop<MultiplyHigh, T, T, T>;
};
template <class T, class Wide>
struct MultiplyWide {
  static Wide apply(T a, T b) { return static_cast<Wide>(wrap(static_cast<Wide>(a)) * wrap(static_cast<Wide>(b))); }
  static constexpr Handler handler = lane_loop<MultiplyWide, Wide, T, T>;
};
template <class T>
struct MadLow {
  static T apply(T a, T b, T c) { return static_cast<T>(wrap(a) * wrap(b) + wrap(c)); }
  static constexpr Handler handler = lane_loop<MadLow, T, T, T, T>;
};
template <class T>
struct MadHigh {
  static T apply(T a, T b, T c) { return static_cast<T>(wrap(high_product(a, b)) + wrap(c)); }
  static constexpr Handler handler = lane_loop<MadHigh, T, T, T, T>;
};
struct MadHighSaturating {
  static int32_t apply(int32_t a, int32_t b, int32_t c) { return SaturatingAdd::apply(high_product(a, b), c); }
};
template <class T, class Wide>
struct MadWide {
  static Wide apply(T a, T b, Wide c) {
    return static_cast<Wide>(wrap(static_cast<Wide>(a)) * wrap(static_cast<Wide>(b)) + wrap(c));
  }
  static constexpr Handler handler = lane_loop<MadWide, Wide, T, T, Wide>;
};

template <class T>
T extend24(T value) {
  return static_cast<T>(std::is_signed_v<T> ? static_cast<int32_t>(static_cast<uint32_t>(value) << 8) >> 8
                                            : static_cast<int32_t>(static_cast<uint32_t>(value) & 0xffffff));
}
// 24-bit operands have a 48-bit product: .lo are its lower, .hi its upper 32 bits.
template <class T>
struct Multiply24Low {
  static T apply(T a, T b) { return static_cast<T>(static_cast<int64_t>(extend24(a)) * extend24(b)); }
};
template <class T>
struct Multiply24High {
  static T apply(T a, T b) { return static_cast<T>(static_cast<int64_t>(extend24(a)) * extend24(b) >> 16); }
};
template <class T>
struct Mad24Low {
  static T apply(T a, T b, T c) { return static_cast<T>(wrap(Multiply24Low<T>::apply(a, b)) + wrap(c)); }
};
template <class T>
struct Mad24High {
  static T apply(T a, T b, T c) { return static_cast<T>(wrap(Multiply24High<T>::apply(a, b)) + wrap(c)); }
};

// PTX leaves division by zero open; hardware gives all ones, and the dividend as the remainder.
template <class T>
struct Divide {
  static T apply(T a, T b) {
    if (b == 0) return static_cast<T>(~T{0});
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return static_cast<T>(0 - wrap(a));
    }
    return static_cast<T>(a / b);
  }
  static constexpr Handler handler = lane_loop<Divide, T, T, T>;
};
template <class T>
struct Remainder {
  static T apply(T a, T b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  }
  static constexpr Handler handler = lane_loop<Remainder, T, T, T>;
};

template <class T>
struct Minimum {
  static T apply(T a, T b) { return a < b ? a : b; }
  static constexpr Handler handler = lane_loop<Minimum, T, T, T>;
};
template <class T>
struct Maximum {
  static T apply(T a, T b) { return a > b ? a : b; }
  static constexpr Handler handler = lane_loop<Maximum, T, T, T>;
};
template <class F>
struct Relu {
  static int32_t apply(int32_t a, int32_t b) { return std::max(F::apply(a, b), 0); }
};
template <class T, bool Max, bool IsRelu>
struct PackedExtremum {
  static uint32_t half(T a, T b) {
    T result = Max ? std::max(a, b) : std::min(a, b);
    if (IsRelu && result < 0) result = 0;
    return static_cast<uint16_t>(result);
  }
  static uint32_t apply(uint32_t a, uint32_t b) {
    return half(static_cast<T>(a), static_cast<T>(b)) | half(static_cast<T>(a >> 16), static_cast<T>(b >> 16)) << 16;
  }
};
template <class T>
struct Negate {
  static T apply(T a) { return static_cast<T>(0 - wrap(a)); }
  static constexpr Handler handler = lane_loop<Negate, T, T>;
};
template <class T>
struct Absolute {
  static T apply(T a) { return a < 0 ? static_cast<T>(0 - wrap(a)) : a; }
  static constexpr Handler handler = lane_loop<Absolute, T, T>;
};
template <class T>
struct Sad {
  static T apply(T a, T b, T c) { return static_cast<T>(wrap(c) + (a < b ? wrap(b) - wrap(a) : wrap(a) - wrap(b))); }
  static constexpr Handler handler = lane_loop<Sad, T, T, T, T>;
};

template <class A, class B>
struct Dot4 {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    for (int i = 0; i < 32; i += 8) c += static_cast<uint32_t>(static_cast<A>(a >> i) * static_cast<B>(b >> i));
    return c;
  }
};
template <class A, class B, bool High>
struct Dot2 {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    for (int i = 0; i < 2; ++i) {
      c += static_cast<uint32_t>(static_cast<A>(a >> (16 * i)) * static_cast<B>(b >> (8 * i + (High ? 16 : 0))));
    }
    return c;
  }
};

// Operands of one type throughout.
Result<void> uniform(Decoder& d, size_t sources, Type type, Handler handler) {
  ATTUNE_CHECK(d.need_operands(sources + 1, sources + 1));
  if (handler == nullptr) return d.unsupported("the type of");
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  for (size_t i = 1; i <= sources; ++i) ATTUNE_CHECK(d.add_source(d.operand(i), type));
  d.finish(handler, InstructionClass::integer);
  return {};
}

template <template <class> class Op, size_t Sources>
Result<void> decode_uniform(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  return uniform(d, Sources, type, integer_handler<Op>(type));
}

bool take_packed(Decoder& d, bool& is_signed) {
  is_signed = d.take("s16x2");
  return is_signed || d.take("u16x2");
}

Result<void> decode_24(Decoder& d) {
  const bool mad = d.mnemonic() == "mad24";
  const bool high = d.take("hi");
  if (!high && !d.take("lo")) return d.malformed(".lo or .hi is missing");
  ATTUNE_TRY(const Type type, d.need_type());
  const bool s = type == Type::s32;
  if (!s && type != Type::u32) return d.unsupported("the type of");
  Handler handler = nullptr;
  using I = int32_t;
  using U = uint32_t;
  if (mad) {
    handler = high ? (s ? lane_loop<Mad24High<I>, I, I, I, I> : lane_loop<Mad24High<U>, U, U, U, U>)
                   : (s ? lane_loop<Mad24Low<I>, I, I, I, I> : lane_loop<Mad24Low<U>, U, U, U, U>);
  } else {
    handler = high ? (s ? lane_loop<Multiply24High<I>, I, I, I> : lane_loop<Multiply24High<U>, U, U, U>)
                   : (s ? lane_loop<Multiply24Low<I>, I, I, I> : lane_loop<Multiply24Low<U>, U, U, U>);
  }
  return uniform(d, mad ? 3 : 2, type, handler);
}

template <class A, class B>
Handler dot_handler(bool four, bool high) {
  using U = uint32_t;
  if (four) return lane_loop<Dot4<A, B>, U, U, U, U>;
  using A2 = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
  return high ? lane_loop<Dot2<A2, B, true>, U, U, U, U> : lane_loop<Dot2<A2, B, false>, U, U, U, U>;
}

Result<void> decode_dot(Decoder& d) {
  const bool four = d.mnemonic() == "dp4a";
  const bool high = !four && d.take("hi");
  if (!four && !high && !d.take("lo")) return d.malformed(".lo or .hi is missing");
  ATTUNE_TRY(const Type a, d.need_type());
  ATTUNE_TRY(const Type b, d.need_type());
  const bool sa = is_signed(a);
  const bool sb = is_signed(b);
  const Handler handler = sa ? (sb ? dot_handler<int8_t, int8_t>(four, high) : dot_handler<int8_t, uint8_t>(four, high))
                             : (sb ? dot_handler<uint8_t, int8_t>(four, high) : dot_handler<uint8_t, uint8_t>(four, high));
  return uniform(d, 3, Type::b32, handler);
}

}  // namespace

Result<void> decode_integer_add(Decoder& d) {
  const bool subtract = d.mnemonic() == "sub";
  if (d.take("cc")) return decode_carry_out(d);
  bool ignored = false;
  if (take_packed(d, ignored)) {
    using U = uint32_t;
    return uniform(d, 2, Type::b32, subtract ? lane_loop<PackedAdd<true>, U, U, U> : lane_loop<PackedAdd<false>, U, U, U>);
  }
  const bool saturate = d.take("sat");
  ATTUNE_TRY(const Type type, d.need_type());
  if (saturate) {
    if (type != Type::s32) return d.unsupported("the type of");
    using I = int32_t;
    return uniform(d, 2, type, subtract ? lane_loop<SaturatingSubtract, I, I, I> : lane_loop<SaturatingAdd, I, I, I>);
  }
  return uniform(d, 2, type, subtract ? integer_handler<Subtract>(type) : integer_handler<Add>(type));
}

Result<void> decode_integer_multiply(Decoder& d) {
  const bool mad = d.mnemonic() == "mad";
  if (d.take("wide")) {
    ATTUNE_TRY(const Type type, d.need_type());
    ATTUNE_CHECK(d.need_operands(mad ? 4 : 3, mad ? 4 : 3));
    Handler handler = nullptr;
    switch (type) {
      case Type::u16:
        handler = mad ? MadWide<uint16_t, uint32_t>::handler : MultiplyWide<uint16_t, uint32_t>::handler;
        break;
      case Type::s16: handler = mad ? MadWide<int16_t, int32_t>::handler : MultiplyWide<int16_t, int32_t>::handler; break;
      case Type::u32:
        handler = mad ? MadWide<uint32_t, uint64_t>::handler : MultiplyWide<uint32_t, uint64_t>::handler;
        break;
      case Type::s32: handler = mad ? MadWide<int32_t, int64_t>::handler : MultiplyWide<int32_t, int64_t>::handler; break;
      default: return d.unsupported("the type of");
    }
    const Type wide = size_bytes(type) == 2 ? Type::b32 : Type::b64;
    ATTUNE_CHECK(d.add_destination(d.operand(0), wide));
    ATTUNE_CHECK(d.add_source(d.operand(1), type));
    ATTUNE_CHECK(d.add_source(d.operand(2), type));
    if (mad) ATTUNE_CHECK(d.add_source(d.operand(3), wide));
    d.finish(handler, InstructionClass::integer);
    return {};
  }
  const bool high = d.take("hi");
  if (!high && !d.take("lo")) return d.malformed(".lo, .hi or .wide is missing");
  if (mad && d.take("cc")) return decode_carry_out(d, high);
  const bool saturate = d.take("sat");
  ATTUNE_TRY(const Type type, d.need_type());
  if (saturate) {
    if (!mad || !high || type != Type::s32) return d.unsupported("the type of");
    return uniform(d, 3, type, lane_loop<MadHighSaturating, int32_t, int32_t, int32_t, int32_t>);
  }
  if (mad) return uniform(d, 3, type, high ? integer_handler<MadHigh>(type) : integer_handler<MadLow>(type));
  return uniform(d, 2, type, high ? integer_handler<MultiplyHigh>(type) : integer_handler<MultiplyLow>(type));
}

Result<void> decode_integer_divide(Decoder& d) { return decode_uniform<Divide, 2>(d); }

Result<void> decode_integer_extremum(Decoder& d) {
  const bool max = d.mnemonic() == "max";
  const bool relu = d.take("relu");
  bool packed_signed = false;
  using U = uint32_t;
  if (take_packed(d, packed_signed)) {
    Handler handler = nullptr;
    if (!packed_signed) {
      handler = max ? lane_loop<PackedExtremum<uint16_t, true, false>, U, U, U>
                    : lane_loop<PackedExtremum<uint16_t, false, false>, U, U, U>;
    } else if (relu) {
      handler = max ? lane_loop<PackedExtremum<int16_t, true, true>, U, U, U>
                    : lane_loop<PackedExtremum<int16_t, false, true>, U, U, U>;
    } else {
      handler = max ? lane_loop<PackedExtremum<int16_t, true, false>, U, U, U>
                    : lane_loop<PackedExtremum<int16_t, false, false>, U, U, U>;
    }
    return uniform(d, 2, Type::b32, handler);
  }
  ATTUNE_TRY(const Type type, d.need_type());
  if (relu) {
    if (type != Type::s32) return d.unsupported("the type of");
    using I = int32_t;
    return uniform(d, 2, type, max ? lane_loop<Relu<Maximum<I>>, I, I, I> : lane_loop<Relu<Minimum<I>>, I, I, I>);
  }
  return uniform(d, 2, type, max ? integer_handler<Maximum>(type) : integer_handler<Minimum>(type));
}

Result<void> decode_integer_unary(Decoder& d) {
  const bool negate = d.mnemonic() == "neg";
  ATTUNE_TRY(const Type type, d.need_type());
  return uniform(d, 1, type, negate ? integer_handler<Negate>(type) : integer_handler<Absolute>(type));
}

std::vector<OpcodeEntry> integer_opcodes() {
  return {{"rem", decode_uniform<Remainder, 2>},
          {"sad", decode_uniform<Sad, 3>},
          {"mul24", decode_24},
          {"mad24", decode_24},
          {"dp4a", decode_dot},
          {"dp2a", decode_dot}};
}

}  // namespace attune::emulator
