// Policies, single flight, capture, preparing and executing, over a fake device.
#include "runtime/context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "common/files.hpp"
#include "tests/common/temporary_directory.hpp"
#include "tests/runtime/allocation_counter.hpp"
#include "tests/runtime/fixture.hpp"

namespace attune::runtime {
namespace {

using test::fill_config;
using test::fill_problem;
using test::FillTensors;
using ::testing::Contains;
using ::testing::HasSubstr;

class ContextTest : public test::FakeContext {};

TEST_F(ContextTest, SecondFindIsAHitThatAllocatesNothing) {
  const Problem problem = fill_problem(20);
  const PlanPtr first = find(problem);
  const int64_t before = test::allocations_of_this_thread();
  {
    const auto second = context_->find(problem, Policy::compile);
    ASSERT_TRUE(second.ok());
    ASSERT_EQ(*second, first);
  }
  EXPECT_EQ(test::allocations_of_this_thread(), before);
  const CacheStats stats = context_->stats();
  EXPECT_EQ(stats.plan_hits, 1);
  EXPECT_EQ(stats.plan_misses, 1);
  EXPECT_EQ(stats.kernel_compiles, 1);
}

TEST_F(ContextTest, AnotherShapeOfALoadedKernelIsNotEmittedAgain) {
  const PlanPtr first = find(fill_problem(20));
  const PlanPtr second = find(fill_problem(21));
  EXPECT_EQ(family_.emissions, 1);
  EXPECT_EQ(second->stages.back().kernel, first->stages.back().kernel);
  EXPECT_EQ(second->provenance.kernel_origin, "memory");
  EXPECT_EQ(second->provenance.compile_key, first->provenance.compile_key);
}

TEST_F(ContextTest, EightThreadsCompileOneKernelOnce) {
  device_->fake_compiler.delay = std::chrono::milliseconds(100);
  std::latch start(8);
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        start.arrive_and_wait();
        // Different shapes of one kernel: eight plans, one compile.
        good += context_->find(fill_problem(20 + t), Policy::compile).ok() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(good, 8);
  EXPECT_EQ(device_->fake_compiler.compiles, 1);
  const CacheStats stats = context_->stats();
  EXPECT_EQ(stats.kernel_compiles, 1);
  EXPECT_EQ(stats.kernel_shared + stats.kernel_hits, 7);
}

TEST_F(ContextTest, AFailedCompileIsTriedAgain) {
  family_.broken_values = {1, 2, 4, 8, 16, 32, 64};
  EXPECT_FALSE(context_->find(fill_problem(20), Policy::compile).ok());
  family_.broken_values = {};
  EXPECT_EQ(find(fill_problem(20))->provenance.origin, Origin::heuristic);
}

TEST_F(ContextTest, CachedOnlyNeverCompiles) {
  const auto plan = context_->find(fill_problem(20), Policy::cached_only);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::not_found);
  EXPECT_THAT(plan.error().message(), HasSubstr("policy compile"));
  EXPECT_EQ(device_->fake_compiler.compiles, 0);

  (void)find(fill_problem(20));
  context_->forget_plans();
  const PlanPtr cached = find(fill_problem(20), Policy::cached_only);
  EXPECT_EQ(cached->provenance.origin, Origin::heuristic);
  EXPECT_EQ(device_->fake_compiler.compiles, 1);
}

TEST_F(ContextTest, CachedOnlyTakesTheBestThatIsThereAndCompileDoesNotSettleForIt) {
  const Problem problem = fill_problem(20);
  (void)find(problem);  // compiles the heuristic's kernel
  context_->forget_plans();
  add(record(problem, fill_config(8), 0.1));
  const PlanPtr second_best = find(problem, Policy::cached_only);
  EXPECT_EQ(second_best->config, fill_config(1));
  EXPECT_THAT(second_best->provenance.notes, Contains(HasSubstr("not in the kernel cache")));
  EXPECT_EQ(find(problem, Policy::cached_only), second_best) << "a hit for the same policy";
  EXPECT_EQ(find(problem, Policy::compile)->config, fill_config(8));
  EXPECT_EQ(find(problem, Policy::cached_only)->config, fill_config(8)) << "now it is cached";
}

TEST_F(ContextTest, TuningPoliciesNeedATuner) {
  for (const Policy policy : {Policy::tune_if_missing, Policy::retune}) {
    const auto plan = context_->find(fill_problem(20), policy);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().status(), Status::unsupported);
    EXPECT_THAT(plan.error().message(), HasSubstr("attune tune"));
  }
}

TEST_F(ContextTest, TuneIfMissingTunesOnce) {
  const Problem problem = fill_problem(20);
  int tunings = 0;
  context_->set_tuner([&](Context& context, const Problem& asked) -> Result<void> {
    ++tunings;
    EXPECT_EQ(asked, problem);
    ATTUNE_CHECK(context.records().add(record(asked, fill_config(16), 0.1)));
    context.forget_plans();
    return {};
  });
  EXPECT_EQ(find(problem, Policy::compile)->provenance.origin, Origin::heuristic);
  EXPECT_EQ(tunings, 0) << "compile never measures";
  EXPECT_EQ(find(problem, Policy::tune_if_missing)->config, fill_config(16));
  EXPECT_EQ(find(problem, Policy::tune_if_missing)->provenance.origin, Origin::exact_record);
  EXPECT_EQ(tunings, 1);
  context_->forget_plans();
  (void)find(problem, Policy::tune_if_missing);
  EXPECT_EQ(tunings, 1) << "the record is there";
  (void)find(fill_problem(21), Policy::tune_if_missing);
  EXPECT_EQ(tunings, 1) << "a record of the bucket will do";
  (void)find(problem, Policy::retune);
  (void)find(problem, Policy::retune);
  EXPECT_EQ(tunings, 3);
}

TEST_F(ContextTest, ATunerThatFindsNothingIsNotAskedAtEveryCall) {
  int tunings = 0;
  context_->set_tuner([&](Context&, const Problem&) -> Result<void> {
    ++tunings;
    return Error(Status::timed_out, "The budget is over: give more.");
  });
  const PlanPtr plan = find(fill_problem(20), Policy::tune_if_missing);
  EXPECT_EQ(plan->provenance.origin, Origin::heuristic);
  EXPECT_THAT(plan->provenance.notes, Contains(HasSubstr("The budget is over")));
  (void)find(fill_problem(20), Policy::tune_if_missing);
  EXPECT_EQ(tunings, 1);
  const auto retuned = context_->find(fill_problem(20), Policy::retune);
  ASSERT_FALSE(retuned.ok()) << "who asks for measuring is told that it failed";
  EXPECT_EQ(retuned.error().status(), Status::timed_out);
}

TEST_F(ContextTest, CancelledTuningEndsTheCall) {
  context_->set_tuner([](Context&, const Problem&) -> Result<void> { return Error(Status::cancelled, "Cancelled."); });
  const auto plan = context_->find(fill_problem(20), Policy::tune_if_missing);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().status(), Status::cancelled);
}

TEST_F(ContextTest, TwoThreadsTuneOneProblemOnce) {
  std::atomic<int> tunings{0};
  context_->set_tuner([&](Context& context, const Problem& asked) -> Result<void> {
    ++tunings;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return context.records().add(record(asked, fill_config(16), 0.1));
  });
  std::latch start(2);
  const auto call = [&] {
    start.arrive_and_wait();
    EXPECT_EQ(find(fill_problem(20), Policy::tune_if_missing)->config, fill_config(16));
  };
  {
    std::jthread other(call);
    call();
  }
  EXPECT_EQ(tunings, 1);
}

TEST_F(ContextTest, NothingIsCompiledOrLoadedUnderCapture) {
  const Problem known = fill_problem(20), unknown = fill_problem(40);
  (void)find(known);
  device_->capturing = true;
  const int compiles = device_->fake_compiler.compiles, loads = device_->loads, emissions = family_.emissions;
  EXPECT_TRUE(context_->find(known, Policy::compile).ok()) << "a plan that is there is fine";
  for (const Policy policy : {Policy::cached_only, Policy::compile, Policy::tune_if_missing, Policy::retune}) {
    const auto plan = context_->find(unknown, policy);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().status(), Status::not_ready_in_capture);
    EXPECT_THAT(plan.error().message(), HasSubstr("prepare"));
  }
  EXPECT_EQ(device_->fake_compiler.compiles, compiles);
  EXPECT_EQ(device_->loads, loads);
  EXPECT_EQ(family_.emissions, emissions);
}

TEST_F(ContextTest, PrepareIsCompleteBeyondTheCapacityOfTheCache) {
  ContextOptions options;
  options.plan_capacity = 8;
  open(options);
  std::vector<Problem> problems;
  for (int64_t length = 1; length <= 100; ++length) problems.push_back(fill_problem(length));
  ASSERT_TRUE(context_->prepare(problems).ok());
  for (int64_t length = 200; length < 300; ++length) (void)find(fill_problem(length));  // would push them out
  device_->capturing = true;
  for (const Problem& problem : problems) {
    EXPECT_TRUE(context_->find(problem, Policy::compile).ok()) << to_text(problem);
  }
  EXPECT_EQ(device_->fake_compiler.compiles, 1);
}

TEST_F(ContextTest, PrepareNamesTheFirstProblemThatFailsAndDoesTheOthers) {
  std::vector<Problem> problems = {fill_problem(1), fill_problem(2), fill_problem(3)};
  problems[1].dtype = DType::f16;
  const auto prepared = context_->prepare(problems);
  ASSERT_FALSE(prepared.ok());
  EXPECT_EQ(prepared.error().status(), Status::unsupported);
  EXPECT_THAT(prepared.error().message(), HasSubstr("problem 2 of 3"));
  device_->capturing = true;
  EXPECT_TRUE(context_->find(problems[0], Policy::compile).ok());
  EXPECT_TRUE(context_->find(problems[2], Policy::compile).ok());
}

TEST_F(ContextTest, ExecuteChecksWhatTheKernelTrusts) {
  const Problem problem = fill_problem(20);
  FillTensors good(problem);
  const PlanPtr plan = find(problem);
  ASSERT_TRUE(context_->execute(*plan, good.tensors, nullptr).ok());
  EXPECT_EQ(device_->launched, 1);

  Tensors without_output = good.tensors;
  without_output.o.data = nullptr;
  EXPECT_EQ(context_->execute(*plan, without_output, nullptr).error().status(), Status::invalid_argument);
  EXPECT_EQ(context_->execute(Plan(), good.tensors, nullptr).error().status(), Status::invalid_argument);

  const auto with_workspace = context_->plan_with(family_, problem, fill_config(1, 4096));
  ASSERT_TRUE(with_workspace.ok());
  alignas(64) std::array<std::byte, 256> workspace{};
  EXPECT_THAT(context_->execute(**with_workspace, good.tensors, nullptr).error().message(), HasSubstr("workspace is null"));
  EXPECT_THAT(context_->execute(**with_workspace, good.tensors, workspace.data() + 8).error().message(),
              HasSubstr("aligned"));
  EXPECT_TRUE(context_->execute(**with_workspace, good.tensors, workspace.data()).ok());
  EXPECT_EQ(device_->launched, 2) << "a refused call launches nothing";
}

TEST_F(ContextTest, NoRowsMeansNoLaunch) {
  Plan plan = *find(fill_problem(20));
  plan.problem.varlen = true;
  plan.problem.total_q = 0;
  EXPECT_TRUE(context_->execute(plan, Tensors(), nullptr).ok());
  EXPECT_EQ(device_->launched, 0);
}

TEST_F(ContextTest, ContextsOnTheSameStoresShareKernelsAndRecords) {
  const test::TemporaryDirectory directory;
  ContextOptions options;
  options.records.user_directory = directory / "records";
  options.kernels.user_directory = directory / "kernels";
  open(options);
  const Problem problem = fill_problem(20);
  add(record(problem, fill_config(8), 0.1));
  EXPECT_EQ(find(problem)->provenance.kernel_origin, "compiled");
  const auto first = std::move(context_);

  open(options);
  const PlanPtr plan = find(problem);
  EXPECT_EQ(plan->provenance.kernel_origin, "kernel cache");
  EXPECT_EQ(plan->provenance.origin, Origin::exact_record);
  EXPECT_FALSE(plan->provenance.record_file.empty());
  EXPECT_EQ(device_->fake_compiler.compiles, 0);
}

TEST_F(ContextTest, AnotherCompilerVersionDoesNotTakeTheOldKernel) {
  const test::TemporaryDirectory directory;
  ContextOptions options;
  options.kernels.user_directory = directory.path();
  open(options);
  (void)find(fill_problem(20));
  open(options);
  device_->fake_compiler.version = "2";
  EXPECT_EQ(find(fill_problem(20))->provenance.kernel_origin, "compiled");
}

TEST_F(ContextTest, AnObjectThatDoesNotLoadIsCompiledAgainAndReplaced) {
  const PlanPtr plan = find(fill_problem(20));
  auto row = context_->kernels().find(plan->provenance.compile_key);
  ASSERT_TRUE(row.has_value());

  const test::TemporaryDirectory directory;
  ContextOptions options;
  options.kernels.user_directory = directory.path();
  for (const bool wrong_entries : {false, true}) {
    cache::KernelRow poisoned = *row;
    if (wrong_entries) {
      poisoned.entries = "another";
    } else {
      poisoned.blob = "well checked, and no object at all";
    }
    ASSERT_TRUE(cache::KernelStore::open(options.kernels)->add(poisoned).ok());
    open(options);
    EXPECT_EQ(find(fill_problem(20))->provenance.kernel_origin, "compiled");
    open(options);
    EXPECT_EQ(find(fill_problem(20))->provenance.kernel_origin, "kernel cache") << "the good one took its place";
    std::filesystem::remove_all(directory.path());
  }
}

TEST_F(ContextTest, DumpKeepsSourceAndKeys) {
  const test::TemporaryDirectory directory;
  ContextOptions options;
  options.dump_directory = (directory / "dump").string();
  open(options);
  family_.broken_values = {2};
  EXPECT_FALSE(context_->plan_with(family_, fill_problem(20), fill_config(2)).ok());
  const PlanPtr plan = find(fill_problem(20));
  const auto folder = directory / "dump" / plan->provenance.compile_key.substr(0, 16);
  for (const char* file : {"kernel.ll", "optimised.ll", "kernel.s", "kernel.o", "keys.json"}) {
    EXPECT_TRUE(std::filesystem::exists(folder / file)) << file;
  }
  size_t folders = 0, objects = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "dump")) {
    ++folders;
    EXPECT_TRUE(std::filesystem::exists(entry.path() / "kernel.ll"));
    objects += std::filesystem::exists(entry.path() / "kernel.o") ? 1 : 0;
  }
  EXPECT_EQ(folders, 2U) << "also of the compile that failed";
  EXPECT_EQ(objects, 1U);
}

TEST_F(ContextTest, TheLatestFailuresAreKeptWithoutBeingAsked) {
  const test::TemporaryDirectory directory;
  ContextOptions options;
  options.kernels.user_directory = directory.path();
  open(options);
  family_.broken_values = {2};
  const auto failed = context_->plan_with(family_, fill_problem(20), fill_config(2));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().status(), Status::compile_failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("Source and log are kept in " + (directory / "failed").string()));
  const std::string message = failed.error().message();
  const std::filesystem::path folder =
      message.substr(message.find(directory.path().string()), (directory / "failed").string().size() + 17);
  EXPECT_THAT(*read_file(folder / "kernel.ll"), HasSubstr("this is not IR"));
  EXPECT_EQ(*read_file(folder / "log.txt"), "line 1: broken");
  // Another column count is another kernel: only the latest few stay.
  for (int64_t columns = 16; columns < 16 + 30; ++columns) {
    Problem problem = fill_problem(20);
    problem.head_dim_v = columns;
    EXPECT_FALSE(context_->plan_with(family_, problem, fill_config(2)).ok());
  }
  const auto folders = std::filesystem::directory_iterator(directory / "failed");
  EXPECT_EQ(std::distance(begin(folders), end(folders)), 16);
}

TEST_F(ContextTest, AnUnwritableDumpDirectoryChangesNothing) {
  const test::TemporaryDirectory directory;
  ASSERT_TRUE(std::ofstream(directory / "file") << "in the way");
  ContextOptions options;
  options.dump_directory = (directory / "file").string();
  const LogSink previous = set_log_sink([](LogLevel, std::string_view) {});
  open(options);
  EXPECT_NE(find(fill_problem(20)), nullptr);
  set_log_sink(previous);
}

TEST_F(ContextTest, PlansOutliveEvictionAndForgetting) {
  const PlanPtr plan = find(fill_problem(20));
  context_->forget_plans();
  FillTensors tensors(fill_problem(20));
  EXPECT_TRUE(context_->execute(*plan, tensors.tensors, nullptr).ok());
  EXPECT_EQ(find(fill_problem(21))->provenance.kernel_origin, "memory") << "the held plan keeps its kernel loaded";
}

}  // namespace
}  // namespace attune::runtime
