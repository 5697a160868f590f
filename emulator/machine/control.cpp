// bra, brx, call, ret, exit, trap.
#include "emulator/machine/control.hpp"

#include <fmt/format.h>

#include <cstring>

#include "emulator/machine/cta.hpp"

namespace attune::emulator {
namespace {

std::string_view first_part(std::string_view opcode) { return opcode.substr(0, opcode.find('.')); }

void run_branch(Warp& warp, const Instruction& instruction, LaneMask lanes) { warp.branch(instruction.target, lanes); }

void run_branch_table(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& table = detail<std::vector<uint32_t>>(instruction);
  const auto& index = warp.row(instruction.source(0));
  const LaneMask stay = warp.current.lanes & ~lanes;
  // Every target gets its lanes; the branch is one for the warp, so the splits are made here and not one by one.
  LaneMask left = lanes;
  while (left != 0) {
    const int lane = std::countr_zero(left);
    const uint32_t chosen = index[static_cast<size_t>(lane)];
    if (chosen >= table.size()) {
      return warp.fail(Status::validation_failed, instruction, lane,
                       fmt::format("branches to entry {} of a table of {}", chosen, table.size()),
                       "Bound the index before the branch.");
    }
    LaneMask same = 0;
    for_each_lane(left, [&](int other) { same |= index[static_cast<size_t>(other)] == chosen ? LaneMask{1} << other : 0; });
    left &= ~same;
    if (left == 0 && stay == 0) {
      warp.branch(table[chosen], warp.current.lanes);
    } else {
      warp.branch(table[chosen], same);
    }
  }
}

void run_call(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  if (lanes != warp.current.lanes) {
    // The lanes that do not call wait after the call.
    Split rest = warp.current;
    rest.lanes &= ~lanes;
    warp.current.lanes = lanes;
    warp.waiting.push_back(rest);
  }
  warp.call(instruction.target);
}

void run_return(Warp& warp, const Instruction&, LaneMask lanes) { warp.return_lanes(lanes); }
void run_exit(Warp& warp, const Instruction&, LaneMask lanes) { warp.leave(lanes); }

void run_trap(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  warp.fail(Status::validation_failed, instruction, std::countr_zero(lanes), "is reached: the kernel gave up by itself",
            "Look for the assertion or the unreachable case that stands there.");
}

void run_local_copy(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for (const LocalCopy& copy : detail<std::vector<LocalCopy>>(instruction)) {
    for_each_lane(lanes, [&](int lane) {
      std::byte* const memory = warp.local + lane * warp.kernel->local_bytes;
      std::memmove(memory + copy.to_bytes, memory + copy.from_bytes, static_cast<size_t>(copy.size_bytes));
    });
  }
}

Result<void> decode_branch(Decoder& d) {
  d.take("uni");
  if (d.operand_count() != 1 || d.operand(0).kind != ptx::OperandKind::label)
    return d.malformed("the target is not a label");
  d.finish(run_branch, InstructionClass::control);
  return {};
}

Result<void> decode_branch_table(Decoder& d) {
  if (!d.take("idx")) return d.unknown();
  d.take("uni");
  if (d.operand_count() != 2 || d.operand(1).kind != ptx::OperandKind::table)
    return d.malformed("the second operand is no table");
  ATTUNE_CHECK(d.add_source(d.operand(0), ptx::Type::u32));
  d.finish(run_branch_table, InstructionClass::control);
  return {};
}

Result<void> decode_return(Decoder& d) {
  d.take("uni");
  d.finish(run_return, InstructionClass::control);
  return {};
}

Result<void> decode_exit(Decoder& d) {
  d.finish(run_exit, InstructionClass::control);
  return {};
}

Result<void> decode_trap(Decoder& d) {
  d.finish(run_trap, InstructionClass::control);
  return {};
}

}  // namespace

bool ends_block(std::string_view opcode) {
  const std::string_view first = first_part(opcode);
  return first == "bra" || first == "brx" || first == "ret" || first == "exit" || first == "trap";
}

bool is_call(std::string_view mnemonic) { return mnemonic == "call"; }
bool is_call(const Instruction& instruction) { return instruction.run == run_call; }
bool is_jump(const Instruction& instruction) { return instruction.run == run_branch; }

Result<void> control_flow(const Decoder& decoder, const ptx::Function& function, ControlFlow& flow) {
  const std::string_view name = decoder.mnemonic();
  const bool guarded = decoder.instruction().guard >= 0;
  if (name == "bra") {
    flow.labels.push_back(decoder.operand(0).index);
    flow.falls_through = guarded;
  } else if (name == "brx") {
    flow.labels = function.branch_tables[static_cast<size_t>(decoder.operand(1).index)];
    flow.is_table = true;
    flow.falls_through = guarded;
  } else if (name == "ret" || name == "exit" || name == "trap") {
    flow.falls_through = guarded;
  }
  return {};
}

Result<CallOperands> call_operands(Decoder& d) {
  using ptx::OperandKind;
  d.take("uni");
  ATTUNE_CHECK(d.all_taken());
  CallOperands call;
  const auto variables = [&](const ptx::Operand& group, std::vector<int32_t>& list) -> Result<void> {
    for (const ptx::Operand& element : group.elements) {
      if (element.kind != OperandKind::variable) return d.malformed("an argument is not a .param variable");
      list.push_back(element.index);
    }
    return {};
  };
  size_t next = 0;
  if (next < d.operand_count() && d.operand(next).kind == OperandKind::group) {
    ATTUNE_CHECK(variables(d.operand(next++), call.results));
  }
  if (next >= d.operand_count() || d.operand(next).kind != OperandKind::function) {
    return d.unsupported("an indirect or external call in");
  }
  call.function = d.operand(next++).index;
  if (next < d.operand_count() && d.operand(next).kind == OperandKind::group) {
    ATTUNE_CHECK(variables(d.operand(next++), call.arguments));
  }
  if (next != d.operand_count()) return d.unsupported("an indirect call in");
  d.finish(run_call, InstructionClass::control);
  return call;
}

Instruction make_jump() {
  Instruction jump;
  jump.run = run_branch;
  jump.kind = InstructionClass::control;
  return jump;
}

Instruction make_return() {
  Instruction instruction;
  instruction.run = run_return;
  instruction.kind = InstructionClass::control;
  return instruction;
}

Instruction make_local_copy(const Instruction& call) {
  Instruction copy;
  copy.run = run_local_copy;
  copy.guard = call.guard;
  copy.line = call.line;
  return copy;
}

std::vector<OpcodeEntry> control_opcodes() {
  return {{"bra", decode_branch}, {"brx", decode_branch_table}, {"ret", decode_return},
          {"exit", decode_exit},  {"trap", decode_trap},        {"brkpt", decode_trap}};
}

}  // namespace attune::emulator
