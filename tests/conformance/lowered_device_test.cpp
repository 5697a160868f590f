// Kernels for AVX-512, VNNI and bf16, in plain code on this host: what the plain forms compute, and what kernels do with
// them.
#include "tests/conformance/lowered_device.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "generator/dtype_codec.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

using Words = std::array<uint32_t, 16>;

// One instruction on three registers of 32-bit words. `call` has the operands %x0, %x1 and %x2, of the types named.
struct Instruction {
  std::string intrinsic, result_type, call, parameters;
  std::array<std::string, 3> types;
};

const std::string words_type = "<16 x i32>", floats = "<16 x float>", pairs = "<32 x bfloat>", shorts = "<32 x i16>";

std::string probe(const Instruction& instruction, const std::string& store_type) {
  std::string text = fmt::format("declare {} {}({})\ndefine void @probe(ptr %a, i64 %b, i64 %e, ptr %s) {{\n",
                                 instruction.result_type, instruction.intrinsic, instruction.parameters);
  for (int n = 0; n < 4; ++n) {
    text += fmt::format("  %at{0} = getelementptr ptr, ptr %a, i64 {0}\n  %p{0} = load ptr, ptr %at{0}\n", n);
    if (n < 3) text += fmt::format("  %x{0} = load {1}, ptr %p{0}, align 4\n", n, instruction.types[static_cast<size_t>(n)]);
  }
  return text + fmt::format("  %y = call {} {}({})\n  store {} %y, ptr %p3, align 4\n  ret void\n}}\n",
                            instruction.result_type, instruction.intrinsic, instruction.call, store_type);
}

class PlainForms : public testing::Test {
 protected:
  Words run(const Instruction& instruction, const std::array<Words, 3>& inputs) {
    auto device = open_lowered_device("x86-64-avx512bf16", 1);
    if (!device.ok()) {
      ADD_FAILURE() << device.error().message();
      return {};
    }
    Source source;
    source.text = probe(instruction, instruction.result_type);
    source.entries = {"probe"};
    const auto binary = (*device)->compiler().compile(source);
    if (!binary.ok()) {
      ADD_FAILURE() << binary.error().message() << binary.error().log();
      return {};
    }
    const auto kernel = (*device)->load(*binary);
    Words result{};
    const void* pointers[] = {&inputs[0], &inputs[1], &inputs[2], &result};
    ArgumentBlock arguments;
    std::memcpy(arguments.bytes.data(), pointers, sizeof pointers);
    Launch launch;
    launch.entry = "probe";
    EXPECT_TRUE(kernel.ok() && (*device)->launch(**kernel, {&launch, 1}, arguments, nullptr, {}).ok());
    return result;
  }
  Words any() {
    Words words;
    for (uint32_t& word : words) word = static_cast<uint32_t>(random_());
    return words;
  }
  // Numbers of moderate size, as words.
  Words numbers(float scale) {
    Words words;
    std::normal_distribution<float> normal(0, scale);
    for (uint32_t& word : words) word = std::bit_cast<uint32_t>(normal(random_));
    return words;
  }
  std::mt19937 random_{5};
};

float number(uint32_t word) { return std::bit_cast<float>(word); }

TEST_F(PlainForms, BytesUnsignedBySignedAreSummedWithoutSaturation) {
  const Instruction whole{"@llvm.x86.avx512.vpdpbusd.512",
                          words_type,
                          "<16 x i32> %x0, <16 x i32> %x1, <16 x i32> %x2",
                          "<16 x i32>, <16 x i32>, <16 x i32>",
                          {words_type, words_type, words_type}};
  const char* const short_type = "<8 x i32>";
  const Instruction half{"@llvm.x86.avx512.vpdpbusd.256",
                         short_type,
                         "<8 x i32> %x0, <8 x i32> %x1, <8 x i32> %x2",
                         "<8 x i32>, <8 x i32>, <8 x i32>",
                         {short_type, short_type, short_type}};
  std::array<Words, 3> inputs = {any(), any(), any()};
  // The largest sum of products, which pairs of 16 bits would not hold, and one that wraps around.
  inputs[1][0] = inputs[1][1] = 0xffffffff;
  inputs[2][0] = 0x80808080;
  inputs[2][1] = 0x7f7f7f7f;
  inputs[0][1] = 0x7fffffff;
  const Words result = run(whole, inputs), short_result = run(half, inputs);
  for (size_t n = 0; n < 16; ++n) {
    uint32_t sum = inputs[0][n];
    for (int byte = 0; byte < 4; ++byte) {
      const auto a = static_cast<uint8_t>(inputs[1][n] >> 8 * byte);
      const auto b = static_cast<int8_t>(inputs[2][n] >> 8 * byte);
      sum += static_cast<uint32_t>(int{a} * int{b});
    }
    EXPECT_EQ(result[n], sum) << n;
    EXPECT_EQ(short_result[n], n < 8 ? sum : 0) << n;
  }
}

TEST_F(PlainForms, PairsOfShortsAreSummed) {
  const Instruction instruction{"@llvm.x86.avx512.pmaddw.d.512",
                                words_type,
                                "<32 x i16> %x0, <32 x i16> %x1",
                                "<32 x i16>, <32 x i16>",
                                {shorts, shorts, words_type}};
  const std::array<Words, 3> inputs = {any(), any(), any()};
  const Words result = run(instruction, inputs);
  for (size_t n = 0; n < 16; ++n) {
    const uint32_t a = inputs[0][n], b = inputs[1][n];
    const auto low = int{static_cast<int16_t>(a)} * int{static_cast<int16_t>(b)};
    const auto high = int{static_cast<int16_t>(a >> 16)} * int{static_cast<int16_t>(b >> 16)};
    EXPECT_EQ(result[n], static_cast<uint32_t>(low) + static_cast<uint32_t>(high)) << n;
  }
}

TEST_F(PlainForms, PairsOfBf16AreAddedOddFirst) {
  const Instruction instruction{"@llvm.x86.avx512bf16.dpbf16ps.512",
                                floats,
                                "<16 x float> %x0, <32 x bfloat> %x1, <32 x bfloat> %x2",
                                "<16 x float>, <32 x bfloat>, <32 x bfloat>",
                                {floats, pairs, pairs}};
  std::array<Words, 3> inputs = {numbers(1), numbers(3), numbers(0.1F)};
  // The lower halves of the words are numbers too: of the same exponents as the upper ones.
  for (size_t n = 0; n < 16; ++n) {
    for (const size_t operand : {1, 2})
      inputs[operand][n] = (inputs[operand][n] & 0xffff0000) | (inputs[operand][15 - n] >> 16);
  }
  const Words result = run(instruction, inputs);
  for (size_t n = 0; n < 16; ++n) {
    const auto half = [&](size_t operand, int shift) {
      return bf16_to_float(static_cast<uint16_t>(inputs[operand][n] >> shift));
    };
    const float odd = std::fmaf(half(1, 16), half(2, 16), number(inputs[0][n]));
    EXPECT_EQ(number(result[n]), std::fmaf(half(1, 0), half(2, 0), odd)) << n;
  }
}

TEST_F(PlainForms, Bf16IsRoundedToNearest) {
  const Instruction instruction{"@llvm.x86.avx512bf16.cvtneps2bf16.512",
                                "<16 x bfloat>",
                                "<16 x float> %x0",
                                "<16 x float>",
                                {floats, words_type, words_type}};
  std::array<Words, 3> inputs = {numbers(100), any(), any()};
  inputs[0][0] = 0x3f808000;  // ties
  inputs[0][1] = 0x3f818000;
  inputs[0][2] = 0x7f7fffff;  // to infinity
  inputs[0][3] = 0x7f800000;
  inputs[0][4] = 0x7f800001;  // a NaN whose upper half is infinity
  const Words result = run(instruction, inputs);
  for (size_t n = 0; n < 16; ++n) {
    const auto bits = static_cast<uint16_t>(result[n / 2] >> 16 * (n % 2));
    if (std::isnan(number(inputs[0][n]))) {
      EXPECT_TRUE(std::isnan(bf16_to_float(bits))) << n;
    } else {
      EXPECT_EQ(bits, float_to_bf16(number(inputs[0][n]))) << n;
    }
  }
}

TEST_F(PlainForms, FractionsAndPowers) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Instruction reduce{"@llvm.x86.avx512.mask.reduce.ps.512",
                           floats,
                           "<16 x float> %x0, i32 9, <16 x float> %x0, i16 -1, i32 4",
                           "<16 x float>, i32 immarg, <16 x float>, i16, i32 immarg",
                           {floats, floats, floats}};
  const Instruction scale{"@llvm.x86.avx512.mask.scalef.ps.512",
                          floats,
                          "<16 x float> %x1, <16 x float> %x0, <16 x float> %x1, i16 -1, i32 4",
                          "<16 x float>, <16 x float>, <16 x float>, i16, i32 immarg",
                          {floats, floats, floats}};
  std::array<Words, 3> inputs = {numbers(40), numbers(1), any()};
  const std::array<float, 7> special = {-infinity, infinity, std::nanf(""), -149.5F, -1e9F, 0.0F, 127.25F};
  for (size_t n = 0; n < special.size(); ++n) {
    inputs[0][n] = std::bit_cast<uint32_t>(special[n]);
    inputs[1][n] = std::bit_cast<uint32_t>(1.0F + static_cast<float>(n) / 8);
  }
  const Words fractions = run(reduce, inputs), powers = run(scale, inputs);
  for (size_t n = 0; n < 16; ++n) {
    const float x = number(inputs[0][n]), mantissa = number(inputs[1][n]);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(number(fractions[n])) && std::isnan(number(powers[n])));
      continue;
    }
    EXPECT_EQ(number(fractions[n]), std::isinf(x) ? 0 : x - std::floor(x)) << x;
    const float bounded = std::fmin(std::fmax(std::floor(x), -400.0F), 400.0F);
    EXPECT_EQ(number(powers[n]), std::ldexp(mantissa, static_cast<int>(bounded))) << mantissa << " " << x;
  }
}

TEST(Lowering, AnUnknownInstructionIsAnErrorThatNamesIt) {
  const auto text = lowered(
      "declare <16 x i32> @llvm.x86.avx512.unknown.512(<16 x i32>)\n"
      "  %y = call <16 x i32> @llvm.x86.avx512.unknown.512(<16 x i32> %x)\n");
  ASSERT_FALSE(text.ok());
  EXPECT_NE(text.error().message().find("@llvm.x86.avx512.unknown.512"), std::string::npos);
}

// ---- Kernels

Problem ragged(DType dtype, const std::string& request) {
  Problem p;
  p.heads_q = 2;
  p.heads_kv = 1;
  p.seqlen_q = 37;
  p.seqlen_kv = 203;
  p.head_dim_qk = p.head_dim_v = 40;
  p.dtype = dtype;
  p.want_lse = true;
  p.quantization = canonical(request);
  return p;
}

// Codes that were given become the same words; the lowest, which Q is raised by 128 from, among them.
TEST(LoweredKernels, GivenCodesAgreeWithTheirModels) {
  for (const std::string request : {"int8,token,pv-int8,given-qkv", "int4,pv-int8,given-qkv"}) {
    SCOPED_TRACE(request);
    Problem problem = ragged(DType::bf16, request);
    problem.head_dim_qk = problem.head_dim_v = 96;
    problem.softmax_scale = 0.02F;
    Workload work(problem, {3});
    give_any_codes(work);
    EXPECT_EQ(run_quantized("lowered:x86-64-avx512bf16", work), "");
  }
  Problem problem = ragged(DType::bf16, "e4m3,block,pv-e4m3,given-qkv");
  problem.head_dim_qk = 48;
  EXPECT_EQ(check_quantized({problem, {4, Values::llm}, "lowered:x86-64-avx512bf16", std::nullopt}), "");
}

// Every form of a product: bytes for Q K^T and for P V, bf16 pairs for either.
TEST(LoweredKernels, QuantizedOnesAgreeWithTheirModels) {
  uint64_t seed = 1;
  for (const std::string request :
       {"sage1", "sage2-8b,k-sink", "sage2-4b", "int8,token,q-mean,v-mean,pv-int8", "e4m3,k-mean,pv-e4m3", "pv-int8"}) {
    SCOPED_TRACE(request);
    Problem problem = ragged(DType::bf16, request);
    problem.causal = seed % 2 == 0;
    problem.alignment = Alignment::bottom_right;
    const WorkloadOptions options{++seed, seed % 2 == 0 ? Values::llm : Values::dit, Strides::shuffled, true, false};
    EXPECT_EQ(check_quantized({problem, options, "lowered:x86-64-avx512bf16", std::nullopt}), "");
  }
  const Problem pairs_of_shorts = ragged(DType::f16, "int8,k-mean,pv-int8");
  EXPECT_EQ(check_quantized({pairs_of_shorts, {9, Values::llm}, "lowered:x86-64-avx512", std::nullopt}), "");
  for (const std::string target : {"lowered:x86-64-avx512vnni", "lowered:x86-64-avxvnni"}) {
    for (const std::string request : {"int8,k-mean", "int8,token,q-mean,pv-int8"}) {
      SCOPED_TRACE(target + " " + request);
      Problem bytes = ragged(DType::bf16, request);
      bytes.causal = ++seed % 2 == 0;
      EXPECT_EQ(check_quantized({bytes, {seed, Values::llm, Strides::shuffled, true, false}, target, std::nullopt}), "");
    }
  }
}

TEST(LoweredKernels, TheLargestCodesDoNotOverflow) {
  Problem problem = ragged(DType::bf16, "int8,token,pv-int8");
  problem.head_dim_qk = problem.head_dim_v = 256;
  Workload work(problem, {3});
  for (int64_t j = 0; j < problem.seqlen_kv; ++j) {
    for (int64_t d = 0; d < problem.head_dim_qk; ++d) {
      work.set(work.tensors().k, 0, 0, j, d, j % 2 == 0 ? -0.25F : 0.25F);
      work.set(work.tensors().v, 0, 0, j, d, -3);
    }
  }
  for (int64_t h = 0; h < problem.heads_q; ++h) {
    for (int64_t i = 0; i < problem.seqlen_q; ++i) {
      for (int64_t d = 0; d < problem.head_dim_qk; ++d) work.set(work.tensors().q, 0, h, i, d, i % 2 == 0 ? 0.25F : -0.25F);
    }
  }
  work.seal();
  EXPECT_EQ(run_quantized("lowered:x86-64-avx512bf16", work), "");
}

TEST(LoweredKernels, UnquantizedOnesAgreeWithDouble) {
  uint64_t seed = 20;
  for (const std::string target : {"lowered:x86-64-avx512bf16", "lowered:x86-64-avx512"}) {
    for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
      Problem problem = ragged(dtype, "none");
      problem.causal = problem.sinks = true;
      problem.softcap = seed % 2 == 0 ? 20.0F : 0.0F;
      EXPECT_EQ(check_case({problem, {++seed, Values::normal, Strides::shuffled, true, false}, target, std::nullopt}), "");
    }
  }
}

}  // namespace
}  // namespace attune::test
