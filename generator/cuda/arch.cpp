#include "generator/cuda/arch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace attune::cuda {
namespace {

constexpr int64_t kib = 1024;
constexpr std::array<Arch, 9> all = {{
    {"sm_80", 80, 163 * kib, 164 * kib, 2048, false},
    {"sm_86", 86, 99 * kib, 100 * kib, 1536, false},
    {"sm_87", 87, 163 * kib, 164 * kib, 1536, false},
    {"sm_89", 89, 99 * kib, 100 * kib, 1536, true},
    {"sm_90a", 90, 227 * kib, 228 * kib, 2048, false},
    {"sm_100a", 100, 227 * kib, 228 * kib, 2048, false},
    {"sm_103a", 103, 227 * kib, 228 * kib, 2048, false},
    {"sm_120a", 120, 99 * kib, 100 * kib, 1536, true},
    {"sm_121a", 121, 99 * kib, 100 * kib, 1536, true},
}};

std::string_view without_suffix(std::string_view name) {
  if (!name.empty() && (name.back() == 'a' || name.back() == 'f')) name.remove_suffix(1);
  return name;
}

}  // namespace

std::span<const Arch> archs() { return all; }

Result<Arch> find_arch(std::string_view name) {
  const auto* found = std::find_if(all.begin(), all.end(),
                                   [&](const Arch& arch) { return without_suffix(arch.name) == without_suffix(name); });
  if (found != all.end()) return *found;
  std::vector<std::string_view> names;
  for (const Arch& arch : all) names.push_back(arch.name);
  return Error(Status::unsupported,
               fmt::format("No kernels are emitted for the architecture {}. Use one of {}.", name, fmt::join(names, ", ")));
}

}  // namespace attune::cuda
