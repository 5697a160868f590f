// Result, hashing and the log hook.
#include <gmock/gmock.h>

#include <set>
#include <thread>
#include <vector>

#include "common/hash.hpp"
#include "common/log.hpp"
#include "common/result.hpp"

namespace attune {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error(Status::invalid_argument, "value must be even. Give an even one.", "the log");
  return value / 2;
}
Result<int> quarter(int value) {
  ATTUNE_TRY(const int first, half(value));
  ATTUNE_TRY(const int second, half(first));
  return second;
}
Result<void> check(int value) {
  ATTUNE_CHECK(half(value));
  return {};
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().status(), Status::invalid_argument);
  EXPECT_EQ(quarter(6).value_or(-1), -1);
  EXPECT_TRUE(check(2).ok());
  EXPECT_FALSE(check(3));
  EXPECT_EQ(check(3).error().log(), "the log");
}

TEST(Result, ErrorsSeenFromAboveKeepTheirStatusAndLog) {
  const Error error = half(1).error().within("while halving");
  EXPECT_EQ(error.message(), "while halving: value must be even. Give an even one.");
  EXPECT_EQ(error.status(), Status::invalid_argument);
  EXPECT_EQ(error.log(), "the log");
}

TEST(Result, EveryStatusHasItsOwnName) {
  std::set<std::string_view> names;
  for (int status = 0; status <= static_cast<int>(Status::internal); ++status)
    names.insert(name(static_cast<Status>(status)));
  EXPECT_EQ(names.size(), static_cast<size_t>(Status::internal) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(Hash, Sha256OfKnownTexts) {  // FIPS 180-4 examples
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, FastHashTellsTextsApart) {
  std::set<uint64_t> hashes;
  for (int i = 0; i < 10000; ++i) hashes.insert(fast_hash(std::to_string(i)));
  EXPECT_EQ(hashes.size(), 10000u);
  EXPECT_EQ(fast_hash("x"), fast_hash("x"));
  EXPECT_NE(fast_hash(std::string_view("a\0b", 3)), fast_hash(std::string_view("a\0c", 3)));
}

class LogTest : public testing::Test {
 protected:
  LogTest() {
    previous_ = set_log_sink([this](LogLevel level, std::string_view message) {
      lines.push_back(std::string(name(level)) + " " + std::string(message));
    });
    set_log_level(LogLevel::info);
  }
  ~LogTest() override {
    set_log_sink(previous_);
    set_log_level(LogLevel::warning);
  }
  std::vector<std::string> lines;

 private:
  LogSink previous_;
};

TEST_F(LogTest, TheThresholdHolds) {
  log(LogLevel::error, "e");
  log(LogLevel::info, "i");
  log(LogLevel::debug, "d");
  set_log_level(LogLevel::silent);
  log(LogLevel::error, "silent");
  EXPECT_THAT(lines, testing::ElementsAre("error e", "info i"));
}

TEST_F(LogTest, OnceIsOnceAcrossThreads) {
  static int repetition = 0;  // once a process: a repeated run of this test needs a key of its own
  const std::string key = "log-test-key-" + std::to_string(repetition++);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&key] {
      for (int j = 0; j < 100; ++j) log_once(LogLevel::warning, key, "said");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(lines, testing::ElementsAre("warning said"));
}

}  // namespace
}  // namespace attune
