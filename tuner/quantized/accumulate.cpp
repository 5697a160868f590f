// The accumulation modes.
#include "tuner/quantized/accumulate.hpp"

#include <algorithm>
#include <cmath>

#include "emulator/numerics/formats.hpp"
#include "tuner/quantized/rounding.hpp"

namespace attune::tuner::quantized {
namespace {

constexpr int short_fraction_bits = 13;

float f16_of(double value) { return emulator::f32_from_f16(emulator::f16_from_f64(value)); }

// `value` without the bits below `unit` (a power of two), toward zero.
double cut(double value, double unit) { return std::trunc(value / unit) * unit; }

}  // namespace

float short_sum(float accumulator, std::span<const double> products) {
  double largest = std::fabs(static_cast<double>(accumulator));
  for (const double product : products) largest = std::max(largest, std::fabs(product));
  if (largest == 0) return 0;
  const double unit = std::ldexp(1.0, std::ilogb(largest) - short_fraction_bits);
  double sum = cut(static_cast<double>(accumulator), unit);
  for (const double product : products) sum += cut(product, unit);
  if (sum != 0) sum = cut(sum, std::ldexp(1.0, std::ilogb(sum) - short_fraction_bits));
  return static_cast<float>(sum);
}

RowAccumulator::RowAccumulator(const Quantization& request, int64_t channels, bool short_accumulator)
    : operand_(request.pv),
      type_(request.accumulator),
      flush_keys_(request.flush_keys),
      short_(short_accumulator && request.pv == PvOperand::e4m3 && request.accumulator == PvAccumulator::f32),
      sums_(static_cast<size_t>(channels)),
      window_(static_cast<size_t>(channels)),
      exact_(static_cast<size_t>(channels)) {}

void RowAccumulator::clear() { std::fill(sums_.begin(), sums_.end(), 0.0F); }

void RowAccumulator::rescale(float factor) {
  if (factor == 1) return;
  if (type_ == PvAccumulator::f16 && flush_keys_ == 0) {
    const float half = round_f16(factor);
    for (float& sum : sums_) sum = round_f16(sum * half);
  } else {
    for (float& sum : sums_) sum *= factor;
  }
}

void RowAccumulator::add(const std::vector<float>& p, float p_scale, const Matrix& v, int64_t first) {
  const auto keys = static_cast<int64_t>(p.size());
  if (operand_ == PvOperand::int8) {
    // 127 * 127 * 1024 keys are exact in double, and in the int32 that the tensor cores use.
    std::fill(exact_.begin(), exact_.end(), 0.0);
    add_exact(p.data(), keys, v, first);
    for (size_t c = 0; c < sums_.size(); ++c) sums_[c] += static_cast<float>(exact_[c]) * p_scale;
    return;
  }
  const int64_t step = operand_ == PvOperand::e4m3 ? fp8_step : 16;
  const int64_t flush = flush_keys_ > 0 ? flush_keys_ : keys;
  const bool flushes = flush_keys_ > 0;
  for (int64_t window = 0; window < keys; window += flush) {
    std::vector<float>& accumulator = flushes ? window_ : sums_;
    if (flushes) std::fill(window_.begin(), window_.end(), 0.0F);
    const int64_t end = std::min(window + flush, keys);
    for (int64_t at = window; at < end; at += step) {
      add_step(accumulator, p.data() + at, std::min(step, end - at), v, first + at);
    }
    if (!flushes) continue;
    for (size_t c = 0; c < sums_.size(); ++c) sums_[c] += window_[c];
  }
}

void RowAccumulator::add_exact(const float* p, int64_t keys, const Matrix& v, int64_t first) {
  for (int64_t n = 0; n < keys; ++n) {
    if (p[n] == 0) continue;  // hidden keys; their values are finite by then, or belong to no one
    const auto weight = static_cast<double>(p[n]);
    const float* const row = v.row(first + n);
    for (size_t c = 0; c < exact_.size(); ++c) exact_[c] += weight * static_cast<double>(row[c]);
  }
}

void RowAccumulator::add_step(std::vector<float>& accumulator, const float* p, int64_t keys, const Matrix& v,
                              int64_t first) {
  if (short_) return add_short(accumulator, p, keys, v, first);
  for (size_t c = 0; c < exact_.size(); ++c) exact_[c] = static_cast<double>(accumulator[c]);
  add_exact(p, keys, v, first);
  if (type_ == PvAccumulator::f16) {
    for (size_t c = 0; c < exact_.size(); ++c) accumulator[c] = f16_of(exact_[c]);
  } else {
    for (size_t c = 0; c < exact_.size(); ++c) accumulator[c] = static_cast<float>(exact_[c]);
  }
}

void RowAccumulator::add_short(std::vector<float>& accumulator, const float* p, int64_t keys, const Matrix& v,
                               int64_t first) {
  double products[fp8_step];
  for (size_t c = 0; c < accumulator.size(); ++c) {
    for (int64_t n = 0; n < keys; ++n) {
      products[n] = static_cast<double>(p[n]) * static_cast<double>(v.row(first + n)[c]);
    }
    accumulator[c] = short_sum(accumulator[c], {products, static_cast<size_t>(keys)});
  }
}

}  // namespace attune::tuner::quantized
