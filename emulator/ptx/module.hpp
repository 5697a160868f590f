// The parsed form of a PTX module: names are resolved, instructions are still text and operands.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/ptx/types.hpp"

namespace attune::emulator::ptx {

struct Register {
  std::string name;
  Type type = Type::none;
};

// A named piece of memory: module variables, shared arrays, local arrays, parameters.
struct Variable {
  std::string name;
  Space space = Space::generic;
  int64_t align_bytes = 1;
  int64_t size_bytes = 0;
  bool is_extern = false;          // extern shared: its size comes with the launch
  std::vector<std::byte> initial;  // empty: zeros
  struct Relocation {
    int64_t offset_bytes = 0;
    std::string symbol;  // the address of this variable goes here
    int64_t addend = 0;
    int size_bytes = 8;
  };
  std::vector<Relocation> relocations;
};

enum class OperandKind : uint8_t {
  reg,        // index: into Function::registers
  special,    // name: "%tid.x"
  immediate,  // bits: an integer, sign-extended; or a float's bits
  variable,   // index: into Module::variables; its address (plus `bits`)
  label,      // index: into Function::label_targets
  function,   // index: into Module::functions
  address,    // [elements[0] + bits, elements[1], ...]
  vector,     // {a, b, ...}
  group,      // (a, b, ...) of a call
  pair,       // a|b
  sink,       // _
  table,      // index: into Function::branch_tables
};

enum class LiteralKind : uint8_t { integer, f32, f64 };

struct Operand {
  OperandKind kind = OperandKind::sink;
  LiteralKind literal = LiteralKind::integer;
  bool negated = false;  // !p, or -r in old texts
  int32_t index = -1;
  int64_t bits = 0;
  std::string name;
  std::vector<Operand> elements;
};

struct Instruction {
  int line = 0;
  int32_t guard = -1;  // a predicate register
  bool guard_negated = false;
  std::string opcode;  // with all modifiers
  std::vector<Operand> operands;
};

struct Function {
  std::string name;
  int line = 0;
  bool is_entry = false;
  bool has_body = false;
  std::vector<int32_t> parameters;  // into Module::variables, in order
  std::vector<int32_t> results;
  std::vector<Register> registers;
  std::vector<int32_t> locals;  // local and param variables of the body
  std::vector<Instruction> instructions;
  std::vector<int32_t> label_targets;               // instruction index
  std::vector<std::vector<int32_t>> branch_tables;  // labels
  std::array<uint32_t, 3> maxntid{};
  std::array<uint32_t, 3> reqntid{};
};

struct Module {
  std::string version;
  std::string target;  // without features: "sm_90a"
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

}  // namespace attune::emulator::ptx
