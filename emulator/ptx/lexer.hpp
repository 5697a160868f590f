// Splits PTX text into tokens. Comments, and the .loc, .file and .section debug directives, are the parser's business.
#pragma once

#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace attune::emulator::ptx {

enum class TokenKind {
  word,         // identifiers, opcodes with their modifiers, directives: everything that starts with a letter . _ $ or %
  number,       // 12, 0x1F, 0b101, 0f3F800000, 0d3FF0000000000000, 1.5e3; never with a sign
  text,         // "in quotes", without the quotes
  punctuation,  // one character
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  // points into the source
  int line = 0;           // from 1

  bool is(char c) const { return kind == TokenKind::punctuation && text.size() == 1 && text[0] == c; }
  bool is(std::string_view word) const { return kind == TokenKind::word && text == word; }
};

// The tokens of `source`, with an `end` token last. The source must outlive them.
Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace attune::emulator::ptx
