// Bulk copies under way: the data of one copy and what happens when it completes.
#pragma once

#include <optional>
#include <vector>

#include "emulator/machine/async.hpp"
#include "emulator/machine/atomic.hpp"
#include "emulator/machine/decoder.hpp"

namespace attune::emulator {

// A contiguous piece: bytes of a CTA's shared memory and where they come from or go to.
struct BulkPiece {
  uint32_t offset = 0;  // in shared memory
  uint32_t bytes = 0;
  std::byte* memory = nullptr;  // null: outside of a tensor; loads write zeros, stores skip
};

// What combines with the elements at the destination of a store; nothing: they are replaced.
struct BulkReduction {
  AtomicOperation operation = AtomicOperation::add;
  ptx::Type type = ptx::Type::f32;
};
using MaybeReduction = std::optional<BulkReduction>;

// Issues a copy into the shared memory of the CTAs in `ranks`, at the same offsets in each. Each is tracked by the barrier
// at `barrier.offset` of its own CTA, or, when there is one rank, by `barrier` itself. The source is read now; the
// destination is written when the barrier is tested. False after a report.
bool issue_load(Warp& warp, const Instruction& instruction, int lane, const std::vector<BulkPiece>& pieces,
                const std::vector<uint32_t>& ranks, BarrierPlace barrier);

// Issues a copy out of this CTA's shared memory to global memory, into the lane's present bulk group. The source is read
// when that group is waited for. False after a report.
bool issue_store(Warp& warp, const Instruction& instruction, int lane, std::vector<BulkPiece> pieces,
                 MaybeReduction reduction);

// Finds host memory of one piece of global memory; null after a report.
std::byte* bulk_memory(Warp& warp, const Instruction& instruction, int lane, uint64_t address, uint32_t bytes,
                       uint32_t alignment, bool is_write);
// Adds the bytes and sectors of global memory that the pieces touch to the counters.
void count_bulk(Cta& cta, const std::vector<BulkPiece>& pieces, bool is_load);

// The ranks of a multicast mask; empty after a report.
std::vector<uint32_t> multicast_ranks(Warp& warp, const Instruction& instruction, int lane, uint32_t mask);

// The operation in an opcode of cp.reduce.async.bulk, consumed.
Result<AtomicOperation> take_reduction(Decoder& decoder);

// cp.async.bulk.tensor and cp.reduce.async.bulk.tensor, whose "tensor" has been taken.
Result<void> decode_tensor_copy(Decoder& decoder, bool reduces);

}  // namespace attune::emulator
