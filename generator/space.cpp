// Membership, enumeration and neighbourhoods of a space.
#include "generator/space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace attune {

Space::Space(std::vector<Tunable> tunables, std::vector<Expression> constraints, Config constants)
    : tunables_(std::move(tunables)),
      constraints_(std::move(constraints)),
      constants_(std::move(constants)),
      constraints_at_(std::max<size_t>(tunables_.size(), 1)) {
  for (const Tunable& tunable : tunables_) {
    assert(!tunable.domain.empty());
    (void)tunable;
  }
  for (size_t index = 0; index < constraints_.size(); ++index) {
    size_t last = 0;
    for (size_t position = 0; position < tunables_.size(); ++position) {
      const auto& names = constraints_[index].names();
      if (std::binary_search(names.begin(), names.end(), tunables_[position].name)) last = position;
    }
    constraints_at_[last].push_back(index);
  }
}

const Expression* Space::first_failing(const Config& config, size_t position) const {
  for (const size_t index : constraints_at_[position]) {
    if (constraints_[index].evaluate(config, constants_).value_or(0) == 0) return &constraints_[index];
  }
  return nullptr;
}

std::optional<std::string> Space::violation(const Config& config) const {
  for (const Tunable& tunable : tunables_) {
    if (!config.has(tunable.name)) return fmt::format("{} is not set", tunable.name);
    const int64_t value = config.at(tunable.name);
    if (std::find(tunable.domain.begin(), tunable.domain.end(), value) == tunable.domain.end()) {
      return fmt::format("{}={} is outside its domain {{{}}}", tunable.name, value, fmt::join(tunable.domain, ","));
    }
  }
  if (config.values().size() != tunables_.size()) {
    for (const auto& [name, value] : config.values()) {
      const auto known = [&name = name](const Tunable& tunable) { return tunable.name == name; };
      if (std::none_of(tunables_.begin(), tunables_.end(), known))
        return fmt::format("{} is no tunable of this space", name);
    }
  }
  for (const Expression& constraint : constraints_) {
    const auto holds = constraint.evaluate(config, constants_);
    if (!holds) return holds.error().message();
    if (*holds == 0) return constraint.text();
  }
  return std::nullopt;
}

uint64_t Space::cartesian_size() const {
  uint64_t size = 1;
  for (const Tunable& tunable : tunables_) {
    if (__builtin_mul_overflow(size, uint64_t{tunable.domain.size()}, &size)) return std::numeric_limits<uint64_t>::max();
  }
  return size;
}

std::vector<Config> Space::enumerate(size_t limit) const {
  std::vector<Config> found;
  Config config;
  if (tunables_.empty()) {
    if (limit > 0 && contains(config)) found.push_back(config);
    return found;
  }
  extend(config, 0, limit, found);
  return found;
}

// Depth first with each constraint checked as soon as it is decided: products of 10^9 with few valid configs stay cheap.
void Space::extend(Config& config, size_t position, size_t limit, std::vector<Config>& found) const {
  for (const int64_t value : tunables_[position].domain) {
    if (found.size() >= limit) return;
    config.set(tunables_[position].name, value);
    if (first_failing(config, position)) continue;
    if (position + 1 == tunables_.size()) {
      found.push_back(config);
    } else {
      extend(config, position + 1, limit, found);
    }
  }
}

std::optional<Config> Space::random(std::mt19937_64& generator) const {
  constexpr int max_draws = 10'000;
  Config config;
  for (int draw = 0; draw < max_draws; ++draw) {
    bool valid = tunables_.empty() ? contains(config) : true;
    // Rejecting at the first decided constraint rejects exactly the draws a full check would, so the result is uniform.
    for (size_t position = 0; position < tunables_.size() && valid; ++position) {
      const auto& domain = tunables_[position].domain;
      // The modulo's bias is below 2^-50 for any domain that fits a page; std distributions differ between libraries.
      config.set(tunables_[position].name, domain[generator() % domain.size()]);
      valid = first_failing(config, position) == nullptr;
    }
    if (valid) return config;
  }
  return std::nullopt;
}

std::vector<Config> Space::neighbours(const Config& config) const {
  std::vector<Config> found;
  for (const Tunable& tunable : tunables_) {
    if (!config.has(tunable.name)) continue;
    const auto here = std::find(tunable.domain.begin(), tunable.domain.end(), config.at(tunable.name));
    if (here == tunable.domain.end()) continue;
    Config neighbour = config;
    if (here != tunable.domain.begin() && contains(neighbour.set(tunable.name, *std::prev(here))))
      found.push_back(neighbour);
    if (std::next(here) != tunable.domain.end() && contains(neighbour.set(tunable.name, *std::next(here)))) {
      found.push_back(neighbour);
    }
  }
  return found;
}

int64_t Space::complexity(const Config& config) const {
  int64_t steps = 0;
  for (const Tunable& tunable : tunables_) {
    if (!config.has(tunable.name)) continue;
    const auto here = std::find(tunable.domain.begin(), tunable.domain.end(), config.at(tunable.name));
    steps += std::distance(tunable.domain.begin(), here);
  }
  return steps;
}

}  // namespace attune
