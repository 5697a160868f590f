// Loading: what is known loads, what is not is refused by name and line.
#include <string>

#include "emulator/ptx/lexer.hpp"
#include "emulator/ptx/parser.hpp"
#include "tests/emulator/machine.hpp"

namespace attune::emulator::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Error refused(const std::string& body) {
  auto program = load(kernel_text(1, body));
  EXPECT_FALSE(program.ok()) << body;
  return program.ok() ? Error(Status::ok, "") : program.error();
}

TEST(PtxLoad, UnknownInstructionsAndModifiersAreNamedWithTheirLine) {
  Error error = refused("\nfrobnicate.u32 %r0, %r1;");
  EXPECT_EQ(error.status(), Status::unsupported);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("frobnicate.u32"), HasSubstr("PTX line 11:")));
  EXPECT_THAT(refused("add.sparkling.u32 %r0, %r1, %r2;").message(),
              AllOf(HasSubstr("sparkling"), HasSubstr("PTX line 10:")));
  EXPECT_THAT(refused("mma.sync.aligned.m16n8k4711.row.col.f32.f16.f16.f32 {%f0,%f1,%f2,%f3}, {%r0,%r1,%r2,%r3}, {%r4,%r5}, "
                      "{%f0,%f1,%f2,%f3};")
                  .message(),
              HasSubstr("m16n8k4711"));
  EXPECT_THAT(refused("mov.u32 %r0, %no_such_register;").message(), HasSubstr("%no_such_register"));
  EXPECT_THAT(refused("cvt.rn.f32.e9m9x2 %f0, %h0;").message(), HasSubstr("cvt.rn.f32.e9m9x2"));
}

TEST(PtxLoad, MalformedTextIsAnInvalidArgument) {
  for (const char* body :
       {"add.u32 %r0, %r1;", "bra NOWHERE;", "add.u32 %r0, %r1, %r2", "@%r1 mov.u32 %r0, 1;", "{ .reg .b32 %x;",
        "mov.b64 %l0, %r1;", "L: L: ret;", "ld.global.v4.u32 {%r0, %r1}, [%q0];", "mov.u32 %r0, 0q12;"}) {
    EXPECT_EQ(refused(body).status(), Status::invalid_argument) << body;
  }
  EXPECT_FALSE(load("").ok());
  EXPECT_FALSE(load("int main() { return 0; }").ok());
}

TEST(PtxLoad, EveryPrefixOfAProgramIsAnErrorAndNoCrash) {
  const std::string text =
      kernel_text(1,
                  "{ .reg .pred %x<2>; mov.b64 {%r1, %r2}, %q0; @%x0 bra L; ld.global.v2.f32 {%f0, %f1}, "
                  "[%q0+16]; L: shfl.sync.idx.b32 %r3|%x1, %r1, 0, 31, -1; }");
  for (size_t length = 0; length + 3 < text.size(); ++length) {
    const auto program = load(text.substr(0, length));
    if (program.ok()) {
      EXPECT_TRUE(kernels(**program).empty()) << length;
    }
  }
  ASSERT_NE(load_or_fail(text), nullptr);
}

TEST(PtxLoad, ScopesHideNames) {
  const std::string body = R"(
    mov.u32 %r0, 1;
    { .reg .b32 %x; mov.u32 %x, 10; { .reg .b32 %x; mov.u32 %x, 100; add.u32 %r0, %r0, %x; bra L; L: } add.u32 %r0, %r0, %x; }
    { .reg .b32 %x; mov.u32 %x, 1000; add.u32 %r0, %r0, %x; bra L; mov.u32 %r0, 0; L: }
    st.global.u32 [%q0], %r0;
  )";
  std::vector<uint32_t> out(1);
  Launcher launcher(kernel_text(1, body));
  launcher.buffer(out, "out").threads(1).ok();
  EXPECT_EQ(out[0], 1111u);
}

TEST(PtxLoad, DebugDirectivesCommentsAndLiterals) {
  const std::string body = R"(
    .loc 1 20 3
    mov.b32 %r0, 0x10U; /* a
    comment over lines */ .loc 1 21 3, function_name $L__info, inlined_at 1 4 1
    .pragma "nounroll";
    mov.f32 %f0, 0f3FC00000; mov.f64 %e0, 0d4000000000000000; mov.f32 %f1, 2.5; add.f32 %f0, %f0, %f1;
    cvt.rn.f32.f64 %f2, %e0; add.f32 %f0, %f0, %f2; cvt.rzi.u32.f32 %r1, %f0; add.u32 %r0, %r0, %r1; // 16 + 6
    add.u32 %r0, %r0, 0b101; sub.u32 %r0, %r0, -010;
    add.u32 %r0, %r0, WARP_SZ;
    st.global.u32 [%q0], %r0;
  )";
  std::vector<uint32_t> out(1);
  Launcher launcher(kernel_text(1, body, "sm_80", ".file 1 \"a.cu\"\n.section .debug_str { $L__info: .b8 95 .b8 0 }\n"));
  launcher.buffer(out, "out").threads(1).ok();
  EXPECT_EQ(out[0], 16u + 6 + 5 + 8 + 32);
}

TEST(PtxLoad, FactsOfAKernel) {
  const auto program = load_or_fail(module_text("sm_120a, debug", R"(
.extern .shared .align 1024 .b8 dynamic[];
.shared .align 16 .b8 unused[512];
.visible .entry second(.param .u32 a, .param .align 64 .b8 map[128], .param .u8 c)
.reqntid 128, 2, 1
.minnctapersm 2
{ .shared .align 8 .b8 used[40]; .reg .b32 %r<2>; mov.u32 %r0, used; mov.u32 %r1, dynamic; ret; }
)"));
  ASSERT_NE(program, nullptr);
  EXPECT_EQ(target(*program), "sm_120a");
  const auto list = kernels(*program);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].entry, "second");
  EXPECT_EQ(list[0].static_shared_bytes, 40);
  EXPECT_EQ(list[0].required_block, (std::array<uint32_t, 3>{128, 2, 1}));
  ASSERT_EQ(list[0].parameters.size(), 3u);
  EXPECT_EQ(list[0].parameters[1].offset_bytes, 64);
  EXPECT_EQ(list[0].parameters[2].offset_bytes, 192);
  EXPECT_EQ(list[0].parameter_bytes, 193);
}

TEST(PtxLoad, CallsOfFunctionsWithoutABodyAreRefused) {
  const auto program = load(module_text(
      "sm_80", ".extern .func vprintf(.param .b64 a);\n.visible .entry k() { { .param .b64 a; call vprintf, (a); } ret; }"));
  ASSERT_FALSE(program.ok());
  EXPECT_THAT(program.error().message(), HasSubstr("vprintf"));
}

}  // namespace
}  // namespace attune::emulator::test
