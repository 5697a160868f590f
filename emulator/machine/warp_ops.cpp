// Exchange between the lanes of a warp: shfl, vote, match, redux, elect, activemask, bar.warp.sync.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "emulator/machine/cta.hpp"
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/machine/warp_ops.hpp"
#include "emulator/numerics/arithmetic.hpp"

namespace attune::emulator {

LaneMask member_mask(Warp& warp, const Instruction& instruction, Slot slot, LaneMask lanes) {
  const auto& masks = warp.row(slot);
  const LaneMask mask = masks[static_cast<size_t>(std::countr_zero(lanes))];
  LaneMask differing = 0;
  for_each_lane(lanes, [&](int lane) { differing |= LaneMask{masks[static_cast<size_t>(lane)] != mask} << lane; });
  // Lanes with other masks form groups of their own, which must not name each other; kernels that do this are rare and
  // usually wrong, so they are told.
  if (differing != 0) {
    warp.fail(Status::validation_failed, instruction, std::countr_zero(differing),
              fmt::format("has member mask {:#010x} here and {:#010x} in lane {}",
                          masks[static_cast<size_t>(std::countr_zero(differing))], mask, std::countr_zero(lanes)),
              "Give all lanes that take part the same member mask.");
    return 0;
  }
  return mask;
}

namespace {

using ptx::Type;

enum class Shuffle : uint8_t { up, down, bfly, idx };

void run_shuffle(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const LaneMask members = member_mask(warp, instruction, instruction.source(3), lanes);
  if (members == 0 || !warp.gather(instruction, lanes, members)) return;
  const auto mode = static_cast<Shuffle>(instruction.immediate);
  const LaneRegisters a = warp.row(instruction.source(0));
  const auto& b = warp.row(instruction.source(1));
  const auto& c = warp.row(instruction.source(2));
  auto& d = warp.row(instruction.destination());
  LaneMask in_range = 0;
  for_each_lane(lanes, [&](int lane) {
    const auto self = static_cast<size_t>(lane);
    const auto value = static_cast<int>(b[self] & 31);
    const auto clamp = static_cast<int>(c[self] & 31);
    const auto segment = static_cast<int>(c[self] >> 8 & 31);
    const int most = (lane & segment) | (clamp & ~segment);
    const int least = lane & segment;
    int from = lane;
    bool valid = false;
    switch (mode) {
      case Shuffle::up:
        from = lane - value;
        valid = from >= most;
        break;
      case Shuffle::down:
        from = lane + value;
        valid = from <= most;
        break;
      case Shuffle::bfly:
        from = lane ^ value;
        valid = from <= most;
        break;
      case Shuffle::idx:
        from = least | (value & ~segment);
        valid = from <= most;
        break;
    }
    if (!valid) from = lane;
    if ((lanes >> from & 1) == 0) {
      warp.fail(Status::validation_failed, instruction, lane,
                fmt::format("takes the value of lane {}, which does not execute it", from),
                "Shuffle only between lanes that take part.");
      return;
    }
    d[self] = a[static_cast<size_t>(from)];
    if (valid) in_range |= LaneMask{1} << lane;
  });
  warp.set_predicate(instruction.predicate, lanes, in_range);
}

Result<void> decode_shuffle(Decoder& d) {
  if (!d.take("sync")) return d.unsupported("the form without .sync of");
  const int mode = d.take_one({"up", "down", "bfly", "idx"});
  if (mode < 0) return d.malformed("the mode is missing");
  d.out.immediate = mode;
  ATTUNE_CHECK(d.need_type());
  ATTUNE_CHECK(d.need_operands(5, 5));
  const ptx::Operand& destination = d.operand(0);
  const bool pair = destination.kind == ptx::OperandKind::pair;
  ATTUNE_CHECK(d.add_destination(pair ? destination.elements[0] : destination, Type::b32));
  if (pair) {
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(destination.elements[1]));
  }
  for (size_t i = 1; i <= 4; ++i) ATTUNE_CHECK(d.add_source(d.operand(i), Type::b32));
  d.finish(run_shuffle, InstructionClass::warp);
  return {};
}

enum class Vote : uint8_t { all, any, uni, ballot };

void run_vote(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const LaneMask members = member_mask(warp, instruction, instruction.source(0), lanes);
  if (members == 0 || !warp.gather(instruction, lanes, members)) return;
  const LaneMask yes = warp.predicate(instruction.source_predicate) & lanes;
  LaneMask result = 0;
  switch (static_cast<Vote>(instruction.immediate)) {
    case Vote::all: result = yes == lanes ? kAllLanes : 0; break;
    case Vote::any: result = yes != 0 ? kAllLanes : 0; break;
    case Vote::uni: result = yes == lanes || yes == 0 ? kAllLanes : 0; break;
    case Vote::ballot:
      for_each_lane(lanes, [&](int lane) { warp.row(instruction.destination())[static_cast<size_t>(lane)] = yes; });
      return;
  }
  warp.set_predicate(instruction.predicate, lanes, result);
}

Result<void> decode_vote(Decoder& d) {
  if (!d.take("sync")) return d.unsupported("the form without .sync of");
  const int mode = d.take_one({"all", "any", "uni", "ballot"});
  if (mode < 0) return d.malformed("the mode is missing");
  d.out.immediate = mode;
  ATTUNE_CHECK(d.need_type());
  ATTUNE_CHECK(d.need_operands(3, 3));
  if (static_cast<Vote>(mode) == Vote::ballot) {
    ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
  } else {
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
  }
  ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(1)));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b32));
  d.finish(run_vote, InstructionClass::warp);
  return {};
}

void run_active_mask(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_lane(lanes, [&](int lane) { warp.row(instruction.destination())[static_cast<size_t>(lane)] = lanes; });
}

Result<void> decode_active_mask(Decoder& d) {
  ATTUNE_CHECK(d.need_type());
  ATTUNE_CHECK(d.need_operands(1, 1));
  ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
  d.finish(run_active_mask, InstructionClass::warp);
  return {};
}

template <class T>
void run_match(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const LaneMask members = member_mask(warp, instruction, instruction.source(1), lanes);
  if (members == 0 || !warp.gather(instruction, lanes, members)) return;
  const T* const values = warp.lanes<T>(instruction.source(0));
  auto& d = warp.row(instruction.destination());
  const bool all = instruction.immediate != 0;
  LaneMask uniform = 0;
  for_each_lane(lanes, [&](int lane) {
    LaneMask same = 0;
    for_each_lane(lanes, [&](int other) { same |= LaneMask{values[other] == values[lane]} << other; });
    if (all) {
      uniform = same == lanes ? kAllLanes : 0;
      d[static_cast<size_t>(lane)] = same == lanes ? lanes : 0;
    } else {
      d[static_cast<size_t>(lane)] = same;
    }
  });
  if (all) warp.set_predicate(instruction.predicate, lanes, uniform);
}

Result<void> decode_match(Decoder& d) {
  const bool all = d.take("all");
  if (!all && !d.take("any")) return d.malformed(".any or .all is missing");
  if (!d.take("sync")) return d.unsupported("the form without .sync of");
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(3, 3));
  d.out.immediate = all ? 1 : 0;
  const ptx::Operand& destination = d.operand(0);
  const bool pair = destination.kind == ptx::OperandKind::pair;
  ATTUNE_CHECK(d.add_destination(pair ? destination.elements[0] : destination, Type::b32));
  if (pair) {
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(destination.elements[1]));
  }
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b32));
  d.finish(size_bytes(type) == 8 ? run_match<uint64_t> : run_match<uint32_t>, InstructionClass::warp);
  return {};
}

enum class Reduction : uint8_t { add, min, max, bit_and, bit_or, bit_xor };
struct Redux {
  Reduction operation = Reduction::add;
  bool is_signed = false;
  bool is_float = false;
  bool absolute = false;
  bool nan = false;
};

uint32_t reduce(const Redux& how, uint32_t a, uint32_t b) {
  if (how.is_float) {
    Extremum extremum;
    extremum.nan = how.nan;
    auto x = std::bit_cast<float>(a);
    auto y = std::bit_cast<float>(b);
    const float result = how.operation == Reduction::min ? minimum(x, y, extremum) : maximum(x, y, extremum);
    return std::bit_cast<uint32_t>(result);
  }
  const auto sa = static_cast<int32_t>(a);
  const auto sb = static_cast<int32_t>(b);
  switch (how.operation) {
    case Reduction::add: return a + b;
    case Reduction::min: return how.is_signed ? static_cast<uint32_t>(std::min(sa, sb)) : std::min(a, b);
    case Reduction::max: return how.is_signed ? static_cast<uint32_t>(std::max(sa, sb)) : std::max(a, b);
    case Reduction::bit_and: return a & b;
    case Reduction::bit_or: return a | b;
    default: return a ^ b;
  }
}

void run_redux(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const LaneMask members = member_mask(warp, instruction, instruction.source(1), lanes);
  if (members == 0 || !warp.gather(instruction, lanes, members)) return;
  const auto& how = detail<Redux>(instruction);
  const auto& values = warp.row(instruction.source(0));
  bool first = true;
  uint32_t result = 0;
  for_each_lane(lanes, [&](int lane) {
    uint32_t value = values[static_cast<size_t>(lane)];
    if (how.absolute) value &= 0x7fffffff;
    result = first ? value : reduce(how, result, value);
    first = false;
  });
  for_each_lane(lanes, [&](int lane) { warp.row(instruction.destination())[static_cast<size_t>(lane)] = result; });
}

Result<void> decode_redux(Decoder& d) {
  if (!d.take("sync")) return d.unsupported("the form without .sync of");
  Redux how;
  const int operation = d.take_one({"add", "min", "max", "and", "or", "xor"});
  if (operation < 0) return d.malformed("the operation is missing");
  how.operation = static_cast<Reduction>(operation);
  how.absolute = d.take("abs");
  how.nan = d.take("NaN");
  ATTUNE_TRY(const Type type, d.need_type());
  how.is_signed = type == Type::s32;
  how.is_float = type == Type::f32;
  if (how.is_float && operation != 1 && operation != 2) return d.unsupported("the operation of");
  ATTUNE_CHECK(d.need_operands(3, 3));
  ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
  ATTUNE_CHECK(d.add_source(d.operand(1), Type::b32));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b32));
  d.set_detail(how);
  d.finish(run_redux, InstructionClass::warp);
  return {};
}

// The lowest member is chosen; PTX leaves the choice open but wants it to be the same each time.
void run_elect(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const LaneMask members = member_mask(warp, instruction, instruction.source(0), lanes);
  if (members == 0 || !warp.gather(instruction, lanes, members)) return;
  const int leader = std::countr_zero(lanes);
  for_each_lane(lanes, [&](int lane) {
    warp.row(instruction.destination())[static_cast<size_t>(lane)] = static_cast<uint32_t>(leader);
  });
  warp.set_predicate(instruction.predicate, lanes, LaneMask{1} << leader);
}

Result<void> decode_elect(Decoder& d) {
  if (!d.take("sync")) return d.unknown();
  ATTUNE_CHECK(d.need_operands(2, 2));
  if (d.operand(0).kind != ptx::OperandKind::pair) return d.malformed("the destination is not d|p");
  ATTUNE_CHECK(d.add_destination(d.operand(0).elements[0], Type::b32));
  ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0).elements[1]));
  ATTUNE_CHECK(d.add_source(d.operand(1), Type::b32));
  d.finish(run_elect, InstructionClass::warp);
  return {};
}

}  // namespace

void run_warp_sync(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const LaneMask members = member_mask(warp, instruction, instruction.source(0), lanes);
  if (members != 0) warp.gather(instruction, lanes, members);
}

std::vector<OpcodeEntry> warp_opcodes() {
  return {{"shfl", decode_shuffle}, {"vote", decode_vote},   {"activemask", decode_active_mask},
          {"match", decode_match},  {"redux", decode_redux}, {"elect", decode_elect}};
}

}  // namespace attune::emulator
