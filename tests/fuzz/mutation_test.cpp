// The fuzz entries over a fixed set of mutated inputs: the part of fuzzing that every test run can afford.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/log.hpp"
#include "tests/fuzz/entries.hpp"

namespace attune::fuzz {
namespace {

// One to four random edits: flipped bits, boundary bytes, removed, repeated or swapped pieces.
std::string mutate(std::string bytes, std::mt19937_64& random) {
  const auto below = [&](size_t count) { return count == 0 ? 0 : random() % count; };
  for (size_t edits = 1 + below(4); edits > 0; --edits) {
    const size_t at = below(bytes.size());
    const size_t length = std::min(bytes.size() - at, size_t{1} + below(8));
    switch (below(7)) {
      case 0:
        if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        if (!bytes.empty()) bytes[at] = "\xff\x00\x7f\x80\"{}[](),:-9"[below(15)];
        break;
      case 2: bytes.erase(at, length); break;
      case 3: bytes.insert(at, bytes.substr(at, length)); break;
      case 4: bytes.resize(at); break;
      case 5: bytes.insert(at, std::to_string(random())); break;
      default: bytes.insert(at, 1, static_cast<char>(random()));
    }
  }
  return bytes;
}

class Mutations : public ::testing::TestWithParam<size_t> {};

TEST_P(Mutations, NeitherCrashNorLie) {
  const LogSink before = set_log_sink([](LogLevel, std::string_view) {});
  const Target target = targets()[GetParam()];
  ASSERT_FALSE(target.seeds.empty());
  std::mt19937_64 random(20261120);
  const int rounds = target.name == "records_import" ? 400 : 4000;
  for (const std::string& seed : target.seeds) {
    target.entry(seed);
    for (int round = 0; round < rounds; ++round) target.entry(mutate(seed, random));
  }
  target.entry("");
  set_log_sink(before);
}

INSTANTIATE_TEST_SUITE_P(Targets, Mutations, ::testing::Range<size_t>(0, 5),
                         [](const auto& one) { return std::string(targets()[one.param].name); });

}  // namespace
}  // namespace attune::fuzz
