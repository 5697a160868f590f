// Well-formedness, canonical JSON, names and the amount of work of a problem.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "generator/dtype_codec.hpp"
#include "generator/problem.hpp"

namespace attune {
namespace {

using testing::HasSubstr;

constexpr int64_t int64_max = std::numeric_limits<int64_t>::max();

struct Refusal {
  std::string field;
  std::function<void(Problem&)> change;
};

std::vector<Refusal> refusals() {
  return {
      {"batch", [](Problem& p) { p.batch = 0; }},
      {"batch", [](Problem& p) { p.batch = -1; }},
      {"heads_q", [](Problem& p) { p.heads_q = int64_max; }},
      {"heads_kv", [](Problem& p) { p.heads_kv = 0; }},
      {"heads_kv", [](Problem& p) { p.heads_q = 6, p.heads_kv = 4; }},
      {"seqlen_q", [](Problem& p) { p.seqlen_q = 0; }},
      {"seqlen_kv", [](Problem& p) { p.seqlen_kv = -1; }},
      {"seqlen_kv", [](Problem& p) { p.seqlen_kv = int64_t{1} << 31; }},
      {"head_dim_qk", [](Problem& p) { p.head_dim_qk = max_head_dim_qk + 1; }},
      {"head_dim_v", [](Problem& p) { p.head_dim_v = max_head_dim_v + 1; }},
      {"head_dim_v", [](Problem& p) { p.head_dim_v = 0; }},
      {"dtype", [](Problem& p) { p.dtype = DType::i32; }},
      {"softmax_scale", [](Problem& p) { p.softmax_scale = std::numeric_limits<float>::infinity(); }},
      {"softmax_scale", [](Problem& p) { p.softmax_scale = std::nanf(""); }},
      {"softcap", [](Problem& p) { p.softcap = -1; }},
      {"softcap", [](Problem& p) { p.softcap = std::nanf(""); }},
      {"softcap", [](Problem& p) { p.softcap = 1e-42F; }},
      {"window_left", [](Problem& p) { p.window_left = -2; }},
      {"window_right", [](Problem& p) { p.window_right = int64_max; }},
      {"total_q", [](Problem& p) { p.total_q = 5; }},
      {"total_q", [](Problem& p) { p.varlen = true, p.total_q = 1 + p.batch * p.seqlen_q; }},
      {"total_kv", [](Problem& p) { p.varlen = true, p.total_kv = -1; }},
      {"page_size", [](Problem& p) { p.page_size = -1; }},
      {"page_size", [](Problem& p) { p.page_size = int64_t{1} << 31; }},
      {"page_size", [](Problem& p) { p.page_count = 4; }},
      {"page_count", [](Problem& p) { p.page_size = 4; }},
      {"page_count", [](Problem& p) { p.page_size = 4, p.page_count = int64_t{1} << 31; }},
      {"kv_lengths", [](Problem& p) { p.varlen = true, p.page_size = p.page_count = 4; }},
      {"total_kv", [](Problem& p) { p.varlen = p.kv_lengths = true, p.page_size = p.page_count = 4, p.total_kv = 3; }},
      {"K", [](Problem& p) { p.page_size = p.page_count = (int64_t{1} << 31) - 1; }},
      {"mask.kind", [](Problem& p) { p.mask.seqlen_kv = 8; }},
      {"mask.dtype", [](Problem& p) { p.mask = {MaskKind::boolean, DType::f32, 1, 1, 1, 8}; }},
      {"mask.dtype", [](Problem& p) { p.mask = {MaskKind::additive, DType::boolean, 1, 1, 1, 8}; }},
      {"mask.batch", [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 3, 1, 1, 8}; }},
      {"mask.heads", [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 1, 2, 1, 8}; }},
      {"mask.seqlen_q", [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 1, 1, 3, 8}; }},
      {"mask.seqlen_kv", [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 1, 1, 1, 9}; }},
      {"mask.seqlen_kv", [](Problem& p) { p.mask = {MaskKind::additive, DType::f32, 1, 1, 1, 0}; }},
      {"sparsity.kind", [](Problem& p) { p.sparsity.partial = true; }},
      {"sparsity.block_q", [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 0, 64, true, false, 1, 1, 0}; }},
      {"sparsity.block_kv", [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 64, -64, true, false, 1, 1, 0}; }},
      {"sparsity.full", [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 64, 64, false, false, 1, 1, 0}; }},
      {"sparsity.batch", [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 64, 64, true, false, 3, 1, 0}; }},
      {"sparsity.heads", [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 64, 64, true, false, 1, 3, 0}; }},
      {"sparsity.max_blocks", [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 64, 64, true, false, 1, 1, 4}; }},
      {"sparsity.max_blocks", [](Problem& p) { p.sparsity = {SparsityKind::padded_lists, 64, 64, true, false, 1, 1, -4}; }},
      {"quantization", [](Problem& p) { p.quantization = ""; }},
      {"quantization", [](Problem& p) { p.quantization = "int8; drop"; }},
      {"quantization", [](Problem& p) { p.quantization = "int8,thread"; }},
      {"quantization", [](Problem& p) { p.quantization = "\xff"; }},
      {"Q", [](Problem& p) { p.batch = p.heads_q = p.heads_kv = p.seqlen_q = (int64_t{1} << 31) - 1; }},
      {"mask",
       [](Problem& p) {
         p.batch = p.seqlen_q = p.seqlen_kv = (int64_t{1} << 31) - 1;
         p.mask = {MaskKind::boolean, DType::boolean, p.batch, 1, p.seqlen_q, p.seqlen_kv};
       }},
  };
}

Problem valid() {
  Problem p;
  p.batch = 2;
  p.heads_q = p.heads_kv = 4;
  p.seqlen_q = 5;
  p.seqlen_kv = 8;
  return p;
}

TEST(ProblemValidation, RefusalsNameTheFieldAndTheRemedy) {
  ASSERT_TRUE(validate(valid()).ok());
  for (const Refusal& refusal : refusals()) {
    Problem problem = valid();
    refusal.change(problem);
    const Result<void> result = validate(problem);
    ASSERT_FALSE(result.ok()) << refusal.field << " " << to_json(problem);
    EXPECT_EQ(result.error().status(), Status::invalid_argument);
    EXPECT_THAT(result.error().message(), HasSubstr(refusal.field));
    EXPECT_THAT(result.error().message(), testing::ContainsRegex("give|leave|set|reduce")) << "no remedy";
    EXPECT_EQ(result.error().message().back(), '.');
  }
}

TEST(ProblemValidation, EdgesAreAccepted) {
  Problem p = valid();
  p.seqlen_kv = 0;
  p.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 0};
  EXPECT_TRUE(validate(p).ok()) << validate(p).error().message();
  p = valid();
  p.head_dim_qk = max_head_dim_qk;
  p.head_dim_v = max_head_dim_v;
  p.softmax_scale = -1.0F;
  p.mask = {MaskKind::additive, DType::f16, 2, 4, 5, 3};
  EXPECT_TRUE(validate(p).ok()) << validate(p).error().message();
  p = valid();
  p.varlen = p.kv_lengths = true;
  p.total_q = 10;
  EXPECT_TRUE(validate(p).ok()) << validate(p).error().message();
  p.page_size = 3;
  p.page_count = 1;
  EXPECT_TRUE(validate(p).ok()) << validate(p).error().message();
}

TEST(Problem, ExtentsOfPackedAndPagedTensors) {
  Problem p = valid();
  p.seqlen_kv = 33;
  EXPECT_EQ(std::pair(p.kv_elements(), p.kv_rows()), std::pair(int64_t{2}, int64_t{33}));
  EXPECT_EQ(p.pages_per_sequence(), 0);
  p.page_size = 16;
  p.page_count = 9;
  EXPECT_EQ(std::pair(p.kv_elements(), p.kv_rows()), std::pair(int64_t{9}, int64_t{16}));
  EXPECT_EQ(std::pair(p.q_elements(), p.q_rows()), std::pair(int64_t{2}, int64_t{5}));
  EXPECT_EQ(p.pages_per_sequence(), 3);
  const double work = p.flops();
  p.varlen = p.kv_lengths = true;
  p.total_q = 10;
  EXPECT_EQ(std::pair(p.kv_elements(), p.kv_rows()), std::pair(int64_t{9}, int64_t{16}));
  EXPECT_EQ(std::pair(p.q_elements(), p.q_rows()), std::pair(int64_t{1}, int64_t{10}));
  EXPECT_EQ(p.flops(), work);  // lengths are run-time data: counted as full
}

Problem random_problem(std::mt19937_64& random) {
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  Problem p = valid();
  p.heads_q = p.heads_kv * (1 + below(4));
  p.seqlen_q = 1 + below(1000000);
  p.seqlen_kv = 1 + below(1000000);
  p.head_dim_qk = 1 + below(512);
  p.dtype = std::vector{DType::f32, DType::f16, DType::bf16}[static_cast<size_t>(below(3))];
  p.layout = below(2) == 0 ? Layout::bhsd : Layout::bshd;
  if (below(2) == 0) p.softmax_scale = static_cast<float>(below(1000)) / 7.0F - 50.0F;
  p.causal = below(2) == 0;
  p.window_left = below(100) - 1;
  p.window_right = below(100) - 1;
  p.alignment = below(2) == 0 ? Alignment::top_left : Alignment::bottom_right;
  p.softcap = static_cast<float>(below(3)) * 0.1F;
  p.sinks = below(2) == 0;
  p.alibi = below(2) == 0;
  p.kv_lengths = below(2) == 0;
  p.want_lse = below(2) == 0;
  if (below(2) == 0) p.mask = {MaskKind::additive, DType::bf16, 1, p.heads_q, 1, p.seqlen_kv};
  if (below(2) == 0) p.sparsity = {SparsityKind::padded_lists, 64, 128, true, below(2) == 0, p.batch, 1, below(9)};
  if (below(4) == 0) {
    p.varlen = true;
    p.total_q = below(1000);
    p.total_kv = below(1000);
  }
  if (below(4) == 0) {
    p.page_size = 1 + below(256);
    p.page_count = 1 + below(100000);
    p.kv_lengths = p.kv_lengths || p.varlen;
    p.total_kv = 0;
  }
  return p;
}

TEST(ProblemJson, RoundTripsAndIsCanonical) {
  std::mt19937_64 random(1);
  for (int n = 0; n < 500; ++n) {
    const Problem problem = random_problem(random);
    const std::string text = to_json(problem);
    const Result<Problem> read = problem_from_json(text);
    ASSERT_TRUE(read.ok()) << read.error().message() << text;
    EXPECT_EQ(*read, problem) << text;
    EXPECT_EQ(to_json(*read), text);
  }
}

TEST(ProblemJson, EqualProblemsHaveEqualBytes) {
  Problem a = valid(), b = valid();
  a.softcap = 0.0F;
  b.softcap = -0.0F;
  a.softmax_scale = 0.0F;
  b.softmax_scale = -0.0F;
  ASSERT_EQ(a, b);
  EXPECT_EQ(to_json(a), to_json(b));
}

TEST(ProblemJson, EveryFieldIsWritten) {
  EXPECT_EQ(
      to_json(Problem{}),
      R"({"alibi":false,"alignment":"top_left","batch":1,"causal":false,"dtype":"fp32","head_dim_qk":64,"head_dim_v":64,)"
      R"("heads_kv":1,"heads_q":1,"kv_lengths":false,"layout":"bhsd",)"
      R"("mask":{"batch":1,"dtype":"bool","heads":1,"kind":"none","seqlen_kv":0,"seqlen_q":1},"page_count":0,"page_size":0,"quantization":"none",)"
      R"("seqlen_kv":1,"seqlen_q":1,"sinks":false,"softcap":0.0,"softmax_scale":null,)"
      R"("sparsity":{"batch":1,"block_kv":64,"block_q":64,"full":true,"heads":1,"kind":"none","max_blocks":0,)"
      R"("partial":false},"total_kv":0,"total_q":0,"varlen":false,"want_lse":false,"window_left":-1,"window_right":-1})");
}

TEST(ProblemJson, HostileTextIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"[]", "an object"},
      {"null", "an object"},
      {R"({"batch":1.5})", "batch"},
      {R"({"batch":"1"})", "batch"},
      {R"({"batch":18446744073709551615})", "batch"},
      {R"({"batch":1e30})", "batch"},
      {R"({"batch":1,"batch":2})", "twice"},
      {R"({"mask":{"heads":1,"heads":1}})", "twice"},
      {R"({"causal":1})", "causal"},
      {R"({"dropout":0.1})", "dropout"},
      {R"({"mask":{"colour":1}})", "mask.colour"},
      {R"({"mask":[]})", "mask"},
      {R"({"mask":{"kind":"upper"}})", "mask.kind"},
      {R"({"dtype":"fp8"})", "fp8"},
      {R"({"softcap":1e300})", "softcap"},
      {R"({"softmax_scale":"big"})", "softmax_scale"},
      {R"({"quantization":7})", "quantization"},
      {R"({"heads_q":6,"heads_kv":4})", "heads_kv"},
      {"{\"quantization\":\"\xff\"}", "not valid JSON"},
      {std::string(100000, '['), "not valid JSON"},
      {R"({"batch":1}{)", "not valid JSON"},
  };
  for (const auto& [text, words] : cases) {
    const Result<Problem> result = problem_from_json(text);
    ASSERT_FALSE(result.ok()) << text.substr(0, 60);
    EXPECT_EQ(result.error().status(), Status::invalid_argument);
    EXPECT_THAT(result.error().message(), HasSubstr(words)) << text.substr(0, 60);
  }
}

TEST(ProblemJson, AbsentFieldsTakeTheirDefaults) {
  const Result<Problem> read = problem_from_json(R"({"seqlen_q":128})");
  ASSERT_TRUE(read.ok());
  Problem expected;
  expected.seqlen_q = 128;
  EXPECT_EQ(*read, expected);
}

TEST(ProblemText, SaysWhatMatters) {
  Problem p = valid();
  p.batch = 1;
  p.heads_q = 32;
  p.heads_kv = 8;
  p.seqlen_q = p.seqlen_kv = 2048;
  p.head_dim_qk = p.head_dim_v = 128;
  p.dtype = DType::bf16;
  p.causal = true;
  p.alignment = Alignment::bottom_right;
  EXPECT_EQ(to_text(p), "B1 H32/8 S2048x2048 D128 bf16 causal(bottom_right)");
}

TEST(ProblemFlops, CountsVisiblePairsExactly) {
  std::mt19937_64 random(3);
  for (int n = 0; n < 400; ++n) {
    Problem p;
    p.seqlen_q = 1 + static_cast<int64_t>(random() % 40);
    p.seqlen_kv = static_cast<int64_t>(random() % 40);
    p.causal = random() % 2 == 0;
    p.window_left = static_cast<int64_t>(random() % 30) - 1;
    p.window_right = static_cast<int64_t>(random() % 30) - 1;
    p.alignment = random() % 2 == 0 ? Alignment::top_left : Alignment::bottom_right;
    if (random() % 3 == 0 && p.seqlen_kv > 2) p.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, p.seqlen_kv - 1};
    int64_t pairs = 0;
    const int64_t shift = p.alignment == Alignment::bottom_right ? p.seqlen_kv - p.seqlen_q : 0;
    for (int64_t i = 0; i < p.seqlen_q; ++i) {
      for (int64_t j = 0; j < p.seqlen_kv; ++j) {
        const bool hidden = (p.causal && j > i + shift) || (p.window_left >= 0 && j < i + shift - p.window_left) ||
                            (p.window_right >= 0 && j > i + shift + p.window_right) ||
                            (p.mask.seqlen_kv > 1 && j >= p.mask.seqlen_kv);
        pairs += hidden ? 0 : 1;
      }
    }
    EXPECT_EQ(p.flops(), 2.0 * static_cast<double>(pairs) * 128) << to_text(p);
  }
}

TEST(ProblemFlops, HugeProblemsCostNothingToCount) {
  Problem p;
  p.seqlen_q = p.seqlen_kv = (int64_t{1} << 31) - 1;
  p.causal = true;
  const double n = static_cast<double>(p.seqlen_q);
  EXPECT_DOUBLE_EQ(p.flops(), 2.0 * 128 * n * (n + 1) / 2);
}

TEST(ProblemNames, ParseWhatTheyPrint) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::boolean, DType::i32, DType::i64}) {
    EXPECT_EQ(*parse_dtype(name(dtype)), dtype);
  }
  for (const Layout layout : {Layout::bhsd, Layout::bshd}) EXPECT_EQ(*parse_layout(name(layout)), layout);
  for (const Alignment alignment : {Alignment::top_left, Alignment::bottom_right}) {
    EXPECT_EQ(*parse_alignment(name(alignment)), alignment);
  }
  EXPECT_EQ(*parse_alignment("bottom-right"), Alignment::bottom_right);
  EXPECT_EQ(*parse_layout("HND"), Layout::bhsd);
  EXPECT_FALSE(parse_dtype("fp8").ok());
  EXPECT_FALSE(parse_layout("sbhd").ok());
  EXPECT_FALSE(parse_alignment("").ok());
}

TEST(DtypeCodec, EverySixteenBitNumberSurvivesARoundTrip) {
  for (uint32_t n = 0; n < 65536; ++n) {
    const auto bits = static_cast<uint16_t>(n);
    const float half = fp16_to_float(bits), brain = bf16_to_float(bits);
    if (std::isnan(half)) {
      EXPECT_TRUE(std::isnan(fp16_to_float(float_to_fp16(half))));
    } else {
      ASSERT_EQ(float_to_fp16(half), bits);
    }
    if (std::isnan(brain)) {
      EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(brain))));
    } else {
      ASSERT_EQ(float_to_bf16(brain), bits);
    }
  }
}

TEST(DtypeCodec, RoundsToNearestEven) {
  for (uint32_t n = 0; n < 0x7bff; ++n) {
    const float low = fp16_to_float(static_cast<uint16_t>(n)), high = fp16_to_float(static_cast<uint16_t>(n + 1));
    const float middle = (low + high) / 2;
    ASSERT_EQ(float_to_fp16(middle), n % 2 == 0 ? n : n + 1);
    ASSERT_EQ(float_to_fp16(std::nextafter(middle, 0.0F)), n);
    ASSERT_EQ(float_to_fp16(std::nextafter(middle, 1e9F)), n + 1);
  }
  EXPECT_EQ(float_to_fp16(65519.9F), 0x7bff);
  EXPECT_EQ(float_to_fp16(65520.0F), 0x7c00);
  EXPECT_EQ(float_to_bf16(3.4028235e38F), 0x7f80);
  EXPECT_EQ(float_to_bf16(1.00390625F), 0x3f80);
  EXPECT_EQ(float_to_bf16(1.01171875F), 0x3f82);
}

}  // namespace
}  // namespace attune
