// Emitted IR, byte for byte against tests/generator/golden. After a deliberate change: run `emission_tests --update-golden`,
// read the diff, raise the family's version if the numbers change meaning, and commit both.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "common/files.hpp"
#include "generator/family.hpp"
#include "tests/generator/emission.hpp"

namespace attune {
namespace {

struct Case {
  std::string name;
  Problem problem;
  std::string arch;
};

std::vector<Case> cases() {
  Problem prefill;
  prefill.heads_q = prefill.heads_kv = 8;
  prefill.seqlen_q = prefill.seqlen_kv = 4096;
  Problem decode;
  decode.dtype = DType::bf16;
  decode.heads_q = 32;
  decode.heads_kv = 8;
  decode.seqlen_kv = 8192;
  decode.head_dim_qk = decode.head_dim_v = 128;
  Problem everything;
  everything.dtype = DType::f16;
  everything.batch = 2;
  everything.heads_q = 4;
  everything.heads_kv = 2;
  everything.seqlen_q = everything.seqlen_kv = 100;
  everything.head_dim_qk = 40;
  everything.head_dim_v = 24;
  everything.causal = everything.sinks = everything.alibi = everything.kv_lengths = everything.want_lse = true;
  everything.alignment = Alignment::bottom_right;
  everything.window_left = 16;
  everything.softcap = 30;
  everything.mask = {MaskKind::additive, DType::f32, 1, 1, 100, 100};
  Problem lists = prefill;
  lists.sparsity = {SparsityKind::csr_lists, 64, 64, true, true, 1, 8, 0};
  return {{"prefill_fp32_avx512", prefill, "x86-64-avx512"},
          {"decode_bf16_avx512bf16", decode, "x86-64-avx512bf16"},
          {"everything_fp16_avx2", everything, "x86-64-avx2"},
          {"lists_fp32_portable", lists, "portable"}};
}

std::string emit(const Case& test) {
  const Family* family = find_family("forward_cpu");
  const DeviceClass device = test_cpu(test.arch);
  const Spec spec = family->spec(test.problem, device);
  auto source = family->emit(spec, family->heuristic(spec, test.problem, device));
  return source.ok() ? source->text : source.error().message();
}

std::filesystem::path golden_file(const std::string& name) {
  return std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/generator/golden" / (name + ".ll");
}

TEST(Golden, EmittedTextIsUnchanged) {
  for (const Case& test : cases()) {
    auto expected = read_file(golden_file(test.name));
    ASSERT_TRUE(expected.ok()) << expected.error().message();
    EXPECT_EQ(emit(test), *expected) << test.name << ": run `emission_tests --update-golden` if the change is meant";
  }
}

TEST(Golden, EmissionIsDeterministicAcrossThreads) {
  for (const Case& test : cases()) {
    const std::string first = emit(test);
    std::vector<std::string> others(4);
    std::vector<std::thread> threads;
    for (std::string& other : others) threads.emplace_back([&] { other = emit(test); });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& other : others) EXPECT_EQ(other, first);
  }
}

TEST(Golden, NothingButIntrinsicsIsDeclaredAndTheHeaderTellsProblemAndConfig) {
  for (const Case& test : cases()) {
    const std::string text = emit(test);
    EXPECT_EQ(text.rfind("; Attune forward_cpu version", 0), 0U);
    EXPECT_NE(text.find("\n; spec: "), std::string::npos);
    EXPECT_NE(text.find("\n; config: "), std::string::npos);
    for (size_t at = text.find("\ndeclare "); at != std::string::npos; at = text.find("\ndeclare ", at + 1)) {
      const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      EXPECT_NE(line.find("@llvm."), std::string::npos) << line;
    }
  }
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1 && std::string_view(argv[1]) == "--update-golden") {
    for (const auto& test : attune::cases()) {
      if (!attune::write_file_atomically(attune::golden_file(test.name), attune::emit(test)).ok()) return 1;
    }
    return 0;
  }
  return RUN_ALL_TESTS();
}
