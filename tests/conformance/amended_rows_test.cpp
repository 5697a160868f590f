// NaN and infinity in K and V, told element by element: which outputs are not finite, and that no others are. Over the
// configs that store rows in different ways, as GPU kernels amend rows that see such a key after they are stored. (The
// comparison with the reference holds an element whose reference is NaN to nothing.)
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

// Rows see the keys up to their own, with a window no more than that many before it.
constexpr int64_t value_with_nan = 37, value_with_infinity = 70, key_with_nan = 110, rows = 130;
constexpr int64_t nan_channel = 5, infinity_channel = 40;

Problem problem_of(const std::string& request) {
  Problem p;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = p.seqlen_kv = rows;
  p.head_dim_qk = 32;
  p.head_dim_v = 48;
  p.dtype = DType::bf16;
  p.causal = p.want_lse = true;
  p.quantization = request;
  return p;
}

// In KV head 1, which query heads 2 and 3 read.
void poison(Workload& work) {
  const Tensors& t = work.tensors();
  work.set(t.v, 0, 1, value_with_nan, nan_channel, std::nanf(""));
  work.set(t.v, 0, 1, value_with_infinity, infinity_channel, std::numeric_limits<float>::infinity());
  work.set(t.k, 0, 1, key_with_nan, 3, std::nanf(""));
  work.seal();
}

bool sees(int64_t row, int64_t key, int64_t window) { return key <= row && row - key <= window; }

bool is_finite_at(int64_t head, int64_t row, int64_t channel, int64_t window) {
  if (head < 2) return true;
  if (sees(row, key_with_nan, window)) return false;
  return !(channel == nan_channel && sees(row, value_with_nan, window)) &&
         !(channel == infinity_channel && sees(row, value_with_infinity, window));
}

Config plain_config() {
  return *Config::from_json(
      R"({"block_m":32,"block_n":64,"min_blocks":1,"pack_gqa":0,"peel":1,"q_in_registers":0,"qk_unroll":4,)"
      R"("rescale_threshold":0,"reverse":0,"splits":1,"stages":1,"v_splits":1,"warps":2})");
}

struct Way {
  const char* name;
  std::vector<std::pair<const char*, int64_t>> set;
  int64_t window = rows;
};

class AmendedRows : public testing::TestWithParam<std::string> {};

TEST_P(AmendedRows, AreThoseThatSeeWhatIsNotFinite) {
  const std::vector<Way> ways = {
      {"one stage", {{"stages", 1}}},      {"a ring", {{"stages", 2}}},
      {"packed heads", {{"pack_gqa", 1}}}, {"parts of V", {{"v_splits", 2}}},
      {"split keys", {{"splits", 2}}},     {"split keys, parts of V", {{"splits", 2}, {"v_splits", 2}}},
      {"a window", {{"stages", 2}}, 10}};
  for (const Way& way : ways) {
    SCOPED_TRACE(way.name);
    Problem problem = problem_of(GetParam());
    if (way.window < rows) problem.window_left = way.window;
    Workload work(problem, {});
    poison(work);
    Config config = plain_config();
    for (const auto& [name, value] : way.set) config.set(name, value);
    ASSERT_EQ(conformer("emulated:sm_89").execute(work, config), "");
    const Tensors& t = work.tensors();
    int64_t wrong = 0;
    for (int64_t head = 0; head < 4; ++head) {
      for (int64_t row = 0; row < rows; ++row) {
        EXPECT_EQ(std::isfinite(work.lse(0, head, row)), head < 2 || !sees(row, key_with_nan, way.window))
            << head << ", " << row;
        for (int64_t channel = 0; channel < 48; ++channel) {
          const float o = work.get(t.o, 0, head, row, channel);
          if (std::isfinite(o) == is_finite_at(head, row, channel, way.window)) continue;
          if (++wrong <= 3) ADD_FAILURE() << "head " << head << ", row " << row << ", channel " << channel << ": " << o;
        }
      }
    }
    EXPECT_EQ(wrong, 0);
  }
}

// A full block hides nothing, whatever the problem's mask is; a partial one does.
TEST_P(AmendedRows, AreAllOfAFullBlock) {
  Problem problem = problem_of(GetParam());
  problem.heads_q = problem.heads_kv = 2;
  problem.seqlen_q = problem.seqlen_kv = 128;
  problem.sparsity = {SparsityKind::padded_lists, 64, 64, true, true, 1, 1, 1};
  Workload work(problem, {});
  // The first 64 queries have the second block of keys in full, the others the first block in part, which is all of it.
  const std::vector<int32_t> full_counts = {1, 0}, full = {1, -7}, partial_counts = {0, 1}, partial = {-7, 0};
  work.tensors().lists = {full_counts.data(), full.data(), partial_counts.data(), partial.data(), nullptr, nullptr};
  work.set(work.tensors().v, 0, 1, 100, nan_channel, std::nanf(""));
  work.set(work.tensors().k, 0, 1, 110, 3, std::nanf(""));
  work.set(work.tensors().v, 0, 0, 40, nan_channel, std::nanf(""));
  work.seal();
  Config config = plain_config();
  ASSERT_EQ(conformer("emulated:sm_89").execute(work, config), "");
  for (int64_t row = 0; row < 128; ++row) {
    for (int64_t channel = 0; channel < 48; ++channel) {
      const bool first = std::isfinite(work.get(work.tensors().o, 0, 0, row, channel));
      const bool second = std::isfinite(work.get(work.tensors().o, 0, 1, row, channel));
      EXPECT_EQ(first, row < 64 || channel != nan_channel) << "head 0, row " << row << ", channel " << channel;
      EXPECT_EQ(second, row >= 64) << "head 1, row " << row << ", channel " << channel;
    }
  }
}

// V as codes from the caller: there are no elements of it to look at, and nothing but keys can be found.
TEST(AmendedRowsOfGivenValues, AreThoseThatSeeAKey) {
  for (const std::string request : {"int8,k-mean,pv-e4m3,given-v", "int8,k-mean,pv-int8,given-v"}) {
    SCOPED_TRACE(request);
    Workload work(problem_of(request), {});
    work.set(work.tensors().k, 0, 1, key_with_nan, 3, std::nanf(""));
    work.seal();
    ASSERT_EQ(conformer("emulated:sm_89").execute(work, plain_config()), "");
    for (int64_t head = 0; head < 4; ++head) {
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t channel = 0; channel < 48; ++channel) {
          EXPECT_EQ(std::isfinite(work.get(work.tensors().o, 0, head, row, channel)), head < 2 || row < key_with_nan)
              << "head " << head << ", row " << row << ", channel " << channel;
        }
      }
    }
  }
}

std::string name_of(const testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}
// Nothing quantized; K alone, V alone, both; V in fp16 sums.
INSTANTIATE_TEST_SUITE_P(Requests, AmendedRows, testing::Values("none", "int8,k-mean", "pv-e4m3", "sage2-8b", "sage1"),
                         name_of);

}  // namespace
}  // namespace attune::test
