// Divergence and reconvergence: every lane gets its own path, and .aligned instructions after a join see the whole warp.
#include <cstdint>
#include <numeric>

#include "common/thread_pool.hpp"
#include "emulator/machine/layout.hpp"
#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using U = uint32_t;

const std::string kStore = "mul.wide.u32 %l0, %t, 4;\nadd.s64 %l0, %q0, %l0;\nst.global.u32 [%l0], %r0;\n";

std::vector<U> run_on_block(const std::string& body, uint32_t threads = 64) {
  std::vector<U> results(threads, 12345);
  Launcher launcher(kernel_text(1, body));
  launcher.buffer(results, "results").threads(threads).ok();
  return results;
}

// bar.warp-like proof of convergence: mma.sync and bar.sync refuse to run with lanes missing.
const std::string kNeedsWholeWarp = "bar.sync 0;\n";

TEST(MachineControl, NestedBranchesReconverge) {
  const auto results = run_on_block(R"(
    and.b32 %r1, %t, 1; setp.eq.u32 %p1, %r1, 0;
    and.b32 %r2, %t, 2; setp.eq.u32 %p2, %r2, 0;
    mov.u32 %r0, 0;
    @%p1 bra EVEN;
    add.u32 %r0, %r0, 1;
    @%p2 bra ODD_LOW;
    add.u32 %r0, %r0, 10;
    bra ODD_JOIN;
  ODD_LOW:
    add.u32 %r0, %r0, 20;
  ODD_JOIN:
    bra JOIN;
  EVEN:
    @!%p2 bra EVEN_HIGH;
    add.u32 %r0, %r0, 100;
    bra JOIN;
  EVEN_HIGH:
    add.u32 %r0, %r0, 200;
  JOIN:
)" + kNeedsWholeWarp + kStore);
  for (U i = 0; i < results.size(); ++i) {
    const U want = (i & 1) == 0 ? ((i & 2) == 0 ? 100 : 200) : ((i & 2) == 0 ? 21 : 11);
    EXPECT_EQ(results[i], want) << i;
  }
}

TEST(MachineControl, LoopsWithDifferentTripCountsReconverge) {
  // A loop of t iterations with an inner loop of (t mod 3) iterations, and a way out in the middle for every seventh lane.
  const auto results = run_on_block(R"(
    mov.u32 %r0, 0; mov.u32 %r1, 0;
    rem.u32 %r5, %t, 3; rem.u32 %r6, %t, 7;
    setp.eq.u32 %p4, %r6, 3;
  OUTER:
    setp.ge.u32 %p1, %r1, %t;
    @%p1 bra DONE;
    mov.u32 %r2, 0;
  INNER:
    setp.ge.u32 %p2, %r2, %r5;
    @%p2 bra INNER_DONE;
    add.u32 %r0, %r0, 1;
    add.u32 %r2, %r2, 1;
    bra INNER;
  INNER_DONE:
    add.u32 %r1, %r1, 1;
    setp.eq.and.u32 %p3, %r1, 5, %p4;
    @%p3 bra OUT;
    bra OUTER;
  OUT:
    add.u32 %r0, %r0, 1000;
  DONE:
)" + kNeedsWholeWarp + kStore);
  for (U i = 0; i < results.size(); ++i) {
    const bool leaves = i % 7 == 3 && i >= 5;
    EXPECT_EQ(results[i], leaves ? 5 * (i % 3) + 1000 : i * (i % 3)) << i;
  }
}

TEST(MachineControl, LanesThatExitEarlyAreNotMissed) {
  const auto results =
      run_on_block("setp.lt.u32 %p1, %t, 40;\n@%p1 exit;\n" + kNeedsWholeWarp + "mov.u32 %r0, 7;\n" + kStore);
  for (U i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], i < 40 ? 12345u : 7u) << i;
}

TEST(MachineControl, BlocksInAnyOrderOfText) {
  // The join stands before both sides in the text: the order of addresses says nothing.
  const auto results = run_on_block(R"(
    mov.u32 %r0, 0;
    bra START;
  JOIN:
)" + kNeedsWholeWarp + kStore + R"(
    bra END;
  LEFT:
    add.u32 %r0, %r0, 5;
    bra JOIN;
  RIGHT:
    add.u32 %r0, %r0, 9;
    bra JOIN;
  START:
    setp.lt.u32 %p1, %t, 13;
    @%p1 bra LEFT;
    bra RIGHT;
  END:
)");
  for (U i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], i < 13 ? 5u : 9u) << i;
}

TEST(MachineControl, BranchTable) {
  const auto results = run_on_block(R"(
    rem.u32 %r1, %t, 3;
    TABLE: .branchtargets A, B, C;
    brx.idx %r1, TABLE;
  A: mov.u32 %r0, 100; bra JOIN;
  B: mov.u32 %r0, 200; bra JOIN;
  C: mov.u32 %r0, 300;
  JOIN:
)" + kNeedsWholeWarp + kStore);
  for (U i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], 100 * (i % 3 + 1)) << i;
}

TEST(MachineControl, CallsInDivergentCode) {
  const std::string functions = R"(
.func (.param .b32 result) twice(.param .b32 x)
{
  .reg .b32 %v<4>; .reg .pred %c;
  ld.param.b32 %v0, [x];
  setp.gt.u32 %c, %v0, 20;
  @%c bra BIG;
  add.u32 %v1, %v0, %v0;
  st.param.b32 [result], %v1;
  ret;
BIG:
  add.u32 %v1, %v0, 1000;
  st.param.b32 [result], %v1;
  ret;
}
.func (.param .b32 result) four_times(.param .b32 x)
{
  .reg .b32 %v<4>;
  ld.param.b32 %v0, [x];
  { .param .b32 a; .param .b32 r; st.param.b32 [a], %v0; call.uni (r), twice, (a); ld.param.b32 %v1, [r]; }
  { .param .b32 a; .param .b32 r; st.param.b32 [a], %v1; call.uni (r), twice, (a); ld.param.b32 %v1, [r]; }
  st.param.b32 [result], %v1;
  ret;
}
)";
  const std::string body = R"(
    mov.u32 %r0, %t;
    and.b32 %r1, %t, 1; setp.ne.u32 %p1, %r1, 0;
    @%p1 bra SKIP;
    { .param .b32 a; .param .b32 r; st.param.b32 [a], %t; call (r), four_times, (a); ld.param.b32 %r0, [r]; }
  SKIP:
)" + kNeedsWholeWarp + kStore;
  std::vector<U> results(64);
  Launcher launcher(kernel_text(1, body, "sm_90a", functions));
  launcher.buffer(results, "results").threads(64).ok();
  const auto twice = [](U v) { return v > 20 ? v + 1000 : 2 * v; };
  for (U i = 0; i < 64; ++i) EXPECT_EQ(results[i], (i & 1) != 0 ? i : twice(twice(i))) << i;
}

TEST(MachineControl, RecursionIsRefused) {
  const auto program = load(module_text("sm_80", ".func f() { call f; ret; }\n.visible .entry k() { call f; ret; }"));
  ASSERT_FALSE(program.ok());
  EXPECT_THAT(program.error().message(), testing::HasSubstr("calls itself"));
}

TEST(MachineControl, ASpinningLaneLetsItsSiblingsRun) {
  // Lane by lane through a lock: the lanes that spin must not keep the holder from releasing it.
  const auto results = run_on_block(R"(
    .shared .align 4 .u32 lock;
    .shared .align 4 .u32 total;
    setp.ne.u32 %p1, %t, 0;
    mov.u32 %r4, lock; mov.u32 %r5, total;
    @!%p1 st.shared.u32 [%r4], 0;
    @!%p1 st.shared.u32 [%r5], 0;
    bar.sync 0;
  TRY:
    atom.shared.cas.b32 %r1, [%r4], 0, 1;
    setp.ne.u32 %p2, %r1, 0;
    @%p2 bra TRY;
    ld.volatile.shared.u32 %r2, [%r5];
    add.u32 %r2, %r2, %t;
    st.volatile.shared.u32 [%r5], %r2;
    atom.shared.exch.b32 %r3, [%r4], 0;
    bar.warp.sync 0xffffffff;
    bar.sync 0;
    ld.shared.u32 %r0, [%r5];
)" + kStore);
  for (const U value : results) EXPECT_EQ(value, 64 * 63 / 2);
}

TEST(MachineControl, ManyBlocksGiveTheSameOnOneThreadAndOnMany) {
  const std::string body =
      "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mad.lo.u32 %r3, %r1, %r2, %t;\n"
      "mul.lo.u32 %r0, %r3, %r3; mul.wide.u32 %l0, %r3, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r0;\n"
      "red.global.add.u32 [%q1], 1;";
  std::vector<U> results(96 * 37);
  std::vector<U> count(1);
  Launcher launcher(kernel_text(2, body));
  launcher.buffer(results, "results").buffer(count, "count").threads(96).shape().grid = {37, 1, 1};
  ThreadPool pool(3);
  const Counters parallel = launcher.ok(&pool);
  const Counters serial = launcher.ok();
  for (U i = 0; i < results.size(); ++i) ASSERT_EQ(results[i], i * i);
  EXPECT_EQ(count[0], 2 * results.size());
  EXPECT_EQ(parallel.to_json(), serial.to_json());
  EXPECT_EQ(serial.ctas, 37);
  EXPECT_EQ(serial.warps, 111);
}

// --- the order of blocks
// ---------------------------------------------------------------------------------------------------

TEST(ReconvergenceOrder, EveryForwardEdgeLeadsOnAndLoopsAreContiguous) {
  // 0 -> 1; loop 1..4 with an inner loop 2..3 and a break 3 -> 6; 4 -> 1 back; 1 -> 5; 5 and 6 -> 7.
  const std::vector<std::vector<int>> graph = {{1}, {2, 5}, {3}, {2, 4, 6}, {1}, {7}, {7}, {}};
  const auto order = reconvergence_order(graph);
  ASSERT_EQ(order.size(), graph.size());
  std::vector<size_t> at(graph.size());
  for (size_t i = 0; i < order.size(); ++i) at[static_cast<size_t>(order[i])] = i;
  for (const int inside : {1, 2, 3, 4}) {
    for (const int outside : {5, 6, 7}) EXPECT_LT(at[static_cast<size_t>(inside)], at[static_cast<size_t>(outside)]);
  }
  EXPECT_EQ(at[3], at[2] + 1);
  EXPECT_EQ(order.back(), 7);
}

TEST(ReconvergenceOrder, IrreducibleGraphsAndUnreachableBlocks) {
  // Two entries into the cycle 1 <-> 2; block 4 is not reachable.
  const auto order = reconvergence_order({{1, 2}, {2}, {1, 3}, {}, {3}});
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order.front(), 0);
  EXPECT_EQ(order.back(), 3);
}

}  // namespace
}  // namespace attune::emulator::test
