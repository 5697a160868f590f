// What is known of each byte of a CTA's shared memory: who wrote it last, who has read it since, and whether that is ordered
// before the access in hand.
//
// Order is happens-before with vector clocks, one entry a warp (lanes of a warp are taken as ordered by program order): a
// warp releases its clock into a barrier, an mbarrier or an atomic location and acquires from it. Two accesses to one byte,
// at least one of them a write, by different warps, that are not ordered, are a race, whether or not this run's schedule
// shows it. Atomic accesses never race. See Flanagan and Freund, "FastTrack: efficient and precise dynamic race detection",
// 2009; read sets are shared between bytes instead of kept for each.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "emulator/emulator.hpp"

namespace attune::emulator {

class SharedShadow {
 public:
  static constexpr uint32_t kAsyncAgent = 32;  // the copy engine, beside the 32 warps a CTA can have
  static constexpr uint32_t kAgents = 33;
  // What is ordered before, for each agent; and behind that, how much of it a proxy fence has made visible to the copy
  // engine and to wgmma. Both travel together through barriers.
  using Clock = std::array<uint32_t, 2 * kAgents>;

  enum class Problem : uint8_t { none, uninitialised, race, in_flight };
  struct Finding {
    Problem problem = Problem::none;
    uint32_t offset = 0;       // the first byte concerned
    uint32_t other_agent = 0;  // race: who else
    bool other_wrote = false;  // or else read
    uint32_t other_line = 0;   // of a write
  };

  SharedShadow(int64_t bytes, uint32_t warps, const Options& options);
  void start();
  bool enabled() const { return races_ || uninitialised_; }

  Finding read(uint32_t agent, uint32_t offset, uint32_t bytes);
  Finding write(uint32_t agent, uint32_t offset, uint32_t bytes, uint32_t line);
  // Atomic, volatile and remote accesses: initialise what they write, never race.
  Finding strong_read(uint32_t offset, uint32_t bytes) const;
  void strong_write(uint32_t offset, uint32_t bytes, uint32_t line);
  // An asynchronous copy was issued: it will write these bytes, until land() nobody may touch them.
  Finding begin_copy(uint32_t agent, uint32_t offset, uint32_t bytes, uint32_t line);
  void land(uint32_t agent, uint32_t offset, uint32_t bytes, uint32_t line);

  void release(uint32_t agent, Clock& into);
  void acquire(uint32_t agent, const Clock& from);
  // fence.proxy.async: what is ordered before now is visible to asynchronous operations that are ordered after.
  void fence_proxy(uint32_t agent);
  // The copy engine (or wgmma) works for this agent: it comes after what proxy fences have made visible to it.
  void issue_async(uint32_t agent);
  // The clock that belongs to an atomic location.
  Clock& location_clock(uint32_t offset) { return locations_[offset]; }

  static std::string explain(const Finding& finding);

 private:
  struct Cell {
    uint32_t write = 0;    // epoch; 0: never written
    uint32_t readers = 0;  // index into sets_; 0: nobody since the write
    uint32_t line = 0;     // of the write
  };
  // The answers of the last byte, valid while the agent's clock does not change.
  struct Memo {
    uint32_t ordered_write = 0;
    uint32_t readers_in = ~0u;
    uint32_t readers_out = 0;
    uint32_t ordered_readers = 0;
  };
  static constexpr uint32_t kClockBits = 26;
  static constexpr uint32_t kInFlight = 62u << kClockBits;
  static constexpr uint32_t kStrong = 61u << kClockBits;

  uint32_t epoch(uint32_t agent) const { return agent << kClockBits | clocks_[agent][agent]; }
  bool ordered(uint32_t agent, uint32_t past) const {
    const uint32_t other = past >> kClockBits;
    if (other >= kAgents) return past != 0 && other != (kInFlight >> kClockBits);
    return other == agent || (past & ((1u << kClockBits) - 1)) <= clocks_[agent][other];
  }
  Finding conflict(uint32_t agent, uint32_t offset, const Cell& cell) const;
  uint32_t with_reader(uint32_t set, uint32_t agent);

  bool races_;
  bool uninitialised_;
  std::vector<Cell> cells_;
  std::vector<Clock> clocks_;
  std::vector<Memo> memos_;
  std::vector<std::vector<uint32_t>> sets_;
  std::unordered_map<uint64_t, uint32_t> extended_;  // (set, epoch) -> set
  std::unordered_map<uint32_t, Clock> locations_;
};

}  // namespace attune::emulator
