#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "emulator/ptx/cursor.hpp"

namespace attune::emulator::ptx {
namespace {

bool integer_from(std::string_view digits, int base, uint64_t& value) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
}

Result<Literal> literal_from(std::string_view text, int line) {
  const auto bad = [&] { return Cursor::malformed(fmt::format("'{}' is not a number", text), line); };
  const char mark = text.size() > 1 && text[0] == '0' ? text[1] : '\0';
  uint64_t value = 0;
  if (mark == 'f' || mark == 'F') {
    if (!integer_from(text.substr(2), 16, value)) return bad();
    return Literal{LiteralKind::f32, static_cast<int64_t>(value)};
  }
  if (mark == 'd' || mark == 'D') {
    if (!integer_from(text.substr(2), 16, value)) return bad();
    return Literal{LiteralKind::f64, static_cast<int64_t>(value)};
  }
  if (mark != 'x' && mark != 'X' && text.find_first_of(".eE") != std::string_view::npos) {
    const std::string copy(text);
    char* end = nullptr;
    const double number = std::strtod(copy.c_str(), &end);
    if (*end != '\0') return bad();
    return Literal{LiteralKind::f64, std::bit_cast<int64_t>(number)};
  }
  if (text.ends_with('U') || text.ends_with('u')) text.remove_suffix(1);
  int base = 10;
  if (mark == 'x' || mark == 'X') {
    base = 16;
    text.remove_prefix(2);
  } else if (mark == 'b' || mark == 'B') {
    base = 2;
    text.remove_prefix(2);
  } else if (mark != '\0') {
    base = 8;
  }
  if (!integer_from(text, base, value)) return bad();
  return Literal{LiteralKind::integer, static_cast<int64_t>(value)};
}

// Writes initial values one element after the other.
class Initialiser {
 public:
  Initialiser(Cursor& cursor, Variable& variable, int element_bytes)
      : cursor_(cursor), variable_(variable), element_bytes_(element_bytes) {}

  Result<void> run() {
    ATTUNE_CHECK(item());
    if (variable_.size_bytes == 0) variable_.size_bytes = offset_;
    variable_.initial.resize(static_cast<size_t>(std::max(variable_.size_bytes, offset_)));
    if (offset_ > variable_.size_bytes) {
      return cursor_.malformed(fmt::format("'{}' has more initial values than elements", variable_.name));
    }
    return {};
  }

 private:
  Result<void> item() {
    if (cursor_.accept('{')) {
      while (!cursor_.accept('}')) {
        ATTUNE_CHECK(item());
        cursor_.accept(',');
        if (cursor_.done()) return cursor_.malformed("an initialiser is never closed");
      }
      return {};
    }
    if (cursor_.peek().kind == TokenKind::word) return symbol();
    ATTUNE_TRY(const Literal literal, parse_literal(cursor_));
    int64_t bits = literal.bits;
    if (literal.kind == LiteralKind::f64 && element_bytes_ == 4) {
      bits = std::bit_cast<int32_t>(static_cast<float>(std::bit_cast<double>(bits)));
    }
    append(&bits);
    return {};
  }

  Result<void> symbol() {
    const bool generic = cursor_.accept("generic");
    if (generic) ATTUNE_CHECK(cursor_.expect('('));
    ATTUNE_TRY(std::string name, cursor_.expect_word("the name of a variable"));
    if (generic) ATTUNE_CHECK(cursor_.expect(')'));
    int64_t addend = 0;
    if (cursor_.accept('+')) {
      ATTUNE_TRY(addend, parse_integer(cursor_, "an offset"));
    }
    if (element_bytes_ != 8) return cursor_.malformed("an address is initialised that has not 64 bits");
    variable_.relocations.push_back({offset_, std::move(name), addend, element_bytes_});
    const int64_t zero = 0;
    append(&zero);
    return {};
  }

  void append(const int64_t* bits) {
    variable_.initial.resize(static_cast<size_t>(offset_ + element_bytes_));
    std::memcpy(variable_.initial.data() + offset_, bits, static_cast<size_t>(element_bytes_));
    offset_ += element_bytes_;
  }

  Cursor& cursor_;
  Variable& variable_;
  int element_bytes_;
  int64_t offset_ = 0;
};

}  // namespace

Result<Literal> parse_literal(Cursor& cursor) {
  const bool negative = cursor.accept('-');
  if (!negative) cursor.accept('+');
  if (cursor.peek().kind != TokenKind::number) {
    return cursor.malformed(fmt::format("expected a number before '{}'", cursor.peek().text));
  }
  const Token token = cursor.next();
  ATTUNE_TRY(Literal literal, literal_from(token.text, token.line));
  if (negative) {
    if (literal.kind == LiteralKind::integer) literal.bits = static_cast<int64_t>(-static_cast<uint64_t>(literal.bits));
    if (literal.kind == LiteralKind::f32) literal.bits ^= int64_t{1} << 31;
    if (literal.kind == LiteralKind::f64) literal.bits = std::bit_cast<int64_t>(-std::bit_cast<double>(literal.bits));
  }
  return literal;
}

Result<int64_t> parse_integer(Cursor& cursor, std::string_view what) {
  ATTUNE_TRY(const Literal literal, parse_literal(cursor));
  if (literal.kind != LiteralKind::integer) return cursor.malformed(fmt::format("{} is not an integer", what));
  return literal.bits;
}

Result<Variable> parse_variable(Cursor& cursor, Space space) {
  Variable variable;
  variable.space = space;
  int64_t vector_width = 1;
  std::optional<Type> type;
  bool aligned = false;
  while (cursor.peek().kind == TokenKind::word && cursor.peek().text.front() == '.') {
    const Token token = cursor.next();
    const std::string_view word = token.text.substr(1);
    if (word == "align") {
      ATTUNE_TRY(const int64_t alignment, parse_integer(cursor, "an alignment"));
      if (!type || !aligned) variable.align_bytes = alignment;
      aligned = true;
    } else if (word == "ptr") {
      // The state space and alignment that follow describe what the parameter points to.
      if (cursor.peek().is(".global") || cursor.peek().is(".shared") || cursor.peek().is(".const") ||
          cursor.peek().is(".local") || cursor.peek().is(".param")) {
        cursor.next();
      }
      if (cursor.accept(".align")) ATTUNE_CHECK(parse_integer(cursor, "an alignment"));
    } else if (word == "attribute") {
      while (!cursor.done() && !cursor.accept(')')) cursor.next();
    } else if (word == "v2" || word == "v4") {
      vector_width = word == "v2" ? 2 : 4;
    } else if (const auto parsed = parse_type(word)) {
      type = parsed;
    } else {
      return Cursor::unsupported(fmt::format("'{}' in a declaration", token.text), token.line);
    }
  }
  if (!type || size_bytes(*type) == 0) return cursor.malformed("a variable is declared without a type that has a size");
  ATTUNE_TRY(variable.name, cursor.expect_word("the name of a variable"));
  int64_t count = 1;
  bool open_ended = false;
  while (cursor.accept('[')) {
    if (cursor.accept(']')) {
      open_ended = true;
      continue;
    }
    ATTUNE_TRY(const int64_t extent, parse_integer(cursor, "an extent"));
    if (extent < 0 || extent > (int64_t{1} << 32)) return cursor.malformed("an array's extent is out of range");
    count *= extent;
    ATTUNE_CHECK(cursor.expect(']'));
  }
  const int element_bytes = size_bytes(*type);
  variable.size_bytes = open_ended ? 0 : count * vector_width * element_bytes;
  if (!aligned) variable.align_bytes = element_bytes * vector_width;
  if (cursor.accept('=')) ATTUNE_CHECK(Initialiser(cursor, variable, element_bytes).run());
  return variable;
}

}  // namespace attune::emulator::ptx
