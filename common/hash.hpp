// SHA-256 for identities that are stored (OpenSSL), XXH3 for in-memory tables (xxHash).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace attune {

// 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

// Not stable across versions: never stored.
uint64_t fast_hash(std::string_view bytes);

}  // namespace attune
