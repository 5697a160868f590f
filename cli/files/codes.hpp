// Codes of quantized operands in a file: bytes, and what the file says they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/files/array.hpp"

namespace attune::cli {

enum class CodeType : uint8_t { int8, uint8, e4m3 };

constexpr std::string_view name(CodeType type) {
  switch (type) {
    case CodeType::int8: return "int8";
    case CodeType::uint8: return "uint8";
    case CodeType::e4m3: return "float8_e4m3fn";
  }
  return "";
}

struct Codes {
  CodeType type = CodeType::int8;
  Array bytes;  // one an element; its dtype, bool, says no more than that
};

}  // namespace attune::cli
