// IR in, object out; and LLVM's own words when it cannot be.
#include "runtime/llvm_compiler.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "runtime/llvm_pipeline.hpp"
#include "tests/runtime/fill_family.hpp"

namespace attune::runtime {
namespace {

using test::fill_ir;
using ::testing::HasSubstr;
using ::testing::Not;

Source source(std::string text, std::vector<std::string> entries = {"fill"}) {
  Source result;
  result.text = std::move(text);
  result.entries = std::move(entries);
  return result;
}

TEST(LlvmCompiler, ObjectIsElfAndDeterministic) {
  const LlvmCompiler compiler;
  const auto first = compiler.compile(source(fill_ir("fill", 8, 2)));
  const auto second = compiler.compile(source(fill_ir("fill", 8, 2)));
  ASSERT_TRUE(first.ok()) << first.error().message();
  EXPECT_TRUE(
      first->bytes.starts_with("\x7f"
                               "ELF"));
  EXPECT_EQ(first->bytes, second->bytes);
  EXPECT_EQ(first->entries, std::vector<std::string>{"fill"});
  EXPECT_GT(first->compile_ms, 0);
}

TEST(LlvmCompiler, IdentityNamesVersionTripleAndPipeline) {
  const std::string identity = LlvmCompiler().identity(SourceKind::llvm_ir);
  EXPECT_THAT(identity, HasSubstr("llvm 19."));
  EXPECT_THAT(identity, HasSubstr("linux"));
  EXPECT_THAT(identity, HasSubstr(std::string(pipeline_text())));
}

TEST(LlvmCompiler, ErrorsCarryTheCompilersWordsAndANextStep) {
  const std::string body = "define void @fill(ptr %a, i64 %b, i64 %e, ptr %s) {\n";
  struct Case {
    const char* what;
    Source source;
    const char* message;
    const char* log;
  };
  Source unknown_cpu = source(fill_ir("fill", 8, 2));
  unknown_cpu.target_cpu = "i9000";
  const std::vector<Case> cases = {
      {"syntax", source("define void @fill( {"), "could not parse", "expected type"},
      {"empty", source(""), "does not define the entry 'fill'", ""},
      {"dominance", source(body + " %x = add i64 %y, 1\n %y = add i64 1, 1\n ret void }"), "verifier", "dominate"},
      {"declared only", source("declare void @fill(ptr, i64, i64, ptr)"), "does not define the entry 'fill'", ""},
      {"internal", source("define internal void @fill() { ret void }"), "does not define the entry 'fill'", ""},
      {"second entry missing", source(fill_ir("fill", 8, 2), {"fill", "combine"}), "'combine'", ""},
      {"unknown processor", unknown_cpu, "i9000", ""},
      {"other machine", source("target triple = \"nvptx64-nvidia-cuda\"\n" + fill_ir("fill", 8, 2)), "nvptx64", ""},
  };
  const LlvmCompiler compiler;
  for (const Case& bad : cases) {
    const auto binary = compiler.compile(bad.source);
    ASSERT_FALSE(binary.ok()) << bad.what;
    EXPECT_EQ(binary.error().status(), Status::compile_failed) << bad.what;
    EXPECT_THAT(binary.error().message(), HasSubstr(bad.message)) << bad.what;
    EXPECT_THAT(binary.error().message(), HasSubstr("report it.")) << bad.what;
    EXPECT_THAT(binary.error().log(), HasSubstr(bad.log)) << bad.what;
  }
  Source cuda = source("__global__ void f() {}");
  cuda.kind = SourceKind::cuda_cpp;
  EXPECT_EQ(compiler.compile(cuda).error().status(), Status::unsupported);
}

TEST(LlvmCompiler, BackEndDiagnosticsAreErrorsToo) {
  const auto binary = LlvmCompiler().compile(
      source("define void @fill() {\n call void asm sideeffect \"no such instruction\", \"\"()\n ret void }"));
  ASSERT_FALSE(binary.ok());
  EXPECT_EQ(binary.error().status(), Status::compile_failed);
  EXPECT_THAT(binary.error().log(), HasSubstr("no such instruction"));
}

TEST(LlvmCompiler, TextsForPeople) {
  const LlvmCompiler compiler;
  const Source kernel = source(
      "define void @fill(ptr %a, i64 %b, i64 %e, ptr %s) {\n"
      "  %slot = alloca i64\n  store i64 %b, ptr %slot\n  %v = load i64, ptr %slot\n  store i64 %v, ptr %a\n  ret "
      "void\n}\n");
  const auto ir = compiler.optimised(kernel);
  ASSERT_TRUE(ir.ok());
  EXPECT_THAT(*ir, HasSubstr("define void @fill"));
  EXPECT_THAT(*ir, Not(HasSubstr("alloca"))) << "the pipeline ran";
  const auto assembly = compiler.assembly(kernel);
  ASSERT_TRUE(assembly.ok());
  EXPECT_THAT(*assembly, HasSubstr("fill:"));
  EXPECT_THAT(*assembly, HasSubstr("ret"));
  EXPECT_FALSE(compiler.optimised(source("rubbish")).ok());
  EXPECT_FALSE(compiler.assembly(source("rubbish")).ok());
}

// The generator decides on unrolling and vectors: LLVM must not undo it.
TEST(LlvmCompiler, PipelineLeavesLoopsAlone) {
  const auto ir = LlvmCompiler().optimised(source(fill_ir("fill", 8, 2)));
  ASSERT_TRUE(ir.ok());
  EXPECT_THAT(*ir, Not(HasSubstr("x float>"))) << "vectorised";
  EXPECT_THAT(*ir, Not(HasSubstr("memset"))) << "turned into a library call";
  size_t stores = 0;
  for (size_t at = ir->find("store float"); at != std::string::npos; at = ir->find("store float", at + 1)) ++stores;
  EXPECT_EQ(stores, 1U) << "unrolled";
}

TEST(LlvmCompiler, ThreadsCompileAtOnce) {
  const LlvmCompiler compiler;
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5; ++i) {
          const bool broken = (t + i) % 2 == 0;
          const auto binary = compiler.compile(source(broken ? "define" : fill_ir("fill", 8, t * 8 + i)));
          good += binary.ok() != broken ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(good, 20);
}

}  // namespace
}  // namespace attune::runtime
