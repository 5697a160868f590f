// An mbarrier in shared memory: finding it, changing it, and what order between warps its phases make.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "emulator/machine/async.hpp"
#include "emulator/machine/memory.hpp"
#include "emulator/machine/shadow.hpp"
#include "emulator/tensor/mbarrier.hpp"

namespace attune::emulator {

inline constexpr uint32_t kBarrierBytes = 8;

// The place that a lane's address means, or nothing after a report. `space` is shared or generic.
std::optional<BarrierPlace> find_barrier(Warp& warp, const Instruction& instruction, int lane, ptx::Space space,
                                         uint64_t address);

uint64_t barrier_word(const Cluster& cluster, BarrierPlace place);
void set_barrier_word(Cluster& cluster, BarrierPlace place, uint64_t word, uint32_t line);

// Applies `change` (Mbarrier& -> Result<void>) to the barrier at `place`.
template <class Change>
Result<void> change_barrier(Cluster& cluster, BarrierPlace place, uint32_t line, Change&& change) {
  ATTUNE_TRY(Mbarrier barrier, Mbarrier::decode(barrier_word(cluster, place)));
  ATTUNE_CHECK(change(barrier));
  set_barrier_word(cluster, place, barrier.encode(), line);
  cluster.note_progress();
  return {};
}

// What the warp did before is visible to whoever sees the phase complete, and the other way round. Order between CTAs of a
// cluster is not tracked: remote barriers have no effect.
void release_to_barrier(Warp& warp, BarrierPlace place);
void acquire_from_barrier(Warp& warp, BarrierPlace place);

}  // namespace attune::emulator
