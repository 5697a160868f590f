// mov (with packing and unpacking), cvta, isspacep, clocks.
#include <chrono>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/machine/space.hpp"

namespace attune::emulator {
namespace {

using ptx::OperandKind;
using ptx::Space;
using ptx::Type;

void run_move_predicate(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  // A copy of an undefined predicate is undefined, not an error.
  const PredicateOperand source = instruction.source_predicate;
  const LaneMask valid = warp.predicate_valid[source.index];
  warp.set_predicate(instruction.predicate, lanes, warp.predicate(source));
  warp.predicate_valid[instruction.predicate] &= ~lanes | valid;
}

struct PackShape {
  uint32_t parts = 2;
  uint32_t part_bits = 16;
  bool wide = false;  // the packed side has 64 bits
};

void run_pack(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& shape = detail<PackShape>(instruction);
  const uint64_t mask = shape.part_bits == 64 ? ~uint64_t{0} : (uint64_t{1} << shape.part_bits) - 1;
  for_each_lane(lanes, [&](int lane) {
    uint64_t value = 0;
    for (uint32_t i = 0; i < shape.parts; ++i) {
      value |= (warp.lanes<uint32_t>(instruction.source(static_cast<int>(i)))[lane] & mask) << (i * shape.part_bits);
    }
    if (shape.wide) {
      warp.lanes<uint64_t>(instruction.destination())[lane] = value;
    } else {
      warp.lanes<uint32_t>(instruction.destination())[lane] = static_cast<uint32_t>(value);
    }
  });
}

void run_unpack(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& shape = detail<PackShape>(instruction);
  const uint64_t mask = (uint64_t{1} << shape.part_bits) - 1;
  for_each_lane(lanes, [&](int lane) {
    const uint64_t value =
        shape.wide ? warp.lanes<uint64_t>(instruction.source(0))[lane] : warp.lanes<uint32_t>(instruction.source(0))[lane];
    for (uint32_t i = 0; i < shape.parts; ++i) {
      warp.lanes<uint32_t>(instruction.destination(static_cast<int>(i)))[lane] =
          static_cast<uint32_t>(value >> (i * shape.part_bits) & mask);
    }
  });
}

Result<void> decode_vector_move(Decoder& d, Type type) {
  const bool packs = d.operand(1).kind == OperandKind::vector;
  const auto parts = Decoder::elements(d.operand(packs ? 1 : 0));
  PackShape shape;
  shape.parts = static_cast<uint32_t>(parts.size());
  shape.wide = size_bytes(type) == 8;
  if (parts.empty() || size_bytes(type) > 8) return d.unsupported("this vector of");
  shape.part_bits = static_cast<uint32_t>(size_bytes(type)) * 8 / shape.parts;
  if (shape.part_bits != 8 && shape.part_bits != 16 && shape.part_bits != 32) return d.malformed("the vector does not fit");
  const Type part_type = shape.part_bits == 8 ? Type::b8 : shape.part_bits == 16 ? Type::b16 : Type::b32;
  if (packs) {
    ATTUNE_CHECK(d.add_destination(d.operand(0), type));
    for (const auto& part : parts) ATTUNE_CHECK(d.add_source(part, part_type));
  } else {
    for (const auto& part : parts) ATTUNE_CHECK(d.add_destination(part, part_type));
    ATTUNE_CHECK(d.add_source(d.operand(1), type));
  }
  // One undefined half may be packed along and never looked at.
  d.out.copies = true;
  d.set_detail(shape);
  d.finish(packs ? run_pack : run_unpack, InstructionClass::move);
  return {};
}

uint64_t clock_ticks(const Warp& warp) { return static_cast<uint64_t>(warp.executed) * 4; }

void run_clock32(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto now = static_cast<uint32_t>(clock_ticks(warp));
  for_each_lane(lanes, [&](int lane) { warp.lanes<uint32_t>(instruction.destination())[lane] = now; });
}

void run_clock64(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const uint64_t now = clock_ticks(warp);
  for_each_lane(lanes, [&](int lane) { warp.lanes<uint64_t>(instruction.destination())[lane] = now; });
}

Result<void> decode_move(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(2, 2));
  if (type == Type::pred) {
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(1)));
    d.out.copies = true;
    d.finish(run_move_predicate, InstructionClass::move);
    return {};
  }
  if (size_bytes(type) > 8) return d.unsupported("the type of");
  if (d.operand(0).kind == OperandKind::vector || d.operand(1).kind == OperandKind::vector)
    return decode_vector_move(d, type);
  const bool wide = size_bytes(type) == 8;
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  const std::string& name = d.operand(1).name;
  if (d.operand(1).kind == OperandKind::special &&
      (name == "%clock" || name == "%clock_hi" || name == "%clock64" || name == "%globaltimer" ||
       name == "%globaltimer_lo" || name == "%globaltimer_hi" || name == "%gridid" || name == "%is_explicit_cluster")) {
    if (name == "%is_explicit_cluster") return d.unsupported("the predicate register in");
    d.finish(wide ? run_clock64 : run_clock32, InstructionClass::move);
    return {};
  }
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  d.out.copies = true;
  d.finish(wide ? lane_loop<Copy, uint64_t, uint64_t> : lane_loop<Copy, uint32_t, uint32_t>, InstructionClass::move);
  return {};
}

template <uint64_t Window>
struct ToGeneric {
  static uint64_t apply(uint64_t address) { return address | Window; }
};
struct FromGeneric {
  static uint64_t apply(uint64_t address) { return address & ~kWindowMask; }
};
template <uint64_t Window>
struct ToGeneric32 {
  static uint32_t apply(uint32_t address) { return address; }
};

Result<void> decode_convert_address(Decoder& d) {
  const bool to = d.take("to");
  ATTUNE_TRY(const Space space, take_space(d));
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(2, 2));
  if (size_bytes(type) != 8) return d.unsupported("32-bit generic addresses in");
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  d.out.copies = true;
  Handler handler = lane_loop<Copy, uint64_t, uint64_t>;  // global and const: host addresses already
  if (to) {
    if (space != Space::global && space != Space::constant) handler = lane_loop<FromGeneric, uint64_t, uint64_t>;
  } else if (space == Space::shared) {
    handler = lane_loop<ToGeneric<kSharedWindow>, uint64_t, uint64_t>;
  } else if (space == Space::local) {
    handler = lane_loop<ToGeneric<kLocalWindow>, uint64_t, uint64_t>;
  } else if (space == Space::param) {
    handler = lane_loop<ToGeneric<kParameterWindow>, uint64_t, uint64_t>;
  } else if (space == Space::generic) {
    return d.malformed("the state space is missing");
  }
  d.finish(handler, InstructionClass::move);
  return {};
}

template <Space Wanted>
void run_is_space(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  LaneMask result = 0;
  for_each_lane(lanes, [&](int lane) {
    const uint64_t address = warp.lanes<uint64_t>(instruction.source(0))[lane];
    if (actual_space(Space::generic, address) == Wanted) result |= LaneMask{1} << lane;
  });
  warp.set_predicate(instruction.predicate, lanes, result);
}

Result<void> decode_is_space(Decoder& d) {
  const bool cluster = d.take("shared::cluster");
  const Space space = cluster ? Space::shared : Space::generic;
  ATTUNE_TRY(const Space named, take_space(d));
  ATTUNE_CHECK(d.need_operands(2, 2));
  ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
  ATTUNE_CHECK(d.add_source(d.operand(1), Type::u64));
  Handler handler = nullptr;
  switch (cluster ? space : named) {
    case Space::shared: handler = run_is_space<Space::shared>; break;
    case Space::local: handler = run_is_space<Space::local>; break;
    case Space::param: handler = run_is_space<Space::param>; break;
    case Space::global: handler = run_is_space<Space::global>; break;
    default: return d.unsupported("the state space of");
  }
  d.finish(handler, InstructionClass::move);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> move_opcodes() {
  return {{"mov", decode_move}, {"cvta", decode_convert_address}, {"isspacep", decode_is_space}};
}

}  // namespace attune::emulator
