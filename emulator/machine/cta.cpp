#include "emulator/machine/cta.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "emulator/machine/async.hpp"
#include "emulator/machine/special_registers.hpp"
#include "emulator/machine/wgmma_queue.hpp"

namespace attune::emulator {
namespace {

// Not a number in every floating format of 16 bits and more, and an address in no region.
constexpr uint8_t kUndefinedPattern = 0xf7;
constexpr uint32_t kUndefinedWord = 0xfff7fff7;
// Long enough to amortise a change of warps, short enough that warps interleave.
constexpr int64_t kQuantum = 2048;
// Rounds in which nothing happens but vain polls.
constexpr int kIdleRounds = 16;

size_t align64(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

Cta::Cta(const Launch& all, Cluster& owner, uint32_t rank_in_cluster) : launch(all), cluster(owner), rank(rank_in_cluster) {
  const Kernel& kernel = *launch.kernel;
  const uint32_t count = launch.warps();
  const size_t register_bytes = static_cast<size_t>(kernel.register_units) * kUnitBytes;
  const size_t local_bytes = align64(static_cast<size_t>(kernel.local_bytes) * kLanes);
  memory_.resize((register_bytes + local_bytes) * count + 64);
  constant_memory_ = launch.constant_registers;
  for (size_t i = 0; i < kernel.constants.size(); ++i) {
    if (kernel.constants[i].base != Constant::Base::shared || rank == 0) continue;
    std::byte* const slot =
        constant_memory_.data() + static_cast<size_t>(kernel.constant_slots[i] & ~kConstantBank) * kUnitBytes;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (kernel.constants[i].wide) {
        reinterpret_cast<uint64_t*>(slot)[lane] += uint64_t{rank} << kClusterRankShift;
      } else {
        reinterpret_cast<uint32_t*>(slot)[lane] += rank << kClusterRankShift;
      }
    }
  }
  masks_.resize((static_cast<size_t>(kernel.register_units) + 2 * static_cast<size_t>(kernel.predicates)) * count);
  shared.resize(static_cast<size_t>(launch.shared_end_bytes));
  shadow = std::make_unique<SharedShadow>(launch.shared_end_bytes, count, launch.options);
  wgmma = std::make_unique<WgmmaQueue>(*this);
  warps.resize(count);
  std::byte* const base = memory_.data() + (64 - reinterpret_cast<uintptr_t>(memory_.data()) % 64) % 64;
  for (uint32_t i = 0; i < count; ++i) {
    Warp& warp = warps[i];
    warp.cta = this;
    warp.kernel = &kernel;
    warp.index = i;
    warp.banks = {base + (register_bytes + local_bytes) * i, constant_memory_.data()};
    warp.local = warp.banks[0] + register_bytes;
    LaneMask* const masks =
        masks_.data() + (static_cast<size_t>(kernel.register_units) + 2 * static_cast<size_t>(kernel.predicates)) * i;
    warp.valid = masks;
    warp.predicates = masks + kernel.register_units;
    warp.predicate_valid = warp.predicates + kernel.predicates;
    warp.check_registers = launch.options.check_uninitialised;
    warp.max_instructions =
        launch.options.max_instructions_per_warp > 0 ? launch.options.max_instructions_per_warp : int64_t{1} << 34;
  }
}

Cta::~Cta() = default;

void Cta::start(std::array<uint32_t, 3> id) {
  ctaid = id;
  const Kernel& kernel = *launch.kernel;
  std::fill(shared.begin(), shared.end(), std::byte{kUndefinedPattern});
  std::fill(masks_.begin(), masks_.end(), 0);
  barriers.fill({});
  cluster_clock = {};
  shadow->start();
  wgmma->start();
  const uint32_t threads = launch.threads();
  for (Warp& warp : warps) {
    auto* const words = reinterpret_cast<uint32_t*>(warp.banks[0]);
    std::fill(words, words + static_cast<size_t>(kernel.register_units) * kLanes, kUndefinedWord);
    std::memset(warp.local, kUndefinedPattern, static_cast<size_t>(kernel.local_bytes) * kLanes);
    const uint32_t live = std::min<uint32_t>(threads - warp.index * kLanes, kLanes);
    const LaneMask lanes = live == kLanes ? kAllLanes : (LaneMask{1} << live) - 1;
    warp.current = {};
    warp.current.lanes = lanes;
    warp.waiting.clear();
    warp.started_lanes = lanes;
    warp.exited_lanes = ~lanes;
    warp.carry = 0;
    warp.cluster_phases = 0;
    warp.cluster_arrived = 0;
    warp.predicates[kTruePredicate] = kAllLanes;
    warp.predicate_valid[kTruePredicate] = kAllLanes;
    warp.predicate_valid[kSinkPredicate] = kAllLanes;
    warp.executed = 0;
    warp.restart();
    for (const auto& [name, slot] : kernel.special_registers) {
      fill_special_register(name, warp, warp.lanes<uint32_t>(slot));
      warp.valid[slot] = kAllLanes;
    }
  }
}

void Cta::fail(Error error) { cluster.fail(std::move(error)); }

uint32_t Cta::live_threads() const {
  uint32_t count = 0;
  for (const Warp& warp : warps) count += static_cast<uint32_t>(std::popcount(warp.started_lanes & ~warp.exited_lanes));
  return count;
}

std::string Cta::describe() const { return fmt::format("CTA ({},{},{})", ctaid[0], ctaid[1], ctaid[2]); }

Cluster::Cluster(const Launch& all) : launch(all) {
  for (uint32_t rank = 0; rank < launch.cluster_size(); ++rank) ctas.push_back(std::make_unique<Cta>(launch, *this, rank));
  async = std::make_unique<AsyncEngine>(*this);
}

Cluster::~Cluster() = default;

void Cluster::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

Result<void> Cluster::run(std::array<uint32_t, 3> first) {
  const auto& size = launch.shape.cluster;
  async->start();
  cluster_barrier_arrived_ = 0;
  cluster_barrier_phase_ = 0;
  for (uint32_t rank = 0; rank < ctas.size(); ++rank) {
    const uint32_t x = rank % size[0];
    const uint32_t y = rank / size[0] % size[1];
    const uint32_t z = rank / size[0] / size[1];
    ctas[rank]->start({first[0] + x, first[1] + y, first[2] + z});
  }
  int idle_rounds = 0;
  while (true) {
    const uint64_t progress_before = progress_;
    bool anybody_left = false;
    bool anybody_ran = false;
    bool anybody_polls = false;
    for (const auto& cta : ctas) {
      for (Warp& warp : cta->warps) {
        if (warp.finished()) continue;
        const Turn turn = warp.run(kQuantum);
        if (error_) return *error_;
        anybody_left |= turn != Turn::finished;
        anybody_polls |= turn == Turn::polls;
        anybody_ran |= turn == Turn::used_up;
      }
    }
    if (!anybody_left) break;
    if (anybody_ran || progress_ != progress_before) {
      idle_rounds = 0;
    } else if (!anybody_polls || ++idle_rounds > kIdleRounds) {
      return deadlock();
    }
  }
  async->finish();
  if (error_) return *error_;
  for (const auto& cta : ctas) {
    for (Warp& warp : cta->warps) {
      for (size_t i = 0; i < warp.class_counts.size(); ++i) cta->counters.instructions[i] += warp.class_counts[i];
      cta->counters.lane_instructions += warp.lane_instructions;
      cta->counters.divergent_branches += warp.divergent_branches;
      warp.class_counts.fill(0);
      warp.lane_instructions = 0;
      warp.divergent_branches = 0;
      ++cta->counters.warps;
    }
    ++cta->counters.ctas;
    total_.merge(cta->counters);
    cta->counters = {};
  }
  return {};
}

Error Cluster::deadlock() const {
  std::string text = "deadlock: no warp can go on; ";
  for (const auto& cta : ctas) {
    text += cta->describe() + ": ";
    for (const Warp& warp : cta->warps) text += warp.describe() + ' ';
  }
  return {Status::timed_out,
          fmt::format("'{}': {}. Let every warp that a barrier counts arrive at it, and every mbarrier phase "
                      "get its arrivals and bytes.",
                      launch.kernel->name, text)};
}

}  // namespace attune::emulator
