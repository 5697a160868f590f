// The floors of quantized accuracy, on data with the statistics of real models: what each request must reach, which order
// the requests must stand in, and that the errors are those of the formats and not smaller.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/accuracy/page.hpp"
#include "cli/accuracy/study.hpp"
#include "cli/accuracy/tables.hpp"
#include "common/files.hpp"

namespace attune::cli {
namespace {

using tuner::quantized::ErrorMetrics;
using tuner::quantized::SinkRule;

class Accuracy : public testing::Test {
 protected:
  static ThreadPool& pool() {
    static ThreadPool shared(2);
    return shared;
  }
  static Study study(const std::string& name, StudySize size = {512, 2, 0, DType::f16, 1}) {
    for (const DataSet& data : data_sets()) {
      if (data.name != name) continue;
      auto made = Study::make(data, size, pool());
      EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message());
      return *std::move(made);
    }
    ADD_FAILURE() << "no data " << name;
    std::abort();
  }
  static ErrorMetrics measure(const Study& study, const std::string& request, SinkRule rule = SinkRule::apart) {
    const auto parsed = parse_quantization(request);
    EXPECT_TRUE(parsed.ok()) << request;
    const auto metrics = study.measure({request, "", *parsed, rule, false}, pool());
    EXPECT_TRUE(metrics.ok()) << request;
    return metrics.ok() ? *metrics : ErrorMetrics{0, 9, 9};
  }
};

// N(0,1) with head dims 64 and 128; the published floors and, from below, what ideal arithmetic loses.
TEST_F(Accuracy, FloorsOnNormal) {
  for (const int64_t head_dim : {64, 128}) {
    const Study normal = study("normal", {512, 2, head_dim, DType::f16, 1});
    for (const std::string request : {"sage1", "int8,k-mean", "int8,k-mean,acc-f16"}) {
      const ErrorMetrics m = measure(normal, request);
      EXPECT_GT(m.cosine, 0.9995) << request;
      EXPECT_LT(m.relative_l1, 0.03) << request;
      EXPECT_GT(m.relative_l1, 0.005) << request << " quantizes less than it says";
    }
    for (const std::string request : {"sage2-8b", "sage2++", "sage2-8b,block", "sage2-8b,token"}) {
      const ErrorMetrics m = measure(normal, request);
      EXPECT_GT(m.cosine, 0.999) << request;
      EXPECT_LT(m.relative_l1, 0.05) << request;
      EXPECT_GT(m.relative_l1, 0.03) << request << " quantizes less than it says";
    }
    const ErrorMetrics int4 = measure(normal, "sage2-4b");
    EXPECT_GT(int4.cosine, 0.96);
    EXPECT_LT(int4.cosine, 0.99) << "int4 of N(0,1) cannot be this good";
    const ErrorMetrics fp8 = measure(normal, "e4m3,tensor,pv-e4m3");
    EXPECT_LT(fp8.relative_l1, 0.07);
    EXPECT_GT(fp8.relative_l1, 0.04);
  }
}

TEST_F(Accuracy, AKMeanOnNormalCostsNothing) {
  Problem p;
  // The shift is added here, so that the data is N(0,1) with a mean key, whatever the generators do.
  p.seqlen_q = p.seqlen_kv = 256;
  p.head_dim_qk = p.head_dim_v = 64;
  const GroupSample group = normal_group(p, false, 3, 0, 0);
  const auto matrix = [](const HeadSample& head) {
    tuner::quantized::Matrix m(head.rows, head.channels);
    m.values = head.values;
    return m;
  };
  tuner::quantized::HeadTensors head{matrix(group.q[0]), matrix(group.k), matrix(group.v)};
  tuner::quantized::ScoreRules rules;
  rules.softmax_scale = 0.125F;
  const auto run = [&](const char* request) {
    return tuner::quantized::model_matrices(head, DType::f16, *parse_quantization(request), rules, {}, &pool())->o.values;
  };
  const auto exact = run("none");
  for (int64_t n = 0; n < 256; ++n) {
    for (int64_t c = 0; c < 64; ++c) head.k.row(n)[c] += c % 7 == 0 ? 12.0F : 1.0F;
  }
  const std::vector<double> reference(exact.begin(), exact.end());
  const auto error = [&](const char* request) {
    tuner::quantized::ErrorSum sum;
    sum.add(reference, run(request));
    return sum.metrics().relative_l1;
  };
  EXPECT_LT(error("int8,k-mean"), 0.03);
  EXPECT_GT(error("int8"), 2 * error("int8,k-mean"));
  EXPECT_LT(error("sage2-8b"), 0.05);
}

TEST_F(Accuracy, FloorsOnLlm) {
  for (const char* data : {"llm-mild", "llm-sink"}) {
    const Study llm = study(data);
    for (const std::string request : {"sage2-8b", "sage2++", "sage2-8b,k-sink"}) {
      const ErrorMetrics m = measure(llm, request);
      EXPECT_GT(m.cosine, 0.9985) << data << " " << request;
      EXPECT_LT(m.relative_l1, 0.045) << data << " " << request;
    }
    const ErrorMetrics sage1 = measure(llm, "sage1");
    EXPECT_GT(sage1.cosine, 0.9995) << data;
    EXPECT_LT(sage1.relative_l1, 0.03) << data;
  }
}

TEST_F(Accuracy, Int4NeedsBothSmoothingsOnDit) {
  for (const char* data : {"dit", "dit-no-v-bias", "dit-hard", "dit-hard-no-v-bias"}) {
    const Study dit = study(data, {512, 2, 0, DType::f16, 2});
    const double none = measure(dit, "sage2-4b,k-none,q-none").relative_l1, k = measure(dit, "sage2-4b,q-none").relative_l1,
                 q = measure(dit, "sage2-4b,k-none").relative_l1;
    const ErrorMetrics both = measure(dit, "sage2-4b");
    EXPECT_GT(none, 1.3 * k) << data;
    EXPECT_GT(none, 1.3 * q) << data;
    EXPECT_GT(k, 1.3 * both.relative_l1) << data;
    EXPECT_GT(both.cosine, 0.99) << data;
    EXPECT_LT(both.relative_l1, 0.09) << data;
  }
}

TEST_F(Accuracy, FinerScalesLoseLess) {
  for (const char* data : {"dit", "dit-no-v-bias", "llm-sink", "normal"}) {
    const Study study_of = study(data);
    const double tensor = measure(study_of, "sage2-4b,tensor").relative_l1,
                 block = measure(study_of, "sage2-4b,block").relative_l1, thread = measure(study_of, "sage2-4b").relative_l1,
                 token = measure(study_of, "sage2-4b,token").relative_l1;
    EXPECT_GT(tensor, block) << data;
    EXPECT_GT(block, thread) << data;
    // Threads stand between: nearer to tokens than tensors are by far.
    EXPECT_LT(token, 1.02 * thread) << data;
    EXPECT_LT(thread - token, 0.75 * (tensor - token)) << data;
  }
}

// Sinks scored apart win where there is a sink, alone and with Q smoothed, and change nothing where there is none.
TEST_F(Accuracy, SinksScoredApartWinOnLlmAndLoseNowhere) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    for (const char* data : {"llm-mild", "llm-sink"}) {
      const Study llm = study(data, {512, 2, 0, DType::f16, seed});
      EXPECT_LT(measure(llm, "sage2-4b,k-sink").relative_l1, 0.8 * measure(llm, "sage2-4b").relative_l1) << data << seed;
      EXPECT_LT(measure(llm, "sage2-4b,k-sink,q-none").relative_l1, 0.8 * measure(llm, "sage2-4b,q-none").relative_l1);
      EXPECT_LT(measure(llm, "sage2-8b,k-sink").relative_l1, measure(llm, "sage2-8b").relative_l1);
      EXPECT_LT(measure(llm, "sage2-4b,k-sink").relative_l1,
                measure(llm, "sage2-4b,k-sink", SinkRule::first_block).relative_l1);
    }
  }
  for (const char* data : {"dit", "dit-hard", "normal", "fa3"}) {
    const Study other = study(data);
    EXPECT_EQ(measure(other, "sage2-4b,k-sink").relative_l1, measure(other, "sage2-4b").relative_l1) << data;
  }
}

// int8 with finer scales against fp8 of whole tensors, on outliers: SageAttention's case against FlashAttention-3's fp8.
TEST_F(Accuracy, OutliersCostTensorFp8More) {
  const Study fa3 = study("fa3", {2048, 1, 0, DType::f16, 1});
  const double tensor = measure(fa3, "e4m3,tensor,pv-e4m3").rmse;
  EXPECT_LT(measure(fa3, "sage2-8b").rmse, 0.7 * tensor);
  EXPECT_LT(measure(fa3, "e4m3,token,pv-e4m3").rmse, 0.7 * tensor);
  EXPECT_LT(measure(fa3, "e4m3,pv-e4m3").rmse, 0.8 * tensor);
}

// A sink has a small value as well as a small key: less the mean value it is the outlier, and it has most of the
// probability.
TEST_F(Accuracy, SmoothingVWinsOnBiasAndLosesOnSinks) {
  const Study dit = study("dit"), llm = study("llm-sink");
  EXPECT_LT(measure(dit, "sage2-8b,v-mean").relative_l1, 0.8 * measure(dit, "sage2-8b").relative_l1);
  EXPECT_GT(measure(llm, "sage2-8b,v-mean").relative_l1, 1.5 * measure(llm, "sage2-8b").relative_l1);
}

TEST_F(Accuracy, F16SumsLoseNothingAgainstF32) {
  for (const char* data : {"normal", "llm-sink", "dit-no-v-bias"}) {
    const Study any = study(data);
    EXPECT_LT(measure(any, "sage2++").relative_l1, 1.03 * measure(any, "sage2-8b").relative_l1) << data;
    EXPECT_LT(measure(any, "int8,k-mean,acc-f16").relative_l1, 1.1 * measure(any, "int8,k-mean").relative_l1) << data;
  }
}

TEST_F(Accuracy, LseHasTheSmoothingCorrection) {
  for (const char* data : {"dit", "llm-sink"}) {
    const Study any = study(data, {256, 1, 0, DType::f16, 1});
    for (const char* request : {"sage2-8b", "sage2-8b,k-sink", "sage2-8b,token,q-mean"}) {
      const auto error = any.lse_error({request, "", *parse_quantization(request), SinkRule::apart, false}, pool());
      ASSERT_TRUE(error.ok());
      EXPECT_LT(*error, 0.2) << data << " " << request;
    }
  }
}

TEST_F(Accuracy, EveryTableCanBeMeasured) {
  AccuracyRun run({96, 1, 16, DType::bf16, 1}, pool(), nullptr);
  const auto measured = run.measure(accuracy_tables());
  ASSERT_TRUE(measured.ok()) << measured.error().message();
  const std::string page = accuracy_page(*measured, {96, 1, 16, DType::bf16, 1}, "today, here"),
                    text = accuracy_text(*measured);
  for (const MeasuredTable& table : *measured) {
    EXPECT_THAT(page, testing::HasSubstr("## " + table.table.title));
    EXPECT_THAT(text, testing::HasSubstr(table.table.name + ": "));
    ASSERT_EQ(table.metrics.size(), table.table.rows.size());
    for (const auto& row : table.metrics) {
      ASSERT_EQ(row.size(), table.table.data.size());
      for (const ErrorMetrics& m : row) {
        EXPECT_GT(m.cosine, 0.3);
        EXPECT_GT(m.relative_l1, 0);
      }
    }
  }
}

// The page in docs/ has the numbers that the program computes: one table of it, measured again.
TEST_F(Accuracy, ThePageHoldsWhatIsMeasured) {
  const auto page = read_file(ATTUNE_SOURCE_DIR "/docs/accuracy.md");
  ASSERT_TRUE(page.ok()) << page.error().message();
  for (const AccuracyTable& table : accuracy_tables()) {
    EXPECT_THAT(*page, testing::HasSubstr("## " + table.title)) << "run: attune accuracy --markdown > docs/accuracy.md";
    if (table.name != "synthetic") continue;
    AccuracyRun run({}, pool(), nullptr);
    const auto measured = run.measure({table});
    ASSERT_TRUE(measured.ok());
    for (const auto& row : measured->front().metrics) {
      // The last digits are the C library's.
      const std::string cell = metrics_text(row.front());
      EXPECT_THAT(*page, testing::HasSubstr(cell.substr(0, cell.size() - 5))) << "run: attune accuracy --markdown";
    }
  }
}

}  // namespace
}  // namespace attune::cli
