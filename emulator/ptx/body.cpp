#include "emulator/ptx/body.hpp"

#include <ranges>

namespace attune::emulator::ptx {
namespace {

class Body {
 public:
  Body(Cursor& cursor, Module& module, Function& function, const Names& module_names, Names parameters)
      : cursor_(cursor), module_(module), function_(function), module_names_(module_names) {
    scopes_.emplace_back();
    scopes_.back().names = std::move(parameters);
  }

  Result<void> run() {
    while (true) {
      if (cursor_.done()) return cursor_.malformed(fmt::format("the body of '{}' is never closed", function_.name));
      if (cursor_.accept('{')) {
        scopes_.emplace_back();
      } else if (cursor_.accept('}')) {
        ATTUNE_CHECK(close_scope());
        if (scopes_.empty()) return {};
      } else {
        ATTUNE_CHECK(statement());
      }
    }
  }

 private:
  // A name that no declaration before it explains: a label further down.
  struct Pending {
    size_t instruction;
    size_t operand;
    std::string name;
    int line;
  };
  struct PendingTable {
    int32_t table;
    size_t entry;
    std::string name;
    int line;
  };
  struct Scope {
    Names names;
    std::vector<Pending> pending;
    std::vector<PendingTable> pending_tables;
  };

  Result<void> statement() {
    const Token& token = cursor_.peek();
    if (cursor_.accept(';')) return {};
    if (token.is('@')) return instruction();
    if (token.kind != TokenKind::word) return cursor_.malformed(fmt::format("unexpected '{}'", token.text));
    if (cursor_.peek(1).is(':')) return label();
    if (token.text.front() == '.') return directive();
    return instruction();
  }

  Result<void> label() {
    const std::string name(cursor_.next().text);
    cursor_.next();  // ':'
    if (cursor_.accept(".branchtargets")) return branch_table(name);
    if (cursor_.peek().is(".callprototype") || cursor_.peek().is(".calltargets")) {
      return Cursor::unsupported("indirect calls", cursor_.peek().line);
    }
    const auto index = static_cast<int32_t>(function_.label_targets.size());
    function_.label_targets.push_back(static_cast<int32_t>(function_.instructions.size()));
    if (!scopes_.back().names.try_emplace(name, Name{Name::Kind::label, index}).second) {
      return cursor_.malformed(fmt::format("the label '{}' stands twice in one scope", name));
    }
    return {};
  }

  Result<void> branch_table(const std::string& name) {
    const auto index = static_cast<int32_t>(function_.branch_tables.size());
    function_.branch_tables.emplace_back();
    do {
      const int line = cursor_.peek().line;
      ATTUNE_TRY(std::string target, cursor_.expect_word("a label"));
      scopes_.back().pending_tables.push_back({index, function_.branch_tables.back().size(), std::move(target), line});
      function_.branch_tables.back().push_back(-1);
    } while (cursor_.accept(','));
    scopes_.back().names[name] = {Name::Kind::table, index};
    return cursor_.expect(';');
  }

  Result<void> directive() {
    const Token token = cursor_.next();
    const std::string_view word = token.text;
    if (word == ".loc" || word == ".file") {
      // The rest of the line, and nothing else: an instruction may follow without a semicolon between.
      while (!cursor_.done() && cursor_.peek().line == token.line) cursor_.next();
      return {};
    }
    if (word == ".pragma") {
      while (!cursor_.done() && !cursor_.accept(';')) cursor_.next();
      return {};
    }
    if (word == ".reg") return registers();
    Space space = Space::generic;
    if (word == ".local") {
      space = Space::local;
    } else if (word == ".param") {
      space = Space::param;
    } else if (word == ".shared" || word == ".shared::cta") {
      space = Space::shared;
    } else if (word == ".global") {
      space = Space::global;
    } else if (word == ".const") {
      space = Space::constant;
    } else {
      return Cursor::unsupported(fmt::format("the directive '{}'", word), token.line);
    }
    ATTUNE_TRY(Variable variable, parse_variable(cursor_, space));
    const auto index = static_cast<int32_t>(module_.variables.size());
    scopes_.back().names[variable.name] = {Name::Kind::variable, index};
    module_.variables.push_back(std::move(variable));
    function_.locals.push_back(index);
    return cursor_.expect(';');
  }

  void declare(std::string name, Type type) {
    scopes_.back().names[name] = {Name::Kind::reg, static_cast<int32_t>(function_.registers.size())};
    function_.registers.push_back({std::move(name), type});
  }

  Result<void> registers() {
    const Token token = cursor_.next();
    const auto type = token.text.starts_with('.') ? parse_type(token.text.substr(1)) : std::nullopt;
    if (!type) return Cursor::unsupported(fmt::format("registers of type '{}'", token.text), token.line);
    do {
      ATTUNE_TRY(std::string name, cursor_.expect_word("the name of a register"));
      if (cursor_.accept('<')) {
        ATTUNE_TRY(const int64_t count, parse_integer(cursor_, "a register count"));
        ATTUNE_CHECK(cursor_.expect('>'));
        if (count < 0 || count > (1 << 20)) return cursor_.malformed("a register count is out of range");
        for (int64_t i = 0; i < count; ++i) declare(name + std::to_string(i), *type);
      } else {
        declare(std::move(name), *type);
      }
    } while (cursor_.accept(','));
    return cursor_.expect(';');
  }

  const Name* find(const std::string& name) const {
    for (const Scope& scope : std::views::reverse(scopes_)) {
      if (const auto found = scope.names.find(name); found != scope.names.end()) return &found->second;
    }
    const auto found = module_names_.find(name);
    return found != module_names_.end() ? &found->second : nullptr;
  }

  Result<void> instruction() {
    Instruction result;
    result.line = cursor_.peek().line;
    if (cursor_.accept('@')) {
      result.guard_negated = cursor_.accept('!');
      ATTUNE_TRY(const std::string guard, cursor_.expect_word("a predicate"));
      const Name* name = find(guard);
      if (name == nullptr || name->kind != Name::Kind::reg) {
        return cursor_.malformed(fmt::format("the guard '{}' is not a register", guard));
      }
      result.guard = name->index;
    }
    ATTUNE_TRY(result.opcode, cursor_.expect_word("an instruction"));
    while (!cursor_.accept(';')) {
      if (!result.operands.empty()) ATTUNE_CHECK(cursor_.expect(','));
      ATTUNE_TRY(Operand item, operand());
      if (!item.name.empty() && item.kind == OperandKind::label) {
        scopes_.back().pending.push_back(
            {function_.instructions.size(), result.operands.size(), item.name, cursor_.peek().line});
      }
      result.operands.push_back(std::move(item));
    }
    function_.instructions.push_back(std::move(result));
    return {};
  }

  Result<Operand> list(OperandKind kind, char close) {
    Operand result;
    result.kind = kind;
    while (!cursor_.accept(close)) {
      if (!result.elements.empty()) ATTUNE_CHECK(cursor_.expect(','));
      ATTUNE_TRY(Operand element, operand());
      if (element.kind == OperandKind::label) {
        return cursor_.malformed(fmt::format("'{}' is not declared", element.name));
      }
      result.elements.push_back(std::move(element));
    }
    return result;
  }

  Result<Operand> address() {
    ATTUNE_TRY(Operand result, list(OperandKind::address, ']'));
    if (result.elements.empty()) return cursor_.malformed("an address is empty");
    return result;
  }

  Result<Operand> operand() {
    if (cursor_.accept('[')) return address();
    if (cursor_.accept('{')) return list(OperandKind::vector, '}');
    if (cursor_.accept('(')) return list(OperandKind::group, ')');
    if (cursor_.accept('!')) {
      ATTUNE_TRY(Operand inner, operand());
      inner.negated = true;
      return inner;
    }
    const bool minus_register = cursor_.peek().is('-') && cursor_.peek(1).kind == TokenKind::word;
    if (minus_register) return cursor_.malformed("a minus sign before a name");
    if (cursor_.peek().kind == TokenKind::number || cursor_.peek().is('-') || cursor_.peek().is('+')) {
      ATTUNE_TRY(const Literal literal, parse_literal(cursor_));
      Operand result;
      result.kind = OperandKind::immediate;
      result.literal = literal.kind;
      result.bits = literal.bits;
      return result;
    }
    ATTUNE_TRY(std::string word, cursor_.expect_word("an operand"));
    Operand result = named(std::move(word));
    if (cursor_.accept('|')) {
      Operand pair;
      pair.kind = OperandKind::pair;
      pair.elements.push_back(std::move(result));
      ATTUNE_TRY(Operand second, operand());
      pair.elements.push_back(std::move(second));
      return pair;
    }
    while (cursor_.peek().is('+') || cursor_.peek().is('-')) {  // [%rd1+-8] and sym+4
      if (cursor_.peek().is('+')) cursor_.next();
      ATTUNE_TRY(const int64_t offset, parse_integer(cursor_, "an offset"));
      result.bits += offset;
    }
    return result;
  }

  Operand named(std::string word) const {
    Operand result;
    if (word == "_") return result;
    if (word == "WARP_SZ") {
      result.kind = OperandKind::immediate;
      result.bits = 32;
      return result;
    }
    if (const Name* name = find(word)) {
      static constexpr OperandKind kKinds[] = {OperandKind::reg, OperandKind::variable, OperandKind::function,
                                               OperandKind::label, OperandKind::table};
      result.kind = kKinds[static_cast<size_t>(name->kind)];
      result.index = name->index;
      // A label of an outer scope may be hidden by one that follows in this scope: it is resolved when the scope closes.
      if (result.kind == OperandKind::label) result.name = std::move(word);
      return result;
    }
    result.kind = word.front() == '%' ? OperandKind::special : OperandKind::label;
    result.name = std::move(word);
    return result;
  }

  Result<void> close_scope() {
    Scope scope = std::move(scopes_.back());
    scopes_.pop_back();
    for (Pending& pending : scope.pending) {
      const auto found = scope.names.find(pending.name);
      if (found != scope.names.end()) {
        Operand& target = function_.instructions[pending.instruction].operands[pending.operand];
        target.kind = found->second.kind == Name::Kind::table ? OperandKind::table : OperandKind::label;
        target.index = found->second.index;
      } else if (!scopes_.empty()) {
        scopes_.back().pending.push_back(std::move(pending));
      } else {
        return Cursor::malformed(fmt::format("'{}' is not declared", pending.name), pending.line);
      }
    }
    for (PendingTable& pending : scope.pending_tables) {
      const auto found = scope.names.find(pending.name);
      if (found != scope.names.end()) {
        function_.branch_tables[static_cast<size_t>(pending.table)][pending.entry] = found->second.index;
      } else if (!scopes_.empty()) {
        scopes_.back().pending_tables.push_back(std::move(pending));
      } else {
        return Cursor::malformed(fmt::format("the label '{}' is not declared", pending.name), pending.line);
      }
    }
    return {};
  }

  Cursor& cursor_;
  Module& module_;
  Function& function_;
  const Names& module_names_;
  std::vector<Scope> scopes_;
};

}  // namespace

Result<void> parse_body(Cursor& cursor, Module& module, Function& function, const Names& module_names, Names parameters) {
  return Body(cursor, module, function, module_names, std::move(parameters)).run();
}

}  // namespace attune::emulator::ptx
