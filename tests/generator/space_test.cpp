// Spaces: membership, enumeration against brute force, uniform draws, stable neighbours.
#include "generator/space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace attune {
namespace {

std::vector<Expression> parse(std::initializer_list<const char*> texts) {
  std::vector<Expression> parsed;
  for (const char* text : texts) {
    auto expression = Expression::parse(text);
    EXPECT_TRUE(expression.ok()) << text;
    parsed.push_back(*expression);
  }
  return parsed;
}

Space small_space() {
  return Space({{"block_m", {16, 32, 64, 128}, "rows"}, {"block_n", {32, 64, 128}, "keys"}, {"stages", {1, 2, 3}, "depth"}},
               parse({"block_m * block_n * stages <= limit", "stages < 3 || block_m >= 64", "block_n % 32 == 0"}),
               Config().set("limit", 8192));
}

Config point(int64_t m, int64_t n, int64_t stages) {
  return Config().set("block_m", m).set("block_n", n).set("stages", stages);
}

TEST(Space, ViolationNamesTheConstraintOrTheDomain) {
  const Space space = small_space();
  EXPECT_EQ(space.violation(point(16, 32, 1)), std::nullopt);
  EXPECT_EQ(space.violation(point(128, 128, 1)), "block_m * block_n * stages <= limit");
  EXPECT_EQ(space.violation(point(16, 32, 3)), "stages < 3 || block_m >= 64");
  EXPECT_EQ(space.violation(point(17, 32, 1)), "block_m=17 is outside its domain {16,32,64,128}");
  EXPECT_EQ(space.violation(Config().set("block_m", 16).set("block_n", 32)), "stages is not set");
  EXPECT_EQ(space.violation(point(16, 32, 1).set("warps", 4)), "warps is no tunable of this space");
}

TEST(Space, AConstraintThatCannotBeEvaluatedRejects) {
  const Space space({{"x", {0, 1}, ""}}, parse({"10 / x > 1"}), {});
  EXPECT_FALSE(space.contains(Config().set("x", 0)));
  EXPECT_TRUE(space.contains(Config().set("x", 1)));
  EXPECT_NE(space.violation(Config().set("x", 0))->find("division by zero"), std::string::npos);
  EXPECT_EQ(space.enumerate(10).size(), 1u);
}

TEST(Space, EnumerateEqualsBruteForceInLexicographicOrder) {
  const Space space = small_space();
  std::vector<Config> expected;
  for (int64_t m : {16, 32, 64, 128}) {
    for (int64_t n : {32, 64, 128}) {
      for (int64_t stages : {1, 2, 3}) {
        if (space.contains(point(m, n, stages))) expected.push_back(point(m, n, stages));
      }
    }
  }
  ASSERT_GT(expected.size(), 10u);
  EXPECT_EQ(space.enumerate(1000), expected);
  EXPECT_EQ(space.cartesian_size(), 36u);
  const auto first = space.enumerate(5);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), expected.begin()));
  EXPECT_EQ(first.size(), 5u);
  EXPECT_TRUE(space.enumerate(0).empty());
}

TEST(Space, EnumerationPrunesHugeProducts) {
  std::vector<Tunable> tunables;
  std::vector<Expression> constraints;
  for (int i = 0; i < 24; ++i) {
    std::vector<int64_t> domain(32);
    std::iota(domain.begin(), domain.end(), 0);
    const std::string name = "t" + std::to_string(i);
    tunables.push_back({name, domain, ""});
    constraints.push_back(*Expression::parse(name + " == 5"));
  }
  const Space space(tunables, constraints, {});
  EXPECT_EQ(space.cartesian_size(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(space.enumerate(10).size(), 1u);
}

TEST(Space, RandomIsUniformOverTheValidConfigsAndReproducible) {
  const Space space = small_space();
  const auto valid = space.enumerate(1000);
  std::map<std::string, int> counts;
  std::mt19937_64 generator(1), again(1);
  const int draws = 20'000;
  for (int i = 0; i < draws; ++i) {
    const auto config = space.random(generator);
    ASSERT_TRUE(config.has_value());
    EXPECT_EQ(config, space.random(again));
    ++counts[config->to_json()];
  }
  ASSERT_EQ(counts.size(), valid.size());
  // Chi-square with valid-1 degrees of freedom: mean n, standard deviation sqrt(2 n); five of those is one in a million.
  const double expected = double(draws) / double(valid.size());
  double chi_square = 0;
  for (const auto& [config, count] : counts) chi_square += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_square, double(valid.size()) + 5 * std::sqrt(2.0 * double(valid.size())));
}

TEST(Space, RandomGivesUpOnAnEmptySpace) {
  const Space space({{"x", {0, 1}, ""}}, parse({"x > 1"}), {});
  std::mt19937_64 generator(1);
  EXPECT_EQ(space.random(generator), std::nullopt);
  EXPECT_TRUE(space.enumerate(10).empty());
}

TEST(Space, NoTunablesIsOneConfig) {
  const Space space({}, {}, {});
  std::mt19937_64 generator(1);
  EXPECT_EQ(space.enumerate(10), std::vector<Config>{Config()});
  EXPECT_EQ(space.random(generator), Config());
  const Space none({}, parse({"limit > 3"}), Config().set("limit", 2));
  EXPECT_TRUE(none.enumerate(10).empty());
  EXPECT_EQ(none.random(generator), std::nullopt);
}

TEST(Space, NeighboursAreOneValidStepAwayAndSymmetric) {
  const Space space = small_space();
  EXPECT_EQ(space.neighbours(point(32, 64, 2)), (std::vector<Config>{point(16, 64, 2), point(64, 64, 2), point(32, 32, 2),
                                                                     point(32, 128, 2), point(32, 64, 1)}));
  for (const Config& config : space.enumerate(1000)) {
    for (const Config& neighbour : space.neighbours(config)) {
      EXPECT_TRUE(space.contains(neighbour));
      const auto back = space.neighbours(neighbour);
      EXPECT_NE(std::find(back.begin(), back.end(), config), back.end());
    }
  }
}

TEST(Space, ComplexityCountsStepsFromTheDomainStarts) {
  const Space space = small_space();
  EXPECT_EQ(space.complexity(point(16, 32, 1)), 0);
  EXPECT_EQ(space.complexity(point(128, 64, 2)), 5);
}

}  // namespace
}  // namespace attune
