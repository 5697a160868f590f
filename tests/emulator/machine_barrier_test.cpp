// Pipelines over mbarriers and barriers of a cluster: order of memory, waiting, deadlock.
#include <cstdint>

#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using U = uint32_t;
using testing::AllOf;
using testing::HasSubstr;

// Warp 0 fills a one-stage buffer four times, warp 1 reads it; `full` and `empty` hand it over. %r10 is the parity of the
// phase the consumer waits for, %r11 that of the producer.
std::string pipeline(const std::string& producer_waits, const std::string& consumer_waits) {
  return R"(
    .shared .align 8 .b64 full; .shared .align 8 .b64 empty; .shared .align 16 .b8 tile[128];
    mov.u32 %r1, full; mov.u32 %r2, empty; mov.u32 %r3, tile;
    setp.ne.u32 %p0, %t, 0; @%p0 bra READY;
    mbarrier.init.shared.b64 [%r1], 32; mbarrier.init.shared.b64 [%r2], 32;
  READY:
    bar.sync 0;
    mov.u32 %r5, 0; mov.u32 %r6, 0; mov.u32 %r0, 0;
    setp.ge.u32 %p1, %t, 32; @%p1 bra CONSUME;
    shl.b32 %r7, %t, 2; add.u32 %r7, %r3, %r7;
  PRODUCE:
    and.b32 %r11, %r5, 1; xor.b32 %r11, %r11, 1;
)" + producer_waits +
         R"(
    mad.lo.u32 %r8, %r5, 100, %t; st.shared.u32 [%r7], %r8;
    mbarrier.arrive.shared.b64 %l1, [%r1];
    add.u32 %r5, %r5, 1; setp.lt.u32 %p2, %r5, 4; @%p2 bra PRODUCE;
    bra DONE;
  CONSUME:
    sub.u32 %r9, %t, 32; xor.b32 %r9, %r9, 31; shl.b32 %r9, %r9, 2; add.u32 %r9, %r3, %r9;
  NEXT:
    and.b32 %r10, %r5, 1;
)" + consumer_waits +
         R"(
    ld.shared.u32 %r8, [%r9]; add.u32 %r0, %r0, %r8;
    mbarrier.arrive.shared.b64 _, [%r2];
    add.u32 %r5, %r5, 1; setp.lt.u32 %p2, %r5, 4; @%p2 bra NEXT;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0+-128], %r0;
  DONE:
)";
}
const std::string kProducerWaits = "PW: mbarrier.try_wait.parity.shared.b64 %p3, [%r2], %r11; @!%p3 bra PW;";
const std::string kConsumerWaits = "CW: mbarrier.try_wait.parity.shared.b64 %p3, [%r1], %r10; @!%p3 bra CW;";

TEST(MachineMbarrier, HandsABufferOver) {
  std::vector<U> out(32);
  Launcher launcher(kernel_text(1, pipeline(kProducerWaits, kConsumerWaits)));
  launcher.buffer(out, "out").threads(64).ok();
  for (U i = 0; i < 32; ++i) EXPECT_EQ(out[i], 600 + 4 * (i ^ 31));
}

TEST(MachineMbarrier, ForgottenWaitsAreRaces) {
  std::vector<U> out(32);
  // Without waiting for `empty` the producer overwrites what is not read, or runs a whole turn of phases ahead.
  Launcher refill(kernel_text(1, pipeline("", kConsumerWaits)));
  const auto result = refill.buffer(out, "out").threads(64).run();
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), testing::AnyOf(HasSubstr("race"), HasSubstr("deadlock")));
  Launcher early(kernel_text(1, pipeline(kProducerWaits, "")));
  early.buffer(out, "out").threads(64);
  EXPECT_THAT(early.report(), testing::AnyOf(HasSubstr("race"), HasSubstr("uninitialised")));
}

TEST(MachineMbarrier, AWaitThatNobodyEndsIsADeadlock) {
  std::vector<U> out(32);
  // The consumer waits for the wrong parity in the second round.
  Launcher launcher(
      kernel_text(1, pipeline(kProducerWaits, "CW: mbarrier.try_wait.parity.shared.b64 %p3, [%r1], 0; @!%p3 bra CW;")));
  launcher.buffer(out, "out").threads(64);
  const auto result = launcher.run();
  ASSERT_FALSE(result.ok());
  Launcher never(kernel_text(1, R"(
    .shared .align 8 .b64 full; mov.u32 %r1, full;
    setp.ne.u32 %p0, %t, 0; @%p0 bra READY; mbarrier.init.shared.b64 [%r1], 33; READY: bar.sync 0;
    mbarrier.arrive.shared.b64 _, [%r1];
    W: mbarrier.try_wait.parity.shared.b64 %p3, [%r1], 0;
    @!%p3 bra W;)"));
  never.buffer(out, "out").threads(32);
  EXPECT_THAT(never.report(Status::timed_out), AllOf(HasSubstr("deadlock"), HasSubstr("warp 0"),
                                                     HasSubstr("(mbarrier.try_wait.parity.shared.b64) wait in a loop")));
}

TEST(MachineMbarrier, InitialisedWithoutABarrierIsARace) {
  std::vector<U> out(32);
  Launcher launcher(kernel_text(1, R"(
    .shared .align 8 .b64 full; mov.u32 %r1, full;
    setp.ne.u32 %p0, %t, 0; @%p0 bra READY; mbarrier.init.shared.b64 [%r1], 64; READY: bar.warp.sync 0xffffffff;
    mbarrier.arrive.shared.b64 _, [%r1];)"));
  launcher.buffer(out, "out").threads(64);
  EXPECT_THAT(launcher.report(), HasSubstr("race"));
}

// One lane of a warp arrives while its siblings already spin: they stand at an earlier instruction, and must let it pass.
TEST(MachineMbarrier, SpinningLanesLetTheirSiblingArrive) {
  std::vector<U> out(32);
  Launcher launcher(kernel_text(1, R"(
    .shared .align 8 .b64 full; mov.u32 %r1, full;
    setp.ne.u32 %p0, %t, 0; @%p0 bra READY; mbarrier.init.shared.b64 [%r1], 1; READY: bar.sync 0;
    setp.eq.u32 %p1, %t, 7; @%p1 bra ARRIVE;
    W: mbarrier.test_wait.parity.shared.b64 %p3, [%r1], 0; @!%p3 bra W;
    bra JOIN;
    ARRIVE: mbarrier.arrive.shared.b64 _, [%r1];
    JOIN: bar.sync 0;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], 9;)"));
  launcher.buffer(out, "out").threads(32).ok();
  for (const U value : out) EXPECT_EQ(value, 9u);
}

// --- clusters
// --------------------------------------------------------------------------------------------------------------

// Each CTA of a cluster writes its rank into the next one's shared memory.
const std::string kRing = R"(
    .shared .align 4 .u32 cell;
    mov.u32 %r1, cell; mov.u32 %r2, %cluster_ctarank; mov.u32 %r3, %cluster_nctarank; mov.u32 %r4, %ctaid.x;
    add.u32 %r5, %r2, 1; rem.u32 %r5, %r5, %r3;
    mapa.shared::cluster.u32 %r6, %r1, %r5;
    barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
    st.shared::cluster.u32 [%r6], %r4;
    WAIT
    ld.shared.u32 %r0, [%r1];
    mul.wide.u32 %l0, %r4, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r0;
)";
std::string ring(const std::string& wait) {
  std::string text = kRing;
  text.replace(text.find("WAIT"), 4, wait);
  return text;
}

TEST(MachineCluster, SharedMemoryOfOthers) {
  std::vector<U> out(12, 99);
  Launcher launcher(kernel_text(1, ring("barrier.cluster.arrive; barrier.cluster.wait;")));
  launcher.buffer(out, "out").threads(32).shape().grid = {12, 1, 1};
  launcher.shape().cluster = {4, 1, 1};
  launcher.ok();
  for (U i = 0; i < 12; ++i) EXPECT_EQ(out[i], i / 4 * 4 + (i + 3) % 4);
}

TEST(MachineCluster, BarrierMisuse) {
  std::vector<U> out(4);
  const auto report = [&](const std::string& body, Status status) {
    Launcher launcher(kernel_text(1, body));
    launcher.buffer(out, "out").threads(32).shape().grid = {2, 1, 1};
    launcher.shape().cluster = {2, 1, 1};
    return launcher.report(status);
  };
  EXPECT_THAT(report("barrier.cluster.wait;", Status::validation_failed), HasSubstr("without having arrived"));
  EXPECT_THAT(report("barrier.cluster.arrive; barrier.cluster.arrive;", Status::validation_failed),
              HasSubstr("second time"));
  EXPECT_THAT(
      report(
          "mov.u32 %r1, %ctaid.x; setp.eq.u32 %p1, %r1, 0; @%p1 bra L; barrier.cluster.arrive; barrier.cluster.wait; ret;\n"
          "L: bar.sync 1, 64;",
          Status::timed_out),
      AllOf(HasSubstr("deadlock"), HasSubstr("cluster barrier"), HasSubstr("barrier 1")));
}

TEST(MachineCluster, AGridThatIsNoMultipleIsRefused) {
  std::vector<U> out(4);
  Launcher launcher(kernel_text(1, "ret;"));
  launcher.buffer(out, "out").shape().grid = {3, 1, 1};
  launcher.shape().cluster = {2, 1, 1};
  EXPECT_THAT(launcher.report(Status::invalid_argument), HasSubstr("multiple of the cluster"));
}

}  // namespace
}  // namespace attune::emulator::test
