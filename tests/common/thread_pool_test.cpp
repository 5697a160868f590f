// Thread pool: every item once, whatever the sizes; nesting, concurrent callers, oversubscription, late and sleeping
// workers.
#include "common/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "common/cores.hpp"

namespace attune {
namespace {

TEST(ThreadPool, SizeIsWhatWasAskedForOrTheCoresOfTheProcess) {
  EXPECT_EQ(ThreadPool(1).size(), 1);
  EXPECT_EQ(ThreadPool(5).size(), 5);
  EXPECT_EQ(ThreadPool(0).size(), usable_cores());
  EXPECT_EQ(ThreadPool(-3).size(), usable_cores());
}

TEST(ThreadPool, EveryItemIsRunOnceWithAValidWorker) {
  std::mt19937 random(7);
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 200; ++round) {
      const int64_t count = std::uniform_int_distribution<int64_t>(0, round % 5 == 0 ? 3000 : 20)(random);
      const int64_t grain = std::uniform_int_distribution<int64_t>(-1, 40)(random);
      std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
      std::atomic<int> bad{0};
      auto body = [&](int64_t begin, int64_t end, int worker) {
        if (worker < 0 || worker >= pool.size() || begin >= end || end - begin > std::max<int64_t>(grain, 1)) ++bad;
        for (int64_t i = begin; i < end; ++i) ++runs[static_cast<size_t>(i)];
      };
      pool.parallel_for(count, grain, body);
      EXPECT_EQ(bad, 0);
      for (const auto& run : runs) ASSERT_EQ(run, 1) << threads << " threads, count " << count << ", grain " << grain;
    }
  }
}

TEST(ThreadPool, EmptyAndNegativeCountsDoNothing) {
  ThreadPool pool(3);
  auto body = [](int64_t, int64_t, int) { FAIL(); };
  pool.parallel_for(0, 1, body);
  pool.parallel_for(-5, 1, body);
}

TEST(ThreadPool, HugeCountsDoNotOverflow) {
  ThreadPool pool(4);
  constexpr int64_t huge = std::numeric_limits<int64_t>::max();
  for (const int64_t grain : {huge, huge - 1, huge / 2, huge / 1000}) {
    std::mutex mutex;
    std::vector<std::pair<int64_t, int64_t>> ranges;
    auto body = [&](int64_t begin, int64_t end, int) {
      const std::lock_guard lock(mutex);
      ranges.emplace_back(begin, end);
    };
    pool.parallel_for(huge, grain, body);
    std::sort(ranges.begin(), ranges.end());
    int64_t position = 0;
    for (const auto& [begin, end] : ranges) {
      EXPECT_EQ(begin, position);
      EXPECT_GT(end, begin);
      position = end;
    }
    EXPECT_EQ(position, huge);
  }
}

TEST(ThreadPool, WritesAreVisibleToTheCallerWithoutAtomics) {
  ThreadPool pool(4);
  std::vector<int64_t> values(1000);
  for (int round = 1; round <= 500; ++round) {
    auto body = [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += i;
    };
    pool.parallel_for(1000, 7, body);
    ASSERT_EQ(std::accumulate(values.begin(), values.end(), int64_t{0}), int64_t{round} * 999 * 1000 / 2);
  }
}

TEST(ThreadPool, ChunksAreHandedOutInAscendingOrder) {
  ThreadPool pool(4);
  std::vector<std::vector<int64_t>> begins(4);
  auto body = [&](int64_t begin, int64_t, int worker) { begins[static_cast<size_t>(worker)].push_back(begin); };
  pool.parallel_for(5000, 3, body);
  for (const auto& list : begins) EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
}

TEST(ThreadPool, WorkIsReallyShared) {
  ThreadPool pool(3);
  // Every chunk waits until three workers are inside at once: one worker alone would never come out.
  std::atomic<int> inside{0};
  auto body = [&](int64_t, int64_t, int) {
    ++inside;
    while (inside < 3) std::this_thread::yield();
  };
  for (int round = 0; round < 20; ++round) {
    inside = 0;
    pool.parallel_for(3, 1, body);
    EXPECT_EQ(inside, 3);
  }
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  ThreadPool pool(3);
  std::atomic<int> inside{0};
  auto body = [&](int64_t, int64_t, int) {
    ++inside;
    while (inside < 3) std::this_thread::yield();
  };
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // a hundred times the spin: they are in the futex by now
    inside = 0;
    pool.parallel_for(3, 1, body);
  }
}

TEST(ThreadPool, NestedCallsRunInlineOnTheSameWorker) {
  ThreadPool pool(4);
  std::atomic<int> wrong{0};
  std::atomic<int64_t> items{0};
  auto outer = [&](int64_t, int64_t, int worker) {
    const auto thread = std::this_thread::get_id();
    auto inner = [&](int64_t begin, int64_t end, int inner_worker) {
      if (inner_worker != worker || std::this_thread::get_id() != thread || end - begin > 4) ++wrong;
      auto innermost = [&](int64_t first, int64_t last, int) { items += last - first; };
      pool.parallel_for(end - begin, 1, innermost);
    };
    pool.parallel_for(10, 4, inner);
  };
  pool.parallel_for(50, 1, outer);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(items, 500);
}

TEST(ThreadPool, TwoPoolsMayNest) {
  ThreadPool outer_pool(2), inner_pool(3);
  std::atomic<int64_t> items{0};
  auto outer = [&](int64_t, int64_t, int) {
    auto inner = [&](int64_t begin, int64_t end, int) { items += end - begin; };
    inner_pool.parallel_for(10, 1, inner);
  };
  outer_pool.parallel_for(20, 1, outer);
  EXPECT_EQ(items, 200);
}

TEST(ThreadPool, ConcurrentCallersQueueAndNeverShareAWorkerNumber) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> busy(3);
  std::atomic<int> collisions{0};
  std::atomic<int64_t> items{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 300; ++round) {
        auto body = [&](int64_t begin, int64_t end, int worker) {
          if (busy[static_cast<size_t>(worker)].exchange(1) != 0) ++collisions;
          items += end - begin;
          busy[static_cast<size_t>(worker)].store(0);
        };
        pool.parallel_for(1 + (caller + round) % 9, 1 + round % 3, body);  // single chunks included
      }
    });
  }
  for (auto& caller : callers) caller.join();
  int64_t expected = 0;
  for (int caller = 0; caller < 6; ++caller) {
    for (int round = 0; round < 300; ++round) expected += 1 + (caller + round) % 9;
  }
  EXPECT_EQ(collisions, 0);
  EXPECT_EQ(items, expected);
}

TEST(ThreadPool, PoolsComeAndGo) {
  std::atomic<int64_t> items{0};
  auto body = [&](int64_t begin, int64_t end, int) { items += end - begin; };
  for (int round = 0; round < 100; ++round) {
    ThreadPool pool(1 + round % 6);
    if (round % 3 != 0) pool.parallel_for(round, 1, body);
  }
  int64_t expected = 0;
  for (int round = 0; round < 100; ++round) expected += round % 3 != 0 ? round : 0;
  EXPECT_EQ(items, expected);
}

TEST(ThreadPool, ManyMoreThreadsThanCoresStillFinish) {
  ThreadPool pool(24);
  std::atomic<int64_t> items{0};
  auto body = [&](int64_t begin, int64_t end, int) { items += end - begin; };
  for (int round = 0; round < 300; ++round) pool.parallel_for(100, 1, body);
  EXPECT_EQ(items, 30000);
}

TEST(ThreadPool, LoopsOfUnevenItemsEndWithTheSlowestItem) {
  ThreadPool pool(2);
  // One item of 40 ms first, then many short ones: with static halves the caller would wait for 40 ms plus its share.
  std::set<int> workers_of_short_items;
  std::mutex mutex;
  std::atomic<bool> long_item_done{false};
  std::atomic<int> short_items_meanwhile{0};
  auto body = [&](int64_t begin, int64_t, int worker) {
    if (begin == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(40));
      long_item_done = true;
    } else {
      if (!long_item_done) ++short_items_meanwhile;
      const std::lock_guard lock(mutex);
      workers_of_short_items.insert(worker);
    }
  };
  pool.parallel_for(100, 1, body);
  EXPECT_EQ(short_items_meanwhile, 99);
  EXPECT_EQ(workers_of_short_items.size(), 1u);
}

}  // namespace
}  // namespace attune
