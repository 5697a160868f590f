// Random draws that do not depend on the standard library's taste: C++ fixes its engines, but not its distributions.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <random>

namespace attune::cli {

class Random {
 public:
  // A stream of its own for every combination of seed, batch, head, tensor, ...
  Random(std::initializer_list<uint64_t> key) {
    uint64_t state = 0x9e3779b97f4a7c15ull;
    for (const uint64_t part : key) state = mix(state ^ mix(part + 0x9e3779b97f4a7c15ull));
    engine_.seed(state);
  }

  // Uniform over [0, 1), 53 bits.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  int64_t below(int64_t count) { return static_cast<int64_t>(uniform() * static_cast<double>(count)); }
  double sign() { return uniform() < 0.5 ? -1.0 : 1.0; }

  // Standard normal, by the Box-Muller transform.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  // Student-t with 6 degrees of freedom, scaled to variance 1. Chi-square of 6 is minus twice the log of three uniforms.
  double student_t6() {
    const double chi_square = -2 * std::log((1 - uniform()) * (1 - uniform()) * (1 - uniform()));
    constexpr double standard_deviation = 1.2247448713915890;  // sqrt(6 / 4)
    return normal() / std::sqrt(chi_square / 6) / standard_deviation;
  }

  // Median 1.
  double lognormal(double sigma) { return std::exp(sigma * normal()); }

 private:
  // The finaliser of SplitMix64: a bijection that spreads every input bit.
  static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
  }

  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace attune::cli
