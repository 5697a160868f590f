// Shapes of well-known models, by name.
#pragma once

#include <span>
#include <string_view>

namespace attune::cli {

struct Preset {
  std::string_view name;
  std::string_view meaning;
  std::span<const std::string_view> shapes;  // in the shape grammar
};

std::span<const Preset> presets();
const Preset* find_preset(std::string_view name);

}  // namespace attune::cli
