#include "emulator/tensor/mbarrier.hpp"

#include <string>

namespace attune::emulator {
namespace {

constexpr uint64_t kMark = uint64_t{2} << 62;
constexpr uint64_t kMarkMask = uint64_t{3} << 62;
constexpr int kCountBits = 20;
constexpr int kTransactionBits = 21;

Error misuse(const std::string& what) { return {Status::validation_failed, "mbarrier: " + what}; }

}  // namespace

Result<Mbarrier> Mbarrier::init(int64_t count) {
  if (count < 1 || count > kLargestCount) {
    return misuse("init with a count of " + std::to_string(count) + "; give 1 to 1048575 arrivals.");
  }
  Mbarrier barrier;
  barrier.expected_ = barrier.pending_ = count;
  return barrier;
}

Result<Mbarrier> Mbarrier::decode(uint64_t word) {
  Mbarrier barrier;
  barrier.expected_ = static_cast<int64_t>(word & kLargestCount);
  barrier.pending_ = static_cast<int64_t>((word >> kCountBits) & kLargestCount);
  barrier.transaction_bytes_ =
      static_cast<int64_t>(word << (64 - 2 * kCountBits - kTransactionBits)) >> (64 - kTransactionBits);
  barrier.parity_ = static_cast<uint32_t>((word >> 61) & 1u);
  if ((word & kMarkMask) != kMark || barrier.transaction_bytes_ < -kLargestCount) {
    return misuse(
        "the eight bytes at this address are no barrier; call mbarrier.init on them first, let the other threads see "
        "it (fence and bar.sync), and do not store there until mbarrier.inval.");
  }
  return barrier;
}

uint64_t Mbarrier::encode() const {
  const uint64_t transactions = static_cast<uint64_t>(transaction_bytes_) & ((uint64_t{1} << kTransactionBits) - 1);
  return kMark | uint64_t{parity_} << 61 | transactions << (2 * kCountBits) | static_cast<uint64_t>(pending_) << kCountBits |
         static_cast<uint64_t>(expected_);
}

void Mbarrier::complete_if_due() {
  if (pending_ != 0 || transaction_bytes_ != 0) return;
  parity_ ^= 1u;
  pending_ = expected_;
}

Result<void> Mbarrier::expect_tx(int64_t bytes) {
  if (bytes < 0 || transaction_bytes_ + bytes > kLargestCount) {
    return misuse("expect_tx of " + std::to_string(bytes) +
                  " bytes takes the transaction count beyond 1048575; split the "
                  "copies over more phases or barriers.");
  }
  transaction_bytes_ += bytes;
  return {};
}

Result<void> Mbarrier::complete_tx(int64_t bytes) {
  if (bytes < 0 || transaction_bytes_ - bytes < -kLargestCount) {
    return misuse("complete_tx of " + std::to_string(bytes) +
                  " bytes takes the transaction count below -1048575; expect the "
                  "bytes of a copy in the phase that it completes in.");
  }
  transaction_bytes_ -= bytes;
  complete_if_due();
  return {};
}

Result<void> Mbarrier::arrive(int64_t count, bool no_complete) {
  if (count < 1 || count > kLargestCount) {
    return misuse("arrive with a count of " + std::to_string(count) + "; give 1 to 1048575.");
  }
  if (count > pending_) {
    return misuse(
        "arrive of " + std::to_string(count) + " where only " + std::to_string(pending_) + " of " +
        std::to_string(expected_) + " arrivals are pending in this phase (" + std::to_string(transaction_bytes_) +
        " transaction bytes outstanding); give mbarrier.init the count of all arrivals of a phase, and wait for the "
        "phase before arriving for the next.");
  }
  if (no_complete && count == pending_ && transaction_bytes_ == 0) {
    return misuse("arrive.noComplete would complete the phase; use it only where other arrivals stay pending.");
  }
  pending_ -= count;
  complete_if_due();
  return {};
}

Result<void> Mbarrier::arrive_drop(int64_t count, bool no_complete) {
  if (count > expected_) {
    return misuse("arrive_drop of " + std::to_string(count) + " where " + std::to_string(expected_) +
                  " arrivals are expected; drop each participant once.");
  }
  // The drop comes first: the phase that this arrival may complete is followed by one with fewer arrivals.
  expected_ -= count;
  Result<void> arrived = arrive(count, no_complete);
  if (!arrived.ok()) expected_ += count;
  return arrived;
}

Result<bool> Mbarrier::test_wait_state(uint64_t state) const {
  ATTUNE_TRY(const Mbarrier then, decode(state));
  return then.parity_ != parity_;
}

Result<uint32_t> Mbarrier::pending_count(uint64_t state) {
  ATTUNE_TRY(const Mbarrier then, decode(state));
  return static_cast<uint32_t>(then.pending_);
}

}  // namespace attune::emulator
