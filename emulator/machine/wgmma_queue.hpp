// wgmma operations of a warpgroup that are under way.
//
// An operation is carried out when a warp waits for it and all four warps have issued it; each warp sees its registers
// change at its own wait. Until then the accumulators count as undefined.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "emulator/machine/warp.hpp"
#include "emulator/tensor/wgmma.hpp"

namespace attune::emulator {

struct WgmmaDetail {
  WgmmaInstruction wgmma;
  WgmmaModifiers modifiers;  // scale_d comes with the predicate
  bool a_in_registers = false;
};

class WgmmaQueue {
 public:
  explicit WgmmaQueue(Cta& cta);
  void start();

  void issue(Warp& warp, const Instruction& instruction);
  void commit(Warp& warp);
  // False: not all warps have issued what this one waits for; it must try again.
  bool wait(Warp& warp, uint32_t newest);

 private:
  struct Operation {
    const Instruction* instruction = nullptr;
    uint64_t a_descriptor = 0;
    uint64_t b_descriptor = 0;
    bool scale_d = true;
    std::array<LaneRegisters, WgmmaInstruction::a_registers> a;
  };
  struct WarpQueue {
    std::vector<Operation> issued;
    std::vector<size_t> groups;             // operations issued when each group was committed
    std::map<Slot, LaneRegisters> results;  // not in the registers yet
    std::map<Slot, size_t> last_use;        // of an accumulator: the operation after which it may be read
  };
  void execute(uint32_t group, size_t index);
  bool check_operand(Warp& warp, const Instruction& instruction, const WgmmaDescriptor& descriptor, int rows,
                     bool transposed);
  void read_chunks(const std::vector<uint32_t>& addresses, std::vector<std::byte>& bytes) const;

  Cta& cta_;
  std::vector<WarpQueue> warps_;
  std::vector<size_t> executed_;  // by warpgroup
};

}  // namespace attune::emulator
