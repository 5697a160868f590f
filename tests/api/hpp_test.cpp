// The C++ face: defaults equal to the C ABI's, both styles of errors, handles that move, tuning with a callback.
#include "attune/attune.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

namespace {

attune::ContextOptions memory_options() {
  return {.threads = 2, .records_directory = "", .kernels_directory = "", .worker_program = ATTUNE_TEST_PROGRAM};
}

const attune::Problem small{.heads_q = 2, .heads_kv = 2, .seqlen_q = 5, .seqlen_kv = 9, .head_dim_qk = 16, .head_dim_v = 16};

TEST(Hpp, DefaultsAreTheCAbisDefaults) {
  attune_problem from_init;
  ASSERT_EQ(attune_problem_init(&from_init, sizeof from_init), ATTUNE_OK);
  attune_problem from_cpp = attune::Problem{}.to_c();
  EXPECT_STREQ(from_init.quantization, from_cpp.quantization);
  from_init.quantization = from_cpp.quantization = nullptr;
  EXPECT_EQ(std::memcmp(&from_init, &from_cpp, sizeof from_init), 0);
  attune_tensors tensors_from_init;
  ASSERT_EQ(attune_tensors_init(&tensors_from_init, sizeof tensors_from_init), ATTUNE_OK);
  const attune::Tensors tensors_from_cpp;
  EXPECT_EQ(std::memcmp(&tensors_from_init, static_cast<const attune_tensors*>(&tensors_from_cpp), sizeof tensors_from_init),
            0);
}

TEST(Hpp, AttentionInBothStyles) {
  attune::Context context;
  ASSERT_EQ(attune::Context::create(memory_options()).get(context), attune::Status::ok);
  // One query equal to one key far from the others: O is that key's value.
  std::vector<float> q(2 * 5 * 16), k(2 * 9 * 16), v(2 * 9 * 16), o(2 * 5 * 16);
  for (size_t row = 0; row < 18; ++row) {
    k[row * 16 + row % 9] = 100;
    v[row * 16] = static_cast<float>(row);
  }
  for (size_t row = 0; row < 10; ++row) q[row * 16 + row % 5] = 100;
  const auto tensors = attune::Tensors::contiguous(small, q.data(), k.data(), v.data(), o.data()).value_or_throw();
  context.attention(small, tensors).value_or_throw();
  for (size_t row = 0; row < 10; ++row) EXPECT_NEAR(o[row * 16], static_cast<float>(row / 5 * 9 + row % 5), 1e-5);

  const auto refused = context.attention({.batch = -1}, tensors);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status(), attune::Status::invalid_argument);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("batch"));
  try {
    context.attention({.batch = -1}, tensors).value_or_throw();
    FAIL() << "no exception";
  } catch (const attune::Exception& exception) {
    EXPECT_THAT(std::string(exception.what()), testing::HasSubstr("invalid_argument: "));
    EXPECT_EQ(exception.error().status(), attune::Status::invalid_argument);
  }
}

TEST(Hpp, HandlesMove) {
  attune::Context first = attune::Context::create(memory_options()).value_or_throw();
  attune::Context second = std::move(first);
  EXPECT_EQ(first.get(), nullptr);  // NOLINT(bugprone-use-after-move): what is tested
  EXPECT_EQ(first.check(small).status(), attune::Status::invalid_argument);
  EXPECT_TRUE(second.check(small).ok());
  attune::Plan plan = second.find(small).value_or_throw();
  plan = second.find(small).value_or_throw();
  plan = std::move(plan);
  EXPECT_TRUE(static_cast<bool>(plan));
  second = attune::Context();
  EXPECT_THAT(plan.text(), testing::HasSubstr("forward_cpu"));
}

TEST(Hpp, PlansExecuteAndExplain) {
  const attune::Context context = attune::Context::create(memory_options()).value_or_throw();
  const attune::Problem decode{.heads_q = 2, .seqlen_kv = 3000};
  context.prepare({&decode, 1}).value_or_throw();
  const attune::Plan plan = context.find(decode, attune::Policy::cached_only).value_or_throw();
  const auto why = plan.provenance().value_or_throw();
  EXPECT_EQ(why.origin, attune::Origin::heuristic);
  EXPECT_EQ(why.family, "forward_cpu");
  EXPECT_THAT(context.emit(plan).value_or_throw(), testing::HasSubstr("define"));
  EXPECT_THAT(plan.json(), testing::HasSubstr("\"family\""));
  EXPECT_GE(context.statistics()->kernel_compiles, 1);
  EXPECT_STREQ(context.device()->device, "cpu");

  std::vector<float> q(2 * 64, 1.0F), k(3000 * 64), v(3000 * 64, 2.5F), o(2 * 64);
  const auto tensors = attune::Tensors::contiguous(decode, q.data(), k.data(), v.data(), o.data()).value_or_throw();
  std::vector<std::byte> memory(static_cast<size_t>(plan.workspace_bytes()) + 64);
  const size_t skew = (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
  context.execute(plan, tensors, std::span(memory).subspan(skew, static_cast<size_t>(plan.workspace_bytes())))
      .value_or_throw();
  for (const float value : o) EXPECT_NEAR(value, 2.5F, 1e-5);
}

TEST(Hpp, TuningReportsAndCancels) {
  const attune::Context context = attune::Context::create(memory_options()).value_or_throw();
  int calls = 0;
  const auto tuning = context
                          .tune({&small, 1}, {.budget = "3evals",
                                              .isolate = false,
                                              .progress =
                                                  [&](const attune_progress&) {
                                                    ++calls;
                                                    return true;
                                                  }})
                          .value_or_throw();
  EXPECT_EQ(tuning.status, attune::Status::ok) << tuning.message;
  ASSERT_EQ(tuning.outcomes.size(), 1u);
  EXPECT_GT(tuning.outcomes[0].best_ms, 0);
  EXPECT_GT(calls, 0);

  const attune::Problem other{.heads_q = 1, .seqlen_q = 3, .seqlen_kv = 4};
  const auto cancelled = context.tune(
      {&other, 1}, {.budget = "thorough", .isolate = false, .progress = [](const attune_progress&) { return false; }});
  EXPECT_EQ(cancelled.ok() ? cancelled->status : cancelled.status(), attune::Status::cancelled);
}

}  // namespace
