#include "emulator/ptx/lexer.hpp"

#include <fmt/format.h>

namespace attune::emulator::ptx {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) { return is_letter(c) || c == '.' || c == '_' || c == '$' || c == '%'; }
bool continues_word(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '$'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    tokens.reserve(source_.size() / 4);
    while (true) {
      ATTUNE_CHECK(skip_blanks());
      if (position_ >= source_.size()) {
        tokens.push_back({TokenKind::end, {}, line_});
        return tokens;
      }
      const char c = source_[position_];
      if (starts_word(c)) {
        tokens.push_back(word());
      } else if (is_digit(c)) {
        tokens.push_back(number());
      } else if (c == '"') {
        ATTUNE_TRY(Token token, quoted());
        tokens.push_back(token);
      } else {
        tokens.push_back({TokenKind::punctuation, source_.substr(position_++, 1), line_});
      }
    }
  }

 private:
  char at(size_t position) const { return position < source_.size() ? source_[position] : '\0'; }

  Result<void> skip_blanks() {
    while (position_ < source_.size()) {
      const char c = source_[position_];
      if (c == '\n') {
        ++line_;
        ++position_;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\0') {
        ++position_;
      } else if (c == '/' && at(position_ + 1) == '/') {
        while (position_ < source_.size() && source_[position_] != '\n') ++position_;
      } else if (c == '/' && at(position_ + 1) == '*') {
        const int first_line = line_;
        position_ += 2;
        while (position_ < source_.size() && !(source_[position_] == '*' && at(position_ + 1) == '/')) {
          if (source_[position_++] == '\n') ++line_;
        }
        if (position_ >= source_.size()) {
          return Error(Status::invalid_argument,
                       fmt::format("PTX line {}: a comment is never closed; pass the whole text of the module", first_line));
        }
        position_ += 2;
      } else {
        break;
      }
    }
    return {};
  }

  // A word takes "::" along where a letter or digit follows ("L2::128B"); a single colon ends a label.
  Token word() {
    const size_t begin = position_++;
    while (true) {
      if (continues_word(at(position_))) {
        ++position_;
      } else if (at(position_) == ':' && at(position_ + 1) == ':' && continues_word(at(position_ + 2))) {
        position_ += 2;
      } else {
        return {TokenKind::word, source_.substr(begin, position_ - begin), line_};
      }
    }
  }

  // Digits, letters (0x, 0f, exponents, the U suffix) and the sign of a decimal exponent.
  Token number() {
    const size_t begin = position_;
    const bool hexadecimal = at(begin) == '0' && (is_letter(at(begin + 1)));
    while (continues_word(at(position_)) ||
           (!hexadecimal && position_ > begin && (at(position_ - 1) == 'e' || at(position_ - 1) == 'E') &&
            (at(position_) == '-' || at(position_) == '+'))) {
      ++position_;
    }
    return {TokenKind::number, source_.substr(begin, position_ - begin), line_};
  }

  Result<Token> quoted() {
    const size_t begin = ++position_;
    while (position_ < source_.size() && source_[position_] != '"') {
      if (source_[position_] == '\\') ++position_;
      ++position_;
    }
    if (position_ >= source_.size()) {
      return Error(Status::invalid_argument,
                   fmt::format("PTX line {}: a quoted text is never closed; pass the whole text of the module", line_));
    }
    return Token{TokenKind::text, source_.substr(begin, position_++ - begin), line_};
  }

  std::string_view source_;
  size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace attune::emulator::ptx
