// cp.async: the copies of single threads from global to shared memory. Bulk copies stand in bulk.cpp.
#include <fmt/format.h>

#include <cstring>

#include "emulator/machine/async.hpp"
#include "emulator/machine/bulk.hpp"
#include "emulator/machine/decoder.hpp"
#include "emulator/machine/memory.hpp"

namespace attune::emulator {
namespace {

using ptx::Space;
using ptx::Type;

struct CopyDetail {
  uint32_t bytes = 16;
  int64_t source_offset = 0;
  bool has_source_bytes = false;  // zeros fill what the source does not have
  bool has_ignore = false;        // a predicate instead: true writes zeros
};

void run_copy(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& how = detail<CopyDetail>(instruction);
  Cta& cta = *warp.cta;
  const auto* const to = warp.lanes<uint64_t>(instruction.source(0));
  const auto* const from = warp.lanes<uint64_t>(instruction.source(1));
  std::array<uint64_t, kLanes> sources{};
  LaneMask reading = 0;
  bool ok = true;
  for_each_lane(lanes, [&](int lane) {
    if (!ok) return;
    AsyncEngine::Piece piece;
    piece.bytes = how.bytes;
    piece.line = instruction.line;
    uint32_t present = how.bytes;
    if (how.has_source_bytes) present = warp.lanes<uint32_t>(instruction.source(2))[lane];
    if (how.has_ignore && (warp.predicate(instruction.source_predicate) >> lane & 1) != 0) present = 0;
    if (present > how.bytes) {
      warp.fail(Status::validation_failed, instruction, lane, fmt::format("reads {} of {} bytes", present, how.bytes),
                "The source size must not exceed the copy size.");
      ok = false;
      return;
    }
    Cta* owner = nullptr;
    ok = access_shared(warp, instruction, lane, to[lane] + static_cast<uint64_t>(instruction.immediate), how.bytes,
                       how.bytes, Access::address_only, &owner, &piece.offset) != nullptr;
    if (ok && present > 0) {
      const uint64_t source = from[lane] + static_cast<uint64_t>(how.source_offset);
      sources[static_cast<size_t>(lane)] = source;
      reading |= LaneMask{1} << lane;
      // The whole alignment holds even when fewer bytes are read.
      const std::byte* memory =
          access_memory(warp, instruction, lane, Space::global, source, present, Access::read, how.bytes);
      ok = memory != nullptr;
      if (ok) std::memcpy(piece.data.data(), memory, present);
    }
    if (!ok) return;
    if (cta.shadow->enabled()) {
      const auto finding = cta.shadow->begin_copy(warp.index, piece.offset, piece.bytes, instruction.line);
      if (finding.problem != SharedShadow::Problem::none) {
        warp.fail(Status::validation_failed, instruction, lane,
                  fmt::format("copies to {} bytes at shared address {:#x}: {}", piece.bytes, piece.offset,
                              SharedShadow::explain(finding)),
                  "Put a barrier between the last use of the buffer and the copy that refills it.");
        ok = false;
        return;
      }
    }
    cta.cluster.async->copy(warp, lane, piece);
  });
  if (!ok) return;
  cta.counters.async_copy_bytes += static_cast<int64_t>(how.bytes) * std::popcount(lanes);
  cta.counters.global_load_bytes += static_cast<int64_t>(how.bytes) * std::popcount(reading);
  cta.counters.global_load_sectors += count_sectors(sources.data(), reading, how.bytes);
}

void run_commit(Warp& warp, const Instruction&, LaneMask lanes) { warp.cta->cluster.async->commit(warp, lanes); }

void run_wait(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  warp.cta->cluster.async->wait(warp, lanes, static_cast<uint32_t>(instruction.immediate));
}

Result<void> decode_copy(Decoder& d) {
  const bool reduces = d.take("reduce");
  if (!d.take("async")) return d.unknown();
  if (d.take("bulk")) return decode_bulk(d, reduces);
  if (reduces) return d.unknown();
  if (d.take("commit_group")) {
    d.finish(run_commit, InstructionClass::async_copy);
    return {};
  }
  if (d.take("wait_group")) {
    ATTUNE_CHECK(d.need_operands(1, 1));
    ATTUNE_TRY(d.out.immediate, d.constant(d.operand(0), "the number of groups"));
    d.finish(run_wait, InstructionClass::async_copy);
    return {};
  }
  if (d.take("wait_all")) {
    d.out.immediate = AsyncEngine::kEverything;
    d.finish(run_wait, InstructionClass::async_copy);
    return {};
  }
  if (d.take("mbarrier")) return decode_copy_arrive(d);
  const bool bypass = d.take("cg");
  if (!bypass && !d.take("ca")) return d.malformed(".ca or .cg is missing");
  if (!d.take("shared") && !d.take("shared::cta")) return d.malformed("the destination is not shared memory");
  if (!d.take("global")) return d.malformed("the source is not global memory");
  d.take_one({"L2::64B", "L2::128B", "L2::256B"});
  const bool hint = d.take("L2::cache_hint");
  ATTUNE_CHECK(d.need_operands(3, 5));
  CopyDetail how;
  ATTUNE_TRY(const int64_t bytes, d.constant(d.operand(2), "the copy size"));
  if (bytes != 16 && (bypass || (bytes != 4 && bytes != 8)))
    return d.malformed("the copy size must be 4, 8 or 16 (.cg: 16)");
  how.bytes = static_cast<uint32_t>(bytes);
  ATTUNE_CHECK(d.add_address(d.operand(1)));
  how.source_offset = d.out.immediate;
  d.out.immediate = 0;
  ATTUNE_CHECK(d.add_address(d.operand(0)));
  std::swap(d.sources[0], d.sources[1]);
  const size_t optional = d.operand_count() - 3 - (hint ? 1 : 0);
  if (optional > 1) return d.malformed("has too many operands");
  if (optional == 1) {
    const ptx::Operand& extra = d.operand(3);
    if (extra.kind == ptx::OperandKind::reg && d.names.register_type(extra.index) == Type::pred) {
      how.has_ignore = true;
      ATTUNE_TRY(d.out.source_predicate, d.predicate_source(extra));
    } else {
      how.has_source_bytes = true;
      ATTUNE_CHECK(d.add_source(extra, Type::b32));
    }
  }
  d.set_detail(how);
  d.finish(run_copy, InstructionClass::async_copy);
  return {};
}

}  // namespace

std::vector<OpcodeEntry> async_opcodes() { return {{"cp", decode_copy}}; }

}  // namespace attune::emulator
