#include "emulator/machine/decoder.hpp"

#include <fmt/format.h>

#include <bit>
#include <unordered_map>

#include "emulator/machine/lane_loop.hpp"
#include "emulator/machine/special_registers.hpp"

namespace attune::emulator {
namespace {

using ptx::Operand;
using ptx::OperandKind;
using ptx::Type;

struct Narrow {
  static uint32_t apply(uint64_t value) { return static_cast<uint32_t>(value); }
};

uint64_t literal_bits(const Operand& operand, Type type) {
  const auto bits = static_cast<uint64_t>(operand.bits);
  using ptx::LiteralKind;
  if (operand.literal == LiteralKind::f64 && size_bytes(type) == 4) {
    return std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(bits)));
  }
  if (operand.literal == LiteralKind::f32 && type == Type::f64) {
    return std::bit_cast<uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))));
  }
  switch (size_bytes(type)) {
    case 1: return bits & 0xff;
    case 2: return bits & 0xffff;
    case 4: return bits & 0xffffffff;
    default: return bits;
  }
}

bool is_wide(Type type) { return size_bytes(type) == 8; }

}  // namespace

Decoder::Decoder(Names& scope, const ptx::Instruction& instruction) : names(scope), instruction_(instruction) {
  std::string_view rest = instruction.opcode;
  while (true) {
    const size_t dot = rest.find('.');
    parts_.push_back(rest.substr(0, dot));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  taken_.assign(parts_.size(), false);
  taken_[0] = true;
  out.line = static_cast<uint32_t>(instruction.line);
}

bool Decoder::take(std::string_view modifier) {
  for (size_t i = 1; i < parts_.size(); ++i) {
    if (!taken_[i] && parts_[i] == modifier) {
      taken_[i] = true;
      return true;
    }
  }
  return false;
}

int Decoder::take_one(std::initializer_list<std::string_view> modifiers) {
  int index = 0;
  for (const std::string_view modifier : modifiers) {
    if (take(modifier)) return index;
    ++index;
  }
  return -1;
}

Type Decoder::take_type() {
  for (size_t i = 1; i < parts_.size(); ++i) {
    if (taken_[i]) continue;
    if (const auto type = ptx::parse_type(parts_[i])) {
      taken_[i] = true;
      return *type;
    }
  }
  return Type::none;
}

Result<Type> Decoder::need_type() {
  const Type type = take_type();
  if (type == Type::none) return malformed("the type is missing");
  return type;
}

std::string_view Decoder::take_next() {
  for (size_t i = 1; i < parts_.size(); ++i) {
    if (!taken_[i]) {
      taken_[i] = true;
      return parts_[i];
    }
  }
  return {};
}

void Decoder::take_all() { taken_.assign(parts_.size(), true); }

Result<void> Decoder::all_taken() const {
  for (size_t i = 1; i < parts_.size(); ++i) {
    if (!taken_[i]) return unsupported(fmt::format("the modifier '.{}' of", parts_[i]));
  }
  return {};
}

Error Decoder::unsupported(std::string_view what) const {
  return {Status::unsupported,
          fmt::format("PTX line {}: the emulator does not know {} '{}'; avoid it in the kernel or add it "
                      "to emulator/machine",
                      instruction_.line, what, instruction_.opcode)};
}

Error Decoder::unknown() const { return unsupported("the instruction"); }

Error Decoder::malformed(std::string_view what) const {
  return {Status::invalid_argument,
          fmt::format("PTX line {}: '{}': {}; correct the PTX", instruction_.line, instruction_.opcode, what)};
}

Result<void> Decoder::need_operands(size_t least, size_t most) {
  if (operand_count() >= least && operand_count() <= most) return {};
  return malformed(fmt::format("has {} operands", operand_count()));
}

Result<Slot> Decoder::source_slot(const Operand& operand, Type type) {
  switch (operand.kind) {
    case OperandKind::reg: {
      const Type declared = names.register_type(operand.index);
      if (declared == Type::pred) return malformed("a predicate stands where a register must");
      const Slot slot = names.register_slot(operand.index);
      if (is_wide(declared) == is_wide(type)) return slot;
      if (!is_wide(declared)) return malformed("a register is narrower than the type");
      // Wider registers are allowed for some instructions: the low part counts.
      const Slot narrow = names.scratch(false);
      Extra extra;
      extra.instruction.run = lane_loop<Narrow, uint32_t, uint64_t>;
      extra.instruction.destinations = 1;
      extra.instruction.sources = 1;
      extra.instruction.copies = true;
      extra.operands = {narrow, slot};
      before.push_back(std::move(extra));
      return narrow;
    }
    case OperandKind::immediate: {
      Constant constant;
      constant.bits = literal_bits(operand, type);
      constant.wide = is_wide(type);
      return names.constant(constant);
    }
    case OperandKind::variable: {
      ATTUNE_TRY(Constant constant, names.address_of(operand.index));
      constant.bits += static_cast<uint64_t>(operand.bits);
      constant.wide = is_wide(type);
      return names.constant(constant);
    }
    case OperandKind::special: {
      const auto special = special_register(operand.name);
      if (!special) return unsupported(fmt::format("the name '{}' in", operand.name));
      if (!is_wide(type)) return names.special(*special);
      return malformed("a 32-bit special register is read as 64 bits");
    }
    default: return malformed("an operand is neither a register nor a constant");
  }
}

Result<Slot> Decoder::destination_slot(const Operand& operand, Type type) {
  if (operand.kind == OperandKind::sink) return kSinkSlot;
  if (operand.kind != OperandKind::reg) return malformed("the destination is not a register");
  const Type declared = names.register_type(operand.index);
  if (declared == Type::pred) return malformed("a predicate stands where a register must");
  if (is_wide(declared) != is_wide(type)) return malformed("the destination's width is not that of the type");
  return names.register_slot(operand.index);
}

Result<void> Decoder::add_destination(const Operand& operand, Type type) {
  ATTUNE_TRY(const Slot slot, destination_slot(operand, type));
  destinations.push_back(slot);
  return {};
}

Result<void> Decoder::add_source(const Operand& operand, Type type) {
  ATTUNE_TRY(const Slot slot, source_slot(operand, type));
  sources.push_back(slot);
  return {};
}

std::vector<Operand> Decoder::elements(const Operand& operand) {
  if (operand.kind == OperandKind::vector) return operand.elements;
  return {operand};
}

Result<void> Decoder::add_address(const Operand& operand) {
  if (operand.kind != OperandKind::address) return malformed("an operand is not an address");
  Operand base = operand.elements.front();
  if (base.kind == OperandKind::reg) {
    out.immediate = base.bits;
    base.bits = 0;
    if (!is_wide(names.register_type(base.index))) {
      const Slot wide = names.scratch(true);
      ATTUNE_TRY(const Slot narrow, source_slot(base, Type::b32));
      Extra extra;
      extra.instruction.run = lane_loop<Copy, uint64_t, uint32_t>;
      extra.instruction.destinations = 1;
      extra.instruction.sources = 1;
      extra.instruction.copies = true;
      extra.operands = {wide, narrow};
      before.push_back(std::move(extra));
      sources.push_back(wide);
      return {};
    }
  }
  return add_source(base, Type::b64);
}

Result<PredicateIndex> Decoder::predicate_destination(const Operand& operand) {
  if (operand.kind == OperandKind::sink) return kSinkPredicate;
  if (operand.kind != OperandKind::reg || names.register_type(operand.index) != Type::pred) {
    return malformed("the destination is not a predicate");
  }
  return names.predicate(operand.index);
}

Result<PredicateOperand> Decoder::predicate_source(const Operand& operand) {
  if (operand.kind == OperandKind::immediate)
    return PredicateOperand{kTruePredicate, (operand.bits == 0) != operand.negated};
  if (operand.kind != OperandKind::reg || names.register_type(operand.index) != Type::pred) {
    return malformed("an operand is not a predicate");
  }
  return PredicateOperand{names.predicate(operand.index), operand.negated};
}

Result<int64_t> Decoder::constant(const Operand& operand, std::string_view what) const {
  if (operand.kind != OperandKind::immediate) return malformed(fmt::format("{} is not a constant", what));
  return operand.bits;
}

Result<void> decode(Decoder& decoder) {
  static const auto kTable = [] {
    std::unordered_map<std::string_view, DecodeFunction> table;
    for (const auto& group : {integer_opcodes(), bits_opcodes(), logic_opcodes(), compare_opcodes(), select_opcodes(),
                              extended_opcodes(), arithmetic_opcodes(), special_function_opcodes(), convert_opcodes(),
                              move_opcodes(), memory_opcodes(), atomic_opcodes(), async_opcodes(), barrier_opcodes(),
                              mbarrier_opcodes(), warp_opcodes(), matrix_opcodes(), wgmma_opcodes(), control_opcodes()}) {
      for (const OpcodeEntry& entry : group) table.emplace(entry.mnemonic, entry.decode);
    }
    return table;
  }();
  const auto found = kTable.find(decoder.mnemonic());
  if (found == kTable.end()) return decoder.unknown();
  ATTUNE_CHECK(found->second(decoder));
  return decoder.all_taken();
}

}  // namespace attune::emulator
