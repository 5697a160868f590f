// The files of templates/, embedded when the library is built: the program finds them on every machine.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace attune::cuda {

// Name ("tile.cuh") and text of each, sorted by name.
std::span<const std::pair<std::string_view, std::string_view>> templates();

}  // namespace attune::cuda
