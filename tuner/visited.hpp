// The configs a strategy has asked or heard of, and how to find one it has not.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "generator/space.hpp"

namespace attune::tuner {

class Visited {
 public:
  // False when it was there already.
  bool insert(const Config& config) { return keys_.insert(config.to_json()).second; }
  bool contains(const Config& config) const { return keys_.count(config.to_json()) != 0; }

  // A random config of the space that was not visited; draws first, then walks what is left of the space.
  std::optional<Config> fresh(const Space& space, std::mt19937_64& generator);

 private:
  std::unordered_set<std::string> keys_;
  std::optional<std::vector<Config>> rest_;  // shuffled once draws mostly hit visited configs
};

}  // namespace attune::tuner
