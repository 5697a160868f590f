// Diffusion transformers (published for CogVideoX): K is a large bias shared by all tokens plus a small token signal, Q has
// outlier channels of its own, and some channels of V are biased by 8 to 9.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "cli/sample/random.hpp"
#include "cli/sample/sample.hpp"

namespace attune::cli {
namespace {

constexpr int64_t sine_count = 16;
constexpr double sine_amplitude = 1.5;

// A smooth function of the relative position: per channel a sum of slow sines. Q and K of a head share it, so that near
// tokens attend to each other.
class SmoothPosition {
 public:
  SmoothPosition(int64_t channels, Random& random) : channels_(channels) {
    for (int64_t n = 0; n < channels * sine_count; ++n) {
      const double weight = sine_amplitude / std::sqrt(static_cast<double>(sine_count)) * random.normal();
      const double phase = random.uniform(0, 2 * std::numbers::pi);
      // sin(x + phase) = sin(x) cos(phase) + cos(x) sin(phase): one sine a row and frequency instead of one a value.
      of_sine_.push_back(weight * std::cos(phase));
      of_cosine_.push_back(weight * std::sin(phase));
    }
  }

  // Adds the function at position `at` in [0, 1) to a row.
  void add_to(float* row, double at) const {
    double sine[sine_count], cosine[sine_count];
    for (int64_t n = 0; n < sine_count; ++n) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(n + 1) * at;
      sine[n] = std::sin(angle);
      cosine[n] = std::cos(angle);
    }
    for (int64_t c = 0; c < channels_; ++c) {
      double value = 0;
      for (int64_t n = 0; n < sine_count; ++n) {
        const auto index = static_cast<size_t>(c * sine_count + n);
        value += of_sine_[index] * sine[n] + of_cosine_[index] * cosine[n];
      }
      row[c] += static_cast<float>(value);
    }
  }

 private:
  int64_t channels_;
  std::vector<double> of_sine_, of_cosine_;
};

// `outliers` channels with a bias of +-U(0.6,1) times `largest`, chosen outside `taken`, which they join.
std::vector<double> channel_means(int64_t channels, double largest, std::vector<int64_t>& taken, Random& random) {
  std::vector<double> means;
  for (int64_t c = 0; c < channels; ++c) means.push_back(random.normal());
  for (int n = 0; n < 2 && static_cast<int64_t>(taken.size()) < channels; ++n) {
    int64_t chosen = random.below(channels);
    while (std::find(taken.begin(), taken.end(), chosen) != taken.end()) chosen = (chosen + 1) % channels;
    taken.push_back(chosen);
    means[static_cast<size_t>(chosen)] = random.sign() * random.uniform(0.6, 1) * largest;
  }
  return means;
}

HeadSample tokens(int64_t rows, const std::vector<double>& means, const SmoothPosition& position, Random& random) {
  const auto channels = static_cast<int64_t>(means.size());
  std::vector<double> noise;
  for (int64_t c = 0; c < channels; ++c) noise.push_back(0.7 * random.lognormal(0.3));
  HeadSample sample{rows, channels, std::vector<float>(static_cast<size_t>(rows * channels))};
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t c = 0; c < channels; ++c) {
      const auto at = static_cast<size_t>(c);
      sample.row(i)[c] = static_cast<float>(means[at] + noise[at] * random.normal());
    }
    position.add_to(sample.row(i), static_cast<double>(i) / static_cast<double>(rows));
  }
  return sample;
}

HeadSample values(int64_t rows, int64_t channels, bool biased, Random& random) {
  std::vector<double> means;
  for (int64_t c = 0; c < channels; ++c) means.push_back(std::sqrt(0.4) * random.normal());  // N(0, 0.4)
  for (int64_t n = 0; n < channels / 32; ++n) {
    double& mean = means[static_cast<size_t>(random.below(channels))];
    const double bias = random.sign() * random.uniform(8, 9);
    if (biased) mean = bias;
  }
  HeadSample sample{rows, channels, std::vector<float>(static_cast<size_t>(rows * channels))};
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t c = 0; c < channels; ++c) {
      sample.row(i)[c] = static_cast<float>(means[static_cast<size_t>(c)] + 0.5 * random.normal());
    }
  }
  return sample;
}

}  // namespace

GroupSample dit_group(const Problem& p, double outlier, bool v_bias, uint64_t seed, int64_t batch, int64_t head_kv) {
  Random random{seed, 2, static_cast<uint64_t>(batch), static_cast<uint64_t>(head_kv)};
  std::vector<int64_t> taken;
  const auto k_means = channel_means(p.head_dim_qk, outlier, taken, random);
  const SmoothPosition position(p.head_dim_qk, random);
  GroupSample group;
  group.k = tokens(p.seqlen_kv, k_means, position, random);
  group.v = values(p.seqlen_kv, p.head_dim_v, v_bias, random);
  for (int64_t g = 0; g < p.group(); ++g) {
    std::vector<int64_t> taken_by_q = taken;
    const auto q_means = channel_means(p.head_dim_qk, outlier, taken_by_q, random);
    group.q.push_back(tokens(p.seqlen_q, q_means, position, random));
  }
  return group;
}

}  // namespace attune::cli
