// The real compilers of GPU kernels: NVRTC, as setup.sh or the machine provides it, and LLVM's NVPTX.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "generator/family.hpp"
#include "runtime/context.hpp"
#include "runtime/cuda/gpu_compiler.hpp"
#include "runtime/gpu_parts.hpp"
#ifdef ATTUNE_LLVM
#include "runtime/nvptx_compiler.hpp"
#endif

namespace attune::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

NvrtcSearch real_nvrtc() {
  const auto options = options_from_environment();
  EXPECT_TRUE(options.ok());
  NvrtcSearch search = find_nvrtc(options->device.nvrtc, options->device.places);
  EXPECT_NE(search.library, nullptr) << search.missing().message() << '\n' << search.missing().log();
  return search;
}

// Without a header: types come from the compiler. The array is indexed at run time, and so lives on the stack.
constexpr const char* kernel_text = R"(
struct Arguments { const float* in; float* out; int count; };
extern "C" __global__ void __launch_bounds__(128) stacked(const __grid_constant__ Arguments arguments) {
  __shared__ float tile[256];
  float values[64];
  for (int i = 0; i < 64; ++i) values[i] = arguments.in[i * threadIdx.x];
  for (int i = 0; i < arguments.count; ++i) values[(i * 7) % 64] += values[i % 64];
  float sum = 0;
  for (int i = 0; i < 64; ++i) sum += values[i];
  tile[threadIdx.x] = sum;
  __syncthreads();
  arguments.out[threadIdx.x] = tile[127 - threadIdx.x];
}
)";

Source cuda_source(std::string text, std::string entry, std::string arch) {
  Source source;
  source.kind = SourceKind::cuda_cpp;
  source.text = std::move(text);
  source.entries = {std::move(entry)};
  source.target_cpu = std::move(arch);
  return source;
}

TEST(RealNvrtc, EveryArchitectureThatCanBeEmulatedAndIsKnown) {
  const NvrtcSearch search = real_nvrtc();
  ASSERT_NE(search.library, nullptr);
  int known = 0;
  for (const GpuPart& part : gpu_parts()) {
    const std::string arch(part.arch);
    const GpuCompiler cubins(arch, GpuOutput::cubin, search), texts(arch, GpuOutput::ptx, search);
    if (!search.library->supports(arch)) {
      EXPECT_EQ(cubins.can_compile(SourceKind::cuda_cpp).error().status(), Status::compiler_too_old) << arch;
      continue;
    }
    ++known;
    const auto cubin = cubins.compile(cuda_source(kernel_text, "stacked", arch));
    ASSERT_TRUE(cubin.ok()) << arch << cubin.error().message() << cubin.error().log();
    EXPECT_EQ(cubin->bytes.substr(1, 3), "ELF") << arch;
    EXPECT_GT(cubin->registers, 0) << arch;
    EXPECT_EQ(cubin->shared_bytes - cubin->shared_bytes % 1024, 1024) << arch;
    EXPECT_GE(cubin->stack_bytes, 256) << arch;
    const auto ptx = texts.compile(cuda_source(kernel_text, "stacked", arch));
    ASSERT_TRUE(ptx.ok()) << arch;
    EXPECT_THAT(ptx->bytes, HasSubstr(".target " + arch)) << arch;
    EXPECT_EQ(ptx->registers, 0) << "PTX has none";
    EXPECT_EQ(texts.resource_usage(cuda_source(kernel_text, "stacked", arch))->registers, cubin->registers) << arch;
  }
  EXPECT_GE(known, 4) << "NVRTC 12.0 knows sm_80 to sm_90";
}

TEST(RealNvrtc, SpillsAreCounted) {
  const GpuCompiler compiler("sm_80", GpuOutput::cubin, real_nvrtc());
  // Two CTAs of 1024 threads leave 32 registers to each, and 96 values are alive at the barrier.
  std::string text =
      "struct Arguments { const float* in; float* out; };\n"
      "extern \"C\" __global__ void __launch_bounds__(1024, 2) spilling(const Arguments arguments) {\n"
      "  float values[96];\n#pragma unroll\n"
      "  for (int i = 0; i < 96; ++i) values[i] = arguments.in[i * 1024 + threadIdx.x];\n"
      "  __syncthreads();\n#pragma unroll\n"
      "  for (int i = 0; i < 96; ++i) arguments.out[i * 1024 + threadIdx.x] = values[95 - i] * values[i];\n}\n";
  const auto binary = compiler.compile(cuda_source(text, "spilling", "sm_80"));
  ASSERT_TRUE(binary.ok()) << binary.error().log();
  EXPECT_GT(binary->spill_bytes, 0) << binary->log;
  EXPECT_LE(binary->registers, 32);
}

TEST(RealNvrtc, ErrorsCarryTheCompilersWords) {
  const GpuCompiler compiler("sm_80", GpuOutput::ptx, real_nvrtc());
  const auto wrong = compiler.compile(cuda_source("extern \"C\" __global__ void k() { undeclared(); }", "k", "sm_80"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().status(), Status::compile_failed);
  EXPECT_THAT(wrong.error().log(), HasSubstr("undeclared"));
  const auto absent = compiler.compile(cuda_source("extern \"C\" __global__ void k() {}", "other", "sm_80"));
  EXPECT_EQ(absent.error().status(), Status::compile_failed);
  EXPECT_THAT(absent.error().message(), HasSubstr("'other'"));
}

// What the text has for compilers that lack a builtin, read by the one at hand: the same kernel comes out. (The wheels of
// 12.0, 12.1 and 12.2 themselves were tried by hand.)
TEST(RealNvrtc, TheTextForNvrtc12Point0IsTheSameKernel) {
  const GpuPart& part = **find_gpu_part("sm_80");
  const DeviceClass device = emulated_device_class(part);
  Problem problem;
  problem.seqlen_q = problem.seqlen_kv = 256;
  problem.dtype = DType::f16;
  problem.sinks = problem.want_lse = problem.causal = true;
  problem.mask.kind = MaskKind::boolean;
  problem.mask.seqlen_kv = 256;
  const Family* family = find_family("forward_mma");
  const Spec spec = family->spec(problem, device);
  const auto source = family->emit(spec, family->heuristic(spec, problem, device));
  ASSERT_TRUE(source.ok()) << source.error().message();
  Source older = *source;
  older.text =
      "#undef __CUDACC_VER_MAJOR__\n#undef __CUDACC_VER_MINOR__\n"
      "#define __CUDACC_VER_MAJOR__ 12\n#define __CUDACC_VER_MINOR__ 0\n"
      "#define __builtin_bit_cast not_in_12_0\n" +
      older.text;
  ASSERT_NE(older.text.find("__CUDACC_VER_MINOR__ < 3"), std::string::npos) << "this test looks at nothing";
  const GpuCompiler compiler("sm_80", GpuOutput::ptx, real_nvrtc());
  const auto now = compiler.compile(*source), then = compiler.compile(older);
  ASSERT_TRUE(now.ok()) << now.error().log();
  ASSERT_TRUE(then.ok()) << then.error().log();
  EXPECT_EQ(now->bytes, then->bytes);
}

TEST(RealNvrtc, SeveralThreadsCompileAtOnceToTheSameBytes) {
  const GpuCompiler compiler("sm_80", GpuOutput::cubin, real_nvrtc());
  std::array<std::string, 4> bytes;
  {
    std::vector<std::jthread> threads;
    for (std::string& result : bytes) {
      threads.emplace_back([&] {
        for (int round = 0; round < 3; ++round) {
          const auto binary = compiler.compile(cuda_source(kernel_text, "stacked", "sm_80"));
          result = binary.ok() ? binary->bytes : binary.error().message();
        }
      });
    }
  }
  for (const std::string& result : bytes) EXPECT_EQ(result, bytes[0]);
  EXPECT_EQ(bytes[0].substr(1, 3), "ELF");
}

#ifdef ATTUNE_LLVM

constexpr const char* kernel_ir = R"(
target triple = "nvptx64-nvidia-cuda"
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
define ptx_kernel void @doubled(ptr addrspace(1) %data) {
  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %address = getelementptr float, ptr addrspace(1) %data, i32 %thread
  %value = load float, ptr addrspace(1) %address
  %twice = fadd float %value, %value
  store float %twice, ptr addrspace(1) %address
  ret void
}
)";

Source llvm_source(std::string text, std::string entry) {
  Source source;
  source.kind = SourceKind::llvm_ir;
  source.text = std::move(text);
  source.entries = {std::move(entry)};
  return source;
}

TEST(Nvptx, TheNewestProcessorThatIsKnownAndNotNewer) {
  for (const auto& [arch, cpu, features] :
       {std::tuple{"sm_75", "sm_75", "+ptx63"}, std::tuple{"sm_80", "sm_80", "+ptx70"},
        std::tuple{"sm_86", "sm_86", "+ptx71"}, std::tuple{"sm_88", "sm_87", "+ptx74"},
        std::tuple{"sm_90a", "sm_90", "+ptx78"}, std::tuple{"sm_100a", "sm_90", "+ptx78"},
        std::tuple{"sm_121a", "sm_90", "+ptx78"}}) {
    const auto target = nvptx_target(arch);
    ASSERT_TRUE(target.ok()) << arch;
    EXPECT_EQ(target->cpu, cpu) << arch;
    EXPECT_EQ(target->features, features) << arch;
  }
  for (const char* arch : {"sm_61", "avx2", ""}) EXPECT_EQ(nvptx_target(arch).error().status(), Status::unsupported) << arch;
}

TEST(Nvptx, PtxForEveryPart) {
  for (const GpuPart& part : gpu_parts()) {
    const std::string arch(part.arch);
    const GpuCompiler compiler(arch, GpuOutput::cubin, find_nvrtc("none", {}));
    EXPECT_TRUE(compiler.can_compile(SourceKind::llvm_ir).ok()) << "needs no NVRTC";
    const auto binary = compiler.compile(llvm_source(kernel_ir, "doubled"));
    ASSERT_TRUE(binary.ok()) << binary.error().message() << binary.error().log();
    EXPECT_THAT(binary->bytes, HasSubstr(".target " + nvptx_target(arch)->cpu));
    EXPECT_THAT(binary->bytes, HasSubstr(".visible .entry doubled("));
  }
  const GpuCompiler compiler("sm_80", GpuOutput::cubin, find_nvrtc("none", {}));
  EXPECT_THAT(*compiler.optimised(llvm_source(kernel_ir, "doubled")), HasSubstr("define"));
  EXPECT_THAT(*compiler.assembly(llvm_source(kernel_ir, "doubled")), HasSubstr(".entry doubled("));
  EXPECT_THAT(compiler.identity(SourceKind::llvm_ir), HasSubstr("sm_80 +ptx70"));
  EXPECT_EQ(compiler.resource_usage(llvm_source(kernel_ir, "doubled")).error().status(), Status::unsupported);
}

TEST(Nvptx, WhatLlvmRefuses) {
  const GpuCompiler compiler("sm_80", GpuOutput::ptx, find_nvrtc("none", {}));
  const auto host =
      compiler.compile(llvm_source("target triple = \"x86_64-linux-gnu\"\ndefine void @k() { ret void }", "k"));
  EXPECT_EQ(host.error().status(), Status::compile_failed);
  EXPECT_THAT(host.error().message(), HasSubstr("nvptx64"));
  const auto plain = compiler.compile(llvm_source("define void @k() { ret void }", "k"));
  EXPECT_EQ(plain.error().status(), Status::compile_failed);
  EXPECT_THAT(plain.error().message(), HasSubstr("not as a kernel"));
  const auto absent = compiler.compile(llvm_source(kernel_ir, "other"));
  EXPECT_THAT(absent.error().message(), HasSubstr("'other'"));
}

#endif

}  // namespace
}  // namespace attune::runtime
