// Config and Spec: canonical JSON, one line for people, checked access.
#include "generator/values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/log.hpp"

namespace attune {
namespace {

// A family that asks for a name its own space or spec lacks has a bug: going on would emit a wrong kernel.
[[noreturn]] void missing(std::string_view what, std::string_view name) {
  log(LogLevel::error, fmt::format("internal: {} '{}' is not set. Please report this as a bug in the family.", what, name));
  std::abort();
}

template <class Map>
std::string text_of(const Map& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    fmt::format_to(std::back_inserter(text), "{}{}={}", text.empty() ? "" : " ", name, value);
  }
  return text;
}

std::string canonical(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Error not_a_config(std::string_view text) {
  return {Status::invalid_argument,
          fmt::format(
              "config '{}' is not a flat JSON object of 64-bit integers. Write it as {{\"block_m\":64,\"block_n\":128}}.",
              text.substr(0, 200))};
}

}  // namespace

int64_t Config::at(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) missing("tunable", name);
  return found->second;
}

int64_t Config::get(std::string_view name, int64_t fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second;
}

std::string Config::to_json() const { return canonical(nlohmann::json(values_)); }

std::string Config::to_text() const { return text_of(values_); }

Result<Config> Config::from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return not_a_config(text);
  Config config;
  for (const auto& [name, value] : json.items()) {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
    if (!fits) return not_a_config(text);
    config.set(name, value.get<int64_t>());
  }
  return config;
}

const std::string& Spec::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) missing("spec value", name);
  return found->second;
}

int64_t Spec::number(std::string_view name) const {
  const std::string& value = text(name);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) missing("spec number", name);
  return number;
}

std::string Spec::to_json() const {
  nlohmann::json json(values_);
  json["family"] = family_;
  json["family_version"] = family_version_;
  json["arch"] = arch_;
  return canonical(json);
}

std::string Spec::to_text() const { return fmt::format("{} v{} {} {}", family_, family_version_, arch_, text_of(values_)); }

}  // namespace attune
