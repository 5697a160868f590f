// mma.sync, ldmatrix, stmatrix, movmatrix as PTX text: operands reach the arithmetic in their order, results come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "emulator/tensor/ldmatrix.hpp"
#include "emulator/tensor/mma.hpp"
#include "tests/emulator/ptx_launch.hpp"

namespace attune::emulator {
namespace {

// "{%r4, %r5}" or "{%d1}" for `count` registers from `first`.
std::string vector_of(const char* prefix, int first, int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i > 0 ? ", " : "") + std::string(prefix) + std::to_string(first + i);
  return text + "}";
}

// Loads or stores registers first, first + 1, ...: register i of lane l is word 32 i + l of the buffer.
std::string transfer(bool store, const char* prefix, const char* type, int bytes, int first, int count, const char* base) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string place = "[" + std::string(base) + "+" + std::to_string(32 * bytes * i) + "]";
    const std::string name = prefix + std::to_string(first + i);
    text += store ? "st.global." + std::string(type) + " " + place + ", " + name + ";\n"
                  : "ld.global." + std::string(type) + " " + name + ", " + place + ";\n";
  }
  return text;
}

class MmaText : public testing::TestWithParam<std::string> {};

TEST_P(MmaText, GivesWhatTheArithmeticGives) {
  const Result<MmaInstruction> parsed = parse_mma(GetParam());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  const MmaInstruction& i = *parsed;
  const bool wide = i.a == MmaType::f64;
  const int scale = wide ? 2 : 1;
  const int na = i.a_registers / scale, nb = i.b_registers / scale, nc = i.c_registers / scale, nd = i.d_registers / scale;
  const int inputs = na + nb + nc + (i.block_scaled ? 2 : 0);
  const char* const prefix = wide ? "%x" : "%r";
  const char* const type = wide ? "b64" : "b32";
  const int bytes = wide ? 8 : 4;

  std::string body =
      ".reg .b32 %r<64>; .reg .b64 %x<64>; .reg .b64 %rd<4>; .reg .b32 %t; .reg .b64 %o;\n"
      "ld.param.b64 %rd0, [in]; ld.param.b64 %rd1, [out]; mov.u32 %t, %tid.x; mul.wide.u32 %o, %t, " +
      std::to_string(bytes) + "; add.s64 %rd0, %rd0, %o; add.s64 %rd1, %rd1, %o;\n";
  body += transfer(false, prefix, type, bytes, 0, inputs, "%rd0");
  body += GetParam() + " " + vector_of(prefix, 50, nd) + ", " + vector_of(prefix, 0, na) + ", " + vector_of(prefix, na, nb) +
          ", " + vector_of(prefix, na + nb, nc);
  MmaScales scales;
  if (i.block_scaled) {
    scales.byte_a = i.scale_vectors == 1 ? 3 : i.scale_vectors == 2 ? 2 : 0;
    scales.thread_a = 1;
    scales.byte_b = i.scale_vectors == 1 ? 1 : 0;
    scales.thread_b = 2;
    const auto operand = [&](int index, int byte, int thread) {
      return ", " + vector_of(prefix, na + nb + nc + index, 1) + ", {" + std::to_string(byte) + ", " +
             std::to_string(thread) + "}";
    };
    body += operand(0, scales.byte_a, scales.thread_a) + operand(1, scales.byte_b, scales.thread_b);
  }
  body += ";\n" + transfer(true, prefix, type, bytes, 50, nd, "%rd1") + "ret;";

  std::mt19937 random(1);
  std::vector<uint32_t> in(static_cast<size_t>(32 * inputs * scale)), out(static_cast<size_t>(32 * nd * scale), 0);
  for (uint32_t& word : in) word = wide ? 0x3ff00000u + random() % 1024 : static_cast<uint32_t>(random()) & 0x3f3f3f3fu;
  PtxLaunch launch("sm_120a", ".param .b64 in, .param .b64 out", body);
  launch.buffer(in, "in", false).buffer(out, "out");
  const Counters counters = expect_runs(launch);
  EXPECT_EQ(counters[InstructionClass::mma], 1);
  EXPECT_EQ(counters.mma_flops_f16 + counters.mma_flops_tf32 + counters.mma_flops_f64 + counters.mma_ops_int +
                counters.mma_flops_fp8 + counters.mma_flops_fp4,
            i.operations());

  std::vector<LaneRegisters> registers(static_cast<size_t>(inputs * scale)), expected(static_cast<size_t>(i.d_registers));
  for (size_t r = 0; r < registers.size(); ++r) {
    for (size_t lane = 0; lane < 32; ++lane) {
      registers[r][lane] = wide ? in[(r / 2 * 32 + lane) * 2 + r % 2] : in[r * 32 + lane];
    }
  }
  std::vector<const LaneRegisters*> sources;
  std::vector<LaneRegisters*> targets;
  for (const LaneRegisters& one : registers) sources.push_back(&one);
  for (LaneRegisters& one : expected) targets.push_back(&one);
  const std::span<const LaneRegisters* const> all = sources;
  const auto a = static_cast<size_t>(i.a_registers), b = static_cast<size_t>(i.b_registers),
             c = static_cast<size_t>(i.c_registers);
  if (i.block_scaled) {
    scales.a = sources[a + b + c];
    scales.b = sources[a + b + c + 1];
  }
  mma(i, all.first(a), all.subspan(a, b), all.subspan(a + b, c), targets, {}, i.block_scaled ? &scales : nullptr);
  for (size_t r = 0; r < expected.size(); ++r) {
    for (size_t lane = 0; lane < 32; ++lane) {
      const uint32_t got = wide ? out[(r / 2 * 32 + lane) * 2 + r % 2] : out[r * 32 + lane];
      ASSERT_EQ(got, expected[r][lane]) << r << " " << lane;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(
    Forms, MmaText,
    testing::Values(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16",
        "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
        "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32", "mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.u8.s32",
        "mma.sync.aligned.m16n8k64.row.col.s32.u4.s4.s32", "mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc",
        "mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32", "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e5m2.f32",
        "mma.sync.aligned.m16n8k16.row.col.f16.e5m2.e4m3.f16",
        "mma.sync.aligned.kind::f8f6f4.m16n8k32.row.col.f32.e2m3.e2m1.f32",
        "mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64", "mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64",
        "mma.sync.aligned.kind::mxf8f6f4.block_scale.scale_vec::1X.m16n8k32.row.col.f32.e4m3.e3m2.f32.ue8m0",
        "mma.sync.aligned.kind::mxf4.block_scale.scale_vec::2X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue8m0",
        "mma.sync.aligned.kind::mxf4nvf4.block_scale.scale_vec::4X.m16n8k64.row.col.f32.e2m1.e2m1.f32.ue4m3"),
    [](const auto& form) {
      std::string name = form.param.substr(17);
      for (char& c : name) c = c == '.' || c == ':' ? '_' : c;
      return name;
    });

TEST(MmaText, UnknownFormsNameTheLine) {
  PtxLaunch launch("sm_80", "",
                   ".reg .f32 %f<8>; .reg .b32 %r<8>;\nmma.sync.aligned.m16n8k16.row.col.f32.f16.bf16.f32 "
                   "{%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%f4,%f5,%f6,%f7};\nret;");
  EXPECT_THAT(launch.failure(), testing::AllOf(testing::HasSubstr("line 7"), testing::HasSubstr("m16n8k16")));
}

TEST(MmaText, DivergentWarpsAreRefused) {
  PtxLaunch launch("sm_80", "", R"(
    .reg .f32 %f<4>; .reg .b32 %r<8>; .reg .pred %p;
    mov.b32 %r0, 0; mov.b32 %r1, 0; mov.b32 %r2, 0; mov.b32 %r3, 0; mov.b32 %r4, 0; mov.b32 %r5, 0;
    mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
    mov.u32 %r6, %tid.x; setp.gt.u32 %p, %r6, 15; @%p bra DONE;
    mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, {%f0,%f1,%f2,%f3};
    DONE: ret;)");
  EXPECT_THAT(launch.failure(), testing::HasSubstr("aligned"));
}

// 32 rows of 16 bytes go to shared memory in order; lane l passes row (5 l) % 32; ldmatrix, then stmatrix elsewhere.
TEST(MatrixText, LoadsAndStoresThroughSharedMemory) {
  std::vector<uint32_t> in(128), registers(128, 0), stored(128, 0);
  for (uint32_t i = 0; i < 128; ++i) in[i] = 0x10001u * i + 0x8000u;
  PtxLaunch launch("sm_90", ".param .b64 in, .param .b64 registers, .param .b64 stored", R"(
    .reg .b32 %r<16>; .reg .b64 %rd<8>;
    .shared .align 16 .b8 tile[1024];
    ld.param.b64 %rd0, [in]; ld.param.b64 %rd1, [registers]; ld.param.b64 %rd2, [stored];
    mov.u32 %r0, %tid.x;
    mul.wide.u32 %rd3, %r0, 16;
    add.s64 %rd0, %rd0, %rd3;
    ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd0];
    mov.u32 %r5, tile;
    shl.b32 %r6, %r0, 4;
    add.u32 %r6, %r6, %r5;
    st.shared.v4.b32 [%r6], {%r1, %r2, %r3, %r4};
    bar.warp.sync 0xffffffff;
    mul.lo.u32 %r7, %r0, 5; and.b32 %r7, %r7, 31; shl.b32 %r7, %r7, 4; add.u32 %r7, %r7, %r5;
    ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r8, %r9, %r10, %r11}, [%r7];
    stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%r7+512], {%r8, %r9, %r10, %r11};
    bar.warp.sync 0xffffffff;
    mul.wide.u32 %rd4, %r0, 4;
    add.s64 %rd5, %rd1, %rd4;
    st.global.b32 [%rd5], %r8; st.global.b32 [%rd5+128], %r9; st.global.b32 [%rd5+256], %r10; st.global.b32 [%rd5+384], %r11;
    ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%r6+512];
    add.s64 %rd6, %rd2, %rd3;
    st.global.v4.b32 [%rd6], {%r1, %r2, %r3, %r4};
    ret;)");
  launch.buffer(in, "in", false).buffer(registers, "registers").buffer(stored, "stored");
  const Counters counters = expect_runs(launch);
  EXPECT_EQ(stored, in) << "the store undoes the load";
  EXPECT_EQ(counters[InstructionClass::matrix_load], 2);
  const auto* const halves = reinterpret_cast<const uint16_t*>(in.data());
  for (uint32_t matrix = 0; matrix < 4; ++matrix) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const auto element = [&](uint32_t row) { return uint32_t{halves[((8 * matrix + row) * 5 % 32) * 8 + lane / 4]}; };
      const uint32_t expected = element(2 * (lane % 4)) | element(2 * (lane % 4) + 1) << 16;
      ASSERT_EQ(registers[matrix * 32 + lane], expected) << matrix << " " << lane;
    }
  }
}

TEST(MatrixText, RowsMustBeAlignedAndInside) {
  const auto launch = [](const char* address) {
    return PtxLaunch("sm_80", "",
                     std::string(".reg .b32 %r<4>; .shared .align 16 .b8 tile[512]; mov.u32 %r0, ") + address +
                         ";\nldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r0];\nret;");
  };
  EXPECT_THAT(launch("tile+8").failure(), testing::HasSubstr("not aligned to 16"));
  EXPECT_THAT(launch("tile+512").failure(), testing::HasSubstr("out of bounds"));
  EXPECT_THAT(launch("tile").failure(), testing::HasSubstr("uninitialised"));
}

TEST(MatrixText, MoveMatrixTransposes) {
  std::vector<uint32_t> out(32, 0);
  PtxLaunch launch("sm_80", ".param .b64 out", R"(
    .reg .b32 %r<8>; .reg .b64 %rd<4>;
    ld.param.b64 %rd0, [out];
    mov.u32 %r0, %tid.x;
    shl.b32 %r1, %r0, 1; add.u32 %r2, %r1, 1; shl.b32 %r2, %r2, 16; or.b32 %r1, %r1, %r2;
    movmatrix.sync.aligned.m8n8.trans.b16 %r3, %r1;
    mul.wide.u32 %rd1, %r0, 4; add.s64 %rd0, %rd0, %rd1; st.global.b32 [%rd0], %r3;
    ret;)");
  launch.buffer(out, "out");
  expect_runs(launch);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint32_t row = 2 * (lane % 4), column = lane / 4;
    EXPECT_EQ(out[lane], (8 * row + column) | (8 * (row + 1) + column) << 16);
  }
}

}  // namespace
}  // namespace attune::emulator
