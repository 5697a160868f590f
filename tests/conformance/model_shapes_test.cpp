// Shapes of real models, one test a row of tests/data/model_shapes.csv.
//
// Rule: a row runs as it stands when it costs at most 1.5e10 floating-point operations (2 per multiply-add, masked pairs not
// counted). Above that, batch and then heads are reduced (heads_q and heads_kv together, so that the group stays) until it
// does, down to one batch element and one KV head with its group; then the group; then, for the few rows where one head
// alone costs more (sequences of 32K and longer), seqlen_q, keeping the last queries through bottom-right alignment. Head
// dimensions, dtypes, masks, windows, softcap, scale and seqlen_kv are never reduced. Element types that attention on the
// CPU does not have (fp8, int8 and int4 KV) run in the wider type the row names, or bf16.
#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

struct Row {
  Problem problem;
  std::string name;
};

std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

Row parse_row(const std::vector<std::string>& fields, size_t number) {
  enum Column : size_t {
    batch,
    q_heads,
    kv_heads,
    seq_q,
    seq_kv,
    d_qk,
    d_v,
    causal,
    dtype,
    model,
    kind,
    window,
    softcap,
    scale,
    mask
  };
  Row row;
  Problem& p = row.problem;
  p.batch = std::stoll(fields[batch]);
  p.heads_q = std::stoll(fields[q_heads]);
  p.heads_kv = std::stoll(fields[kv_heads]);
  p.seqlen_q = std::stoll(fields[seq_q]);
  p.seqlen_kv = std::stoll(fields[seq_kv]);
  p.head_dim_qk = std::stoll(fields[d_qk]);
  p.head_dim_v = std::stoll(fields[d_v]);
  p.causal = fields[causal] != "none";
  p.alignment = fields[causal] == "bottom_right" ? Alignment::bottom_right : Alignment::top_left;
  p.dtype = fields[dtype].starts_with("fp16") ? DType::f16 : DType::bf16;
  // FlashAttention counts a window of W as W keys to the left of the position, itself besides.
  if (!fields[window].empty()) p.window_left = std::stoll(fields[window]);
  if (!fields[softcap].empty()) p.softcap = std::stof(fields[softcap]);
  if (fields[scale] == "1/sqrt(192)") {
    p.softmax_scale = 1 / std::sqrt(192.0F);
  } else if (!fields[scale].empty()) {
    p.softmax_scale = std::stof(fields[scale]);
  }
  if (!fields[mask].empty()) p.mask = {MaskKind::additive, p.dtype, 1, 1, p.seqlen_q, p.seqlen_kv};
  p.want_lse = number % 2 == 0;
  row.name = std::to_string(number) + "_";
  for (const char c : fields[model]) row.name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return row;
}

std::vector<Row> read_rows() {
  std::ifstream file(ATTUNE_MODEL_SHAPES);
  std::vector<Row> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    if (!line.empty()) rows.push_back(parse_row(split_csv(line), rows.size() + 1));
  }
  return rows;
}

Problem affordable(Problem p) {
  constexpr double most_flops = 1.5e10;
  const auto divide = [&p](int64_t& field, int64_t divisor) {
    if (p.mask.seqlen_q == p.seqlen_q && &field == &p.seqlen_q && p.mask.kind != MaskKind::none) p.mask.seqlen_q /= divisor;
    field /= divisor;
  };
  const auto smallest_divisor = [](int64_t n) {
    for (int64_t d = 2; d * d <= n; ++d) {
      if (n % d == 0) return d;
    }
    return n;
  };
  while (p.flops() > most_flops && p.batch > 1) p.batch = (p.batch + 1) / 2;
  while (p.flops() > most_flops && p.heads_kv > 1) {
    const int64_t divisor = smallest_divisor(p.heads_kv);
    p.heads_q /= divisor;
    p.heads_kv /= divisor;
  }
  while (p.flops() > most_flops && p.heads_q > 1) p.heads_q /= smallest_divisor(p.heads_q);
  while (p.flops() > most_flops && p.seqlen_q > 1) {
    if (p.causal) p.alignment = Alignment::bottom_right;
    divide(p.seqlen_q, 2);
  }
  return p;
}

class ModelShapes : public testing::TestWithParam<Row> {};

TEST_P(ModelShapes, AgreesWithTheReference) {
  const Problem problem = affordable(GetParam().problem);
  ASSERT_TRUE(validate(problem).ok()) << to_text(problem);
  WorkloadOptions workload;
  workload.values = problem.causal ? Values::llm : Values::dit;
  EXPECT_EQ(check_case({problem, workload, host_isas().front(), std::nullopt}, 16), "") << to_text(problem);
}

std::string row_name(const testing::TestParamInfo<Row>& test) { return test.param.name; }
INSTANTIATE_TEST_SUITE_P(Conformance, ModelShapes, testing::ValuesIn(read_rows()), row_name);

TEST(ModelShapesFile, IsReadWhole) { EXPECT_EQ(read_rows().size(), 88U); }

}  // namespace
}  // namespace attune::test
