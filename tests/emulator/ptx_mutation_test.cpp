// Programs with random mistakes in them: loaded or refused, run or reported, never a crash. The sanitizers look on.
#include <array>
#include <cctype>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

const std::string kBody = R"(
  .shared .align 16 .b8 tile[2048]; .shared .align 8 .b64 full; .local .align 8 .b8 depot[64];
  mov.u32 %r1, tile; mov.u32 %r2, full; shl.b32 %r3, %t, 4; add.u32 %r4, %r1, %r3; mul.wide.u32 %l0, %t, 16;
  add.s64 %l1, %q1, %l0; setp.ne.u32 %p0, %t, 0; @%p0 bra READY;
  mbarrier.init.shared.b64 [%r2], 64;
READY:
  bar.sync 0;
  cp.async.cg.shared.global [%r4], [%l1], 16; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;
  ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r5, %r6, %r7, %r8}, [%r4];
  mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0, %f1, %f2, %f3}, {%r5, %r6, %r7, %r8}, {%r5, %r6}, {%f0, %f1, %f2, %f3};
  shfl.sync.bfly.b32 %r9|%p1, %r5, 3, 31, 0xffffffff; mbarrier.arrive.shared.b64 %l2, [%r2];
W:
  mbarrier.try_wait.parity.shared.b64 %p2, [%r2], 0; @!%p2 bra W;
  mov.u32 %r10, 0;
LOOP:
  mad.lo.s32 %r9, %r9, %r10, %t; cvt.rn.f32.s32 %f4, %r9; ex2.approx.ftz.f32 %f5, %f4; cvt.rn.f16x2.f32 %r11, %f4, %f5;
  bfe.u32 %r12, %r9, %r10, 5; prmt.b32 %r13, %r9, %r12, 0x5410; add.u32 %r10, %r10, 1; setp.lt.and.u32 %p3|%p4, %r10, 9, %p1;
  @%p3 bra LOOP;
  mov.u64 %l3, depot; cvta.local.u64 %l4, %l3; st.v2.u32 [%l4+8], {%r9, %r13}; ld.local.u64 %l5, [depot+8];
  vote.sync.ballot.b32 %r14, %p1, -1; atom.global.add.f32 %f6, [%q0], %f0; red.shared.or.b32 [%r4], %r14;
  mul.wide.u32 %l6, %t, 8; add.s64 %l6, %q0, %l6; st.global.u64 [%l6], %l5;
)";

// One mistake: a byte changed, a stretch removed or repeated, two numbers swapped.
void mutate(std::string& text, size_t first, std::mt19937& random) {
  const auto at = [&] { return first + random() % (text.size() - first - 8); };
  const size_t place = at();
  switch (random() % 6) {
    case 0: text[place] = "0123456789%.,;[]{}()abrsux-+@!|:"[random() % 32]; break;
    case 1: text.erase(place, 1 + random() % 6); break;
    case 2: text.insert(place, text.substr(at(), 1 + random() % 12)); break;
    default: {  // most mistakes are in a digit: the program then loads, and does something else
      size_t digit = place;
      while (digit < text.size() && std::isdigit(static_cast<unsigned char>(text[digit])) == 0) ++digit;
      if (digit < text.size()) text[digit] = static_cast<char>('0' + random() % 10);
      break;
    }
  }
}

TEST(PtxMutation, TheProgramItselfIsClean) {
  std::vector<uint64_t> out(128);
  std::vector<uint32_t> in(256, 0x3c003c00);
  Launcher launcher(kernel_text(2, kBody, "sm_80"));
  launcher.buffer(out, "out").buffer(in, "in", false).threads(64).ok();
}

TEST(PtxMutation, NoProgramBringsTheEmulatorDown) {
  const std::string original = kernel_text(2, kBody, "sm_80");
  const size_t first = original.find(".shared .align 16");
  std::mt19937 random(2024);
  int loaded = 0;
  int ran = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string text = original;
    for (uint32_t left = 1 + random() % 2; left > 0; --left) mutate(text, first, random);
    const auto program = load(text);
    if (!program.ok()) {
      EXPECT_FALSE(program.error().message().empty());
      continue;
    }
    ++loaded;
    std::vector<uint64_t> out(128);
    std::vector<uint32_t> in(256, 0x3c003c00);
    const std::array<MemoryRegion, 2> regions{MemoryRegion{reinterpret_cast<std::byte*>(out.data()), 1024, "out", true},
                                              MemoryRegion{reinterpret_cast<std::byte*>(in.data()), 1024, "in", false}};
    const std::array<uint64_t, 2> parameters{reinterpret_cast<uint64_t>(out.data()), reinterpret_cast<uint64_t>(in.data())};
    LaunchShape shape;
    shape.entry = "k";
    shape.block = {64, 1, 1};
    Options options;
    options.max_instructions_per_warp = 20000;
    options.check_uninitialised = round % 2 == 0;  // half of them go on with undefined values
    options.check_races = round % 3 != 0;
    ran += run(**program, shape, std::as_bytes(std::span(parameters)), regions, options).ok() ? 1 : 0;
  }
  EXPECT_GT(loaded, 500);
  EXPECT_GT(ran, 100);
}

}  // namespace
}  // namespace attune::emulator::test
