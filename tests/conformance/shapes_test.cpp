// Head dimensions, length pairs and strides that tell kernels apart.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

class Shapes : public testing::TestWithParam<std::string> {
 protected:
  void expect_agreement(const Problem& problem, const WorkloadOptions& workload) {
    EXPECT_EQ(check_case({problem, workload, GetParam(), std::nullopt}), "");
  }
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, Shapes, testing::ValuesIn(test_targets()), target_of);

TEST_P(Shapes, HeadDimensions) {
  const std::vector<std::pair<int64_t, int64_t>> dims{
      {1, 1},     {2, 3},     {8, 8},     {16, 16},   {21, 21},   {36, 36},   {40, 40},   {48, 48},   {59, 59},   {60, 60},
      {64, 64},   {72, 72},   {80, 80},   {88, 88},   {96, 96},   {111, 111}, {128, 128}, {160, 160}, {192, 192}, {203, 203},
      {256, 256}, {192, 128}, {320, 256}, {512, 512}, {576, 512}, {1, 512},   {512, 1},   {33, 257}};
  int n = 0;
  for (const auto& [qk, v] : dims) {
    Problem p;
    p.heads_q = 2;
    p.seqlen_q = 37;
    p.seqlen_kv = 130;
    p.head_dim_qk = qk;
    p.head_dim_v = v;
    p.dtype = std::array{DType::bf16, DType::f32, DType::f16}[static_cast<size_t>(n++ % 3)];
    p.causal = n % 2 == 0;
    p.want_lse = true;
    expect_agreement(p, {static_cast<uint64_t>(n), Values::normal, Strides::shuffled, false, false});
  }
}

TEST_P(Shapes, LengthPairs) {
  const std::vector<std::pair<int64_t, int64_t>> lengths{
      {113, 203}, {128, 217}, {108, 256}, {1024, 1023}, {1, 239}, {3, 799},   {127, 512}, {799, 3},
      {1, 1},     {2, 1},     {1, 2},     {17, 33},     {64, 64}, {2050, 5},  {2050, 7},  {2050, 9},
      {2050, 49}, {2050, 77}, {1, 4097},  {5, 1000},    {16, 15}, {255, 257}, {1, 65},    {1, 1024}};
  uint64_t seed = 1;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    // Of GPUs, the target of forward_simt has the fp32 kernel that all of them have.
    if (dtype == DType::f32 && GetParam().starts_with("emulated") && GetParam().find('/') == std::string::npos) continue;
    for (const bool causal : {false, true}) {
      for (const auto& [q, kv] : lengths) {
        if (q * kv > (1 << 18) && GetParam().starts_with("emulated")) continue;  // minutes on the emulator
        Problem p;
        p.heads_q = 4;
        p.heads_kv = 2;
        p.seqlen_q = q;
        p.seqlen_kv = kv;
        p.dtype = dtype;
        p.causal = causal;
        p.alignment = seed % 2 == 0 ? Alignment::top_left : Alignment::bottom_right;
        p.want_lse = true;
        expect_agreement(p,
                         {++seed, Values::normal, seed % 3 == 0 ? Strides::packed_qkv : Strides::contiguous, false, false});
      }
    }
  }
}

TEST_P(Shapes, PackedQkvExpandedAndAbsurdStrides) {
  for (const Strides strides : {Strides::packed_qkv, Strides::expanded_kv, Strides::shuffled}) {
    for (const Layout layout : {Layout::bhsd, Layout::bshd}) {
      for (uint64_t seed = 1; seed <= 6; ++seed) {
        Problem p;
        p.batch = seed % 2 == 0 ? 1 : 2;
        p.heads_q = p.heads_kv = seed % 3 == 0 ? 1 : 4;
        p.seqlen_q = p.seqlen_kv = seed == 5 ? 1 : 70;
        p.layout = layout;
        p.dtype = DType::f16;
        p.want_lse = true;
        expect_agreement(p, {seed, Values::normal, strides, false, false});
      }
    }
  }
}

// Lengths from which on kernels take their large tiles, ragged at both ends.
TEST_P(Shapes, Prefill) {
  for (const int64_t head_dim : {64, 80, 128, 256}) {
    Problem p;
    p.heads_q = 2;
    p.heads_kv = 1;
    p.seqlen_q = 530;
    p.seqlen_kv = 570;
    p.head_dim_qk = p.head_dim_v = head_dim;
    p.dtype = head_dim == 80 ? DType::f16 : DType::bf16;
    p.causal = true;
    p.alignment = Alignment::bottom_right;
    p.want_lse = true;
    expect_agreement(p, {static_cast<uint64_t>(head_dim), Values::llm, Strides::contiguous, false, false});
  }
}

TEST_P(Shapes, ManyTinyBatchElementsAndHeads) {
  Problem p;
  p.batch = 300;
  p.heads_q = 12;
  p.heads_kv = 4;
  p.seqlen_q = 3;
  p.seqlen_kv = 5;
  p.head_dim_qk = p.head_dim_v = 16;
  expect_agreement(p, {});
  p.varlen = true;
  p.total_q = 500;
  p.total_kv = 900;
  expect_agreement(p, {});
}

}  // namespace
}  // namespace attune::test
