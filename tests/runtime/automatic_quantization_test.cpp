// The quantization `sage`: times decide where there are any to compare, arithmetic elsewhere, and the plan says which.
#include "runtime/automatic_quantization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/runtime/fixture.hpp"

namespace attune::runtime {
namespace {

using test::fill_config;
using test::fill_problem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DeviceClass sm_89() {
  DeviceClass device;
  device.kind = "cuda";
  device.arch = "sm_89";
  device.compute_units = 128;
  return device;
}

Problem asking(int64_t seqlen, const std::string& quantization = "sage") {
  Problem p = fill_problem(seqlen, 16);
  p.seqlen_kv = seqlen;
  p.head_dim_qk = p.head_dim_v = 128;
  p.dtype = DType::f16;
  p.quantization = quantization;
  return p;
}

cache::StoredRecord timed(const Problem& problem, double ms, const std::string& regime = "cold", int64_t value = 1) {
  cache::StoredRecord stored;
  stored.record.problem = to_json(problem);
  stored.record.config = fill_config(value).to_json();
  stored.record.status = "ok";
  stored.record.validated = true;
  stored.record.statistics.median_ms = ms;
  stored.record.cache_regime = regime;
  stored.record.measured_unix_ms = 1;
  return stored;
}

std::vector<Alternative> alternatives(int64_t seqlen, const std::map<std::string, double>& ms = {}) {
  std::vector<Alternative> all;
  for (const Problem& problem : quantization_alternatives(asking(seqlen))) {
    all.push_back({problem, {}});
    if (const auto found = ms.find(problem.quantization); found != ms.end()) {
      all.back().records.push_back(timed(problem, found->second));
    }
  }
  return all;
}

std::vector<std::string> names(const RankedAlternatives& ranked, const std::vector<Alternative>& all) {
  std::vector<std::string> out;
  for (const size_t at : ranked.order) out.push_back(all[at].problem.quantization);
  return out;
}

TEST(AutomaticQuantization, AlternativesAreTheCandidatesAndNone) {
  std::vector<std::string> texts;
  for (const Problem& problem : quantization_alternatives(asking(100))) {
    texts.push_back(problem.quantization);
    EXPECT_EQ(problem.seqlen_q, 100);
    EXPECT_FALSE(asks_for_choice(problem));
  }
  EXPECT_THAT(texts, ElementsAre("sage2-4b", "sage2++", "sage2-8b", "sage1", "none"));
  EXPECT_TRUE(asks_for_choice(asking(1)));
}

TEST(AutomaticQuantization, WithoutRecordsTheEstimateDecides) {
  const auto lengthy = alternatives(32768), brief = alternatives(64);
  const RankedAlternatives pays = rank_alternatives(asking(32768), lengthy, sm_89());
  EXPECT_EQ(names(pays, lengthy).front(), "sage2++");
  EXPECT_THAT(pays.why, HasSubstr("estimated from peak rates"));
  const RankedAlternatives does_not = rank_alternatives(asking(64), brief, sm_89());
  EXPECT_EQ(names(does_not, brief).front(), "none");
  EXPECT_THAT(does_not.why, HasSubstr("below break-even, unquantized"));
}

TEST(AutomaticQuantization, TimesOverruleTheEstimate) {
  const auto all = alternatives(64, {{"sage1", 1.0}, {"sage2-8b", 0.8}, {"none", 2.0}});
  const RankedAlternatives ranked = rank_alternatives(asking(64), all, sm_89());
  EXPECT_THAT(names(ranked, all), ElementsAre("sage2-8b", "sage1", "none", "sage2-4b", "sage2++"));
  EXPECT_EQ(ranked.why,
            "sage2-8b: fastest of those measured on this shape (sage2-8b 0.8 ms, sage1 1 ms, none 2 ms, cold cache)");
}

TEST(AutomaticQuantization, QuantizedMustBeFasterByTheMargin) {
  const auto near = alternatives(32768, {{"sage2-8b", 0.985}, {"none", 1.0}});
  EXPECT_EQ(names(rank_alternatives(asking(32768), near, sm_89()), near).front(), "none");
  const auto ahead = alternatives(32768, {{"sage2-8b", 0.97}, {"none", 1.0}});
  EXPECT_EQ(names(rank_alternatives(asking(32768), ahead, sm_89()), ahead).front(), "sage2-8b");
}

TEST(AutomaticQuantization, OneTimeAloneComparesWithNothing) {
  const auto all = alternatives(64, {{"sage1", 0.1}});
  const RankedAlternatives ranked = rank_alternatives(asking(64), all, sm_89());
  EXPECT_EQ(names(ranked, all).front(), "none");
  EXPECT_THAT(ranked.notes, ElementsAre(HasSubstr("only sage1 was measured on this shape")));
}

TEST(AutomaticQuantization, OtherShapesRegimesAndFailuresDoNotMix) {
  // This shape: sage1 in cold, none in hot; another shape of the bucket has both in one regime.
  auto all = alternatives(64);
  const auto at = [&](const std::string& text) -> Alternative& {
    return *std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.problem.quantization == text; });
  };
  at("sage1").records.push_back(timed(asking(64, "sage1"), 0.1));
  at("none").records.push_back(timed(asking(64, "none"), 1, "hot"));
  EXPECT_EQ(names(rank_alternatives(asking(64), all, sm_89()), all).front(), "none");

  at("sage2-8b").records.push_back(timed(asking(65, "sage2-8b"), 0.5));
  at("none").records.push_back(timed(asking(65, "none"), 1));
  const RankedAlternatives other = rank_alternatives(asking(64), all, sm_89());
  EXPECT_EQ(names(other, all).front(), "sage2-8b");
  EXPECT_THAT(other.why, HasSubstr("another shape of the bucket"));

  // The latest measurement of its config failed: it is fast and wrong.
  cache::StoredRecord failed = timed(asking(65, "sage2-8b"), 0.5);
  failed.record.status = "validation_failed";
  failed.record.validated = false;
  failed.record.measured_unix_ms = 2;
  at("sage2-8b").records.push_back(failed);
  EXPECT_EQ(names(rank_alternatives(asking(64), all, sm_89()), all).front(), "none");
  // This shape itself comes before any other.
  at("none").records.push_back(timed(asking(64, "none"), 1));
  const RankedAlternatives exact = rank_alternatives(asking(64), all, sm_89());
  EXPECT_EQ(names(exact, all).front(), "sage1");
  EXPECT_THAT(exact.why, HasSubstr("on this shape"));
}

class SagePlans : public test::FakeContext {
 protected:
  static Problem problem(const std::string& quantization) {
    Problem p = fill_problem(20);
    p.quantization = quantization;
    return p;
  }
};

TEST_F(SagePlans, WithoutPresetsItIsUnquantizedAndSaysSo) {
  const PlanPtr plan = find(problem("sage"));
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->problem, problem("none"));
  EXPECT_EQ(plan->provenance.quantization, "unquantized: no family has one of the presets on this device");
  EXPECT_THAT(plan->provenance.notes, Contains(HasSubstr("quantization sage2-8b passed over: fill: quantization sage2-8b")));
}

TEST_F(SagePlans, RecordsDecideAndThePlanIsKeptForTheQuestion) {
  family_.quantizations = {"sage1", "sage2-8b"};
  EXPECT_EQ(find(problem("sage"))->problem.quantization, "none");
  EXPECT_THAT(find(problem("sage"))->provenance.quantization, HasSubstr("below break-even"));
  EXPECT_EQ(context_->stats().plan_hits, 1);

  add(record(problem("sage1"), fill_config(2), 1.0));
  add(record(problem("sage2-8b"), fill_config(4), 0.5));
  add(record(problem("none"), fill_config(8), 3.0));
  context_->forget_plans();
  const PlanPtr plan = find(problem("sage"));
  EXPECT_EQ(plan->problem.quantization, "sage2-8b");
  EXPECT_EQ(plan->config, fill_config(4));
  EXPECT_EQ(plan->provenance.origin, Origin::exact_record);
  EXPECT_THAT(plan->provenance.quantization, HasSubstr("sage2-8b: fastest of those measured"));
  EXPECT_EQ(find(problem("sage")), plan);
  // The preset itself is another question, with the same answer.
  EXPECT_EQ(find(problem("sage2-8b"))->config, fill_config(4));
  EXPECT_TRUE(find(problem("sage2-8b"))->provenance.quantization.empty());
  EXPECT_EQ(context_->alternatives(problem("sage"))->front().quantization, "sage2-8b");
  EXPECT_EQ(context_->alternatives(problem("sage"))->size(), 3U);
  EXPECT_EQ(context_->alternatives(problem("sage1"))->size(), 1U);

  // tune_if_missing is content once all three are known, and not before.
  int tunings = 0;
  context_->set_tuner([&](Context&, const Problem& asked) -> Result<void> {
    EXPECT_EQ(asked.quantization, "sage");
    ++tunings;
    return {};
  });
  find(problem("sage"), Policy::tune_if_missing);
  EXPECT_EQ(tunings, 0);
  family_.quantizations.insert("sage2++");
  context_->forget_plans();
  find(problem("sage"), Policy::tune_if_missing);
  EXPECT_EQ(tunings, 1);
}

TEST_F(SagePlans, WhatDoesNotCompileIsPassedOver) {
  // Only what is not quantized compiles.
  struct Mixed : test::FillFamily {
    Result<Source> emit(const Spec& spec, const Config& config) const override {
      auto source = FillFamily::emit(spec, config);
      if (spec.values().contains("quantization")) source->text += "this is not IR\n";
      return source;
    }
  } mixed;
  mixed.quantizations = {"sage1"};
  auto device = std::make_unique<test::FakeDevice>();
  ContextOptions options;
  options.families = {&mixed};
  auto context = Context::create_with(std::move(device), options);
  ASSERT_TRUE(context.ok());
  for (const auto& [text, ms] : std::vector<std::pair<std::string, double>>{{"sage1", 1.0}, {"none", 2.0}}) {
    cache::Record good = record(problem(text), fill_config(2), ms);
    good.key = (*context)->tuning_key(mixed, problem(text));
    ASSERT_TRUE((*context)->records().add(good).ok());
  }
  const auto plan = (*context)->find(problem("sage"), Policy::compile);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ((*plan)->problem.quantization, "none");
  EXPECT_EQ((*plan)->provenance.quantization, "none: the next best, see the notes");
  EXPECT_THAT((*plan)->provenance.notes, Contains(HasSubstr("quantization sage1 (sage1: fastest of those measured")));
}

TEST_F(SagePlans, NoConfigIsOfAllKernels) {
  family_.quantizations = {"sage1", "sage"};
  const auto refused = context_->plan_with(family_, problem("sage"), fill_config(1));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("Give one of its presets, or none."));
}

TEST_F(SagePlans, NothingSupportsItAndTheFamiliesSayWhy) {
  Problem p = problem("sage");
  p.dtype = DType::bf16;
  const auto refused = context_->find(p, Policy::compile);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("dtype is not fp32"));
}

}  // namespace
}  // namespace attune::runtime
