// The quantization request of a problem: which operands are rounded to which format, and what is done so that little is
// lost.
//
// Source: SageAttention 1, 2 and 2++ (arXiv 2410.02367, 2411.10958, 2505.21136). A request says what is computed, not how:
// tile sizes are the tuner's, except where a scale group follows them (quantization_layout.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace attune {

// Operands of Q K^T. `input`: the tensors' own type.
enum class QkOperand : uint8_t { input = 0, int8, int4, e4m3 };

// How many rows of Q (of K) share one scale. `thread`: the rows whose accumulators one lane of an mma fragment owns.
enum class Granularity : uint8_t { thread = 0, tensor, block, warp, token };

// `mean`: the mean key is subtracted from every key, which changes no probability. `sink_mean`: the same, but for at most
// max_sink_keys keys a head that the subtraction would turn into outliers (attention sinks, keys of small norm): they take
// no part in the mean and have code 0, and their scores, q . (k - mean), are one dot product a row in fp32.
enum class KSmoothing : uint8_t { none = 0, mean, sink_mean };

// `block_mean`: the mean of the rows of a query block is subtracted from them, and its product with the keys ("delta S"),
// one value a key and query block, is added to the scores.
enum class QSmoothing : uint8_t { none = 0, block_mean };

// `mean`: the mean value of each channel is subtracted from V and added to O.
enum class VSmoothing : uint8_t { none = 0, mean };

// Operands of P V. `int8`: P with a scale a row and key tile, V with a scale a channel; accumulated in int32 a tile.
enum class PvOperand : uint8_t { input = 0, e4m3, int8 };

// What the tensor cores sum P V in.
enum class PvAccumulator : uint8_t { f32 = 0, f16 };

// From the largest magnitude of a group to its scale and codes. M: 127, 7 or 448, or what a channel of V is mapped to.
// - safe        scale = max(amax, 2^-117) / M, code = nearest even of x * (M / max(amax, 2^-117)): scale and inverse are
// normal
//               numbers whatever the magnitude (2.25 over 2^127 and more apart), zeros have code 0. Elements that are not
//               finite take no part in amax or means, have code 0, and poison exactly the rows that see them. The default.
// - reciprocal  scale = max(amax, 1e-7) / M, code = nearest even of x * (M / max(amax, 1e-7)); the mean of K is rounded to
// the
//               tensors' type, the difference is not. SageAttention's CUDA quantizers.
// - divided     scale = amax / M + 1e-7, code = x / scale, half away from zero; the mean of K and the difference are both
//               rounded to the tensors' type. SageAttention's Triton quantizers.
enum class ScaleConvention : uint8_t { safe = 0, reciprocal, divided };

// What the caller has quantized already, elsewhere: its codes and scales are given in place of the tensors
// (given_operands.hpp has their layout), and the plan has no quantizers for it. Smoothing of such an operand is the
// caller's, too.
enum class Given : uint8_t { none = 0, qk, v, qkv };

struct Quantization {
  // `sage`: any of quantization_candidates(), chosen for the device and the shape. All other fields have their defaults.
  bool automatic = false;
  QkOperand qk = QkOperand::input;
  Granularity granularity = Granularity::thread;
  KSmoothing k_smoothing = KSmoothing::none;
  QSmoothing q_smoothing = QSmoothing::none;
  VSmoothing v_smoothing = VSmoothing::none;
  PvOperand pv = PvOperand::input;
  PvAccumulator accumulator = PvAccumulator::f32;
  int64_t flush_keys = 0;  // the accumulators are added to fp32 sums and cleared every so many keys; 0: never
  ScaleConvention scales = ScaleConvention::safe;
  Given given = Given::none;

  bool operator==(const Quantization&) const = default;

  bool none() const { return *this == Quantization{}; }
  bool quantizes_qk() const { return qk != QkOperand::input; }
  bool given_qk() const { return given == Given::qk || given == Given::qkv; }
  bool given_v() const { return given == Given::v || given == Given::qkv; }
  // What is left for the plan's own quantizers: the request without what is given.
  Quantization own() const;
  // Largest magnitude of a code of Q and K: 127, 7 or 448; 0 for `input`.
  float qk_target() const;
  // What the largest magnitude of a channel of V is mapped to: 127 for int8; 448 for e4m3, but 144 / flush_keys with f16
  // accumulators, so that flush_keys products of P <= 448 cannot overflow them (2.25 at 64 keys). 0 for `input`.
  float v_target() const;
};

// The named requests. none, sage1, sage2-8b, sage2-4b, sage2++, sage.
struct QuantizationPreset {
  std::string_view name, meaning;
  Quantization value;
};
std::span<const QuantizationPreset> quantization_presets();

// What `sage` chooses from, cheapest arithmetic first.
std::vector<Quantization> quantization_candidates();

// A preset, or words of the axes separated by commas, or a preset and the words that change it: "sage2-8b",
// "int8,warp,k-mean", "sage2-8b,token,k-sink". An axis that is not named has the preset's value, without one its default.
// Errors (invalid_argument) name the word and list what there is. The result has passed validate().
Result<Quantization> parse_quantization(std::string_view text);

// The canonical text: the name of the preset that is equal, else the words of all axes that differ from their defaults, in a
// fixed order. parse_quantization() of it gives the same value.
std::string to_text(const Quantization& request);

// Contradictions within a request, with the nearest request that has none. What an arch cannot do is a family's to refuse.
Result<void> validate(const Quantization& request);

// parse and to_text in one: equal requests become equal bytes.
Result<std::string> canonical_quantization(std::string_view text);

// Every word of the axes with its meaning, in the order of the canonical text; for help texts and documentation.
struct QuantizationWord {
  std::string_view axis, word, meaning;
};
std::vector<QuantizationWord> quantization_words();

}  // namespace attune
