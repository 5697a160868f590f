// Exchange between lanes.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using U = uint32_t;

std::vector<U> run_on_warp(const std::string& body, const std::vector<U>& input) {
  std::vector<U> results(32);
  std::vector<U> in = input;
  Launcher launcher(kernel_text(2, "mul.wide.u32 %l0, %t, 4;\nadd.s64 %l1, %q1, %l0;\nld.global.u32 %r1, [%l1];\n" + body +
                                       "\nadd.s64 %l0, %q0, %l0;\nst.global.u32 [%l0], %r0;\n"));
  launcher.buffer(results, "results").buffer(in, "input", false).threads(32).ok();
  return results;
}

std::vector<U> numbers() {
  std::vector<U> values(32);
  for (U i = 0; i < 32; ++i) values[i] = i * 2654435761u;
  return values;
}

TEST(MachineWarp, Shuffles) {
  const auto in = numbers();
  const auto check = [&](const std::string& what, auto&& source) {
    SCOPED_TRACE(what);
    const auto got = run_on_warp("shfl.sync." + what + ", 0xffffffff;", in);
    for (U lane = 0; lane < 32; ++lane) EXPECT_EQ(got[lane], in[source(lane)]) << lane;
  };
  check("bfly.b32 %r0, %r1, 5, 31", [](U l) { return l ^ 5; });
  check("down.b32 %r0, %r1, 3, 31", [](U l) { return l + 3 < 32 ? l + 3 : l; });
  check("up.b32 %r0, %r1, 3, 0", [](U l) { return l >= 3 ? l - 3 : l; });
  check("idx.b32 %r0, %r1, 9, 31", [](U) { return 9u; });
  // Segments of eight: the mask is in bits 8-12.
  check("down.b32 %r0, %r1, 2, 0x1807", [](U l) { return (l & 7) + 2 < 8 ? l + 2 : l; });
  check("up.b32 %r0, %r1, 2, 0x1800", [](U l) { return (l & 7) >= 2 ? l - 2 : l; });
  check("idx.b32 %r0, %r1, 3, 0x181f", [](U l) { return (l & ~7u) + 3; });
}

TEST(MachineWarp, ShuffleSaysWhetherTheSourceWasInRange) {
  const auto got = run_on_warp("shfl.sync.down.b32 %r2|%p1, %r1, 4, 31, 0xffffffff; selp.b32 %r0, 1, 0, %p1;", numbers());
  for (U lane = 0; lane < 32; ++lane) EXPECT_EQ(got[lane], lane + 4 < 32 ? 1u : 0u);
}

TEST(MachineWarp, VotesAndMatches) {
  const auto in = numbers();
  auto got = run_on_warp("setp.gt.u32 %p1, %r1, 0x80000000; vote.sync.ballot.b32 %r0, %p1, 0xffffffff;", in);
  U want = 0;
  for (U lane = 0; lane < 32; ++lane) want |= U{in[lane] > 0x80000000u} << lane;
  for (const U value : got) EXPECT_EQ(value, want);
  got = run_on_warp(
      "setp.lt.u32 %p1, %t, 32; vote.sync.all.pred %p2, %p1, -1; vote.sync.any.pred %p3, !%p1, -1;"
      "selp.b32 %r0, 1, 0, %p2; @%p3 add.u32 %r0, %r0, 2;",
      in);
  for (const U value : got) EXPECT_EQ(value, 1u);
  got = run_on_warp("rem.u32 %r2, %t, 5; match.any.sync.b32 %r0, %r2, 0xffffffff;", in);
  for (U lane = 0; lane < 32; ++lane) {
    U same = 0;
    for (U other = 0; other < 32; ++other) same |= U{other % 5 == lane % 5} << other;
    EXPECT_EQ(got[lane], same);
  }
  got = run_on_warp("mov.u32 %r2, 7; match.all.sync.b32 %r0|%p1, %r2, 0xffffffff; @!%p1 mov.u32 %r0, 5;", in);
  for (const U value : got) EXPECT_EQ(value, ~0u);
}

TEST(MachineWarp, Reductions) {
  const auto in = numbers();
  const auto reduce = [&](const std::string& op, auto&& combine) {
    U want = in[0];
    for (U lane = 1; lane < 32; ++lane) want = combine(want, in[lane]);
    const auto got = run_on_warp("redux.sync." + op + " %r0, %r1, 0xffffffff;", in);
    for (const U value : got) EXPECT_EQ(value, want) << op;
  };
  reduce("add.u32", [](U a, U b) { return a + b; });
  reduce("max.u32", [](U a, U b) { return std::max(a, b); });
  reduce("min.s32", [](U a, U b) { return static_cast<U>(std::min(static_cast<int32_t>(a), static_cast<int32_t>(b))); });
  reduce("xor.b32", [](U a, U b) { return a ^ b; });
}

TEST(MachineWarp, ElectChoosesOneLane) {
  const auto got = run_on_warp("elect.sync %r2|%p1, 0xffffffff; selp.b32 %r0, 1, 0, %p1;", numbers());
  EXPECT_EQ(std::count(got.begin(), got.end(), 1u), 1);
}

TEST(MachineWarp, ActiveMaskInADivergentBranch) {
  const auto got = run_on_warp("mov.u32 %r0, 0; setp.lt.u32 %p1, %t, 10; @!%p1 bra L; activemask.b32 %r0; L:", numbers());
  for (U lane = 0; lane < 32; ++lane) EXPECT_EQ(got[lane], lane < 10 ? 0x3ffu : 0u);
}

// Lanes reach the shuffle on different paths of the program: the instruction waits for all members.
TEST(MachineWarp, MembersGatherFromDivergentCode) {
  const auto got = run_on_warp(R"(
    setp.lt.u32 %p1, %t, 16; @%p1 bra LOW;
    setp.lt.u32 %p2, %t, 24; @%p2 bra MIDDLE;
    mov.u32 %r1, 3; bra EXCHANGE;
  MIDDLE: mov.u32 %r1, 2; bra EXCHANGE;
  LOW: mov.u32 %r1, 1;
  EXCHANGE: shfl.sync.bfly.b32 %r0, %r1, 31, 31, 0xffffffff;)",
                               numbers());
  for (U lane = 0; lane < 32; ++lane) EXPECT_EQ(got[lane], lane < 8 ? 3u : lane < 16 ? 2u : 1u);
}

TEST(MachineWarp, SpecialRegisters) {
  const std::string body = R"(
    mov.u32 %r1, %laneid; mov.u32 %r2, %warpid; mov.u32 %r3, %ctaid.y; mov.u32 %r4, %nctaid.y; mov.u32 %r5, %ntid.x;
    mov.u32 %r6, %tid.y; mov.u32 %r7, %lanemask_lt; mov.u32 %r8, %dynamic_smem_size; popc.b32 %r7, %r7;
    mad.lo.u32 %r9, %r6, %r5, %t; mad.lo.u32 %r10, %r3, 64, %r9; mul.wide.u32 %l0, %r10, 32; add.s64 %l0, %q0, %l0;
    st.global.v4.u32 [%l0], {%r1, %r2, %r3, %r4}; st.global.v4.u32 [%l0+16], {%r5, %r6, %r7, %r8};
  )";
  std::vector<U> results(3 * 64 * 8);
  Launcher launcher(kernel_text(1, body));
  launcher.buffer(results, "results").shape().block = {16, 4, 1};
  launcher.shape().grid = {1, 3, 1};
  launcher.shape().dynamic_shared_bytes = 80;
  launcher.ok();
  for (U y = 0; y < 3; ++y) {
    for (U i = 0; i < 64; ++i) {
      const U* r = &results[(y * 64 + i) * 8];
      const U want[] = {i % 32, i / 32, y, 3, 16, i / 16, i % 32, 80};
      for (int k = 0; k < 8; ++k) EXPECT_EQ(r[k], want[k]) << y << " " << i << " " << k;
    }
  }
}

}  // namespace
}  // namespace attune::emulator::test
