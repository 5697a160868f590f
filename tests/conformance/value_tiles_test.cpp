// Tiles of V codes whose pieces the threads of a CTA do not share evenly.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

// 192 keys: twelve pieces of 16 a channel.
TEST(ValueTiles, OfTwelvePieces) {
  for (const auto& [block_m, warps] : {std::pair<int64_t, int64_t>{16, 1}, {32, 2}, {64, 4}}) {
    Problem problem;
    problem.heads_q = problem.heads_kv = 2;
    problem.seqlen_q = 70;
    problem.seqlen_kv = 333;
    problem.head_dim_qk = problem.head_dim_v = 64;
    problem.dtype = DType::bf16;
    problem.want_lse = true;
    problem.quantization = "int8,k-mean,pv-int8";
    auto config = Config::from_json(
        R"({"min_blocks":1,"pack_gqa":0,"peel":1,"q_in_registers":0,"qk_unroll":16,"rescale_threshold":0,"reverse":0,)"
        R"("splits":1,"stages":1,"v_splits":1,"block_n":192})");
    ASSERT_TRUE(config.ok()) << config.error().message();
    config->set("block_m", block_m).set("warps", warps);
    EXPECT_EQ(check_quantized({problem, {7, Values::normal, Strides::contiguous, false, false}, "emulated:sm_89", *config}),
              "")
        << warps;
  }
}

}  // namespace
}  // namespace attune::test
