// Well-formed inputs of every target.
#include <unistd.h>

#include <filesystem>

#include "cache/record_store.hpp"
#include "cli/files/npy.hpp"
#include "cli/files/safetensors.hpp"
#include "common/files.hpp"
#include "generator/problem.hpp"
#include "tests/fuzz/entries.hpp"

namespace attune::fuzz {
namespace {

std::vector<std::string> npy_seeds() {
  std::vector<std::string> seeds;
  for (const DType dtype : {DType::f32, DType::f16, DType::boolean, DType::i64}) {
    const auto array = cli::Array::allocate(dtype, {1, 2, 3});
    seeds.push_back(*cli::npy_bytes(*array));
  }
  std::string version_2 = seeds.front();
  version_2[6] = 2;
  version_2.insert(10, 2, '\0');
  seeds.push_back(version_2);
  return seeds;
}

std::vector<std::string> safetensors_seeds() {
  const auto q = cli::Array::allocate(DType::bf16, {1, 2, 3});
  const auto k = cli::Array::allocate(DType::f32, {4});
  return {cli::safetensors_bytes({{"q", &*q}}), cli::safetensors_bytes({{"k", &*k}, {"q", &*q}}),
          cli::safetensors_bytes({})};
}

std::vector<std::string> record_seeds() {
  const auto store = cache::RecordStore::open({});
  cache::Record record;
  record.key = {"forward_cpu", 1, "{}", "q1 kv1 bh1", "device"};
  record.problem = to_json(Problem{});
  record.config = R"({"block_m":64})";
  record.status = "ok";
  record.validated = true;
  record.statistics = {5, 1.0, 1.5, 0.1, 2.0};
  record.cache_regime = "hot";
  record.measured_unix_ms = 1;
  (void)store->add(record);
  record.status = "timed_out";
  record.status_detail = "no answer";
  record.config = R"({"block_m":128})";
  (void)store->add(record);
  const auto path = std::filesystem::temp_directory_path() / ("attune-fuzz-seed-" + std::to_string(::getpid()) + ".jsonl");
  if (!store->export_to(path)) return {};
  const auto text = read_file(path);
  std::filesystem::remove(path);
  return {*text};
}

std::vector<std::string> shape_seeds() {
  return {"B1 H32/8 S2048x2048 D128 bf16 causal(bottom_right) window(127,-1)",
          "(1,32/8,2048,128,causal)\nvit-b  # comment\n",
          "B2 H8/2 S16x48 D64/32 fp16 bshd scale(-0.5) softcap=30 sinks alibi mask(fp32 1x8x1x40) kv_lengths lse",
          "B3 H1 S10 D8 varlen(20,25)",
          "B2 H4/2 S1x300 D64 kv_lengths paged(16,64) quantization(int8)",
          "H4/2 S100 D64 padded_lists(32x64 full+partial 1x2 max 3)",
          "H4/2 S100 D64 csr_lists(32x64 partial 1x4)",
          to_json(Problem{})};
}

std::vector<std::string> ptx_seeds() {
  return {R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry sum(.param .u64 out, .param .align 8 .b8 more[16])
.maxntid 32, 1, 1
{
  .reg .pred %p<2>;
  .reg .b32 %r<8>;
  .reg .f32 %f<4>;
  .reg .b64 %rd<4>;
  .shared .align 16 .b8 tile[256];
  mov.u32 %r1, %tid.x;
  cvt.rn.f32.u32 %f1, %r1;
  mul.wide.u32 %rd1, %r1, 4;
  mov.u64 %rd2, tile;
  add.s64 %rd2, %rd2, %rd1;
  st.shared.f32 [%rd2], %f1;
  bar.sync 0;
  setp.lt.u32 %p1, %r1, 16;
  @%p1 bra LESS;
  fma.rn.f32 %f1, %f1, %f1, 0f3F800000;
LESS:
  shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;
  ld.param.u64 %rd3, [out];
  red.shared.add.u32 [tile], 1;
  ret;
}
)",
          R"(.version 8.0
.target sm_90a
.address_size 64
.visible .entry copy()
{
  .reg .b32 %r<8>;
  .shared .align 16 .b8 tile[1024];
  mov.u32 %r1, tile;
  cp.async.commit_group;
  cp.async.wait_group 0;
  ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r2, %r3, %r4, %r5}, [%r1];
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%r2, %r3, %r4, %r5}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%r2, %r3, %r4, %r5};
  ret;
}
)"};
}

}  // namespace

std::vector<Target> targets() {
  return {{"npy", npy, npy_seeds()},
          {"safetensors", safetensors, safetensors_seeds()},
          {"records_import", records_import, record_seeds()},
          {"shapes", shapes, shape_seeds()},
          {"ptx", ptx, ptx_seeds()}};
}

}  // namespace attune::fuzz
