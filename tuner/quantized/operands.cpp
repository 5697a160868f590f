// Codes and scales of one head.
#include "tuner/quantized/operands.hpp"

#include <algorithm>
#include <cmath>

#include "tuner/quantized/rounding.hpp"

namespace attune::tuner::quantized {
namespace {

constexpr float largest_f16 = 65504;

std::vector<uint8_t> rows_not_finite(const Matrix& x) {
  std::vector<uint8_t> rows(static_cast<size_t>(x.rows));
  for (int64_t i = 0; i < x.rows; ++i) {
    const bool finite = std::all_of(x.row(i), x.row(i) + x.columns, [](float value) { return std::isfinite(value); });
    rows[static_cast<size_t>(i)] = static_cast<uint8_t>(!finite);
  }
  return rows;
}

// A code that was given, from its product with the scale: the quotient is the code, but for the last bit. Integers are not
// held to the range that quantizers use: -128 and -8 are codes, too. Of a scale of 0, which a channel of zeros may have, any
// code will do.
float given_code(CodeFormat format, float scale, float value) {
  const float quotient = scale == 0 ? value : static_cast<float>(static_cast<double>(value) / scale);
  if (format == CodeFormat::e4m3) return round_e4m3(quotient);
  return quotient != quotient ? 0 : std::nearbyint(quotient);
}

QuantizedRows quantize_rows(const Matrix& x, const Quantization& request, const ScaleGroups& groups,
                            const std::vector<float>* given) {
  const bool safe = request.scales == ScaleConvention::safe;
  QuantizedRows out{x, {1}, {}, {}};
  out.poisoned = rows_not_finite(x);
  if (!safe) std::fill(out.poisoned.begin(), out.poisoned.end(), uint8_t{0});
  if (!request.quantizes_qk()) {
    // Poisoned rows carry NaN of their own.
    std::fill(out.poisoned.begin(), out.poisoned.end(), uint8_t{0});
    return out;
  }
  out.groups = groups;
  std::vector<LargestMagnitude> amax(static_cast<size_t>(groups.count(x.rows)), LargestMagnitude(request.scales));
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t c = 0; c < x.columns; ++c) amax[static_cast<size_t>(groups.of(i))].add(x.row(i)[c]);
  }
  std::vector<GroupScale> scales;
  out.scales.clear();
  for (size_t group = 0; group < amax.size(); ++group) {
    const bool is_given = given != nullptr && group < given->size();
    scales.push_back(is_given ? GroupScale{(*given)[group], 1}
                              : group_scale(request.scales, amax[group].value(), request.qk_target()));
    out.scales.push_back(scales.back().scale);
  }
  const CodeFormat format = code_format(request.qk);
  for (int64_t i = 0; i < x.rows; ++i) {
    const GroupScale& scale = scales[static_cast<size_t>(groups.of(i))];
    for (int64_t c = 0; c < x.columns; ++c) {
      const float value = x.row(i)[c];
      const bool counts = !safe || std::isfinite(value);
      float& code = out.codes.row(i)[c];
      code = 0;
      if (!counts) continue;
      code = given != nullptr ? given_code(format, scale.scale, value) : quantize(format, request.scales, scale, value);
    }
  }
  return out;
}

// The power of two that brings `amax` to at most `limit`, as a divisor: 1 where none is needed.
float power_of_two_over(float amax, float limit) {
  float scale = 1;
  while (amax / scale > limit) scale *= 2;
  return scale;
}

}  // namespace

QuantizedQueries quantize_queries(const Matrix& q, const Quantization& request, const OperandOptions& options) {
  SmoothedQueries smoothed = smooth_queries(q, request, options.tiles.block_q, options.q_block_means);
  return {quantize_rows(smoothed.rows, request, q_scale_groups(request.granularity, options.tiles), options.q_scales), q,
          std::move(smoothed.block_means)};
}

QuantizedKeys quantize_keys(const Matrix& k, DType dtype, const Quantization& request, const OperandOptions& options) {
  SmoothedKeys smoothed = smooth_keys(k, dtype, request, options.sink_rule, options.tiles.block_kv, options.k_mean);
  QuantizedRows rows =
      quantize_rows(smoothed.rows, request, k_scale_groups(request.granularity, options.tiles), options.k_scales);
  return {std::move(rows), std::move(smoothed)};
}

QuantizedValues quantize_values(const Matrix& v, const Quantization& request, const std::vector<float>* mean,
                                const std::vector<float>* scales) {
  const auto width = static_cast<size_t>(v.columns);
  const bool safe = request.scales == ScaleConvention::safe;
  QuantizedValues out{v, std::vector<float>(width, 1.0F), std::vector<float>(width), {}};
  if (request.v_smoothing == VSmoothing::mean) out.mean = mean != nullptr ? *mean : mean_row(v, 0, v.rows, nullptr, safe);
  const bool to_f16 = request.pv == PvOperand::input && request.accumulator == PvAccumulator::f16;
  const bool plain = request.pv == PvOperand::input && !to_f16;
  const float keys = static_cast<float>(request.flush_keys > 0 ? request.flush_keys : std::max<int64_t>(v.rows, 1));
  for (int64_t c = 0; c < v.columns; ++c) {
    const auto at = static_cast<size_t>(c);
    LargestMagnitude amax(request.scales);
    for (int64_t n = 0; n < v.rows; ++n) {
      float& value = out.codes.row(n)[c];
      if (safe && !std::isfinite(value)) {
        out.poisoned.emplace_back(n, c);
        value = 0;
        continue;
      }
      value -= out.mean[at];
      amax.add(value);
    }
    if (plain) continue;
    if (to_f16) {
      if (safe) out.scale[at] = power_of_two_over(amax.value(), largest_f16 / keys);
      for (int64_t n = 0; n < v.rows; ++n) out.codes.row(n)[c] = round_f16(out.codes.row(n)[c] / out.scale[at]);
      continue;
    }
    // Both published quantizers of V multiply by a reciprocal and round to nearest even.
    const ScaleConvention convention = safe ? ScaleConvention::safe : ScaleConvention::reciprocal;
    const GroupScale group =
        scales != nullptr ? GroupScale{(*scales)[at], 1} : group_scale(convention, amax.value(), request.v_target());
    out.scale[at] = group.scale;
    for (int64_t n = 0; n < v.rows; ++n) {
      float& value = out.codes.row(n)[c];
      const CodeFormat format = code_format(request.pv);
      value = scales != nullptr ? given_code(format, group.scale, value) : quantize(format, convention, group, value);
    }
    // Codes that were not counted as finite stay 0, whatever the mean is.
    for (const auto& [key, channel] : out.poisoned) {
      if (channel == c) out.codes.row(key)[c] = 0;
    }
  }
  return out;
}

}  // namespace attune::tuner::quantized
