// bar and barrier of a CTA, bar.warp, barrier.cluster, fences, nanosleep and what else only orders.
#include <fmt/format.h>

#include <bit>

#include "emulator/machine/cta.hpp"
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/warp_ops.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

Result<void> decode_cluster_barrier(Decoder& d);

enum class BarrierKind : uint8_t { sync, arrive, reduce_popc, reduce_and, reduce_or };

struct BarrierDetail {
  BarrierKind kind = BarrierKind::sync;
  bool has_count = false;
};

bool is_reduction(BarrierKind kind) { return kind >= BarrierKind::reduce_popc; }

void deliver(Cta& cta, const NamedBarrier& barrier) {
  for (const NamedBarrier::Reduction& reduction : barrier.reductions) {
    Warp& warp = cta.warps[reduction.warp];
    const Instruction& instruction = *reduction.instruction;
    switch (detail<BarrierDetail>(instruction).kind) {
      case BarrierKind::reduce_popc:
        for_each_lane(reduction.lanes, [&](int lane) {
          warp.row(instruction.destination())[static_cast<size_t>(lane)] = barrier.true_count;
        });
        break;
      case BarrierKind::reduce_and:
        warp.set_predicate(instruction.predicate, reduction.lanes,
                           barrier.true_count == barrier.total_count ? kAllLanes : 0);
        break;
      default: warp.set_predicate(instruction.predicate, reduction.lanes, barrier.true_count > 0 ? kAllLanes : 0); break;
    }
  }
}

void run_barrier(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<BarrierDetail>(instruction);
  const int first = std::countr_zero(lanes);
  const auto value = [&](int source) { return warp.row(instruction.source(source))[static_cast<size_t>(first)]; };
  const uint32_t id = value(0);
  const uint32_t count = how.has_count ? value(1) : 0;
  for (int source = 0; source < (how.has_count ? 2 : 1); ++source) {
    for_each_lane(lanes, [&](int lane) {
      if (warp.row(instruction.source(source))[static_cast<size_t>(lane)] != value(source)) {
        warp.fail(Status::validation_failed, instruction, lane, "has different barrier numbers or counts in one warp",
                  "Let all lanes of a warp name the same barrier.");
      }
    });
  }
  if (id >= Cta::kBarriers) {
    return warp.fail(Status::validation_failed, instruction, first, fmt::format("names barrier {}; there are 16", id),
                     "Use barriers 0 to 15.");
  }
  if (count % kLanes != 0) {
    return warp.fail(Status::validation_failed, instruction, first,
                     fmt::format("counts {} threads, which is not a multiple of the warp's 32", count),
                     "Count whole warps.");
  }
  const auto arrival = how.kind == BarrierKind::arrive ? Cta::Arrival::arrive : Cta::Arrival::sync;
  warp.cta->arrive(warp, instruction, lanes, static_cast<int>(id), count, arrival);
}

Result<void> decode_barrier(Decoder& d) {
  BarrierDetail how;
  const bool short_form = d.mnemonic() == "bar";
  if (d.take("warp")) {
    if (!d.take("sync")) return d.unknown();
    ATTUNE_CHECK(d.need_operands(1, 1));
    ATTUNE_CHECK(d.add_source(d.operand(0), Type::b32));
    d.finish(run_warp_sync, InstructionClass::barrier);
    return {};
  }
  if (d.take("cluster")) return decode_cluster_barrier(d);
  d.take("cta");
  const int kind = d.take_one({"sync", "arrive", "red"});
  if (kind < 0) return d.malformed("the operation is missing");
  d.out.aligned = d.take("aligned") || short_form;
  size_t next = 0;
  if (kind == 2) {
    const int operation = d.take_one({"popc", "and", "or"});
    if (operation < 0) return d.malformed("the reduction is missing");
    how.kind = static_cast<BarrierKind>(2 + operation);
    ATTUNE_CHECK(d.need_type());
    ATTUNE_CHECK(d.need_operands(3, 4));
    if (how.kind == BarrierKind::reduce_popc) {
      ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
    } else {
      ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
    }
    ATTUNE_TRY(d.out.source_predicate, d.predicate_source(d.operand(d.operand_count() - 1)));
    next = 1;
    how.has_count = d.operand_count() == 4;
  } else {
    how.kind = static_cast<BarrierKind>(kind);
    ATTUNE_CHECK(d.need_operands(1, 2));
    how.has_count = d.operand_count() == 2;
    if (kind == 1 && !how.has_count) return d.malformed("the number of threads is missing");
  }
  ATTUNE_CHECK(d.add_source(d.operand(next), Type::b32));
  if (how.has_count) ATTUNE_CHECK(d.add_source(d.operand(next + 1), Type::b32));
  d.set_detail(how);
  d.finish(run_barrier, InstructionClass::barrier);
  return {};
}

void run_nothing(Warp&, const Instruction&, LaneMask) {}

// Memory order is that of program text here, stores are visible at once, and the two proxies see the same bytes: fences have
// nothing to do. What they order is judged by the barriers beside them; only what a proxy fence has passed on to
// asynchronous operations is remembered, since no barrier stands for that.
void run_proxy_fence(Warp& warp, const Instruction&, LaneMask) {
  if (warp.cta->shadow->enabled()) warp.cta->shadow->fence_proxy(warp.index);
}

Result<void> decode_fence(Decoder& d) {
  const bool to_async = d.take("proxy") && d.take("async") && !d.take("global");
  d.take_all();
  d.finish(to_async ? run_proxy_fence : run_nothing, InstructionClass::barrier);
  return {};
}

void run_sleep(Warp& warp, const Instruction&, LaneMask) { warp.poll_failed(); }

Result<void> decode_sleep(Decoder& d) {
  ATTUNE_CHECK(d.need_type());
  ATTUNE_CHECK(d.need_operands(1, 1));
  ATTUNE_CHECK(d.add_source(d.operand(0), Type::b32));
  d.finish(run_sleep, InstructionClass::other);
  return {};
}

Result<void> decode_nothing(Decoder& d) {
  d.take_all();
  d.finish(run_nothing, InstructionClass::other);
  return {};
}

// --- clusters ------------------------------------------------------------------------------------------------------------

void run_cluster_arrive(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  warp.cta->cluster.arrive_at_cluster_barrier(warp, instruction, lanes);
}
void run_cluster_wait(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  warp.cta->cluster.wait_at_cluster_barrier(warp, instruction, lanes);
}

Result<void> decode_cluster_barrier(Decoder& d) {
  const int kind = d.take_one({"arrive", "wait"});
  if (kind < 0) return d.malformed("the operation is missing");
  d.take_one({"release", "relaxed", "acquire"});
  d.out.aligned = d.take("aligned");
  ATTUNE_CHECK(d.need_operands(0, 0));
  d.finish(kind == 0 ? run_cluster_arrive : run_cluster_wait, InstructionClass::barrier);
  return {};
}

}  // namespace

void Cta::arrive(Warp& warp, const Instruction& instruction, LaneMask lanes, int id, uint32_t expected, Arrival how) {
  NamedBarrier& barrier = barriers[static_cast<size_t>(id)];
  if (barrier.open && barrier.expected != expected) {
    return warp.fail(Status::validation_failed, instruction, std::countr_zero(lanes),
                     fmt::format("counts {} threads at barrier {}, where others count {}", expected, id, barrier.expected),
                     "Let all warps that meet at a barrier name the same count.");
  }
  if (!barrier.open) {
    barrier = {};
    barrier.open = true;
    barrier.expected = expected;
    barrier_clocks[static_cast<size_t>(id)] = {};
  }
  // With a count, an aligned warp counts as a whole, lanes that do not exist or have exited included.
  barrier.arrived += instruction.aligned && expected != 0 ? kLanes : static_cast<uint32_t>(std::popcount(lanes));
  shadow->release(warp.index, barrier_clocks[static_cast<size_t>(id)]);
  const auto& detail_of = detail<BarrierDetail>(instruction);
  if (is_reduction(detail_of.kind)) {
    barrier.true_count += static_cast<uint32_t>(std::popcount(warp.predicate(instruction.source_predicate) & lanes));
    barrier.total_count += static_cast<uint32_t>(std::popcount(lanes));
    barrier.reductions.push_back({warp.index, lanes, &instruction});
  }
  if (how == Arrival::sync) {
    barrier.waiting_warps |= uint32_t{1} << warp.index;
    warp.wait_at_barrier(id);
  }
  cluster.note_progress();
  if (barrier.expected != 0 && barrier.arrived > barrier.expected) {
    return warp.fail(
        Status::validation_failed, instruction, std::countr_zero(lanes),
        fmt::format("is the arrival of {} threads at barrier {}, which counts {}", barrier.arrived, id, expected),
        "Count all threads that arrive.");
  }
  complete_if_ready(id);
}

void Cta::complete_if_ready(int id) {
  NamedBarrier& barrier = barriers[static_cast<size_t>(id)];
  if (!barrier.open) return;
  if (barrier.arrived < (barrier.expected != 0 ? barrier.expected : live_threads())) return;
  barrier.open = false;
  deliver(*this, barrier);
  for (Warp& warp : warps) {
    if ((barrier.waiting_warps >> warp.index & 1) == 0) continue;
    shadow->acquire(warp.index, barrier_clocks[static_cast<size_t>(id)]);
    warp.wake(id);
  }
}

void Cta::threads_exited() {
  for (int id = 0; id < kBarriers; ++id) {
    if (barriers[static_cast<size_t>(id)].open && barriers[static_cast<size_t>(id)].expected == 0) complete_if_ready(id);
  }
  cluster.threads_exited();
}

std::vector<OpcodeEntry> barrier_opcodes() {
  return {{"bar", decode_barrier},        {"barrier", decode_barrier}, {"membar", decode_fence},
          {"fence", decode_fence},        {"nanosleep", decode_sleep}, {"griddepcontrol", decode_nothing},
          {"setmaxnreg", decode_nothing}, {"pmevent", decode_nothing}};
}

}  // namespace attune::emulator
