// Operands that are given as codes: made from tensors, for measuring and tests, and read back, for references.
//
// Layout: generator/given_operands.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/result.hpp"
#include "generator/problem.hpp"
#include "generator/tensors.hpp"
#include "tuner/quantized/operands.hpp"

namespace attune::tuner::quantized {

// What stands in place of Q, K and V of a problem that gives them; empty where it does not. Codes of Q and K are contiguous
// in the problem's layout.
struct GivenOperands {
  std::vector<uint8_t> q, k, v;
  std::vector<float> q_scales, k_scales, v_scales;
};

// As the model quantizes them, without smoothing. `tensors` has Q, K and V in the problem's dtype, with any strides, and the
// lengths. Padding gets scales of NaN and codes of 0; what may not be read at all, blocks and pages of no sequence, bytes of
// 0xff, the NaN of e4m3. Where sequences share a page, the last of them writes it.
GivenOperands encode_given(const Problem& problem, const Tensors& tensors);

// The same problem with nothing given: Q, K and V are fp32 tensors of its own, code * scale where they were given, so that
// what reads tensors needs to know nothing of codes. Lengths, masks and lists point where `tensors` points. Paged stays
// paged, but sequences have pages of their own: scales of a sequence make different numbers of a shared one.
struct DecodedProblem {
  Problem problem;  // dtype fp32, quantization none
  Tensors tensors;
  std::vector<float> q, k, v;
  std::vector<int32_t> page_table;
};
std::unique_ptr<const DecodedProblem> decode_given(const Problem& problem, const Tensors& tensors);

// The scales that were given for one head, in place of what a quantizer would find. Empty vectors: not given.
struct GivenScales {
  std::vector<float> q, k, v;
};
GivenScales given_scales(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h);

}  // namespace attune::tuner::quantized
