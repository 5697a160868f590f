#include "emulator/ptx/parser.hpp"

#include <utility>

#include "emulator/ptx/body.hpp"

namespace attune::emulator::ptx {
namespace {

class Parser {
 public:
  explicit Parser(Cursor cursor) : cursor_(std::move(cursor)) {}

  Result<Module> run() {
    while (!cursor_.done()) {
      if (cursor_.accept(';')) continue;
      const Token token = cursor_.peek();
      if (token.kind != TokenKind::word || token.text.front() != '.') {
        return cursor_.malformed(fmt::format("unexpected '{}' outside of a function", token.text));
      }
      ATTUNE_CHECK(declaration());
    }
    if (module_.target.empty()) return Cursor::malformed("the text has no .target directive", 1);
    return std::move(module_);
  }

 private:
  Result<void> declaration() {
    const Token token = cursor_.next();
    const std::string_view word = token.text;
    if (word == ".version") {
      module_.version = std::string(cursor_.next().text);
      return {};
    }
    if (word == ".target") return target();
    if (word == ".address_size") {
      ATTUNE_TRY(const int64_t bits, parse_integer(cursor_, "the address size"));
      if (bits != 64) return Cursor::unsupported("32-bit addresses", token.line);
      return {};
    }
    if (word == ".file") {
      cursor_.skip_line();
      return {};
    }
    if (word == ".section") return section();
    if (word == ".pragma") {
      while (!cursor_.done() && !cursor_.accept(';')) cursor_.next();
      return {};
    }
    if (word == ".extern") {
      is_extern_ = true;
      return {};
    }
    if (word == ".visible" || word == ".weak" || word == ".common") return {};
    const bool is_extern = std::exchange(is_extern_, false);
    if (word == ".entry") return function(true);
    if (word == ".func") return function(false);
    if (word == ".global") return variable(Space::global, is_extern);
    if (word == ".const") return variable(Space::constant, is_extern);
    if (word == ".shared" || word == ".shared::cta") return variable(Space::shared, is_extern);
    return Cursor::unsupported(fmt::format("the directive '{}'", word), token.line);
  }

  Result<void> target() {
    ATTUNE_TRY(module_.target, cursor_.expect_word("an architecture"));
    while (cursor_.accept(',')) cursor_.next();
    return {};
  }

  // DWARF: nothing in it changes what the program does.
  Result<void> section() {
    while (!cursor_.done() && !cursor_.accept('{')) cursor_.next();
    while (!cursor_.done() && !cursor_.accept('}')) cursor_.next();
    return {};
  }

  Result<void> variable(Space space, bool is_extern) {
    do {
      const int line = cursor_.peek().line;
      ATTUNE_TRY(Variable parsed, parse_variable(cursor_, space));
      parsed.is_extern = is_extern;
      if (is_extern && space != Space::shared) {
        return Cursor::unsupported(fmt::format("the external variable '{}': link the module first", parsed.name), line);
      }
      names_[parsed.name] = {Name::Kind::variable, static_cast<int32_t>(module_.variables.size())};
      module_.variables.push_back(std::move(parsed));
    } while (cursor_.accept(','));
    return cursor_.expect(';');
  }

  // ( .param ..., .param ... )
  Result<void> parameters(std::vector<int32_t>& list, Names& names) {
    while (!cursor_.accept(')')) {
      if (!list.empty()) ATTUNE_CHECK(cursor_.expect(','));
      if (!cursor_.accept(".param")) return Cursor::unsupported("parameters outside of .param space", cursor_.peek().line);
      ATTUNE_TRY(Variable parsed, parse_variable(cursor_, Space::param));
      const auto index = static_cast<int32_t>(module_.variables.size());
      names[parsed.name] = {Name::Kind::variable, index};
      module_.variables.push_back(std::move(parsed));
      list.push_back(index);
    }
    return {};
  }

  Result<void> dimensions(std::array<uint32_t, 3>& values) {
    values = {1, 1, 1};
    size_t count = 0;
    do {
      ATTUNE_TRY(const int64_t value, parse_integer(cursor_, "a number of threads"));
      if (count >= 3) return cursor_.malformed("a block has three dimensions");
      values[count++] = static_cast<uint32_t>(value);
    } while (cursor_.accept(','));
    return {};
  }

  Result<void> tuning_directives(Function& function) {
    while (cursor_.peek().kind == TokenKind::word && cursor_.peek().text.front() == '.') {
      const Token token = cursor_.next();
      if (token.text == ".maxntid") {
        ATTUNE_CHECK(dimensions(function.maxntid));
      } else if (token.text == ".reqntid") {
        ATTUNE_CHECK(dimensions(function.reqntid));
      } else if (token.text == ".minnctapersm" || token.text == ".maxnctapersm" || token.text == ".maxnreg" ||
                 token.text == ".maxclusterrank") {
        ATTUNE_CHECK(parse_integer(cursor_, "the value of a directive"));
      } else if (token.text == ".reqnctapercluster") {
        std::array<uint32_t, 3> ignored{};
        ATTUNE_CHECK(dimensions(ignored));
      } else if (token.text == ".pragma") {
        while (!cursor_.done() && !cursor_.accept(';')) cursor_.next();
      } else if (token.text != ".noreturn" && token.text != ".explicitcluster" && token.text != ".blocksareclusters") {
        return Cursor::unsupported(fmt::format("the directive '{}'", token.text), token.line);
      }
    }
    return {};
  }

  Result<void> function(bool is_entry) {
    Function parsed;
    parsed.is_entry = is_entry;
    parsed.line = cursor_.peek().line;
    Names parameter_names;
    while (cursor_.accept(".attribute")) {
      while (!cursor_.done() && !cursor_.accept(')')) cursor_.next();
    }
    if (cursor_.accept('(')) ATTUNE_CHECK(parameters(parsed.results, parameter_names));
    ATTUNE_TRY(parsed.name, cursor_.expect_word("the name of a function"));
    if (cursor_.accept('(')) ATTUNE_CHECK(parameters(parsed.parameters, parameter_names));
    ATTUNE_CHECK(tuning_directives(parsed));
    // A declaration before the definition: calls refer to the index, so the definition takes the declaration's place.
    auto index = static_cast<int32_t>(module_.functions.size());
    if (const auto found = names_.find(parsed.name); found != names_.end() && found->second.kind == Name::Kind::function) {
      index = found->second.index;
    } else {
      module_.functions.emplace_back();
      names_[parsed.name] = {Name::Kind::function, index};
    }
    if (!cursor_.accept(';')) {
      ATTUNE_CHECK(cursor_.expect('{'));
      parsed.has_body = true;
      names_[parsed.name] = {Name::Kind::function, index};
      ATTUNE_CHECK(parse_body(cursor_, module_, parsed, names_, std::move(parameter_names)));
    } else if (module_.functions[static_cast<size_t>(index)].has_body) {
      return {};
    }
    module_.functions[static_cast<size_t>(index)] = std::move(parsed);
    return {};
  }

  Cursor cursor_;
  Module module_;
  Names names_;
  bool is_extern_ = false;
};

}  // namespace

Result<Module> parse(std::string_view source) {
  ATTUNE_TRY(std::vector<Token> tokens, tokenize(source));
  return Parser(Cursor(std::move(tokens))).run();
}

}  // namespace attune::emulator::ptx
