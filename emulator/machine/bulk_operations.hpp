// Bulk copies under way: the data of one copy and what happens when it completes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emulator/machine/async.hpp"
#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

// A contiguous piece: bytes of shared memory of one CTA and where they come from or go to.
struct BulkPiece {
  uint32_t offset = 0;            // in shared memory
  uint32_t bytes = 0;
  std::byte* global = nullptr;    // null: outside of a tensor; loads write zeros, stores skip
};

// What combines with the bytes at the destination of a store; `copy` replaces them.
enum class BulkReduction : uint8_t { copy, add_f32, add_f64, add_f16, add_bf16, add_u32, add_u64 };

// Issues a copy into the shared memory of the CTAs in `ranks`, tracked by the barrier at the same place of each (or, with one
// rank, by `barrier` wherever it is). The source is read now, the destination is written when the barrier is tested. False
// after a report.
bool issue_load(Warp& warp, const Instruction& instruction, int lane, const std::vector<BulkPiece>& pieces,
                const std::vector<uint32_t>& ranks, BarrierPlace barrier);

// Issues a copy out of this CTA's shared memory, into the lane's current bulk group; the source is read when the group is
// waited for.
bool issue_store(Warp& warp, const Instruction& instruction, int lane, std::vector<BulkPiece> pieces, BulkReduction reduction);

// Adds what was copied from global memory to the counters.
void count_bulk(Cta& cta, const std::vector<BulkPiece>& pieces, bool is_load);

// The ranks in a multicast mask, checked against the cluster; empty after a report.
std::vector<uint32_t> multicast_ranks(Warp& warp, const Instruction& instruction, int lane, uint32_t mask);

// cp.async.bulk.tensor and cp.reduce.async.bulk.tensor; bulk.cpp has the plain ones.
Result<void> decode_tensor_copy(Decoder& decoder, bool reduces);
// The reduction in the opcode, consumed with its type.
Result<BulkReduction> take_reduction(Decoder& decoder);
// The type of a tensor reduction follows the map's elements: .add alone stands in the opcode.
std::optional<BulkReduction> reduction_of(int element_bytes, bool is_float, bool is_bf16);

}  // namespace attune::emulator
