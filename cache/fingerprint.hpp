// SHA-256 over a sequence of fields, unambiguous about where one ends and the next begins. Private to cache/.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "common/hash.hpp"

namespace attune::cache {

class Fingerprint {
 public:
  // `domain` keeps identities of different things apart, and is raised when the list of fields changes.
  explicit Fingerprint(std::string_view domain) { add(domain); }

  Fingerprint& add(std::string_view text) {
    add(static_cast<int64_t>(text.size()));
    bytes_.append(text);
    return *this;
  }
  Fingerprint& add(int64_t value) {
    std::array<char, 8> little_endian;
    for (size_t i = 0; i < 8; ++i) little_endian[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
    bytes_.append(little_endian.data(), little_endian.size());
    return *this;
  }
  Fingerprint& add(double value) {
    // SQLite keeps no NaN payload and no sign of zero.
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    if (value == 0) value = 0;
    return add(std::bit_cast<int64_t>(value));
  }
  std::string hex() const { return sha256_hex(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace attune::cache
