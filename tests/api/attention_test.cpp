// attune_attention and attune_execute: numbers, workspaces, bad tensors, many threads.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>

#include "tests/api/helpers.hpp"

namespace attune_test {
namespace {

float half_to_float(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                        : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

class Attention : public testing::Test {
 protected:
  ContextPtr context = make_context();
};

TEST_F(Attention, MatchesTheDefinition) {
  attune_problem problem = make_problem(2, 4, 2, 33, 57, 40);
  problem.causal = 1;
  problem.alignment = ATTUNE_BOTTOM_RIGHT;
  problem.want_lse = 1;
  for (const int32_t layout : {ATTUNE_BHSD, ATTUNE_BSHD}) {
    problem.layout = layout;
    Arrays arrays(problem);
    ASSERT_EQ(attune_attention(context.get(), &problem, &arrays.tensors, nullptr), ATTUNE_OK) << attune_last_error();
    EXPECT_LT(arrays.largest_error(), 1e-5) << "layout " << layout;
  }
}

TEST_F(Attention, ScaleAndLengthsReachTheKernel) {
  attune_problem problem = make_problem(3, 2, 1, 4, 70, 32);
  problem.has_softmax_scale = 1;
  problem.softmax_scale = -0.4F;
  problem.kv_lengths = 1;
  problem.want_lse = 1;
  Arrays arrays(problem);
  const std::vector<int32_t> lengths = {70, 0, 13};
  arrays.tensors.kv_lengths = lengths.data();
  ASSERT_EQ(attune_attention(context.get(), &problem, &arrays.tensors, nullptr), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(arrays.o[static_cast<size_t>(2 * 4 * 32)], 0.0F);  // the second sequence has no keys
  EXPECT_LT(arrays.largest_error(lengths), 1e-5);
}

// The same numbers through a page table as in order: pages of 16 keys, handed out backwards.
TEST_F(Attention, PagedKeysGiveWhatTheSameKeysInOrderGive) {
  const attune_problem dense = make_problem(2, 4, 2, 5, 48, 24);
  Arrays expected(dense);
  ASSERT_EQ(attune_attention(context.get(), &dense, &expected.tensors, nullptr), ATTUNE_OK) << attune_last_error();

  attune_problem paged = dense;
  paged.page_size = 16;
  paged.page_count = 6;
  Arrays arrays(dense);
  attune_tensors& t = arrays.tensors;
  ASSERT_EQ(attune_tensors_set_contiguous(&paged, &t), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(t.k.stride_batch, 2 * 16 * 24);
  EXPECT_EQ(t.page_table_stride, 3);
  std::vector<int32_t> table;
  for (int32_t page = 5; page >= 0; --page) table.push_back(page);
  t.page_table = table.data();
  const auto into_pages = [&](const std::vector<float>& rows, std::vector<float>& pool) {
    for (size_t b = 0; b < 2; ++b) {
      for (size_t h = 0; h < 2; ++h) {
        for (size_t key = 0; key < 48; ++key) {
          const auto page = static_cast<size_t>(table[b * 3 + key / 16]);
          const auto from = rows.begin() + static_cast<std::ptrdiff_t>(((b * 2 + h) * 48 + key) * 24);
          std::copy(from, from + 24, pool.begin() + static_cast<std::ptrdiff_t>(((page * 2 + h) * 16 + key % 16) * 24));
        }
      }
    }
  };
  into_pages(expected.k, arrays.k);
  into_pages(expected.v, arrays.v);
  ASSERT_EQ(attune_attention(context.get(), &paged, &t, nullptr), ATTUNE_OK) << attune_last_error();
  for (size_t i = 0; i < arrays.o.size(); ++i) ASSERT_NEAR(arrays.o[i], expected.o[i], 1e-6) << i;

  table[4] = 6;
  EXPECT_REFUSED(attune_attention(context.get(), &paged, &t, nullptr), ATTUNE_INVALID_ARGUMENT, "page_table[1][1] is 6");
  t.page_table = nullptr;
  EXPECT_REFUSED(attune_attention(context.get(), &paged, &t, nullptr), ATTUNE_INVALID_ARGUMENT, "page_table");
  paged.page_count = 0;
  EXPECT_REFUSED(attune_attention(context.get(), &paged, &t, nullptr), ATTUNE_INVALID_ARGUMENT, "page_count");
}

// Codes and scales made here by hand, on an emulated GPU, against their products in double.
TEST_F(Attention, CodesCanBeGiven) {
  attune_context_options options = memory_options();
  options.device = "emulated:sm_80";
  if (const char* nvrtc = std::getenv("ATTUNE_NVRTC")) options.nvrtc = nvrtc;
  const ContextPtr emulated = make_context(options);
  constexpr size_t rows = 5, keys = 64, dim = 16;
  attune_problem problem = make_problem(1, 1, 1, rows, keys, dim);
  problem.dtype = ATTUNE_F16;
  problem.want_lse = 1;
  problem.quantization = "int8,token,pv-int8,given-qkv";
  attune_given sizes{};
  sizes.struct_size = sizeof sizes;
  ASSERT_EQ(attune_given_sizes(&problem, &sizes), ATTUNE_OK) << attune_last_error();

  alignas(16) int8_t q[rows * dim], k[keys * dim];
  std::vector<int8_t> numbers(keys * dim), v(static_cast<size_t>(sizes.v_codes) + 16);
  auto* v_codes = reinterpret_cast<int8_t*>((reinterpret_cast<uintptr_t>(v.data()) + 15) / 16 * 16);
  std::vector<float> q_scales(static_cast<size_t>(sizes.q_scales)), k_scales(static_cast<size_t>(sizes.k_scales)),
      v_scales(static_cast<size_t>(sizes.v_scales)), lse(rows);
  std::vector<uint16_t> o(rows * dim);
  for (size_t i = 0; i < rows * dim; ++i) q[i] = static_cast<int8_t>(i * 37 % 255 - 127);
  for (size_t i = 0; i < rows; ++i) q_scales[i] = 0.01F * static_cast<float>(i + 1);
  for (size_t n = 0; n < keys; ++n) {
    k_scales[n] = 0.004F + 0.0001F * static_cast<float>(n);
    // Where fp8 and int8 tensor cores want the token: 0 1 8 9, 2 3 10 11, 4 5 12 13, 6 7 14 15 of each sixteen.
    constexpr size_t place[16] = {0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15};
    for (size_t d = 0; d < dim; ++d) {
      k[n * dim + d] = static_cast<int8_t>((n * dim + d) * 53 % 255 - 127);
      numbers[n * dim + d] = static_cast<int8_t>((n + 3) * (d + 7) % 255 - 127);
      v_codes[d * 64 + n / 16 * 16 + place[n % 16]] = numbers[n * dim + d];
      v_scales[d] = 0.02F;
    }
  }
  attune_tensors tensors;
  ASSERT_EQ(attune_tensors_init(&tensors, sizeof tensors), ATTUNE_OK);
  ASSERT_EQ(attune_tensors_set_contiguous(&problem, &tensors), ATTUNE_OK) << attune_last_error();
  tensors.q.data = q;
  tensors.k.data = k;
  tensors.v.data = v_codes;
  tensors.o.data = o.data();
  tensors.lse = lse.data();
  EXPECT_REFUSED(attune_attention(emulated.get(), &problem, &tensors, nullptr), ATTUNE_INVALID_ARGUMENT, "q_scales is null");
  tensors.q_scales = q_scales.data();
  tensors.k_scales = k_scales.data();
  tensors.v_scales = v_scales.data();
  ASSERT_EQ(attune_attention(emulated.get(), &problem, &tensors, nullptr), ATTUNE_OK) << attune_last_error();

  for (size_t i = 0; i < rows; ++i) {
    double sum = 0, largest = 0;
    std::vector<double> expected(dim);
    for (size_t n = 0; n < keys; ++n) {
      double score = 0;
      for (size_t d = 0; d < dim; ++d) score += q[i * dim + d] * k[n * dim + d];
      const double p = std::exp(score * static_cast<double>(q_scales[i]) * static_cast<double>(k_scales[n]) / 4);
      sum += p;
      for (size_t d = 0; d < dim; ++d) expected[d] += p * 0.02 * numbers[n * dim + d];
    }
    EXPECT_NEAR(lse[i], std::log(sum), 1e-4) << "row " << i;
    for (size_t d = 0; d < dim; ++d) largest = std::max(largest, std::fabs(expected[d] / sum));
    for (size_t d = 0; d < dim; ++d) {
      // P has 7 bits.
      EXPECT_NEAR(half_to_float(o[i * dim + d]), expected[d] / sum, 0.02 * largest) << "row " << i << " column " << d;
    }
  }
}

TEST_F(Attention, InputsAreNotWritten) {
  const attune_problem problem = make_problem(1, 2, 2, 17, 19, 24);
  Arrays arrays(problem);
  const std::vector<float> q = arrays.q, k = arrays.k, v = arrays.v;
  ASSERT_EQ(attune_attention(context.get(), &problem, &arrays.tensors, nullptr), ATTUNE_OK) << attune_last_error();
  EXPECT_TRUE(q == arrays.q && k == arrays.k && v == arrays.v);
}

TEST_F(Attention, BadTensorsAreNamed) {
  attune_problem problem = make_problem(1, 2, 2, 8, 8, 16);
  const auto refused = [&](const char* words, auto&& change) {
    Arrays arrays(problem);
    change(arrays.tensors);
    EXPECT_REFUSED(attune_attention(context.get(), &problem, &arrays.tensors, nullptr), ATTUNE_INVALID_ARGUMENT, words);
    const PlanPtr plan = find(context.get(), problem);
    std::vector<char> workspace(static_cast<size_t>(attune_plan_workspace_bytes(plan.get())) + 64);
    auto* aligned = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64);
    EXPECT_REFUSED(attune_execute(context.get(), plan.get(), &arrays.tensors, aligned,
                                  attune_plan_workspace_bytes(plan.get()), nullptr),
                   ATTUNE_INVALID_ARGUMENT, words);
  };
  const auto misaligned = [](const void* data) {
    return reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(data) + 2);
  };
  refused("q", [](attune_tensors& t) { t.q.data = nullptr; });
  refused("k", [](attune_tensors& t) { t.k.data = nullptr; });
  refused("v", [](attune_tensors& t) { t.v.data = nullptr; });
  refused("o", [](attune_tensors& t) { t.o.data = nullptr; });
  refused("k", [&](attune_tensors& t) { t.k.data = misaligned(t.k.data); });
  refused("o", [&](attune_tensors& t) { t.o.data = const_cast<void*>(misaligned(t.o.data)); });
  refused("o", [](attune_tensors& t) { t.o.stride_seq = 0; });  // rows on top of each other
  refused("stride", [](attune_tensors& t) { t.q.stride_seq = int64_t{1} << 62; });
  static const float sinks[2] = {0, 0};
  refused("sinks", [](attune_tensors& t) { t.sinks = sinks; });  // the problem has none: not ignored
  problem.want_lse = 1;
  refused("lse", [](attune_tensors& t) { t.lse = nullptr; });
  problem.want_lse = 0;
  problem.kv_lengths = 1;
  refused("kv_lengths", [](attune_tensors&) {});
  static const int32_t too_long[1] = {9};
  refused("kv_lengths", [](attune_tensors& t) { t.kv_lengths = too_long; });
  static const int32_t negative[1] = {-1};
  refused("kv_lengths", [](attune_tensors& t) { t.kv_lengths = negative; });
}

TEST_F(Attention, WhatNoKernelCanDoIsRefusedWithTheField) {
  attune_problem problem = make_problem(1, 1, 1, 4, 4, 16);
  problem.quantization = "int1";
  EXPECT_NE(attune_problem_check(context.get(), &problem), ATTUNE_OK);
  EXPECT_THAT(std::string(attune_last_error()), testing::HasSubstr("quantization"));
  problem.quantization = nullptr;
  EXPECT_EQ(attune_problem_check(context.get(), &problem), ATTUNE_OK) << attune_last_error();
  problem.dtype = ATTUNE_I32;
  EXPECT_NE(attune_problem_check(context.get(), &problem), ATTUNE_OK);
  EXPECT_THAT(std::string(attune_last_error()), testing::HasSubstr("dtype"));
  problem.dtype = ATTUNE_F32;
  problem.head_dim_qk = 100000;
  Arrays small(make_problem(1, 1, 1, 4, 4, 16));
  EXPECT_NE(attune_attention(context.get(), &problem, &small.tensors, nullptr), ATTUNE_OK);
  EXPECT_THAT(std::string(attune_last_error()), testing::HasSubstr("head_dim_qk"));
}

// A split-KV decode is the shape whose plan may need a workspace; with or without one, a bad buffer must not get through.
TEST_F(Attention, WorkspacesAreChecked) {
  const attune_problem problem = make_problem(1, 2, 1, 1, 4096, 64);
  Arrays arrays(problem);
  const PlanPtr plan = find(context.get(), problem);
  const int64_t needed = attune_plan_workspace_bytes(plan.get());
  ASSERT_GE(needed, 0);
  std::vector<char> memory(static_cast<size_t>(needed) + 128);
  auto* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
  const auto execute = [&](void* workspace, int64_t size) {
    return attune_execute(context.get(), plan.get(), &arrays.tensors, workspace, size, nullptr);
  };
  if (needed > 0) {
    EXPECT_REFUSED(execute(nullptr, needed), ATTUNE_INVALID_ARGUMENT, "workspace is null");
    EXPECT_REFUSED(execute(aligned, needed - 1), ATTUNE_INVALID_ARGUMENT, "workspace_bytes");
    EXPECT_REFUSED(execute(aligned + 4, needed), ATTUNE_INVALID_ARGUMENT, "aligned");
  }
  std::memset(memory.data(), 0xff, memory.size());  // uninitialised, as the contract says: NaN everywhere
  ASSERT_EQ(execute(aligned, needed), ATTUNE_OK) << attune_last_error();
  EXPECT_LT(arrays.largest_error(), 1e-5);
}

struct CountingAllocator {
  std::atomic<int64_t> live{0}, calls{0};
  std::atomic<bool> empty{false};
  static void* allocate(int64_t size_bytes, void*, void* user) {
    auto* self = static_cast<CountingAllocator*>(user);
    ++self->calls;
    if (self->empty) return nullptr;
    self->live += size_bytes;
    void* memory = std::aligned_alloc(64, static_cast<size_t>((size_bytes + 63) / 64 * 64));
    if (memory != nullptr) std::memset(memory, 0xff, static_cast<size_t>(size_bytes));
    return memory;
  }
  static void release(void* memory, int64_t size_bytes, void*, void* user) {
    static_cast<CountingAllocator*>(user)->live -= size_bytes;
    std::free(memory);
  }
};

TEST_F(Attention, TheCallersAllocatorIsUsedAndBalanced) {
  CountingAllocator allocator;
  attune_context_options options = memory_options();
  options.allocate = CountingAllocator::allocate;
  options.release = CountingAllocator::release;
  options.allocator_user = &allocator;
  const ContextPtr own = make_context(options);
  const attune_problem problem = make_problem(1, 2, 1, 1, 8192, 64);
  Arrays arrays(problem);
  const int64_t needed = attune_plan_workspace_bytes(find(own.get(), problem).get());
  ASSERT_EQ(attune_attention(own.get(), &problem, &arrays.tensors, nullptr), ATTUNE_OK) << attune_last_error();
  EXPECT_LT(arrays.largest_error(), 1e-5);
  EXPECT_EQ(allocator.calls, needed > 0 ? 1 : 0);
  EXPECT_EQ(allocator.live, 0);
  if (needed > 0) {
    allocator.empty = true;
    EXPECT_REFUSED(attune_attention(own.get(), &problem, &arrays.tensors, nullptr), ATTUNE_OUT_OF_MEMORY, "workspace");
    EXPECT_EQ(allocator.live, 0);
  }
}

TEST_F(Attention, ManyThreadsOneContext) {
  std::vector<attune_problem> problems;
  for (const int64_t seqlen : {1, 7, 64, 130}) problems.push_back(make_problem(1, 4, 2, seqlen, 160, 32));
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t round = 0; round < 12; ++round) {
        const attune_problem& problem = problems[(round + static_cast<size_t>(t)) % problems.size()];
        Arrays arrays(problem);
        if (attune_attention(context.get(), &problem, &arrays.tensors, nullptr) != ATTUNE_OK ||
            !(arrays.largest_error() < 1e-5)) {
          ++failures;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  attune_statistics statistics;
  statistics.struct_size = sizeof statistics;
  ASSERT_EQ(attune_context_statistics(context.get(), &statistics), ATTUNE_OK) << attune_last_error();
  EXPECT_LE(statistics.kernel_compiles, static_cast<int64_t>(problems.size())) << "a kernel was compiled twice";
  EXPECT_GE(statistics.kernel_compiles, 1);
  EXPECT_GT(statistics.plan_hits, 0);
  EXPECT_GT(statistics.compile_ms, 0);
}

}  // namespace
}  // namespace attune_test
