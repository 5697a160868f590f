#include "emulator/machine/warp.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/machine/cta.hpp"

namespace attune::emulator {
namespace {

// Polls in vain after which a split of a diverged warp lets its siblings run, and after which nothing can come any more.
constexpr uint32_t kPollsBeforeYield = 256;
constexpr uint32_t kPollsBeforeDeadlock = 1u << 24;

// -1, 0, 1: a stands before, at, after b in the order of reconvergence. A callee stands at its call, before what follows it.
int compare(const Split& a, const Split& b) {
  for (uint32_t level = 0;; ++level) {
    const bool a_deeper = level < a.stack.depth;
    const bool b_deeper = level < b.stack.depth;
    const uint32_t at = a_deeper ? a.stack.return_to[level] : a.pc;
    const uint32_t bt = b_deeper ? b.stack.return_to[level] : b.pc;
    if (at != bt) return at < bt ? -1 : 1;
    if (a_deeper != b_deeper) return a_deeper ? -1 : 1;
    if (!a_deeper) return 0;
  }
}

bool mergeable(const Split& split) { return split.state != Split::State::at_barrier; }

}  // namespace

Turn Warp::run(int64_t quantum) {
  if (!waiting.empty() || current.state == Split::State::at_barrier) {
    if (!reschedule()) return failed ? Turn::failed : finished() ? Turn::finished : Turn::blocked;
  }
  polled = false;
  const Instruction* const code = kernel->code.data();
  while (quantum-- > 0) {
    if (current.pc >= limit) {
      if (!reschedule()) return failed ? Turn::failed : Turn::blocked;
    }
    const Instruction& instruction = code[current.pc++];
    const LaneMask lanes = current.lanes & predicate(instruction.guard);
    if (check_registers) {
      if (instruction.guard.index >= kFirstPredicate &&
          (predicate_valid[instruction.guard.index] & current.lanes) != current.lanes) {
        undefined_register(instruction, current.lanes & ~predicate_valid[instruction.guard.index]);
        return Turn::failed;
      }
      if (lanes != 0 && !instruction.copies && !instruction.tracks_definition) {
        const Slot* const sources = instruction.operands + instruction.destinations;
        LaneMask undefined = 0;
        for (uint32_t i = 0; i < instruction.sources; ++i) {
          if (!(sources[i] & kConstantBank)) undefined |= lanes & ~valid[sources[i]];
        }
        undefined |= lanes & ~predicate_valid[instruction.source_predicate.index];
        if (undefined != 0) {
          undefined_register(instruction, undefined);
          return Turn::failed;
        }
      }
    }
    if (lanes == 0 && !instruction.is_control) continue;
    if (instruction.aligned && lanes != 0 && (lanes | exited_lanes) != kAllLanes) {
      const LaneMask missing = started_lanes & ~(lanes | exited_lanes);
      if (missing != 0 && any_yielded()) {
        // Lanes that poll were passed by; hardware would have waited for them where the paths meet.
        wait_for_lanes(lanes | missing);
        if (!reschedule()) return failed ? Turn::failed : Turn::blocked;
        continue;
      }
      if (missing != 0) {
        fail(Status::validation_failed, instruction, std::countr_zero(missing),
             fmt::format("is executed by lanes {:#010x} while lanes {:#010x} of the warp are elsewhere", lanes, missing),
             "An .aligned instruction needs all lanes of the warp: move it out of the divergent code.");
        return Turn::failed;
      }
    }
    ++executed;
    if (instruction.opcode != 0) {
      ++class_counts[static_cast<size_t>(instruction.kind)];
      lane_instructions += std::popcount(lanes);
    }
    instruction.run(*this, instruction, lanes);
    if (failed) return Turn::failed;
    if (check_registers && !instruction.tracks_definition && !instruction.defines_later) {
      LaneMask defined = lanes;
      if (instruction.copies && instruction.destinations == 1) {
        for (uint32_t i = 0; i < instruction.sources; ++i) {
          const Slot source = instruction.source(static_cast<int>(i));
          if (!(source & kConstantBank)) defined &= valid[source];
        }
        valid[instruction.destination()] = (valid[instruction.destination()] & ~lanes) | defined;
      } else {
        for (uint32_t i = 0; i < instruction.destinations; ++i) valid[instruction.operands[i]] |= lanes;
      }
    }
    if (resched) {
      resched = false;
      if (!reschedule()) return failed ? Turn::failed : finished() ? Turn::finished : Turn::blocked;
    }
    if (polled) return Turn::polls;
  }
  if (executed > max_instructions) {
    fail(Status::timed_out, code[current.pc], -1, fmt::format("is reached after {} instructions of this warp", executed),
         "Raise the instruction limit if the kernel is meant to run that long; otherwise look for a loop without end.");
    return Turn::failed;
  }
  return Turn::used_up;
}

void Warp::restart() {
  limit = ~0u;
  resched = polled = failed = false;
}

void Warp::branch(uint32_t target, LaneMask taken) {
  if (taken == current.lanes) {
    current.pc = target;
  } else if (taken != 0) {
    Split other = current;
    other.pc = target;
    other.lanes = taken;
    current.lanes &= ~taken;
    waiting.push_back(other);
    ++divergent_branches;
  }
  if (!waiting.empty()) resched = true;
}

void Warp::call(uint32_t target) {
  if (current.stack.depth == CallStack::kMaxDepth) {
    fail(Status::resources_exceeded, kernel->code[current.pc - 1], -1, "calls deeper than 16 functions",
         "Inline some of the functions.");
    return;
  }
  current.stack.return_to[current.stack.depth++] = current.pc;
  current.pc = target;
  if (!waiting.empty()) resched = true;
}

void Warp::leave(LaneMask mask) {
  current.lanes &= ~mask;
  exited_lanes |= mask;
  if (current.lanes == 0 || !waiting.empty()) resched = true;
  cta->cluster.note_progress();
  cta->threads_exited();
}

void Warp::return_lanes(LaneMask mask) {
  if (current.stack.depth == 0) return leave(mask);
  Split returned = current;
  returned.lanes = mask;
  returned.pc = returned.stack.return_to[--returned.stack.depth];
  if (mask == current.lanes) {
    current = returned;
  } else if (mask != 0) {
    current.lanes &= ~mask;
    waiting.push_back(returned);
  }
  if (!waiting.empty()) resched = true;
}

bool Warp::gather(const Instruction& instruction, LaneMask executing, LaneMask wanted) {
  if ((wanted & executing) != executing) {
    const LaneMask strangers = executing & ~wanted;
    fail(Status::validation_failed, instruction, std::countr_zero(strangers),
         fmt::format("is executed by lanes {:#010x}, which are not in its member mask {:#010x}", strangers, wanted),
         "Name every executing lane in the member mask.");
    return false;
  }
  const LaneMask missing = wanted & ~executing & started_lanes & ~exited_lanes;
  if (missing == 0) return true;
  const LaneMask guarded_off = missing & current.lanes;
  if (guarded_off != 0) {
    fail(Status::validation_failed, instruction, std::countr_zero(guarded_off),
         fmt::format("names lanes {:#010x} in its member mask, but its guard is false for them", guarded_off),
         "Let all lanes of the member mask execute the instruction.");
    return false;
  }
  wait_for_lanes(wanted);
  --executed;
  if (instruction.opcode != 0) {
    --class_counts[static_cast<size_t>(instruction.kind)];
    lane_instructions -= std::popcount(executing);
  }
  resched = true;
  return false;
}

// The split stays at this instruction until others have come.
void Warp::wait_for_lanes(LaneMask wanted) {
  --current.pc;
  current.state = Split::State::waits_for_lanes;
  current.wanted = wanted;
}

bool Warp::any_yielded() const {
  return std::any_of(waiting.begin(), waiting.end(),
                     [](const Split& split) { return split.state == Split::State::yielded; });
}

void Warp::wait_at_barrier(int barrier) {
  current.state = Split::State::at_barrier;
  current.barrier = barrier;
  resched = true;
}

void Warp::wake(int barrier) {
  const auto wake_split = [&](Split& split) {
    if (split.state == Split::State::at_barrier && split.barrier == barrier) split.state = Split::State::ready;
  };
  wake_split(current);
  for (Split& split : waiting) wake_split(split);
  if (!waiting.empty()) resched = true;
}

void Warp::poll_failed() {
  polled = true;
  current.polled_at = current.pc - 1;
  if (!waiting.empty()) {
    current.state = Split::State::yielded;
    resched = true;
  }
}

void Warp::note_poll() {
  if (++current.polls % kPollsBeforeYield == 0) {
    if (current.polls >= kPollsBeforeDeadlock) {
      fail(Status::timed_out, kernel->code[current.pc - 1], std::countr_zero(current.lanes),
           fmt::format("has been repeated {} times in vain", current.polls),
           "Nothing in this launch ends the wait: look for a missing store or arrival.");
      return;
    }
    if (!waiting.empty()) {
      current.state = Split::State::yielded;
      resched = true;
    }
    polled = true;
  }
}

// Puts the current split back, joins splits that stand at one place, and takes the one that is furthest behind.
bool Warp::reschedule() {
  resched = false;
  if (current.lanes != 0) waiting.push_back(current);
  current.lanes = 0;
  current.state = Split::State::ready;
  for (size_t i = 0; i < waiting.size(); ++i) {
    for (size_t j = i + 1; j < waiting.size();) {
      Split& a = waiting[i];
      const Split& b = waiting[j];
      if (mergeable(a) && mergeable(b) && a.pc == b.pc && a.stack == b.stack) {
        a.lanes |= b.lanes;
        a.state = Split::State::ready;
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(j));
      } else {
        ++j;
      }
    }
  }
  limit = ~0u;
  if (waiting.empty()) return false;
  const auto behind = [&](Split::State state) {
    Split* best = nullptr;
    for (Split& split : waiting) {
      if (split.state == state && (best == nullptr || compare(split, *best) < 0)) best = &split;
    }
    return best;
  };
  Split* chosen = behind(Split::State::ready);
  if (chosen == nullptr) {
    bool any_yielded = false;
    for (Split& split : waiting) {
      if (split.state == Split::State::yielded) {
        split.state = Split::State::ready;
        any_yielded = true;
      }
    }
    if (any_yielded) chosen = behind(Split::State::ready);
  }
  if (chosen == nullptr) {
    // Lanes that have exited since are no longer missed.
    for (Split& split : waiting) {
      if (split.state == Split::State::waits_for_lanes &&
          (split.wanted & ~split.lanes & started_lanes & ~exited_lanes) == 0) {
        split.state = Split::State::ready;
        chosen = &split;
        break;
      }
    }
  }
  if (chosen == nullptr) {
    bool at_barrier = false;
    for (const Split& split : waiting) at_barrier |= split.state == Split::State::at_barrier;
    if (!at_barrier) {
      const Split& stuck = waiting.front();
      const LaneMask missing = stuck.wanted & ~stuck.lanes & ~exited_lanes;
      fail(Status::validation_failed, kernel->code[stuck.pc], std::countr_zero(missing),
           fmt::format("waits for lanes {:#010x}, which never come", missing),
           "Let all lanes that it names, or that .aligned asks for, reach the same instruction.");
    }
    return false;
  }
  current = *chosen;
  waiting.erase(waiting.begin() + (chosen - waiting.data()));
  update_limit();
  return true;
}

// Where the current split meets one that is ahead of it in the same function.
void Warp::update_limit() {
  limit = ~0u;
  for (const Split& split : waiting) {
    if (mergeable(split) && split.stack == current.stack && split.pc > current.pc) limit = std::min(limit, split.pc);
  }
}

void Warp::fail(Status status, const Instruction& instruction, int lane, const std::string& what,
                const std::string& remedy) {
  if (failed) return;
  failed = true;
  const std::string place = lane >= 0 ? fmt::format(", lane {}", lane) : std::string();
  cta->fail(Error(
      status, fmt::format("PTX line {} ({}) {}; {}, warp {}{} of '{}'. {}", instruction.line,
                          kernel->opcodes[instruction.opcode], what, cta->describe(), index, place, kernel->name, remedy)));
}

void Warp::undefined_register(const Instruction& instruction, LaneMask mask) {
  fail(Status::validation_failed, instruction, std::countr_zero(mask),
       fmt::format("reads a register that is undefined in lanes {:#010x}: never written, or still the target of a wgmma",
                   mask),
       "Write it on every path that leads here, and wait for asynchronous results.");
}

std::string Warp::describe() const {
  std::string text = fmt::format("warp {}:", index);
  const auto add = [&](const Split& split) {
    if (split.lanes == 0) return;
    const bool at_barrier = split.state == Split::State::at_barrier;
    const bool polls = split.polled_at != Split::kNowhere;
    const uint32_t pc = at_barrier && split.pc > 0 ? split.pc - 1 : polls ? split.polled_at : split.pc;
    const Instruction& instruction = kernel->code[std::min<size_t>(pc, kernel->code.size() - 1)];
    text += fmt::format(" lanes {:#010x} at PTX line {} ({})", split.lanes, instruction.line,
                        kernel->opcodes[instruction.opcode]);
    if (at_barrier && split.barrier == kClusterBarrier) {
      text += " wait at the cluster barrier";
    } else if (at_barrier) {
      text += fmt::format(" wait at barrier {}", split.barrier);
    } else if (polls) {
      text += " wait in a loop";
    }
    text += ';';
  };
  add(current);
  for (const Split& split : waiting) add(split);
  if (finished()) text += " has exited;";
  return text;
}

}  // namespace attune::emulator
