// The one interface of search strategies, and those we have. Pure: they see a space and costs, never a device.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "generator/space.hpp"

namespace attune::tuner {

// Several configs may be asked before the first is told, since candidates are compiled ahead of measuring.
class Strategy {
 public:
  virtual ~Strategy() = default;

  // A valid config that was neither asked nor told before; nullopt when the space holds no more.
  virtual std::optional<Config> ask() = 0;
  // The cost of a config, or nullopt when it failed: failures are information, too. Any config of the space may be told,
  // also one that was never asked (a record, a seed).
  virtual void tell(const Config& config, std::optional<double> cost) = 0;
};

// Uniform without repetition.
std::unique_ptr<Strategy> make_random_search(const Space& space, uint64_t seed);

// `initial` random configs, then iterated local search from the best known.
std::unique_ptr<Strategy> make_iterated_local_search(const Space& space, uint64_t seed, int initial = 16);

// `seeds` first, told to `seeded`, which goes on from them; every fourth config comes from `unseeded`, which never hears of
// the seeds, because a good seed can trap a search in its neighbourhood (on public data: 0.84 against 0.895 of the optimum).
std::unique_ptr<Strategy> make_seeded_search(std::vector<Config> seeds, std::unique_ptr<Strategy> seeded,
                                             std::unique_ptr<Strategy> unseeded);

// "random" or "ils", seeded where there are seeds.
Result<std::unique_ptr<Strategy>> make_strategy(std::string_view name, const Space& space, uint64_t seed,
                                                std::vector<Config> seeds);

}  // namespace attune::tuner
