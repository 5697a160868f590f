// NVRTC: where it is looked for, what is refused, what a compile brings back. The libraries are fakes of several versions;
// the real one is met in gpu_compiler_test.cpp.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/cuda/gpu_compiler.hpp"
#include "runtime/cuda/nvrtc_search.hpp"
#include "runtime/cuda/ptxas_log.hpp"
#include "tests/common/temporary_directory.hpp"

namespace attune::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* fake_11 = ATTUNE_FAKE_NVRTC_11;
constexpr const char* fake_12 = ATTUNE_FAKE_NVRTC_12;
constexpr const char* fake_13 = ATTUNE_FAKE_NVRTC_13;

// A folder with a library in it, as a wheel or a toolkit would leave it.
fs::path install(const fs::path& folder, const char* library, const char* name) {
  fs::create_directories(folder);
  fs::create_symlink(library, folder / name);
  return folder;
}

const LibraryProbe* used(const NvrtcSearch& search) {
  for (const LibraryProbe& probe : search.probes) {
    if (probe.used) return &probe;
  }
  return nullptr;
}

TEST(NvrtcSearch, OrderOfTheFolders) {
  const test::TemporaryDirectory directory;
  const fs::path root = directory.path();
  fs::create_directories(root / "venv/lib/python3.11/site-packages");
  fs::create_directories(root / "python/lib/python3.12/site-packages");
  fs::create_directories(root / "python/bin");
  std::ofstream(root / "python/bin/python3") << "";
  fs::create_directories(root / "home/.local/lib/python3.9/site-packages");
  LibraryPlaces places;
  places.virtual_env = root / "venv";
  places.path = (root / "nothing").string() + ":" + (root / "python/bin").string();
  places.home = root / "home";
  places.conda_prefix = root / "conda";
  places.cuda_home = root / "cuda";
  std::vector<std::string> folders;
  for (const NvrtcFolder& folder : nvrtc_folders(places)) {
    if (folder.place != "toolkit") folders.push_back(fs::relative(folder.folder, root));
  }
  EXPECT_THAT(
      folders,
      ElementsAre(
          "venv/lib/python3.11/site-packages/nvidia/cu13/lib", "venv/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib",
          "venv/lib/python3.11/site-packages/nvidia/cu12/lib", "python/lib/python3.12/site-packages/nvidia/cu13/lib",
          "python/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib", "python/lib/python3.12/site-packages/nvidia/cu12/lib",
          "home/.local/lib/python3.9/site-packages/nvidia/cu13/lib",
          "home/.local/lib/python3.9/site-packages/nvidia/cuda_nvrtc/lib",
          "home/.local/lib/python3.9/site-packages/nvidia/cu12/lib", "conda/lib", "cuda/lib64", "cuda/lib"));
}

TEST(NvrtcSearch, AWheelIsFoundAndEveryPlaceBeforeItIsTold) {
  const test::TemporaryDirectory directory;
  LibraryPlaces places;
  places.virtual_env = directory.path();
  const fs::path site = directory.path() / "lib/python3.11/site-packages";
  install(site / "nvidia/cuda_nvrtc/lib", fake_12, "libnvrtc.so.12");
  const NvrtcSearch search = find_nvrtc("", places);
  ASSERT_NE(search.library, nullptr);
  EXPECT_EQ(search.library->major(), 12);
  EXPECT_EQ(search.library->version(), "12.3");
  EXPECT_THAT(search.library->archs(), ElementsAre(80, 89, 90));
  ASSERT_NE(used(search), nullptr);
  EXPECT_EQ(used(search)->place, "pip wheel (VIRTUAL_ENV)");
  EXPECT_EQ(used(search)->outcome, "NVRTC 12.3");
  EXPECT_EQ(search.probes.front().place, "the process");
  const LibraryProbe& before = search.probes[search.probes.size() - 2];
  EXPECT_EQ(before.path, site / "nvidia/cu13/lib");
  EXPECT_EQ(before.outcome, "no such folder");
}

TEST(NvrtcSearch, TheNewerMajorOfAFolderUnlessTheDriverIsOlder) {
  const test::TemporaryDirectory directory;
  const fs::path folder = install(directory.path() / "both", fake_12, "libnvrtc.so.12");
  fs::create_symlink(fake_13, folder / "libnvrtc.so.13");
  EXPECT_EQ(find_nvrtc(folder, {}).library->major(), 13);
  EXPECT_EQ(find_nvrtc(folder, {}, 12).library->major(), 12);
  // The plain name hides its major until it is opened.
  const fs::path plain = install(directory.path() / "plain", fake_13, "libnvrtc.so");
  const NvrtcSearch refused = find_nvrtc(plain, {}, 12);
  EXPECT_EQ(refused.library, nullptr);
  EXPECT_THAT(refused.probes.front().outcome, HasSubstr("the driver only knows CUDA 12"));
}

TEST(NvrtcSearch, TheOptionIsObeyedOrRefused) {
  const test::TemporaryDirectory directory;
  EXPECT_EQ(find_nvrtc(fake_12, {}).library->major(), 12);
  EXPECT_EQ(find_nvrtc(install(directory.path() / "lib", fake_12, "libnvrtc.so.12"), {}).library->major(), 12);

  struct Case {
    std::string option, message;
  };
  const std::string none_there = directory.path() / "none.so";
  for (const Case& one : {Case{none_there, none_there}, Case{directory.path(), "no libnvrtc.so in it"},
                          Case{fake_11, "NVRTC 11.3; Attune works with 12.0"}, Case{"none", "switched off"}}) {
    // A place that would serve is not asked: a user who names a compiler wants that one.
    LibraryPlaces places;
    places.virtual_env = directory.path();
    const NvrtcSearch search = find_nvrtc(one.option, places);
    EXPECT_EQ(search.library, nullptr) << one.option;
    EXPECT_EQ(search.probes.size(), 1U);
    EXPECT_EQ(search.missing().status(), Status::no_compiler);
    EXPECT_THAT(search.missing().message(), HasSubstr(one.message));
    EXPECT_THAT(search.missing().message(), HasSubstr("ATTUNE_NVRTC"));
  }
}

TEST(NvrtcSearch, EveryMinorOfTheOldestMajorServes) {
  const NvrtcSearch search = find_nvrtc(ATTUNE_FAKE_NVRTC_12_0, {});
  ASSERT_NE(search.library, nullptr) << search.missing().message();
  EXPECT_EQ(search.library->version(), "12.0");
}

TEST(NvrtcSearch, WhatTheProcessHasIsTakenFirst) {
  // In a process of its own, since a library stays loaded.
  const auto body = [] {
    const bool absent = !Nvrtc::already_loaded("libnvrtc.so.12").ok();
    const bool loaded = dlopen(ATTUNE_FAKE_NVRTC_NAMED, RTLD_NOW) != nullptr;
    const NvrtcSearch search = find_nvrtc("", {});
    _exit(absent && loaded && used(search) != nullptr && used(search)->place == "the process" ? 0 : 1);
  };
  EXPECT_EXIT(body(), ::testing::ExitedWithCode(0), "");
}

TEST(NvrtcSearch, NothingFoundNamesTheRemedy) {
  NvrtcSearch search;
  search.probes.push_back({"conda", "/c/lib", "no such folder", false});
  EXPECT_THAT(search.missing().message(), HasSubstr("nvidia-cuda-nvrtc"));
  EXPECT_THAT(search.missing().log(), HasSubstr("/c/lib"));
}

TEST(Nvrtc, VariantsOfArchitectures) {
  const auto search = find_nvrtc(fake_12, {});
  for (const char* known : {"sm_80", "sm_89", "sm_90", "sm_90a"}) EXPECT_TRUE(search.library->supports(known)) << known;
  for (const char* unknown : {"sm_80a", "sm_90f", "sm_100a", "sm_9", "90", "sm_", ""}) {
    EXPECT_FALSE(search.library->supports(unknown)) << unknown;
  }
}

Source cuda_source(std::string text) {
  Source source;
  source.kind = SourceKind::cuda_cpp;
  source.text = std::move(text);
  source.entries = {"attend"};
  source.target_cpu = "sm_90a";
  return source;
}

constexpr const char* kernel_text = "extern \"C\" __global__ void attend(int) {}";

TEST(GpuCompiler, FactsAndWarningsOfTheLog) {
  const GpuCompiler compiler("sm_90a", GpuOutput::cubin, find_nvrtc(fake_12, {}));
  EXPECT_TRUE(compiler.can_compile(SourceKind::cuda_cpp).ok());
  const auto binary = compiler.compile(cuda_source(kernel_text));
  ASSERT_TRUE(binary.ok()) << binary.error().message();
  EXPECT_THAT(binary->bytes, HasSubstr(".text.attend"));
  EXPECT_EQ(binary->registers, 64);
  EXPECT_EQ(binary->spill_bytes, 20);
  EXPECT_EQ(binary->stack_bytes, 16);
  EXPECT_EQ(binary->shared_bytes, 2048);
  ASSERT_EQ(binary->warnings.size(), 1U);
  EXPECT_THAT(binary->warnings.front(), HasSubstr("C7510"));
}

TEST(GpuCompiler, OptionsOfEachOutput) {
  const GpuCompiler emulated("sm_90a", GpuOutput::ptx, find_nvrtc(fake_12, {}));
  const auto ptx = emulated.compile(cuda_source(kernel_text));
  ASSERT_TRUE(ptx.ok()) << ptx.error().message();
  EXPECT_THAT(ptx->bytes, HasSubstr("// --gpu-architecture=compute_90a\n"));
  EXPECT_THAT(ptx->bytes, Not(HasSubstr("ptxas")));
  EXPECT_THAT(ptx->bytes, Not(HasSubstr("fast")));
  EXPECT_NE(ptx->bytes.back(), '\0');
  const auto usage = emulated.resource_usage(cuda_source(kernel_text));
  ASSERT_TRUE(usage.ok());
  EXPECT_EQ(usage->registers, 64);

  const GpuCompiler real("sm_90a", GpuOutput::cubin, find_nvrtc(fake_12, {}));
  EXPECT_THAT(*real.optimised(cuda_source(kernel_text)), HasSubstr(".entry attend("));
  EXPECT_EQ(real.assembly(cuda_source(kernel_text)).error().status(), Status::unsupported);
  EXPECT_NE(real.identity(SourceKind::cuda_cpp), emulated.identity(SourceKind::cuda_cpp));
  EXPECT_THAT(real.identity(SourceKind::cuda_cpp), HasSubstr("nvrtc 12.3"));
}

TEST(GpuCompiler, EveryFailureIsAStatusWithANextStep) {
  const GpuCompiler compiler("sm_90a", GpuOutput::cubin, find_nvrtc(fake_12, {}));
  struct Case {
    std::string text;
    Status status;
    std::string message, log;
  };
  for (const Case& one :
       {Case{"#error no such thing", Status::compile_failed, "attune emit", "no such thing"},
        Case{"#broken", Status::no_compiler, "libnvrtc-builtins", ""},
        Case{"#no memory", Status::out_of_memory, "free memory", ""},
        Case{"extern \"C\" __global__ void other(int) {}", Status::compile_failed, "'attend'", "entry function 'other'"}}) {
    const auto binary = compiler.compile(cuda_source(one.text));
    ASSERT_FALSE(binary.ok()) << one.text;
    EXPECT_EQ(binary.error().status(), one.status) << one.text;
    EXPECT_THAT(binary.error().message(), HasSubstr(one.message));
    EXPECT_THAT(binary.error().log(), HasSubstr(one.log));
  }
  const GpuCompiler newer("sm_120a", GpuOutput::cubin, find_nvrtc(fake_12, {}));
  EXPECT_EQ(newer.can_compile(SourceKind::cuda_cpp).error().status(), Status::compiler_too_old);
  EXPECT_THAT(newer.can_compile(SourceKind::cuda_cpp).error().message(), HasSubstr("sm_80, sm_89, sm_90"));
  const GpuCompiler without("sm_90a", GpuOutput::cubin, find_nvrtc("none", {}));
  EXPECT_EQ(without.can_compile(SourceKind::cuda_cpp).error().status(), Status::no_compiler);
  EXPECT_EQ(without.compile(cuda_source(kernel_text)).error().status(), Status::no_compiler);
}

TEST(PtxasLog, TheLargestOfSeveralFunctions) {
  const PtxasFacts facts = parse_ptxas_log(
      "kernel.cu(11): warning #177-D: variable \"unused\" was declared but never referenced\n"
      "Remark: The warnings can be suppressed with \"-diag-suppress <warning-number>\"\n"
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'k2' for 'sm_90a'\n"
      "ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 10 registers, used 0 barriers\n"
      "ptxas info    : Compiling entry function 'k1' for 'sm_90a'\n"
      "ptxas         .     256 bytes stack frame, 40 bytes spill stores, 44 bytes spill loads\n"
      "ptxas info    : Used 168 registers, used 1 barriers, 272 bytes cumulative stack size, 1024 bytes smem\n"
      "ptxas warning : something odd");
  EXPECT_THAT(facts.entries, ElementsAre("k2", "k1"));
  EXPECT_EQ(facts.registers, 168);
  EXPECT_EQ(facts.spill_bytes, 84);
  EXPECT_EQ(facts.stack_bytes, 272);
  EXPECT_EQ(facts.shared_bytes, 1024);
  EXPECT_THAT(facts.warnings, ElementsAre(HasSubstr("#177-D"), HasSubstr("something odd")));
  EXPECT_EQ(parse_ptxas_log("").registers, 0);
}

}  // namespace
}  // namespace attune::runtime
