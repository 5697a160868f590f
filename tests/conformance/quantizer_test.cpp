// The quantizers of a GPU kernel against the model, bit by bit: every format, granularity, smoothing and convention, every
// way in which rows lie in memory, and the numbers that quantizers fall over.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "generator/cuda/arch.hpp"
#include "generator/families/quantizers.hpp"
#include "tests/conformance/harness.hpp"
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
  EXPECT_EQ(check(p, GetParam(), {1, Values::llm}), "");
  if (GetParam() == "acc-f16") return;  // has no scale that a convention could be for
  p.dtype = other ? DType::bf16 : DType::f16;
  EXPECT_EQ(check(p, GetParam() + (other ? ",scale-divided" : ",scale-reciprocal"), {2, Values::dit}), "");
}

// ---- Every way in which rows lie in memory ----

// All roles of all launches at once.
const char* const everything = "int8,k-sink,q-mean,v-mean,pv-e4m3";

struct Shape {
  const char* name;
  void (*set)(Problem&);
};

class Layouts : public testing::TestWithParam<Shape> {};
const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {"dense", [](Problem&) {}},
      {"bshd", [](Problem& p) { p.layout = Layout::bshd; }},
      {"one_row", [](Problem& p) { p.seqlen_q = p.seqlen_kv = 1; }},
      {"whole_blocks",
       [](Problem& p) {
         p.seqlen_q = 256;
         p.seqlen_kv = 512;
       }},
      {"one_row_more",
       [](Problem& p) {
         p.seqlen_q = 129;
         p.seqlen_kv = 257;
       }},
      {"no_keys", [](Problem& p) { p.seqlen_kv = 0; }},
      {"one_query_head_each", [](Problem& p) { p.heads_q = p.heads_kv = 3; }},
      {"eight_query_heads", [](Problem& p) { p.heads_q = 16; }},
      {"many_query_blocks",
       [](Problem& p) {
         p.heads_q = 12;
         p.seqlen_q = 1500;
       }},
      {"many_chunks",
       [](Problem& p) {
         p.batch = p.heads_kv = p.heads_q = 1;
         p.seqlen_kv = 2900;
       }},
      {"lengths",
       [](Problem& p) {
         p.batch = 7;
         p.kv_lengths = true;
       }},
      {"packed",
       [](Problem& p) {
         p.varlen = true;
         p.batch = 5;
         p.total_q = 400;
         p.total_kv = 900;
       }},
      {"packed_with_lengths",
       [](Problem& p) {
         p.varlen = p.kv_lengths = true;
         p.batch = 5;
         p.total_q = 400;
         p.total_kv = 900;
       }},
      {"paged",
       [](Problem& p) {
         p.page_size = 16;
         p.page_count = 60;
       }},
      {"odd_pages_with_lengths",
       [](Problem& p) {
         p.kv_lengths = true;
         p.page_size = 23;
         p.page_count = 31;
         p.layout = Layout::bshd;
       }},
      {"paged_keys_of_packed_queries",
       [](Problem& p) {
         p.varlen = p.kv_lengths = true;
         p.batch = 4;
         p.total_q = 300;
         p.page_size = 64;
         p.page_count = 24;
       }},
  };
  return all;
}
INSTANTIATE_TEST_SUITE_P(Quantizers, Layouts, testing::ValuesIn(shapes()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(Layouts, AreFoundAndPadded) {
  Problem p = base();
  p.head_dim_qk = p.head_dim_v = 32;
  GetParam().set(p);
  EXPECT_EQ(check(p, everything, {3, Values::llm, Strides::contiguous}), "");
  EXPECT_EQ(check(p, everything, {3, Values::llm, Strides::shuffled}), "");
}

TEST(QuantizerLayout, RowsMayBeInterleavedOrShared) {
  Problem p = base();
  EXPECT_EQ(check(p, everything, {3, Values::llm, Strides::expanded_kv}), "");
  p.seqlen_q = p.seqlen_kv;
  EXPECT_EQ(check(p, everything, {3, Values::llm, Strides::packed_qkv}), "");
}

class HeadDims : public testing::TestWithParam<std::pair<int, int>> {};
INSTANTIATE_TEST_SUITE_P(Quantizers, HeadDims,
                         testing::Values(std::pair{8, 16}, std::pair{16, 8}, std::pair{40, 72}, std::pair{72, 40},
                                         std::pair{128, 128}, std::pair{192, 128}, std::pair{256, 256}, std::pair{576, 512}),
                         [](const auto& test) {
                           return std::to_string(test.param.first) + "_" + std::to_string(test.param.second);
                         });

TEST_P(HeadDims, AreAnyMultipleOf8) {
  Problem p = base();
  p.batch = p.heads_kv = 1;
  p.heads_q = 2;
  p.head_dim_qk = GetParam().first;
  p.head_dim_v = GetParam().second;
  if (p.head_dim_qk > 256) p.seqlen_kv = 70;
  EXPECT_EQ(check(p, everything, {4, Values::llm}), "");
  EXPECT_EQ(check(p, everything, {4, Values::llm, Strides::shuffled}), "");
  if (p.head_dim_qk % 16 == 8 || p.head_dim_v > 256) {
    EXPECT_EQ(check(p, "int4,tensor,k-sink,acc-f16", {4, Values::dit}), "");
  }
}

// ---- Where V's tokens and the halves of a byte stand ----

TEST(QuantizerLayout, TokensOfVStandInTheOrderOfAnAFragment) {
  Problem p = base();
  p.batch = p.heads_q = p.heads_kv = 1;
  p.seqlen_kv = 64;
  p.head_dim_v = 8;
  Workload work(p, {});
  // Codes of int8 that name their token and, by the sign, their channel; the largest makes the scale 1.
  for (int64_t n = 0; n < 64; ++n) {
    for (int64_t c = 0; c < 8; ++c) {
      const float value = n == 63 ? 127.0F : static_cast<float>(n);
      work.set(work.tensors().v, 0, 0, n, c, c % 2 == 0 ? value : -value);
    }
  }
  work.seal();
  ASSERT_EQ(runner().run(work, request("pv-int8")), "");
  const auto* codes = static_cast<const int8_t*>(runner().buffers().v_codes);
  // Places 0 to 15 of 16 hold tokens 0 1 8 9, 2 3 10 11, 4 5 12 13, 6 7 14 15.
  const int order[16] = {0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15};
  for (int c = 0; c < 8; ++c) {
    EXPECT_EQ(runner().buffers().v_scales[c], 1.0F);
    for (int place = 0; place < 64; ++place) {
      const int token = place / 16 * 16 + order[place % 16], value = token == 63 ? 127 : token;
      EXPECT_EQ(codes[c * 64 + place], c % 2 == 0 ? value : -value) << "channel " << c << " place " << place;
    }
  }
}

TEST(QuantizerLayout, TheLowHalfOfAByteIsTheFirstColumn) {
  Problem p = base();
  p.batch = p.heads_q = p.heads_kv = 1;
  p.seqlen_q = p.seqlen_kv = 1;
  p.head_dim_qk = 8;
  Workload work(p, {});
  for (int64_t c = 0; c < 8; ++c) work.set(work.tensors().q, 0, 0, 0, c, static_cast<float>(c == 0 ? 7 : -c));
  work.seal();
  ASSERT_EQ(runner().run(work, request("int4")), "");
  const auto* codes = static_cast<const uint8_t*>(runner().buffers().q_codes);
  EXPECT_EQ(runner().buffers().q_scales[0], 1.0F);
  EXPECT_EQ(codes[0], 0xf7);  // -1, 7
  EXPECT_EQ(codes[1], 0xde);  // -3, -2
  EXPECT_EQ(codes[3], 0x9a);  // -7, -6
  for (int at = 4; at < 32; ++at) EXPECT_EQ(codes[at], 0) << "padding to a k step";
}

// ---- Numbers that quantizers fall over ----

struct Numbers {
  const char* name;
  DType dtype;
  float (*value)(int64_t row, int64_t column, float normal);
};

const std::vector<Numbers>& numbers() {
  static const std::vector<Numbers> all = {
      {"zeros", DType::bf16, [](int64_t, int64_t, float) { return 0.0F; }},
      {"zero_rows", DType::f16, [](int64_t row, int64_t, float x) { return row % 64 < 40 ? 0.0F : x; }},
      {"dead_channels", DType::bf16, [](int64_t, int64_t c, float x) { return c % 3 == 0 ? 0.0F : x; }},
      {"constant_channels", DType::bf16, [](int64_t, int64_t c, float) { return static_cast<float>(c) - 20; }},
      {"subnormal_bf16", DType::bf16, [](int64_t, int64_t, float x) { return x * 1e-39F; }},
      {"subnormal_fp16", DType::f16, [](int64_t, int64_t, float x) { return x * 1e-6F; }},
      {"around_the_floor", DType::bf16, [](int64_t, int64_t c, float x) { return x * (c % 2 == 0 ? 1e-36F : 3e-35F); }},
      {"huge_bf16", DType::bf16, [](int64_t, int64_t, float x) { return x * 1e30F; }},
      {"largest_bf16", DType::bf16, [](int64_t, int64_t, float x) { return (8 + x) * 2e37F; }},
      {"largest_fp16", DType::f16, [](int64_t, int64_t, float x) { return x < 0 ? -65504.0F : 65504.0F; }},
      {"wide_range", DType::bf16,
       [](int64_t row, int64_t, float x) { return x * std::exp2(static_cast<float>(row % 200) - 100); }}};
  return all;
}

template <class Value>
void fill(Workload& work, Value&& value) {
  const Problem& p = work.problem();
  const Tensors& t = work.tensors();
  const auto tensor = [&](const TensorView& view, int64_t heads, int64_t rows, int64_t columns) {
    for (int64_t b = 0; b < p.batch; ++b) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t c = 0; c < columns; ++c) work.set(view, b, h, row, c, value(row, c, work.get(view, b, h, row, c)));
        }
      }
    }
  };
  tensor(t.q, p.heads_q, p.seqlen_q, p.head_dim_qk);
  tensor(t.k, p.heads_kv, p.seqlen_kv, p.head_dim_qk);
  tensor(t.v, p.heads_kv, p.seqlen_kv, p.head_dim_v);
  work.seal();
}

// fp16 sums of V have a scale that is a power of two.
class Extremes : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Quantizers, Extremes,
                         testing::Values(everything, "int4,tensor,k-mean,acc-f16", "e4m3,token,pv-int8"),
                         [](const auto& test) { return "request_" + std::to_string(test.index); });

TEST_P(Extremes, HaveTheModelsCodes) {
  for (const Numbers& one : numbers()) {
    Problem p = base();
    p.batch = p.heads_q = p.heads_kv = 1;
    p.dtype = one.dtype;
    Workload work(p, {5});
    fill(work, one.value);
    EXPECT_EQ(runner().run_and_check(work, request(GetParam())), "") << one.name;
  }
}

TEST(QuantizerPoison, FlagsTheRowsThatHaveIt) {
  for (const DType dtype : {DType::bf16, DType::f16}) {
    for (const char* text : {everything, "int8,tensor,k-mean,q-mean,acc-f16", "e4m3,tensor,k-sink,pv-int8", "int4"}) {
      Problem p = base();
      p.dtype = dtype;
      Workload work(p, {6, Values::llm});
      const Tensors& t = work.tensors();
      const float nan = std::nanf("");
      work.set(t.q, 0, 1, 3, 5, nan);
      work.set(t.q, 1, 3, 149, 63, infinity);
      work.set(t.k, 0, 0, 0, 7, nan);  // the sink of this data
      work.set(t.k, 0, 1, 332, 0, -infinity);
      work.set(t.v, 0, 1, 31, 9, infinity);
      work.set(t.v, 0, 1, 32, 9, nan);
      for (int64_t n = 0; n < p.seqlen_kv; ++n) work.set(t.v, 1, 1, n, 20, nan);
      for (int64_t c = 0; c < 64; ++c) work.set(t.k, 1, 1, 100, c, nan);
      work.seal();
      ASSERT_EQ(runner().run_and_check(work, request(text)), "") << text;
      const auto* poison = runner().buffers().poison;
      EXPECT_NE(poison[0], 0U) << text;
      EXPECT_NE(poison[1], 0U) << text;
      EXPECT_EQ(poison[2], 0U) << text;
      EXPECT_NE(poison[3], 0U) << text;
    }
  }
}

TEST(QuantizerPoison, PublishedConventionsLetItTakeItsCourse) {
  for (const char* scales : {"int8,block,k-mean,q-mean,pv-e4m3,scale-reciprocal", "int8,tensor,v-mean,pv-int8,scale-divided",
                             "e4m3,token,acc-f16,scale-divided"}) {
    Problem p = base();
    Workload work(p, {7});
    work.set(work.tensors().q, 0, 1, 3, 5, infinity);
    work.set(work.tensors().k, 0, 1, 9, 0, -infinity);
    work.set(work.tensors().k, 1, 1, 9, 0, std::nanf(""));
    work.set(work.tensors().v, 1, 0, 8, 3, infinity);
    work.set(work.tensors().v, 0, 0, 8, 3, std::nanf(""));
    work.seal();
    EXPECT_EQ(runner().run_and_check(work, request(scales)), "") << scales;
  }
}

TEST(QuantizerSinks, AreTheFirstOfThoseThatAreRaisedMost) {
  Problem p = base();
  p.batch = p.heads_q = 1;
  p.heads_kv = 1;
  p.seqlen_kv = 1400;  // six chunks
  Workload work(p, {8});
  fill(work, [](int64_t, int64_t c, float x) { return x * 0.1F + static_cast<float>(c % 5); });
  const auto set_key = [&](int64_t key, float value) {
    for (int64_t c = 0; c < 64; ++c) work.set(work.tensors().k, 0, 0, key, c, value);
  };
  const auto sinks = [&] {
    work.seal();
    EXPECT_EQ(runner().run_and_check(work, request("int8,k-sink")), "");
    const int32_t* keys = runner().buffers().sink_keys;
    return std::vector<int32_t>(keys, keys + 4);
  };
  // Those that are raised most, not those that come first; kept in the order of their keys.
  set_key(10, 0.75F);
  set_key(20, 0.5F);
  set_key(40, 0.25F);
  set_key(1399, 0);
  EXPECT_EQ(sinks(), (std::vector<int32_t>{10, 20, 40, 1399}));
  set_key(700, 0);
  EXPECT_EQ(sinks(), (std::vector<int32_t>{20, 40, 700, 1399}));
  // Of equals the first.
  for (const int64_t key : {699L, 1000L, 1001L}) set_key(key, 0);
  EXPECT_EQ(sinks(), (std::vector<int32_t>{699, 700, 1000, 1001}));
}

// ---- Every architecture ----

class Archs : public testing::TestWithParam<std::string> {};
std::vector<std::string> arch_names() {
  std::vector<std::string> names;
  for (const cuda::Arch& arch : cuda::archs()) names.emplace_back(arch.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Quantizers, Archs, testing::ValuesIn(arch_names()), [](const auto& test) { return test.param; });

TEST_P(Archs, HasTheInstructionsWithoutSpills) {
  const auto arch = cuda::find_arch(GetParam());
  ASSERT_TRUE(arch.ok());
  const bool e4m3 = arch->number >= 89;
  const auto context = open_target("emulated:" + GetParam(), 1);
  ASSERT_TRUE(context.ok());
  Problem p = base();
  p.head_dim_qk = p.head_dim_v = 128;
  const bool small = arch->number % 20 == 0 || arch->number == 89;  // by turns: the least and the most there is
  const std::string most = e4m3 ? "sage2-4b,k-sink,v-mean" : "int4,q-mean,k-sink,v-mean,pv-int8";
  const std::string text = !small ? most : e4m3 ? "sage2++" : "int8,k-mean,acc-f16";
  const runtime::Device& device = (*context)->device();
  const auto sources = quantizer_sources(p, request(text), device.device_class());
  ASSERT_TRUE(sources.ok()) << sources.error().message();
  for (const Source& source : *sources) {
    const auto binary = device.compiler().resource_usage(source);
    ASSERT_TRUE(binary.ok()) << binary.error().message() << binary.error().log();
    EXPECT_EQ(binary->spill_bytes, 0) << source.entries.front();
    EXPECT_LE(binary->registers, 128) << "two CTAs an SM: " << source.entries.front();
    EXPECT_LE(binary->shared_bytes, 33 << 10) << source.entries.front();
    std::printf("%s %s %s: %lld registers, %lld bytes of shared memory, compiled in %.0f ms\n", GetParam().c_str(),
                text.c_str(), source.entries.front().c_str(), static_cast<long long>(binary->registers),
                static_cast<long long>(binary->shared_bytes), binary->compile_ms);
  }
}

// ---- The launches ----

TEST(QuantizerLaunches, AreAtMostThreeAndFourWhereSinksMeetOneScale) {
  DeviceClass device;
  device.kind = "cuda";
  device.arch = "sm_89";
  const auto entries = [&device](const std::string& text) {
    std::vector<std::string> names;
    for (const Launch& launch : quantizer_launches(base(), request(text))) names.push_back(launch.entry);
    // A unit each, in the same order.
    std::vector<std::string> compiled;
    const auto sources = quantizer_sources(base(), request(text), device);
    EXPECT_TRUE(sources.ok());
    for (const Source& source : *sources) compiled.insert(compiled.end(), source.entries.begin(), source.entries.end());
    EXPECT_EQ(compiled, names) << text;
    EXPECT_EQ(sources->size(), names.size()) << text;
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(entries("sage2-8b"), (Names{"attune_statistics", "attune_quantize"}));
  EXPECT_EQ(entries("sage2-4b,k-sink"), (Names{"attune_statistics", "attune_find_sinks", "attune_quantize"}));
  EXPECT_EQ(entries("int8,tensor,k-sink"),
            (Names{"attune_statistics", "attune_find_sinks", "attune_key_magnitudes", "attune_quantize"}));
}

TEST(QuantizerLaunches, GiveTheSameBytesEveryTime) {
  Problem p = base();
  p.seqlen_kv = 1500;
  Workload work(p, {9, Values::dit});
  ASSERT_EQ(runner().run(work, request(everything)), "");
  const std::vector<std::byte> first = runner().workspace();
  ASSERT_EQ(runner().run(work, request(everything)), "");
  // Workspaces start at different offsets of their vectors only if allocation moved them.
  EXPECT_EQ(first, runner().workspace());
}

// Rows are read in whole sectors, and no more of them than must be: all by the statistics, V once and K and Q twice by the
// last launch, the second time what a CTA has just read.
TEST(QuantizerLaunches, MoveTheBytesThatTheyMust) {
  Problem p = base();
  p.batch = 1;
  p.heads_q = 8;
  p.heads_kv = 4;
  p.seqlen_q = p.seqlen_kv = 1024;
  p.head_dim_qk = p.head_dim_v = 128;
  Workload work(p, {10});
  ASSERT_EQ(runner().run(work, request("sage2-8b")), "");
  const auto counters = runner().counters();
  ASSERT_EQ(counters.size(), 2U);
  const int64_t head = 1024 * 128, q = 8 * head, kv = 4 * head;
  const auto near = [](int64_t sectors, int64_t bytes, double allowed) {
    return static_cast<double>(sectors * 32) >= static_cast<double>(bytes) &&
           static_cast<double>(sectors * 32) <= allowed * static_cast<double>(bytes);
  };
  const emulator::Counters& statistics = counters[0].counters;
  EXPECT_PRED3(near, statistics.global_load_sectors, 2 * 2 * kv, 1.01);
  EXPECT_EQ(statistics.shared_conflicts, 0);
  const emulator::Counters& codes = counters[1].counters;
  EXPECT_PRED3(near, codes.global_load_sectors, 2 * (2 * q + 2 * kv + kv), 1.25) << "with the means, once a CTA";
  EXPECT_PRED3(near, codes.global_store_sectors, q + 2 * kv, 1.05) << "with scales and constants";
  EXPECT_EQ(codes.shared_conflicts, 0);
}

// Counts of PTX, of all warps, with NVRTC 13.0 for sm_89. They differ a little between compilers; they are no times.
TEST(QuantizerLaunches, ExecuteNoMoreInstructionsThanTheyDid) {
  struct Known {
    std::string request;
    int64_t statistics, codes;
  };
  for (const Known& known :
       {Known{"sage1", 98306, 347096}, Known{"sage2-8b", 98306, 347220}, Known{"sage2-4b", 234914, 806316}}) {
    Problem p = base();
    p.batch = 1;
    p.heads_q = 8;
    p.heads_kv = 4;
    p.seqlen_q = p.seqlen_kv = 256;
    p.head_dim_qk = p.head_dim_v = 128;
    Workload work(p, {10});
    ASSERT_EQ(runner().run(work, request(known.request)), "");
    const auto counters = runner().counters();
    ASSERT_EQ(counters.size(), 2U);
    const auto near = [](int64_t count, int64_t once) { return count <= once * 103 / 100 && count >= once * 90 / 100; };
    EXPECT_PRED2(near, counters[0].counters.total_instructions(), known.statistics) << known.request;
    EXPECT_PRED2(near, counters[1].counters.total_instructions(), known.codes) << known.request;
    EXPECT_EQ(counters[0].counters.shared_conflicts + counters[1].counters.shared_conflicts, 0) << known.request;
  }
}

}  // namespace
}  // namespace attune::test
