// Means that are taken off Q and K before they are rounded, and what becomes of attention sinks.
//
// Source: SageAttention (K mean), SageAttention2 (Q block mean with delta S). With a mean key km the softmax of a row sees
//     s'_n = q . (k_n - km)
// short of q . km, which is one number a row: it changes no probability and is added to the LSE. Where the score itself
// matters (softcap, sinks of the softmax) it is added back before. A sink is a key of small norm that takes much of a row;
// less the mean it is an outlier, which coarsens the scale of its group and has the largest error where most of the
// probability is. It can be
// - scored apart: its code is 0, and s'_n = q . (k_n - km) is one dot product a row in fp32, for at most max_sink_keys keys
// a head;
// - kept as it is: s'_n = q . k_n - q . km, the first term from codes, the second one dot product a row for all kept keys.
#pragma once

#include <cstdint>
#include <vector>

#include "generator/problem.hpp"
#include "generator/quantization.hpp"
#include "tuner/quantized/matrix.hpp"

namespace attune::tuner::quantized {

// What KSmoothing::sink_mean does with sinks. All are exact; they differ in what they cost a kernel and in what is left to
// round. `apart` is what the request means; the others are there to be compared with it.
enum class SinkRule : uint8_t {
  apart,         // keys whose largest magnitude the subtraction would more than double are scored apart
  key,           // the same keys are kept: a bit a key
  first_block,   // the tile of key 0 is kept
  block_choice,  // tiles whose largest magnitude the subtraction would raise are kept: a bit a tile
};

struct SmoothedKeys {
  Matrix rows;                 // k_n - km; k_n where kept; 0 where scored apart
  std::vector<float> mean;     // km, of the keys that are neither kept nor scored apart; zeros when K is not smoothed
  std::vector<uint8_t> kept;   // 1: the key keeps its mean
  std::vector<int64_t> sinks;  // the keys that are scored apart, ascending
  Matrix sink_rows;            // k_n - km of each
};

// Mean of the rows [begin, end) whose `skip` is 0 (null: of all), in double; elements that are not finite take no part when
// `finite_only`. Zeros when there are none.
std::vector<float> mean_row(const Matrix& x, int64_t begin, int64_t end, const std::vector<uint8_t>* skip, bool finite_only);

// `mean`: what a kernel took off the keys, in place of the mean computed here; null: none. Which keys are sinks is asked of
// the mean computed here.
SmoothedKeys smooth_keys(const Matrix& k, DType dtype, const Quantization& request, SinkRule rule, int64_t block_kv,
                         const std::vector<float>* mean = nullptr);

struct SmoothedQueries {
  Matrix rows;         // q_i less the mean of its block
  Matrix block_means;  // [ceil(rows / block_q), D]; no rows when Q is not smoothed
};
// `block_means`: those of a kernel, in place of the means computed here; null: none.
SmoothedQueries smooth_queries(const Matrix& q, const Quantization& request, int64_t block_q,
                               const Matrix* block_means = nullptr);

}  // namespace attune::tuner::quantized
