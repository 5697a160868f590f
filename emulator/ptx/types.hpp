// Fundamental types and state spaces of PTX, as they stand in directives and opcodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace attune::emulator::ptx {

enum class Type : uint8_t {
  none,
  pred,
  b8,
  b16,
  b32,
  b64,
  b128,
  u8,
  u16,
  u32,
  u64,
  s8,
  s16,
  s32,
  s64,
  f16,
  f16x2,
  bf16,
  bf16x2,
  tf32,
  f32,
  f32x2,
  f64,
};

enum class Space : uint8_t { generic, param, shared, global, constant, local };

// "b32" -> Type::b32, without the dot. Only types that a register or a memory cell can have in this list.
std::optional<Type> parse_type(std::string_view text);

std::string_view name(Type type);
int size_bytes(Type type);  // 0 for pred and none
bool is_signed(Type type);
bool is_float(Type type);
bool is_bits(Type type);  // b8 ... b128

}  // namespace attune::emulator::ptx
