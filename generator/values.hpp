// Named values: what a spec or a config is made of. Ordered by name, so equal content has equal bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.hpp"

namespace attune {

// A config: the value of each tunable. Canonical text: {"block_m":64,"block_n":128}.
class Config {
 public:
  // Reads what to_json() wrote. Anything but a flat object of integers is invalid_argument: records come from files.
  static Result<Config> from_json(std::string_view text);

  int64_t at(std::string_view name) const;  // the name must exist: asserted, since families check against their space
  int64_t get(std::string_view name, int64_t fallback) const;
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  Config& set(std::string_view name, int64_t value) {
    values_.insert_or_assign(std::string(name), value);
    return *this;
  }
  const std::map<std::string, int64_t, std::less<>>& values() const { return values_; }
  bool operator==(const Config&) const = default;

  std::string to_json() const;  // canonical: sorted, no spaces
  std::string to_text() const;  // "block_m=64 block_n=128": for people

 private:
  std::map<std::string, int64_t, std::less<>> values_;
};

// The compile-time part of a problem for one family and one arch. Values are text or decimal numbers as text.
class Spec {
 public:
  Spec(std::string family, int family_version, std::string arch)
      : family_(std::move(family)), family_version_(family_version), arch_(std::move(arch)) {}

  const std::string& family() const { return family_; }
  int family_version() const { return family_version_; }
  const std::string& arch() const { return arch_; }

  Spec& set(std::string_view name, std::string value) {
    values_.insert_or_assign(std::string(name), std::move(value));
    return *this;
  }
  Spec& set(std::string_view name, int64_t value) { return set(name, std::to_string(value)); }
  const std::string& text(std::string_view name) const;  // must exist
  int64_t number(std::string_view name) const;           // must exist and be a number
  bool flag(std::string_view name) const { return number(name) != 0; }
  bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  const std::map<std::string, std::string, std::less<>>& values() const { return values_; }
  bool operator==(const Spec&) const = default;

  std::string to_json() const;  // canonical, with family, family_version and arch
  std::string to_text() const;

 private:
  std::string family_;
  int family_version_;
  std::string arch_;
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace attune
