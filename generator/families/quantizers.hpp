// The launches that quantize Q, K and V for a GPU kernel: what they are made of, and how they are run.
//
// templates/quantize.cuh and what stands before it; the buffers they fill are those of quantized_arguments.hpp, and their
// one parameter is QuantizedArguments. At most three launches: statistics (attune_statistics), sinks (attune_find_sinks,
// with k-sink) and codes (attune_quantize). Of k-sink with one scale a head there are four: attune_key_magnitudes finds what
// the scale is made of.
//
// The statistics read K and V, and Q where it is smoothed or has one scale a head; the last launch reads all three, K and Q
// a second time from the caches; k-sink reads K once more. Written are the codes, and with q-mean delta S: 4 bytes for every
// 128 scores.
#pragma once

#include <string>
#include <vector>

#include "generator/family.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"

namespace attune {

// In the order they run, before the attention's own. `request`: what is left to quantize (Quantization::own()), neither
// none() nor `sage`.
std::vector<Launch> quantizer_launches(const Problem& problem, const Quantization& request);

// A translation unit for each of their entry points, in the same order: no kernel waits for another to be compiled. Of the
// spec of a GPU family only what says where rows lie shows in them (head_dim_qk, head_dim_v, group, kv_lengths, varlen,
// page_size, dtype), so that many kernels share them.
Result<std::vector<Source>> quantizer_sources(const Spec& spec, const Quantization& request);

// Namespace quant: what takes the place of sample_quantization.cuh.
std::string quantization_constants(int64_t head_dim_qk, const Quantization& request);

}  // namespace attune
