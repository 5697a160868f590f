// A position in a token list, and errors that name the line: what the parser's parts share.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "emulator/ptx/lexer.hpp"
#include "emulator/ptx/module.hpp"

namespace attune::emulator::ptx {

class Cursor {
 public:
  explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(size_t ahead = 0) const {
    const size_t index = position_ + ahead;
    return index < tokens_.size() ? tokens_[index] : tokens_.back();
  }
  Token next() {
    Token token = peek();
    if (token.kind != TokenKind::end) ++position_;
    return token;
  }
  bool done() const { return peek().kind == TokenKind::end; }
  bool accept(char c) {
    if (!peek().is(c)) return false;
    ++position_;
    return true;
  }
  bool accept(std::string_view word) {
    if (!peek().is(word)) return false;
    ++position_;
    return true;
  }
  Result<void> expect(char c) {
    if (accept(c)) return {};
    return malformed(fmt::format("expected '{}' before '{}'", c, peek().text));
  }
  Result<std::string> expect_word(std::string_view what) {
    if (peek().kind != TokenKind::word) return malformed(fmt::format("expected {} before '{}'", what, peek().text));
    return std::string(next().text);
  }
  // Debug directives have no end but that of their line.
  void skip_line() {
    const int line = peek().line;
    while (!done() && peek().line == line) ++position_;
  }

  Error malformed(std::string_view what) const { return malformed(what, peek().line); }
  static Error malformed(std::string_view what, int line) {
    return {Status::invalid_argument,
            fmt::format("PTX line {}: {}; pass unmodified PTX of NVRTC, nvcc or LLVM", line, what)};
  }
  static Error unsupported(std::string_view what, int line) {
    return {
        Status::unsupported,
        fmt::format("PTX line {}: the emulator does not model {}; avoid it in the kernel or extend emulator/", line, what)};
  }

 private:
  std::vector<Token> tokens_;
  size_t position_ = 0;
};

struct Literal {
  LiteralKind kind = LiteralKind::integer;
  int64_t bits = 0;
};

// A number token, with a '-' before it if there is one.
Result<Literal> parse_literal(Cursor& cursor);
Result<int64_t> parse_integer(Cursor& cursor, std::string_view what);

// What follows the state space in a variable's declaration: alignment, type, name, dimensions, initialiser.
// `.v2` and `.v4` count as arrays.
Result<Variable> parse_variable(Cursor& cursor, Space space);

}  // namespace attune::emulator::ptx
