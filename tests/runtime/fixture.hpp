// A context over a fake device and the fill family, and records written by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "runtime/context.hpp"
#include "tests/runtime/fake_device.hpp"
#include "tests/runtime/fill_family.hpp"

namespace attune::test {

class FakeContext : public ::testing::Test {
 protected:
  // Stores live in memory unless the test says otherwise.
  void open(runtime::ContextOptions options = {}) {
    auto device = std::make_unique<FakeDevice>();
    device_ = device.get();
    options.families = {&family_};
    auto context = runtime::Context::create_with(std::move(device), options);
    ASSERT_TRUE(context.ok()) << context.error().message();
    context_ = std::move(*context);
  }
  void SetUp() override { open(); }

  // A validated record of `config` on `problem`, measured on the context's device.
  cache::Record record(const Problem& problem, const Config& config, double median_ms) const {
    cache::Record result;
    result.key = context_->tuning_key(family_, problem);
    result.problem = to_json(problem);
    result.config = config.to_json();
    result.toolchain_id = "toolchain";
    result.session_id = "session";
    result.status = "ok";
    result.statistics = {10, median_ms * 0.9, median_ms, median_ms * 0.01, median_ms * 1.1};
    result.cache_regime = "hot";
    result.validated = true;
    result.measured_unix_ms = 1763600000000;
    return result;
  }
  void add(const cache::Record& record) {
    const auto added = context_->records().add(record);
    ASSERT_TRUE(added.ok()) << added.error().message();
  }
  runtime::PlanPtr find(const Problem& problem, runtime::Policy policy = runtime::Policy::compile) {
    auto plan = context_->find(problem, policy);
    EXPECT_TRUE(plan.ok()) << plan.error().message() << '\n' << plan.error().log();
    return plan.ok() ? *plan : nullptr;
  }

  FillFamily family_;
  FakeDevice* device_ = nullptr;
  std::unique_ptr<runtime::Context> context_;
};

}  // namespace attune::test
