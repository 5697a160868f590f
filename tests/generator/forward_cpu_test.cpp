// forward_cpu as a family: what it refuses, what its spec separates, and that its heuristic is always a point of its space.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/generator/emission.hpp"

namespace attune {
namespace {

const Family& family() { return *find_family("forward_cpu"); }

TEST(ForwardCpu, RefusesByName) {
  Problem problem;
  DeviceClass cuda = test_cpu("sm_90a");
  cuda.kind = "cuda";
  const auto wrong_device = family().supports(problem, cuda);
  ASSERT_FALSE(wrong_device.ok());
  EXPECT_EQ(wrong_device.error().status(), Status::unsupported);
  EXPECT_NE(wrong_device.error().message().find("`cpu`"), std::string::npos);
  problem.quantization = "sage";
  const auto choice = family().supports(problem, test_cpu("portable"));
  ASSERT_FALSE(choice.ok());
  EXPECT_EQ(choice.error().status(), Status::unsupported);
  EXPECT_NE(choice.error().message().find("`sage1`"), std::string::npos);
  problem.quantization = "sage2-8b";
  EXPECT_TRUE(family().supports(problem, test_cpu("portable")).ok());
  problem.quantization = "none";
  EXPECT_TRUE(family().supports(problem, test_cpu("portable")).ok());
}

TEST(ForwardCpu, SpecSeparatesWhatTheCodeDependsOn) {
  const DeviceClass device = test_cpu("x86-64-avx512");
  const Problem base;
  std::vector<Problem> variants(19, base);
  variants[1].dtype = DType::bf16;
  variants[2].head_dim_qk = 65;
  variants[3].head_dim_v = 65;
  variants[4].causal = true;
  variants[5].causal = true;
  variants[5].alignment = Alignment::bottom_right;
  variants[6].window_left = 3;
  variants[7].window_right = 3;
  variants[8].softcap = 20;
  variants[9].sinks = true;
  variants[10].alibi = true;
  variants[11].kv_lengths = true;
  variants[12].varlen = true;
  variants[13].want_lse = true;
  variants[14].softmax_scale = -1.0F;
  variants[15].heads_q = 2;
  variants[16].mask = {MaskKind::boolean, DType::boolean, 1, 1, 1, 1};
  variants[17].sparsity = {SparsityKind::csr_lists, 64, 64, true, false, 1, 1, 0};
  variants[18].page_size = variants[18].page_count = 16;
  std::set<std::string> seen;
  for (const Problem& problem : variants) seen.insert(family().spec(problem, device).to_json());
  EXPECT_EQ(seen.size(), variants.size());
  EXPECT_NE(family().spec(base, test_cpu("portable")).to_json(), family().spec(base, device).to_json());

  Problem run_time = base;  // lengths, batch, positive scales and window sizes are arguments, not code
  run_time.seqlen_q = 77;
  run_time.seqlen_kv = 99;
  run_time.batch = 3;
  run_time.softmax_scale = 0.3F;
  EXPECT_EQ(family().spec(base, device), family().spec(run_time, device));
  Problem pages = variants[18];  // of any size
  pages.page_size = pages.page_count = 64;
  EXPECT_EQ(family().spec(variants[18], device), family().spec(pages, device));
}

TEST(ForwardCpu, HeuristicIsInsideTheSpace) {
  std::mt19937_64 random(7);
  auto pick = [&](int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random); };
  for (int i = 0; i < 4000; ++i) {
    Problem problem;
    problem.batch = pick(1, 8);
    problem.heads_kv = pick(1, 8);
    problem.heads_q = problem.heads_kv * pick(1, 8);
    problem.seqlen_q = pick(0, 3) == 0 ? pick(0, 16) : pick(1, 5000);
    problem.seqlen_kv = pick(0, 3) == 0 ? pick(0, 16) : pick(1, 20000);
    problem.head_dim_qk = pick(1, 576);
    problem.head_dim_v = pick(1, 512);
    problem.dtype = static_cast<DType>(pick(0, 2));
    if (pick(0, 3) == 0)
      problem.sparsity = {SparsityKind::csr_lists, 16 * pick(1, 16), 16 * pick(1, 16), true, false, 1, 1, 0};
    if (pick(0, 2) == 0) {
      const std::vector<std::string> requests = {"sage1",
                                                 "sage2-4b",
                                                 "int8,k-mean",
                                                 "pv-int8",
                                                 "acc-f16",
                                                 "int8,k-mean,pv-e4m3,flush-128",
                                                 "int8,k-mean,pv-e4m3,flush-256"};
      problem.quantization = requests[static_cast<size_t>(pick(0, 6))];
    }
    DeviceClass device = test_cpu(std::vector<std::string>{"x86-64-avx512bf16", "x86-64-avx512vnni", "x86-64-avxvnni",
                                                           "x86-64-avx2", "portable"}[pick(0, 4)]);
    device.l2_bytes = pick(0, 1) == 0 ? 0 : 1 << 20;
    device.compute_units = pick(1, 64);
    const Spec spec = family().spec(problem, device);
    const Space space = family().space(spec, problem, device);
    const Config config = family().heuristic(spec, problem, device);
    ASSERT_FALSE(space.violation(config)) << to_json(problem) << "\n"
                                          << config.to_text() << "\n"
                                          << *space.violation(config);
    if (i % 100 == 0) {
      EXPECT_TRUE(space.random(random)) << to_json(problem);
    }
  }
}

TEST(ForwardCpu, EveryConstraintParses) {
  const Problem problem;
  const DeviceClass device = test_cpu("portable");
  EXPECT_EQ(family().space(family().spec(problem, device), problem, device).constraints().size(), 15U);
  Problem quantized;
  quantized.quantization = "sage2-8b";
  EXPECT_EQ(family().space(family().spec(quantized, device), quantized, device).constraints().size(), 16U);
}

}  // namespace
}  // namespace attune
