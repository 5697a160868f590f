// Barriers in shared memory, as the asynchronous copies use them.
#pragma once

#include <optional>

#include "emulator/machine/async.hpp"
#include "emulator/tensor/mbarrier.hpp"

namespace attune::emulator {

// Where the barrier is that a lane names, after all checks of the address; nothing after a report.
std::optional<BarrierPlace> barrier_place(Warp& warp, const Instruction& instruction, int lane, uint64_t address);

Result<Mbarrier> read_barrier(Cluster& cluster, BarrierPlace place);
void write_barrier(Cluster& cluster, BarrierPlace place, const Mbarrier& barrier);

}  // namespace attune::emulator
