// The space of a family's configs: ordered domains plus constraints, as data.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "generator/expression.hpp"
#include "generator/values.hpp"

namespace attune {

struct Tunable {
  std::string name;
  std::vector<int64_t> domain;  // ordered, never empty: neighbours in the list are neighbours in the search
  std::string meaning;          // one sentence, shown by `attune explain` and in the docs
};

class Space {
 public:
  // `constants` are names a constraint may use beside the tunables (head_dim_v, vector_width, cache sizes, ...).
  Space(std::vector<Tunable> tunables, std::vector<Expression> constraints, Config constants);

  const std::vector<Tunable>& tunables() const { return tunables_; }
  const std::vector<Expression>& constraints() const { return constraints_; }

  // The text of the first constraint that fails ("block_n % qk_columns == 0"), or that a value is outside its domain.
  std::optional<std::string> violation(const Config& config) const;
  bool contains(const Config& config) const { return !violation(config); }

  uint64_t cartesian_size() const;
  // Every valid config, in lexicographic order of the domains, up to `limit`.
  std::vector<Config> enumerate(size_t limit) const;
  // Uniform over the valid configs (rejection); nullopt after 10,000 failed draws.
  std::optional<Config> random(std::mt19937_64& generator) const;
  // Valid configs that differ in one tunable by one step of its domain, in a stable order.
  std::vector<Config> neighbours(const Config& config) const;
  // How far a config is from the domain starts: the tie-break "simpler" of the tuner.
  int64_t complexity(const Config& config) const;

 private:
  // The failing constraint among those whose last tunable is tunables_[position]; `config` holds all up to there.
  const Expression* first_failing(const Config& config, size_t position) const;
  void extend(Config& config, size_t position, size_t limit, std::vector<Config>& found) const;

  std::vector<Tunable> tunables_;
  std::vector<Expression> constraints_;
  Config constants_;
  // constraints_at_[i]: indices of the constraints that can be decided once tunables_[0..i] are set.
  std::vector<std::vector<size_t>> constraints_at_;
};

}  // namespace attune
