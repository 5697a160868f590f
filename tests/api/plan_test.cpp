// Plans: policies, provenance, texts, source, life time; prepare; device facts.
#include <nlohmann/json.hpp>

#include "tests/api/helpers.hpp"

namespace attune_test {
namespace {

using testing::HasSubstr;

class Plans : public testing::Test {
 protected:
  ContextPtr context = make_context();
  attune_problem problem = make_problem(1, 2, 2, 16, 48, 32);
};

TEST_F(Plans, PoliciesAreKept) {
  attune_plan* none = nullptr;
  EXPECT_REFUSED(attune_find(context.get(), &problem, ATTUNE_CACHED_ONLY, nullptr, &none), ATTUNE_NOT_FOUND, "");
  EXPECT_EQ(none, nullptr);
  EXPECT_NE(find(context.get(), problem), nullptr);
  EXPECT_NE(find(context.get(), problem, ATTUNE_CACHED_ONLY), nullptr) << "compiled a moment ago";
  for (const int32_t policy : {-1, 4, 1000}) {
    EXPECT_REFUSED(attune_find(context.get(), &problem, policy, nullptr, &none), ATTUNE_INVALID_ARGUMENT, "policy");
  }
}

TEST_F(Plans, WithoutNvrtcAGpuGetsTheFamilyThatNeedsNone) {
  attune_context_options options = memory_options();
  options.device = "emulated:sm_80";
  options.nvrtc = "none";
  const ContextPtr emulated = make_context(options);
  const PlanPtr plan = find(emulated.get(), problem);
  attune_provenance why;
  why.struct_size = sizeof why;
  ASSERT_EQ(attune_plan_provenance(plan.get(), &why), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(why.family, "forward_simt");
}

TEST_F(Plans, SageIsAChoiceThatProvenanceExplains) {
  const PlanPtr plain = find(context.get(), problem);
  attune_provenance why;
  why.struct_size = sizeof why;
  ASSERT_EQ(attune_plan_provenance(plain.get(), &why), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(why.quantization, "none");
  EXPECT_STREQ(why.quantization_why, "");

  attune_problem asking = problem;
  asking.quantization = "sage";
  const PlanPtr chosen = find(context.get(), asking);
  ASSERT_EQ(attune_plan_provenance(chosen.get(), &why), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(why.quantization, "none");
  EXPECT_NE(std::string(why.quantization_why).find("below break-even, unquantized"), std::string::npos);
  EXPECT_NE(std::string(attune_plan_text(chosen.get())).find("chosen     below break-even"), std::string::npos);
  EXPECT_NE(std::string(attune_plan_json(chosen.get())).find("\"quantization_choice\": \"below"), std::string::npos);

  asking.quantization = "sage2-8b";
  const PlanPtr preset = find(context.get(), asking);
  ASSERT_EQ(attune_plan_provenance(preset.get(), &why), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(why.quantization, "sage2-8b");
  EXPECT_GT(why.launches, 1);
  // A caller built before the choice could be asked for.
  attune_provenance old;
  old.struct_size = offsetof(attune_provenance, quantization);
  old.quantization = "untouched";
  ASSERT_EQ(attune_plan_provenance(preset.get(), &old), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(old.quantization, "untouched");
}

TEST_F(Plans, ProvenanceSaysWhereTheKernelCameFrom) {
  const PlanPtr plan = find(context.get(), problem);
  attune_provenance why;
  why.struct_size = sizeof why;
  ASSERT_EQ(attune_plan_provenance(plan.get(), &why), ATTUNE_OK) << attune_last_error();
  EXPECT_EQ(why.origin, ATTUNE_HEURISTIC);
  EXPECT_STREQ(why.origin_name, "heuristic");
  EXPECT_STREQ(why.family, "forward_cpu");
  EXPECT_STREQ(why.kernel_origin, "compiled");
  EXPECT_STREQ(why.record_id, "");
  EXPECT_EQ(std::string(why.compile_key).size(), 64u);
  EXPECT_GT(why.compile_ms, 0);
  EXPECT_GE(why.launches, 1);
  EXPECT_TRUE(nlohmann::json::accept(why.config)) << why.config;
  EXPECT_TRUE(nlohmann::json::accept(why.spec)) << why.spec;

  why.struct_size = sizeof why + 1;
  EXPECT_REFUSED(attune_plan_provenance(plan.get(), &why), ATTUNE_INVALID_ARGUMENT, "struct_size");
}

TEST_F(Plans, TextAndJsonTellTheSame) {
  const PlanPtr plan = find(context.get(), problem);
  const std::string text = attune_plan_text(plan.get());
  EXPECT_THAT(text, testing::AllOf(HasSubstr("forward_cpu"), HasSubstr("heuristic"), HasSubstr("D32")));
  EXPECT_EQ(attune_plan_text(plan.get()), attune_plan_text(plan.get())) << "the same pointer for as long as the plan lives";
  const auto json = nlohmann::json::parse(attune_plan_json(plan.get()));
  EXPECT_EQ(json.at("family"), "forward_cpu");
  EXPECT_EQ(json.at("origin"), "heuristic");
  EXPECT_EQ(json.at("problem").at("head_dim_qk"), 32);
  EXPECT_EQ(json.at("workspace_bytes"), attune_plan_workspace_bytes(plan.get()));
  EXPECT_TRUE(json.at("config").is_object() && !json.at("config").empty());
}

TEST_F(Plans, EmitGivesTheSameSourceEachTime) {
  const PlanPtr plan = find(context.get(), problem);
  std::string texts[2];
  for (std::string& text : texts) {
    char* source = nullptr;
    ASSERT_EQ(attune_emit(context.get(), plan.get(), &source), ATTUNE_OK) << attune_last_error();
    text = source;
    attune_free(source);
  }
  EXPECT_THAT(texts[0], HasSubstr("define"));
  EXPECT_EQ(texts[0], texts[1]);
}

TEST_F(Plans, APlanOutlivesItsContext) {
  PlanPtr plan = find(context.get(), problem);
  context.reset();
  attune_provenance why;
  why.struct_size = sizeof why;
  EXPECT_EQ(attune_plan_provenance(plan.get(), &why), ATTUNE_OK);
  EXPECT_STRNE(attune_plan_text(plan.get()), "");
}

TEST_F(Plans, APlanOfAnotherContextIsRefused) {
  const ContextPtr other = make_context();
  const PlanPtr plan = find(other.get(), problem);
  Arrays arrays(problem);
  char* source = nullptr;
  EXPECT_REFUSED(attune_execute(context.get(), plan.get(), &arrays.tensors, nullptr, 0, nullptr), ATTUNE_INVALID_ARGUMENT,
                 "another context");
  EXPECT_REFUSED(attune_emit(context.get(), plan.get(), &source), ATTUNE_INVALID_ARGUMENT, "another context");
}

TEST_F(Plans, PrepareMakesLaterCallsFree) {
  const attune_problem more = make_problem(1, 2, 2, 1, 48, 32);
  const attune_problem* problems[] = {&problem, &more};
  ASSERT_EQ(attune_prepare(context.get(), problems, 2, ATTUNE_COMPILE), ATTUNE_OK) << attune_last_error();
  attune_statistics before, after;
  before.struct_size = after.struct_size = sizeof before;
  ASSERT_EQ(attune_context_statistics(context.get(), &before), ATTUNE_OK);
  for (const attune_problem* prepared : problems) {
    Arrays arrays(*prepared);
    ASSERT_EQ(attune_attention(context.get(), prepared, &arrays.tensors, nullptr), ATTUNE_OK) << attune_last_error();
  }
  ASSERT_EQ(attune_context_statistics(context.get(), &after), ATTUNE_OK);
  EXPECT_EQ(before.kernel_compiles, after.kernel_compiles);
  EXPECT_EQ(before.plan_misses, after.plan_misses);
  EXPECT_EQ(attune_prepare(context.get(), nullptr, 0, ATTUNE_COMPILE), ATTUNE_OK);
}

TEST_F(Plans, PrepareNamesTheProblemThatFails) {
  const attune_problem* with_null[] = {&problem, nullptr};
  EXPECT_REFUSED(attune_prepare(context.get(), with_null, 2, ATTUNE_COMPILE), ATTUNE_INVALID_ARGUMENT, "problems[1]");
  attune_problem bad = problem;
  bad.heads_q = 0;
  const attune_problem* with_bad[] = {&problem, &problem, &bad};
  EXPECT_REFUSED(attune_prepare(context.get(), with_bad, 3, ATTUNE_COMPILE), ATTUNE_INVALID_ARGUMENT, "problems[2]");
  EXPECT_REFUSED(attune_prepare(context.get(), nullptr, 3, ATTUNE_COMPILE), ATTUNE_INVALID_ARGUMENT, "problems");
}

TEST_F(Plans, TheDeviceIntroducesItself) {
  attune_device_info info;
  info.struct_size = sizeof info;
  ASSERT_EQ(attune_context_device(context.get(), &info), ATTUNE_OK) << attune_last_error();
  EXPECT_STREQ(info.device, "cpu");
  EXPECT_STRNE(info.name, "");
  EXPECT_STRNE(info.arch, "");
  EXPECT_GE(info.compute_units, 1);
  info.struct_size = 4;
  EXPECT_REFUSED(attune_context_device(context.get(), &info), ATTUNE_INVALID_ARGUMENT, "struct_size");
}

}  // namespace
}  // namespace attune_test
