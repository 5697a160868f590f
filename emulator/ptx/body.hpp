// Parses a function's body: register and variable declarations, labels, scopes, instructions.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emulator/ptx/cursor.hpp"

namespace attune::emulator::ptx {

// Names of the module, and of each open scope of a body.
struct Name {
  enum class Kind { reg, variable, function, label, table } kind;
  int32_t index;
};
using Names = std::unordered_map<std::string, Name>;

// Reads from after the opening brace to the closing one. `module_names` are functions and module variables; `parameters` the
// function's own formal parameters.
Result<void> parse_body(Cursor& cursor, Module& module, Function& function, const Names& module_names, Names parameters);

}  // namespace attune::emulator::ptx
