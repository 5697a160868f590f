// Loads and stores of all spaces, atomics, asynchronous copies, and what they count.
#include <cstdint>
#include <numeric>

#include "emulator/numerics/formats.hpp"
#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using U = uint32_t;
using testing::HasSubstr;

TEST(MachineMemory, NarrowAndVectorElements) {
  const std::string body = R"(
    mul.wide.u32 %l0, %t, 16; add.s64 %l1, %q1, %l0;
    ld.global.s8 %h0, [%l1]; ld.global.u8 %r1, [%l1+1]; ld.global.s16 %r2, [%l1+2]; ld.global.s32 %l2, [%l1+4];
    ld.global.v2.u32 {%r3, %r4}, [%l1+8];
    cvt.s32.s16 %r0, %h0; cvt.u32.u64 %r5, %l2;
    add.u32 %r0, %r0, %r1; add.u32 %r0, %r0, %r2; add.u32 %r0, %r0, %r5; add.u32 %r0, %r0, %r3; xor.b32 %r0, %r0, %r4;
    mul.wide.u32 %l0, %t, 8; add.s64 %l0, %q0, %l0;
    st.global.u32 [%l0], %r0; shr.u64 %l3, %l2, 60; st.global.u8 [%l0+4], %l3; st.global.b8 [%l0+5], 7;
    cvt.u16.u32 %h1, %r4; st.global.u16 [%l0+6], %h1;
  )";
  std::vector<uint8_t> in(32 * 16);
  std::mt19937 random(3);
  for (auto& byte : in) byte = static_cast<uint8_t>(random());
  std::vector<uint8_t> out(32 * 8);
  Launcher launcher(kernel_text(2, body));
  launcher.buffer(out, "out").buffer(in, "in", false).threads(32).ok();
  for (size_t i = 0; i < 32; ++i) {
    int16_t s16 = 0;
    int32_t s32 = 0;
    U v[2];
    std::memcpy(&s16, &in[i * 16 + 2], 2);
    std::memcpy(&s32, &in[i * 16 + 4], 4);
    std::memcpy(v, &in[i * 16 + 8], 8);
    U want = static_cast<U>(static_cast<int8_t>(in[i * 16]));
    want += in[i * 16 + 1];
    want += static_cast<U>(int32_t{s16});
    want += static_cast<U>(s32);
    want += v[0];
    want ^= v[1];
    U got = 0;
    std::memcpy(&got, &out[i * 8], 4);
    EXPECT_EQ(got, want);
    EXPECT_EQ(out[i * 8 + 4], s32 < 0 ? 15 : 0);
    EXPECT_EQ(out[i * 8 + 5], 7);
    EXPECT_EQ(out[i * 8 + 6], v[1] & 0xff);
    EXPECT_EQ(out[i * 8 + 7], v[1] >> 8 & 0xff);
  }
}

TEST(MachineMemory, ModuleVariablesLocalMemoryAndGenericAddresses) {
  const std::string variables = R"(
.const .align 4 .u32 table[4] = {10, 20, 30, 40};
.global .align 8 .u64 pointer = table;
.global .align 4 .u32 counter = 5;
)";
  const std::string body = R"(
    .local .align 8 .b8 depot[32];
    .shared .align 4 .u32 cell;
    ld.const.u32 %r1, [table+8];
    ld.global.u64 %l1, [pointer]; ld.u32 %r2, [%l1+4];
    ld.global.u32 %r3, [counter];
    mov.u64 %l2, depot; cvta.local.u64 %l3, %l2; st.u32 [%l3+12], %t; ld.local.u32 %r4, [depot+12];
    mov.u64 %l4, cell; cvta.shared.u64 %l5, %l4;
    setp.eq.u32 %p1, %t, 0; @%p1 st.u32 [%l5], 1000; bar.sync 0; ld.shared.u32 %r5, [cell];
    isspacep.shared %p2, %l5; isspacep.global %p3, %q0; isspacep.local %p4, %l5;
    add.u32 %r0, %r1, %r2; add.u32 %r0, %r0, %r3; add.u32 %r0, %r0, %r4; add.u32 %r0, %r0, %r5;
    @%p2 add.u32 %r0, %r0, 10000; @%p3 add.u32 %r0, %r0, 20000; @%p4 add.u32 %r0, %r0, 40000;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r0;
  )";
  std::vector<U> out(64);
  Launcher launcher(kernel_text(1, body, "sm_80", variables));
  launcher.buffer(out, "out").threads(64).ok();
  for (U i = 0; i < 64; ++i) EXPECT_EQ(out[i], 30 + 20 + 5 + i + 1000 + 30000);
  launcher.ok();  // a launch starts with the initial values again
  EXPECT_EQ(out[0], 31055u);
}

TEST(MachineMemory, StructParameters) {
  const std::string text = module_text("sm_80", R"(
.visible .entry k(.param .align 8 .b8 args[24])
{
  .reg .b64 %l<4>; .reg .b32 %r<4>; .reg .b64 %a;
  mov.b64 %a, args;
  ld.param.u64 %l0, [%a]; ld.param.u32 %r0, [args+8]; ld.param.v2.u32 {%r1, %r2}, [%a+16];
  cvta.param.u64 %l1, %a; ld.u32 %r3, [%l1+16];
  add.u32 %r0, %r0, %r1; add.u32 %r0, %r0, %r2; sub.u32 %r3, %r3, %r1; add.u32 %r0, %r0, %r3;
  st.global.u32 [%l0], %r0;
  ret;
}
)");
  const auto program = load_or_fail(text);
  ASSERT_NE(program, nullptr);
  ASSERT_EQ(kernels(*program).size(), 1u);
  EXPECT_EQ(kernels(*program)[0].parameter_bytes, 24);
  U out = 0;
  struct {
    U* out;
    U a, pad, b, c;
  } arguments{&out, 5, 0, 70, 900};
  const MemoryRegion region{reinterpret_cast<std::byte*>(&out), 4, "out", true};
  LaunchShape shape;
  shape.entry = "k";
  const auto result = run(*program, shape, std::as_bytes(std::span(&arguments, 1)), {&region, 1});
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(out, 975u);
}

TEST(MachineMemory, Atomics) {
  const std::string body = R"(
    add.u32 %r1, %t, 1;
    red.global.add.u32 [%q0], %r1; atom.global.max.u32 %r2, [%q0+4], %t; red.global.min.s32 [%q0+8], %r1;
    atom.global.inc.u32 %r3, [%q0+12], 9; red.global.or.b32 [%q0+16], %r1;
    cvt.rn.f32.u32 %f1, %r1; red.global.add.f32 [%q0+20], %f1;
    mov.b32 %r4, 0x3c003c00; red.global.add.noftz.f16x2 [%q0+24], %r4;
    atom.global.cas.b32 %r5, [%q0+28], 0, 77;
    atom.global.exch.b32 %r6, [%q0+32], %r1;
    mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q1, %l0; st.global.u32 [%l0], %r3;
  )";
  std::vector<U> cells(9);
  cells[2] = 1000;
  std::vector<U> counted(64);
  Launcher launcher(kernel_text(2, body));
  launcher.buffer(cells, "cells").buffer(counted, "counted").threads(64).ok();
  EXPECT_EQ(cells[0], 64 * 65 / 2);
  EXPECT_EQ(cells[1], 63u);
  EXPECT_EQ(cells[2], 1u);
  EXPECT_EQ(cells[3], 64u % 10);
  EXPECT_EQ(cells[4], 127u);
  EXPECT_EQ(std::bit_cast<float>(cells[5]), 2080.0f);
  EXPECT_EQ(cells[6], static_cast<U>(encode(Format::f16, 64)) * 0x10001u);
  EXPECT_EQ(cells[7], 77u);
  EXPECT_EQ(std::count(counted.begin(), counted.end(), 9u), 6);
}

// --- cp.async
// --------------------------------------------------------------------------------------------------------------

const std::string kCopyTile = R"(
    .shared .align 16 .b8 tile[1024];
    mov.u32 %r1, tile; shl.b32 %r2, %t, 4; add.u32 %r3, %r1, %r2; mul.wide.u32 %l0, %t, 16; add.s64 %l1, %q1, %l0;
)";
const std::string kStoreWord = "mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r0;";

TEST(MachineCopy, GroupsLandInOrderAndZerosFill) {
  const std::string body = kCopyTile + R"(
    setp.lt.u32 %p1, %t, 20; selp.b32 %r4, 16, 6, %p1;
    cp.async.cg.shared.global.L2::128B [%r3], [%l1], 16, %r4;
    cp.async.commit_group;
    cp.async.ca.shared.global [%r3+512], [%l1], 4;
    cp.async.commit_group;
    cp.async.wait_group 1;
    bar.sync 0;
    xor.b32 %r5, %r2, 16; add.u32 %r5, %r1, %r5; ld.shared.u32 %r6, [%r5]; ld.shared.u32 %r7, [%r5+4];
    cp.async.wait_all; bar.sync 0; ld.shared.u32 %r8, [%r5+512];
    xor.b32 %r0, %r6, %r7; add.u32 %r0, %r0, %r8;
  )" + kStoreWord;
  std::vector<U> out(32);
  std::vector<U> in(32 * 4);
  std::mt19937 random(5);
  for (U& value : in) value = random();
  Launcher launcher(kernel_text(2, body));
  const Counters counters = launcher.buffer(out, "out").buffer(in, "in", false).threads(32).ok();
  for (U i = 0; i < 32; ++i) {
    const U j = i ^ 1;
    const U second = j < 20 ? in[j * 4 + 1] : in[j * 4 + 1] & 0xffff;
    EXPECT_EQ(out[i], (in[j * 4] ^ second) + in[j * 4]) << i;
  }
  EXPECT_EQ(counters.async_copy_bytes, 32 * 20);
  EXPECT_EQ(counters[InstructionClass::async_copy], 6);
}

TEST(MachineCopy, ReadingBeforeTheWaitIsReported) {
  std::vector<U> out(32);
  std::vector<U> in(128, 3);
  Launcher launcher(kernel_text(2, kCopyTile +
                                       "cp.async.cg.shared.global [%r3], [%l1], 16;\ncp.async.commit_group;\n"
                                       "ld.shared.u32 %r0, [%r3];\n" +
                                       kStoreWord));
  launcher.buffer(out, "out").buffer(in, "in", false).threads(32);
  EXPECT_THAT(launcher.report(), HasSubstr("asynchronous copy"));
}

TEST(MachineCopy, WithoutTheRaceCheckTheOldBytesAreSeen) {
  std::vector<U> out(32);
  std::vector<U> in(128, 3);
  Launcher launcher(kernel_text(2, kCopyTile +
                                       "st.shared.u32 [%r3], 55;\ncp.async.cg.shared.global [%r3], [%l1], 16;\n"
                                       "cp.async.commit_group;\nld.shared.u32 %r0, [%r3];\n" +
                                       kStoreWord));
  launcher.buffer(out, "out").buffer(in, "in", false).threads(32).options().check_races = false;
  launcher.ok();
  for (const U value : out) EXPECT_EQ(value, 55u);
}

TEST(MachineCopy, AWaitForTheWrongGroupIsReported) {
  std::vector<U> out(32);
  std::vector<U> in(128, 3);
  Launcher launcher(kernel_text(2, kCopyTile +
                                       "cp.async.cg.shared.global [%r3], [%l1], 16;\ncp.async.commit_group;\n"
                                       "cp.async.wait_group 1;\nld.shared.u32 %r0, [%r3];\n" +
                                       kStoreWord));
  launcher.buffer(out, "out").buffer(in, "in", false).threads(32);
  EXPECT_THAT(launcher.report(), HasSubstr("asynchronous copy"));
}

// --- counters
// --------------------------------------------------------------------------------------------------------------

TEST(MachineCounters, BankConflictsAndSectors) {
  const auto count = [](const std::string& access) {
    std::vector<U> out(2048);
    Launcher launcher(kernel_text(
        1, ".shared .align 16 .b8 tile[16384];\nmov.u32 %r1, tile;\nmov.b32 %r9, 0; mov.b64 %l9, 0;\n" + access + "\n"));
    launcher.buffer(out, "out").threads(32);
    launcher.options().check_races = false;
    return launcher.ok();
  };
  Counters c = count("shl.b32 %r2, %t, 2; add.u32 %r2, %r1, %r2; st.shared.u32 [%r2], %r9;");
  EXPECT_EQ(c.shared_wavefronts, 1);
  EXPECT_EQ(c.shared_conflicts, 0);
  c = count("shl.b32 %r2, %t, 7; add.u32 %r2, %r1, %r2; st.shared.u32 [%r2], %r9;");
  EXPECT_EQ(c.shared_wavefronts, 32);
  EXPECT_EQ(c.shared_conflicts, 31);
  c = count("shl.b32 %r2, %t, 3; add.u32 %r2, %r1, %r2; st.shared.u32 [%r2], %r9;");
  EXPECT_EQ(c.shared_wavefronts, 2);
  c = count("shl.b32 %r2, %t, 4; add.u32 %r2, %r1, %r2; st.shared.v4.u32 [%r2], {%r9, %r9, %r9, %r9};");
  EXPECT_EQ(c.shared_wavefronts, 4);
  EXPECT_EQ(c.shared_conflicts, 0);
  EXPECT_EQ(c.shared_store_bytes, 512);
  c = count("mul.wide.u32 %l0, %t, 4; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r9;");
  EXPECT_GE(c.global_store_sectors, 4);
  EXPECT_LE(c.global_store_sectors, 5);  // the buffer may not be aligned to a sector
  c = count("mul.wide.u32 %l0, %t, 64; add.s64 %l0, %q0, %l0; st.global.u32 [%l0], %r9;");
  EXPECT_EQ(c.global_store_sectors, 32);
  EXPECT_EQ(c.global_store_bytes, 128);
  EXPECT_EQ(c[InstructionClass::global_store], 1);
  EXPECT_THAT(c.to_json(), HasSubstr("\"global_store_sectors\":32"));
}

TEST(MachineCounters, LanesAndClasses) {
  std::vector<U> out(32);
  Launcher launcher(kernel_text(
      1, "setp.lt.u32 %p1, %t, 8; mov.f32 %f0, 0f3F800000; @%p1 add.f32 %f0, %f0, %f0; ex2.approx.f32 %f1, %f0;"));
  const Counters c = launcher.buffer(out, "out").threads(32).ok();
  EXPECT_EQ(c[InstructionClass::float32], 1);
  EXPECT_EQ(c[InstructionClass::special_function], 1);
  EXPECT_EQ(c[InstructionClass::logic], 1);
  // mov tid, ld.param, setp, mov, ex2, ret with all lanes; add with eight.
  EXPECT_EQ(c.lane_instructions, 6 * 32 + 8);
}

}  // namespace
}  // namespace attune::emulator::test
