// Expressions: precedence, short circuit, every arithmetic error, and hostile text.
#include "generator/expression.hpp"

#include <gtest/gtest.h>

#include <random>

namespace attune {
namespace {

Result<int64_t> evaluate(std::string_view text, const Config& config = {}, const Config& constants = {}) {
  ATTUNE_TRY(const Expression expression, Expression::parse(text));
  return expression.evaluate(config, constants);
}

void expect_value(std::string_view text, int64_t expected) {
  const auto value = evaluate(text, Config().set("a", 7).set("b", -3), Config().set("width", 16));
  ASSERT_TRUE(value.ok()) << text << ": " << value.error().message();
  EXPECT_EQ(*value, expected) << text;
}

TEST(Expression, PrecedenceAndAssociativity) {
  expect_value("2 + 3 * 4", 14);
  expect_value("(2 + 3) * 4", 20);
  expect_value("20 - 5 - 3", 12);
  expect_value("100 / 10 / 5", 2);
  expect_value("17 % 10 % 4", 3);
  expect_value("1 + 2 < 4 == 1", 1);
  expect_value("0 && 0 || 1", 1);
  expect_value("1 || 0 && 0", 1);
  expect_value("!0 + 1", 2);
  expect_value("-2 * -3", 6);
  expect_value("2--3", 5);
  expect_value("!!5", 1);
}

TEST(Expression, NamesComeFromConfigThenConstants) {
  expect_value("a * width", 112);
  expect_value("a % 2 == 1 && b < 0", 1);
  const auto shadowed = evaluate("x", Config().set("x", 1), Config().set("x", 2));
  ASSERT_TRUE(shadowed.ok());
  EXPECT_EQ(*shadowed, 1);
}

TEST(Expression, Functions) {
  expect_value("ceil_div(7, 2)", 4);
  expect_value("ceil_div(8, 2)", 4);
  expect_value("ceil_div(-7, 2)", -3);
  expect_value("ceil_div(7, -2)", -3);
  expect_value("ceil_div(-7, -2)", 4);
  expect_value("max(a, b)", 7);
  expect_value("min(a, min(b, 0))", -3);
}

TEST(Expression, LogicDoesNotEvaluateWhatItNeedNot) {
  expect_value("1 || 1 / 0", 1);
  expect_value("0 && 1 / 0", 0);
  expect_value("0 && unknown", 0);
}

TEST(Expression, ArithmeticErrorsNameTheCause) {
  const struct {
    const char* text;
    const char* cause;
  } cases[] = {
      {"1 / 0", "division by zero"},
      {"1 % 0", "division by zero"},
      {"ceil_div(1, 0)", "division by zero"},
      {"9223372036854775807 + 1", "overflow"},
      {"-9223372036854775807 - 2", "overflow"},
      {"9223372036854775807 * 2", "overflow"},
      {"(-9223372036854775807 - 1) / -1", "overflow"},
      {"(-9223372036854775807 - 1) % -1", "overflow"},
      {"ceil_div(-9223372036854775807 - 1, -1)", "overflow"},
      {"-(-9223372036854775807 - 1)", "overflow"},
      {"stages > 1", "unknown name 'stages'"},
  };
  for (const auto& [text, cause] : cases) {
    const auto value = evaluate(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_NE(value.error().message().find(cause), std::string::npos) << value.error().message();
  }
}

TEST(Expression, RefusesMalformedTextAndSaysWhere) {
  for (const char* text : {"",       " ",          "1 +",      "(1",    "1)",      "1 2", "a b",
                           "max(1)", "max(1,2,3)", "pow(1,2)", "1 = 2", "a & b",   "1x",  "9223372036854775808",
                           "$",      "< 3",        "min(,1)",  "()",    "1 < = 2", "\n1"}) {
    const auto parsed = Expression::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().status(), Status::invalid_argument);
    EXPECT_NE(parsed.error().message().find("character"), std::string::npos);
  }
}

TEST(Expression, DeepAndLongTextIsRefusedNotACrash) {
  EXPECT_FALSE(Expression::parse(std::string(4000, '(') + "1").ok());
  EXPECT_FALSE(Expression::parse(std::string(4000, '-') + "1").ok());
  EXPECT_FALSE(Expression::parse(std::string(4000, '!') + "1").ok());
  EXPECT_FALSE(Expression::parse(std::string(1'000'000, '1')).ok());
  std::string chain = "1";
  for (int i = 0; i < 2000; ++i) chain += "+1";
  const auto value = evaluate(chain);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, 2001);
}

TEST(Expression, NamesAreSortedAndUnique) {
  const auto parsed = Expression::parse("b % a == 0 || max(b, width) > a");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->names(), (std::vector<std::string>{"a", "b", "width"}));
  EXPECT_EQ(parsed->text(), "b % a == 0 || max(b, width) > a");
}

TEST(Expression, RandomBytesNeverCrash) {
  std::mt19937_64 generator(7);
  constexpr std::string_view alphabet = "ab01 ()<>=!&|+-*/%,maxin_cel dv";
  int parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t i = generator() % 24; i > 0; --i) text += alphabet[generator() % alphabet.size()];
    if (const auto value = Expression::parse(text)) {
      ++parsed;
      (void)value->evaluate(Config().set("a", 3), Config().set("b", 0)).ok();
    }
  }
  EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace attune
