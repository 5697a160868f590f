// Turns one parsed instruction into its executable form: modifiers are consumed one by one, operands become slots.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "emulator/machine/instruction.hpp"
#include "emulator/ptx/module.hpp"

namespace attune::emulator {

// What the operands of a function's instructions refer to. Implemented by the kernel's builder.
class Names {
 public:
  virtual ~Names() = default;
  virtual Slot register_slot(int32_t index) = 0;
  virtual ptx::Type register_type(int32_t index) const = 0;
  virtual PredicateIndex predicate(int32_t index) = 0;
  virtual Slot constant(const Constant& constant) = 0;
  virtual Result<Constant> address_of(int32_t variable) = 0;
  virtual Slot special(SpecialRegister name) = 0;
  virtual Slot scratch(bool wide) = 0;
  virtual int architecture() const = 0;
};

class Decoder {
 public:
  Decoder(Names& names, const ptx::Instruction& instruction);

  // --- opcode ----------------------------------------------------------------------------------------------------------
  std::string_view mnemonic() const { return parts_.front(); }
  const std::string& opcode() const { return instruction_.opcode; }
  // Consumes a modifier when it is there.
  bool take(std::string_view modifier);
  // The index of the one that is there, or -1.
  int take_one(std::initializer_list<std::string_view> modifiers);
  // The next modifier that is a type and was not consumed; Type::none when there is none.
  ptx::Type take_type();
  Result<ptx::Type> need_type();
  // The next modifier not consumed yet, consumed; empty when there is none.
  std::string_view take_next();
  void take_all();                 // for opcodes that another parser reads
  Result<void> all_taken() const;  // an error that names the first modifier nobody consumed

  // --- operands --------------------------------------------------------------------------------------------------------
  size_t operand_count() const { return instruction_.operands.size(); }
  const ptx::Operand& operand(size_t i) const { return instruction_.operands[i]; }
  Result<void> need_operands(size_t least, size_t most);

  Result<Slot> source_slot(const ptx::Operand& operand, ptx::Type type);
  Result<Slot> destination_slot(const ptx::Operand& operand, ptx::Type type);
  // Appends to the instruction's operands: destinations first.
  Result<void> add_destination(const ptx::Operand& operand, ptx::Type type);
  Result<void> add_source(const ptx::Operand& operand, ptx::Type type);
  // An operand that is a vector counts as its elements, any other as itself.
  static std::vector<ptx::Operand> elements(const ptx::Operand& operand);
  // The base of an address as a 64-bit source (32-bit bases are extended), its offset in the immediate field.
  Result<void> add_address(const ptx::Operand& operand);
  Result<PredicateIndex> predicate_destination(const ptx::Operand& operand);
  Result<PredicateOperand> predicate_source(const ptx::Operand& operand);
  Result<int64_t> constant(const ptx::Operand& operand, std::string_view what) const;
  // Keeps `value` alive with the kernel and lets the instruction refer to it.
  template <class T>
  void set_detail(T value) {
    detail_ = std::make_shared<const T>(std::move(value));
  }

  // Sets handler and class.
  void finish(Handler run, InstructionClass kind) {
    out.run = run;
    out.kind = kind;
  }

  Error unknown() const;  // the whole opcode
  Error unsupported(std::string_view what) const;
  Error malformed(std::string_view what) const;

  // Instructions to put before and after, made for registers that are wider than the instruction's type.
  struct Extra {
    Instruction instruction;
    std::vector<Slot> operands;
    std::shared_ptr<const void> keep;  // what instruction.detail points to
  };
  std::vector<Extra> before;
  std::vector<Extra> after;

  Instruction out;
  std::vector<Slot> destinations;
  std::vector<Slot> sources;
  std::shared_ptr<const void> detail_;
  Names& names;
  const ptx::Instruction& instruction() const { return instruction_; }

 private:
  const ptx::Instruction& instruction_;
  std::vector<std::string_view> parts_;
  std::vector<bool> taken_;
};

template <class T>
const T& detail(const Instruction& instruction) {
  return *static_cast<const T*>(instruction.detail);
}

using DecodeFunction = Result<void> (*)(Decoder&);
struct OpcodeEntry {
  std::string_view mnemonic;
  DecodeFunction decode;
};

// One table a group of instructions; see opcodes.cpp.
std::vector<OpcodeEntry> integer_opcodes();
std::vector<OpcodeEntry> logic_opcodes();
std::vector<OpcodeEntry> bits_opcodes();
std::vector<OpcodeEntry> compare_opcodes();
std::vector<OpcodeEntry> select_opcodes();
std::vector<OpcodeEntry> extended_opcodes();    // the carry chain
std::vector<OpcodeEntry> arithmetic_opcodes();  // add, sub, mul, ... of all types
std::vector<OpcodeEntry> special_function_opcodes();
std::vector<OpcodeEntry> convert_opcodes();
std::vector<OpcodeEntry> move_opcodes();
std::vector<OpcodeEntry> memory_opcodes();
std::vector<OpcodeEntry> atomic_opcodes();
std::vector<OpcodeEntry> async_opcodes();
std::vector<OpcodeEntry> barrier_opcodes();
std::vector<OpcodeEntry> mbarrier_opcodes();
std::vector<OpcodeEntry> warp_opcodes();
std::vector<OpcodeEntry> matrix_opcodes();
std::vector<OpcodeEntry> wgmma_opcodes();
std::vector<OpcodeEntry> control_opcodes();

Result<void> decode(Decoder& decoder);

}  // namespace attune::emulator
