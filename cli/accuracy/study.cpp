// Data, reference, model, metrics.
#include "cli/accuracy/study.hpp"

#include <algorithm>
#include <cmath>

#include "generator/tensors.hpp"
#include "tuner/validate.hpp"

namespace attune::cli {

std::vector<DataSet> data_sets() {
  const auto sample = [](std::string kind, std::string strength, bool v_bias = true) {
    return SampleRequest{std::move(kind), std::move(strength), 1, v_bias};
  };
  return {
      {"normal", "N(0,1)", sample("normal", ""), false, 128},
      {"fa3", "N(0,1) with N(0,100) on one value in a thousand", sample("fa3", ""), false, 128},
      {"llm-mild", "decoder LLM, causal, 40 % of a row on the sink", sample("llm", "mild"), true, 128},
      {"llm-sink", "decoder LLM, causal, 85 % of a row on the sink", sample("llm", "sink"), true, 128},
      {"dit", "diffusion transformer, outlier channels up to 14", sample("dit", "plain"), false, 64},
      {"dit-no-v-bias", "the same, no channel of V biased", sample("dit", "plain", false), false, 64},
      {"dit-hard", "diffusion transformer, outlier channels up to 30", sample("dit", "hard"), false, 64},
      {"dit-hard-no-v-bias", "the same, no channel of V biased", sample("dit", "hard", false), false, 64},
  };
}

Tensors Study::tensors() const {
  Tensors tensors;
  // Nothing is written through these; TensorView has one pointer type for inputs and outputs.
  tensors.q.data = const_cast<std::byte*>(static_cast<const std::byte*>(sample_.q.data()));
  tensors.k.data = const_cast<std::byte*>(static_cast<const std::byte*>(sample_.k.data()));
  tensors.v.data = const_cast<std::byte*>(static_cast<const std::byte*>(sample_.v.data()));
  set_contiguous_strides(problem_, tensors);
  return tensors;
}

Result<Study> Study::make(const DataSet& data, const StudySize& size, ThreadPool& pool) {
  Study study;
  Problem& p = study.problem_;
  p.heads_q = p.heads_kv = size.heads;
  p.seqlen_q = p.seqlen_kv = size.seqlen;
  p.head_dim_qk = p.head_dim_v = size.head_dim > 0 ? size.head_dim : data.head_dim;
  p.dtype = size.dtype;
  p.causal = data.causal;
  p.want_lse = true;
  ATTUNE_CHECK(validate(p));
  SampleRequest request = data.sample;
  request.seed = size.seed;
  ATTUNE_TRY(study.sample_, make_sample(p, request));
  const int64_t rows = p.heads_q * p.seqlen_q;
  study.reference_.resize(static_cast<size_t>(rows * p.head_dim_v));
  study.lse_.resize(static_cast<size_t>(rows));
  const Tensors tensors = study.tensors();
  auto body = [&](int64_t begin, int64_t end, int) {
    for (int64_t n = begin; n < end; ++n) {
      tuner::reference_row(p, tensors, 0, n / p.seqlen_q, n % p.seqlen_q,
                           &study.reference_[static_cast<size_t>(n * p.head_dim_v)], &study.lse_[static_cast<size_t>(n)]);
    }
  };
  pool.parallel_for(rows, 16, body);
  return study;
}

Result<tuner::quantized::HeadOutput> Study::head(const Variant& variant, int64_t h, ThreadPool& pool) const {
  tuner::quantized::ModelOptions options;
  options.sink_rule = variant.sink_rule;
  QuantizedSchedule& schedule = options.schedule;
  schedule.key_tile = std::max<int64_t>(64, variant.request.flush_keys);
  schedule.tiles.block_kv = schedule.tiles.warp_kv = schedule.key_tile;
  options.short_accumulator = variant.short_accumulator;
  return tuner::quantized::model_head(problem_, tensors(), variant.request, options, 0, h, &pool);
}

Result<tuner::quantized::ErrorMetrics> Study::measure(const Variant& variant, ThreadPool& pool) const {
  tuner::quantized::ErrorSum sum;
  const auto count = static_cast<size_t>(problem_.seqlen_q * problem_.head_dim_v);
  for (int64_t h = 0; h < problem_.heads_q; ++h) {
    ATTUNE_TRY(const auto out, head(variant, h, pool));
    sum.add(std::span(reference_).subspan(static_cast<size_t>(h) * count, count), out.o.values);
  }
  return sum.metrics();
}

Result<double> Study::lse_error(const Variant& variant, ThreadPool& pool) const {
  double largest = 0;
  for (int64_t h = 0; h < problem_.heads_q; ++h) {
    ATTUNE_TRY(const auto out, head(variant, h, pool));
    for (int64_t i = 0; i < problem_.seqlen_q; ++i) {
      const double exact = lse_[static_cast<size_t>(h * problem_.seqlen_q + i)];
      largest = std::max(largest, std::fabs(static_cast<double>(out.lse[static_cast<size_t>(i)]) - exact));
    }
  }
  return largest;
}

}  // namespace attune::cli
