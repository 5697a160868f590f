// Random search: the baseline every other strategy must beat.
#include "tuner/strategy.hpp"
#include "tuner/visited.hpp"

namespace attune::tuner {
namespace {

class RandomSearch final : public Strategy {
 public:
  RandomSearch(const Space& space, uint64_t seed) : space_(space), generator_(seed) {}

  std::optional<Config> ask() override {
    auto config = visited_.fresh(space_, generator_);
    if (config) visited_.insert(*config);
    return config;
  }
  void tell(const Config& config, std::optional<double>) override { visited_.insert(config); }

 private:
  Space space_;
  std::mt19937_64 generator_;
  Visited visited_;
};

}  // namespace

std::unique_ptr<Strategy> make_random_search(const Space& space, uint64_t seed) {
  return std::make_unique<RandomSearch>(space, seed);
}

}  // namespace attune::tuner
