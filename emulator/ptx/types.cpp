#include "emulator/ptx/types.hpp"

#include <array>
#include <utility>

namespace attune::emulator::ptx {
namespace {

struct Entry {
  std::string_view name;
  Type type;
  int size_bytes;
};

constexpr std::array<Entry, 22> kTypes{{
    {"pred", Type::pred, 0},   {"b8", Type::b8, 1},         {"b16", Type::b16, 2},   {"b32", Type::b32, 4},
    {"b64", Type::b64, 8},     {"b128", Type::b128, 16},    {"u8", Type::u8, 1},     {"u16", Type::u16, 2},
    {"u32", Type::u32, 4},     {"u64", Type::u64, 8},       {"s8", Type::s8, 1},     {"s16", Type::s16, 2},
    {"s32", Type::s32, 4},     {"s64", Type::s64, 8},       {"f16", Type::f16, 2},   {"f16x2", Type::f16x2, 4},
    {"bf16", Type::bf16, 2},   {"bf16x2", Type::bf16x2, 4}, {"tf32", Type::tf32, 4}, {"f32", Type::f32, 4},
    {"f32x2", Type::f32x2, 8}, {"f64", Type::f64, 8},
}};

const Entry* find(Type type) {
  for (const Entry& entry : kTypes) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

}  // namespace

std::optional<Type> parse_type(std::string_view text) {
  for (const Entry& entry : kTypes) {
    if (entry.name == text) return entry.type;
  }
  return std::nullopt;
}

std::string_view name(Type type) {
  const Entry* entry = find(type);
  return entry != nullptr ? entry->name : "none";
}

int size_bytes(Type type) {
  const Entry* entry = find(type);
  return entry != nullptr ? entry->size_bytes : 0;
}

bool is_signed(Type type) { return type >= Type::s8 && type <= Type::s64; }

bool is_float(Type type) { return type >= Type::f16; }

bool is_bits(Type type) { return type >= Type::b8 && type <= Type::b128; }

}  // namespace attune::emulator::ptx
