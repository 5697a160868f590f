// Fresh random configs, down to the last one of a space.
#include "tuner/visited.hpp"

#include <algorithm>

namespace attune::tuner {

std::optional<Config> Visited::fresh(const Space& space, std::mt19937_64& generator) {
  constexpr int draws = 64;
  // Enough for any space a budget can exhaust; larger ones are never walked to their end.
  constexpr size_t max_walked = 200'000;
  for (int draw = 0; draw < draws && !rest_; ++draw) {
    auto config = space.random(generator);
    if (!config) break;
    if (!contains(*config)) return config;
  }
  if (!rest_) {
    rest_ = space.enumerate(max_walked);
    for (size_t i = rest_->size(); i > 1; --i) std::swap((*rest_)[i - 1], (*rest_)[generator() % i]);
  }
  while (!rest_->empty()) {
    Config config = std::move(rest_->back());
    rest_->pop_back();
    if (!contains(config)) return config;
  }
  return std::nullopt;
}

}  // namespace attune::tuner
