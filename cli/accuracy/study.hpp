// How far quantized attention is from attention in double, on generated data: the measurements behind `attune accuracy`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/sample/sample.hpp"
#include "common/result.hpp"
#include "common/thread_pool.hpp"
#include "generator/problem.hpp"
#include "tuner/quantized/error.hpp"
#include "tuner/quantized/model.hpp"

namespace attune::cli {

// One set of inputs, with its results in double.
struct DataSet {
  std::string name, meaning;
  SampleRequest sample;
  bool causal = false;
  int64_t head_dim = 128;
};

struct StudySize {
  int64_t seqlen = 1024, heads = 4;
  int64_t head_dim = 0;  // 0: that of the data set
  DType dtype = DType::f16;
  uint64_t seed = 1;
};

// normal, fa3, llm-mild, llm-sink, dit, dit-no-v-bias, dit-hard, dit-hard-no-v-bias.
std::vector<DataSet> data_sets();

// A request as it stands in a table, with what a request leaves open.
struct Variant {
  std::string name, meaning;
  Quantization request;
  tuner::quantized::SinkRule sink_rule = tuner::quantized::SinkRule::apart;
  bool short_accumulator = false;
};

class Study {
 public:
  // Makes the data and computes the reference: O(heads * seqlen^2 * head_dim) in double.
  static Result<Study> make(const DataSet& data, const StudySize& size, ThreadPool& pool);

  const Problem& problem() const { return problem_; }
  // The exact model of the variant against the reference, over all heads.
  Result<tuner::quantized::ErrorMetrics> measure(const Variant& variant, ThreadPool& pool) const;
  // The largest difference of the model's LSE from the reference's.
  Result<double> lse_error(const Variant& variant, ThreadPool& pool) const;
  Tensors tensors() const;

 private:
  Study() = default;
  Result<tuner::quantized::HeadOutput> head(const Variant& variant, int64_t h, ThreadPool& pool) const;

  Problem problem_;
  Sample sample_;
  std::vector<double> reference_, lse_;  // [heads, seqlen, D] and [heads, seqlen]
};

}  // namespace attune::cli
