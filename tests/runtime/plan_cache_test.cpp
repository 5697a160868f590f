// The plan cache: every field counts, hits allocate nothing, and eviction spares what was pinned.
#include "runtime/plan_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "tests/runtime/allocation_counter.hpp"

namespace attune::runtime {
namespace {

PlanPtr plan_for(const Problem& problem) {
  auto plan = std::make_shared<Plan>();
  plan->problem = problem;
  return plan;
}

void insert(PlanCache& cache, const PlanPtr& plan, Policy answers, bool pinned, uint64_t generation) {
  cache.insert(plan->problem, plan, answers, pinned, generation);
}

Problem problem_of_length(int64_t seqlen_q) {
  Problem problem;
  problem.seqlen_q = seqlen_q;
  return problem;
}

TEST(PlanHash, EveryFieldCounts) {
  const std::vector<std::function<void(Problem&)>> changes = {
      [](Problem& p) { p.batch = 7; },
      [](Problem& p) { p.heads_q = 7; },
      [](Problem& p) { p.heads_kv = 7; },
      [](Problem& p) { p.seqlen_q = 7; },
      [](Problem& p) { p.seqlen_kv = 7; },
      [](Problem& p) { p.head_dim_qk = 7; },
      [](Problem& p) { p.head_dim_v = 7; },
      [](Problem& p) { p.dtype = DType::bf16; },
      [](Problem& p) { p.layout = Layout::bshd; },
      [](Problem& p) { p.softmax_scale = 0.0F; },
      [](Problem& p) { p.softmax_scale = 0.5F; },
      [](Problem& p) { p.causal = true; },
      [](Problem& p) { p.window_left = 7; },
      [](Problem& p) { p.window_right = 7; },
      [](Problem& p) { p.alignment = Alignment::bottom_right; },
      [](Problem& p) { p.softcap = 7; },
      [](Problem& p) { p.sinks = true; },
      [](Problem& p) { p.alibi = true; },
      [](Problem& p) { p.mask.kind = MaskKind::additive; },
      [](Problem& p) { p.mask.dtype = DType::f32; },
      [](Problem& p) { p.mask.batch = 7; },
      [](Problem& p) { p.mask.heads = 7; },
      [](Problem& p) { p.mask.seqlen_q = 7; },
      [](Problem& p) { p.mask.seqlen_kv = 7; },
      [](Problem& p) { p.kv_lengths = true; },
      [](Problem& p) { p.varlen = true; },
      [](Problem& p) { p.total_q = 7; },
      [](Problem& p) { p.total_kv = 7; },
      [](Problem& p) { p.page_size = 7; },
      [](Problem& p) { p.page_count = 7; },
      [](Problem& p) { p.want_lse = true; },
      [](Problem& p) { p.sparsity.kind = SparsityKind::csr_lists; },
      [](Problem& p) { p.sparsity.block_q = 7; },
      [](Problem& p) { p.sparsity.block_kv = 7; },
      [](Problem& p) { p.sparsity.full = false; },
      [](Problem& p) { p.sparsity.partial = true; },
      [](Problem& p) { p.sparsity.batch = 7; },
      [](Problem& p) { p.sparsity.heads = 7; },
      [](Problem& p) { p.sparsity.max_blocks = 7; },
      [](Problem& p) { p.quantization = "int8"; },
  };
  std::set<uint64_t> hashes = {hash_of(Problem())};
  PlanCache cache;
  insert(cache, plan_for(Problem()), Policy::tune_if_missing, false, cache.generation());
  for (size_t i = 0; i < changes.size(); ++i) {
    Problem problem;
    changes[i](problem);
    EXPECT_TRUE(hashes.insert(hash_of(problem)).second) << "change " << i << " does not reach the hash";
    EXPECT_EQ(cache.find(problem, Policy::compile), nullptr) << "change " << i;
  }
  EXPECT_EQ(hash_of(Problem()), hash_of(Problem()));
}

TEST(PlanCache, HitAllocatesNothing) {
  PlanCache cache;
  Problem problem = problem_of_length(1100);
  problem.quantization = "a name that is too long for the short string optimisation";
  const PlanPtr plan = plan_for(problem);
  insert(cache, plan, Policy::compile, false, cache.generation());
  const int64_t before = test::allocations_of_this_thread();
  for (int i = 0; i < 1000; ++i) {
    if (cache.find(problem, Policy::compile) != plan) FAIL() << "miss";
  }
  EXPECT_EQ(test::allocations_of_this_thread(), before);
}

TEST(PlanCache, AnswersOnlyPoliciesThatThePlanSatisfies) {
  PlanCache cache;
  const Problem problem = problem_of_length(5);
  insert(cache, plan_for(problem), Policy::cached_only, false, cache.generation());
  EXPECT_NE(cache.find(problem, Policy::cached_only), nullptr);
  EXPECT_EQ(cache.find(problem, Policy::compile), nullptr);

  const PlanPtr better = plan_for(problem);
  insert(cache, better, Policy::compile, false, cache.generation());
  EXPECT_EQ(cache.find(problem, Policy::cached_only), better);
  EXPECT_EQ(cache.find(problem, Policy::tune_if_missing), nullptr);

  insert(cache, plan_for(problem), Policy::cached_only, false, cache.generation());  // a slower thread with a lesser plan
  EXPECT_EQ(cache.find(problem, Policy::compile), better);

  insert(cache, better, Policy::tune_if_missing, false, cache.generation());
  EXPECT_EQ(cache.find(problem, Policy::tune_if_missing), better);
  EXPECT_EQ(cache.find(problem, Policy::retune), nullptr) << "retune always asks again";
  EXPECT_EQ(cache.size(), 1U);
}

TEST(PlanCache, EvictsLeastRecentlyUsedAndSparesPinned) {
  PlanCache cache(64);
  for (int64_t i = 1; i <= 8; ++i)
    insert(cache, plan_for(problem_of_length(i)), Policy::compile, i <= 4, cache.generation());
  const PlanPtr held = cache.find(problem_of_length(5), Policy::compile);
  for (int64_t i = 9; i <= 3000; ++i) {
    insert(cache, plan_for(problem_of_length(i)), Policy::compile, false, cache.generation());
    ASSERT_NE(cache.find(problem_of_length(5), Policy::compile), nullptr) << "in use, evicted at " << i;
  }
  for (int64_t i = 1; i <= 4; ++i) EXPECT_NE(cache.find(problem_of_length(i), Policy::compile), nullptr) << "pinned " << i;
  // A shard whose entries are all pinned or just added cannot give one up: at most one more a shard.
  EXPECT_LE(cache.size(), 64U + 16U);
  EXPECT_EQ(cache.find(problem_of_length(100), Policy::compile), nullptr);
}

TEST(PlanCache, PlanFromBeforeAClearIsNotKept) {
  PlanCache cache;
  const uint64_t before = cache.generation();
  cache.clear();
  insert(cache, plan_for(problem_of_length(3)), Policy::compile, false, before);
  EXPECT_EQ(cache.find(problem_of_length(3), Policy::compile), nullptr);
  EXPECT_EQ(cache.size(), 0U);
  insert(cache, plan_for(problem_of_length(3)), Policy::compile, true, cache.generation());
  EXPECT_EQ(cache.size(), 1U);
  cache.clear();
  EXPECT_EQ(cache.size(), 0U) << "pinned plans go too: they were made from records that changed";
}

TEST(PlanCache, ReadersAndWritersAtOnce) {
  PlanCache cache(128);
  std::atomic<bool> wrong{false};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int64_t i = 0; i < 4000; ++i) {
          const Problem problem = problem_of_length((i * 7 + t) % 300 + 1);
          if (const PlanPtr plan = cache.find(problem, Policy::compile)) {
            if (!(plan->problem == problem)) wrong = true;
          } else {
            insert(cache, plan_for(problem), Policy::compile, false, cache.generation());
          }
          if (i % 1000 == 999 && t == 0) cache.clear();
        }
      });
    }
  }
  EXPECT_FALSE(wrong);
  EXPECT_LE(cache.size(), 128U + 16U);
}

}  // namespace
}  // namespace attune::runtime
