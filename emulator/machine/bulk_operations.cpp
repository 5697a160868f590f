#include "emulator/machine/bulk_operations.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <utility>

#include "emulator/machine/mbarrier_ops.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/machine/shadow.hpp"

namespace attune::emulator {
namespace {

constexpr uint32_t kAsync = SharedShadow::kAsyncAgent;

class Load : public AsyncEngine::Operation {
 public:
  struct Part {
    uint32_t offset;
    uint32_t bytes;
    uint32_t from;  // in data_
  };
  Load(uint32_t rank, BarrierPlace barrier, uint32_t line, bool local, std::vector<Part> parts,
       std::shared_ptr<const std::vector<std::byte>> data)
      : rank_(rank), barrier_(barrier), line_(line), local_(local), parts_(std::move(parts)), data_(std::move(data)) {}

  bool complete(Cluster& cluster) override {
    Cta& cta = *cluster.ctas[rank_];
    SharedShadow& shadow = *cta.shadow;
    const bool tracks = shadow.enabled();
    for (const Part& part : parts_) {
      std::memcpy(cta.shared.data() + part.offset, data_->data() + part.from, part.bytes);
      if (!tracks) continue;
      if (local_) {
        shadow.land(kAsync, part.offset, part.bytes, line_);
      } else {
        shadow.strong_write(part.offset, part.bytes, line_);  // order between CTAs is not tracked
      }
    }
    if (tracks && barrier_.rank == rank_) shadow.release(kAsync, shadow.location_clock(barrier_.offset));
    Result<Mbarrier> barrier = read_barrier(cluster, barrier_);
    Result<void> done;
    if (barrier.ok()) {
      done = barrier->complete_tx(static_cast<int64_t>(data_->size()));
    } else {
      done = barrier.error();
    }
    if (!done.ok()) {
      cluster.fail(
          done.error().within(fmt::format("the bulk copy that PTX line {} issued, {} bytes to {}, completes at shared "
                                          "address {:#x}",
                                          line_, data_->size(), cta.describe(), barrier_.offset)));
      return false;
    }
    write_barrier(cluster, barrier_, *barrier);
    return true;
  }

 private:
  uint32_t rank_;
  BarrierPlace barrier_;
  uint32_t line_;
  bool local_;
  std::vector<Part> parts_;
  std::shared_ptr<const std::vector<std::byte>> data_;
};

void combine(const MaybeReduction& reduction, std::byte* target, const std::byte* source, uint32_t bytes) {
  if (!reduction) {
    std::memcpy(target, source, bytes);
    return;
  }
  const auto size = static_cast<uint32_t>(size_bytes(reduction->type));
  for (uint32_t at = 0; at < bytes; at += size) {
    uint64_t operand = 0;
    std::memcpy(&operand, source + at, size);
    atomic_update(target + at, reduction->operation, reduction->type, operand, 0, false);
  }
}

class Store : public AsyncEngine::Operation {
 public:
  Store(Cta& cta, uint32_t warp, uint32_t line, std::vector<BulkPiece> pieces, MaybeReduction reduction)
      : cta_(cta), warp_(warp), line_(line), pieces_(std::move(pieces)), reduction_(reduction) {}

  bool complete(Cluster& cluster) override {
    SharedShadow& shadow = *cta_.shadow;
    for (const BulkPiece& piece : pieces_) {
      if (piece.memory == nullptr) continue;
      if (shadow.enabled()) {
        const SharedShadow::Finding finding = shadow.read(kAsync, piece.offset, piece.bytes);
        if (finding.problem != SharedShadow::Problem::none) {
          cluster.fail(
              Error(Status::validation_failed,
                    fmt::format(
                        "The bulk copy that PTX line {} issued reads {} bytes at shared address {:#x} of {}: {}. "
                        "Execute fence.proxy.async between writing the bytes and the barrier before the copy, and wait for "
                        "its group before they change.",
                        line_, piece.bytes, piece.offset, cta_.describe(), SharedShadow::explain(finding))));
          return false;
        }
      }
      combine(reduction_, piece.memory, cta_.shared.data() + piece.offset, piece.bytes);
    }
    if (shadow.enabled()) {  // the warp that waited may reuse the memory
      SharedShadow::Clock now{};
      shadow.release(kAsync, now);
      shadow.acquire(warp_, now);
    }
    return true;
  }

 private:
  Cta& cta_;
  uint32_t warp_;
  uint32_t line_;
  std::vector<BulkPiece> pieces_;
  MaybeReduction reduction_;
};

}  // namespace

Result<AtomicOperation> take_reduction(Decoder& d) {
  constexpr AtomicOperation kOperations[] = {AtomicOperation::bit_and, AtomicOperation::bit_or, AtomicOperation::bit_xor,
                                             AtomicOperation::add,     AtomicOperation::inc,    AtomicOperation::dec,
                                             AtomicOperation::min,     AtomicOperation::max};
  const int operation = d.take_one({"and", "or", "xor", "add", "inc", "dec", "min", "max"});
  if (operation < 0) return d.malformed("the reduction is missing");
  d.take("noftz");  // the only way
  return kOperations[operation];
}

std::byte* bulk_memory(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t bytes,
                       uint32_t alignment, bool is_write) {
  return access_memory(warp, instruction, lane, ptx::Space::global, address, bytes, is_write ? Access::write : Access::read,
                       alignment);
}

void count_bulk(Cta& cta, const std::vector<BulkPiece>& pieces, bool is_load) {
  int64_t bytes = 0, sectors = 0;
  uint64_t last = ~uint64_t{0};
  for (const BulkPiece& piece : pieces) {
    if (piece.memory == nullptr) continue;
    bytes += piece.bytes;
    const auto address = reinterpret_cast<uint64_t>(piece.memory);
    for (uint64_t sector = address / 32; sector <= (address + piece.bytes - 1) / 32; ++sector) {
      sectors += sector != last ? 1 : 0;
      last = sector;
    }
  }
  Counters& counters = cta.counters;
  (is_load ? counters.global_load_bytes : counters.global_store_bytes) += bytes;
  (is_load ? counters.global_load_sectors : counters.global_store_sectors) += sectors;
  if (is_load) counters.async_copy_bytes += bytes;
}

std::vector<uint32_t> multicast_ranks(Warp& warp, const Instruction& instruction, int lane, uint32_t mask) {
  const auto size = static_cast<uint32_t>(warp.cta->cluster.ctas.size());
  std::vector<uint32_t> ranks;
  for (uint32_t rank = 0; rank < 32; ++rank) {
    if ((mask >> rank & 1) != 0) ranks.push_back(rank);
  }
  if (!ranks.empty() && ranks.back() < size) return ranks;
  warp.fail(Status::validation_failed, instruction, lane,
            fmt::format("has the multicast mask {:#x} in a cluster of {} CTAs", mask, size),
            "Set a bit for each receiving CTA of the cluster, and for no other.");
  return {};
}

bool issue_load(Warp& warp, const Instruction& instruction, int lane, const std::vector<BulkPiece>& pieces,
                const std::vector<uint32_t>& ranks, BarrierPlace barrier) {
  Cluster& cluster = warp.cta->cluster;
  std::vector<Load::Part> parts;
  uint32_t total = 0;
  for (const BulkPiece& piece : pieces) {
    parts.push_back({piece.offset, piece.bytes, total});
    total += piece.bytes;
  }
  auto data = std::make_shared<std::vector<std::byte>>(total);
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].memory != nullptr) std::memcpy(data->data() + parts[i].from, pieces[i].memory, pieces[i].bytes);
  }
  for (const uint32_t rank : ranks) {
    Cta& cta = *cluster.ctas[rank];
    const bool local = &cta == warp.cta;
    if (local && cta.shadow->enabled()) {
      for (const Load::Part& part : parts) {
        const SharedShadow::Finding finding = cta.shadow->begin_copy(warp.index, part.offset, part.bytes, instruction.line);
        if (finding.problem == SharedShadow::Problem::none) continue;
        warp.fail(Status::validation_failed, instruction, lane,
                  fmt::format("copies to {} bytes at shared address {:#x}: {}", part.bytes, part.offset,
                              SharedShadow::explain(finding)),
                  "Wait on a barrier at which all readers of the buffer have arrived before refilling it.");
        return false;
      }
    }
    const BarrierPlace place = ranks.size() == 1 ? barrier : BarrierPlace{rank, barrier.offset};
    cluster.async->defer(place, std::make_unique<Load>(rank, place, instruction.line, local, parts, data));
  }
  count_bulk(*warp.cta, pieces, true);
  return true;
}

bool issue_store(Warp& warp, const Instruction& instruction, int lane, std::vector<BulkPiece> pieces,
                 MaybeReduction reduction) {
  SharedShadow& shadow = *warp.cta->shadow;
  if (shadow.enabled()) {
    // As a read of the warp first: then a second finding can only mean that the proxy fence is missing.
    for (const BulkPiece& piece : pieces) {
      if (piece.memory == nullptr) continue;
      const SharedShadow::Finding finding = shadow.read(warp.index, piece.offset, piece.bytes);
      if (finding.problem == SharedShadow::Problem::none) continue;
      warp.fail(Status::validation_failed, instruction, lane,
                fmt::format("copies {} bytes from shared address {:#x}: {}", piece.bytes, piece.offset,
                            SharedShadow::explain(finding)),
                "Write the bytes, then execute fence.proxy.async and a barrier, then copy.");
      return false;
    }
    shadow.issue_async(warp.index);
  }
  count_bulk(*warp.cta, pieces, false);
  auto operation = std::make_unique<Store>(*warp.cta, warp.index, instruction.line, std::move(pieces), reduction);
  warp.cta->cluster.async->defer_in_group(warp, lane, std::move(operation));
  return true;
}

}  // namespace attune::emulator
