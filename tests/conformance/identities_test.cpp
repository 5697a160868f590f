// Identities that need no reference: what must not change, and what must change in a known way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "tests/conformance/harness.hpp"

namespace attune::test {
namespace {

class Identities : public testing::TestWithParam<std::string> {
 protected:
  static Problem base() {
    Problem p;
    p.batch = 2;
    p.heads_q = 4;
    p.heads_kv = 2;
    p.seqlen_q = 65;
    p.seqlen_kv = 200;
    p.want_lse = true;
    return p;
  }
  void execute(Workload& work) {
    work.seal();
    ASSERT_EQ(conformer(GetParam()).execute(work, std::nullopt), "");
  }
  // Calls visit(b, h, i, d) for every element of O.
  template <class Visit>
  static void each_output(const Problem& p, Visit visit) {
    for (int64_t b = 0; b < p.batch; ++b) {
      for (int64_t h = 0; h < p.heads_q; ++h) {
        for (int64_t i = 0; i < p.seqlen_q; ++i) {
          for (int64_t d = 0; d < p.head_dim_v; ++d) visit(b, h, i, d);
        }
      }
    }
  }
  // Largest differences of O and LSE.
  static std::pair<double, double> distance(const Workload& a, const Workload& b) {
    double o = 0, lse = 0;
    each_output(a.problem(), [&](int64_t n, int64_t h, int64_t i, int64_t d) {
      const auto x = static_cast<double>(a.get(a.tensors().o, n, h, i, d));
      o = std::max(o, std::fabs(x - static_cast<double>(b.get(b.tensors().o, n, h, i, d))));
      lse = std::max(lse, static_cast<double>(std::fabs(a.lse(n, h, i) - b.lse(n, h, i))));
    });
    return {o, lse};
  }
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, Identities, testing::ValuesIn(test_targets()), target_of);

TEST_P(Identities, FullMaskIsDense) {
  Workload dense(base(), {});
  execute(dense);
  Problem with_mask = base();
  with_mask.mask = {MaskKind::boolean, DType::boolean, 2, 4, 65, 200};
  Workload masked(with_mask, {});
  auto* mask = static_cast<uint8_t*>(const_cast<void*>(masked.tensors().mask.data));
  std::fill(mask, mask + 2 * 4 * 65 * 200, uint8_t{1});
  execute(masked);
  const auto [o, lse] = distance(dense, masked);
  EXPECT_LT(o, 2e-6);
  EXPECT_LT(lse, 2e-6);
}

TEST_P(Identities, AllBlocksListedIsDenseAndTheirOrderIsFree) {
  Workload dense(base(), {});
  execute(dense);
  for (const bool full : {true, false}) {
    Problem with_lists = base();
    with_lists.sparsity = {SparsityKind::padded_lists, 32, 48, full, !full, 1, 1, 5};
    Workload sparse(with_lists, {});
    std::vector<int32_t> counts(3, 5), indices;
    for (const int start : {0, 3, 4}) {
      for (int n = 0; n < 5; ++n) indices.push_back((start + 2 * n) % 5);
    }
    sparse.tensors().lists = full ? BlockLists{counts.data(), indices.data(), nullptr, nullptr, nullptr, nullptr}
                                  : BlockLists{nullptr, nullptr, counts.data(), indices.data(), nullptr, nullptr};
    execute(sparse);
    const auto [o, lse] = distance(dense, sparse);
    EXPECT_LT(o, 2e-6);
    EXPECT_LT(lse, 2e-6);
  }
}

TEST_P(Identities, PermutedBlocksOfKeysWithTheirListsChangeNothing) {
  // Blocks of 48 keys; 192 = 4 blocks. Block n of the second run is block permutation[n] of the first.
  Problem problem = base();
  problem.seqlen_kv = 192;
  problem.sparsity = {SparsityKind::csr_lists, 32, 48, true, false, 1, 1, 0};
  const std::vector<int64_t> permutation{2, 0, 3, 1};
  const std::vector<int64_t> row_ptr{0, 2, 5, 6};
  const std::vector<int32_t> listed{0, 2, 3, 1, 2, 3};
  std::vector<int32_t> relabelled;
  for (const int32_t block : listed) {
    relabelled.push_back(
        static_cast<int32_t>(std::find(permutation.begin(), permutation.end(), block) - permutation.begin()));
  }
  Workload first(problem, {}), second(problem, {});
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t h = 0; h < 2; ++h) {
      for (int64_t j = 0; j < 192; ++j) {
        const int64_t source = permutation[static_cast<size_t>(j / 48)] * 48 + j % 48;
        for (int64_t d = 0; d < 64; ++d) {
          second.set(second.tensors().k, b, h, j, d, first.get(first.tensors().k, b, h, source, d));
          second.set(second.tensors().v, b, h, j, d, first.get(first.tensors().v, b, h, source, d));
        }
      }
    }
  }
  first.tensors().lists = {nullptr, listed.data(), nullptr, nullptr, row_ptr.data(), nullptr};
  second.tensors().lists = {nullptr, relabelled.data(), nullptr, nullptr, row_ptr.data(), nullptr};
  execute(first);
  execute(second);
  const auto [o, lse] = distance(first, second);
  EXPECT_LT(o, 2e-6);
  EXPECT_LT(lse, 2e-6);
}

TEST_P(Identities, TwoDisjointMasksMergedByLseAreTheirUnion) {
  Problem problem = base();
  problem.mask = {MaskKind::boolean, DType::boolean, 1, 1, 65, 200};
  Workload left(problem, {}), right(problem, {}), both(problem, {});
  const auto mask_of = [](Workload& work) { return static_cast<uint8_t*>(const_cast<void*>(work.tensors().mask.data)); };
  for (int64_t n = 0; n < 65 * 200; ++n) {
    // Row 0 is empty in `left`, row 1 in both.
    const int64_t row = n / 200, kind = row == 1 ? 3 : row == 0 ? 1 + n % 2 : n * 7919 % 4;
    mask_of(left)[n] = kind == 0;
    mask_of(right)[n] = kind == 1;
    mask_of(both)[n] = kind <= 1;
  }
  execute(left);
  execute(right);
  execute(both);
  double worst = 0, worst_lse = 0;
  each_output(problem, [&](int64_t b, int64_t h, int64_t i, int64_t d) {
    const double l = left.lse(b, h, i), r = right.lse(b, h, i), top = std::max(l, r);
    const double merged = std::isinf(top) ? top : top + std::log(std::exp(l - top) + std::exp(r - top));
    if (std::isinf(merged)) {
      EXPECT_EQ(both.lse(b, h, i), merged);
      EXPECT_EQ(both.get(both.tensors().o, b, h, i, d), 0.0F);
      return;
    }
    const double o = std::exp(l - merged) * static_cast<double>(left.get(left.tensors().o, b, h, i, d)) +
                     std::exp(r - merged) * static_cast<double>(right.get(right.tensors().o, b, h, i, d));
    worst = std::max(worst, std::fabs(o - static_cast<double>(both.get(both.tensors().o, b, h, i, d))));
    worst_lse = std::max(worst_lse, std::fabs(merged - static_cast<double>(both.lse(b, h, i))));
  });
  EXPECT_LT(worst, 3e-6);
  EXPECT_LT(worst_lse, 3e-6);
}

TEST_P(Identities, ConstantAddedToAllKeysChangesNothing) {
  Workload plain(base(), {}), shifted(base(), {});
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t h = 0; h < 2; ++h) {
      for (int64_t j = 0; j < 200; ++j) {
        for (int64_t d = 0; d < 64; ++d) {
          const float constant = static_cast<float>(d % 5) - 2;
          shifted.set(shifted.tensors().k, b, h, j, d, plain.get(plain.tensors().k, b, h, j, d) + constant);
        }
      }
    }
  }
  execute(plain);
  execute(shifted);
  EXPECT_LT(distance(plain, shifted).first, 1e-5);
}

TEST_P(Identities, DoubledValuesDoubleTheOutputExactly) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    Problem problem = base();
    problem.dtype = dtype;
    Workload once(problem, {}), twice(problem, {});
    for (int64_t b = 0; b < 2; ++b) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t j = 0; j < 200; ++j) {
          for (int64_t d = 0; d < 64; ++d) {
            twice.set(twice.tensors().v, b, h, j, d, 2 * once.get(once.tensors().v, b, h, j, d));
          }
        }
      }
    }
    execute(once);
    execute(twice);
    int64_t different = 0;
    each_output(problem, [&](int64_t b, int64_t h, int64_t i, int64_t d) {
      const float x = once.get(once.tensors().o, b, h, i, d);
      // A power of two commutes with every rounding above the subnormals.
      if (std::fabs(x) > 1e-4F && 2 * x != twice.get(twice.tensors().o, b, h, i, d)) ++different;
    });
    EXPECT_EQ(different, 0) << name(dtype);
  }
}

TEST_P(Identities, CausalGivenAsAMaskIsCausal) {
  for (const Alignment alignment : {Alignment::top_left, Alignment::bottom_right}) {
    Problem causal = base();
    causal.causal = true;
    causal.alignment = alignment;
    Workload direct(causal, {});
    execute(direct);
    Problem with_mask = base();
    with_mask.mask = {MaskKind::additive, DType::f32, 1, 1, 65, 200};
    Workload masked(with_mask, {});
    auto* mask = static_cast<float*>(const_cast<void*>(masked.tensors().mask.data));
    const int64_t shift = alignment == Alignment::top_left ? 0 : 135;
    for (int64_t n = 0; n < 65 * 200; ++n) mask[n] = n % 200 <= n / 200 + shift ? 0.0F : -INFINITY;
    execute(masked);
    const auto [o, lse] = distance(direct, masked);
    EXPECT_LT(o, 2e-6);
    EXPECT_LT(lse, 2e-6);
  }
}

TEST_P(Identities, RunsAreDeterministic) {
  Problem problem = base();
  problem.seqlen_q = 1;
  problem.seqlen_kv = 3000;
  Workload work(problem, {});
  execute(work);
  const float first = work.get(work.tensors().o, 1, 3, 0, 7);
  for (int n = 0; n < 20; ++n) {
    execute(work);
    ASSERT_EQ(work.get(work.tensors().o, 1, 3, 0, 7), first);
  }
}

}  // namespace
}  // namespace attune::test
