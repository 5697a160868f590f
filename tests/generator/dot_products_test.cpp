// The dot product instructions of archs that have them come out of the code generator, on whatever machine this runs: VNNI
// where codes are multiplied as integers, bf16 pairs where numbers of 8 or 16 bits are, and neither for an arch that has
// none.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runtime/llvm_compiler.hpp"
#include "tests/generator/emission.hpp"

namespace attune {
namespace {

struct Expected {
  std::string quantization;
  DType dtype;
  bool bytes, bf16_pairs;  // vpdpbusd, vdpbf16ps
};

// Instructions of that name on whole registers.
int64_t count(const std::string& assembly, std::string_view instruction, std::string_view register_name = "%zmm") {
  int64_t found = 0;
  for (size_t at = assembly.find(instruction); at != std::string::npos; at = assembly.find(instruction, at + 1)) {
    const std::string_view line = std::string_view(assembly).substr(at, assembly.find('\n', at) - at);
    if (line.find(register_name) != std::string_view::npos) ++found;
  }
  return found;
}

class Kernel {
 public:
  Kernel(const std::string& arch, const Expected& expected) {
    Problem problem;
    problem.heads_q = problem.heads_kv = 2;
    problem.seqlen_q = problem.seqlen_kv = 512;
    problem.head_dim_qk = problem.head_dim_v = 64;
    problem.dtype = expected.dtype;
    problem.quantization = expected.quantization;
    const Family& family = *find_family("forward_cpu");
    const DeviceClass device = test_cpu(arch);
    const Spec spec = family.spec(problem, device);
    config_ = family.heuristic(spec, problem, device);
    auto source = family.emit(spec, config_);
    EXPECT_TRUE(source.ok());
    if (source.ok()) source_ = *source;
  }
  // The tile that the multiplications of one word of Q are for.
  int64_t tile() const { return config_.at("rows") * config_.at("qk_columns"); }
  Result<std::string> assembly() const { return runtime::LlvmCompiler().assembly(source_); }
  Result<runtime::Binary> object() const { return runtime::LlvmCompiler().compile(source_); }

 private:
  Config config_;
  Source source_;
};

TEST(DotProducts, AreInTheAssemblyOfTheArchThatHasThem) {
  for (const Expected& expected :
       {Expected{"none", DType::bf16, false, true}, Expected{"none", DType::f16, false, false},
        Expected{"sage1", DType::bf16, true, false}, Expected{"sage2-8b", DType::f16, true, true},
        Expected{"sage2-4b", DType::bf16, true, true}, Expected{"int8,k-mean,pv-int8", DType::f32, true, false},
        Expected{"pv-int8", DType::bf16, true, true}, Expected{"e4m3,pv-e4m3", DType::f16, false, true}}) {
    SCOPED_TRACE(expected.quantization + " " + std::string(name(expected.dtype)));
    const Kernel kernel("x86-64-avx512bf16", expected);
    const auto assembly = kernel.assembly();
    ASSERT_TRUE(assembly.ok()) << assembly.error().message() << assembly.error().log();
    const int64_t bytes = count(*assembly, "vpdpbusd"), pairs = count(*assembly, "vdpbf16ps");
    EXPECT_EQ(bytes > 0, expected.bytes) << bytes;
    EXPECT_EQ(pairs > 0, expected.bf16_pairs) << pairs;
    if (expected.bytes || expected.bf16_pairs) {
      EXPECT_GE(bytes + pairs, kernel.tile()) << "one a register of the tile";
    }
    EXPECT_EQ(count(*assembly, "vpdpbusds"), 0) << "sums do not saturate";
    EXPECT_EQ(count(*assembly, "vpmaddwd"), 0) << "pairs of 16 bits are for what has no VNNI";
  }
}

TEST(DotProducts, AreObjectsOnAnyMachine) {
  const auto object = Kernel("x86-64-avx512bf16", {"sage2-8b", DType::bf16, true, true}).object();
  ASSERT_TRUE(object.ok()) << object.error().message() << object.error().log();
  EXPECT_TRUE(std::string_view(object->bytes).substr(1).starts_with("ELF"));
  EXPECT_EQ(object->entries.size(), 3U) << "two that prepare, and the attention";
}

// Cascade Lake and Ice Lake have VNNI and no bf16 dot products, Alder Lake and later VNNI and no AVX-512.
TEST(DotProducts, OfBytesComeWithoutThoseOfBf16) {
  for (const auto& [arch, name] :
       {std::pair<std::string, std::string>{"x86-64-avx512vnni", "%zmm"}, {"x86-64-avxvnni", "%ymm"}}) {
    SCOPED_TRACE(arch);
    const Kernel kernel(arch, {"int8,k-mean", DType::bf16, true, false});
    const auto assembly = kernel.assembly();
    ASSERT_TRUE(assembly.ok()) << assembly.error().message() << assembly.error().log();
    EXPECT_GE(count(*assembly, "vpdpbusd", name), kernel.tile());
    EXPECT_EQ(count(*assembly, "vpmaddwd", name), 0);
    EXPECT_EQ(assembly->find("vdpbf16ps"), std::string::npos);
    EXPECT_EQ(assembly->find("%zmm") != std::string::npos, name == "%zmm");
  }
}

TEST(DotProducts, AreNotInTheAssemblyOfTheArchThatLacksThem) {
  const auto assembly = Kernel("x86-64-avx512", {"int8,k-mean,pv-int8", DType::bf16, false, false}).assembly();
  ASSERT_TRUE(assembly.ok()) << assembly.error().message() << assembly.error().log();
  EXPECT_EQ(count(*assembly, "vpdpbusd"), 0);
  EXPECT_EQ(count(*assembly, "vdpbf16ps"), 0);
  EXPECT_GT(count(*assembly, "vpmaddwd"), 0);
}

}  // namespace
}  // namespace attune
