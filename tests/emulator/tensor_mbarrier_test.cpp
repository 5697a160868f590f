// mbarrier: phases, transaction bytes, drops, and every misuse told in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "emulator/tensor/mbarrier.hpp"

namespace attune::emulator {
namespace {

using testing::HasSubstr;

Mbarrier fresh(int64_t count) {
  const Result<Mbarrier> barrier = Mbarrier::init(count);
  EXPECT_TRUE(barrier.ok());
  return *barrier;
}

// As the machine keeps it: every change goes through the eight bytes.
Mbarrier through_memory(const Mbarrier& barrier) {
  const Result<Mbarrier> again = Mbarrier::decode(barrier.encode());
  EXPECT_TRUE(again.ok());
  return *again;
}

TEST(Mbarrier, AProducerAndItsBytes) {  // the full barrier of a stage: one arrival and the bytes of two copies
  Mbarrier full = fresh(1);
  EXPECT_FALSE(full.test_wait_parity(0));
  EXPECT_TRUE(full.test_wait_parity(1)) << "the phase before the first counts as complete";
  ASSERT_TRUE(full.expect_tx(4096).ok());
  ASSERT_TRUE(full.arrive(1).ok());
  full = through_memory(full);
  EXPECT_FALSE(full.test_wait_parity(0)) << "bytes are outstanding";
  ASSERT_TRUE(full.complete_tx(1024).ok());
  EXPECT_FALSE(full.test_wait_parity(0));
  ASSERT_TRUE(full.complete_tx(3072).ok());
  full = through_memory(full);
  EXPECT_TRUE(full.test_wait_parity(0));
  EXPECT_FALSE(full.test_wait_parity(1)) << "the next phase has begun";
  EXPECT_EQ(full.pending(), 1);
  ASSERT_TRUE(full.arrive(1).ok());
  EXPECT_TRUE(full.test_wait_parity(1)) << "two phases later the parity is the first again";
}

TEST(Mbarrier, BytesMayArriveBeforeTheyAreExpected) {
  Mbarrier barrier = fresh(1);
  ASSERT_TRUE(barrier.complete_tx(512).ok());
  barrier = through_memory(barrier);
  EXPECT_EQ(barrier.transaction_bytes(), -512);
  EXPECT_FALSE(barrier.test_wait_parity(0));
  ASSERT_TRUE(barrier.expect_tx(512).ok());
  EXPECT_FALSE(barrier.test_wait_parity(0));
  ASSERT_TRUE(barrier.arrive(1).ok());
  EXPECT_TRUE(barrier.test_wait_parity(0));
}

TEST(Mbarrier, StatesOfArrivals) {
  Mbarrier empty = fresh(3);
  const uint64_t first = empty.encode();
  ASSERT_TRUE(empty.arrive(1).ok());
  const uint64_t second = empty.encode();
  EXPECT_EQ(*Mbarrier::pending_count(first), 3u);
  EXPECT_EQ(*Mbarrier::pending_count(second), 2u);
  EXPECT_FALSE(*empty.test_wait_state(first));
  ASSERT_TRUE(empty.arrive(2).ok());
  EXPECT_TRUE(*empty.test_wait_state(first));
  EXPECT_TRUE(*empty.test_wait_state(second));
  EXPECT_FALSE(*empty.test_wait_state(empty.encode()));
  EXPECT_FALSE(empty.test_wait_state(12345).ok());
}

TEST(Mbarrier, DroppedParticipantsAreNotExpectedAgain) {
  Mbarrier barrier = fresh(3);
  ASSERT_TRUE(barrier.arrive_drop(1).ok());
  EXPECT_EQ(barrier.pending(), 2);
  ASSERT_TRUE(barrier.arrive(2).ok());
  EXPECT_TRUE(barrier.test_wait_parity(0));
  EXPECT_EQ(barrier.pending(), 2);
  ASSERT_TRUE(barrier.arrive(1).ok());
  ASSERT_TRUE(barrier.arrive_drop(1).ok());
  EXPECT_EQ(barrier.pending(), 1) << "the drop counts for the phase that it begins";
}

TEST(Mbarrier, EveryStateSurvivesItsWord) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const int64_t count = 1 + random() % Mbarrier::kLargestCount;
    Mbarrier barrier = fresh(count);
    if (random() % 2 == 0) {
      ASSERT_TRUE(barrier.arrive(count).ok());
    }
    if (count > 1) {
      ASSERT_TRUE(barrier.arrive(1 + random() % (count - 1)).ok());
    }
    ASSERT_TRUE(barrier.complete_tx(random() % (1 << 20)).ok());
    ASSERT_TRUE(barrier.expect_tx(random() % (1 << 20)).ok());
    const Mbarrier again = through_memory(barrier);
    ASSERT_EQ(again.expected(), barrier.expected());
    ASSERT_EQ(again.pending(), barrier.pending());
    ASSERT_EQ(again.transaction_bytes(), barrier.transaction_bytes());
    ASSERT_EQ(again.parity(), barrier.parity());
  }
}

TEST(Mbarrier, MisuseIsTold) {
  const auto message = [](const auto& result) { return result.ok() ? std::string("ok") : result.error().message(); };
  EXPECT_THAT(message(Mbarrier::init(0)), HasSubstr("count of 0"));
  EXPECT_THAT(message(Mbarrier::init(int64_t{1} << 20)), HasSubstr("1048576"));
  EXPECT_THAT(message(Mbarrier::decode(0)), HasSubstr("mbarrier.init"));
  EXPECT_THAT(message(Mbarrier::decode(Mbarrier::kInvalid)), HasSubstr("no barrier"));
  EXPECT_THAT(message(Mbarrier::decode(0x3f803f803f803f80u)), HasSubstr("no barrier")) << "bf16 ones";
  Mbarrier barrier = fresh(2);
  EXPECT_THAT(message(barrier.arrive(3)), HasSubstr("only 2 of 2"));
  EXPECT_THAT(message(barrier.arrive(0)), HasSubstr("count of 0"));
  EXPECT_THAT(message(barrier.arrive_drop(3)), HasSubstr("2 arrivals are expected"));
  EXPECT_THAT(message(barrier.expect_tx(int64_t{1} << 20)), HasSubstr("beyond"));
  EXPECT_THAT(message(barrier.complete_tx(int64_t{1} << 20)), HasSubstr("below"));
  EXPECT_THAT(message(barrier.arrive(2, true)), HasSubstr("noComplete"));
  EXPECT_EQ(barrier.pending(), 2) << "a refused operation changes nothing";
  EXPECT_EQ(barrier.expected(), 2);
  ASSERT_TRUE(barrier.expect_tx(16).ok());
  ASSERT_TRUE(barrier.arrive(2, true).ok()) << "bytes are outstanding, so the phase stays";
  EXPECT_THAT(message(barrier.arrive(1)), HasSubstr("16 transaction bytes outstanding"));
}

}  // namespace
}  // namespace attune::emulator
