// Every config of the space must compute the same attention: the tuner is free to choose any of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

class Configs : public testing::TestWithParam<std::string> {};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, Configs, testing::ValuesIn(test_targets()), target_of);

Problem prefill() {
  Problem p;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 300;
  p.seqlen_kv = 333;
  p.head_dim_qk = 72;
  p.head_dim_v = 56;
  p.dtype = DType::bf16;
  p.causal = true;
  p.alignment = Alignment::bottom_right;
  p.want_lse = true;
  return p;
}

Problem decode() {
  Problem p;
  p.batch = 3;
  p.heads_q = 8;
  p.heads_kv = 2;
  p.seqlen_q = 1;
  p.seqlen_kv = 2049;
  p.head_dim_qk = p.head_dim_v = 128;
  p.dtype = DType::f16;
  p.kv_lengths = true;
  p.sinks = true;
  p.want_lse = true;
  return p;
}

Problem sparse() {
  Problem p = prefill();
  p.dtype = DType::f32;
  p.softcap = 5;
  p.mask = {MaskKind::additive, DType::f32, 1, 4, 300, 333};
  p.sparsity = {SparsityKind::padded_lists, 64, 64, true, true, 1, 2, 6};
  return p;
}

Space space_of(Conformer& conformer, const Problem& problem) {
  const auto family = conformer.context().select_family(problem);
  EXPECT_TRUE(family.ok()) << family.error().message();
  const DeviceClass& device = conformer.context().device().device_class();
  return (*family)->space((*family)->spec(problem, device), problem, device);
}

bool is_emulated(const std::string& target) { return target.starts_with("emulated:"); }

TEST_P(Configs, RandomOnesAgreeWithTheReference) {
  Random random(42);
  Conformer& device = conformer(GetParam());
  std::set<std::string> seen;
  size_t possible = 0;
  const int each = is_emulated(GetParam()) ? 8 : 14;  // each is compiled by NVRTC there, in a second or two
  for (Problem problem : {prefill(), decode(), sparse()}) {
    // fp32 is left to forward_simt, which has a target of its own.
    if (is_emulated(GetParam()) && problem.dtype == DType::f32) problem.dtype = DType::f16;
    possible += space_of(device, problem).enumerate(100).size();
    for (int n = 0; n < each; ++n) {
      const auto config = device.random_config(problem, random);
      ASSERT_TRUE(config.has_value()) << to_text(problem);
      seen.insert(config->to_json());
      ASSERT_EQ(check_case({problem,
                            {static_cast<uint64_t>(n + 1), Values::normal, Strides::shuffled, n % 3 == 0, false},
                            GetParam(),
                            config}),
                "");
    }
  }
  // A large space is swept by configs that are all but distinct; of a small one a good part is seen.
  EXPECT_GT(seen.size(), std::min<size_t>(2 * static_cast<size_t>(each), possible / 3));
}

TEST_P(Configs, EachTunableMovedAloneAgrees) {
  Conformer& device = conformer(GetParam());
  // Of the architectures whose kernels differ in instructions alone, half take each problem.
  const bool no_prefill = GetParam() == "emulated:sm_89" || GetParam() == "emulated:sm_90a";
  const bool no_decode = GetParam() == "emulated:sm_120a" || GetParam() == "emulated:sm_80";
  for (const Problem& problem : {prefill(), decode()}) {
    if (problem.seqlen_q == 1 ? no_decode : no_prefill) continue;
    const auto start = device.heuristic(problem);
    ASSERT_TRUE(start.has_value());
    for (const Config& neighbour : space_of(device, problem).neighbours(*start)) {
      ASSERT_EQ(check_case({problem, {9, Values::llm, Strides::contiguous, false, false}, GetParam(), neighbour}), "");
    }
  }
}

}  // namespace
}  // namespace attune::test
