// forward_mma without a device: its argument block, its space, its heuristic, and what it emits.
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <set>

#include "generator/cuda/arch.hpp"
#include "generator/cuda/compose.hpp"
#include "generator/cuda/templates.hpp"
#include "generator/families/forward_mma/forward_mma.hpp"
#include "generator/families/forward_mma/tiles.hpp"
#include "generator/families/gpu_arguments.hpp"

// The struct that kernels declare, as the host's compiler sees it.
#define __host__
#define __device__
namespace device_side {
#include "templates/arguments.cuh"
}
#undef __host__
#undef __device__

namespace attune::forward_mma {
namespace {

#define EXPECT_SAME_PLACE(field)                                                               \
  EXPECT_EQ(offsetof(GpuArguments, field), offsetof(device_side::Arguments, field)) << #field; \
  EXPECT_EQ(sizeof(GpuArguments::field), sizeof(device_side::Arguments::field)) << #field

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
  EXPECT_EQ(family.space(family.spec(p, device("sm_80")), p, device("sm_80")).constraints().size(), 19U);
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
  EXPECT_NE(refusal(p, device("sm_80")).find("quantization `sage`"), std::string::npos);
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
