// A warp: 32 lanes in lockstep, split where they diverge.
//
// Lanes that stand at different instructions form splits. The machine always runs the split that is furthest behind in the
// order of Kernel::code, in which every block comes after all blocks that lead to it but for back edges, and loops are
// contiguous (see layout.hpp): whoever waits for others waits at or before the immediate post-dominator of the branch, and
// splits that meet become one. A split that polls in vain, or that waits at a barrier, lets the others run.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "emulator/machine/instruction.hpp"
#include "emulator/tensor/registers.hpp"

namespace attune::emulator {

class Cta;

struct CallStack {
  static constexpr uint32_t kMaxDepth = 16;
  std::array<uint32_t, kMaxDepth> return_to{};
  uint32_t depth = 0;
  bool operator==(const CallStack& other) const {
    if (depth != other.depth) return false;
    for (uint32_t i = 0; i < depth; ++i) {
      if (return_to[i] != other.return_to[i]) return false;
    }
    return true;
  }
};

struct Split {
  enum class State : uint8_t { ready, yielded, waits_for_lanes, at_barrier };
  uint32_t pc = 0;
  LaneMask lanes = 0;
  State state = State::ready;
  int barrier = -1;     // when at_barrier: its number, or kClusterBarrier
  LaneMask wanted = 0;  // when waits_for_lanes: those that must come
  uint32_t polls = 0;
  static constexpr uint32_t kNowhere = ~0u;
  uint32_t polled_at = kNowhere;  // the last wait in vain, for the deadlock report
  CallStack stack;
};
inline constexpr int kClusterBarrier = 1000;

enum class Turn : uint8_t { used_up, blocked, polls, finished, failed };

class Warp {
 public:
  // --- registers -----------------------------------------------------------------------------------------------------
  template <class T>
  T* lanes(Slot slot) const {
    return reinterpret_cast<T*>(banks[slot >> 31] + static_cast<size_t>(slot & ~kConstantBank) * kUnitBytes);
  }
  LaneRegisters& row(Slot slot) const { return *lanes<LaneRegisters>(slot); }
  LaneMask predicate(PredicateOperand operand) const {
    const LaneMask mask = predicates[operand.index];
    return operand.negated ? ~mask : mask;
  }
  void set_predicate(PredicateIndex which, LaneMask mask, LaneMask values) {
    predicates[which] = (predicates[which] & ~mask) | (values & mask);
    predicate_valid[which] |= mask;
  }

  // --- execution -----------------------------------------------------------------------------------------------------
  // Runs up to `quantum` instructions.
  Turn run(int64_t quantum);
  void restart();  // the kernel, for the next CTA
  bool finished() const { return current.lanes == 0 && waiting.empty(); }
  LaneMask exited() const { return exited_lanes; }

  // For handlers of control instructions.
  void branch(uint32_t target, LaneMask taken);
  void call(uint32_t target);
  void leave(LaneMask mask);         // exit
  void return_lanes(LaneMask mask);  // ret
  // True when all lanes of `wanted` that have not exited execute this instruction now; otherwise the split waits for them
  // and the instruction is executed again, or a report is made when they cannot come.
  bool gather(const Instruction& instruction, LaneMask executing, LaneMask wanted);
  void wait_at_barrier(int barrier);  // the current split; it goes on when the CTA wakes it
  void wake(int barrier);
  void poll_failed();  // a wait on something that others do: let them run
  // Reads that may be spinning on something another warp or lane writes.
  void note_poll();

  // Reports the first problem and stops the machine. `remedy` is a sentence.
  void fail(Status status, const Instruction& instruction, int lane, const std::string& what, const std::string& remedy);
  // "PTX line 12 (bar.sync), waiting at barrier 0": for the deadlock report.
  std::string describe() const;

  Cta* cta = nullptr;
  const Kernel* kernel = nullptr;
  std::array<std::byte*, 2> banks{};
  LaneMask* valid = nullptr;  // by unit of the register bank: lanes that have been written
  LaneMask* predicates = nullptr;
  LaneMask* predicate_valid = nullptr;
  std::byte* local = nullptr;  // kernel->local_bytes a lane
  uint32_t index = 0;          // in the CTA
  bool check_registers = true;
  int64_t executed = 0;
  int64_t max_instructions = 0;
  std::array<int64_t, static_cast<size_t>(InstructionClass::count)> class_counts{};
  int64_t lane_instructions = 0;
  int64_t divergent_branches = 0;

  // Carry of add.cc and its like, a bit a lane.
  LaneMask carry = 0;

  Split current;
  std::vector<Split> waiting;
  LaneMask exited_lanes = 0;
  uint32_t cluster_phases = 0;   // of barrier.cluster that this warp has arrived at
  LaneMask cluster_arrived = 0;  // in the last of them
  LaneMask started_lanes = 0;

 private:
  void undefined_register(const Instruction& instruction, LaneMask mask);
  bool reschedule();
  void wait_for_lanes(LaneMask wanted);
  bool any_yielded() const;
  void update_limit();

  uint32_t limit = ~0u;  // where the next waiting split stands
  bool resched = false;
  bool polled = false;
  bool failed = false;
};

template <class F>
void for_each_lane(LaneMask mask, F&& body) {
  for (; mask != 0; mask &= mask - 1) body(std::countr_zero(mask));
}

}  // namespace attune::emulator
