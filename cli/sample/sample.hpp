// Q, K and V with the statistics of real models: data that tells a good kernel from a plausible one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/files/array.hpp"
#include "common/result.hpp"
#include "generator/problem.hpp"

namespace attune::cli {

// llm     decoder LLMs after RoPE: channel bias and outlier channels in Q and K, a small-norm sink key (token 0) that takes
//         40 % (mild) or 85 % (sink, the default) of a row's probability
// dit     diffusion transformers: a large K bias shared by all tokens, positions as smooth functions, V with biased
// channels.
//         Outlier channels up to 14 (plain, the default), 20 (extreme) or 30 (hard)
// fa3     N(0,1) plus N(0,100) on one value in a thousand
// normal  N(0,1)
struct SampleRequest {
  std::string kind = "llm";
  std::string strength;  // empty: the kind's default
  uint64_t seed = 1;
  bool v_bias = true;  // dit: whether some channels of V are biased by 8 to 9; Q and K are the same either way
};

struct Sample {
  Array q, k, v;
};

// Shapes, layout and dtype are the problem's; the same request gives the same bytes (up to the C library's log and sin).
Result<Sample> make_sample(const Problem& problem, const SampleRequest& request);

// One head, row by row, before it is rounded to the element type.
struct HeadSample {
  int64_t rows = 0, channels = 0;
  std::vector<float> values;  // rows x channels
  float* row(int64_t i) { return values.data() + i * channels; }
  const float* row(int64_t i) const { return values.data() + i * channels; }
};

// Every query head of one KV head, and that head's K and V. Used by make_sample(); open to tests of the statistics.
struct GroupSample {
  std::vector<HeadSample> q;
  HeadSample k, v;
};

GroupSample llm_group(const Problem& problem, double sink_probability, uint64_t seed, int64_t batch, int64_t head_kv);
GroupSample dit_group(const Problem& problem, double outlier, bool v_bias, uint64_t seed, int64_t batch, int64_t head_kv);
GroupSample normal_group(const Problem& problem, bool with_outliers, uint64_t seed, int64_t batch, int64_t head_kv);

}  // namespace attune::cli
