// Integer expressions over named values: constraints as data, so that they can be printed, stored and re-checked.
// Values are 64-bit; comparisons and logic give 0 or 1; && and || do not evaluate what they need not.
// Grammar: || && == != <= >= < > + - * / % ! unary-minus parentheses, ceil_div(a,b), max(a,b), min(a,b), numbers, names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "generator/values.hpp"

namespace attune {

class Expression {
 public:
  static Result<Expression> parse(std::string_view text);

  // Names are looked up in `config`, then in `constants`. Unknown names, division by zero and overflow are errors.
  Result<int64_t> evaluate(const Config& config, const Config& constants) const;
  const std::string& text() const { return text_; }
  // The names it uses, sorted, each once: a search checks a constraint as soon as these are set.
  const std::vector<std::string>& names() const { return names_; }

  struct Node;

 private:
  Expression() = default;  // only parse() makes one

  std::string text_;
  std::vector<std::string> names_;
  std::shared_ptr<const Node> root_;  // immutable, so copies share it
};

}  // namespace attune
