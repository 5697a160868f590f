// The quantizers of a GPU kernel against the model, bit by bit: every format, granularity, smoothing and convention, every
// way in which rows lie in memory, and the numbers that quantizers fall over.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "generator/families/quantizers.hpp"
#include "tests/conformance/quantizer_harness.hpp"

namespace attune::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

QuantizerRun& runner(const std::string& arch = "sm_89") {
  static std::map<std::string, std::unique_ptr<QuantizerRun>> all;
  std::unique_ptr<QuantizerRun>& one = all[arch];
  if (one == nullptr) one = std::make_unique<QuantizerRun>(arch);
  return *one;
}

Quantization request(const std::string& text) {
  const auto parsed = parse_quantization(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : parsed.error().message());
  return parsed.ok() ? *parsed : Quantization{};
}

Problem base() {
  Problem p;
  p.batch = 2;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 150;
  p.seqlen_kv = 333;
  p.head_dim_qk = p.head_dim_v = 64;
  p.dtype = DType::bf16;
  return p;
}

std::string check(Problem p, const std::string& text, const WorkloadOptions& options = {}) {
  const Quantization q = request(text);
  p.quantization = to_text(q);
  Workload work(p, options);
  return runner().run_and_check(work, q);
}

// ---- Every value of every axis ----

class Requests : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Quantizers, Requests,
                         testing::Values("sage1", "sage2-8b", "sage2-4b", "sage2++", "int8", "int8,tensor",
                                         "int8,tensor,k-mean,q-mean,pv-int8", "int8,tensor,k-sink,q-mean",
                                         "int8,block,k-sink,pv-e4m3", "int8,warp,k-sink,v-mean,pv-int8",
                                         "int8,token,k-mean,q-mean", "int4,tensor,k-mean", "int4,block,q-mean",
                                         "int4,warp,k-mean,v-mean,pv-e4m3", "int4,token,k-sink,q-mean",
                                         "e4m3,tensor,k-mean,pv-e4m3", "e4m3,block,q-mean,v-mean,pv-e4m3",
                                         "e4m3,warp,k-sink", "e4m3,k-sink,q-mean", "e4m3,token", "pv-e4m3", "pv-int8,v-mean",
                                         "acc-f16", "int8,k-mean,v-mean,acc-f16,flush-64", "int4,k-sink,acc-f16"),
                         [](const auto& test) {
                           std::string name;
                           for (const char c : test.param)
                             name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

// The safe convention, and one of the published two by turns.
TEST_P(Requests, WritesWhatTheModelSays) {
  const bool other = std::hash<std::string>()(GetParam()) % 2 == 0;
  Problem p = base();
  p.dtype = other ? DType::f16 : DType::bf16;
  EXPECT_EQ(check(p, GetParam(), {1, other ? Values::dit : Values::llm}), "");
  if (GetParam() == "acc-f16") return;  // has no scale that a convention could be for
  p.dtype = other ? DType::bf16 : DType::f16;
  EXPECT_EQ(check(p, GetParam() + (other ? ",scale-divided" : ",scale-reciprocal"), {2, Values::normal}), "");
}

}  // namespace
}  // namespace attune::test
