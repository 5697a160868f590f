// A CTA with its warps, shared memory and barriers; and the cluster of CTAs that one host thread runs.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/machine/regions.hpp"
#include "emulator/machine/shadow.hpp"
#include "emulator/machine/warp.hpp"

namespace attune::emulator {

class Cluster;
class AsyncEngine;
class WgmmaQueue;

// What all CTAs of a launch have in common; constant while they run.
struct Launch {
  const Program* program = nullptr;
  const Kernel* kernel = nullptr;
  LaunchShape shape;
  Options options;
  std::span<const std::byte> parameters;
  Regions regions;
  std::vector<std::byte> module_memory;       // .global and .const variables
  std::vector<std::byte> constant_registers;  // for the CTA of rank 0
  int64_t shared_end_bytes = 0;               // first address past a CTA's shared memory
  uint32_t threads() const { return shape.block[0] * shape.block[1] * shape.block[2]; }
  uint32_t warps() const { return (threads() + kLanes - 1) / kLanes; }
  uint32_t cluster_size() const { return shape.cluster[0] * shape.cluster[1] * shape.cluster[2]; }
};

struct NamedBarrier {
  struct Reduction {
    uint32_t warp = 0;
    LaneMask lanes = 0;
    const Instruction* instruction = nullptr;
  };
  bool open = false;         // somebody has come and it is not complete
  uint32_t expected = 0;     // threads; 0: all that have not exited
  uint32_t arrived = 0;      // threads
  uint32_t true_count = 0;   // bar.red: lanes whose predicate holds
  uint32_t total_count = 0;  // bar.red: lanes
  uint32_t waiting_warps = 0;
  std::vector<Reduction> reductions;
};

class Cta {
 public:
  static constexpr int kBarriers = 16;

  Cta(const Launch& launch, Cluster& cluster, uint32_t rank);
  ~Cta();
  void start(std::array<uint32_t, 3> ctaid);  // reuses the memory of the CTA before

  // The first thing that went wrong in this CTA; the cluster stops.
  void fail(Error error);

  // Threads of a warp come to a barrier. `expected` 0: all threads of the CTA that have not exited. True: it is complete,
  // all waiting warps have been woken and the caller goes on.
  enum class Arrival : uint8_t { sync, arrive };
  void arrive(Warp& warp, const Instruction& instruction, LaneMask lanes, int id, uint32_t expected, Arrival how);
  // Exiting threads may complete barriers that wait for all.
  void threads_exited();
  uint32_t live_threads() const;

  // "CTA (1,0,0)".
  std::string describe() const;

  const Launch& launch;
  Cluster& cluster;
  uint32_t rank = 0;  // in the cluster
  std::array<uint32_t, 3> ctaid{};
  std::vector<Warp> warps;
  std::vector<std::byte> shared;  // indexed by address; what is below Kernel::shared_base_bytes is never accessed
  std::array<NamedBarrier, kBarriers> barriers;
  std::array<SharedShadow::Clock, kBarriers> barrier_clocks{};
  SharedShadow::Clock cluster_clock{};
  std::unique_ptr<SharedShadow> shadow;
  std::unique_ptr<WgmmaQueue> wgmma;
  Counters counters;
  size_t region_hint = 0;

 private:
  void complete_if_ready(int id);

  std::vector<std::byte> memory_;  // registers and local memory of all warps
  std::vector<std::byte> constant_memory_;
  std::vector<LaneMask> masks_;
};

class Cluster {
 public:
  explicit Cluster(const Launch& launch);
  ~Cluster();

  // Runs the cluster whose first CTA has this index in the grid of clusters, to its end.
  Result<void> run(std::array<uint32_t, 3> first_ctaid);

  Counters& counters() { return total_; }
  // Something happened that others may wait for. Without it and with everybody waiting there is a deadlock.
  void note_progress() { ++progress_; }
  bool failed() const { return error_.has_value(); }
  void fail(Error error);

  // barrier.cluster: arrivals of all threads of the cluster that have not exited complete a phase.
  void arrive_at_cluster_barrier(Warp& warp, const Instruction& instruction, LaneMask lanes);
  void wait_at_cluster_barrier(Warp& warp, const Instruction& instruction, LaneMask lanes);
  void threads_exited();
  std::vector<std::unique_ptr<Cta>> ctas;
  std::unique_ptr<AsyncEngine> async;
  const Launch& launch;

 private:
  void complete_cluster_barrier_if_ready();

  uint32_t cluster_barrier_arrived_ = 0;
  uint32_t cluster_barrier_phase_ = 0;
  Error deadlock() const;

  Counters total_;
  uint64_t progress_ = 0;
  std::optional<Error> error_;
};

}  // namespace attune::emulator
