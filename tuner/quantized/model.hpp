// The exact model of quantized attention: what a kernel for a request must compute, for any problem.
//
// Kernels are held to it tightly (relative L1 <= 2e-3, with fp16 sums 5e-3; quantizers bit by bit); it is itself held
// against attention in double. Written from the definitions (sage paper and code conventions), independent of what is
// emitted.
#pragma once

#include <cstdint>
#include <span>

#include "common/result.hpp"
#include "generator/tensors.hpp"
#include "tuner/quantized/attend.hpp"

namespace attune::tuner::quantized {

struct ModelOptions {
  QuantizedSchedule schedule;  // of the kernel that is compared
  SinkRule sink_rule = SinkRule::apart;
  bool short_accumulator = false;
};

// The operands of query head h of batch element b (its KV head is h / group), from any layout: packed, paged, strided.
// Rows beyond a length are never read.
struct HeadTensors {
  Matrix q, k, v;
};
HeadTensors load_head(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h);

// O and LSE of query head h of batch element b; O is rounded to the problem's dtype. O(rows * keys * head_dim) on `pool`
// (null: this thread). invalid_argument: the request is `sage`, which is none until it has been chosen; the schedule is
// none, or its key tile is no multiple of the flush interval.
Result<HeadOutput> model_head(const Problem& problem, const Tensors& tensors, const Quantization& request,
                              const ModelOptions& options, int64_t b, int64_t h, ThreadPool* pool);

// The same of some queries alone, in the order asked for: what they see is quantized whole, so that O(keys * head_dim) is
// added to O(rows.size() * keys * head_dim).
Result<HeadOutput> model_rows(const Problem& problem, const Tensors& tensors, const Quantization& request,
                              const ModelOptions& options, int64_t b, int64_t h, std::span<const int64_t> rows,
                              ThreadPool* pool);

// All rows from matrices, for callers that have no tensors: keys in ascending order and in one part, unless rules.tiles says
// otherwise.
Result<HeadOutput> model_matrices(const HeadTensors& head, DType dtype, const Quantization& request, const ScoreRules& rules,
                                  const ModelOptions& options, ThreadPool* pool);

}  // namespace attune::tuner::quantized
