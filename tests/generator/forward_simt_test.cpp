// forward_simt without a device: what it takes and refuses, what its spec separates, its space, and the PTX it becomes.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>
#include <set>

#include "generator/families/gpu_arguments.hpp"
#include "runtime/nvptx_compiler.hpp"
#include "tests/generator/emission.hpp"

namespace attune {
namespace {

const Family& family() { return *find_family("forward_simt"); }

Problem small() {
  Problem problem;
  problem.batch = 2;
  problem.heads_q = 4;
  problem.heads_kv = 2;
  problem.seqlen_q = 33;
  problem.seqlen_kv = 70;
  return problem;
}

// One change each, and together all that a problem can ask for.
std::vector<std::function<void(Problem&)>> features() {
  return {[](Problem& p) { p.dtype = DType::bf16; },
          [](Problem& p) { p.dtype = DType::f16; },
          [](Problem& p) { p.head_dim_qk = 576; },
          [](Problem& p) { p.head_dim_qk = 1; },
          [](Problem& p) { p.head_dim_v = 512; },
          [](Problem& p) { p.head_dim_v = 7; },
          [](Problem& p) { p.heads_kv = 4; },
          [](Problem& p) { p.causal = true; },
          [](Problem& p) { p.causal = true, p.alignment = Alignment::bottom_right; },
          [](Problem& p) { p.window_left = 3; },
          [](Problem& p) { p.window_right = 3; },
          [](Problem& p) { p.softcap = 20; },
          [](Problem& p) { p.sinks = true; },
          [](Problem& p) { p.alibi = true; },
          [](Problem& p) { p.kv_lengths = true; },
          [](Problem& p) { p.varlen = true, p.total_q = 50, p.total_kv = 100; },
          [](Problem& p) { p.page_size = 16, p.page_count = 12; },
          [](Problem& p) { p.page_size = 32, p.page_count = 12; },
          [](Problem& p) { p.want_lse = true; },
          [](Problem& p) { p.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 70}; },
          [](Problem& p) { p.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 1}; },
          [](Problem& p) { p.mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 60}; },
          [](Problem& p) { p.mask = {MaskKind::additive, DType::f16, 2, 4, 33, 70}; },
          [](Problem& p) { p.sparsity = {SparsityKind::padded_lists, 16, 32, true, true, 2, 4, 3}; },
          [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 16, 32, true, false, 1, 2, 0}; },
          [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 16, 32, false, true, 1, 1, 0}; }};
}

TEST(ForwardSimt, TakesEverythingAProblemCanAskOnEveryGpu) {
  for (const char* arch : {"sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_121a"}) {
    for (const auto& change : features()) {
      Problem problem = small();
      change(problem);
      ASSERT_TRUE(validate(problem).ok()) << validate(problem).error().message();
      const auto answer = family().supports(problem, test_gpu(arch));
      EXPECT_TRUE(answer.ok()) << answer.error().message();
    }
  }
}

TEST(ForwardSimt, RefusesByNameAndSaysWhatWouldWork) {
  const auto refused = [](const Problem& problem, const DeviceClass& device, const std::string& words) {
    const auto answer = family().supports(problem, device);
    ASSERT_FALSE(answer.ok()) << words;
    EXPECT_EQ(answer.error().status(), Status::unsupported);
    EXPECT_NE(answer.error().message().find(words), std::string::npos) << answer.error().message();
  };
  refused(small(), test_cpu("x86-64-avx2"), "--device cuda:0");
  refused(small(), test_gpu("sm_75"), "sm_80 or newer, and this device is sm_75");
  Problem problem = small();
  problem.quantization = "int8";
  refused(problem, test_gpu("sm_90a"), "quantization `int8`");
  problem = small();
  problem.seqlen_kv = (int64_t{1} << 30) + 1;
  refused(problem, test_gpu("sm_90a"), "seqlen_kv");
  problem = small();
  problem.batch = 1 << 20;
  problem.heads_q = 1 << 10;
  problem.seqlen_q = 1 << 10;
  refused(problem, test_gpu("sm_90a"), "batch * heads_q * seqlen_q");
}

TEST(ForwardSimt, SpecSeparatesWhatTheCodeDependsOnAndNothingElse) {
  const DeviceClass device = test_gpu("sm_90a");
  std::set<std::string> seen{family().spec(small(), device).to_json()};
  for (const auto& change : features()) {
    Problem problem = small();
    change(problem);
    EXPECT_TRUE(seen.insert(family().spec(problem, device).to_json()).second) << to_text(problem);
  }
  Problem run_time = small();  // lengths, batch, scales, heads of one group: arguments, not code
  run_time.batch = 3;
  run_time.heads_q = 8;
  run_time.heads_kv = 4;
  run_time.seqlen_q = 77;
  run_time.seqlen_kv = 99;
  run_time.softmax_scale = -0.3F;
  EXPECT_EQ(family().spec(small(), device), family().spec(run_time, device));
}

TEST(ForwardSimt, HeuristicIsInsideTheSpaceForEveryShapeItTakes) {
  std::mt19937_64 random(5);
  const DeviceClass device = test_gpu("sm_80");
  const auto size = [&](int bits) {
    return int64_t{1} + static_cast<int64_t>(random() % (uint64_t{1} << (random() % bits)));
  };
  int taken = 0, refused = 0;
  for (int n = 0; n < 6000; ++n) {
    Problem problem;
    problem.batch = size(16);
    problem.heads_kv = size(8);
    problem.heads_q = problem.heads_kv * size(4);
    problem.seqlen_q = size(22);
    problem.seqlen_kv = size(22) - 1;
    if (!family().supports(problem, device).ok()) {
      ++refused;
      continue;
    }
    ++taken;
    const Spec spec = family().spec(problem, device);
    const Config config = family().heuristic(spec, problem, device);
    const auto broken = family().space(spec, problem, device).violation(config);
    ASSERT_FALSE(broken) << *broken << " " << to_text(problem);
    const Launch launch = family().launches(problem, config, device).at(0);
    EXPECT_LE(launch.grid[0], int64_t{2147483647});
    EXPECT_GE(launch.grid[0] * config.at("warps"), problem.batch * problem.heads_q * problem.seqlen_q);
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 100);
}

TEST(ForwardSimt, EachConstraintKeepsSomethingOut) {
  const DeviceClass device = test_gpu("sm_80");
  const auto violation = [&](int64_t batch, int64_t rows, int64_t keys, int64_t warps, int64_t tile) {
    Problem problem = small();
    problem.batch = batch;
    problem.seqlen_q = rows;
    problem.seqlen_kv = keys;
    const Space space = family().space(family().spec(problem, device), problem, device);
    return space.violation(Config().set("warps", warps).set("keys", tile)).value_or("");
  };
  EXPECT_EQ(violation(1, 64, 64, 4, 64), "");
  EXPECT_NE(violation(1, 2, 64, 4, 64).find("warps"), std::string::npos);
  EXPECT_NE(violation(1, 64, 30, 4, 64).find("keys"), std::string::npos);
  EXPECT_NE(violation(1 << 20, 2000, 64, 1, 64).find("most_blocks"), std::string::npos);
}

TEST(ForwardSimt, ArgumentsAreTheSharedStruct) {
  Problem problem = small();
  const DeviceClass device = test_gpu("sm_80");
  const Config config = Config().set("warps", 4).set("keys", 32);
  Tensors tensors;
  set_contiguous_strides(problem, tensors);
  float q = 0;
  tensors.q.data = &q;
  ArgumentBlock block;
  family().bind(problem, config, device, tensors, nullptr, block);
  ASSERT_EQ(block.used_bytes, sizeof(GpuArguments));
  GpuArguments arguments;
  std::memcpy(&arguments, block.bytes.data(), sizeof arguments);
  EXPECT_EQ(arguments.q, &q);
  EXPECT_EQ(arguments.row_blocks, 9);  // 33 rows, 4 a CTA
  EXPECT_EQ(arguments.k_stride_head, 70 * 64 * 4);
  const Launch launch = family().launches(problem, config, device).at(0);
  EXPECT_EQ(launch.grid[0], 9 * 8);
  EXPECT_EQ(launch.block[0], 128);
}

// The PTX of every feature on every architecture: a kernel, addresses told apart, nothing in local memory, nothing called.
TEST(ForwardSimt, BecomesPlainPtx) {
  const std::vector<std::function<void(Problem&)>> all = features();
  const char* const archs[] = {"sm_80", "sm_86", "sm_87", "sm_89", "sm_90a", "sm_100a", "sm_103a", "sm_120a", "sm_121a"};
  for (size_t n = 0; n < all.size(); ++n) {
    Problem problem = small();
    all[n](problem);
    const char* arch = archs[n % std::size(archs)];
    const DeviceClass device = test_gpu(arch);
    const Spec spec = family().spec(problem, device);
    const auto source = family().emit(spec, family().heuristic(spec, problem, device));
    ASSERT_TRUE(source.ok());
    const auto binary = runtime::compile_nvptx(*source, arch);
    ASSERT_TRUE(binary.ok()) << to_text(problem) << binary.error().message() << binary.error().log();
    const std::string& ptx = binary->bytes;
    EXPECT_NE(ptx.find(".entry attune_forward_simt("), std::string::npos);
    EXPECT_NE(ptx.find(".reqntid"), std::string::npos);
    for (const char* word : {".local", ".func", "\tcall", "\tld.u", "\tld.f", "\tld.b", "\tld.v", "\tst.b", "\tst.f"}) {
      EXPECT_EQ(ptx.find(word), std::string::npos) << word << " in " << to_text(problem);
    }
  }
}

}  // namespace
}  // namespace attune
