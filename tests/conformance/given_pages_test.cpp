// Codes of K and V that are given in pages: against the same codes without pages, bit by bit, and against the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "generator/given_operands.hpp"
#include "runtime/context.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

using testing::HasSubstr;
using Settings = std::vector<std::pair<const char*, int64_t>>;

constexpr const char* ada = "emulated:sm_89";
constexpr int64_t block = 64;

Problem ragged(const std::string& request) {
  Problem p;
  p.batch = 2;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 37;
  p.seqlen_kv = 299;  // the page table ends within a tile of 128
  p.head_dim_qk = p.head_dim_v = 64;
  p.dtype = DType::bf16;
  p.kv_lengths = p.want_lse = true;
  p.quantization = canonical(request);
  return p;
}

// The heuristic's config with some of its values replaced.
Config config_with(const Problem& problem, const Settings& settings) {
  Config config = *conformer(ada).heuristic(problem);
  config.set("q_in_registers", 0).set("min_blocks", 1).set("v_splits", 1).set("qk_unroll", 2);
  for (const auto& [name, value] : settings) config.set(name, value);
  EXPECT_TRUE(conformer(ada).is_valid(problem, config)) << config.to_text();
  return config;
}

// ---- Where things lie

// Codes and scales of a problem without pages, cut into pages by hand. What no key needs are bytes of 0xff: NaN.
struct Pages {
  std::vector<uint8_t> k, v;
  std::vector<float> k_scales;
  std::vector<int32_t> table;
  int64_t entries = 0;
};

Pages cut(const Workload& whole, int64_t page_size, int64_t scales_of_block) {
  const Problem& p = whole.problem();
  const Tensors& t = whole.tensors();
  const int64_t width = p.head_dim_qk, blocks = (p.seqlen_kv + block - 1) / block, page_blocks = page_size / block;
  Pages pages;
  pages.entries = (p.seqlen_kv + page_size - 1) / page_size;
  const int64_t count = p.batch * pages.entries + 1;
  pages.k.assign(static_cast<size_t>(count * p.heads_kv * page_size * width), 0xff);
  pages.v.assign(static_cast<size_t>(count * p.heads_kv * page_size * p.head_dim_v), 0xff);
  pages.k_scales.assign(static_cast<size_t>(count * p.heads_kv * page_blocks * scales_of_block), std::nanf(""));
  // From the last page downwards: page 0 is nobody's.
  for (int64_t n = 0; n < p.batch * pages.entries; ++n) pages.table.push_back(static_cast<int32_t>(count - 1 - n));
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t h = 0; h < p.heads_kv; ++h) {
      for (int64_t key = 0; key < t.kv_lengths[b]; ++key) {
        const int64_t page = pages.table[static_cast<size_t>(b * pages.entries + key / page_size)];
        const auto* row =
            static_cast<const uint8_t*>(t.k.data) + b * t.k.stride_batch + h * t.k.stride_head + key * t.k.stride_seq;
        const int64_t paged_row = (page * p.heads_kv + h) * page_size + key % page_size;
        std::memcpy(&pages.k[static_cast<size_t>(paged_row * width)], row, static_cast<size_t>(width));
        if (key % block != 0) continue;
        const int64_t from = (b * p.heads_kv + h) * blocks + key / block, to = paged_row / block;
        std::memcpy(&pages.k_scales[static_cast<size_t>(to * scales_of_block)], t.k_scales + from * scales_of_block,
                    static_cast<size_t>(scales_of_block) * sizeof(float));
        const int64_t block_bytes = block * p.head_dim_v;
        std::memcpy(&pages.v[static_cast<size_t>(to * block_bytes)],
                    static_cast<const uint8_t*>(t.v.data) + from * block_bytes, static_cast<size_t>(block_bytes));
      }
    }
  }
  return pages;
}

struct Cut {
  const char* request;
  int64_t scales_of_block, page_size;
  Settings settings;
};

TEST(GivenPages, AreTheSameAsCodesWithoutPages) {
  const std::vector<Cut> cuts = {
      {"int8,pv-e4m3,flush-64,given-qkv", 4, 64, {{"block_n", 128}, {"stages", 1}}},
      {"int8,token,pv-int8,given-qkv", 64, 128, {{"block_n", 32}, {"splits", 2}}},
      {"int8,token,pv-int8,given-qkv", 64, 64, {{"block_n", 128}, {"stages", 1}, {"block_m", 16}, {"warps", 1}}},
      {"e4m3,block,pv-e4m3,given-qkv", 1, 192, {{"block_n", 128}, {"pack_gqa", 1}, {"v_splits", 2}}},
  };
  for (const Cut& way : cuts) {
    Problem problem = ragged(way.request);
    SCOPED_TRACE(testing::Message() << way.request << ", pages of " << way.page_size);
    Workload whole(problem, {11});
    const Config config = config_with(problem, way.settings);
    ASSERT_EQ(conformer(ada).execute(whole, config), "");
    const Pages pages = cut(whole, way.page_size, way.scales_of_block);
    problem.page_size = way.page_size;
    problem.page_count = static_cast<int64_t>(pages.table.size()) + 1;
    Workload paged(problem, {12});
    Tensors& t = paged.tensors();
    const Tensors& from = whole.tensors();
    t.q = from.q;
    t.q_scales = from.q_scales;
    t.v_scales = from.v_scales;
    t.kv_lengths = from.kv_lengths;
    const int64_t row = problem.head_dim_qk, head = way.page_size * row;
    t.k = {const_cast<uint8_t*>(pages.k.data()), problem.heads_kv * head, head, row};
    t.v = {const_cast<uint8_t*>(pages.v.data()), 0, 0, 0};
    t.k_scales = pages.k_scales.data();
    t.page_table = pages.table.data();
    t.page_table_stride = pages.entries;
    ASSERT_EQ(conformer(ada).execute(paged, config), "");
    for (int64_t b = 0; b < problem.batch; ++b) {
      for (int64_t h = 0; h < problem.heads_q; ++h) {
        for (int64_t i = 0; i < problem.seqlen_q; ++i) {
          ASSERT_EQ(paged.lse(b, h, i), whole.lse(b, h, i)) << b << ", " << h << ", " << i;
          for (int64_t d = 0; d < problem.head_dim_v; ++d) {
            ASSERT_EQ(paged.get(t.o, b, h, i, d), whole.get(from.o, b, h, i, d)) << b << ", " << h << ", " << i;
          }
        }
      }
    }
  }
}

// The places of a small problem, written down by hand from the definition.
TEST(GivenPages, Places) {
  Problem p = ragged("int8,pv-e4m3,given-qkv");
  p.page_size = 192;
  p.page_count = 10;
  const PaddedRows token = PaddedRows::of_given(p, Granularity::token),
                   thread = PaddedRows::of_given(p, Granularity::thread),
                   tensor = PaddedRows::of_given(p, Granularity::tensor);
  EXPECT_EQ(token.kv_rows, 192);
  EXPECT_EQ(token.k_scales, 10 * 2 * 192);
  EXPECT_EQ(thread.k_scales, 10 * 2 * 3 * 4);
  EXPECT_EQ(tensor.k_scales, 2 * 2);
  EXPECT_EQ(token.v_codes, 10 * 2 * 192 * 64);
  EXPECT_EQ(token.q_scales, 2 * 4 * 128);
  // Key 261 is row 69 of the second page of its sequence, say page 7: row 5 of the page's second block.
  EXPECT_EQ(token.k_scale(1, 1, 0, 261, 7), (7 * 2 + 1) * 192 + 69);
  EXPECT_EQ(thread.k_scale(1, 1, 0, 261, 7), (7 * 2 + 1) * 12 + 4 + 5 / 2);
  EXPECT_EQ(tensor.k_scale(1, 1, 0, 261, 7), 3);
  EXPECT_EQ(token.v_code(1, 1, 0, 264, 3, 7), ((7 * 2 + 1) * 3 + 1) * 64 * 64 + 3 * 64 + 2);
  // For quantizers the same keys are those of a sequence.
  EXPECT_EQ(PaddedRows(p, Granularity::token).k_scale(1, 1, 0, 261, 7), 3 * 320 + 261);
}

// ---- The model

struct Situation {
  const char* name;
  const char* request;
  int64_t page_size, page_count;
  std::function<void(Problem&)> set;
  Settings settings;
};

void decode(Problem& p) {
  p.seqlen_q = 1;
  p.heads_q = 8;
}
// All the page table is used, and nothing may be read behind it.
void decode_all_keys(Problem& p) {
  decode(p);
  p.kv_lengths = false;
}
void bottom_right(Problem& p) {
  p.causal = true;
  p.alignment = Alignment::bottom_right;
}

// Page tables are shuffled, entries behind the last page are no pages; pages of nobody are NaN.
TEST(GivenPages, AgreeWithTheModel) {
  const std::vector<Situation> all = {
      {"decode, split", "sage2-8b,k-none,given-qkv", 64, 20, decode, {{"splits", 4}, {"block_n", 64}, {"pack_gqa", 1}}},
      {"decode, tiles over pages",
       "int8,token,pv-int8,given-qkv",
       64,
       20,
       decode_all_keys,
       {{"splits", 2}, {"block_n", 128}}},
      {"bottom right", "int8,pv-e4m3,acc-f16,flush-64,given-qkv", 128, 12, bottom_right, {{"stages", 2}}},
      {"int4 over pages", "int4,given-qk", 64, 14, decode_all_keys, {{"block_n", 256}, {"block_m", 16}, {"warps", 1}}},
      {"int4, V quantized here", "int4,token,given-qk,pv-e4m3,v-mean", 256, 5, bottom_right, {}},
      {"a scale a head", "e4m3,tensor,pv-e4m3,given-qkv", 64, 14, [](Problem&) {}, {{"block_n", 128}, {"stages", 1}}},
      {"K quantized here", "int8,k-mean,pv-e4m3,flush-64,given-v", 128, 8, [](Problem& p) { p.window_left = 100; }, {}},
      {"K quantized here, by token", "int8,token,pv-int8,given-v", 64, 14, decode, {}},
      {"Q and K plain", "pv-int8,given-v", 192, 8, decode, {}},
      {"packed queries",
       "int8,warp,pv-e4m3,given-qkv",
       64,
       14,
       [](Problem& p) {
         bottom_right(p);
         p.varlen = p.sinks = true;
         p.total_q = 60;
       },
       {}},
      {"shared pages, lists",
       "int8,pv-e4m3,given-qkv",
       64,
       4,
       [](Problem& p) { p.sparsity = {SparsityKind::csr_lists, 32, 48, true, true, 1, 2, 0}; },
       {{"block_n", 32}}},
      {"shared pages, rows of 48 bytes",
       "int8,block,pv-int8,given-qkv",
       128,
       2,
       [](Problem& p) {
         p.layout = Layout::bshd;
         p.head_dim_qk = 48;
         p.head_dim_v = 40;
       },
       {}},
  };
  uint64_t seed = 40;
  for (const Situation& situation : all) {
    SCOPED_TRACE(situation.name);
    Problem problem = ragged(situation.request);
    problem.page_size = situation.page_size;
    problem.page_count = situation.page_count;
    situation.set(problem);
    Case test_case{problem, {++seed, Values::dit, Strides::contiguous, false, false}, ada, {}};
    if (!situation.settings.empty()) test_case.config = config_with(problem, situation.settings);
    EXPECT_EQ(check_quantized(test_case), "");
  }
}

// ---- What is not finite, in the operand that is not given

TEST(GivenPages, RowsThatSeeNaNAreThoseAndNoOthers) {
  constexpr int64_t poisoned = 150, channel = 5, head = 1;
  for (const std::string request : {"int8,given-qk", "int8,pv-e4m3,flush-64,given-v"}) {
    SCOPED_TRACE(request);
    Problem problem = ragged(request);
    problem.batch = 1;
    problem.kv_lengths = false;
    problem.seqlen_q = problem.seqlen_kv = 200;
    problem.causal = true;
    problem.page_size = 64;
    problem.page_count = 5;
    Workload work(problem, {9});
    const bool in_v = request == "int8,given-qk";
    work.set(in_v ? work.tensors().v : work.tensors().k, 0, head, poisoned, channel, std::nanf(""));
    work.seal();
    ASSERT_EQ(conformer(ada).execute(work, config_with(problem, {{"block_n", 128}, {"stages", 1}})), "");
    EXPECT_EQ(work.damage(), "");
    int64_t wrong = 0;
    for (int64_t h = 0; h < 4; ++h) {
      for (int64_t i = 0; i < problem.seqlen_q; ++i) {
        const bool sees = h / 2 == head && i >= poisoned;
        EXPECT_EQ(std::isnan(work.lse(0, h, i)), sees && !in_v) << h << ", " << i;
        for (int64_t d = 0; d < problem.head_dim_v; ++d) {
          const bool is_nan = std::isnan(work.get(work.tensors().o, 0, h, i, d));
          wrong += is_nan != (sees && (!in_v || d == channel)) ? 1 : 0;
        }
      }
    }
    EXPECT_EQ(wrong, 0);
  }
}

// ---- What is refused

TEST(GivenPages, AreRefusedByNameWhereTheyAreNotRead) {
  Problem problem = ragged("int8,pv-e4m3,given-qkv");
  problem.page_count = 64;
  const auto family = [&](const std::string& target, int64_t page_size) {
    problem.page_size = page_size;
    return conformer(target).context().select_family(problem);
  };
  EXPECT_TRUE(family(ada, 64).ok());
  EXPECT_FALSE(family(host_isas().front(), 64).ok());
  const auto elsewhere = validate_given(problem, *parse_quantization(problem.quantization));
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_THAT(elsewhere.error().message(), HasSubstr("page_size is 64. Gather them"));
  for (const int64_t page_size : {16, 32, 96}) {
    const auto refused = family(ada, page_size);
    ASSERT_FALSE(refused.ok()) << page_size;
    EXPECT_EQ(refused.error().status(), Status::unsupported);
    EXPECT_THAT(refused.error().message(), HasSubstr("page_size is " + std::to_string(page_size)));
    EXPECT_THAT(refused.error().message(), HasSubstr(page_size == 96 ? "page_size 128" : "page_size 64"));
  }
}

}  // namespace
}  // namespace attune::test
