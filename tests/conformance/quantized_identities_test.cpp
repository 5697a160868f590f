// What quantization must not change, and how much it may lose: against attention in double, through the kernels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

class QuantizedIdentities : public testing::TestWithParam<std::string> {
 protected:
  static Problem base(const std::string& request, DType dtype = DType::f16) {
    Problem p;
    p.heads_q = 2;
    p.heads_kv = 2;
    p.seqlen_q = 130;
    p.seqlen_kv = 200;
    p.head_dim_qk = p.head_dim_v = 64;
    p.dtype = dtype;
    p.want_lse = true;
    p.quantization = canonical(request);
    return p;
  }
  bool has(const std::string& request) const { return must_support(GetParam(), *parse_quantization(request)); }
  void execute(Workload& work) {
    work.seal();
    ASSERT_EQ(conformer(GetParam()).execute(work, std::nullopt), "");
  }
  template <class Visit>
  static void each_key(const Problem& p, int64_t columns, Visit visit) {
    for (int64_t h = 0; h < p.heads_kv; ++h) {
      for (int64_t j = 0; j < p.seqlen_kv; ++j) {
        for (int64_t d = 0; d < columns; ++d) visit(h, j, d);
      }
    }
  }
  template <class Visit>
  static void each_output(const Problem& p, Visit visit) {
    for (int64_t h = 0; h < p.heads_q; ++h) {
      for (int64_t i = 0; i < p.seqlen_q; ++i) {
        for (int64_t d = 0; d < p.head_dim_v; ++d) visit(h, i, d);
      }
    }
  }
};

std::string target_of(const testing::TestParamInfo<std::string>& test) { return test_name(test.param); }
INSTANTIATE_TEST_SUITE_P(Conformance, QuantizedIdentities, testing::ValuesIn(quantized_representatives()), target_of);

TEST_P(QuantizedIdentities, AConstantAddedToAllKeysChangesNothing) {
  for (const std::string request : {"sage1", "sage2-8b", "sage2-4b", "int8,token,k-sink"}) {
    if (!has(request)) continue;
    SCOPED_TRACE(request);
    // Halves of small integers: adding a constant is exact, and so are their sums.
    Workload plain(base(request), {}), shifted(base(request), {});
    each_key(plain.problem(), 64, [&](int64_t h, int64_t j, int64_t d) {
      const float key = static_cast<float>((j * 31 + d * 17 + h * 5 + j * d) % 23 - 11) / 2;
      plain.set(plain.tensors().k, 0, h, j, d, key);
      shifted.set(shifted.tensors().k, 0, h, j, d, key + static_cast<float>(d % 5) * 16 - 32);
    });
    execute(plain);
    execute(shifted);
    double error = 0, magnitude = 0, lse = 0;
    each_output(plain.problem(), [&](int64_t h, int64_t i, int64_t d) {
      const auto a = static_cast<double>(plain.get(plain.tensors().o, 0, h, i, d));
      error += std::fabs(a - static_cast<double>(shifted.get(shifted.tensors().o, 0, h, i, d)));
      magnitude += std::fabs(a);
      // The constant's product with the query is in the LSE of every row.
      double constant = 0;
      for (int64_t c = 0; c < 64; ++c) {
        constant += (static_cast<double>(c % 5) * 16 - 32) * static_cast<double>(plain.get(plain.tensors().q, 0, h, i, c));
      }
      const auto difference = static_cast<double>(shifted.lse(0, h, i)) - static_cast<double>(plain.lse(0, h, i));
      if (d == 0) lse = std::max(lse, std::fabs(difference - constant / 8));
    });
    EXPECT_LT(error, 1e-3 * magnitude);
    EXPECT_LT(lse, 1e-3);
  }
}

TEST_P(QuantizedIdentities, DoubledValuesDoubleTheOutputExactly) {
  for (const std::string request : {"sage1", "sage2-8b", "sage2++", "int8,k-mean,v-mean,acc-f16", "pv-int8"}) {
    if (!has(request)) continue;
    SCOPED_TRACE(request);
    Workload once(base(request), {}), twice(base(request), {});
    each_key(once.problem(), 64, [&](int64_t h, int64_t j, int64_t d) {
      // Away from fp16's subnormals, where doubling is not exact.
      const float value = once.get(once.tensors().v, 0, h, j, d) + 4;
      once.set(once.tensors().v, 0, h, j, d, value);
      twice.set(twice.tensors().v, 0, h, j, d, 2 * once.get(once.tensors().v, 0, h, j, d));
    });
    execute(once);
    execute(twice);
    each_output(once.problem(), [&](int64_t h, int64_t i, int64_t d) {
      ASSERT_EQ(2 * once.get(once.tensors().o, 0, h, i, d), twice.get(twice.tensors().o, 0, h, i, d));
    });
  }
}

TEST_P(QuantizedIdentities, LseIsTheSameWithAndWithoutSmoothing) {
  for (const Values values : {Values::normal, Values::dit}) {
    std::vector<Workload> runs;
    for (const std::string request : {"int8,token", "int8,token,k-mean", "int8,token,k-sink", "int8,token,k-mean,q-mean"}) {
      runs.emplace_back(base(request), WorkloadOptions{4, values, Strides::contiguous, false, false});
      execute(runs.back());
    }
    const Problem& p = runs.front().problem();
    for (size_t n = 1; n < runs.size(); ++n) {
      double sum = 0;
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t i = 0; i < p.seqlen_q; ++i) {
          sum += std::fabs(static_cast<double>(runs[n].lse(0, h, i)) - static_cast<double>(runs[1].lse(0, h, i)));
        }
      }
      EXPECT_LT(sum / static_cast<double>(2 * p.seqlen_q), 1e-2) << n << " " << name(values);
    }
  }
}

TEST_P(QuantizedIdentities, AllBlocksListedIsDense) {
  for (const std::string request : {"sage1", "int8,token,q-mean"}) {
    SCOPED_TRACE(request);
    Workload dense(base(request), {});
    execute(dense);
    for (const bool full : {true, false}) {
      Problem with_lists = dense.problem();
      with_lists.sparsity = {SparsityKind::padded_lists, 64, 64, full, !full, 1, 1, 4};
      Workload sparse(with_lists, {});
      const std::vector<int32_t> counts(3, 4), indices = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};
      sparse.tensors().lists = full ? BlockLists{counts.data(), indices.data(), nullptr, nullptr, nullptr, nullptr}
                                    : BlockLists{nullptr, nullptr, counts.data(), indices.data(), nullptr, nullptr};
      execute(sparse);
      double error = 0, magnitude = 0;
      each_output(dense.problem(), [&](int64_t h, int64_t i, int64_t d) {
        const auto a = static_cast<double>(dense.get(dense.tensors().o, 0, h, i, d));
        error += std::fabs(a - static_cast<double>(sparse.get(sparse.tensors().o, 0, h, i, d)));
        magnitude += std::fabs(a);
      });
      // P is rounded against the maximum so far, and tiles may differ.
      EXPECT_LT(error, 1e-2 * magnitude);
    }
  }
}

// ---- What may be lost: the floors of the papers, end to end

Problem measured(const std::string& request, int64_t head_dim) {
  Problem p;
  p.heads_q = p.heads_kv = 2;
  p.seqlen_q = 128;
  p.seqlen_kv = 512;
  p.head_dim_qk = p.head_dim_v = head_dim;
  p.dtype = DType::f16;
  p.quantization = canonical(request);
  return p;
}

// A mean that tells channels and heads apart; K is N(0,1) around it.
void add_a_mean_to_keys(Workload& work) {
  const Problem& p = work.problem();
  for (int64_t h = 0; h < p.heads_kv; ++h) {
    for (int64_t j = 0; j < p.seqlen_kv; ++j) {
      for (int64_t d = 0; d < p.head_dim_qk; ++d) {
        const float mean = 2 * std::sin(static_cast<float>(d * 7 + h));
        work.set(work.tensors().k, 0, h, j, d, work.get(work.tensors().k, 0, h, j, d) + mean);
      }
    }
  }
  work.seal();
}

TEST_P(QuantizedIdentities, FloorsOnNormalInputs) {
  struct Floor {
    std::string request;
    double cosine, relative_l1, at_least;
  };
  // `at_least`: a kernel that loses much less does not quantize what it says.
  for (const Floor& floor : std::vector<Floor>{{"int8,k-mean", 0.9995, 0.03, 0.003},
                                               {"sage1", 0.9995, 0.03, 0.003},
                                               {"sage2-8b", 0.999, 0.05, 0.02},
                                               {"sage2++", 0.999, 0.05, 0.02},
                                               {"sage2-4b", 0.96, 0.3, 0.1}}) {
    if (!has(floor.request)) continue;
    for (const int64_t head_dim : {64, 128}) {
      Workload work(measured(floor.request, head_dim), {9, Values::normal, Strides::contiguous, false, false});
      add_a_mean_to_keys(work);
      ASSERT_EQ(run_quantized(GetParam(), work), "") << floor.request;
      const Metrics metrics = metrics_against_double(work);
      EXPECT_GT(metrics.cosine, floor.cosine) << floor.request << " D" << head_dim;
      EXPECT_LT(metrics.relative_l1, floor.relative_l1) << floor.request << " D" << head_dim;
      EXPECT_GT(metrics.relative_l1, floor.at_least) << floor.request << " D" << head_dim;
    }
  }
}

TEST_P(QuantizedIdentities, FloorsOnDiffusionInputs) {
  if (!has("sage2-4b")) return;
  double cosine = 0, relative_l1 = 0, without = 0;
  for (const uint64_t seed : {1, 2}) {
    for (const std::string request : {"sage2-4b", "int4,pv-e4m3,flush-64"}) {
      Workload work(measured(request, 64), {seed, Values::dit, Strides::contiguous, false, false});
      ASSERT_EQ(run_quantized(GetParam(), work), "");
      const Metrics metrics = metrics_against_double(work);
      if (request == "sage2-4b") {
        cosine += metrics.cosine / 2;
        relative_l1 += metrics.relative_l1 / 2;
      } else {
        without += metrics.relative_l1 / 2;
      }
    }
  }
  EXPECT_GT(cosine, 0.99);
  EXPECT_LE(relative_l1, 0.09);
  EXPECT_GT(without, relative_l1);  // what smoothing is for
}

}  // namespace
}  // namespace attune::test
