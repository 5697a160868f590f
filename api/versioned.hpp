// Structs with a struct_size: read those of older and newer callers, fill as much as the caller has room for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "api/last_error.hpp"

namespace attune::api {

// No version of a struct will ever be larger: a size beyond it is garbage, not a newer version.
inline constexpr size_t largest_struct_bytes = 65536;

inline Result<void> check_size(size_t size, size_t minimum, std::string_view type) {
  if (size >= minimum && size <= largest_struct_bytes && size % alignof(void*) == 0) return {};
  return invalid("struct_size is " + std::to_string(size) + ". Initialise the struct with " + std::string(type) +
                 "_init, or set struct_size to sizeof(" + std::string(type) + ").");
}

template <class T>
Result<void> check_pointer(const T* pointer, std::string_view what) {
  if (pointer == nullptr) return invalid(std::string(what) + " is null. Pass the address of one.");
  if (reinterpret_cast<uintptr_t>(pointer) % alignof(T) != 0) {
    return invalid(std::string(what) + " is not aligned to " + std::to_string(alignof(T)) +
                   " bytes. Pass the address of a whole struct.");
  }
  return {};
}

// The caller's struct over `defaults`. `minimum` is the size up to the first field that may be missing.
template <class T>
Result<T> read_versioned(const T* given, size_t minimum, const T& defaults, std::string_view type) {
  static_assert(std::is_trivially_copyable_v<T> && offsetof(T, struct_size) == 0);
  ATTUNE_CHECK(check_pointer(given, type));
  const size_t size = given->struct_size;
  ATTUNE_CHECK(check_size(size, minimum, type));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + size, [](unsigned char byte) { return byte != 0; })) {
    return Error(Status::unsupported, std::string(type) + " uses a field that this library (" + attune_version() +
                                          ") does not know. Update the library, or leave the new field zero.");
  }
  T value = defaults;
  std::memcpy(&value, given, std::min(size, sizeof(T)));
  value.struct_size = sizeof(T);
  return value;
}

// Fills the caller's struct up to the size it has; what a newer caller has beyond ours becomes zero.
template <class T>
Result<void> write_versioned(T* out, size_t size, size_t minimum, T value, std::string_view type) {
  ATTUNE_CHECK(check_pointer(out, type));
  ATTUNE_CHECK(check_size(size, minimum, type));
  value.struct_size = size;
  auto* bytes = reinterpret_cast<unsigned char*>(out);
  std::memcpy(bytes, &value, std::min(size, sizeof(T)));
  if (size > sizeof(T)) std::memset(bytes + sizeof(T), 0, size - sizeof(T));
  return {};
}

}  // namespace attune::api
