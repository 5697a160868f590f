// The launches that quantize Q, K and V for a GPU kernel: what they are made of, and how they are run.
//
// templates/quantize.cuh and what stands before it; the buffers they fill are those of quantized_arguments.hpp, and their
// one parameter is QuantizedArguments. At most three launches, each of them reading K, V or Q once: statistics
// (attune_statistics), sinks (attune_find_sinks, with k-sink) and codes (attune_quantize). Of k-sink with one scale a head
// there are four: attune_key_magnitudes finds what the scale is made of.
#pragma once

#include <string>
#include <vector>

#include "generator/cuda/compose.hpp"
#include "generator/family.hpp"
#include "generator/problem.hpp"
#include "generator/quantization.hpp"

namespace attune {

// In the order they run, before the attention's own. `request`: the problem's, neither none() nor `sage`.
std::vector<Launch> quantizer_launches(const Problem& problem, const Quantization& request);

// Their entry points, in the same order: they do not depend on the problem.
std::vector<std::string> quantizer_entries(const Quantization& request);

// Roots of a cuda::Composition that define the entries of quantizer_launches(). They need of its constants `namespace spec`
// alone; "element.cuh" and "kernel_arguments.cuh" are chosen as for any kernel with QuantizedArguments.
std::vector<std::string> quantizer_templates(const Quantization& request);

// Writes namespace quant: what takes the place of sample_quantization.cuh.
void write_quantization_constants(cuda::Constants& constants, int64_t head_dim_qk, const Quantization& request);

}  // namespace attune
