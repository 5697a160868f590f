// What NVRTC has to compile before a quantized plan can run: a unit for each kernel of the quantizers, each of which the
// design wants under 0.6 s.
//
// Time goes with the instructions that reach the assembler, 0.2 to 0.3 ms of a processor for each on a 2-core AMD EPYC VM
// (2026-11, other programs running): 0.55 s for the 2,365 of the largest unit of a preset, 0.7 to 0.95 s for the 3,200 of
// the most that can be asked for. What is counted is the same on every machine: each unit with NVRTC 13.0 for sm_89.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "generator/quantization.hpp"
#include "runtime/compiler.hpp"
#include "tests/conformance/harness.hpp"
#include "tests/conformance/ptx_instructions.hpp"
#include "tests/conformance/quantizer_harness.hpp"

namespace attune::test {
namespace {

struct Unit {
  std::string request;
  int64_t head_dim_qk, head_dim_v;
  std::vector<int64_t> instructions;  // of the units, in the order of their launches
};

const std::vector<Unit>& units() {
  static const std::vector<Unit> all = {
      {"sage1", 64, 64, {941, 1234}},
      {"sage1", 128, 128, {941, 1437}},
      {"sage1", 256, 256, {941, 1469}},
      {"sage2-8b", 64, 64, {941, 1556}},
      {"sage2-8b", 128, 128, {941, 1781}},
      {"sage2-8b", 256, 256, {941, 1808}},
      {"sage2-4b", 64, 64, {1006, 2141}},
      {"sage2-4b", 128, 128, {1006, 2359}},
      {"sage2-4b", 256, 256, {1006, 2365}},
      {"sage2++", 128, 128, {941, 1781}},
      {"sage2-4b,k-sink,tensor,v-mean", 128, 64, {1937, 585, 678, 3174}},
      {"sage2-4b,k-sink,tensor,v-mean", 256, 256, {1092, 602, 682, 3203}},
  };
  return all;
}

TEST(QuantizerCompileTime, NoUnitHasMoreInstructionsThanItHad) {
  const auto context = open_target("emulated:sm_89", 1);
  ASSERT_TRUE(context.ok()) << context.error().message();
  const runtime::Device& device = (*context)->device();
  for (const Unit& known : units()) {
    Problem problem;
    problem.batch = 2;
    problem.heads_q = 16;
    problem.heads_kv = 4;
    problem.seqlen_q = problem.seqlen_kv = 4096;
    problem.head_dim_qk = known.head_dim_qk;
    problem.head_dim_v = known.head_dim_v;
    problem.dtype = DType::bf16;
    const auto request = parse_quantization(known.request);
    ASSERT_TRUE(request.ok()) << request.error().message();
    const auto sources = quantizer_sources(problem, *request, device.device_class());
    ASSERT_TRUE(sources.ok()) << sources.error().message();
    ASSERT_EQ(sources->size(), known.instructions.size()) << known.request;
    for (size_t i = 0; i < sources->size(); ++i) {
      const auto ptx = device.compiler().optimised((*sources)[i]);
      ASSERT_TRUE(ptx.ok()) << ptx.error().message();
      const int64_t instructions = count_instructions(*ptx);
      std::printf("%s D%lld/%lld %s: %lld instructions\n", known.request.c_str(), static_cast<long long>(known.head_dim_qk),
                  static_cast<long long>(known.head_dim_v), (*sources)[i].entries.front().c_str(),
                  static_cast<long long>(instructions));
      EXPECT_LE(instructions, known.instructions[i] * 105 / 100) << known.request << " " << (*sources)[i].entries.front();
      EXPECT_GE(instructions, known.instructions[i] * 85 / 100)
          << known.request << " " << (*sources)[i].entries.front() << ": better; write it down";
    }
  }
}

}  // namespace
}  // namespace attune::test
