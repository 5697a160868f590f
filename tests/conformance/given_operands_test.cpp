// Operands that are given as codes: in place of what the plan would have made of the tensors, and held to the same model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "generator/given_operands.hpp"
#include "runtime/context.hpp"
#include "tests/conformance/features.hpp"
#include "tests/conformance/quantized.hpp"
#include "tuner/quantized/given.hpp"

namespace attune::test {
namespace {

using testing::HasSubstr;

constexpr const char* ada = "emulated:sm_89";

Problem ragged(const std::string& request) {
  Problem p;
  p.batch = 2;
  p.heads_q = 2;
  p.heads_kv = 1;
  p.seqlen_q = 141;
  p.seqlen_kv = 203;
  p.head_dim_qk = p.head_dim_v = 64;
  p.dtype = DType::bf16;
  p.want_lse = true;
  p.quantization = canonical(request);
  return p;
}

class GivenOperands : public testing::TestWithParam<std::string> {};
std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, GivenOperands, testing::ValuesIn(quantized_targets()), target_of);

// Padding has NaN as its scales, and rows of codes have others' bytes behind them.
TEST_P(GivenOperands, AgreeWithTheModel) {
  size_t at = GetParam() == ada ? 0 : 1;
  for (const std::string& request : given_requests()) {
    if (!must_support(GetParam(), *parse_quantization(request))) continue;
    if (GetParam() != ada && ++at % 3 != 0) continue;
    SCOPED_TRACE(request);
    Problem problem = ragged(request);
    problem.causal = at % 2 == 0;
    EXPECT_EQ(check_quantized({problem, {at + 3, Values::dit, Strides::contiguous, false, false}, GetParam(), {}}), "");
  }
}

TEST(GivenOperandsOnOne, WithTheFeaturesOfTheProblem) {
  const std::vector<std::string> names = {"varlen", "decode", "csr_both_lists_window_alibi", "sinks"};
  size_t ran = 0;
  for (const Feature& feature : features()) {
    if (std::find(names.begin(), names.end(), feature.name) == names.end()) continue;
    SCOPED_TRACE(feature.name);
    Problem problem = base_problem(DType::f16);
    feature.set(problem);
    problem.head_dim_qk = 48;  // rows of 48 bytes, in tiles of 64
    problem.quantization = canonical("int8,pv-e4m3,given-qkv");
    EXPECT_EQ(check_quantized({problem, {++ran, Values::normal, Strides::shuffled, false, false}, ada, {}}), "");
  }
  EXPECT_EQ(ran, names.size());
}

// Quantizers write what the model's do, bit by bit, so a plan that has its own and one that is given codes agree to the bit.
TEST(GivenOperandsOnOne, AreWhatThePlanMakesOfTheTensors) {
  for (const std::string request : {"int8,token,pv-e4m3,flush-64", "int4", "e4m3,block,pv-int8"}) {
    const bool all = request != "int4";
    Workload own(ragged(request), {5}), given(ragged(request + (all ? ",given-qkv" : ",given-qk")), {5});
    ASSERT_EQ(run_quantized(ada, own), "");
    ASSERT_EQ(run_quantized(ada, given), "");
    for (int64_t b = 0; b < 2; ++b) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t i = 0; i < 141; ++i) {
          ASSERT_EQ(own.lse(b, h, i), given.lse(b, h, i)) << request << " row " << i;
          for (int64_t d = 0; d < 64; ++d) {
            ASSERT_EQ(own.get(own.tensors().o, b, h, i, d), given.get(given.tensors().o, b, h, i, d))
                << request << " row " << i;
          }
        }
      }
    }
  }
}

TEST(GivenOperandsOnOne, AnyCodesAndAnyPadding) {
  for (const char* request : {"int8,token,pv-int8,given-qkv", "int4,thread,pv-int8,given-qkv"}) {
    Problem problem = ragged(request);
    problem.softmax_scale = 0.02F;
    Workload work(problem, {9});
    give_any_codes(work);
    EXPECT_EQ(run_quantized(ada, work), "") << request;
  }
}

// A channel of zeros may have a scale of 0, and so may a token.
TEST(GivenOperandsOnOne, ScalesMayBe0) {
  Workload work(ragged("e4m3,token,pv-e4m3,given-qkv"), {13});
  give_scales_of_0(work);
  ASSERT_EQ(run_quantized(ada, work), "");
  EXPECT_EQ(work.get(work.tensors().o, 0, 0, 0, 1), 0);
}

TEST(GivenOperandsOnOne, NeedNoQuantizersAndNoWorkspace) {
  runtime::Context& context = conformer(ada).context();
  const auto all = context.find(ragged("int8,pv-e4m3,given-qkv"), runtime::Policy::compile);
  ASSERT_TRUE(all.ok()) << all.error().message();
  EXPECT_EQ(runtime::launch_count(**all), 1);
  EXPECT_EQ((*all)->workspace_bytes, 0);
  const auto values = context.find(ragged("int8,pv-e4m3,given-qk"), runtime::Policy::compile);
  ASSERT_TRUE(values.ok()) << values.error().message();
  EXPECT_EQ(runtime::launch_count(**values), 3) << "statistics and codes of V, attention";
}

TEST(GivenOperandsOnOne, WhatCannotBeGivenIsRefusedByName) {
  const auto refused = [](const Problem& problem, const std::string& target, const char* what) {
    const auto family = conformer(target).context().select_family(problem);
    ASSERT_FALSE(family.ok()) << what;
    EXPECT_EQ(family.error().status(), Status::unsupported);
    EXPECT_THAT(family.error().message(), HasSubstr(what));
  };
  Problem paged = ragged("int8,given-qk");
  paged.page_size = 16;
  paged.page_count = 64;
  refused(paged, ada, "page_size is 16");
  Problem narrow = ragged("int8,given-qk");
  narrow.head_dim_qk = 72;
  refused(narrow, ada, "zeros to 80");
  narrow.quantization = canonical("int4,given-qk");
  refused(narrow, ada, "zeros to 96");
  EXPECT_THAT(parse_quantization("int8,k-mean,given-qk").error().message(), HasSubstr("give int8,given-qk instead"));
  EXPECT_THAT(parse_quantization("given-v").error().message(), HasSubstr("give pv-e4m3,given-v instead"));
  EXPECT_THAT(parse_quantization("sage2-8b,given-v,v-mean").error().message(), HasSubstr("given-v instead"));
}

TEST(GivenOperandsOnOne, TensorsAreChecked) {
  const Problem problem = ragged("int8,pv-e4m3,given-qkv");
  Workload work(problem, {});
  const auto wrong = [&](auto change, const char* what) {
    Tensors tensors = work.tensors();
    change(tensors);
    const auto valid = runtime::validate(problem, tensors);
    ASSERT_FALSE(valid.ok()) << what;
    EXPECT_THAT(valid.error().message(), HasSubstr(what));
  };
  EXPECT_TRUE(runtime::validate(problem, work.tensors()).ok());
  wrong([](Tensors& t) { t.q_scales = nullptr; }, "q_scales is null");
  wrong([](Tensors& t) { t.k_scales = nullptr; }, "k_scales is null");
  wrong([](Tensors& t) { t.v_scales = nullptr; }, "v_scales is null");
  wrong([](Tensors& t) { t.v.data = nullptr; }, "v is null");
  wrong([](Tensors& t) { t.q.data = static_cast<char*>(t.q.data) + 8; }, "multiple of 16 bytes");
  wrong([](Tensors& t) { t.k.stride_seq = 72; }, "k: stride_seq = 72 codes");
  const Problem plain = ragged("int8,pv-e4m3");
  Workload other(plain, {});
  Tensors tensors = other.tensors();
  tensors.k_scales = work.tensors().k_scales;
  EXPECT_THAT(runtime::validate(plain, tensors).error().message(), HasSubstr("k_scales is given, but the problem does not"));
}

// The places of a small packed problem, written down by hand from the definition.
TEST(PaddedRows, PlacesOfPackedSequences) {
  Problem p;
  p.batch = 3;
  p.heads_q = 2;
  p.heads_kv = 1;
  p.varlen = true;
  p.seqlen_q = 130;
  p.seqlen_kv = 70;
  p.total_q = 200;
  p.total_kv = 100;
  p.head_dim_qk = p.head_dim_v = 32;
  const PaddedRows token(p, Granularity::token), block(p, Granularity::block), tensor(p, Granularity::tensor);
  EXPECT_EQ(token.q_rows, (1 + 3) * 128);
  EXPECT_EQ(token.kv_rows, (1 + 3) * 64);
  EXPECT_EQ(token.q_scales, 2 * 512);
  EXPECT_EQ(block.k_scales, 4);
  EXPECT_EQ(tensor.q_scales, 6);
  // Batch element 2 begins at packed row 140 of Q, which is in block 1, and at key 75.
  EXPECT_EQ(token.q_scale(2, 1, 140, 5), 512 + (1 + 2) * 128 + 5);
  EXPECT_EQ(block.q_scale(2, 1, 140, 5), 4 + 3);
  EXPECT_EQ(tensor.q_scale(2, 1, 140, 5), 5);
  EXPECT_EQ(block.k_scale(2, 0, 75, 5), 1 + 2);
  EXPECT_EQ(token.v_code(2, 0, 75, 9, 3), (1 + 2) * 64 * 32 + 3 * 64 + 3);
}

}  // namespace
}  // namespace attune::test
