// From a problem and its tensors to the heads of the model.
#include "tuner/quantized/model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "generator/dtype_codec.hpp"
#include "tuner/reference_row.hpp"

namespace attune::tuner::quantized {

HeadTensors load_head(const Problem& problem, const Tensors& tensors, int64_t b, int64_t h) {
  const Lengths lengths = lengths_of(problem, tensors, b);
  HeadTensors head{Matrix(lengths.q, problem.head_dim_qk), Matrix(lengths.kv, problem.head_dim_qk),
                   Matrix(lengths.kv, problem.head_dim_v)};
  const auto fill = [&](Matrix& matrix, const TensorView& view, auto&& element_of) {
    for (int64_t i = 0; i < matrix.rows; ++i) {
      const int64_t element = element_of(view, i);
      for (int64_t c = 0; c < matrix.columns; ++c) matrix.row(i)[c] = load_float(problem.dtype, view.data, element + c);
    }
  };
  const auto query = [&](const TensorView& view, int64_t i) {
    return (problem.varlen ? 0 : b * view.stride_batch) + h * view.stride_head + (lengths.first_q + i) * view.stride_seq;
  };
  const auto key = [&](const TensorView& view, int64_t n) {
    const int64_t head_element = h / problem.group() * view.stride_head;
    if (!problem.paged()) {
      return (problem.varlen ? 0 : b * view.stride_batch) + head_element + (lengths.first_kv + n) * view.stride_seq;
    }
    const int64_t page = tensors.page_table[b * tensors.page_table_stride + n / problem.page_size];
    return page * view.stride_batch + head_element + n % problem.page_size * view.stride_seq;
  };
  fill(head.q, tensors.q, query);
  fill(head.k, tensors.k, key);
  fill(head.v, tensors.v, key);
  return head;
}

Result<HeadOutput> model_matrices(const HeadTensors& head, DType dtype, const Quantization& request, const ScoreRules& rules,
                                  const ModelOptions& options, ThreadPool* pool) {
  ATTUNE_CHECK(validate(request));
  const QuantizationTiles& tiles = options.operands.tiles;
  ATTUNE_CHECK(validate(tiles));
  if (request.automatic) {
    return Error(
        Status::invalid_argument,
        "quantization sage leaves the choice to the tuner, so it has no numbers of its own; give one of its presets.");
  }
  if (request.flush_keys > 0 && tiles.block_kv % request.flush_keys != 0) {
    return Error(Status::invalid_argument,
                 fmt::format("block_kv = {} is not a multiple of the flush interval of {} keys; give one that is.",
                             tiles.block_kv, request.flush_keys));
  }
  const QuantizedQueries q = quantize_queries(head.q, request, options.operands);
  const QuantizedKeys k = quantize_keys(head.k, dtype, request, options.operands);
  const QuantizedValues v = quantize_values(head.v, request);
  HeadOutput out = attend(q, k, v, dtype, request, rules, {tiles, options.short_accumulator}, pool);
  for (float& value : out.o.values) value = round_to(dtype, value);
  return out;
}

Result<HeadOutput> model_head(const Problem& problem, const Tensors& tensors, const Quantization& request,
                              const ModelOptions& options, int64_t b, int64_t h, ThreadPool* pool) {
  ScoreRules rules;
  rules.softmax_scale = problem.scale();
  rules.softcap = problem.softcap;
  if (problem.sinks) rules.sink = tensors.sinks + h;
  rules.bias = [&](int64_t i, std::span<float> bias) {
    ReferenceRow row(problem, tensors);
    std::vector<float> values;
    row.biases(b, h, i, values);
    std::copy(values.begin(), values.end(), bias.begin());
  };
  return model_matrices(load_head(problem, tensors, b, h), problem.dtype, request, rules, options, pool);
}

}  // namespace attune::tuner::quantized
