// Means of K and Q.
#include "tuner/quantized/smoothing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "generator/dtype_codec.hpp"
#include "generator/quantization_layout.hpp"

namespace attune::tuner::quantized {
namespace {

float largest(const Matrix& k, int64_t begin, int64_t end, const std::vector<float>* mean) {
  float value = 0;
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t c = 0; c < k.columns; ++c) {
      const float element = k.row(n)[c] - (mean == nullptr ? 0.0F : (*mean)[static_cast<size_t>(c)]);
      if (std::isfinite(element)) value = std::max(value, std::fabs(element));
    }
  }
  return value;
}

std::vector<uint8_t> sinks(const Matrix& k, const std::vector<float>& mean, SinkRule rule, int64_t block_kv) {
  std::vector<uint8_t> kept(static_cast<size_t>(k.rows));
  const bool single = rule == SinkRule::key || rule == SinkRule::apart;
  const int64_t step = single ? 1 : block_kv;
  const float ratio = single ? sink_ratio : 1;
  for (int64_t begin = 0; begin < k.rows; begin += step) {
    const int64_t end = std::min(begin + step, k.rows);
    const bool keep =
        rule == SinkRule::first_block ? begin == 0 : largest(k, begin, end, &mean) > ratio * largest(k, begin, end, nullptr);
    std::fill(kept.begin() + begin, kept.begin() + end, static_cast<uint8_t>(keep));
  }
  return kept;
}

// Turns kept keys into keys that are scored apart.
void score_apart(const Matrix& k, SmoothedKeys& smoothed) {
  for (int64_t n = 0; n < k.rows; ++n) {
    if (smoothed.kept[static_cast<size_t>(n)] != 0) smoothed.sinks.push_back(n);
  }
  smoothed.sink_rows = Matrix(static_cast<int64_t>(smoothed.sinks.size()), k.columns);
  for (size_t at = 0; at < smoothed.sinks.size(); ++at) {
    const int64_t n = smoothed.sinks[at];
    smoothed.kept[static_cast<size_t>(n)] = 0;
    for (int64_t c = 0; c < k.columns; ++c) {
      smoothed.sink_rows.row(static_cast<int64_t>(at))[c] = k.row(n)[c] - smoothed.mean[static_cast<size_t>(c)];
      // A row with an element that is not finite keeps it, so that it is found.
      if (std::isfinite(k.row(n)[c])) smoothed.rows.row(n)[c] = 0;
    }
  }
}

// Leaves the max_sink_keys keys that the subtraction raises the most; of equals the first.
void limit(std::vector<uint8_t>& chosen, const Matrix& k, const std::vector<float>& mean) {
  std::vector<std::pair<float, int64_t>> order;
  for (int64_t n = 0; n < k.rows; ++n) {
    if (chosen[static_cast<size_t>(n)] == 0) continue;
    order.emplace_back(largest(k, n, n + 1, nullptr) / largest(k, n, n + 1, &mean), n);
  }
  std::sort(order.begin(), order.end());
  for (size_t at = static_cast<size_t>(max_sink_keys); at < order.size(); ++at)
    chosen[static_cast<size_t>(order[at].second)] = 0;
}

}  // namespace

std::vector<float> mean_row(const Matrix& x, int64_t begin, int64_t end, const std::vector<uint8_t>* skip,
                            bool finite_only) {
  const auto width = static_cast<size_t>(x.columns);
  std::vector<double> sum(width);
  std::vector<int64_t> count(width);
  for (int64_t i = begin; i < end; ++i) {
    if (skip != nullptr && (*skip)[static_cast<size_t>(i)] != 0) continue;
    for (size_t c = 0; c < width; ++c) {
      const float value = x.row(i)[c];
      if (finite_only && !std::isfinite(value)) continue;
      sum[c] += static_cast<double>(value);
      ++count[c];
    }
  }
  std::vector<float> mean(width);
  for (size_t c = 0; c < width; ++c) {
    if (count[c] > 0) mean[c] = static_cast<float>(sum[c] / static_cast<double>(count[c]));
  }
  return mean;
}

SmoothedKeys smooth_keys(const Matrix& k, DType dtype, const Quantization& request, SinkRule rule, int64_t block_kv,
                         const std::vector<float>* mean) {
  const bool safe = request.scales == ScaleConvention::safe;
  SmoothedKeys smoothed;
  smoothed.rows = k;
  smoothed.mean.resize(static_cast<size_t>(k.columns));
  smoothed.kept.resize(static_cast<size_t>(k.rows));
  if (request.k_smoothing == KSmoothing::none) return smoothed;
  smoothed.mean = mean_row(k, 0, k.rows, nullptr, safe);
  if (request.k_smoothing == KSmoothing::sink_mean) {
    smoothed.kept = sinks(k, smoothed.mean, rule, block_kv);
    // Keys that keep their mean have no part in that of the others.
    if (rule == SinkRule::apart) limit(smoothed.kept, k, smoothed.mean);
    if (rule == SinkRule::key || rule == SinkRule::apart) smoothed.mean = mean_row(k, 0, k.rows, &smoothed.kept, safe);
  }
  if (!safe) {
    for (float& value : smoothed.mean) value = round_to(dtype, value);
  }
  if (mean != nullptr) smoothed.mean = *mean;
  for (int64_t n = 0; n < k.rows; ++n) {
    if (smoothed.kept[static_cast<size_t>(n)] != 0) continue;
    for (int64_t c = 0; c < k.columns; ++c) {
      const float difference = k.row(n)[c] - smoothed.mean[static_cast<size_t>(c)];
      smoothed.rows.row(n)[c] = request.scales == ScaleConvention::divided ? round_to(dtype, difference) : difference;
    }
  }
  if (request.k_smoothing == KSmoothing::sink_mean && rule == SinkRule::apart) score_apart(k, smoothed);
  return smoothed;
}

SmoothedQueries smooth_queries(const Matrix& q, const Quantization& request, int64_t block_q, const Matrix* block_means) {
  SmoothedQueries smoothed{q, {}};
  if (request.q_smoothing == QSmoothing::none) return smoothed;
  const int64_t blocks = (q.rows + block_q - 1) / block_q;
  smoothed.block_means = Matrix(blocks, q.columns);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t begin = block * block_q, end = std::min(begin + block_q, q.rows);
    std::vector<float> mean = mean_row(q, begin, end, nullptr, request.scales == ScaleConvention::safe);
    if (block_means != nullptr) std::copy_n(block_means->row(block), q.columns, mean.begin());
    std::copy(mean.begin(), mean.end(), smoothed.block_means.row(block));
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t c = 0; c < q.columns; ++c) smoothed.rows.row(i)[c] -= mean[static_cast<size_t>(c)];
    }
  }
  return smoothed;
}

}  // namespace attune::tuner::quantized
