// The exact model of quantized attention: what a kernel for a request must compute, for any problem.
//
// Kernels are held to it tightly (relative L1 <= 2e-3, with fp16 sums 5e-3; quantizers bit by bit); it is itself held
// against attention in double. Written from the definitions (sage paper and code conventions), independent of what is
// emitted.
#pragma once

#include <cstdint>

#include "common/result.hpp"
#include "generator/tensors.hpp"
#include "tuner/quantized/attend.hpp"

namespace attune::tuner::quantized {

struct ModelOptions {
  OperandOptions operands;  // the tiles of the kernel that is compared
  bool short_accumulator = false;
};

// The operands of query head h of batch element b (its KV head is h / group), from any layout: packed, paged, strided.
// Rows beyond a length are never read.
struct HeadTensors {
  Matrix q, k, v;
};
HeadTensors load_head(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h);

// O and LSE of query head h of batch element b; O is rounded to the problem's dtype. O(rows * keys * head_dim) on `pool`
// (null: this thread). Keys are visited in ascending order, also with block lists. invalid_argument: the request is `sage`,
// which is none until it has been chosen; the tiles do not divide each other, or the flush interval does not divide the key
// tile.
Result<HeadOutput> model_head(const Problem& problem, const Tensors& tensors, const Quantization& request,
                              const ModelOptions& options, int64_t b, int64_t h, ThreadPool* pool);

// The same from matrices, for callers that have no tensors.
Result<HeadOutput> model_matrices(const HeadTensors& head, DType dtype, const Quantization& request, const ScoreRules& rules,
                                  const ModelOptions& options, ThreadPool* pool);

}  // namespace attune::tuner::quantized
