// Sums of P V as the tensor cores make them: one row of P, tile after tile.
//
// Source: SageAttention2 (two-level accumulation), SageAttention2++ (fp16 accumulators), and the emulator's mma: the
// products of one k step are summed exactly with the accumulator and rounded once. A k step has 16 keys for 16-bit operands
// and 32 for e4m3.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "generator/quantization.hpp"
#include "tuner/quantized/matrix.hpp"

namespace attune::tuner::quantized {

// Products that one fp8 mma adds to an accumulator.
inline constexpr int64_t fp8_step = 32;

// The f32 accumulator of e4m3 products on Ada and Hopper after one k step: addends are cut off, toward zero, 13 bits below
// the leading bit of the largest of them, and so is the sum. All are finite; codes of e4m3 and their sums are.
float short_sum(float accumulator, std::span<const double> products);

class RowAccumulator {
 public:
  // `short_accumulator`: f32 accumulators of e4m3 products are those of short_sum().
  RowAccumulator(const Quantization& request, int64_t channels, bool short_accumulator);

  void clear();
  // All sums so far times `factor` (the online softmax's rescaling).
  void rescale(float factor);
  // Adds the tile of keys [first, first + p.size()) of `v`: p as codes, `p_scale` what they are multiplied by. Flush windows
  // start anew with each tile.
  void add(const std::vector<float>& p, float p_scale, const Matrix& v, int64_t first);
  const std::vector<float>& sums() const { return sums_; }

 private:
  void add_step(std::vector<float>& accumulator, const float* p, int64_t keys, const Matrix& v, int64_t first);
  void add_exact(const float* p, int64_t keys, const Matrix& v, int64_t first);
  void add_short(std::vector<float>& accumulator, const float* p, int64_t keys, const Matrix& v, int64_t first);

  PvOperand operand_;
  PvAccumulator type_;
  int64_t flush_keys_;
  bool short_;
  std::vector<float> sums_, window_;
  std::vector<double> exact_;
};

}  // namespace attune::tuner::quantized
