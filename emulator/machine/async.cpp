#include "emulator/machine/async.hpp"

#include <algorithm>
#include <cstring>

namespace attune::emulator {

AsyncEngine::AsyncEngine(Cluster& cluster) : cluster_(cluster) {
  warps_.resize(static_cast<size_t>(cluster.launch.warps()) * cluster.launch.cluster_size());
}

AsyncEngine::~AsyncEngine() = default;

void AsyncEngine::start() {
  for (WarpCopies& copies : warps_) copies = {};
  tracked_.clear();
}

AsyncEngine::WarpCopies& AsyncEngine::of(const Warp& warp) {
  return warps_[static_cast<size_t>(warp.cta->rank) * cluster_.launch.warps() + warp.index];
}

void AsyncEngine::finish() {
  for (Tracked& tracked : tracked_) {
    if (!tracked.operation->complete(cluster_)) break;
  }
  tracked_.clear();
  for (WarpCopies& copies : warps_) {
    copies.pending.clear();  // shared memory that nobody can look at any more
    for (PendingOperation& pending : copies.bulk) {
      if (!pending.operation->complete(cluster_)) break;
    }
    copies.bulk.clear();
  }
}

void AsyncEngine::copy(Warp& warp, int lane, const Piece& piece) {
  WarpCopies& copies = of(warp);
  const auto l = static_cast<uint32_t>(lane);
  copies.pending.push_back({l, copies.committed[l], piece});
}

void AsyncEngine::commit(Warp& warp, LaneMask lanes) {
  WarpCopies& copies = of(warp);
  for_each_lane(lanes, [&](int lane) { ++copies.committed[static_cast<size_t>(lane)]; });
}

void AsyncEngine::wait(Warp& warp, LaneMask lanes, uint32_t newest) {
  WarpCopies& copies = of(warp);
  Cta& cta = *warp.cta;
  const bool track = cta.shadow->enabled();
  const auto lands = [&](const Pending& pending) {
    if ((lanes >> pending.lane & 1) == 0) return false;
    if (newest == kEverything) return true;
    return uint64_t{pending.group} + newest < copies.committed[pending.lane];
  };
  size_t kept = 0;
  for (Pending& pending : copies.pending) {
    if (lands(pending)) {
      std::memcpy(cta.shared.data() + pending.piece.offset, pending.piece.data.data(), pending.piece.bytes);
      if (track) cta.shadow->land(warp.index, pending.piece.offset, pending.piece.bytes, pending.piece.line);
    } else {
      copies.pending[kept++] = pending;
    }
  }
  copies.pending.resize(kept);
}

void AsyncEngine::defer(BarrierPlace place, std::unique_ptr<Operation> operation) {
  tracked_.push_back({place, std::move(operation)});
}

bool AsyncEngine::complete(BarrierPlace place) {
  std::vector<std::unique_ptr<Operation>> due;
  std::erase_if(tracked_, [&](Tracked& tracked) {
    if (tracked.place != place) return false;
    due.push_back(std::move(tracked.operation));
    return true;
  });
  for (const auto& operation : due) {
    if (!operation->complete(cluster_)) return false;
  }
  if (!due.empty()) cluster_.note_progress();
  return !due.empty();
}

bool AsyncEngine::complete_holding(BarrierPlace place) {
  for (const Tracked& tracked : tracked_) {
    if (tracked.place == place && tracked.operation->holds_phase()) {
      complete(place);
      return !cluster_.failed();
    }
  }
  return true;
}

void AsyncEngine::defer_in_group(Warp& warp, int lane, std::unique_ptr<Operation> operation) {
  WarpCopies& copies = of(warp);
  const auto l = static_cast<uint32_t>(lane);
  copies.bulk.push_back({l, copies.bulk_committed[l], std::move(operation)});
}

void AsyncEngine::commit_bulk(Warp& warp, LaneMask lanes) {
  WarpCopies& copies = of(warp);
  for_each_lane(lanes, [&](int lane) { ++copies.bulk_committed[static_cast<size_t>(lane)]; });
}

void AsyncEngine::wait_bulk(Warp& warp, LaneMask lanes, uint32_t newest) {
  WarpCopies& copies = of(warp);
  std::vector<PendingOperation> kept;
  for (PendingOperation& pending : copies.bulk) {
    const bool lands =
        (lanes >> pending.lane & 1) != 0 && uint64_t{pending.group} + newest < copies.bulk_committed[pending.lane];
    if (!lands) {
      kept.push_back(std::move(pending));
    } else if (!pending.operation->complete(cluster_)) {
      return;
    }
  }
  copies.bulk = std::move(kept);
}

}  // namespace attune::emulator
