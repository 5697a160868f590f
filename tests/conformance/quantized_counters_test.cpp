// What one tile of keys costs a quantized kernel, counted by the emulator: so that neither instructions nor bank conflicts
// grow unnoticed. Counts are of PTX, which differs a little between compilers; they are no times.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "runtime/emulated_device.hpp"
#include "tests/conformance/harness.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

// One CTA of four warps with 32 rows each, D 128, tiles of 64 keys.
emulator::Counters attention(const std::string& target, const std::string& request, int64_t keys) {
  Problem problem;
  problem.dtype = DType::bf16;
  problem.head_dim_qk = problem.head_dim_v = 128;
  problem.seqlen_q = 128;
  problem.seqlen_kv = keys;
  problem.quantization = request;
  Workload work(problem, {});
  const auto config = Config::from_json(
      R"({"block_m":128,"block_n":64,"min_blocks":1,"pack_gqa":0,"peel":1,"q_in_registers":0,"qk_unroll":2,)"
      R"("rescale_threshold":0,"reverse":0,"splits":1,"stages":2,"v_splits":1,"warps":4})");
  const runtime::EmulatedDevice* device = runtime::as_emulated(conformer(target).context().device());
  device->take_launches();
  EXPECT_EQ(conformer(target).execute(work, *config), "") << request;
  for (const runtime::LaunchCounters& launch : device->take_launches()) {
    if (launch.entry == "attune_forward") return launch.counters;
  }
  ADD_FAILURE() << "no attention among the launches of " << request;
  return {};
}

struct Golden {
  std::string request;
  int64_t instructions;  // of all warps, for one tile
  int64_t wavefronts;    // passes over the banks of shared memory
};

// Counted with NVRTC 13.0 for sm_89.
const std::vector<Golden>& golden() {
  static const std::vector<Golden> all = {{"none", 5419, 1280},    {"sage1", 6939, 896},   {"sage2-8b", 5787, 640},
                                          {"sage2-4b", 5641, 448}, {"sage2++", 6555, 640}, {"int8,k-mean", 5195, 896}};
  return all;
}

TEST(QuantizedCounters, ATileCostsWhatItDid) {
  for (const Golden& known : golden()) {
    const emulator::Counters few = attention("emulated:sm_89", known.request, 256);
    const emulator::Counters many = attention("emulated:sm_89", known.request, 512);
    const int64_t instructions = (many.total_instructions() - few.total_instructions()) / 4;
    const int64_t wavefronts = (many.shared_wavefronts - few.shared_wavefronts) / 4;
    std::printf("%s: %lld instructions and %lld wavefronts a tile\n", known.request.c_str(),
                static_cast<long long>(instructions), static_cast<long long>(wavefronts));
    EXPECT_LE(instructions, known.instructions * 105 / 100) << known.request;
    EXPECT_GE(instructions, known.instructions * 90 / 100) << known.request << ": better; write it down";
    EXPECT_LE(wavefronts, known.wavefronts) << known.request;
    EXPECT_EQ(many.shared_conflicts, 0) << known.request;
    // Both products, and nothing more of them: 2 * 128 rows * 64 keys * 128 each.
    const int64_t products = 2 * 128 * 64 * 128;
    const auto grown = [&](int64_t emulator::Counters::* field) { return (many.*field - few.*field) / 4; };
    EXPECT_EQ(grown(&emulator::Counters::mma_flops_f16) + grown(&emulator::Counters::mma_flops_fp8) +
                  grown(&emulator::Counters::mma_ops_int),
              2 * products)
        << known.request;
  }
}

}  // namespace
}  // namespace attune::test
