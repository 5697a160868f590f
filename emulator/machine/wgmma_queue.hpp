// wgmma operations of a warpgroup that are under way.
//
// Each warp carries out its 16 rows of an operation when it waits for it: shared memory is read as late as PTX allows, and
// the accumulators count as undefined until then.
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
  void wait(Warp& warp, uint32_t newest);

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
    size_t executed = 0;
    std::vector<size_t> groups;       // operations issued when each group was committed
    std::map<Slot, size_t> last_use;  // of an accumulator: the operation after which it may be read
  };
  void execute(Warp& warp, const Operation& operation);
  bool check_operand(Warp& warp, const Instruction& instruction, const WgmmaDescriptor& descriptor, int rows,
                     bool transposed);
  void read_chunks(const std::vector<uint32_t>& addresses, std::vector<std::byte>& bytes) const;

  Cta& cta_;
  std::vector<WarpQueue> warps_;
};

}  // namespace attune::emulator
