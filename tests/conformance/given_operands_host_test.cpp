// Operands that are given as codes, on the CPU: the memory that GPUs take, held to the same model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "generator/given_operands.hpp"
#include "tests/conformance/features.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

using testing::HasSubstr;

Problem grouped(const std::string& request, int64_t head_dim) {
  Problem p;
  p.batch = 2;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 133;
  p.seqlen_kv = 101;
  p.head_dim_qk = p.head_dim_v = head_dim;
  p.dtype = DType::bf16;
  p.want_lse = true;
  p.quantization = canonical(request);
  return p;
}

void pack(Problem& p) {
  p.varlen = true;
  p.total_q = 2 * p.seqlen_q - 37;
  p.total_kv = 2 * p.seqlen_kv - 91;
}

class GivenOperandsHost : public testing::TestWithParam<std::string> {};
std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, GivenOperandsHost, testing::ValuesIn(quantized_targets()), target_of);

class GivenOperandsHostOnce : public testing::Test {
 protected:
  const std::string target = quantized_targets().front();
};

struct GivenCase {
  const char* request;
  int64_t head_dim;
  bool packed, causal;
  DType dtype;
};

// Every format with every granularity; contiguous and packed, causal and not, GQA, rows that are whole registers and not.
// Scales that pad are NaN, and rows of codes have others' bytes behind them.
TEST_P(GivenOperandsHost, AgreeWithTheModel) {
  const GivenCase cases[] = {
      {"int8,thread,given-qk", 64, false, false, DType::bf16},
      {"int8,token,pv-e4m3,given-qkv", 128, true, true, DType::f16},
      {"int8,block,pv-int8,given-qkv", 80, false, true, DType::f32},
      {"int8,warp,given-qk,acc-f16,flush-64", 80, true, false, DType::f16},
      {"int8,tensor,given-qk,pv-int8", 64, true, true, DType::bf16},
      {"int4,thread,given-qk,pv-e4m3,v-mean", 64, true, false, DType::bf16},
      {"int4,token,given-qk", 96, false, true, DType::f32},
      {"int4,tensor,pv-e4m3,given-qkv", 128, false, false, DType::f16},
      {"e4m3,thread,pv-e4m3,flush-64,given-qkv", 128, false, true, DType::bf16},
      {"e4m3,tensor,given-qk", 80, true, true, DType::f32},
      {"e4m3,block,given-qk,pv-int8,scale-reciprocal", 64, false, false, DType::f16},
      {"e4m3,warp,pv-int8,given-qkv", 80, true, false, DType::bf16},
      {"int8,k-sink,pv-e4m3,acc-f16,flush-64,given-v", 80, true, true, DType::bf16},
      {"pv-int8,given-v", 72, false, true, DType::f16},
      {"pv-e4m3,given-v", 64, true, false, DType::f32},
      {"int8,token,given-qk,pv-e4m3,scale-divided", 64, true, true, DType::bf16},
  };
  // Two instruction sets a program: each takes half of the cases, and of each neighbours the other one.
  const size_t mine = GetParam() == quantized_targets().front() ? 0 : 1;
  for (size_t n = 0; n < std::size(cases); ++n) {
    if (n % 2 != (n / 4 % 2 == 0 ? mine : 1 - mine) && quantized_targets().size() > 1) continue;
    const GivenCase& c = cases[n];
    SCOPED_TRACE(c.request);
    Problem problem = grouped(c.request, c.head_dim);
    problem.causal = c.causal;
    problem.alignment = n % 3 == 0 ? Alignment::bottom_right : Alignment::top_left;
    problem.dtype = c.dtype;
    if (c.packed) pack(problem);
    ASSERT_TRUE(validate(problem).ok()) << validate(problem).error().message();
    const Strides strides = n % 2 == 0 ? Strides::contiguous : Strides::shuffled;
    EXPECT_EQ(check_quantized({problem, {n + 3, Values::dit, strides, false, false}, GetParam(), {}}), "");
  }
}

TEST_F(GivenOperandsHostOnce, WithTheFeaturesOfTheProblem) {
  const std::vector<std::string> names = {"kv_lengths", "decode", "csr_both_lists_window_alibi", "sinks"};
  size_t ran = 0;
  for (const Feature& feature : features()) {
    if (std::find(names.begin(), names.end(), feature.name) == names.end()) continue;
    SCOPED_TRACE(feature.name);
    Problem problem = base_problem(DType::f16);
    feature.set(problem);
    problem.head_dim_qk = 48;
    problem.quantization = canonical("int8,pv-e4m3,given-qkv");
    EXPECT_EQ(check_quantized({problem, {++ran, Values::normal, Strides::shuffled, false, false}, target, {}}), "");
  }
  EXPECT_EQ(ran, names.size());
}

// Quantizers write what the model's do, bit by bit, so a plan that has its own and one that is given codes agree to the bit.
TEST_F(GivenOperandsHostOnce, AreWhatThePlanMakesOfTheTensors) {
  for (const std::string request : {"int8,token,pv-e4m3,flush-64", "e4m3,block,pv-int8"}) {
    Workload own(grouped(request, 64), {5}), given(grouped(request + ",given-qkv", 64), {5});
    ASSERT_EQ(run_quantized(target, own), "");
    ASSERT_EQ(run_quantized(target, given), "");
    for (int64_t i = 0; i < 133; ++i) {
      ASSERT_EQ(own.lse(1, 2, i), given.lse(1, 2, i)) << request << " row " << i;
      for (int64_t d = 0; d < 64; ++d) {
        ASSERT_EQ(own.get(own.tensors().o, 1, 2, i, d), given.get(given.tensors().o, 1, 2, i, d)) << request << " row " << i;
      }
    }
  }
}

// The whole range of the codes, -128 and -8 among them, and anything at all behind the last key.
TEST_P(GivenOperandsHost, AnyCodesAndAnyPadding) {
  for (const char* request : {"int8,token,pv-int8,given-qkv", "int4,thread,pv-int8,given-qkv"}) {
    Problem p = grouped(request, 64);
    p.softmax_scale = 0.02F;
    Workload work(p, {9});
    give_any_codes(work);
    EXPECT_EQ(run_quantized(GetParam(), work), "") << request;
  }
}

// A channel of zeros may have a scale of 0, and so may a token.
TEST_P(GivenOperandsHost, ScalesMayBe0) {
  Workload work(grouped("e4m3,token,pv-e4m3,given-qkv", 64), {13});
  give_scales_of_0(work);
  ASSERT_EQ(run_quantized(GetParam(), work), "");
  EXPECT_EQ(work.get(work.tensors().o, 0, 0, 0, 1), 0);
}

// A NaN among e4m3 codes makes NaN of the rows and channels that see it, and of no others.
TEST_F(GivenOperandsHostOnce, NanCodesPoisonWhoSeesThem) {
  Problem p = grouped("e4m3,token,pv-e4m3,given-qkv", 64);
  p.causal = true;
  p.seqlen_kv = p.seqlen_q;
  Workload work(p, {11});
  Tensors& t = work.tensors();
  const PaddedRows rows(p, Granularity::token);
  static_cast<uint8_t*>(t.q.data)[7 * t.q.stride_seq + 3] = 0x7f;                       // query 7 of batch 0, head 0
  static_cast<uint8_t*>(t.k.data)[t.k.stride_batch + 100 * t.k.stride_seq + 5] = 0xff;  // key 100 of batch 1, heads 0 and 1
  static_cast<uint8_t*>(t.v.data)[rows.v_code(1, 1, 0, 90, 33)] = 0x7f;                 // key 90 of batch 1, heads 2 and 3
  for_each_code(work, [](uint8_t&) {}, [](uint8_t& code) { code = 0x7f; });
  work.seal();
  ASSERT_EQ(run_quantized(target, work), "");
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t h = 0; h < p.heads_q; ++h) {
      for (int64_t i = 0; i < p.seqlen_q; ++i) {
        for (int64_t d = 0; d < p.head_dim_v; ++d) {
          const bool row = (b == 0 && h == 0 && i == 7) || (b == 1 && h < 2 && i >= 100);
          const bool nan = row || (b == 1 && h >= 2 && i >= 90 && d == 33);
          ASSERT_EQ(std::isnan(work.get(t.o, b, h, i, d)), nan) << b << " " << h << " " << i << " " << d;
        }
      }
    }
  }
}

TEST_F(GivenOperandsHostOnce, WhatCannotBeGivenIsRefusedByName) {
  const auto refused = [&](const Problem& problem, const char* what) {
    const auto family = conformer(target).context().select_family(problem);
    ASSERT_FALSE(family.ok()) << what;
    EXPECT_EQ(family.error().status(), Status::unsupported);
    EXPECT_THAT(family.error().message(), HasSubstr(what));
  };
  Problem paged = grouped("int8,given-qk", 64);
  paged.page_size = 16;
  paged.page_count = 64;
  refused(paged, "page_size is 16");
  refused(grouped("int8,given-qk", 72), "zeros to 80");
  refused(grouped("int4,given-qk", 72), "zeros to 96");
}

}  // namespace
}  // namespace attune::test
