// Chooses the statistics and lays the heads out in the problem's layout and element type.
#include "cli/sample/sample.hpp"

#include <fmt/format.h>

#include "cli/sample/random.hpp"
#include "generator/dtype_codec.hpp"

namespace attune::cli {
namespace {

struct Kind {
  std::string_view kind, strength;
  double parameter;  // llm: probability of the sink; dit: the outlier channels' largest bias
};
// The first of a kind is its default.
constexpr Kind kinds[] = {{"llm", "sink", 0.85},  {"llm", "mild", 0.40}, {"dit", "plain", 14},  {"dit", "hard", 30},
                          {"dit", "extreme", 20}, {"fa3", "plain", 0},   {"normal", "plain", 0}};

Result<Kind> find_kind(const SampleRequest& request) {
  std::string strengths;
  for (const Kind& kind : kinds) {
    if (kind.kind != request.kind) continue;
    if (request.strength.empty() || kind.strength == request.strength) return kind;
    strengths += fmt::format("{}{}", strengths.empty() ? "" : ", ", kind.strength);
  }
  if (strengths.empty()) {
    return Error(Status::invalid_argument, fmt::format("kind: '{}' is unknown; give llm, dit, fa3 or normal", request.kind));
  }
  return Error(Status::invalid_argument,
               fmt::format("strength: '{}' is unknown for {}; give {}", request.strength, request.kind, strengths));
}

std::vector<int64_t> shape_of(const Problem& problem, int64_t heads, int64_t rows, int64_t channels) {
  if (problem.layout == Layout::bhsd) return {problem.batch, heads, rows, channels};
  return {problem.batch, rows, heads, channels};
}

void store(const HeadSample& head, const Problem& problem, int64_t batch, int64_t index, int64_t heads, Array& array) {
  const bool bhsd = problem.layout == Layout::bhsd;
  for (int64_t i = 0; i < head.rows; ++i) {
    const int64_t row = bhsd ? (batch * heads + index) * head.rows + i : (batch * head.rows + i) * heads + index;
    for (int64_t c = 0; c < head.channels; ++c) {
      store_float(array.dtype(), array.data(), row * head.channels + c, head.row(i)[c]);
    }
  }
}

}  // namespace

GroupSample normal_group(const Problem& p, bool with_outliers, uint64_t seed, int64_t batch, int64_t head_kv) {
  Random random{seed, 3, static_cast<uint64_t>(batch), static_cast<uint64_t>(head_kv)};
  const auto head = [&](int64_t rows, int64_t channels) {
    HeadSample sample{rows, channels, std::vector<float>(static_cast<size_t>(rows * channels))};
    for (float& value : sample.values) {
      value = static_cast<float>(random.normal());
      if (with_outliers && random.uniform() < 0.001) value += static_cast<float>(10 * random.normal());
    }
    return sample;
  };
  GroupSample group;
  group.k = head(p.seqlen_kv, p.head_dim_qk);
  group.v = head(p.seqlen_kv, p.head_dim_v);
  for (int64_t h = 0; h < p.group(); ++h) group.q.push_back(head(p.seqlen_q, p.head_dim_qk));
  return group;
}

Result<Sample> make_sample(const Problem& problem, const SampleRequest& request) {
  ATTUNE_TRY(const Kind kind, find_kind(request));
  if (problem.varlen) {
    return Error(Status::invalid_argument, "varlen: samples are not packed; describe one shape with B, H, S and D");
  }
  Sample sample;
  ATTUNE_TRY(sample.q,
             Array::allocate(problem.dtype, shape_of(problem, problem.heads_q, problem.seqlen_q, problem.head_dim_qk)));
  ATTUNE_TRY(sample.k,
             Array::allocate(problem.dtype, shape_of(problem, problem.heads_kv, problem.seqlen_kv, problem.head_dim_qk)));
  ATTUNE_TRY(sample.v,
             Array::allocate(problem.dtype, shape_of(problem, problem.heads_kv, problem.seqlen_kv, problem.head_dim_v)));
  for (int64_t b = 0; b < problem.batch; ++b) {
    for (int64_t h = 0; h < problem.heads_kv; ++h) {
      const GroupSample group = kind.kind == "llm"   ? llm_group(problem, kind.parameter, request.seed, b, h)
                                : kind.kind == "dit" ? dit_group(problem, kind.parameter, request.v_bias, request.seed, b, h)
                                                     : normal_group(problem, kind.kind == "fa3", request.seed, b, h);
      store(group.k, problem, b, h, problem.heads_kv, sample.k);
      store(group.v, problem, b, h, problem.heads_kv, sample.v);
      for (int64_t g = 0; g < problem.group(); ++g) {
        store(group.q[static_cast<size_t>(g)], problem, b, h * problem.group() + g, problem.heads_q, sample.q);
      }
    }
  }
  return sample;
}

}  // namespace attune::cli
