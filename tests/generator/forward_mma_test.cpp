// forward_mma without a device: its argument block, its space, its heuristic, and what it emits.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <random>
#include <set>
#include <string_view>
#include <utility>

#include "generator/cuda/arch.hpp"
#include "generator/cuda/compose.hpp"
#include "generator/cuda/templates.hpp"
#include "generator/families/forward_mma/forward_mma.hpp"
#include "generator/families/forward_mma/tiles.hpp"
#include "generator/families/gpu_arguments.hpp"
#include "generator/families/quantized_arguments.hpp"

// The struct that kernels declare, as the host's compiler sees it.
#define __host__
#define __device__
namespace device_side {
#include "templates/quantized_arguments.cuh"
}
#undef __host__
#undef __device__

namespace attune::forward_mma {
namespace {

#define EXPECT_SAME_PLACE(field)                                                               \
  EXPECT_EQ(offsetof(GpuArguments, field), offsetof(device_side::Arguments, field)) << #field; \
  EXPECT_EQ(sizeof(GpuArguments::field), sizeof(device_side::Arguments::field)) << #field

// The launches of a quantized plan take the same block and more behind it.
TEST(GpuArguments, HostAndDeviceAgreeOnTheBuffersOfCodes) {
  using device_side::KernelArguments;
  EXPECT_EQ(sizeof(QuantizedArguments), sizeof(KernelArguments));
  EXPECT_LE(sizeof(QuantizedArguments), ArgumentBlock::capacity_bytes);
  QuantizedArguments host;
  KernelArguments device = {};
  const auto place = [](const auto& whole, const auto& field) {
    return std::pair(reinterpret_cast<const char*>(&field) - reinterpret_cast<const char*>(&whole), sizeof field);
  };
  EXPECT_EQ(place(host, host.attention.q).first, 0);
#define EXPECT_SAME(field) EXPECT_EQ(place(host, host.field), place(device, device.field)) << #field
  EXPECT_SAME(q_codes);
  EXPECT_SAME(q_scales);
  EXPECT_SAME(q_constants);
  EXPECT_SAME(q_sink_scores);
  EXPECT_SAME(q_means);
  EXPECT_SAME(delta_s);
  EXPECT_SAME(k_codes);
  EXPECT_SAME(k_scales);
  EXPECT_SAME(k_means);
  EXPECT_SAME(sink_keys);
  EXPECT_SAME(v_codes);
  EXPECT_SAME(v_scales);
  EXPECT_SAME(v_means);
  EXPECT_SAME(k_poison);
  EXPECT_SAME(v_poison);
  EXPECT_SAME(poison);
  EXPECT_SAME(statistics);
  EXPECT_SAME(q_rows);
  EXPECT_SAME(kv_rows);
  EXPECT_SAME(q_groups);
  EXPECT_SAME(k_groups);
  EXPECT_SAME(delta_stride);
  EXPECT_SAME(chunks);
  EXPECT_SAME(chunk_keys);
#undef EXPECT_SAME
}

TEST(GpuArguments, HostAndDeviceAgreeOnEveryField) {
  EXPECT_EQ(sizeof(GpuArguments), sizeof(device_side::Arguments));
  EXPECT_SAME_PLACE(q);
  EXPECT_SAME_PLACE(k);
  EXPECT_SAME_PLACE(v);
  EXPECT_SAME_PLACE(o);
  EXPECT_SAME_PLACE(lse);
  EXPECT_SAME_PLACE(mask);
  EXPECT_SAME_PLACE(sinks);
  EXPECT_SAME_PLACE(alibi_slopes);
  EXPECT_SAME_PLACE(cu_seqlens_q);
  EXPECT_SAME_PLACE(cu_seqlens_kv);
  EXPECT_SAME_PLACE(kv_lengths);
  EXPECT_SAME_PLACE(page_table);
  EXPECT_SAME_PLACE(full_counts);
  EXPECT_SAME_PLACE(full_indices);
  EXPECT_SAME_PLACE(partial_counts);
  EXPECT_SAME_PLACE(partial_indices);
  EXPECT_SAME_PLACE(full_row_ptr);
  EXPECT_SAME_PLACE(partial_row_ptr);
  EXPECT_SAME_PLACE(partials);
  EXPECT_SAME_PLACE(q_stride_batch);
  EXPECT_SAME_PLACE(q_stride_head);
  EXPECT_SAME_PLACE(q_stride_seq);
  EXPECT_SAME_PLACE(k_stride_batch);
  EXPECT_SAME_PLACE(k_stride_head);
  EXPECT_SAME_PLACE(k_stride_seq);
  EXPECT_SAME_PLACE(v_stride_batch);
  EXPECT_SAME_PLACE(v_stride_head);
  EXPECT_SAME_PLACE(v_stride_seq);
  EXPECT_SAME_PLACE(o_stride_batch);
  EXPECT_SAME_PLACE(o_stride_head);
  EXPECT_SAME_PLACE(o_stride_seq);
  EXPECT_SAME_PLACE(lse_stride_batch);
  EXPECT_SAME_PLACE(lse_stride_head);
  EXPECT_SAME_PLACE(mask_stride_batch);
  EXPECT_SAME_PLACE(mask_stride_head);
  EXPECT_SAME_PLACE(mask_stride_q);
  EXPECT_SAME_PLACE(alibi_stride_batch);
  EXPECT_SAME_PLACE(page_table_stride);
  EXPECT_SAME_PLACE(list_max_blocks);
  EXPECT_SAME_PLACE(list_stride_batch);
  EXPECT_SAME_PLACE(list_stride_head);
  EXPECT_SAME_PLACE(batch);
  EXPECT_SAME_PLACE(heads_q);
  EXPECT_SAME_PLACE(heads_kv);
  EXPECT_SAME_PLACE(seqlen_q);
  EXPECT_SAME_PLACE(seqlen_kv);
  EXPECT_SAME_PLACE(row_blocks);
  EXPECT_SAME_PLACE(splits);
  EXPECT_SAME_PLACE(window_left);
  EXPECT_SAME_PLACE(window_right);
  EXPECT_SAME_PLACE(mask_seqlen_kv);
  EXPECT_SAME_PLACE(list_block_q);
  EXPECT_SAME_PLACE(list_block_kv);
  EXPECT_SAME_PLACE(list_q_blocks);
  EXPECT_SAME_PLACE(list_head_divisor);
  EXPECT_SAME_PLACE(list_sub_blocks);
  EXPECT_SAME_PLACE(aligned_q);
  EXPECT_SAME_PLACE(aligned_k);
  EXPECT_SAME_PLACE(aligned_v);
  EXPECT_SAME_PLACE(aligned_o);
  EXPECT_SAME_PLACE(scale);
  EXPECT_SAME_PLACE(scale_log2);
  EXPECT_SAME_PLACE(softcap);
}

DeviceClass device(std::string_view arch) {
  DeviceClass device;
  device.kind = "cuda";
  device.arch = arch;
  device.compute_units = 108;
  return device;
}

Problem problem(int64_t head_dim_qk, int64_t head_dim_v, int64_t seqlen_q, int64_t seqlen_kv) {
  Problem p;
  p.batch = 2;
  p.heads_q = 8;
  p.heads_kv = 2;
  p.seqlen_q = seqlen_q;
  p.seqlen_kv = seqlen_kv;
  p.head_dim_qk = head_dim_qk;
  p.head_dim_v = head_dim_v;
  p.dtype = DType::bf16;
  return p;
}

TEST(ForwardMma, EveryConstraintParses) {
  const ForwardMma family;
  const Problem p = problem(128, 128, 1024, 1024);
  EXPECT_EQ(family.space(family.spec(p, device("sm_80")), p, device("sm_80")).constraints().size(), 25U);
}

TEST(ForwardMma, HeuristicsAreInTheirSpaceOnEveryArchForEveryHeadDim) {
  const ForwardMma family;
  for (const cuda::Arch& arch : cuda::archs()) {
    for (int64_t d = 8; d <= 512; d += 8) {
      for (const int64_t rows : {1, 3, 60, 300, 4096}) {
        for (const int64_t keys : {0, 1, 63, 5000}) {
          Problem p = problem(d, d == 512 ? 512 : (d * 7 / 3 % 512 / 8 + 1) * 8, rows, keys);
          p.causal = rows % 2 == 1;
          if (rows == 300) p.sparsity = {SparsityKind::padded_lists, 32, 48, true, false, 1, 1, 4};
          const Spec spec = family.spec(p, device(arch.name));
          const Config config = family.heuristic(spec, p, device(arch.name));
          const auto violation = family.space(spec, p, device(arch.name)).violation(config);
          ASSERT_FALSE(violation) << arch.name << " " << to_text(p) << ": " << config.to_text() << ": " << *violation;
        }
      }
    }
  }
}

TEST(ForwardMma, QuantizedHeuristicsAreInTheirSpace) {
  const ForwardMma family;
  for (const cuda::Arch& arch : cuda::archs()) {
    for (const std::string_view request : {"sage1", "sage2-8b", "sage2-4b", "sage2++", "int8,k-mean", "int8,k-sink,acc-f16",
                                           "int8,k-mean,pv-e4m3,flush-256", "pv-int8", "int8,token,k-mean,pv-int8"}) {
      for (const int64_t d : {8, 40, 64, 128, 192, 256, 512}) {
        for (const auto& [rows, keys] : {std::pair{1, 5000}, {60, 0}, {300, 63}, {4096, 4096}}) {
          Problem p = problem(d, d, rows, keys);
          p.quantization = *canonical_quantization(request);
          if (rows == 300) p.sparsity = {SparsityKind::padded_lists, 32, 48, true, false, 1, 1, 4};
          if (!family.supports(p, device(arch.name)).ok()) continue;
          const Spec spec = family.spec(p, device(arch.name));
          const Config config = family.heuristic(spec, p, device(arch.name));
          const auto violation = family.space(spec, p, device(arch.name)).violation(config);
          EXPECT_FALSE(violation) << arch.name << " " << to_text(p) << ": " << config.to_text() << ": " << *violation;
        }
      }
    }
  }
}

TEST(ForwardMma, DecodeSplitsKeysAndPrefillDoesNot) {
  const ForwardMma family;
  const auto splits = [&](const Problem& p) {
    return family.heuristic(family.spec(p, device("sm_90a")), p, device("sm_90a")).at("splits");
  };
  EXPECT_GT(splits(problem(128, 128, 1, 32768)), 1);
  EXPECT_EQ(splits(problem(128, 128, 8192, 8192)), 1);
}

TEST(ForwardMma, RefusesByNameWhatItCannotDo) {
  const ForwardMma family;
  const auto refusal = [&](const Problem& p, const DeviceClass& on) {
    const auto supported = family.supports(p, on);
    return supported.ok() ? std::string() : supported.error().message();
  };
  const Problem fine = problem(64, 64, 10, 10);
  EXPECT_EQ(refusal(fine, device("sm_80")), "");
  EXPECT_EQ(refusal(fine, device("sm_121a")), "");
  Problem p = fine;
  p.dtype = DType::f32;
  EXPECT_NE(refusal(p, device("sm_80")).find("dtype fp32"), std::string::npos);
  p = problem(60, 64, 10, 10);
  EXPECT_NE(refusal(p, device("sm_80")).find("head_dim_qk 60"), std::string::npos);
  p = fine;
  p.quantization = "sage";
  EXPECT_NE(refusal(p, device("sm_80")).find("quantization sage:"), std::string::npos);
  // What an architecture lacks, and the nearest that it has.
  const std::array<std::array<std::string_view, 3>, 4> lacking = {
      {{"sm_86", "sage2-8b", "Use int8,k-mean,acc-f16,flush-64."},
       {"sm_80", "e4m3,k-mean", "Use int8,k-mean."},
       {"sm_90a", "int4,q-mean", "Use int8,q-mean."},
       {"sm_120a", "sage2-4b", "no tensor cores for int4"}}};
  for (const auto& [arch, request, words] : lacking) {
    p.quantization = request;
    EXPECT_NE(refusal(p, device(arch)).find(words), std::string::npos) << refusal(p, device(arch));
    EXPECT_NE(refusal(p, device(arch)).find("quantization " + std::string(request)), std::string::npos);
    EXPECT_EQ(refusal(p, device("sm_89")), "");
  }
  EXPECT_NE(refusal(fine, device("sm_75")).find("sm_75"), std::string::npos);
  p = fine;
  p.seqlen_kv = int64_t{1} << 31;
  EXPECT_NE(refusal(p, device("sm_80")).find("seqlen_kv"), std::string::npos);
}

TEST(ForwardMma, EmittedSourceHasNoIncludesAndSaysWhatItIs) {
  const ForwardMma family;
  Problem p = problem(128, 128, 1, 32768);
  const DeviceClass on = device("sm_90a");
  const Spec spec = family.spec(p, on);
  const Config config = family.heuristic(spec, p, on);
  const auto source = family.emit(spec, config);
  ASSERT_TRUE(source.ok()) << source.error().message();
  EXPECT_EQ(source->kind, SourceKind::cuda_cpp);
  EXPECT_EQ(source->entries, (std::vector<std::string>{"attune_forward", "attune_combine"}));
  EXPECT_EQ(source->text.find("#include"), std::string::npos);
  EXPECT_EQ(source->text.find("#pragma once"), std::string::npos);
  EXPECT_NE(source->text.find("// config: " + config.to_text()), std::string::npos);
  EXPECT_EQ(source->text, family.emit(spec, config)->text);
  // Every launch's entry is among them.
  for (const Launch& launch : family.launches(p, config, on)) {
    EXPECT_NE(source->text.find(launch.entry + "("), std::string::npos) << launch.entry;
  }
}

// mma.sync of e4m3 assembles for sm_90 to sm_103, too, into twice the additions.
TEST(ForwardMma, MultipliesE4m3ByWhatTheTensorCoresHave) {
  const ForwardMma family;
  for (const std::string request : {"sage2-8b", "sage2++", "e4m3,k-mean"}) {
    int native = 0, by_fp16 = 0;
    for (const cuda::Arch& arch : cuda::archs()) {
      Problem p = problem(128, 128, 4096, 4096);
      p.quantization = to_text(*parse_quantization(request));
      const DeviceClass on = device(arch.name);
      if (!family.supports(p, on).ok()) continue;
      const Spec spec = family.spec(p, on);
      const auto source = family.emit(spec, family.heuristic(spec, p, on));
      ASSERT_TRUE(source.ok()) << source.error().message();
      const bool has_e4m3 = source->text.find(".e4m3.e4m3.") != std::string::npos;
      EXPECT_EQ(has_e4m3, arch.number == 89 || arch.number >= 120) << arch.name << " " << request;
      EXPECT_EQ(source->text.find("cvt.rn.f16x2.e4m3x2") != std::string::npos, !has_e4m3) << arch.name << " " << request;
      ++(has_e4m3 ? native : by_fp16);
    }
    EXPECT_EQ(native, 3) << request;
    EXPECT_EQ(by_fp16, 3) << request;
  }
}

TEST(Compose, AMissingTemplateIsAnErrorAndEachFileAppearsOnce) {
  cuda::Composition composition;
  composition.roots = {"no_such_template.cuh"};
  EXPECT_EQ(cuda::compose(composition).error().status(), Status::internal);
  composition.roots = {"tile.cuh", "ptx.cuh", "softmax.cuh"};
  const auto text = cuda::compose(composition);
  ASSERT_TRUE(text.ok());
  const size_t first = text->find("using u16");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text->find("using u16", first + 1), std::string::npos);
  EXPECT_GT(cuda::templates().size(), 15U);
}

}  // namespace
}  // namespace attune::forward_mma
