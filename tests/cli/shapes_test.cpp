// The shape grammar, presets and shape lists.
#include <gmock/gmock.h>

#include "cli/shapes/grammar.hpp"
#include "cli/shapes/presets.hpp"
#include "cli/shapes/shape_list.hpp"
#include "common/files.hpp"
#include "tests/common/temporary_directory.hpp"

namespace attune::cli {
namespace {

using ::testing::HasSubstr;

Problem shape(std::string_view text) {
  const auto problem = parse_shape(text);
  EXPECT_TRUE(problem.ok()) << problem.error().message();
  return problem ? *problem : Problem{};
}

std::string refusal(std::string_view text) {
  const auto problem = parse_shape(text);
  return problem ? "it was understood as " + to_text(*problem) : problem.error().message();
}

TEST(Grammar, LettersAndPlacesMeanTheSame) {
  const Problem p = shape("B1 H32/8 S2048x2048 D128 bf16 causal");
  EXPECT_EQ(p.heads_q, 32);
  EXPECT_EQ(p.heads_kv, 8);
  EXPECT_EQ(p.seqlen_kv, 2048);
  EXPECT_EQ(p.dtype, DType::bf16);
  EXPECT_TRUE(p.causal);
  EXPECT_EQ(p, shape("(1,32/8,2048,128,bf16,causal)"));
  EXPECT_EQ(p, shape("  ( 1 , 32/8 , 2048x2048 , 128/128 , causal(top-left) , BF16 ) "));
  EXPECT_EQ(p, shape("bf16,causal,d128,s2048,h32/8"));
  EXPECT_EQ(shape("(2,30,1100,64)"), shape("B2 H30 S1100 D64"));
  EXPECT_EQ(shape("(8,1024,64)"), shape("B1 H8 S1024 D64"));
  EXPECT_EQ(shape("(B1,H8,S4096,D64)"), shape("1 8 4096 64 fp32"));
  EXPECT_EQ(shape("(8,32/8,1x8192,128)").seqlen_q, 1);
  EXPECT_EQ(shape("H1 S1x0 D1/512").head_dim_v, 512);
}

TEST(Grammar, EveryFlag) {
  const Problem p = shape(
      "B2 H8/2 S16x48 D64/32 fp16 bshd causal(bottom_right) window(127,0) scale(-0.5) softcap=30 sinks alibi "
      "mask(fp32 1x8x1x40) kv_lengths lse quantization(none)");
  EXPECT_EQ(p.layout, Layout::bshd);
  EXPECT_EQ(p.alignment, Alignment::bottom_right);
  EXPECT_EQ(p.window_left, 127);
  EXPECT_EQ(p.window_right, 0);
  EXPECT_EQ(p.softmax_scale, -0.5F);
  EXPECT_EQ(p.softcap, 30.0F);
  EXPECT_EQ(p.mask, (MaskRequest{MaskKind::additive, DType::f32, 1, 8, 1, 40}));
  EXPECT_TRUE(p.sinks && p.alibi && p.kv_lengths && p.want_lse);
  EXPECT_EQ(shape("H1 S4x9 D8 mask(bool)").mask, (MaskRequest{MaskKind::boolean, DType::boolean, 1, 1, 4, 9}));
  const Problem packed = shape("B3 H1 S10 D8 varlen(20,25)");
  EXPECT_TRUE(packed.varlen);
  EXPECT_EQ(packed.total_kv, 25);
  const Problem paged = shape("B3 H1 S1x100 D8 kv_lengths paged(16,40)");
  EXPECT_EQ(paged.page_size, 16);
  EXPECT_EQ(paged.page_count, 40);
  EXPECT_EQ(shape("H1 S1 D8 quantization(int8)").quantization, "int8");
}

TEST(Grammar, WhatToTextPrintsIsUnderstood) {
  for (const char* text :
       {"B1 H8 S128 D64", "B2 H8/2 S16x48 D64/32 fp16 bshd causal(bottom_right) window(127,-1) scale(0.1) softcap(30) sinks",
        "B4 H4 S7x5 D203 bf16 bottom_right alibi mask(bool 4x4x7x5) kv_lengths lse", "B3 H1 S10 D8 varlen(20,25)",
        "H4/2 S100 D64 padded_lists(32x64 full+partial 1x2 max 3)", "H4/2 S100 D64 csr_lists(32x64 partial 1x4)",
        "H1 S1 D1 scale(3.3333333e-38)", "B2 H4/2 S1x300 D64 kv_lengths paged(16,64)", "H4 S100 D64 bf16 quantization(int8)",
        "H4 S100 D64 quantization(sage2++)", "H4 S100 D64 quantization(sage2-8b, token, k-sink)",
        "H4 S100 D64 quantization(warp int8 k-mean)"}) {
    const Problem problem = shape(text);
    EXPECT_EQ(shape(to_text(problem)), problem) << text << " -> " << to_text(problem);
  }
}

TEST(Grammar, NamesTheWordThatIsWrong) {
  EXPECT_THAT(refusal(""), HasSubstr("the shape is empty"));
  EXPECT_THAT(refusal("H8 S128"), HasSubstr("the size D is missing"));
  EXPECT_THAT(refusal("H8 S128 D64 causel"), HasSubstr("'causel': the word is unknown"));
  EXPECT_THAT(refusal("H8/2/1 S128 D64"), HasSubstr("'H8/2/1': heads are"));
  EXPECT_THAT(refusal("B1/2 H8 S128 D64"), HasSubstr("batch is B<n>"));
  EXPECT_THAT(refusal("H8 S128/128 D64"), HasSubstr("lengths are"));
  EXPECT_THAT(refusal("H8 S128x D64"), HasSubstr("lengths are"));
  EXPECT_THAT(refusal("H8 H8 S128 D64"), HasSubstr("H is given twice"));
  EXPECT_THAT(refusal("H8 S128 D64 fp16 bf16"), HasSubstr("dtype is given twice"));
  EXPECT_THAT(refusal("(1,2,3,4,5)"), HasSubstr("sizes without a letter"));
  EXPECT_THAT(refusal("(1,2"), HasSubstr("parentheses do not match"));
  EXPECT_THAT(refusal("H8 S128 D64 window(1)"), HasSubstr("two whole numbers"));
  EXPECT_THAT(refusal("H8 S128 D64 paged(16)"), HasSubstr("two whole numbers"));
  EXPECT_THAT(refusal("H8 S128 D64 paged(0,0)"), HasSubstr("at least one key"));
  EXPECT_THAT(refusal("H8 S128 D64 paged(16,0)"), HasSubstr("page_count"));
  EXPECT_THAT(refusal("H8 S128 D64 int8"), HasSubstr("'int8'"));
  EXPECT_THAT(refusal("H8 S128 D64 scale(1e999)"), HasSubstr("one number"));
  EXPECT_THAT(refusal("H8 S128 D64 softcap(nan)"), HasSubstr("softcap"));
  EXPECT_THAT(refusal("H8 S128 D64 scale(inf)"), HasSubstr("range of fp32"));
  EXPECT_THAT(refusal("H8 S128 D64 mask(int32)"), HasSubstr("mask.dtype"));
  EXPECT_THAT(refusal("H8 S128 D64 int32"), HasSubstr("'int32'"));
  EXPECT_THAT(refusal("H8 S99999999999999999999 D64"), HasSubstr("lengths are"));
  EXPECT_THAT(refusal("B2147483647 H2147483647 S2147483647 D256"), HasSubstr("63 bits"));
  EXPECT_THAT(refusal("H3/2 S1 D1"), HasSubstr("not a multiple of heads_kv"));
  EXPECT_THAT(refusal("H0 S1 D1"), HasSubstr("heads_q"));
  EXPECT_THAT(refusal(std::string(5000, 'x')), HasSubstr("5000 characters"));
  EXPECT_THAT(refusal(std::string("H1 S1 D1 \x01\xff", 11)), HasSubstr("??"));
}

TEST(Presets, AreWellFormed) {
  EXPECT_EQ(presets().size(), 6u);
  for (const Preset& preset : presets()) {
    ShapeRequest request;
    request.words = {std::string(preset.name)};
    const auto problems = problems_of(request);
    ASSERT_TRUE(problems.ok()) << problems.error().message();
    EXPECT_EQ(problems->size(), preset.shapes.size());
  }
}

TEST(ShapeList, ReadsWordsJsonAndFilesInOrderWithoutDuplicates) {
  test::TemporaryDirectory directory;
  const std::string path = directory / "shapes.txt";
  const std::string json = to_json(shape("H3 S5 D7"));
  ASSERT_TRUE(write_file_atomically(path, "# a comment\n\n(1,8,128,64)  # dense\r\n" + json + "\nvit-b\n").ok());
  ShapeRequest request;
  request.words = {"flux", "(1,8,128,64)"};
  request.problems_json = {json};
  request.file = path;
  request.max_seqlen = 256;
  const auto problems = problems_of(request);
  ASSERT_TRUE(problems.ok()) << problems.error().message();
  std::vector<std::string> texts;
  for (const Problem& problem : *problems) texts.push_back(to_text(problem));
  EXPECT_THAT(texts, ::testing::ElementsAre("B1 H24 S256x256 D128 bf16", "B1 H8 S128x128 D64 fp32", "B1 H3 S5x5 D7 fp32",
                                            "B1 H12 S197x197 D64 fp32", "B8 H12 S197x197 D64 fp32"));
  request.dtype = "fp16";
  EXPECT_EQ(problems_of(request)->at(2).dtype, DType::f16);
  request.dtype = "fp8";
  EXPECT_FALSE(problems_of(request).ok());
}

TEST(ShapeList, NamesLineAndFile) {
  EXPECT_THAT(problems_of_text("(1,8,128,64)\nH1 S1").error().message(), HasSubstr("line 2: shape \"H1 S1\""));
  EXPECT_THAT(problems_of_text("{\"batch\":}").error().message(), HasSubstr("line 1"));
  EXPECT_THAT(problems_of_text("llama9").error().message(), HasSubstr("presets are llama3-8b"));
  EXPECT_THAT(problems_of_text("hunyuan").error().message(), HasSubstr("presets are"));
  ShapeRequest request;
  request.file = "/nonexistent/shapes.txt";
  EXPECT_THAT(problems_of(request).error().message(), HasSubstr("No such file"));
}

}  // namespace
}  // namespace attune::cli
