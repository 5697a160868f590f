// Control instructions: what the kernel's builder must know of them.
#pragma once

#include <vector>

#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

// Where an instruction may go.
struct ControlFlow {
  std::vector<int32_t> labels;
  bool is_table = false;      // brx.idx: the label depends on a register
  bool falls_through = true;  // the next instruction is a successor
};

struct CallOperands {
  int32_t function = -1;
  std::vector<int32_t> arguments;  // variables
  std::vector<int32_t> results;
};

// Bytes of local memory, in each lane.
struct LocalCopy {
  int64_t to_bytes = 0;
  int64_t from_bytes = 0;
  int64_t size_bytes = 0;
};

bool ends_block(std::string_view opcode);
bool is_call(std::string_view mnemonic);
bool is_call(const Instruction& instruction);
bool is_jump(const Instruction& instruction);  // `target` is a block
Result<void> control_flow(const Decoder& decoder, const ptx::Function& function, ControlFlow& flow);
// Sets the handler of a call too.
Result<CallOperands> call_operands(Decoder& decoder);

Instruction make_jump();
Instruction make_return();
Instruction make_local_copy(const Instruction& call);

}  // namespace attune::emulator
