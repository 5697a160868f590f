// Every checker: a program that triggers it, and what the report says; and its neighbour that is clean.
#include <cstdint>

#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using U = uint32_t;
using testing::AllOf;
using testing::HasSubstr;

const std::string kTile =
    ".shared .align 16 .b8 tile[256];\nmov.u32 %r1, tile; shl.b32 %r2, %t, 2; add.u32 %r2, %r1, %r2;\n";

struct Block {
  std::vector<U> out = std::vector<U>(64);
  std::vector<U> in = std::vector<U>(64, 1);
  Launcher launcher;
  explicit Block(const std::string& body, uint32_t threads = 64, const std::string& variables = "")
      : launcher(kernel_text(2, body, "sm_90a", variables)) {
    launcher.buffer(out, "out").buffer(in, "in", false).threads(threads);
  }
};

std::string report_of(const std::string& body, uint32_t threads = 64, Status status = Status::validation_failed) {
  Block block(body, threads);
  return block.launcher.report(status);
}
void expect_clean(const std::string& body, uint32_t threads = 64) {
  Block block(body, threads);
  block.launcher.ok();
}

// --- memory
// ----------------------------------------------------------------------------------------------------------------

TEST(MachineChecks, GlobalOutOfBounds) {
  const std::string body = "mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q1, %l0;\nld.global.u32 %r0, [%l0+8];\n";
  // The second line of the body, which begins with line 11 of the text.
  EXPECT_THAT(report_of(body), AllOf(HasSubstr("(ld.global.u32)"), HasSubstr("out of bounds"),
                                     HasSubstr("just past the end of 'in' (256 bytes)"), HasSubstr("CTA (0,0,0)"),
                                     HasSubstr("warp 1"), HasSubstr("lane 30"), HasSubstr("PTX line 12 ")));
  expect_clean("mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q1, %l0;\nld.global.u32 %r0, [%l0];\n");
}

TEST(MachineChecks, ReadOnlyRegionsAndBadPointers) {
  EXPECT_THAT(report_of("st.global.u32 [%q1+4], %t;"),
              AllOf(HasSubstr("'in'"), HasSubstr("read-only"), HasSubstr("lane 0")));
  EXPECT_THAT(report_of("mov.b64 %l0, 0; ld.global.u32 %r0, [%l0];"), HasSubstr("in no region"));
  EXPECT_THAT(report_of("ld.global.v2.u32 {%r0, %r1}, [%q1+4];"), HasSubstr("not aligned to 8 bytes"));
  EXPECT_THAT(report_of("atom.global.add.u32 %r0, [%q1], 1;"), HasSubstr("read-only"));
}

TEST(MachineChecks, SharedOutOfBounds) {
  EXPECT_THAT(report_of(kTile + "st.shared.u32 [%r2+4], %t;"),
              AllOf(HasSubstr("out of bounds at shared address"), HasSubstr("warp 1"), HasSubstr("lane 31")));
  EXPECT_THAT(report_of(kTile + "st.shared.u32 [%r1+-4], %t;"), HasSubstr("out of bounds at shared address"));
  EXPECT_THAT(report_of(kTile + "st.shared.u32 [%r1+2], %t;"), HasSubstr("not aligned to 4 bytes"));
}

TEST(MachineChecks, LocalAndParameterSpace) {
  EXPECT_THAT(report_of(".local .align 4 .b8 depot[16]; mov.u64 %l0, depot; st.local.u32 [%l0+16], %t;"),
              HasSubstr("of 16 bytes of local memory"));
  EXPECT_THAT(report_of("mov.b64 %l0, p1; ld.param.u32 %r0, [%l0+8];"), HasSubstr("kernel parameters"));
}

TEST(MachineChecks, LaunchesThatDoNotFit) {
  Block block(kTile + "ret;");
  block.launcher.shape().dynamic_shared_bytes = 300 * 1024;
  EXPECT_THAT(block.launcher.report(Status::invalid_argument), HasSubstr("shared memory"));
  block.launcher.shape().dynamic_shared_bytes = 0;
  block.launcher.threads(2048);
  EXPECT_THAT(block.launcher.report(Status::invalid_argument), HasSubstr("1024"));
}

// --- definedness
// -----------------------------------------------------------------------------------------------------------

TEST(MachineChecks, UninitialisedRegisters) {
  EXPECT_THAT(report_of("add.u32 %r0, %r5, 1;"), AllOf(HasSubstr("undefined"), HasSubstr("(add.u32)")));
  EXPECT_THAT(report_of("setp.lt.u32 %p1, %t, 40; @%p1 mov.u32 %r5, 1;\nadd.u32 %r0, %r5, 1;"),
              AllOf(HasSubstr("warp 1"), HasSubstr("lane 8")));
  EXPECT_THAT(report_of("@%p3 add.u32 %r0, %t, 1;"), HasSubstr("undefined"));
  // Copies carry the state along; only use counts.
  expect_clean(
      "mov.b32 %r6, %r5; mov.b32 %r7, %r6; setp.eq.u32 %p1, %t, 100; selp.b32 %r8, %r7, 1, %p1; add.u32 %r0, %r8, 1;");
  EXPECT_THAT(report_of("mov.b32 %r6, %r5; mov.b32 %r7, %r6;\nadd.u32 %r0, %r7, 1;"), HasSubstr("(add.u32)"));
  Block off("add.u32 %r0, %r5, 1;");
  off.launcher.options().check_uninitialised = false;
  off.launcher.ok();
}

TEST(MachineChecks, UninitialisedSharedMemory) {
  EXPECT_THAT(
      report_of(kTile + "setp.ne.u32 %p1, %t, 9; @%p1 st.shared.u32 [%r2], %t; bar.sync 0;\nld.shared.u32 %r0, [%r2];"),
      AllOf(HasSubstr("uninitialised shared memory"), HasSubstr("lane 9"), HasSubstr("(ld.shared.u32)")));
}

// --- races
// -----------------------------------------------------------------------------------------------------------------

const std::string kNeighbour = "xor.b32 %r3, %r2, 128; ";  // the other warp's word

TEST(MachineChecks, RacesBetweenWarps) {
  EXPECT_THAT(report_of(kTile + "st.shared.u32 [%r2], %t;\n" + kNeighbour + "ld.shared.u32 %r0, [%r3];"),
              testing::AnyOf(HasSubstr("race"), HasSubstr("uninitialised")));
  expect_clean(kTile + "st.shared.u32 [%r2], %t; bar.sync 0; " + kNeighbour + "ld.shared.u32 %r0, [%r3];");
  // Write after read: nothing between the load of one warp and the store of the other.
  EXPECT_THAT(report_of(kTile + "st.shared.u32 [%r2], %t; bar.sync 0; " + kNeighbour +
                        "ld.shared.u32 %r0, [%r3]; st.shared.u32 [%r2], %r0;"),
              AllOf(HasSubstr("race"), HasSubstr("no barrier in between")));
  expect_clean(kTile + "st.shared.u32 [%r2], %t; bar.sync 0; " + kNeighbour +
               "ld.shared.u32 %r0, [%r3]; bar.sync 0; st.shared.u32 [%r2], %r0;");
  // Two warps write one word.
  EXPECT_THAT(report_of(kTile + "st.shared.u32 [%r1], %t;"),
              AllOf(HasSubstr("race"), HasSubstr("written by warp 0 at PTX line")));
  expect_clean(kTile + "st.shared.u32 [%r1], %t;", 32);
}

TEST(MachineChecks, AtomicsAndTheirOrderAreNoRace) {
  expect_clean(kTile +
               "setp.eq.u32 %p1, %t, 0; @%p1 st.shared.u32 [%r1], 0; bar.sync 0; red.shared.add.u32 [%r1], 1; bar.sync 0; "
               "ld.shared.u32 %r0, [%r1];");
}

TEST(MachineChecks, NamedBarriersOrderOnlyThoseThatMeet) {
  // Warp 0 hands a tile to warp 1 (arrive and sync on barrier 1); warp 2 meets neither.
  const std::string produce = kTile + R"(
    shr.u32 %r5, %t, 5; setp.eq.u32 %p0, %r5, 0; setp.eq.u32 %p1, %r5, 1; setp.eq.u32 %p2, %r5, 2;
    @!%p0 bra NOT0;
    st.shared.u32 [%r2], %t; bar.arrive 1, 64; bra END;
  NOT0:
    add.s32 %r4, %r2, -128;
    @!%p1 bra NOT1;
    bar.sync 1, 64; ld.shared.u32 %r0, [%r4]; bra END;
  NOT1:
)";
  expect_clean(produce + "END:", 96);
  EXPECT_THAT(report_of(produce + "add.s32 %r4, %r2, -256;\nld.shared.u32 %r0, [%r4];\nEND:", 96), HasSubstr("race"));
}

TEST(MachineChecks, RefillingABufferThatOthersStillRead) {
  const std::string body = kTile + R"(
    st.shared.u32 [%r2], %t; bar.sync 0; xor.b32 %r3, %r2, 128; ld.shared.u32 %r0, [%r3];
    mul.wide.u32 %l0, %t, 4; add.s64 %l1, %q1, %l0;
)";
  const std::string copy = "cp.async.ca.shared.global [%r2], [%l1], 4; cp.async.wait_all;";
  EXPECT_THAT(report_of(body + copy), AllOf(HasSubstr("race"), HasSubstr("no barrier in between")));
  expect_clean(body + "bar.sync 0; " + copy);
}

TEST(MachineChecks, RacesCanBeLeftUnchecked) {
  Block block(kTile + "st.shared.u32 [%r1], %t;");
  block.launcher.options().check_races = false;
  block.launcher.ok();
}

// --- barriers
// --------------------------------------------------------------------------------------------------------------

TEST(MachineChecks, AlignedInstructionsInDivergentCode) {
  EXPECT_THAT(report_of("setp.lt.u32 %p1, %t, 12; @!%p1 bra L;\nbar.sync 0;\nL:"),
              AllOf(HasSubstr("(bar.sync)"), HasSubstr("0x00000fff"), HasSubstr("0xfffff000")));
}

TEST(MachineChecks, BarrierThatSomeWarpsNeverReach) {
  // The warps that skip it end, so a barrier of all threads opens; with a count it never does.
  expect_clean("setp.lt.u32 %p1, %t, 32; @!%p1 bra L; bar.sync 0; L:");
  const std::string text = report_of("setp.lt.u32 %p1, %t, 32; @!%p1 bra L;\nbar.sync 3, 64;\nL:", 64, Status::timed_out);
  EXPECT_THAT(text, AllOf(HasSubstr("deadlock"), HasSubstr("warp 0"), HasSubstr("wait at barrier 3"),
                          HasSubstr("(bar.sync)"), HasSubstr("warp 1: has exited")));
}

TEST(MachineChecks, TwoWarpsAtDifferentBarriers) {
  const std::string text = report_of("shr.u32 %r1, %t, 5;\nbar.sync %r1, 64;", 64, Status::timed_out);
  EXPECT_THAT(text, AllOf(HasSubstr("wait at barrier 0"), HasSubstr("wait at barrier 1")));
}

TEST(MachineChecks, BarrierCountsThatDisagree) {
  EXPECT_THAT(report_of("setp.lt.u32 %p1, %t, 32; selp.b32 %r1, 64, 96, %p1;\nbar.sync 1, %r1;"),
              HasSubstr("counts 96 threads"));
  EXPECT_THAT(report_of("bar.sync 1, 20;"), HasSubstr("not a multiple"));
  EXPECT_THAT(report_of("bar.sync 16;"), HasSubstr("there are 16"));
}

TEST(MachineChecks, BarrierReductions) {
  Block block(R"(
    setp.lt.u32 %p1, %t, 20; bar.red.popc.u32 %r0, 0, %p1;
    bar.red.and.pred %p2, 0, %p1; bar.red.or.pred %p3, 0, %p1;
    @%p2 add.u32 %r0, %r0, 1000; @%p3 add.u32 %r0, %r0, 2000;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r0;)");
  block.launcher.ok();
  for (const U value : block.out) EXPECT_EQ(value, 2020u);
}

TEST(MachineChecks, MemberMasks) {
  EXPECT_THAT(report_of("shfl.sync.bfly.b32 %r0, %t, 1, 31, 0xffff;"), HasSubstr("not in its member mask"));
  // Lanes that exit are no longer waited for.
  expect_clean("setp.lt.u32 %p1, %t, 40; @!%p1 bra L; shfl.sync.bfly.b32 %r0, %t, 1, 31, 0xffffffff; ret;\nL: exit;");
  EXPECT_THAT(report_of("setp.lt.u32 %p1, %t, 16;\n@%p1 shfl.sync.bfly.b32 %r0, %t, 1, 31, 0xffffffff;"),
              HasSubstr("guard is false"));
}

TEST(MachineChecks, InstructionLimit) {
  Block block("mov.u32 %r0, 0;\nL: add.u32 %r0, %r0, 1; bra L;");
  block.launcher.options().max_instructions_per_warp = 100000;
  EXPECT_THAT(block.launcher.report(Status::timed_out), HasSubstr("instructions of this warp"));
}

TEST(MachineChecks, TrapIsReported) { EXPECT_THAT(report_of("trap;"), HasSubstr("(trap)")); }

TEST(MachineChecks, TheReportIsThatOfTheFirstBlockInTheGrid) {
  Block block("mov.u32 %r0, %ctaid.x; setp.lt.u32 %p1, %r0, 3; @%p1 ret; trap;");
  block.launcher.shape().grid = {9, 1, 1};
  EXPECT_THAT(block.launcher.report(), HasSubstr("CTA (3,0,0)"));
}

}  // namespace
}  // namespace attune::emulator::test
