// barrier.cluster: arrive and wait of all threads of a cluster.
#include <fmt/format.h>

#include <bit>

#include "emulator/machine/cta.hpp"

namespace attune::emulator {

void Cluster::arrive_at_cluster_barrier(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  if (warp.cluster_phases > cluster_barrier_phase_ && (lanes & warp.cluster_arrived) != 0) {
    return warp.fail(Status::validation_failed, instruction, std::countr_zero(lanes),
                     "arrives at the cluster barrier a second time without having waited",
                     "Put a barrier.cluster.wait between two arrivals.");
  }
  if (warp.cluster_phases == cluster_barrier_phase_) {
    ++warp.cluster_phases;
    warp.cluster_arrived = 0;
  }
  warp.cluster_arrived |= lanes;
  cluster_barrier_arrived_ += static_cast<uint32_t>(std::popcount(lanes));
  warp.cta->shadow->release(warp.index, warp.cta->cluster_clock);
  note_progress();
  complete_cluster_barrier_if_ready();
}

void Cluster::wait_at_cluster_barrier(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  if ((lanes & ~warp.cluster_arrived) != 0) {
    return warp.fail(Status::validation_failed, instruction, std::countr_zero(lanes & ~warp.cluster_arrived),
                     "waits at the cluster barrier without having arrived", "Arrive before waiting.");
  }
  if (warp.cluster_phases <= cluster_barrier_phase_) {
    warp.cta->shadow->acquire(warp.index, warp.cta->cluster_clock);
    return;  // complete already
  }
  warp.wait_at_barrier(kClusterBarrier);
}

void Cluster::threads_exited() { complete_cluster_barrier_if_ready(); }

void Cluster::complete_cluster_barrier_if_ready() {
  if (cluster_barrier_arrived_ == 0) return;
  uint32_t live = 0;
  for (const auto& cta : ctas) live += cta->live_threads();
  if (cluster_barrier_arrived_ < live) return;
  cluster_barrier_arrived_ = 0;
  ++cluster_barrier_phase_;
  for (const auto& cta : ctas) {
    for (Warp& warp : cta->warps) {
      cta->shadow->acquire(warp.index, cta->cluster_clock);
      warp.wake(kClusterBarrier);
    }
  }
}

}  // namespace attune::emulator
