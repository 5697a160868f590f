// and, or, xor, not, cnot and lop3, of registers and of predicates.
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

struct And {
  template <class T>
  static T apply(T a, T b) {
    return a & b;
  }
};
struct Or {
  template <class T>
  static T apply(T a, T b) {
    return a | b;
  }
};
struct Xor {
  template <class T>
  static T apply(T a, T b) {
    return a ^ b;
  }
};
struct Not {
  template <class T>
  static T apply(T a) {
    return static_cast<T>(~a);
  }
};
struct Cnot {
  template <class T>
  static T apply(T a) {
    return a == 0 ? 1 : 0;
  }
};

Result<void> finish_uniform(Decoder& d, size_t sources, Type type, Handler handler) {
  ATTUNE_CHECK(d.need_operands(sources + 1, sources + 1));
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  for (size_t i = 1; i <= sources; ++i) ATTUNE_CHECK(d.add_source(d.operand(i), type));
  d.finish(handler, InstructionClass::logic);
  return {};
}

enum class PredicateLogic : uint8_t { conjunction, disjunction, exclusive };

template <PredicateLogic Op>
void run_predicate_logic(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& second = detail<PredicateOperand>(instruction);
  const LaneMask a = warp.predicate(instruction.source_predicate);
  const LaneMask b = warp.predicate(second);
  const LaneMask value = Op == PredicateLogic::conjunction ? a & b : Op == PredicateLogic::disjunction ? a | b : a ^ b;
  LaneMask valid = warp.predicate_valid[instruction.source_predicate.index] & warp.predicate_valid[second.index];
  if (Op == PredicateLogic::conjunction) {  // a false side decides, whatever the other
    valid |= (warp.predicate_valid[instruction.source_predicate.index] & ~a) | (warp.predicate_valid[second.index] & ~b);
  } else if (Op == PredicateLogic::disjunction) {
    valid |= (warp.predicate_valid[instruction.source_predicate.index] & a) | (warp.predicate_valid[second.index] & b);
  }
  warp.set_predicate(instruction.predicate, lanes, value);
  warp.predicate_valid[instruction.predicate] &= ~lanes | valid;
}

void run_predicate_not(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  warp.set_predicate(instruction.predicate, lanes, ~warp.predicate(instruction.source_predicate));
}

template <class Op, PredicateLogic Logic>
Result<void> decode_logic(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  if (type == Type::pred) {
    ATTUNE_CHECK(d.need_operands(3, 3));
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(1)));
    ATTUNE_TRY(const PredicateOperand second, d.predicate_source(d.operand(2)));
    d.set_detail(second);
    d.out.copies = true;
    d.finish(run_predicate_logic<Logic>, InstructionClass::logic);
    return {};
  }
  const bool wide = size_bytes(type) == 8;
  return finish_uniform(d, 2, type,
                        wide ? lane_loop<Op, uint64_t, uint64_t, uint64_t> : lane_loop<Op, uint32_t, uint32_t, uint32_t>);
}

template <class Op>
Result<void> decode_not(Decoder& d) {
  ATTUNE_TRY(const Type type, d.need_type());
  if (type == Type::pred) {
    ATTUNE_CHECK(d.need_operands(2, 2));
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(1)));
    d.finish(run_predicate_not, InstructionClass::logic);
    return {};
  }
  switch (size_bytes(type)) {
    case 2: return finish_uniform(d, 1, type, lane_loop<Op, uint16_t, uint16_t>);
    case 4: return finish_uniform(d, 1, type, lane_loop<Op, uint32_t, uint32_t>);
    default: return finish_uniform(d, 1, type, lane_loop<Op, uint64_t, uint64_t>);
  }
}

void run_lop3(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto table = static_cast<uint32_t>(instruction.immediate);
  const auto& a = warp.row(instruction.source(0));
  const auto& b = warp.row(instruction.source(1));
  const auto& c = warp.row(instruction.source(2));
  LaneRegisters result;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    uint32_t value = 0;
    for (uint32_t row = 0; row < 8; ++row) {
      if ((table >> row & 1) == 0) continue;
      value |= ((row & 4) != 0 ? a[lane] : ~a[lane]) & ((row & 2) != 0 ? b[lane] : ~b[lane]) &
               ((row & 1) != 0 ? c[lane] : ~c[lane]);
    }
    result[lane] = value;
  }
  auto& d = warp.row(instruction.destination());
  for_each_lane(lanes, [&](int lane) { d[static_cast<size_t>(lane)] = result[static_cast<size_t>(lane)]; });
}

void run_lop3_predicate(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  run_lop3(warp, instruction, lanes);
  const bool conjunction = detail<bool>(instruction);
  const auto& d = warp.row(instruction.destination());
  LaneMask nonzero = 0;
  for_each_lane(lanes, [&](int lane) { nonzero |= LaneMask{d[static_cast<size_t>(lane)] != 0} << lane; });
  const LaneMask q = warp.predicate(instruction.source_predicate);
  warp.set_predicate(instruction.predicate, lanes, conjunction ? nonzero & q : nonzero | q);
}

Result<void> decode_lop3(Decoder& d) {
  const int bool_op = d.take_one({"or", "and"});
  ATTUNE_CHECK(d.need_type());
  ATTUNE_CHECK(d.need_operands(bool_op >= 0 ? 6 : 5, bool_op >= 0 ? 6 : 5));
  ATTUNE_TRY(d.out.immediate, d.constant(d.operand(4), "the look-up table"));
  const ptx::Operand* destination = &d.operand(0);
  if (bool_op >= 0) {
    if (destination->kind != ptx::OperandKind::pair) return d.malformed("the destination is not d|p");
    ATTUNE_TRY(d.out.predicate, d.predicate_destination(destination->elements[1]));
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(5)));
    destination = &destination->elements[0];
    d.set_detail(bool_op == 1);
  }
  ATTUNE_CHECK(d.add_destination(*destination, Type::b32));
  for (size_t i = 1; i <= 3; ++i) ATTUNE_CHECK(d.add_source(d.operand(i), Type::b32));
  d.finish(bool_op >= 0 ? run_lop3_predicate : run_lop3, InstructionClass::logic);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> logic_opcodes() {
  return {{"and", decode_logic<And, PredicateLogic::conjunction>},
          {"or", decode_logic<Or, PredicateLogic::disjunction>},
          {"xor", decode_logic<Xor, PredicateLogic::exclusive>},
          {"not", decode_not<Not>},
          {"cnot", decode_not<Cnot>},
          {"lop3", decode_lop3}};
}

}  // namespace attune::emulator
