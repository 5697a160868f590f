// Q, K and V of one head as the tensor cores get them: codes and scales.
//
// What a quantizer kernel writes is compared with this bit by bit, given the same mean: a mean is a sum whose order is the
// kernel's own. Sources: smoothing.hpp, rounding.hpp; V: SageAttention2 section 3.3 (a scale a channel).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "generator/problem.hpp"
#include "generator/quantization.hpp"
#include "generator/quantization_layout.hpp"
#include "tuner/quantized/matrix.hpp"
#include "tuner/quantized/smoothing.hpp"

namespace attune::tuner::quantized {

struct QuantizedRows {
  Matrix codes;               // as numbers; the elements themselves when the operand is `input`
  std::vector<float> scales;  // one a group; {1} when the operand is `input`
  ScaleGroups groups;
  // Safe convention, quantized operand: 1 where the row has an element that is not finite. A row of Q that is poisoned, and
  // every row of Q that sees a poisoned key, ends as NaN; no other row feels it.
  std::vector<uint8_t> poisoned;

  float scale_of(int64_t row) const { return scales[static_cast<size_t>(groups.of(row))]; }
};

struct QuantizedQueries {
  QuantizedRows q;
  Matrix original;     // for q . km
  Matrix block_means;  // no rows when Q is not smoothed
};

struct QuantizedKeys {
  QuantizedRows k;
  SmoothedKeys smoothed;  // before rounding: what delta S is computed with
};

struct QuantizedValues {
  Matrix codes;              // [keys, D_v]; as numbers
  std::vector<float> scale;  // of each channel
  std::vector<float> mean;   // of each channel; zeros when V is not smoothed
  // Safe convention: (key, channel) of the elements that are not finite. The channel ends as NaN in rows that see the key.
  // (A kernel that has V in its own type lets them take their course: infinity, or nothing where P is 0.)
  std::vector<std::pair<int64_t, int64_t>> poisoned;
};

struct OperandOptions {
  QuantizationTiles tiles;
  SinkRule sink_rule = SinkRule::apart;
  // The means of a kernel, whose sums have an order of their own, in place of those computed here; null: none.
  const Matrix* q_block_means = nullptr;
  const std::vector<float>* k_mean = nullptr;
  // Scales of groups that were given, in place of those found here, with numbers that are codes times them; null: none.
  const std::vector<float>* q_scales = nullptr;
  const std::vector<float>* k_scales = nullptr;
};

// `dtype` is the tensors' type, in which the matrices' elements are exact.
QuantizedQueries quantize_queries(const Matrix& q, const Quantization& request, const OperandOptions& options);
QuantizedKeys quantize_keys(const Matrix& k, DType dtype, const Quantization& request, const OperandOptions& options);

// pv-input: V in its own type with scale 1; with fp16 accumulators in fp16, where a channel has a power of two as its scale
// if it needs one so that no sum of P <= 1 over the flush interval (without one: over all keys) leaves fp16. The published
// conventions convert to fp16 as it comes.
// `mean`: that of a kernel, in place of the one computed here; null: none. `scales`: of channels, that were given.
QuantizedValues quantize_values(const Matrix& v, const Quantization& request, const std::vector<float>* mean = nullptr,
                                const std::vector<float>* scales = nullptr);

}  // namespace attune::tuner::quantized
