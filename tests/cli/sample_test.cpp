// Sample data has the statistics it claims, is seeded, and is laid out as asked.
#include "cli/sample/sample.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "cli/shapes/grammar.hpp"
#include "generator/dtype_codec.hpp"

namespace attune::cli {
namespace {

struct Moments {
  double deviation = 0, kurtosis = 0, mean_energy = 0, largest = 0, channels_above_3x = 0;
};

// Pooled over the heads: mean energy is the share of the squared values that the channel means hold.
Moments moments(const std::vector<const HeadSample*>& heads) {
  double count = 0, sum = 0, square = 0, fourth = 0, of_means = 0, largest = 0, outliers = 0;
  for (const HeadSample* head : heads) {
    std::vector<double> mean(static_cast<size_t>(head->channels)), top(mean.size());
    for (int64_t i = 0; i < head->rows; ++i) {
      for (int64_t c = 0; c < head->channels; ++c) {
        const double value = head->row(i)[c];
        mean[static_cast<size_t>(c)] += value / static_cast<double>(head->rows);
        top[static_cast<size_t>(c)] = std::max(top[static_cast<size_t>(c)], std::abs(value));
        sum += value;
        square += value * value;
        fourth += value * value * value * value;
        ++count;
      }
    }
    for (const double m : mean) of_means += m * m * static_cast<double>(head->rows);
    largest = std::max(largest, *std::max_element(top.begin(), top.end()));
    std::vector<double> sorted = top;
    std::sort(sorted.begin(), sorted.end());
    for (const double t : top) outliers += t > 3 * sorted[sorted.size() / 2] ? 1.0 / static_cast<double>(heads.size()) : 0;
  }
  const double variance = square / count - sum * sum / count / count;
  return {std::sqrt(variance), fourth / count / (variance * variance), of_means / square, largest, outliers};
}

TEST(Sample, LlmHasTheMeasuredStatistics) {
  const Problem p = *parse_shape("H16 S1024 D128");
  std::vector<GroupSample> groups;
  for (int64_t h = 0; h < 16; ++h) groups.push_back(llm_group(p, 0.85, 1, 0, h));
  std::vector<const HeadSample*> k, v;
  for (const GroupSample& group : groups) {
    k.push_back(&group.k);
    v.push_back(&group.v);
  }
  const Moments of_k = moments(k);
  EXPECT_NEAR(of_k.deviation, 1.6, 0.25);
  EXPECT_NEAR(of_k.mean_energy, 0.65, 0.1);
  EXPECT_NEAR(of_k.kurtosis, 18, 6);
  EXPECT_NEAR(of_k.largest, 17, 5);
  EXPECT_GE(of_k.channels_above_3x, 1);
  const Moments of_v = moments(v);
  EXPECT_NEAR(of_v.deviation, 0.33, 0.08);
  EXPECT_NEAR(of_v.mean_energy, 0.2, 0.1);
  EXPECT_LT(of_v.channels_above_3x, 0.5);
}

// Causal probability of token 0, averaged over the second half of the rows.
double sink_share(const GroupSample& group, double scale) {
  const HeadSample& q = group.q.front();
  const HeadSample& k = group.k;
  double total = 0;
  for (int64_t i = q.rows / 2; i < q.rows; ++i) {
    double sum = 0, first = 0;
    for (int64_t j = 0; j <= i; ++j) {
      const double logit = scale * std::inner_product(q.row(i), q.row(i) + q.channels, k.row(j), 0.0);
      if (j == 0) first = logit;
      sum += std::exp(logit - first);
    }
    total += 1 / sum;
  }
  return total / static_cast<double>(q.rows - q.rows / 2);
}

TEST(Sample, LlmSinkTakesItsShare) {
  const Problem p = *parse_shape("H1 S512 D128");
  for (const double wanted : {0.40, 0.85}) {
    double mean = 0;
    for (int64_t h = 0; h < 8; ++h) mean += sink_share(llm_group(p, wanted, 3, 0, h), p.scale()) / 8;
    EXPECT_NEAR(mean, wanted, 0.1);
  }
  const GroupSample group = llm_group(p, 0.85, 3, 0, 0);
  const auto norm = [&](int64_t i) {
    return std::sqrt(std::inner_product(group.k.row(i), group.k.row(i) + 128, group.k.row(i), 0.0));
  };
  double others = 0;
  for (int64_t i = 1; i < 512; ++i) others += norm(i) / 511;
  EXPECT_NEAR(norm(0) / others, 0.2, 0.01);
}

TEST(Sample, DitHasBiasedKeysAndValues) {
  const Problem p = *parse_shape("H1 S1024 D64");
  for (const double outlier : {14.0, 30.0}) {
    const GroupSample group = dit_group(p, outlier, true, 5, 0, 0);
    const Moments of_k = moments({&group.k});
    EXPECT_GT(of_k.mean_energy, 0.5);
    EXPECT_GT(of_k.largest, 0.6 * outlier);
    EXPECT_LT(of_k.largest, outlier + 8);
    const Moments of_v = moments({&group.v});
    EXPECT_GT(of_v.largest, 8);
    EXPECT_LT(of_v.largest, 12);
  }
}

TEST(Sample, NormalAndFa3) {
  const Problem p = *parse_shape("H1 S4096 D64");
  const GroupSample plain = normal_group(p, false, 7, 0, 0);
  const Moments of_plain = moments({&plain.k});
  EXPECT_NEAR(of_plain.deviation, 1, 0.01);
  EXPECT_NEAR(of_plain.kurtosis, 3, 0.1);
  const GroupSample fa3 = normal_group(p, true, 7, 0, 0);
  const Moments of_fa3 = moments({&fa3.k});
  EXPECT_NEAR(of_fa3.deviation, std::sqrt(1.1), 0.02);  // 1 + 100 / 1000
  EXPECT_GT(of_fa3.kurtosis, 10);
}

TEST(Sample, IsSeededAndLaidOutAsAsked) {
  const Problem bhsd = *parse_shape("B2 H4/2 S9x13 D16/8 bf16");
  Problem bshd = bhsd;
  bshd.layout = Layout::bshd;
  for (const char* kind : {"llm", "dit", "fa3", "normal"}) {
    const auto one = make_sample(bhsd, {kind, "", 11});
    const auto same = make_sample(bhsd, {kind, "", 11});
    const auto other = make_sample(bhsd, {kind, "", 12});
    const auto turned = make_sample(bshd, {kind, "", 11});
    ASSERT_TRUE(one.ok() && same.ok() && other.ok() && turned.ok());
    EXPECT_EQ(one->q.shape(), (std::vector<int64_t>{2, 4, 9, 16}));
    EXPECT_EQ(one->v.shape(), (std::vector<int64_t>{2, 2, 13, 8}));
    EXPECT_EQ(turned->k.shape(), (std::vector<int64_t>{2, 13, 2, 16}));
    EXPECT_EQ(count_non_finite(one->q) + count_non_finite(one->k) + count_non_finite(one->v), 0);
    const auto equal = [](const Array& a, const Array& b) {
      return std::memcmp(a.data(), b.data(), static_cast<size_t>(a.bytes())) == 0;
    };
    EXPECT_TRUE(equal(one->q, same->q) && equal(one->k, same->k) && equal(one->v, same->v)) << kind;
    EXPECT_FALSE(equal(one->q, other->q)) << kind;
    // Batch 1, head 1, key 5, channel 3 in both layouts.
    EXPECT_EQ(load_float(DType::bf16, one->k.data(), ((1 * 2 + 1) * 13 + 5) * 16 + 3),
              load_float(DType::bf16, turned->k.data(), ((1 * 13 + 5) * 2 + 1) * 16 + 3));
  }
}

TEST(Sample, RefusesUnknownKinds) {
  const Problem p = *parse_shape("H1 S4 D8");
  EXPECT_THAT(make_sample(p, {"gpt", "", 1}).error().message(), ::testing::HasSubstr("llm, dit, fa3 or normal"));
  EXPECT_THAT(make_sample(p, {"llm", "hard", 1}).error().message(), ::testing::HasSubstr("give sink, mild"));
}

TEST(Sample, SmallestShapes) {
  for (const char* text : {"H1 S1 D1", "H2/1 S1x1 D2", "H1 S3x0 D5/3", "H1 S1x2 D512"}) {
    for (const char* kind : {"llm", "dit", "fa3", "normal"}) {
      const auto sample = make_sample(*parse_shape(text), {kind, "", 1});
      ASSERT_TRUE(sample.ok()) << text << kind;
      EXPECT_EQ(count_non_finite(sample->q) + count_non_finite(sample->k) + count_non_finite(sample->v), 0) << text << kind;
    }
  }
}

}  // namespace
}  // namespace attune::cli
