// From a problem and its tensors to the heads of the model.
#include "tuner/quantized/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "generator/dtype_codec.hpp"
#include "tuner/quantized/given.hpp"
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

namespace {

Result<HeadOutput> compute(const HeadTensors& head, DType dtype, const Quantization& request, const ScoreRules& rules,
                           const ModelOptions& options, const GivenScales& given, std::span<const int64_t> rows,
                           ThreadPool* pool) {
  ATTUNE_CHECK(attune::validate(request));
  ATTUNE_CHECK(validate(options.schedule));
  if (request.automatic) {
    return Error(
        Status::invalid_argument,
        "quantization sage leaves the choice to the tuner, so it has no numbers of its own; give one of its presets.");
  }
  if (request.flush_keys > 0 && options.schedule.key_tile % request.flush_keys != 0) {
    return Error(Status::invalid_argument,
                 fmt::format("key_tile = {} is not a multiple of the flush interval of {} keys; give one that is.",
                             options.schedule.key_tile, request.flush_keys));
  }
  OperandOptions operands{options.schedule.tiles, options.sink_rule};
  if (!given.q.empty()) operands.q_scales = &given.q;
  if (!given.k.empty()) operands.k_scales = &given.k;
  const QuantizedQueries q = quantize_queries(head.q, request, operands);
  const QuantizedKeys k = quantize_keys(head.k, dtype, request, operands);
  const QuantizedValues v = quantize_values(head.v, request, nullptr, given.v.empty() ? nullptr : &given.v);
  HeadOutput out = attend(q, k, v, dtype, request, rules, {options.schedule, options.short_accumulator}, rows, pool);
  for (float& value : out.o.values) value = round_to(dtype, value);
  return out;
}

std::vector<int64_t> all_rows(int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  return rows;
}

// Operands and rules come from `problem`, which has nothing given; O is of `dtype`.
Result<HeadOutput> compute_rows(const Problem& problem, const Tensors& tensors, DType dtype, const Quantization& request,
                                const ModelOptions& options, const GivenScales& given, std::pair<int64_t, int64_t> of,
                                std::span<const int64_t> rows, ThreadPool* pool) {
  const auto [b, h] = of;
  const KeySchedule tiles(problem, tensors, options.schedule, b, h);
  ScoreRules rules;
  rules.softmax_scale = problem.scale();
  rules.softcap = problem.softcap;
  if (problem.sinks) rules.sink = tensors.sinks + h;
  rules.tiles = [&](int64_t i) { return tiles.tiles_of(i); };
  rules.bias = [&, b = b, h = h](int64_t i, std::span<float> bias) {
    ReferenceRow row(problem, tensors);
    std::vector<float> values;
    row.biases(b, h, i, values);
    std::copy(values.begin(), values.end(), bias.begin());
  };
  return compute(load_head(problem, tensors, b, h), dtype, request, rules, options, given, rows, pool);
}

}  // namespace

Result<HeadOutput> model_matrices(const HeadTensors& head, DType dtype, const Quantization& request, const ScoreRules& rules,
                                  const ModelOptions& options, ThreadPool* pool) {
  return compute(head, dtype, request, rules, options, {}, all_rows(head.q.rows), pool);
}

Result<HeadOutput> model_rows(const Problem& problem, const Tensors& tensors, const Quantization& request,
                              const ModelOptions& options, int64_t b, int64_t h, std::span<const int64_t> rows,
                              ThreadPool* pool) {
  ATTUNE_CHECK(validate(options.schedule));  // before tiles are asked of it
  if (request.given != Given::none) {
    // The same with fp32 operands, and the scales that make codes of them again.
    const auto decoded = decode_given(problem, tensors);
    return compute_rows(decoded->problem, decoded->tensors, problem.dtype, request, options,
                        given_scales(problem, tensors, b, h), {b, h}, rows, pool);
  }
  return compute_rows(problem, tensors, problem.dtype, request, options, {}, {b, h}, rows, pool);
}

Result<HeadOutput> model_head(const Problem& problem, const Tensors& tensors, const Quantization& request,
                              const ModelOptions& options, int64_t b, int64_t h, ThreadPool* pool) {
  return model_rows(problem, tensors, request, options, b, h, all_rows(lengths_of(problem, tensors, b).q), pool);
}

}  // namespace attune::tuner::quantized
