// setp and set.
#include <cmath>
#include <type_traits>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/numerics/arithmetic.hpp"
#include "emulator/numerics/half.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

enum class Relation : uint8_t { eq, ne, lt, le, gt, ge, equ, neu, ltu, leu, gtu, geu, num, nan };

template <class T>
bool is_nan(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(value);
  } else {
    return false;
  }
}

template <class T>
bool holds(Relation relation, T a, T b) {
  switch (relation) {
    case Relation::eq: return a == b;
    case Relation::ne: return a < b || a > b;  // false when unordered
    case Relation::lt: return a < b;
    case Relation::le: return a <= b;
    case Relation::gt: return a > b;
    case Relation::ge: return a >= b;
    case Relation::equ: return !(a < b || a > b);
    case Relation::neu: return !(a == b);
    case Relation::ltu: return !(a >= b);
    case Relation::leu: return !(a > b);
    case Relation::gtu: return !(a <= b);
    case Relation::geu: return !(a < b);
    case Relation::num: return !is_nan(a) && !is_nan(b);
    default: return is_nan(a) || is_nan(b);
  }
}

enum class Combine : uint8_t { none, conjunction, disjunction, exclusive };

struct Comparison {
  Relation relation = Relation::eq;
  Combine combine = Combine::none;
  bool ftz = false;
  Format half = Format::f16;
  bool is_float_result = false;  // set: 1.0 instead of all ones
  Type result = Type::u32;
};

template <class T>
LaneMask compare(const Warp& warp, const Instruction& instruction, const Comparison& how) {
  const auto* const a = warp.lanes<Cell<T>>(instruction.source(0));
  const auto* const b = warp.lanes<Cell<T>>(instruction.source(1));
  LaneMask result = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    T x = from_cell<T>(a[lane]);
    T y = from_cell<T>(b[lane]);
    if constexpr (std::is_same_v<T, float>) {
      if (how.ftz) {
        x = flush(x);
        y = flush(y);
      }
    }
    result |= LaneMask{holds(how.relation, x, y)} << lane;
  }
  return result;
}

LaneMask compare_half(const Warp& warp, const Instruction& instruction, const Comparison& how, int shift) {
  const auto& a = warp.row(instruction.source(0));
  const auto& b = warp.row(instruction.source(1));
  LaneMask result = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    const float x = half_value(how.half, static_cast<uint16_t>(a[lane] >> shift), how.ftz);
    const float y = half_value(how.half, static_cast<uint16_t>(b[lane] >> shift), how.ftz);
    result |= LaneMask{holds(how.relation, x, y)} << lane;
  }
  return result;
}

LaneMask combined(Combine how, LaneMask value, LaneMask with) {
  switch (how) {
    case Combine::conjunction: return value & with;
    case Combine::disjunction: return value | with;
    case Combine::exclusive: return value ^ with;
    default: return value;
  }
}

void store_comparison(Warp& warp, const Instruction& instruction, const Comparison& how, LaneMask lanes, LaneMask value) {
  const LaneMask with = warp.predicate(instruction.source_predicate);
  warp.set_predicate(instruction.predicate, lanes, combined(how.combine, value, with));
  if (instruction.second_predicate != kSinkPredicate) {
    warp.set_predicate(instruction.second_predicate, lanes, combined(how.combine, ~value, with));
  }
}

template <class T>
void run_setp(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Comparison>(instruction);
  store_comparison(warp, instruction, how, lanes, compare<T>(warp, instruction, how));
}

// The common integer and float comparisons, without a switch in the loop.
template <class T, Relation R>
void run_plain_setp(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* const a = warp.lanes<Cell<T>>(instruction.source(0));
  const auto* const b = warp.lanes<Cell<T>>(instruction.source(1));
  LaneMask value = 0;
  for (int lane = 0; lane < kLanes; ++lane) {
    value |= LaneMask{holds(R, from_cell<T>(a[lane]), from_cell<T>(b[lane]))} << lane;
  }
  warp.set_predicate(instruction.predicate, lanes, value);
}

void run_setp_half(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Comparison>(instruction);
  store_comparison(warp, instruction, how, lanes, compare_half(warp, instruction, how, 0));
}

// p takes the low halves, q the high ones.
void run_setp_packed(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Comparison>(instruction);
  const LaneMask with = warp.predicate(instruction.source_predicate);
  const LaneMask low = combined(how.combine, compare_half(warp, instruction, how, 0), with);
  const LaneMask high = combined(how.combine, compare_half(warp, instruction, how, 16), with);
  warp.set_predicate(instruction.predicate, lanes, low);
  warp.set_predicate(instruction.second_predicate, lanes, high);
}

template <class T>
void run_set(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Comparison>(instruction);
  const LaneMask value =
      combined(how.combine, compare<T>(warp, instruction, how), warp.predicate(instruction.source_predicate));
  auto& d = warp.row(instruction.destination());
  const uint32_t yes = how.result == Type::f32       ? 0x3f800000u
                       : how.result == Type::f16     ? 0x3c00u
                       : how.result == Type::bf16    ? 0x3f80u
                       : size_bytes(how.result) == 2 ? 0xffffu
                                                     : ~0u;
  for_each_lane(lanes, [&](int lane) { d[static_cast<size_t>(lane)] = (value >> lane & 1) != 0 ? yes : 0; });
}

void run_set_half(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Comparison>(instruction);
  const LaneMask with = warp.predicate(instruction.source_predicate);
  const LaneMask low = combined(how.combine, compare_half(warp, instruction, how, 0), with);
  const bool packed = how.result == Type::f16x2 || how.result == Type::bf16x2;
  const LaneMask high = packed ? combined(how.combine, compare_half(warp, instruction, how, 16), with) : 0;
  const uint32_t one = how.half == Format::f16 ? 0x3c00 : 0x3f80;
  auto& d = warp.row(instruction.destination());
  for_each_lane(lanes, [&](int lane) {
    const bool l = (low >> lane & 1) != 0;
    const bool h = (high >> lane & 1) != 0;
    uint32_t value = 0;
    switch (how.result) {
      case Type::f16x2:
      case Type::bf16x2:
      case Type::f16:
      case Type::bf16: value = (l ? one : 0) | (h ? one << 16 : 0); break;
      case Type::f32: value = l ? 0x3f800000u : 0; break;
      case Type::u16:
      case Type::s16: value = l ? 0xffffu : 0; break;
      default: value = l ? ~0u : 0; break;
    }
    d[static_cast<size_t>(lane)] = value;
  });
}

// set.cmp.u32.f16x2: both halves as 16-bit masks in one register.
void run_set_packed_mask(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<Comparison>(instruction);
  const LaneMask with = warp.predicate(instruction.source_predicate);
  const LaneMask low = combined(how.combine, compare_half(warp, instruction, how, 0), with);
  const LaneMask high = combined(how.combine, compare_half(warp, instruction, how, 16), with);
  auto& d = warp.row(instruction.destination());
  for_each_lane(lanes, [&](int lane) {
    d[static_cast<size_t>(lane)] = ((low >> lane & 1) != 0 ? 0xffffu : 0) | ((high >> lane & 1) != 0 ? 0xffff0000u : 0);
  });
}

Result<Comparison> take_comparison(Decoder& d) {
  Comparison how;
  const int relation =
      d.take_one({"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"});
  if (relation >= 0) {
    how.relation = static_cast<Relation>(relation);
  } else {
    const int unsigned_relation = d.take_one({"lo", "ls", "hi", "hs"});
    if (unsigned_relation < 0) return d.malformed("the comparison is missing");
    static constexpr Relation kUnsigned[] = {Relation::lt, Relation::le, Relation::gt, Relation::ge};
    how.relation = kUnsigned[unsigned_relation];
  }
  how.combine = static_cast<Combine>(1 + d.take_one({"and", "or", "xor"}));
  how.ftz = d.take("ftz");
  return how;
}

Result<Handler> setp_handler(Decoder& d, Type type, Comparison& how) {
  // ne of integers has no unordered case, and that of floats is ordered: both are what holds() computes.
  switch (type) {
    case Type::b16:
    case Type::u16: return Handler{run_setp<uint16_t>};
    case Type::s16: return Handler{run_setp<int16_t>};
    case Type::b32:
    case Type::u32: return Handler{run_setp<uint32_t>};
    case Type::s32: return Handler{run_setp<int32_t>};
    case Type::b64:
    case Type::u64: return Handler{run_setp<uint64_t>};
    case Type::s64: return Handler{run_setp<int64_t>};
    case Type::f32: return Handler{run_setp<float>};
    case Type::f64: return Handler{run_setp<double>};
    case Type::f16:
    case Type::bf16: how.half = type == Type::f16 ? Format::f16 : Format::bf16; return Handler{run_setp_half};
    case Type::f16x2:
    case Type::bf16x2: how.half = type == Type::f16x2 ? Format::f16 : Format::bf16; return Handler{run_setp_packed};
    default: return d.unsupported("the type of");
  }
}

template <class T>
Handler plain_handler(Relation relation) {
  switch (relation) {
    case Relation::eq: return run_plain_setp<T, Relation::eq>;
    case Relation::ne: return run_plain_setp<T, Relation::ne>;
    case Relation::lt: return run_plain_setp<T, Relation::lt>;
    case Relation::le: return run_plain_setp<T, Relation::le>;
    case Relation::gt: return run_plain_setp<T, Relation::gt>;
    case Relation::ge: return run_plain_setp<T, Relation::ge>;
    default: return nullptr;
  }
}

Result<void> decode_setp(Decoder& d) {
  ATTUNE_TRY(Comparison how, take_comparison(d));
  ATTUNE_TRY(const Type type, d.need_type());
  const bool combines = how.combine != Combine::none;
  ATTUNE_CHECK(d.need_operands(combines ? 4 : 3, combines ? 4 : 3));
  const ptx::Operand& destination = d.operand(0);
  const bool pair = destination.kind == ptx::OperandKind::pair;
  ATTUNE_TRY(d.out.predicate, d.predicate_destination(pair ? destination.elements[0] : destination));
  if (pair) {
    ATTUNE_TRY(d.out.second_predicate, d.predicate_destination(destination.elements[1]));
  }
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), type));
  if (combines) {
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(3)));
  }
  ATTUNE_TRY(Handler handler, setp_handler(d, type, how));
  if (!combines && !pair && !how.ftz) {
    Handler plain = nullptr;
    if (type == Type::u32 || type == Type::b32) plain = plain_handler<uint32_t>(how.relation);
    if (type == Type::s32) plain = plain_handler<int32_t>(how.relation);
    if (type == Type::u64 || type == Type::b64) plain = plain_handler<uint64_t>(how.relation);
    if (type == Type::s64) plain = plain_handler<int64_t>(how.relation);
    if (type == Type::f32) plain = plain_handler<float>(how.relation);
    if (plain != nullptr) handler = plain;
  }
  d.set_detail(how);
  d.finish(handler, InstructionClass::logic);
  return {};
}

Result<void> decode_set(Decoder& d) {
  ATTUNE_TRY(Comparison how, take_comparison(d));
  ATTUNE_TRY(how.result, d.need_type());
  ATTUNE_TRY(const Type type, d.need_type());
  const bool combines = how.combine != Combine::none;
  ATTUNE_CHECK(d.need_operands(combines ? 4 : 3, combines ? 4 : 3));
  ATTUNE_CHECK(d.add_destination(d.operand(0), how.result));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), type));
  if (combines) {
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(3)));
  }
  Handler handler = nullptr;
  switch (type) {
    case Type::b16:
    case Type::u16: handler = run_set<uint16_t>; break;
    case Type::s16: handler = run_set<int16_t>; break;
    case Type::b32:
    case Type::u32: handler = run_set<uint32_t>; break;
    case Type::s32: handler = run_set<int32_t>; break;
    case Type::b64:
    case Type::u64: handler = run_set<uint64_t>; break;
    case Type::s64: handler = run_set<int64_t>; break;
    case Type::f32: handler = run_set<float>; break;
    case Type::f64: handler = run_set<double>; break;
    case Type::f16:
    case Type::f16x2:
    case Type::bf16:
    case Type::bf16x2: {
      how.half = type == Type::f16 || type == Type::f16x2 ? Format::f16 : Format::bf16;
      const bool packed = type == Type::f16x2 || type == Type::bf16x2;
      handler = packed && !is_float(how.result) ? run_set_packed_mask : run_set_half;
      break;
    }
    default: return d.unsupported("the type of");
  }
  if (size_bytes(how.result) == 8) return d.unsupported("the result type of");
  d.set_detail(how);
  d.finish(handler, InstructionClass::logic);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> compare_opcodes() {
  return {
      {"setp", decode_setp},
      {"set", decode_set},
  };
}

}  // namespace attune::emulator
