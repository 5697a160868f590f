// mbarrier.*, mapa and getctarank.
//
// The eight bytes hold the state itself (emulator/tensor/mbarrier.hpp). Initialising is a plain write, so that other warps
// must be kept from using the barrier before it by a barrier of the CTA; arrivals release and successful waits acquire.
#include "emulator/machine/mbarrier_ops.hpp"

#include <fmt/format.h>

#include <cstring>

#include "emulator/machine/decoder.hpp"
#include "emulator/machine/lane_loop.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/machine/space.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

enum class Action : uint8_t { init, inval, expect_tx, complete_tx, arrive, arrive_drop, test, pending_count };

struct MbarrierDetail {
  Action action = Action::arrive;
  bool with_expect = false;  // arrive.expect_tx
  bool no_complete = false;
  bool parity = false;
  bool has_count = false;
  bool blocks = false;  // try_wait: may let the others run before it answers
  bool has_state = false;
};

constexpr const char* kRemedy = "Check counts, phases and initialisation of the mbarrier.";

void report(Warp& warp, const Instruction& instruction, int lane, const Error& error) {
  warp.fail(Status::validation_failed, instruction, lane, fmt::format("misuses an mbarrier: {}", error.message()), kRemedy);
}

void run_mbarrier(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<MbarrierDetail>(instruction);
  Cluster& cluster = warp.cta->cluster;
  const auto* const bases = warp.lanes<uint64_t>(instruction.source(0));
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    ok = false;
    const uint64_t address = bases[lane] + static_cast<uint64_t>(instruction.immediate);
    const auto argument = [&](int i) -> int64_t { return warp.row(instruction.source(i))[static_cast<size_t>(lane)]; };
    if (how.action == Action::init || how.action == Action::inval) {
      std::byte* const memory =
          access_memory(warp, instruction, lane, ptx::Space::shared, address & ~kWindowMask, 8, Access::write);
      if (memory == nullptr) return;
      uint64_t word = Mbarrier::kInvalid;
      if (how.action == Action::init) {
        const auto barrier = Mbarrier::init(argument(1));
        if (!barrier.ok()) return report(warp, instruction, lane, barrier.error());
        word = barrier->encode();
      }
      std::memcpy(memory, &word, sizeof word);
      ok = true;
      return;
    }
    const auto place = barrier_place(warp, instruction, lane, address);
    if (!place) return;
    auto barrier = read_barrier(cluster, *place);
    if (!barrier.ok()) return report(warp, instruction, lane, barrier.error());
    const uint64_t state = barrier->encode();
    Cta& owner = *cluster.ctas[place->rank];
    const bool own = &owner == warp.cta;
    Result<void> done;
    switch (how.action) {
      case Action::expect_tx: done = barrier->expect_tx(argument(1)); break;
      case Action::complete_tx: done = barrier->complete_tx(argument(1)); break;
      default:
        if (how.with_expect) done = barrier->expect_tx(argument(1));
        if (done.ok()) {
          const int64_t count = how.has_count && !how.with_expect ? argument(1) : 1;
          done = how.action == Action::arrive ? barrier->arrive(count, how.no_complete)
                                              : barrier->arrive_drop(count, how.no_complete);
        }
        if (own) owner.shadow->release(warp.index, owner.shadow->location_clock(place->offset));
        break;
    }
    if (!done.ok()) return report(warp, instruction, lane, done.error());
    write_barrier(cluster, *place, *barrier);
    cluster.note_progress();
    if (how.has_state) warp.lanes<uint64_t>(instruction.destination())[lane] = state;
    ok = true;
  });
}

Result<bool> test(const MbarrierDetail& how, const Mbarrier& barrier, uint64_t argument) {
  if (how.parity) return barrier.test_wait_parity(static_cast<uint32_t>(argument));
  return barrier.test_wait_state(argument);
}

void run_wait(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<MbarrierDetail>(instruction);
  Cluster& cluster = warp.cta->cluster;
  const auto* const bases = warp.lanes<uint64_t>(instruction.source(0));
  LaneMask complete = 0;
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    ok = false;
    const auto place = barrier_place(warp, instruction, lane, bases[lane] + static_cast<uint64_t>(instruction.immediate));
    if (!place) return;
    const uint64_t argument =
        how.parity ? warp.lanes<uint32_t>(instruction.source(1))[lane] : warp.lanes<uint64_t>(instruction.source(1))[lane];
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto barrier = read_barrier(cluster, *place);
      if (!barrier.ok()) return report(warp, instruction, lane, barrier.error());
      const auto passed = test(how, *barrier, argument);
      if (!passed.ok()) return report(warp, instruction, lane, passed.error());
      if (*passed) {
        if (!cluster.async->complete_holding(*place)) return;
        complete |= LaneMask{1} << lane;
        break;
      }
      // Somebody waits: copies that are under way arrive now.
      if (attempt == 0 && !cluster.async->complete(*place)) break;
      if (cluster.failed()) return;
    }
    ok = true;
  });
  if (!ok) return;
  warp.set_predicate(instruction.predicate, lanes, complete);
  for_each_lane(complete, [&](int lane) {
    const auto offset =
        static_cast<uint32_t>((bases[lane] + static_cast<uint64_t>(instruction.immediate)) & kSharedOffsetMask);
    warp.cta->shadow->acquire(warp.index, warp.cta->shadow->location_clock(offset));
  });
  if (complete != lanes) {
    warp.poll_failed();
  } else {
    warp.current.polled_at = Split::kNowhere;
  }
}

void run_pending_count(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  for_each_lane(lanes, [&](int lane) {
    const auto count = Mbarrier::pending_count(warp.lanes<uint64_t>(instruction.source(0))[lane]);
    if (!count.ok()) return report(warp, instruction, lane, count.error());
    warp.lanes<uint32_t>(instruction.destination())[lane] = *count;
  });
}

Result<void> decode_test(Decoder& d, MbarrierDetail how) {
  how.action = Action::test;
  how.parity = d.take("parity");
  ATTUNE_CHECK(d.need_operands(3, how.blocks ? 4 : 3));
  ATTUNE_TRY(d.out.predicate, d.predicate_destination(d.operand(0)));
  ATTUNE_CHECK(d.add_address(d.operand(1)));
  ATTUNE_CHECK(d.add_source(d.operand(2), how.parity ? Type::b32 : Type::b64));
  d.set_detail(how);
  d.finish(run_wait, InstructionClass::barrier);
  return {};
}

Result<void> decode_mbarrier(Decoder& d) {
  MbarrierDetail how;
  const int action = d.take_one({"init", "inval", "arrive", "arrive_drop", "test_wait", "try_wait", "pending_count"});
  const bool expect = d.take("expect_tx");
  const bool complete = d.take("complete_tx");
  how.no_complete = d.take("noComplete");
  d.take_one({"release", "relaxed", "acquire"});
  d.take_one({"cta", "cluster"});
  if (!d.take("shared") && !d.take("shared::cta")) d.take("shared::cluster");
  ATTUNE_CHECK(d.need_type());
  if (action == 6) {
    ATTUNE_CHECK(d.need_operands(2, 2));
    ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
    ATTUNE_CHECK(d.add_source(d.operand(1), Type::b64));
    d.finish(run_pending_count, InstructionClass::barrier);
    return {};
  }
  if (action == 4 || action == 5) {
    how.blocks = action == 5;
    return decode_test(d, how);
  }
  size_t next = 0;
  bool needs_count = false;
  if (action == 0 || action == 1) {
    how.action = action == 0 ? Action::init : Action::inval;
    needs_count = action == 0;
  } else if (action == 2 || action == 3) {
    how.action = action == 2 ? Action::arrive : Action::arrive_drop;
    how.with_expect = expect;
    needs_count = expect || how.no_complete;
    // The state is not returned for barriers of other CTAs: the operand is then a sink or absent.
    if (d.operand_count() > 0 && d.operand(0).kind != ptx::OperandKind::address) {
      how.has_state = d.operand(0).kind != ptx::OperandKind::sink;
      if (how.has_state) ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b64));
      next = 1;
    }
  } else if (expect || complete) {
    how.action = expect ? Action::expect_tx : Action::complete_tx;
    needs_count = true;
  } else {
    return d.unknown();
  }
  ATTUNE_CHECK(d.need_operands(next + 1, next + 2));
  how.has_count = d.operand_count() == next + 2;
  if (needs_count && !how.has_count) return d.malformed("the count is missing");
  ATTUNE_CHECK(d.add_address(d.operand(next)));
  if (how.has_count) ATTUNE_CHECK(d.add_source(d.operand(next + 1), Type::b32));
  d.set_detail(how);
  d.finish(run_mbarrier, InstructionClass::barrier);
  return {};
}

// --- addresses in a cluster ----------------------------------------------------------------------------------------------

template <class T>
struct MapRank {
  static T apply(T address, uint32_t rank) {
    return static_cast<T>((address & ~(T{0xff} << kClusterRankShift)) | static_cast<T>(rank) << kClusterRankShift);
  }
};
template <class T>
struct RankOf {
  static uint32_t apply(T address) { return static_cast<uint32_t>(address >> kClusterRankShift) & 0xff; }
};

Result<void> decode_map_address(Decoder& d) {
  ATTUNE_CHECK(take_space(d));
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(3, 3));
  ATTUNE_CHECK(d.add_destination(d.operand(0), type));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b32));
  d.finish(size_bytes(type) == 8 ? lane_loop<MapRank<uint64_t>, uint64_t, uint64_t, uint32_t>
                                 : lane_loop<MapRank<uint32_t>, uint32_t, uint32_t, uint32_t>,
           InstructionClass::move);
  return {};
}

Result<void> decode_get_rank(Decoder& d) {
  ATTUNE_CHECK(take_space(d));
  ATTUNE_TRY(const Type type, d.need_type());
  ATTUNE_CHECK(d.need_operands(2, 2));
  ATTUNE_CHECK(d.add_destination(d.operand(0), Type::b32));
  ATTUNE_CHECK(d.add_source(d.operand(1), type));
  d.finish(size_bytes(type) == 8 ? lane_loop<RankOf<uint64_t>, uint32_t, uint64_t>
                                 : lane_loop<RankOf<uint32_t>, uint32_t, uint32_t>,
           InstructionClass::move);
  return {};
}

}  // namespace

std::optional<BarrierPlace> barrier_place(Warp& warp, const Instruction& instruction, int lane, uint64_t address) {
  Cta* owner = nullptr;
  BarrierPlace place;
  if (access_shared(warp, instruction, lane, address & ~kWindowMask, 8, 8, Access::read, &owner, &place.offset) == nullptr) {
    return std::nullopt;
  }
  place.rank = owner->rank;
  return place;
}

Result<Mbarrier> read_barrier(Cluster& cluster, BarrierPlace place) {
  uint64_t word = 0;
  std::memcpy(&word, cluster.ctas[place.rank]->shared.data() + place.offset, sizeof word);
  return Mbarrier::decode(word);
}

void write_barrier(Cluster& cluster, BarrierPlace place, const Mbarrier& barrier) {
  const uint64_t word = barrier.encode();
  std::memcpy(cluster.ctas[place.rank]->shared.data() + place.offset, &word, sizeof word);
}

std::vector<OpcodeEntry> mbarrier_opcodes() {
  return {{"mbarrier", decode_mbarrier}, {"mapa", decode_map_address}, {"getctarank", decode_get_rank}};
}

}  // namespace attune::emulator
