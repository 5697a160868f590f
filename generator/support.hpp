// What the families can do: every feature of a problem asked of every family, for the devices given.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generator/family.hpp"

namespace attune {

// One thing a problem can ask for. `ask` makes a plain problem (B 2, H 8/2, S 512x1024, D 64) ask for it.
struct SupportFeature {
  std::string_view name;
  std::string_view meaning;
  std::function<void(Problem&)> ask;
};
// The first is plain attention.
const std::vector<SupportFeature>& support_features();

// The problem of a feature in a dtype: well-formed.
Problem representative(const SupportFeature& feature, DType dtype);

// Whether one family does one feature on one architecture.
struct SupportCell {
  std::vector<DType> dtypes;  // in which it does; empty: not at all
  // Why not in the others, in the family's words: of a dtype in which it does the first feature, if there is one. Empty:
  // there is nothing it does not do.
  std::string reason;
  bool operator==(const SupportCell&) const = default;
};

// What one family answers on architectures that it treats alike, a cell for each of support_features().
struct SupportColumn {
  const Family* family = nullptr;
  std::vector<std::string> archs;
  std::vector<SupportCell> cells;
};

// Families that serve none of the devices are left out; so are architectures that a family serves in nothing.
std::vector<SupportColumn> support_matrix(std::span<const DeviceClass> devices);

// The architectures that the tests run every feature on with the emulator, one of each class; the others differ in tile
// sizes alone, and kernels are compiled for each of them.
std::span<const std::string_view> emulated_in_tests();

}  // namespace attune
