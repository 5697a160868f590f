// Emitted sources against tests/generator/golden: LLVM IR byte for byte; of CUDA C++ byte for byte what the generator wrote,
// and a line for every template that stands in it unchanged. After a deliberate change: run `emission_tests
// --update-golden`, read the diff, raise the family's version if the numbers change meaning, and commit both.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "common/files.hpp"
#include "generator/cuda/templates.hpp"
#include "generator/family.hpp"
#include "tests/generator/emission.hpp"

namespace attune {
namespace {

struct Case {
  std::string name;
  Problem problem;
  std::string arch;
  std::string family = "forward_cpu";
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
  Problem gpu_prefill = decode;
  gpu_prefill.seqlen_q = gpu_prefill.seqlen_kv;
  gpu_prefill.causal = true;
  Problem quantized = gpu_prefill;
  quantized.quantization = "sage2-8b";
  Problem sinks_apart = everything;
  sinks_apart.quantization = *canonical_quantization("int8,token,k-sink,v-mean,acc-f16,flush-32");
  Problem gpu_lists = lists;
  gpu_lists.dtype = DType::bf16;
  Problem paged_lists = lists;
  paged_lists.page_size = 16;
  paged_lists.page_count = 256;
  return {{"prefill_fp32_avx512", prefill, "x86-64-avx512"},
          {"decode_bf16_avx512bf16", decode, "x86-64-avx512bf16"},
          {"everything_fp16_avx2", everything, "x86-64-avx2"},
          {"lists_fp32_portable", lists, "portable"},
          {"prefill_bf16_sm_80", gpu_prefill, "sm_80", "forward_mma"},
          {"decode_bf16_sm_90a", decode, "sm_90a", "forward_mma"},
          {"everything_fp16_sm_89", everything, "sm_89", "forward_mma"},
          {"lists_bf16_sm_120a", gpu_lists, "sm_120a", "forward_mma"},
          {"sage2_8b_bf16_sm_89", quantized, "sm_89", "forward_mma"},
          {"sinks_apart_fp16_sm_80", sinks_apart, "sm_80", "forward_mma"},
          {"simt_everything_fp16_sm_80", everything, "sm_80", "forward_simt"},
          {"simt_paged_lists_fp32_sm_90a", paged_lists, "sm_90a", "forward_simt"}};
}

std::string emit(const Case& test) {
  const Family* family = find_family(test.family);
  const DeviceClass device = test.arch.starts_with("sm_") ? test_gpu(test.arch) : test_cpu(test.arch);
  const Spec spec = family->spec(test.problem, device);
  auto source = family->emit(spec, family->heuristic(spec, test.problem, device));
  return source.ok() ? full_text(*source) : source.error().message();
}

// A template as it must stand in an emitted source: without its includes, and no two blank lines in a row.
std::string body_of(std::string_view file) {
  std::string body;
  for (size_t begin = 0; begin < file.size();) {
    const size_t end = std::min(file.find('\n', begin), file.size());
    const std::string_view line = file.substr(begin, end - begin);
    begin = end + 1;
    if (line == "#pragma once" || line.starts_with("#include") || (line.empty() && body.ends_with("\n\n"))) continue;
    body.append(line).push_back('\n');
  }
  return body;
}

// The templates have files of their own; a copy of each in every golden file would hide what differs between kernels.
std::string outline(const Case& test) {
  std::string text = emit(test);
  if (find_family(test.family)->source_kind() != SourceKind::cuda_cpp) return text;
  for (const auto& [name, file] : cuda::templates()) {
    const std::string body = body_of(file);
    const std::string line = "// ... templates/" + std::string(name) + "\n";
    // Two units of one plan share some.
    for (size_t at = text.find(body); at != std::string::npos; at = text.find(body, at + line.size())) {
      text.replace(at, body.size(), line);
    }
  }
  return text;
}

std::filesystem::path golden_file(const Case& test) {
  const bool is_cuda = find_family(test.family)->source_kind() == SourceKind::cuda_cpp;
  return std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/generator/golden" / (test.name + (is_cuda ? ".cu" : ".ll"));
}

TEST(Golden, EmittedTextIsUnchanged) {
  for (const Case& test : cases()) {
    auto expected = read_file(golden_file(test));
    ASSERT_TRUE(expected.ok()) << expected.error().message();
    EXPECT_EQ(outline(test), *expected) << test.name << ": run `emission_tests --update-golden` if the change is meant";
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
    const std::string comment = find_family(test.family)->source_kind() == SourceKind::cuda_cpp ? "//" : ";";
    EXPECT_EQ(text.rfind(comment + " Attune " + test.family + " version", 0), 0U);
    EXPECT_NE(text.find("\n" + comment + " spec: "), std::string::npos);
    EXPECT_NE(text.find("\n" + comment + " config: "), std::string::npos);
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
      if (!attune::write_file_atomically(attune::golden_file(test), attune::outline(test)).ok()) return 1;
    }
    return 0;
  }
  return RUN_ALL_TESTS();
}
