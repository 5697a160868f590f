// mbarrier: init, inval, arrive, arrive_drop, expect_tx, complete_tx, test_wait, try_wait, pending_count. The state machine
// is in emulator/tensor/mbarrier.hpp; copies complete when a barrier is tested, see async.hpp.
#include "emulator/machine/barrier_word.hpp"
#include "emulator/machine/bulk.hpp"
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/space.hpp"

namespace attune::emulator {

std::optional<BarrierPlace> find_barrier(Warp& warp, const Instruction& instruction, int lane, ptx::Space space,
                                         uint64_t address) {
  if (actual_space(space, address) != ptx::Space::shared) {
    warp.fail(Status::validation_failed, instruction, lane,
              fmt::format("names an mbarrier at {:#x}, outside of shared memory", address),
              "Barriers live in shared memory: pass an address of it.");
    return std::nullopt;
  }
  if (space == ptx::Space::generic) address &= ~kWindowMask;
  Cta* owner = nullptr;
  BarrierPlace place;
  if (access_shared(warp, instruction, lane, address, kBarrierBytes, kBarrierBytes, Access::address_only, &owner,
                    &place.offset) == nullptr) {
    return std::nullopt;
  }
  place.rank = owner->rank;
  return place;
}

uint64_t barrier_word(const Cluster& cluster, BarrierPlace place) {
  uint64_t word = 0;
  std::memcpy(&word, cluster.ctas[place.rank]->shared.data() + place.offset, kBarrierBytes);
  return word;
}

void set_barrier_word(Cluster& cluster, BarrierPlace place, uint64_t word, uint32_t line) {
  Cta& cta = *cluster.ctas[place.rank];
  std::memcpy(cta.shared.data() + place.offset, &word, kBarrierBytes);
  if (cta.shadow->enabled()) cta.shadow->strong_write(place.offset, kBarrierBytes, line);
}

void release_to_barrier(Warp& warp, BarrierPlace place) {
  SharedShadow& shadow = *warp.cta->shadow;
  if (place.rank == warp.cta->rank && shadow.enabled()) shadow.release(warp.index, shadow.location_clock(place.offset));
}

void acquire_from_barrier(Warp& warp, BarrierPlace place) {
  SharedShadow& shadow = *warp.cta->shadow;
  if (place.rank == warp.cta->rank && shadow.enabled()) shadow.acquire(warp.index, shadow.location_clock(place.offset));
}

namespace {

using ptx::Space;
using ptx::Type;

struct BarrierDetail {
  Space space = Space::generic;
  bool returns_state = false;
  bool has_count = false;  // otherwise 1
  bool expects_bytes = false;
  bool drops = false;
  bool no_complete = false;
  bool by_parity = false;
};

uint64_t address_of(const Warp& warp, const Instruction& instruction, int lane) {
  return warp.lanes<uint64_t>(instruction.source(0))[lane] + static_cast<uint64_t>(instruction.immediate);
}

uint32_t value_of(const Warp& warp, const Instruction& instruction, int source, int lane) {
  return warp.lanes<uint32_t>(instruction.source(source))[lane];
}

// The barrier's own words, with the PTX line and the lane around them. False.
bool report(Warp& warp, const Instruction& instruction, int lane, BarrierPlace place, const Error& error) {
  warp.fail(error.status(), instruction, lane, fmt::format("fails on the barrier at shared address {:#x}", place.offset),
            error.message());
  return false;
}

// Runs `act` (lane, place -> bool) for each lane in turn, until one fails.
template <class Act>
void for_each_barrier(Warp& warp, const Instruction& instruction, LaneMask lanes, Act&& act) {
  const Space space = detail<BarrierDetail>(instruction).space;
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    const auto place = find_barrier(warp, instruction, lane, space, address_of(warp, instruction, lane));
    ok = place.has_value() && act(lane, *place);
  });
}

void run_init(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_barrier(warp, instruction, lanes, [&](int lane, BarrierPlace place) {
    const Result<Mbarrier> barrier = Mbarrier::init(value_of(warp, instruction, 1, lane));
    if (!barrier.ok()) return report(warp, instruction, lane, place, barrier.error());
    set_barrier_word(warp.cta->cluster, place, barrier->encode(), instruction.line);
    return true;
  });
}

void run_inval(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_barrier(warp, instruction, lanes, [&](int lane, BarrierPlace place) {
    const Result<Mbarrier> barrier = Mbarrier::decode(barrier_word(warp.cta->cluster, place));
    if (!barrier.ok()) return report(warp, instruction, lane, place, barrier.error());
    set_barrier_word(warp.cta->cluster, place, Mbarrier::kInvalid, instruction.line);
    return true;
  });
}

void run_arrive(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<BarrierDetail>(instruction);
  for_each_barrier(warp, instruction, lanes, [&](int lane, BarrierPlace place) {
    const uint32_t operand = how.has_count ? value_of(warp, instruction, 1, lane) : 1;
    release_to_barrier(warp, place);
    uint64_t state = 0;
    const Result<void> arrived =
        change_barrier(warp.cta->cluster, place, instruction.line, [&](Mbarrier& barrier) -> Result<void> {
          if (how.expects_bytes) ATTUNE_CHECK(barrier.expect_tx(operand));
          state = barrier.encode();
          const int64_t count = how.expects_bytes ? 1 : int64_t{operand};
          return how.drops ? barrier.arrive_drop(count, how.no_complete) : barrier.arrive(count, how.no_complete);
        });
    if (!arrived.ok()) return report(warp, instruction, lane, place, arrived.error());
    if (how.returns_state) warp.lanes<uint64_t>(instruction.destination())[lane] = state;
    return true;
  });
}

// expect_tx, complete_tx.
template <bool Complete>
void run_transaction(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_barrier(warp, instruction, lanes, [&](int lane, BarrierPlace place) {
    const uint32_t bytes = value_of(warp, instruction, 1, lane);
    const Result<void> changed = change_barrier(warp.cta->cluster, place, instruction.line, [&](Mbarrier& barrier) {
      return Complete ? barrier.complete_tx(bytes) : barrier.expect_tx(bytes);
    });
    return changed.ok() || report(warp, instruction, lane, place, changed.error());
  });
}

void run_wait(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<BarrierDetail>(instruction);
  Cluster& cluster = warp.cta->cluster;
  LaneMask complete = 0, failing = 0;
  const auto test = [&](int lane, BarrierPlace place) -> Result<bool> {
    ATTUNE_TRY(const Mbarrier barrier, Mbarrier::decode(barrier_word(cluster, place)));
    if (how.by_parity) return barrier.test_wait_parity(value_of(warp, instruction, 1, lane));
    return barrier.test_wait_state(warp.lanes<uint64_t>(instruction.source(1))[lane]);
  };
  for_each_barrier(warp, instruction, lanes, [&](int lane, BarrierPlace place) {
    Result<bool> done = test(lane, place);
    if (done.ok() && !*done && cluster.async->complete(place)) done = test(lane, place);
    if (cluster.failed()) {
      failing = lanes;
      return false;
    }
    if (!done.ok()) {
      failing = lanes;
      return report(warp, instruction, lane, place, done.error());
    }
    if (*done) {
      complete |= LaneMask{1} << lane;
      acquire_from_barrier(warp, place);
    }
    return true;
  });
  if (failing != 0) return;
  warp.set_predicate(instruction.predicate, lanes, complete);
  if (complete == lanes) {
    warp.current.polls = 0;
  } else {
    warp.note_poll();
  }
}

void run_pending_count(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_lane(lanes, [&](int lane) {
    const Result<uint32_t> count = Mbarrier::pending_count(warp.lanes<uint64_t>(instruction.source(0))[lane]);
    if (!count.ok()) {
      return warp.fail(count.error().status(), instruction, lane, "gets a state that no arrive returned",
                       count.error().message());
    }
    warp.lanes<uint32_t>(instruction.destination())[lane] = *count;
  });
}

Result<void> decode_wait(Decoder& d, BarrierDetail how) {
  how.by_parity = d.take("parity");
  ATTUNE_CHECK(d.need_operands(3, 4));  // the last one, how long to suspend, changes nothing
  ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
  ATTUNE_CHECK(d.add_address(d.operand(1)));
  ATTUNE_CHECK(d.add_source(d.operand(2), how.by_parity ? Type::b32 : Type::b64));
  d.set_detail(how);
  d.finish(run_wait, InstructionClass::barrier);
  return {};
}

Result<void> decode_arrive(Decoder& d, BarrierDetail how) {
  how.expects_bytes = d.take("expect_tx");
  how.no_complete = d.take("noComplete");
  // With a state (or "_" for it) the address is the second operand.
  const bool has_state = d.operand_count() > 0 && d.operand(0).kind != ptx::OperandKind::address;
  const size_t address = has_state ? 1 : 0;
  ATTUNE_CHECK(d.need_operands(address + 1, address + 2));
  how.has_count = d.operand_count() == address + 2;
  if (how.expects_bytes && !how.has_count) return d.malformed("the number of bytes is missing");
  how.returns_state = has_state && d.operand(0).kind != ptx::OperandKind::sink;
  if (how.returns_state) ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b64));
  ATTUNE_CHECK(d.add_address(d.operand(address)));
  if (how.has_count) ATTUNE_CHECK(d.add_source(d.operand(address + 1), Type::b32));
  d.set_detail(how);
  d.finish(run_arrive, InstructionClass::barrier);
  return {};
}

Result<void> decode_mbarrier(Decoder& d) {
  const int operation = d.take_one(
      {"init", "inval", "arrive", "arrive_drop", "expect_tx", "complete_tx", "test_wait", "try_wait", "pending_count"});
  BarrierDetail how;
  // Order and scope: program order and immediate visibility are stronger than any of them.
  d.take_one({"release", "acquire", "relaxed"});
  d.take_one({"cta", "cluster"});
  ATTUNE_TRY(how.space, take_space(d));
  if (how.space != Space::generic && how.space != Space::shared) return d.malformed("the barrier is not in shared memory");
  if (!d.take("b64")) return d.malformed(".b64 is missing");
  switch (operation) {
    case 0:
    case 4:
    case 5: {
      ATTUNE_CHECK(d.need_operands(2, 2));
      ATTUNE_CHECK(d.add_address(d.operand(0)));
      ATTUNE_CHECK(d.add_source(d.operand(1), Type::b32));
      d.set_detail(how);
      d.finish(operation == 0   ? run_init
               : operation == 4 ? run_transaction<false>
                                : run_transaction<true>,
               InstructionClass::barrier);
      return {};
    }
    case 1:
      ATTUNE_CHECK(d.need_operands(1, 1));
      ATTUNE_CHECK(d.add_address(d.operand(0)));
      d.set_detail(how);
      d.finish(run_inval, InstructionClass::barrier);
      return {};
    case 2: return decode_arrive(d, how);
    case 3: how.drops = true; return decode_arrive(d, how);
    case 6:
    case 7: return decode_wait(d, how);
    case 8:
      ATTUNE_CHECK(d.need_operands(2, 2));
      ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
      ATTUNE_CHECK(d.add_source(d.operand(1), Type::b64));
      d.finish(run_pending_count, InstructionClass::barrier);
      return {};
    default: return d.unknown();
  }
}

}  // namespace

std::vector<OpcodeEntry> mbarrier_opcodes() { return {{"mbarrier", decode_mbarrier}}; }

}  // namespace attune::emulator
