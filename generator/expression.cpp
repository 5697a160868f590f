// Recursive-descent parser and evaluator of constraints, with every overflow an error.
#include "generator/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

namespace attune {

enum class Operation {
  number,
  name,
  logical_or,
  logical_and,
  logical_not,
  equal,
  not_equal,
  less_equal,
  greater_equal,
  less,
  greater,
  add,
  subtract,
  multiply,
  divide,
  remainder,
  negate,
  ceil_div,
  maximum,
  minimum,
};

struct Expression::Node {
  Operation operation = Operation::number;
  int64_t value = 0;
  std::string name;
  std::shared_ptr<const Node> left, right;
};

namespace {

using Node = Expression::Node;
using NodePtr = std::shared_ptr<const Node>;

// Constraints may come out of a record file: bounds that keep the recursion of parser and evaluator shallow.
constexpr size_t max_text_bytes = 4096;
constexpr int max_depth = 100;

struct Binary {
  std::string_view token;
  Operation operation;
};
// One row a level of precedence, loosest first; longer tokens before their prefixes.
const std::vector<std::vector<Binary>>& levels() {
  static const std::vector<std::vector<Binary>> table = {
      {{"||", Operation::logical_or}},
      {{"&&", Operation::logical_and}},
      {{"==", Operation::equal}, {"!=", Operation::not_equal}},
      {{"<=", Operation::less_equal}, {">=", Operation::greater_equal}, {"<", Operation::less}, {">", Operation::greater}},
      {{"+", Operation::add}, {"-", Operation::subtract}},
      {{"*", Operation::multiply}, {"/", Operation::divide}, {"%", Operation::remainder}},
  };
  return table;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<NodePtr> parse() {
    ATTUNE_TRY(NodePtr root, binary(0, 0));
    skip_spaces();
    if (position_ != text_.size()) return unexpected("the end");
    return root;
  }
  std::vector<std::string> take_names() {
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    return std::move(names_);
  }

 private:
  Error unexpected(std::string_view wanted) const {
    return {Status::invalid_argument,
            fmt::format("expression '{}': expected {} at character {}. Use || && == != <= >= < > + - * / "
                        "% ! parentheses, ceil_div(a,b), max(a,b), min(a,b), integers and names.",
                        text_.substr(0, 200), wanted, position_ + 1)};
  }
  void skip_spaces() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) ++position_;
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (text_.substr(position_, token.size()) != token) return false;
    position_ += token.size();
    return true;
  }

  Result<NodePtr> binary(size_t level, int depth) {
    if (depth > max_depth) return unexpected("fewer nested parentheses or signs");
    if (level == levels().size()) return unary(depth);
    ATTUNE_TRY(NodePtr left, binary(level + 1, depth));
    while (true) {
      std::optional<Operation> operation;
      for (const Binary& candidate : levels()[level]) {
        if (take(candidate.token)) {
          operation = candidate.operation;
          break;
        }
      }
      if (!operation) return left;
      ATTUNE_TRY(NodePtr right, binary(level + 1, depth));
      left = make(*operation, std::move(left), std::move(right));
    }
  }

  Result<NodePtr> unary(int depth) {
    if (depth > max_depth) return unexpected("fewer nested parentheses or signs");
    for (const auto& [token, operation] : {Binary{"!", Operation::logical_not}, Binary{"-", Operation::negate}}) {
      if (!take(token)) continue;
      ATTUNE_TRY(NodePtr operand, unary(depth + 1));
      return make(operation, std::move(operand), nullptr);
    }
    return primary(depth);
  }

  Result<NodePtr> primary(int depth) {
    if (take("(")) {
      ATTUNE_TRY(NodePtr inner, binary(0, depth + 1));
      if (!take(")")) return unexpected("')'");
      return inner;
    }
    skip_spaces();
    const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    const auto is_word = [&](char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || is_digit(c); };
    const size_t begin = position_;
    while (position_ < text_.size() && is_word(text_[position_])) ++position_;
    const std::string_view word = text_.substr(begin, position_ - begin);
    position_ = begin;
    if (word.empty()) return unexpected("a number, a name or '('");

    Node node;
    if (is_digit(word.front())) {
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), node.value);
      if (error != std::errc() || end != word.data() + word.size()) return unexpected("a 64-bit integer");
      position_ += word.size();
      return std::make_shared<const Node>(std::move(node));
    }
    position_ += word.size();
    if (take("(")) return function(word, depth);
    node.operation = Operation::name;
    node.name = word;
    names_.emplace_back(word);
    return std::make_shared<const Node>(std::move(node));
  }

  Result<NodePtr> function(std::string_view name, int depth) {
    Operation operation;
    if (name == "ceil_div") {
      operation = Operation::ceil_div;
    } else if (name == "max") {
      operation = Operation::maximum;
    } else if (name == "min") {
      operation = Operation::minimum;
    } else {
      return unexpected("ceil_div, max or min before '('");
    }
    ATTUNE_TRY(NodePtr left, binary(0, depth + 1));
    if (!take(",")) return unexpected("','");
    ATTUNE_TRY(NodePtr right, binary(0, depth + 1));
    if (!take(")")) return unexpected("')'");
    return make(operation, std::move(left), std::move(right));
  }

  static NodePtr make(Operation operation, NodePtr left, NodePtr right) {
    Node node;
    node.operation = operation;
    node.left = std::move(left);
    node.right = std::move(right);
    return std::make_shared<const Node>(std::move(node));
  }

  std::string_view text_;
  size_t position_ = 0;
  std::vector<std::string> names_;
};

struct Evaluator {
  const std::string& text;
  const Config& config;
  const Config& constants;

  Error failed(std::string_view why) const {
    return {Status::invalid_argument,
            fmt::format("expression '{}': {}. Correct the expression or the values it uses.", text, why)};
  }

  Result<int64_t> operator()(const Node& node) const {
    switch (node.operation) {
      case Operation::number: return node.value;
      case Operation::name:
        if (config.has(node.name)) return config.at(node.name);
        if (constants.has(node.name)) return constants.at(node.name);
        return failed(fmt::format("unknown name '{}'", node.name));
      default: break;
    }
    ATTUNE_TRY(const int64_t a, (*this)(*node.left));
    int64_t result = 0;
    switch (node.operation) {
      case Operation::logical_not: return int64_t{a == 0};
      case Operation::negate:
        if (__builtin_sub_overflow(int64_t{0}, a, &result)) return failed("overflow");
        return result;
      case Operation::logical_or:
        if (a != 0) return int64_t{1};
        break;
      case Operation::logical_and:
        if (a == 0) return int64_t{0};
        break;
      default: break;
    }
    ATTUNE_TRY(const int64_t b, (*this)(*node.right));
    const bool divides = node.operation == Operation::divide || node.operation == Operation::remainder ||
                         node.operation == Operation::ceil_div;
    if (divides && b == 0) return failed("division by zero");
    if (divides && a == INT64_MIN && b == -1) return failed("overflow");
    switch (node.operation) {
      case Operation::logical_or:
      case Operation::logical_and: return int64_t{b != 0};
      case Operation::equal: return int64_t{a == b};
      case Operation::not_equal: return int64_t{a != b};
      case Operation::less_equal: return int64_t{a <= b};
      case Operation::greater_equal: return int64_t{a >= b};
      case Operation::less: return int64_t{a < b};
      case Operation::greater: return int64_t{a > b};
      case Operation::add:
        if (__builtin_add_overflow(a, b, &result)) return failed("overflow");
        return result;
      case Operation::subtract:
        if (__builtin_sub_overflow(a, b, &result)) return failed("overflow");
        return result;
      case Operation::multiply:
        if (__builtin_mul_overflow(a, b, &result)) return failed("overflow");
        return result;
      case Operation::divide: return a / b;
      case Operation::remainder: return a % b;
      case Operation::ceil_div: return a / b + int64_t{a % b != 0 && (a < 0) == (b < 0)};
      case Operation::maximum: return std::max(a, b);
      case Operation::minimum: return std::min(a, b);
      default: return failed("internal: an operator without a meaning");
    }
  }
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  if (text.size() > max_text_bytes) {
    return Error(Status::invalid_argument,
                 fmt::format("expression of {} bytes is too long. Split it into constraints of at most {} bytes.",
                             text.size(), max_text_bytes));
  }
  Parser parser(text);
  ATTUNE_TRY(NodePtr root, parser.parse());
  Expression expression;
  expression.text_ = text;
  expression.names_ = parser.take_names();
  expression.root_ = std::move(root);
  return expression;
}

Result<int64_t> Expression::evaluate(const Config& config, const Config& constants) const {
  return Evaluator{text_, config, constants}(*root_);
}

}  // namespace attune
