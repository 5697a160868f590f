// cp.async.bulk and cp.reduce.async.bulk of plain memory, their groups, and cp.async.mbarrier.arrive.
#include "emulator/machine/bulk.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "emulator/machine/bulk_operations.hpp"
#include "emulator/machine/mbarrier_ops.hpp"
#include "emulator/machine/memory.hpp"

namespace attune::emulator {
namespace {

using ptx::Type;

constexpr uint32_t kBulkUnit = 16;  // alignment of both addresses and of the size

struct BulkDetail {
  int64_t source_offset = 0;
  int64_t barrier_offset = 0;
  bool has_mask = false;     // multicast
  bool from_shared = false;  // to the shared memory of another CTA
  MaybeReduction reduction;
};

uint64_t address_in(const Warp& warp, const Instruction& instruction, int source, int lane, int64_t offset) {
  return warp.lanes<uint64_t>(instruction.source(source))[lane] + static_cast<uint64_t>(offset);
}

bool check_size(Warp& warp, const Instruction& instruction, int lane, uint32_t bytes) {
  if (bytes != 0 && bytes % kBulkUnit == 0) return true;
  warp.fail(Status::validation_failed, instruction, lane, fmt::format("copies {} bytes", bytes),
            "The size of a bulk copy is a multiple of 16 bytes, at least 16.");
  return false;
}

// Operands: destination, source, size, barrier, [mask].
void run_load(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<BulkDetail>(instruction);
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    ok = false;
    const uint32_t bytes = warp.lanes<uint32_t>(instruction.source(2))[lane];
    if (!check_size(warp, instruction, lane, bytes)) return;
    Cta* owner = nullptr;
    BulkPiece piece;
    piece.bytes = bytes;
    const uint64_t destination = address_in(warp, instruction, 0, lane, instruction.immediate) & ~kWindowMask;
    if (access_shared(warp, instruction, lane, destination, bytes, kBulkUnit, Access::address_only, &owner, &piece.offset) ==
        nullptr) {
      return;
    }
    const uint64_t source = address_in(warp, instruction, 1, lane, how.source_offset);
    piece.memory = how.from_shared
                       ? access_shared(warp, instruction, lane, source & ~kWindowMask, bytes, kBulkUnit, Access::read)
                       : bulk_memory(warp, instruction, lane, source, bytes, kBulkUnit, false);
    if (piece.memory == nullptr) return;
    const auto barrier = barrier_place(warp, instruction, lane, address_in(warp, instruction, 3, lane, how.barrier_offset));
    if (!barrier) return;
    std::vector<uint32_t> ranks = {owner->rank};
    if (how.has_mask) {
      ranks = multicast_ranks(warp, instruction, lane, warp.lanes<uint32_t>(instruction.source(4))[lane] & 0xffffu);
      if (ranks.empty()) return;
    }
    ok = issue_load(warp, instruction, lane, {piece}, ranks, *barrier);
  });
}

// Operands: destination, source, size.
void run_store(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<BulkDetail>(instruction);
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    ok = false;
    const uint32_t bytes = warp.lanes<uint32_t>(instruction.source(2))[lane];
    if (!check_size(warp, instruction, lane, bytes)) return;
    BulkPiece piece;
    piece.bytes = bytes;
    const uint64_t source = address_in(warp, instruction, 1, lane, how.source_offset) & ~kWindowMask;
    if (access_shared(warp, instruction, lane, source, bytes, kBulkUnit, Access::address_only, nullptr, &piece.offset) ==
        nullptr) {
      return;
    }
    const uint64_t destination = address_in(warp, instruction, 0, lane, instruction.immediate);
    piece.memory = bulk_memory(warp, instruction, lane, destination, bytes, kBulkUnit, true);
    ok = piece.memory != nullptr && issue_store(warp, instruction, lane, {piece}, how.reduction);
  });
}

void run_commit(Warp& warp, const Instruction&, LaneMask lanes) { warp.cta->cluster.async->commit_bulk(warp, lanes); }
void run_wait(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  warp.cta->cluster.async->wait_bulk(warp, lanes, static_cast<uint32_t>(instruction.immediate));
}

// Addresses one after the other; each offset goes where the handler looks for it.
Result<void> add_offset_address(Decoder& d, size_t operand, int64_t& offset) {
  const int64_t kept = d.out.immediate;
  d.out.immediate = 0;
  ATTUNE_CHECK(d.add_address(d.operand(operand)));
  offset = d.out.immediate;
  d.out.immediate = kept;
  return {};
}

Result<void> decode_load(Decoder& d, BulkDetail how, bool hint) {
  how.has_mask = d.take("multicast::cluster");
  const size_t expected = 4 + (how.has_mask ? 1 : 0) + (hint ? 1 : 0);
  ATTUNE_CHECK(d.need_operands(expected, expected));
  int64_t destination = 0;
  ATTUNE_CHECK(add_offset_address(d, 0, destination));
  ATTUNE_CHECK(add_offset_address(d, 1, how.source_offset));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b32));
  ATTUNE_CHECK(add_offset_address(d, 3, how.barrier_offset));
  if (how.has_mask) ATTUNE_CHECK(d.add_source(d.operand(4), Type::b16));
  d.out.immediate = destination;
  d.set_detail(how);
  d.finish(run_load, InstructionClass::async_copy);
  return {};
}

Result<void> decode_store(Decoder& d, BulkDetail how, bool hint) {
  const size_t expected = 3 + (hint ? 1 : 0);
  ATTUNE_CHECK(d.need_operands(expected, expected));
  int64_t destination = 0;
  ATTUNE_CHECK(add_offset_address(d, 0, destination));
  ATTUNE_CHECK(add_offset_address(d, 1, how.source_offset));
  ATTUNE_CHECK(d.add_source(d.operand(2), Type::b32));
  d.out.immediate = destination;
  d.set_detail(how);
  d.finish(run_store, InstructionClass::async_copy);
  return {};
}

void run_nothing(Warp&, const Instruction&, LaneMask) {}

// --- cp.async.mbarrier.arrive --------------------------------------------------------------------------------------------

// Arrives for one lane once its copies have landed.
class CopyArrival : public AsyncEngine::Operation {
 public:
  CopyArrival(Warp& warp, int lane, BarrierPlace place, uint32_t line, bool adds)
      : warp_(warp), lane_(lane), place_(place), line_(line), adds_(adds) {}

  // Without .noinc the instruction adds the arrival that it makes: nothing to count, but the phase may not pass before.
  bool holds_phase() const override { return adds_; }

  bool complete(Cluster& cluster) override {
    cluster.async->wait(warp_, LaneMask{1} << lane_, AsyncEngine::kEverything);
    SharedShadow& shadow = *warp_.cta->shadow;
    if (shadow.enabled() && place_.rank == warp_.cta->rank)
      shadow.release(warp_.index, shadow.location_clock(place_.offset));
    if (adds_) return true;
    Result<Mbarrier> barrier = read_barrier(cluster, place_);
    Result<void> done;
    if (barrier.ok()) {
      done = barrier->arrive(1);
    } else {
      done = barrier.error();
    }
    if (!done.ok()) {
      cluster.fail(done.error().within(fmt::format("the arrival of copies that PTX line {} asked for", line_)));
      return false;
    }
    write_barrier(cluster, place_, *barrier);
    return true;
  }

 private:
  Warp& warp_;
  int lane_;
  BarrierPlace place_;
  uint32_t line_;
  bool adds_;
};

void run_copy_arrive(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const bool adds = detail<bool>(instruction);
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    const auto place = barrier_place(warp, instruction, lane, address_in(warp, instruction, 0, lane, instruction.immediate));
    ok = place.has_value();
    if (ok)
      warp.cta->cluster.async->defer(*place, std::make_unique<CopyArrival>(warp, lane, *place, instruction.line, adds));
  });
}

}  // namespace

Result<void> decode_copy_arrive(Decoder& d) {
  if (!d.take("arrive")) return d.unknown();
  const bool adds = !d.take("noinc");
  if (!d.take("shared")) d.take("shared::cta");
  if (!d.take("b64")) return d.malformed(".b64 is missing");
  ATTUNE_CHECK(d.need_operands(1, 1));
  ATTUNE_CHECK(d.add_address(d.operand(0)));
  d.set_detail(adds);
  d.finish(run_copy_arrive, InstructionClass::async_copy);
  return {};
}

Result<void> decode_bulk(Decoder& d, bool reduces) {
  if (d.take("commit_group")) {
    ATTUNE_CHECK(d.need_operands(0, 0));
    d.finish(run_commit, InstructionClass::async_copy);
    return {};
  }
  if (d.take("wait_group")) {
    d.take("read");  // sources and destinations complete together here
    ATTUNE_CHECK(d.need_operands(1, 1));
    ATTUNE_TRY(d.out.immediate, d.constant(d.operand(0), "the number of groups"));
    d.finish(run_wait, InstructionClass::async_copy);
    return {};
  }
  if (d.take("prefetch")) {  // promises nothing about values
    d.take_all();
    d.finish(run_nothing, InstructionClass::async_copy);
    return {};
  }
  if (d.take("tensor")) return decode_tensor_copy(d, reduces);

  BulkDetail how;
  const bool hint = d.take("L2::cache_hint");
  const bool by_barrier = d.take("mbarrier::complete_tx::bytes");
  if (!by_barrier && !d.take("bulk_group")) return d.malformed("the completion mechanism is missing");
  // The opcode names destination and source in this order.
  const std::string_view destination = d.take_next(), source = d.take_next();
  const bool to_shared = destination == "shared::cluster" || destination == "shared::cta";
  if (to_shared && by_barrier && !reduces && (source == "global" || source == "shared::cta")) {
    how.from_shared = source == "shared::cta";
    return decode_load(d, how, hint);
  }
  if (destination == "global" && source == "shared::cta" && !by_barrier) {
    if (reduces) {
      ATTUNE_TRY(const AtomicOperation operation, take_reduction(d));
      ATTUNE_TRY(const Type type, d.need_type());
      how.reduction = BulkReduction{operation, type};
    }
    return decode_store(d, how, hint);
  }
  return d.unsupported("the direction of");
}

}  // namespace attune::emulator
