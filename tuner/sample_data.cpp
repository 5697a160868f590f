// Statistics after published figures of a 7B decoder: K channel means N(0, 0.25) with outliers of 5 to 12, noise 0.7, Q
// alike, V nearly without outliers, and a first token whose key has a fifth of the others' norm.
#include "tuner/sample_data.hpp"

#include <algorithm>
#include <cmath>

#include "generator/dtype_codec.hpp"

namespace attune::tuner {
namespace {

// splitmix64: one multiply-xor chain a number, any seed is good.
uint64_t next(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

double uniform(uint64_t& state) { return static_cast<double>(next(state) >> 11) * 0x1p-53; }

double normal(uint64_t& state) {
  constexpr double two_pi = 6.283185307179586;
  return std::sqrt(-2 * std::log(1 - uniform(state))) * std::cos(two_pi * uniform(state));
}

struct Traits {
  double mean_sd, noise_sd, outlier_low, outlier_high, sink;
  int outliers;
};

Traits traits_of(Role role) {
  switch (role) {
    case Role::query: return {0.25, 0.68, 1, 3, 1.0, 2};
    case Role::key: return {0.25, 0.70, 5, 12, 0.2, 2};
    case Role::value: break;
  }
  return {0.10, 0.35, 0, 0, 0.15, 0};
}

}  // namespace

void fill_sample(ThreadPool& pool, Role role, DType dtype, void* data, int64_t rows, int64_t heads, int64_t head_dim,
                 int64_t stride_row, int64_t stride_head, uint64_t seed) {
  const Traits traits = traits_of(role);
  uint64_t state = seed * 31 + static_cast<uint64_t>(role);

  // Noise comes from a pool that each row enters at its own place: a normal draw per element would take seconds for the
  // longest video shapes, and no kernel can tell.
  constexpr size_t pool_size = 1 << 16;
  std::vector<float> noise(pool_size + static_cast<size_t>(head_dim));
  for (float& value : noise) value = static_cast<float>(traits.noise_sd * normal(state));

  std::vector<float> means(static_cast<size_t>(heads * head_dim));
  for (float& mean : means) mean = static_cast<float>(traits.mean_sd * normal(state));
  for (int64_t head = 0; head < heads; ++head) {
    for (int n = 0; n < traits.outliers; ++n) {
      const auto channel = static_cast<int64_t>(next(state) % static_cast<uint64_t>(head_dim));
      const double size = traits.outlier_low + (traits.outlier_high - traits.outlier_low) * uniform(state);
      means[static_cast<size_t>(head * head_dim + channel)] = static_cast<float>(n % 2 == 0 ? size : -size);
    }
  }

  auto body = [&](int64_t begin, int64_t end, int) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t row = item / heads, head = item % heads;
      uint64_t row_state = seed ^ static_cast<uint64_t>(item) * 0xd1342543de82ef95U;
      const float* row_noise = noise.data() + next(row_state) % pool_size;
      const float* mean = means.data() + head * head_dim;
      const float factor = row == 0 ? static_cast<float>(traits.sink) : 1.0F;
      const int64_t at = row * stride_row + head * stride_head;
      for (int64_t d = 0; d < head_dim; ++d) store_float(dtype, data, at + d, factor * (mean[d] + row_noise[d]));
    }
  };
  pool.parallel_for(rows * heads, 256, body);
}

void fill_lists(const Problem& problem, HostLists& full, HostLists& partial) {
  const SparsityRequest& s = problem.sparsity;
  const int64_t query_blocks = (problem.seqlen_q + s.block_q - 1) / s.block_q;
  const int64_t kv_blocks = (problem.seqlen_kv + s.block_kv - 1) / s.block_kv;
  const bool padded = s.kind == SparsityKind::padded_lists;

  for (HostLists* lists : {&full, &partial}) {
    const bool is_full = lists == &full;
    if (!(is_full ? s.full : s.partial)) continue;
    for (int64_t head = 0; head < s.batch * s.heads; ++head) {
      if (!padded) lists->row_ptr.push_back(static_cast<int64_t>(lists->indices.size()));
      for (int64_t query_block = 0; query_block < query_blocks; ++query_block) {
        int64_t count = 0;
        for (int64_t block = query_block % 2; block < kv_blocks; block += 2) {
          const bool to_full = s.full && (!s.partial || block / 2 % 2 == 0);
          if (to_full != is_full || (padded && count == s.max_blocks)) continue;
          lists->indices.push_back(static_cast<int32_t>(block));
          ++count;
        }
        if (padded) {
          lists->counts.push_back(static_cast<int32_t>(count));
          lists->indices.resize(lists->indices.size() + static_cast<size_t>(s.max_blocks - count), 0);
        } else {
          lists->row_ptr.push_back(static_cast<int64_t>(lists->indices.size()));
        }
      }
    }
  }
}

std::vector<int32_t> even_lengths(int64_t batch, int64_t total) {
  std::vector<int32_t> ends;
  for (int64_t b = 0; b <= batch; ++b) ends.push_back(static_cast<int32_t>(total / batch * b + std::min(b, total % batch)));
  return ends;
}

}  // namespace attune::tuner
