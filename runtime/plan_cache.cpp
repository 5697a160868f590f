// Sharded by the top bits of the hash: readers on different problems rarely touch the same cache line.
#include "runtime/plan_cache.hpp"

#include <bit>
#include <limits>
#include <mutex>
#include <string_view>

#include "common/hash.hpp"

namespace attune::runtime {

uint64_t hash_of(const Problem& p) {
  const auto bits = [](auto value) { return static_cast<uint64_t>(static_cast<int64_t>(value)); };
  const auto real = [](float value) { return uint64_t{std::bit_cast<uint32_t>(value)}; };
  const uint64_t flags = bits(p.dtype) | bits(p.layout) << 8 | bits(p.alignment) << 16 | bits(p.mask.kind) << 24 |
                         bits(p.mask.dtype) << 32 | bits(p.sparsity.kind) << 40 | bits(p.causal) << 48 |
                         bits(p.sinks) << 49 | bits(p.alibi) << 50 | bits(p.kv_lengths) << 51 | bits(p.varlen) << 52 |
                         bits(p.want_lse) << 53 | bits(p.sparsity.full) << 54 | bits(p.sparsity.partial) << 55 |
                         bits(p.softmax_scale.has_value()) << 56;
  const std::array<uint64_t, 26> words = {bits(p.batch),
                                          bits(p.heads_q),
                                          bits(p.heads_kv),
                                          bits(p.seqlen_q),
                                          bits(p.seqlen_kv),
                                          bits(p.head_dim_qk),
                                          bits(p.head_dim_v),
                                          flags,
                                          bits(p.window_left),
                                          bits(p.window_right),
                                          real(p.softcap),
                                          real(p.softmax_scale.value_or(0)),
                                          bits(p.mask.batch),
                                          bits(p.mask.heads),
                                          bits(p.mask.seqlen_q),
                                          bits(p.mask.seqlen_kv),
                                          bits(p.total_q),
                                          bits(p.total_kv),
                                          bits(p.page_size),
                                          bits(p.page_count),
                                          bits(p.sparsity.block_q),
                                          bits(p.sparsity.block_kv),
                                          bits(p.sparsity.batch),
                                          bits(p.sparsity.heads),
                                          bits(p.sparsity.max_blocks),
                                          fast_hash(p.quantization)};
  return fast_hash(std::string_view(reinterpret_cast<const char*>(words.data()), sizeof(words)));
}

PlanPtr PlanCache::find(const Problem& problem, Policy policy) {
  if (policy == Policy::retune) return nullptr;
  const uint64_t hash = hash_of(problem);
  Shard& shard = shard_of(hash);
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.entries.find(hash);
  if (found == shard.entries.end()) return nullptr;
  Entry& entry = found->second;
  if (policy > entry.answers || !(entry.problem == problem)) return nullptr;
  entry.used.store(shard.clock.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return entry.plan;
}

void PlanCache::insert(const Problem& problem, const PlanPtr& plan, Policy answers, bool pinned, uint64_t generation) {
  const uint64_t hash = hash_of(problem);
  Shard& shard = shard_of(hash);
  PlanPtr replaced, evicted;  // released after the lock: the last owner of a plan unloads a kernel
  const std::unique_lock lock(shard.mutex);
  if (generation != generation_.load(std::memory_order_acquire)) return;
  const auto [position, added] = shard.entries.try_emplace(hash);
  Entry& entry = position->second;
  const bool same = !added && entry.problem == problem;
  if (same && entry.answers > answers) return;  // another thread was faster with a better one
  replaced = std::move(entry.plan);
  entry.problem = problem;
  entry.plan = plan;
  entry.answers = answers;
  entry.pinned = pinned || (same && entry.pinned);
  entry.used.store(shard.clock.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (added && size_.fetch_add(1, std::memory_order_relaxed) + 1 > capacity_) evicted = evict_one(shard, hash);
}

PlanPtr PlanCache::evict_one(Shard& shard, uint64_t keep) {
  // A scan of one shard: 256 entries at the default capacity, on a path that has just planned for milliseconds.
  auto oldest = shard.entries.end();
  uint64_t oldest_use = std::numeric_limits<uint64_t>::max();
  for (auto it = shard.entries.begin(); it != shard.entries.end(); ++it) {
    const uint64_t used = it->second.used.load(std::memory_order_relaxed);
    if (it->first == keep || it->second.pinned || used >= oldest_use) continue;
    oldest = it;
    oldest_use = used;
  }
  if (oldest == shard.entries.end()) return nullptr;
  PlanPtr evicted = std::move(oldest->second.plan);
  shard.entries.erase(oldest);
  size_.fetch_sub(1, std::memory_order_relaxed);
  return evicted;
}

void PlanCache::pin(const Problem& problem) {
  const uint64_t hash = hash_of(problem);
  Shard& shard = shard_of(hash);
  const std::unique_lock lock(shard.mutex);
  const auto found = shard.entries.find(hash);
  if (found != shard.entries.end() && found->second.problem == problem) found->second.pinned = true;
}

void PlanCache::clear() {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  for (Shard& shard : shards_) {
    std::unordered_map<uint64_t, Entry> dropped;
    const std::unique_lock lock(shard.mutex);
    size_.fetch_sub(shard.entries.size(), std::memory_order_relaxed);
    dropped.swap(shard.entries);
  }
}

}  // namespace attune::runtime
