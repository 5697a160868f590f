// `attune run` on files: every feature is checked against the double reference, every bad input has its exit code.
#include <gmock/gmock.h>

#include <cstring>

#include "cli/files/safetensors.hpp"
#include "cli/files/tensor_file.hpp"
#include "tests/cli/program.hpp"

namespace attune::cli {
namespace {

using test::integers;
using test::tensor;
using ::testing::HasSubstr;

class Run : public ::testing::Test {
 protected:
  void SetUp() override {
    program.save("q.npy", tensor(DType::f32, {2, 4, 33, 24}, 1));
    program.save("k.npy", tensor(DType::f32, {2, 2, 45, 24}, 2));
    program.save("v.npy", tensor(DType::f32, {2, 2, 45, 40}, 3));
  }

  test::Ended run(std::vector<std::string> extra) const {
    std::vector<std::string> all = {
        "run", "--q", program.path("q.npy"), "--k", program.path("k.npy"), "--v", program.path("v.npy")};
    all.insert(all.end(), extra.begin(), extra.end());
    return program.run(all);
  }

  // Runs with --check, and expects that it passes on all rows.
  nlohmann::json checked(std::vector<std::string> extra) const {
    extra.insert(extra.end(), {"--check", "--json"});
    const auto ended = run(extra);
    EXPECT_EQ(ended.code, 0) << ended.err;
    auto json = ended.json();
    EXPECT_TRUE(json["check"]["passed"].get<bool>()) << ended.out;
    EXPECT_TRUE(json["check"]["all_rows"].get<bool>());
    EXPECT_EQ(json["check"]["rows_checked"], json["check"]["rows"]);
    return json;
  }

  void refused(std::vector<std::string> extra, const std::string& words, int code = 1) const {
    const auto ended = run(extra);
    EXPECT_EQ(ended.code, code) << ended.out;
    EXPECT_THAT(ended.err, HasSubstr(words));
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    extra.emplace_back("--json");
    const auto json = run(extra).json();
    EXPECT_EQ(json["exit_code"], code);
    EXPECT_THAT(json["error"]["message"].get<std::string>(), HasSubstr(words));
  }

  test::Program program;
};

TEST_F(Run, SaysWhichKernelRanWhereItCameFromAndHowLongItTook) {
  const auto first = run({"--out", program.path("o.npy"), "--check"});
  ASSERT_EQ(first.code, 0) << first.err;
  for (const char* word : {"kernel     forward_cpu v", "config     heuristic", "compiled in", "time", "passed against",
                           "all 264 rows", "[2, 4, 33, 40] fp32"}) {
    EXPECT_THAT(first.out, HasSubstr(word));
  }
  const auto second = run({"--out", program.path("o2.npy")});
  EXPECT_THAT(second.out, HasSubstr("kernel cache"));
  EXPECT_THAT(second.out, HasSubstr("nothing compiled"));
  const auto o = load_tensor(program.path("o.npy"), "o");
  const auto again = load_tensor(program.path("o2.npy"), "o");
  ASSERT_TRUE(o.ok() && again.ok());
  EXPECT_EQ(std::memcmp(o->data(), again->data(), static_cast<size_t>(o->bytes())), 0);
}

TEST_F(Run, QuantizedResultsAreHeldToTheirModelAndMeasuredAgainstDouble) {
  for (const char* type : {"f16", "f32"}) {
    const DType dtype = std::string(type) == "f16" ? DType::f16 : DType::f32;
    program.save("q.npy", tensor(dtype, {2, 4, 33, 24}, 1));
    program.save("k.npy", tensor(dtype, {2, 2, 45, 24}, 2));
    program.save("v.npy", tensor(dtype, {2, 2, 45, 40}, 3));
    for (const char* request : {"sage1", "sage2-8b", "sage2-4b", "sage2++", "int8,token,k-sink,pv-int8"}) {
      const auto json = checked({"--quantization", request, "--causal", "bottom-right", "--lse", program.path("l.npy")});
      EXPECT_EQ(json["check"]["against"], "model") << request;
      const bool half = std::string(request).find("8b") == std::string::npos;
      EXPECT_LE(json["check"]["relative_l1"], half ? 5e-3 : 2e-3) << request;
      // What was lost is more than the model leaves to a kernel in fact, and far less than everything.
      EXPECT_GT(json["check"]["double"]["relative_l1"], 1e-3) << request;
      EXPECT_GT(json["check"]["double"]["cosine"], 0.9) << request;
    }
  }
  const auto told = run({"--quantization", "sage2-8b", "--check"});
  EXPECT_THAT(told.out, HasSubstr("passed against the exact model of the quantization, all 264 rows"));
  EXPECT_THAT(told.out, HasSubstr("lost       CosSim 0.9"));
}

TEST_F(Run, SageSaysWhatItChoseAndWhy) {
  const auto told = run({"--quantization", "sage", "--check"});
  ASSERT_EQ(told.code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("chosen     below break-even, unquantized: "));
  EXPECT_THAT(told.out, HasSubstr("passed against attention in double"));
  const auto json = run({"--quantization", "sage", "--json"}).json();
  EXPECT_EQ(json["plan"]["quantization"]["chosen"], "none");
}

TEST_F(Run, EveryFeatureMatchesTheReference) {
  program.save("bool.npy", [] {
    auto mask = *Array::allocate(DType::boolean, {33, 45});
    for (int64_t i = 0; i < mask.count(); ++i) mask.as<uint8_t>()[i] = i % 3 != 0;
    return mask;
  }());
  program.save("add.npy", tensor(DType::f32, {2, 1, 1, 40}, 5));
  program.save("row.npy", tensor(DType::f32, {45}, 6));
  program.save("len.npy", integers(DType::i64, {45, 7}));
  program.save("len32.npy", integers(DType::i32, {0, 44}));
  program.save("sinks.npy", tensor(DType::f32, {4}, 7));
  program.save("alibi.npy", tensor(DType::f32, {2, 4}, 8));
  const auto file = [&](const char* name) { return program.path(name); };
  EXPECT_EQ(checked({"--causal", "top-left"})["problem"]["text"], "B2 H4/2 S33x45 D24/40 fp32 causal(top_left)");
  EXPECT_EQ(checked({"--causal", "bottom-right", "--window", "5,0"})["problem"]["fields"]["window_left"], 5);
  checked({"--window", "-1,3"});
  checked({"--mask", file("bool.npy")});
  EXPECT_EQ(checked({"--mask", file("add.npy")})["problem"]["fields"]["mask"]["seqlen_kv"], 40);
  checked({"--mask", file("row.npy"), "--softcap", "20"});
  checked({"--kv-lengths", file("len.npy"), "--lse", file("lse.npy")});
  checked({"--kv-lengths", file("len32.npy"), "--causal", "bottom-right"});
  EXPECT_FLOAT_EQ(checked({"--scale", "-0.25"})["problem"]["fields"]["softmax_scale"].get<float>(), -0.25F);
  checked({"--sinks", file("sinks.npy"), "--alibi", file("alibi.npy"), "--isa", "portable", "--threads", "1"});
  const auto lse = load_tensor(file("lse.npy"), "lse");
  ASSERT_TRUE(lse.ok());
  EXPECT_EQ(lse->shape(), (std::vector<int64_t>{2, 4, 33}));
  EXPECT_EQ(count_non_finite(*lse), 0);
}

TEST_F(Run, PackedSequences) {
  program.save("q.npy", tensor(DType::f16, {10, 4, 24}));
  program.save("k.npy", tensor(DType::f16, {17, 2, 24}));
  program.save("v.npy", tensor(DType::f16, {17, 2, 24}));
  program.save("cu_q.npy", integers(DType::i32, {0, 4, 4, 10}));
  program.save("cu_kv.npy", integers(DType::i64, {0, 9, 12, 17}));
  const auto json = checked({"--cu-seqlens-q", program.path("cu_q.npy"), "--cu-seqlens-kv", program.path("cu_kv.npy")});
  EXPECT_EQ(json["problem"]["fields"]["batch"], 3);
  EXPECT_EQ(json["problem"]["fields"]["seqlen_q"], 6);
  program.save("cu_q.npy", integers(DType::i32, {0, 5, 4, 10}));
  refused({"--cu-seqlens-q", program.path("cu_q.npy"), "--cu-seqlens-kv", program.path("cu_kv.npy")}, "must not fall");
  program.save("cu_q.npy", integers(DType::i32, {0, 4, 4, 9}));
  refused({"--cu-seqlens-q", program.path("cu_q.npy"), "--cu-seqlens-kv", program.path("cu_kv.npy")}, "end at 10");
  refused({"--cu-seqlens-q", program.path("cu_q.npy")}, "belong together");
}

TEST_F(Run, PagedKeysAndValues) {
  program.save("k.npy", tensor(DType::f32, {7, 2, 16, 24}, 2));
  program.save("v.npy", tensor(DType::f32, {7, 2, 16, 40}, 3));
  auto table = *Array::allocate(DType::i64, {2, 3});
  const std::vector<int64_t> pages{6, 0, 3, 1, -1, 99};  // the second sequence ends in its first page
  std::copy(pages.begin(), pages.end(), table.as<int64_t>());
  program.save("pages.npy", table);
  program.save("len.npy", integers(DType::i64, {45, 7}));
  const std::string file = program.path("pages.npy"), lengths = program.path("len.npy");
  const auto json = checked({"--page-table", file, "--kv-lengths", lengths, "--causal", "bottom-right"});
  EXPECT_EQ(json["problem"]["text"], "B2 H4/2 S33x48 D24/40 fp32 causal(bottom_right) kv_lengths paged(16,7)");
  refused({"--page-table", file}, "page_table[1][1] is -1");
  refused({"--page-table", lengths}, "--page-table: shape [2] must be [2, ");
  refused({"--page-table", file, "--cu-seqlens-kv", lengths}, "not packed");

  program.save("q.npy", tensor(DType::f32, {10, 4, 24}, 1));
  program.save("cu_q.npy", integers(DType::i32, {0, 4, 10}));
  checked({"--page-table", file, "--kv-lengths", lengths, "--cu-seqlens-q", program.path("cu_q.npy")});
  refused({"--page-table", file, "--cu-seqlens-q", program.path("cu_q.npy")}, "kv_lengths");
}

TEST_F(Run, Bf16ThroughSafetensorsInBothLayouts) {
  const Array q = tensor(DType::bf16, {2, 33, 4, 24}, 1);
  const Array k = tensor(DType::bf16, {2, 45, 4, 24}, 2);
  const Array v = tensor(DType::bf16, {2, 45, 4, 24}, 3);
  const std::string file = program.path("qkv.safetensors");
  ASSERT_TRUE(save_tensors(file, {{"q", &q}, {"keys", &k}, {"v", &v}}).ok());
  const std::string out = program.path("both.safetensors");
  const auto ended = program.run(
      {"run", "--q", file, "--k", file + ":keys", "--v", file, "--layout", "bshd", "--out", out, "--lse", out, "--check"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const auto o = load_tensor(out + ":o", "o");
  const auto lse = load_tensor(out + ":lse", "lse");
  ASSERT_TRUE(o.ok() && lse.ok());
  EXPECT_EQ(o->shape(), (std::vector<int64_t>{2, 33, 4, 24}));
  EXPECT_EQ(o->dtype(), DType::bf16);
  EXPECT_EQ(lse->shape(), (std::vector<int64_t>{2, 4, 33}));
  const auto refusal = program.run({"run", "--q", file, "--k", file, "--v", file});
  EXPECT_EQ(refusal.code, 1);
  EXPECT_THAT(refusal.err, HasSubstr("no tensor 'k' but: q, keys, v"));
}

TEST_F(Run, BadOptionsAreUsageErrors) {
  refused({"--causal", "diagonal"}, "--causal");
  refused({"--window", "1"}, "--window: '1' must be LEFT,RIGHT");
  refused({"--window", "-2,0"}, "window_left is -2");
  refused({"--softcap", "-1"}, "softcap");
  refused({"--softcap", "nan"}, "softcap");
  refused({"--scale", "inf"}, "--scale");
  refused({"--scale", "much"}, "--scale");
  refused({"--quantization", "int3"}, "int3");
  refused({"--out", program.path("o.txt")}, "must end in .npy or .safetensors");
  refused({"--no-such-option"}, "no-such-option");
  refused({"--out", program.path("x.npy"), "--lse", program.path("x.npy")}, "holds one tensor");
}

TEST_F(Run, BadDevicesAndDirectoriesAreEnvironmentErrors) {
  refused({"--device", "cuda:0"}, "cuda:0", 2);
  refused({"--device", "emulated:sm_35"}, "sm_35", 2);
  refused({"--device", "tpu"}, "'tpu' is unknown", 2);
  refused({"--out", program.path("none/o.npy")}, "not a writable directory", 2);
  refused({"--policy", "cached_only"}, "", 2);
}

TEST_F(Run, HostileTensorsAreNamed) {
  const auto with = [&](const char* option, const char* name) {
    return std::vector<std::string>{option, program.path(name)};
  };
  program.save("mask.npy", tensor(DType::f32, {3, 45}));
  refused(with("--mask", "mask.npy"), "does not broadcast over [2, 4, 33, 45]");
  program.save("mask.npy", tensor(DType::f32, {33, 46}));
  refused(with("--mask", "mask.npy"), "does not fit 45 keys");
  program.save("mask.npy", integers(DType::i32, {1, 2}));
  refused(with("--mask", "mask.npy"), "save it as bool");
  program.save("len.npy", tensor(DType::f32, {2}));
  refused(with("--kv-lengths", "len.npy"), "lengths must be int32 or int64");
  program.save("len.npy", integers(DType::i32, {3, -1}));
  refused(with("--kv-lengths", "len.npy"), "value -1 at index 1 must be from 0 to 45");
  program.save("len.npy", integers(DType::i64, {46, 1}));
  refused(with("--kv-lengths", "len.npy"), "value 46 at index 0");
  program.save("len.npy", integers(DType::i64, {1}));
  refused(with("--kv-lengths", "len.npy"), "must be [2]");
  auto slopes = tensor(DType::f32, {4});
  slopes.as<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  program.save("x.npy", slopes);
  refused(with("--sinks", "x.npy"), "it holds NaN");
  refused(with("--alibi", "x.npy"), "it holds NaN");
  program.save_bytes("x.npy", "\x93NUMPY");
  refused(with("--sinks", "x.npy"), "not a valid .npy file");
  refused(with("--mask", "missing.npy"), "No such file");
  program.save("k.npy", tensor(DType::f32, {2, 3, 45, 24}));
  refused({}, "--v: shape [2, 2, 45, 40] does not match K's [2, 3, 45, 24]");
  program.save("v.npy", tensor(DType::f32, {2, 3, 45, 40}));
  refused({}, "not a multiple of heads_kv");
  program.save("k.npy", tensor(DType::f32, {2, 2, 45, 25}));
  refused({}, "--k: its head_dim is 25, but Q's is 24");
  program.save("k.npy", tensor(DType::f16, {2, 2, 45, 24}));
  refused({}, "--k: dtype is fp16, but Q is fp32");
  program.save("k.npy", tensor(DType::f32, {2, 2, 45, 24}));
  program.save("q.npy", tensor(DType::f32, {4, 33, 24}));
  refused({}, "must be [B, H, S, D]");
  program.save("q.npy", integers(DType::i32, {1}));
  refused({}, "--q: dtype is int32");
}

TEST_F(Run, NonFiniteInputIsToldAndDoesNotSpread) {
  auto k = tensor(DType::f32, {2, 2, 45, 24}, 2);
  k.as<float>()[0] = std::numeric_limits<float>::infinity();  // batch 0, head 0, key 0
  program.save("k.npy", k);
  const auto ended = run({"--out", program.path("o.npy")});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("K holds 1 values that are NaN or infinite"));
  const auto o = load_tensor(program.path("o.npy"), "o");
  ASSERT_TRUE(o.ok());
  // Query heads 0 and 1 of batch 0 share the head; everything after them is clean.
  for (int64_t i = 2 * 33 * 40; i < o->count(); ++i) ASSERT_TRUE(std::isfinite(o->as<float>()[i])) << i;
}

}  // namespace
}  // namespace attune::cli
