// What decides whether a quantized kernel is right: the model's own result passes, and everything else it must not have
// does not.
#include "tuner/model_reference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "generator/dtype_codec.hpp"
#include "tests/reference/workload.hpp"

namespace attune::test {
namespace {

using testing::HasSubstr;

QuantizedSchedule split_in_two() {
  QuantizedSchedule schedule;
  schedule.key_tile = 64;
  schedule.row_block = 16;
  schedule.splits = 2;
  return schedule;
}

Problem base(const std::string& quantization) {
  Problem p;
  p.batch = 2;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.seqlen_q = 33;
  p.seqlen_kv = 150;
  p.head_dim_qk = 24;
  p.head_dim_v = 16;
  p.dtype = DType::f16;
  p.want_lse = true;
  p.quantization = quantization;
  return p;
}

// Writes the model's result as a kernel would; of another request, as a kernel would that does not do what it says.
void compute(Workload& work, const QuantizedSchedule& schedule, const std::string& done = {}) {
  const Problem& p = work.problem();
  const Quantization request = *parse_quantization(done.empty() ? p.quantization : done);
  tuner::quantized::ModelOptions options;
  options.schedule = schedule;
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t h = 0; h < p.heads_q; ++h) {
      const auto out = tuner::quantized::model_head(p, work.tensors(), request, options, b, h, nullptr);
      ASSERT_TRUE(out.ok());
      const tuner::Lengths lengths = tuner::lengths_of(p, work.tensors(), b);
      for (int64_t i = 0; i < lengths.q; ++i) {
        const int64_t row = lengths.first_q + i;
        for (int64_t d = 0; d < p.head_dim_v; ++d) {
          work.set(work.tensors().o, p.varlen ? 0 : b, h, row, d, out->o.row(i)[d]);
        }
        const int64_t at = (p.varlen ? 0 : b * work.tensors().lse_stride_batch) + h * work.tensors().lse_stride_head + row;
        work.tensors().lse[at] = out->lse[static_cast<size_t>(i)];
      }
    }
  }
}

tuner::Accuracy check(const Workload& work, const QuantizedSchedule& schedule, int64_t rows = 0) {
  auto accuracy = tuner::check_against_model(work.problem(), work.tensors(), schedule, rows, 1);
  EXPECT_TRUE(accuracy.ok()) << (accuracy.ok() ? "" : accuracy.error().message());
  return accuracy.ok() ? *accuracy : tuner::Accuracy{};
}

TEST(ModelReference, TheModelsOwnResultPasses) {
  for (const std::string request : {"sage2-8b", "sage2-4b", "sage1", "pv-int8"}) {
    Problem p = base(request);
    Workload dense(p, {});
    compute(dense, split_in_two());
    const tuner::Accuracy accuracy = check(dense, split_in_two());
    EXPECT_TRUE(accuracy.passed()) << accuracy.to_text();
    EXPECT_EQ(accuracy.relative_l1, 0) << request;
    EXPECT_EQ(accuracy.rows_checked, 2 * 4 * 33);

    p.varlen = p.causal = true;
    p.total_q = 50;
    p.total_kv = 190;
    Workload packed(p, {3, Values::llm, Strides::shuffled, true, false});
    compute(packed, {});
    EXPECT_TRUE(check(packed, {}).passed()) << check(packed, {}).to_text();
  }
}

struct Fault {
  std::string name, words;
  std::function<void(Workload&)> apply;
};

TEST(ModelReference, WrongResultsDoNotPass) {
  const auto o = [](Workload& work) -> const TensorView& { return work.tensors().o; };
  const std::vector<Fault> faults = {
      {"one row of zeros", "a row is off",
       [&](Workload& work) {
         for (int64_t d = 0; d < 16; ++d) work.set(o(work), 1, 2, 7, d, 0);
       }},
      {"all a little off", "relative L1",
       [&](Workload& work) {
         for (int64_t b = 0; b < 2; ++b) {
           for (int64_t h = 0; h < 4; ++h) {
             for (int64_t i = 0; i < 33; ++i) {
               for (int64_t d = 0; d < 16; ++d) work.set(o(work), b, h, i, d, 1.004F * work.get(o(work), b, h, i, d));
             }
           }
         }
       }},
      {"one NaN", "where the model has", [&](Workload& work) { work.set(o(work), 0, 3, 32, 15, std::nanf("")); }},
      {"a number where there is no key", "where the model has",
       [&](Workload& work) { work.set(o(work), 0, 0, 0, 0, 0.001F); }},
      {"a number where a NaN is due", "where the model has", [&](Workload& work) { work.set(o(work), 1, 0, 32, 3, 1); }},
      {"LSE without the smoothing correction", "LSE",
       [](Workload& work) {
         for (int64_t i = 0; i < 33; ++i) work.tensors().lse[work.tensors().lse_stride_batch + i] += 0.1F;
       }},
      {"LSE of one row", "LSE", [](Workload& work) { work.tensors().lse[20] += 1; }},
      {"LSE of an empty row", "LSE", [](Workload& work) { work.tensors().lse[0] = -1e30F; }},
  };
  for (const Fault& fault : faults) {
    Problem p = base("sage2-8b");
    // The first rows of the first element see no key.
    p.causal = p.kv_lengths = true;
    p.alignment = Alignment::bottom_right;
    Workload work(p, {});
    auto* lengths = const_cast<int32_t*>(work.tensors().kv_lengths);
    lengths[0] = 20;
    lengths[1] = 150;
    // The workload had other lengths, with NaN behind them.
    for (int64_t b = 0; b < 2; ++b) {
      for (int64_t h = 0; h < 2; ++h) {
        for (int64_t j = 0; j < lengths[b]; ++j) {
          for (int64_t d = 0; d < 24; ++d) {
            const auto value = static_cast<float>((j * 13 + d * 7 + h * 3 + b) % 17 - 8) / 4;
            work.set(work.tensors().k, b, h, j, d, value);
            if (d < 16) work.set(work.tensors().v, b, h, j, d, value / 2 + 1);
          }
        }
      }
    }
    work.set(work.tensors().v, 1, 0, 149, 3, std::nanf(""));
    compute(work, {});
    ASSERT_TRUE(check(work, {}).passed()) << check(work, {}).to_text();
    ASSERT_TRUE(std::isnan(work.get(o(work), 1, 0, 32, 3)));
    fault.apply(work);
    const tuner::Accuracy accuracy = check(work, {});
    EXPECT_FALSE(accuracy.passed()) << fault.name;
    EXPECT_THAT(accuracy.to_text(), HasSubstr(fault.words)) << fault.name;
  }
}

TEST(ModelReference, ResultsOfAnotherRequestDoNotPass) {
  Workload work(base("sage2-8b"), {});
  for (const std::string other : {"none", "sage1", "sage2++", "sage2-4b", "sage2-8b,token", "sage2-8b,k-none",
                                  "sage2-8b,q-mean", "sage2-8b,v-mean", "sage2-8b,scale-divided"}) {
    compute(work, {}, other);
    EXPECT_FALSE(check(work, {}).passed()) << other;
  }
  // Flushing and its absence differ in fp32's last bits alone.
  compute(work, {}, "sage2-8b,flush-0");
  EXPECT_TRUE(check(work, {}).passed());
}

TEST(ModelReference, AnotherScheduleIsAnotherResult) {
  Problem p = base("sage2-8b");
  Workload work(p, {});
  compute(work, split_in_two());
  EXPECT_TRUE(check(work, split_in_two()).passed());
  EXPECT_FALSE(check(work, {}).passed());
  // Both are kept: asking again gives what was answered before.
  const auto reference = tuner::ModelReference::create(p, work.tensors(), 12, 5);
  ASSERT_TRUE(reference.ok());
  for (int n = 0; n < 2; ++n) {
    EXPECT_TRUE((*reference)->check(work.tensors(), split_in_two())->passed());
    EXPECT_FALSE((*reference)->check(work.tensors(), {})->passed());
  }
}

TEST(ModelReference, SamplesFirstAndLastRowsOfAFewHeads) {
  Problem p = base("sage2-8b");
  p.heads_q = 12;
  p.seqlen_q = 200;
  Workload work(p, {});
  compute(work, {});
  EXPECT_EQ(check(work, {}, 24).rows_checked, 24);
  EXPECT_EQ(check(work, {}, 1).rows_checked, 2);
  for (const auto& [b, h, i] : std::vector<std::tuple<int64_t, int64_t, int64_t>>{{0, 0, 0}, {0, 0, 199}, {1, 11, 199}}) {
    const float before = work.get(work.tensors().o, b, h, i, 0);
    work.set(work.tensors().o, b, h, i, 0, before + 1);
    EXPECT_FALSE(check(work, {}, 24).passed()) << h << " " << i;
    work.set(work.tensors().o, b, h, i, 0, before);
  }
  EXPECT_TRUE(check(work, {}, 24).passed());
}

TEST(ModelReference, NothingToCompareWith) {
  for (const std::string request : {"none", "sage"}) {
    Workload work(base(request), {});
    const auto refused = tuner::check_against_model(work.problem(), work.tensors(), {}, 0, 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message(), HasSubstr("give a request such as sage2-8b"));
  }
  EXPECT_EQ(tuner::model_gate(*parse_quantization("sage2-8b")), 2e-3);
  EXPECT_EQ(tuner::model_gate(*parse_quantization("sage2++")), 5e-3);
}

}  // namespace
}  // namespace attune::test
