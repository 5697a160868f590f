// Copies that are under way. Data land as late as the program allows: those of cp.async when their thread waits for the
// group, those that an mbarrier tracks when somebody tests that barrier and its phase is not complete yet. So a kernel that
// reads too early finds the old contents (and is told, when races are checked).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "emulator/machine/cta.hpp"

namespace attune::emulator {

// An mbarrier's place: the CTA of the cluster and the address in its shared memory.
struct BarrierPlace {
  uint32_t rank = 0;
  uint32_t offset = 0;
  bool operator==(const BarrierPlace&) const = default;
};

class AsyncEngine {
 public:
  explicit AsyncEngine(Cluster& cluster);
  ~AsyncEngine();
  void start();
  // At the end of the kernel everything that still is under way completes.
  void finish();

  // --- cp.async ----------------------------------------------------------------------------------------------------------
  struct Piece {
    uint32_t offset = 0;  // in shared memory of the CTA
    uint32_t bytes = 0;
    uint32_t line = 0;
    std::array<std::byte, 16> data{};
  };
  void copy(Warp& warp, int lane, const Piece& piece);
  void commit(Warp& warp, LaneMask lanes);
  // Lands all but the `newest` groups of each lane; ~0u: everything, committed or not.
  static constexpr uint32_t kEverything = ~0u;
  void wait(Warp& warp, LaneMask lanes, uint32_t newest);

  // --- what mbarriers track
  // ------------------------------------------------------------------------------------------------ Work that is done when
  // the barrier is tested, in the order in which it was issued.
  class Operation {
   public:
    virtual ~Operation() = default;
    // False after a report.
    virtual bool complete(Cluster& cluster) = 0;
    // The phase may look complete to its counts before this work is done (cp.async.mbarrier.arrive without .noinc, whose
    // own arrival it adds before).
    virtual bool holds_phase() const { return false; }
  };
  void defer(BarrierPlace place, std::unique_ptr<Operation> operation);
  // Completes all work for a barrier; true when there was any.
  bool complete(BarrierPlace place);
  // Completes the work that holds a phase back; false after a report.
  bool complete_holding(BarrierPlace place);

  // --- bulk groups of a thread
  // -----------------------------------------------------------------------------------------------
  void defer_in_group(Warp& warp, int lane, std::unique_ptr<Operation> operation);
  void commit_bulk(Warp& warp, LaneMask lanes);
  void wait_bulk(Warp& warp, LaneMask lanes, uint32_t newest);

 private:
  struct Pending {
    uint32_t lane = 0;
    uint32_t group = 0;
    Piece piece;
  };
  struct PendingOperation {
    uint32_t lane = 0;
    uint32_t group = 0;
    std::unique_ptr<Operation> operation;
  };
  struct WarpCopies {
    std::vector<Pending> pending;
    std::array<uint32_t, kLanes> committed{};
    std::vector<PendingOperation> bulk;
    std::array<uint32_t, kLanes> bulk_committed{};
  };
  struct Tracked {
    BarrierPlace place;
    std::unique_ptr<Operation> operation;
  };
  WarpCopies& of(const Warp& warp);

  Cluster& cluster_;
  std::vector<WarpCopies> warps_;
  std::vector<Tracked> tracked_;
};

}  // namespace attune::emulator
