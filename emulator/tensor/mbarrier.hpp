// The state of one mbarrier.b64: arrivals, transaction bytes and the phase, kept in the barrier's own eight bytes.
//
// Source: PTX ISA, "mbarrier". The real encoding is opaque; this one is ours (see encode()). Values, not references: read
// the word, decode, change, encode, write. Any thread, no shared state.
//
// A phase completes when no arrivals are pending and the transaction count is zero; then the next begins with the expected
// arrivals. Misuse that PTX leaves undefined is Status::validation_failed with words for the author of the kernel.
#pragma once

#include <cstdint>

#include "common/result.hpp"

namespace attune::emulator {

class Mbarrier {
 public:
  static constexpr int64_t kLargestCount = (int64_t{1} << 20) - 1;  // arrivals, and transaction bytes either way

  // mbarrier.init: a fresh barrier in phase 0 for `count` arrivals, whatever the memory held.
  static Result<Mbarrier> init(int64_t count);
  // The barrier in a word that encode() made. Any other word is not a barrier: not initialised, invalidated or overwritten.
  static Result<Mbarrier> decode(uint64_t word);
  // Bits 0-19 expected arrivals, 20-39 pending arrivals, 40-60 transaction bytes (two's complement), 61 parity of the phase,
  // 62-63 the mark 0b10.
  uint64_t encode() const;
  // What mbarrier.inval leaves: no barrier.
  static constexpr uint64_t kInvalid = 0;

  // mbarrier.expect_tx and the tx part of arrive.expect_tx; mbarrier.complete_tx and the end of a bulk copy.
  Result<void> expect_tx(int64_t bytes);
  Result<void> complete_tx(int64_t bytes);
  // mbarrier.arrive; `.noComplete` makes completing the phase an error.
  Result<void> arrive(int64_t count, bool no_complete = false);
  // mbarrier.arrive_drop: also expect as many arrivals fewer from the next phase on.
  Result<void> arrive_drop(int64_t count, bool no_complete = false);

  // test_wait.parity and try_wait.parity: whether the phase of this parity, the current or the one before it, has completed.
  bool test_wait_parity(uint32_t parity) const { return (parity & 1u) != parity_; }
  // test_wait with the state that an arrive returned: whether that phase has completed.
  Result<bool> test_wait_state(uint64_t state) const;
  // mbarrier.pending_count of such a state. The state of an arrive is encode() before it.
  static Result<uint32_t> pending_count(uint64_t state);

  int64_t expected() const { return expected_; }
  int64_t pending() const { return pending_; }
  int64_t transaction_bytes() const { return transaction_bytes_; }
  uint32_t parity() const { return parity_; }

 private:
  void complete_if_due();

  int64_t expected_ = 0;
  int64_t pending_ = 0;
  int64_t transaction_bytes_ = 0;
  uint32_t parity_ = 0;
};

}  // namespace attune::emulator
