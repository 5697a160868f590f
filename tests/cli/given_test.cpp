// `attune run` on files of codes and scales: what it computes is attention of the numbers they stand for.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "cli/files/tensor_file.hpp"
#include "generator/given_operands.hpp"
#include "tests/cli/program.hpp"

namespace attune::cli {
namespace {

using test::integers;
using test::tensor;
using ::testing::HasSubstr;

class RunGiven : public ::testing::Test {
 protected:
  static constexpr int64_t batch = 2, q_heads = 4, kv_heads = 2, queries = 33, keys = 70, dim = 32;

  // As numpy.save writes it.
  void save_codes(const std::string& name, const std::string& descr, const std::vector<int64_t>& shape,
                  const std::vector<uint8_t>& codes) const {
    const std::string header =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}\n", descr, fmt::join(shape, ", "));
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size() & 0xff);
    bytes += static_cast<char>(header.size() >> 8);
    program.save_bytes(name, bytes + header + std::string(codes.begin(), codes.end()));
  }

  static std::vector<uint8_t> codes(int64_t count, uint64_t seed) {
    const Array numbers = tensor(DType::f32, {count}, seed);
    std::vector<uint8_t> all;
    for (int64_t i = 0; i < count; ++i)
      all.push_back(static_cast<uint8_t>(static_cast<int8_t>(numbers.as<float>()[i] * 127)));
    return all;
  }

  // Positive scales; NaN where they pad. `live(index of a row)` of `rows` a head.
  static Array scales(std::vector<int64_t> shape, int64_t rows, int64_t live, uint64_t seed) {
    Array array = tensor(DType::f32, std::move(shape), seed);
    for (int64_t i = 0; i < array.count(); ++i) {
      float& scale = array.as<float>()[i];
      scale = i % rows < live ? (1.5F + scale) / 64 : std::numeric_limits<float>::quiet_NaN();
    }
    return array;
  }

  // Files for int8,token,pv-int8: codes, scales, and the tensors that they stand for.
  void SetUp() override {
    const auto q = codes(batch * q_heads * queries * dim, 1), k = codes(batch * kv_heads * keys * dim, 2);
    const Array q_scales = scales({batch, q_heads, 128}, 128, queries, 3),
                k_scales = scales({batch, kv_heads, 128}, 128, keys, 4);
    save_codes("q.npy", "|i1", {batch, q_heads, queries, dim}, q);
    save_codes("k.npy", "|i1", {batch, kv_heads, keys, dim}, k);
    program.save("qs.npy", q_scales);
    program.save("ks.npy", k_scales);
    const auto numbers = [](const std::vector<uint8_t>& of, const Array& by, int64_t heads, int64_t rows) {
      auto array = *Array::allocate(DType::f32, {batch, heads, rows, dim});
      for (int64_t i = 0; i < array.count(); ++i) {
        const int64_t row = i / dim % rows, head = i / dim / rows;
        array.as<float>()[i] =
            static_cast<float>(static_cast<int8_t>(of[static_cast<size_t>(i)])) * by.as<float>()[head * 128 + row];
      }
      return array;
    };
    program.save("q-numbers.npy", numbers(q, q_scales, q_heads, queries));
    program.save("k-numbers.npy", numbers(k, k_scales, kv_heads, keys));

    Problem p;
    p.batch = batch, p.heads_q = q_heads, p.heads_kv = kv_heads, p.seqlen_q = queries, p.seqlen_kv = keys;
    p.head_dim_qk = p.head_dim_v = dim;
    const PaddedRows rows(p, Granularity::token);
    const auto v = codes(rows.v_codes, 5);  // padding and all
    const Array v_scales = scales({batch, kv_heads, dim}, 1, 1, 6);
    save_codes("v.npy", "|i1", {batch, kv_heads, 2, dim, 64}, v);
    program.save("vs.npy", v_scales);
    auto v_numbers = *Array::allocate(DType::f32, {batch, kv_heads, keys, dim});
    for (int64_t i = 0; i < v_numbers.count(); ++i) {
      const int64_t c = i % dim, n = i / dim % keys, head = i / dim / keys;
      const auto code = static_cast<int8_t>(v[static_cast<size_t>(rows.v_code(head / kv_heads, head % kv_heads, 0, n, c))]);
      v_numbers.as<float>()[i] = static_cast<float>(code) * v_scales.as<float>()[head * dim + c];
    }
    program.save("v-numbers.npy", v_numbers);
  }

  std::string file(const std::string& name) const { return program.path(name); }

  test::Ended run(const std::string& q, const std::string& k, const std::string& v, std::vector<std::string> extra) const {
    std::vector<std::string> all = {"run", "--q", file(q), "--k", file(k), "--v", file(v)};
    all.insert(all.end(), extra.begin(), extra.end());
    return program.run(all);
  }

  // O of a run that has to succeed.
  Array output(const std::string& q, const std::string& k, const std::string& v, std::vector<std::string> extra) const {
    extra.insert(extra.end(), {"--out", file("o.npy"), "--causal", "bottom-right"});
    const auto ended = run(q, k, v, extra);
    EXPECT_EQ(ended.code, 0) << ended.err;
    auto o = load_tensor(file("o.npy"), "o");
    return o.ok() ? std::move(*o) : *Array::allocate(DType::f32, {0});
  }

  static double relative_l1(const Array& o, const Array& expected) {
    if (o.dtype() != DType::f32 || o.shape() != expected.shape()) return 1e9;
    double error = 0, sum = 0;
    for (int64_t i = 0; i < o.count(); ++i) {
      error += std::fabs(static_cast<double>(o.as<float>()[i]) - static_cast<double>(expected.as<float>()[i]));
      sum += std::fabs(static_cast<double>(expected.as<float>()[i]));
    }
    return error / sum;
  }

  std::vector<std::string> with_qk(std::vector<std::string> extra) const {
    extra.insert(extra.end(), {"--q-scales", file("qs.npy"), "--k-scales", file("ks.npy")});
    return extra;
  }
  std::vector<std::string> with_all(std::vector<std::string> extra) const {
    extra.insert(extra.end(), {"--v-scales", file("vs.npy")});
    return with_qk(extra);
  }

  test::Program program;
};

constexpr const char* all_given = "int8,token,pv-int8,given-qkv";

TEST_F(RunGiven, IsAttentionOfTheNumbers) {
  const Array plain = output("q-numbers.npy", "k-numbers.npy", "v-numbers.npy", {});
  // Nothing is rounded where Q and K alone are given; P is, to int8, where V is.
  EXPECT_LT(
      relative_l1(output("q.npy", "k.npy", "v-numbers.npy", with_qk({"--quantization", "int8,token,given-qk"})), plain),
      1e-5);
  EXPECT_LT(relative_l1(output("q-numbers.npy", "k-numbers.npy", "v.npy",
                               {"--quantization", "pv-int8,given-v", "--v-scales", file("vs.npy")}),
                        plain),
            0.02);
  EXPECT_LT(
      relative_l1(output("q.npy", "k.npy", "v.npy", with_all({"--quantization", all_given, "--dtype", "fp32"})), plain),
      0.02);
}

// The same files on a GPU's emulator; on both, O is held to the exact model, and told beside attention of the numbers.
TEST_F(RunGiven, TheSameFilesOnBothKindsOfDevice) {
  for (const char* device : {"cpu", "emulated:sm_89"}) {
    const auto ended =
        run("q.npy", "k.npy", "v.npy",
            with_all({"--quantization", all_given, "--dtype", "fp16", "--device", device, "--check", "--json"}));
    ASSERT_EQ(ended.code, 0) << device << ended.err;
    const auto json = ended.json();
    EXPECT_EQ(json["check"]["against"], "model") << device;
    EXPECT_TRUE(json["check"]["passed"].get<bool>()) << ended.out;
    EXPECT_LT(json["check"]["double"]["relative_l1"], 0.02) << device;
    EXPECT_GT(json["check"]["double"]["relative_l1"], 1e-4) << device;
  }
}

TEST_F(RunGiven, PackedSequencesInSafetensors) {
  // Sequences of 20 and 13 queries, 50 and 20 keys: e4m3 codes of Q and K as torch saves them, one scale a head.
  const auto entry = [](const char* name, const char* dtype, const std::string& shape, size_t begin, size_t end) {
    return fmt::format(R"("{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", name, dtype, shape, begin, end);
  };
  std::string data;
  std::string header = "{";
  for (const auto& [name, rows, heads] : {std::tuple{"q", 33, 4}, std::tuple{"k", 70, 2}}) {
    const size_t begin = data.size();
    for (const uint8_t code : codes(static_cast<int64_t>(rows) * heads * dim, 9)) {
      data += static_cast<char>((code & 0x80) | (code & 0x3f));  // magnitudes up to 1.875
    }
    header += entry(name, "F8_E4M3", fmt::format("{},{},{}", rows, heads, dim), begin, data.size()) + ",";
  }
  header.back() = '}';
  std::string size(8, '\0');
  for (size_t i = 0; i < 8; ++i) size[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  program.save_bytes("codes.safetensors", size + header + data);
  program.save("v16.npy", tensor(DType::f16, {70, 2, 40}, 3));
  program.save("qs.npy", scales({2, 4}, 1, 1, 7));
  program.save("ks.npy", scales({2, 2}, 1, 1, 8));
  program.save("cu_q.npy", integers(DType::i32, {0, 20, 33}));
  program.save("cu_kv.npy", integers(DType::i32, {0, 50, 70}));
  const auto ended = run("codes.safetensors", "codes.safetensors", "v16.npy",
                         with_qk({"--quantization", "e4m3,tensor,given-qk", "--cu-seqlens-q", file("cu_q.npy"),
                                  "--cu-seqlens-kv", file("cu_kv.npy"), "--causal", "top-left", "--check"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("passed against the exact model of the quantization, all 132 rows"));
}

TEST_F(RunGiven, WhatIsMissingOrWrongIsNamed) {
  const auto refused = [&](const std::string& q, const std::string& v, const std::vector<std::string>& extra,
                           const std::string& words) {
    const auto ended = run(q, "k.npy", v, extra);
    EXPECT_EQ(ended.code, 1) << ended.out;
    EXPECT_THAT(ended.err, HasSubstr(words));
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  };
  const std::vector<std::string> qk = {"--quantization", "int8,token,given-qk"};
  const std::vector<std::string> all = {"--quantization", all_given, "--dtype", "fp16"};
  refused("q.npy", "v-numbers.npy", qk, "--q-scales: it is missing; with --quantization int8,token,given-qk the codes");
  refused("q.npy", "v.npy", with_qk(all), "--v-scales: it is missing");
  refused("q.npy", "v.npy", with_all({"--quantization", all_given}), "--dtype: it is missing");
  refused("q.npy", "v-numbers.npy", with_qk({qk[0], qk[1], "--dtype", "fp16"}), "O has the type of V; leave --dtype out");
  refused("q.npy", "v-numbers.npy", with_all(qk), "--v-scales: --quantization int8,token,given-qk gives no codes of V");
  refused("q-numbers.npy", "v-numbers.npy", with_qk({}), "--q-scales: --quantization none gives no codes of Q and K");
  refused("q.npy", "v-numbers.npy", {}, "'|i1' is not supported");
  refused("q-numbers.npy", "v-numbers.npy", with_qk(qk), "'<f4' holds no codes; save int8 as it is");
  refused("missing.npy", "v-numbers.npy", with_qk(qk), "No such file");
  refused("q.npy", "v-numbers.npy", with_qk({"--quantization", "e4m3,token,given-qk"}),
          "--q: dtype is int8; codes in e4m3 are saved as uint8");
  refused("q.npy", "v.npy", with_all({"--quantization", "int8,token,pv-e4m3,given-qkv", "--dtype", "fp16"}),
          "--v: dtype is int8; codes in e4m3 are saved as uint8");
  refused("q.npy", "v-numbers.npy", with_qk({"--quantization", "int8,given-qk"}),
          "--q-scales: shape [2, 4, 128] must be [2, 4, 32], the scale groups of each head of Q");
  refused("q.npy", "v-numbers.npy", with_qk({"--quantization", "int8,tensor,given-qk"}), "must be [2, 4], a scale a head");
  save_codes("flat.npy", "|i1", {batch, kv_heads, keys, dim}, codes(batch * kv_heads * keys * dim, 1));
  refused("q.npy", "flat.npy", with_all(all), "--v: shape [2, 2, 70, 32] must be [2, 2, 2, Dv, 64]");
  Array negative = tensor(DType::f32, {batch, kv_heads, dim});
  std::fill_n(negative.as<float>(), negative.count(), 1.0F);
  negative.as<float>()[35] = -0.5F;
  program.save("vs.npy", negative);
  refused("q.npy", "v.npy", with_all(all), "--v-scales: -0.5 is at position 35, and scales are not negative");
  program.save("vs.npy", tensor(DType::f32, {batch, kv_heads, 31}));
  refused("q.npy", "v.npy", with_all(all), "--v-scales: shape [2, 2, 31] must be [2, 2, 32], a scale a channel");
  program.save("qs.npy", tensor(DType::f16, {batch, q_heads, 128}));
  refused("q.npy", "v.npy", with_all(all), "--q-scales: dtype is fp16; save scales as float32");
  save_codes("q.npy", "|i1", {batch, q_heads, queries, 24}, codes(batch * q_heads * queries * 24, 1));
  save_codes("k.npy", "|i1", {batch, kv_heads, keys, 24}, codes(batch * kv_heads * keys * 24, 1));
  refused("q.npy", "v-numbers.npy", with_qk(qk), "no multiple of 16 bytes. Pad them with zeros to 32");
}

TEST_F(RunGiven, PagesOfCodesAreRefused) {
  save_codes("k.npy", "|i1", {7, kv_heads, 16, dim}, codes(7 * kv_heads * 16 * dim, 1));
  program.save("v-numbers.npy", tensor(DType::f32, {7, kv_heads, 16, dim}));
  auto table = *Array::allocate(DType::i32, {2, 2});
  for (int32_t i = 0; i < 4; ++i) table.as<int32_t>()[i] = i;
  program.save("pages.npy", table);
  const auto ended = run("q.npy", "k.npy", "v-numbers.npy",
                         with_qk({"--quantization", "int8,token,given-qk", "--page-table", file("pages.npy")}));
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("given codes are not paged, and page_size is 16. Gather them"));
}

// Tuning and verification make codes of their own.
TEST_F(RunGiven, ShapesWithCodesAreTunedAndVerified) {
  const std::string shape = "B1 H2/1 S70x130 D32 fp16 quantization(int8,pv-e4m3,given-qkv)";
  const auto tuned = program.run({"tune", shape, "--budget", "2evals"});
  EXPECT_EQ(tuned.code, 0) << tuned.err;
  const auto verified = program.run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("given-qkv"));
  EXPECT_THAT(verified.out, HasSubstr("ok"));
}

}  // namespace
}  // namespace attune::cli
