// Plans by problem: what makes a second call cost well under a microsecond.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "runtime/plan.hpp"

namespace attune::runtime {

// Of all fields, without allocation. Not stable across versions.
uint64_t hash_of(const Problem& problem);

// Thread-safe. Lookups share a lock per shard and allocate nothing; equality is checked in full, so two problems with one
// hash only evict each other. Least recently used plans go first once there are more than `capacity`; pinned ones stay.
class PlanCache {
 public:
  explicit PlanCache(size_t capacity = 4096) : capacity_(capacity) {}

  // A plan found under one policy may not do for another: one made under cached_only may be second best, and one without a
  // record does not satisfy tune_if_missing. `answers` is the most demanding policy that a plan satisfies.
  PlanPtr find(const Problem& problem, Policy policy);
  // `generation` is that of before the records were read: a plan made from older records than the last clear() is dropped.
  // `problem` is what was asked, which the plan's own may differ from in its quantization.
  void insert(const Problem& problem, const PlanPtr& plan, Policy answers, bool pinned, uint64_t generation);
  void pin(const Problem& problem);

  void clear();
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    Problem problem;
    PlanPtr plan;
    Policy answers = Policy::cached_only;
    bool pinned = false;
    std::atomic<uint64_t> used{0};
  };
  struct alignas(64) Shard {
    std::shared_mutex mutex;
    std::atomic<uint64_t> clock{0};
    std::unordered_map<uint64_t, Entry> entries;
  };

  Shard& shard_of(uint64_t hash) { return shards_[hash >> 60]; }
  PlanPtr evict_one(Shard& shard, uint64_t keep);

  size_t capacity_;
  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> generation_{0};
  std::array<Shard, 16> shards_;
};

}  // namespace attune::runtime
