// Attention of one head over quantized operands: scores, corrections, online softmax in base 2, P, and PV.
//
// Source: SageAttention's kernels step by step (sage paper and code conventions: base 2, the static scale 448 of P folded
// into the running maximum as 2^8.807, the sum of P in fp32 before P is rounded).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/thread_pool.hpp"
#include "tuner/quantized/operands.hpp"
#include "tuner/quantized/schedule.hpp"

namespace attune::tuner::quantized {

// What is done to scores, and which keys a row sees.
struct ScoreRules {
  float softmax_scale = 1;
  float softcap = 0;            // 0: off
  const float* sink = nullptr;  // the logit that joins the denominator; null: none
  // Tiles of keys that a row visits, parts ascending. Null: all keys in ascending order, in one part. Called from several
  // threads at once.
  std::function<std::vector<KeyTile>(int64_t row)> tiles;
  // Additive bias of each key for a row, natural-log units: 0 plain, -inf hidden. Null: all keys visible. Called from
  // several threads at once.
  std::function<void(int64_t row, std::span<float> bias)> bias;
};

struct AttendOptions {
  QuantizedSchedule schedule;
  bool short_accumulator = false;  // of e4m3 products in f32, of P V and of Q K^T: see short_sum()
};

struct HeadOutput {
  Matrix o;                // a row for each that was asked for; not yet rounded to the tensors' type
  std::vector<float> lse;  // natural log, with the smoothing correction and the sink; -inf for a row without keys
};

// `request` is what the operands were quantized with; `rows` the rows of Q that are computed. `pool` may be null: this
// thread alone.
HeadOutput attend(const QuantizedQueries& q, const QuantizedKeys& k, const QuantizedValues& v, DType dtype,
                  const Quantization& request, const ScoreRules& rules, const AttendOptions& options,
                  std::span<const int64_t> rows, ThreadPool* pool);

}  // namespace attune::tuner::quantized
