// One thread works, the others wait for it; nothing is remembered afterwards.
#include "runtime/single_flight.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

namespace attune::runtime {
namespace {

using namespace std::chrono_literals;

TEST(SingleFlight, EightThreadsOneRun) {
  SingleFlight<int> flights;
  std::atomic<int> runs{0}, shared{0}, sum{0};
  std::latch start(8);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        const auto outcome = flights.run("key", [&] {
          std::this_thread::sleep_for(200ms);
          return ++runs;
        });
        sum += outcome.value;
        shared += outcome.shared ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(shared, 7);
  EXPECT_EQ(sum, 8) << "every thread has the one outcome";
}

TEST(SingleFlight, KeysDoNotWaitForEachOther) {
  SingleFlight<int> flights;
  std::latch both(2);  // passes only when both works run at the same time
  const auto meet = [&] {
    both.arrive_and_wait();
    return 1;
  };
  std::jthread other([&] { flights.run("a", meet); });
  EXPECT_EQ(flights.run("b", meet).value, 1);
}

TEST(SingleFlight, NextCallRunsAgain) {
  SingleFlight<int> flights;
  int runs = 0;
  EXPECT_EQ(flights.run("key", [&] { return ++runs; }).value, 1);
  EXPECT_EQ(flights.run("key", [&] { return ++runs; }).value, 2);
}

TEST(SingleFlight, ExceptionReachesEveryThreadAndLeavesNoFlight) {
  SingleFlight<int> flights;
  std::atomic<int> thrown{0};
  std::latch start(4);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        try {
          flights.run("key", []() -> int {
            std::this_thread::sleep_for(100ms);
            throw std::runtime_error("no memory");
          });
        } catch (const std::runtime_error&) {
          ++thrown;
        }
      });
    }
  }
  EXPECT_EQ(thrown, 4);
  EXPECT_EQ(flights.run("key", [] { return 5; }).value, 5);
}

}  // namespace
}  // namespace attune::runtime
