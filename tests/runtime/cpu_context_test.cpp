// The loop on the real CPU device: emit, compile, keep, fetch, execute; and a kernel cache that somebody damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <thread>

#include "runtime/context.hpp"
#include "tests/common/temporary_directory.hpp"
#include "tests/runtime/fill_family.hpp"

namespace attune::runtime {
namespace {

using test::fill_config;
using test::fill_problem;
using test::FillTensors;

class CpuContextTest : public ::testing::Test {
 protected:
  std::unique_ptr<Context> open() {
    ContextOptions options;
    options.device.threads = 2;
    options.kernels.user_directory = directory_.path() / "kernels";
    options.families = {&family_};
    auto context = Context::create(options);
    EXPECT_TRUE(context.ok()) << context.error().message();
    return std::move(*context);
  }

  test::TemporaryDirectory directory_;
  test::FillFamily family_;
};

TEST_F(CpuContextTest, CompilesKeepsFetchesAndExecutes) {
  const Problem problem = fill_problem(37);
  for (const char* origin : {"compiled", "kernel cache"}) {
    const auto context = open();
    const auto plan = context->find(problem, Policy::compile);
    ASSERT_TRUE(plan.ok()) << plan.error().message() << plan.error().log();
    EXPECT_EQ((*plan)->provenance.kernel_origin, origin);
    FillTensors tensors(problem);
    ASSERT_TRUE(context->execute(**plan, tensors.tensors, nullptr).ok());
    EXPECT_TRUE(tensors.all(1));
  }
}

TEST_F(CpuContextTest, ManyThreadsFindAndExecute) {
  const auto context = open();
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 40; ++i) {
          const int64_t value = int64_t{1} << ((i + t) % 4);
          const Problem problem = fill_problem(8 + (i % 5));
          const auto plan = context->plan_with(family_, problem, fill_config(value, i % 2 == 0 ? 4096 : 0));
          if (!plan.ok()) {
            ++wrong;
            continue;
          }
          alignas(64) std::array<std::byte, 128> workspace;
          FillTensors tensors(problem);
          if (!context->execute(**plan, tensors.tensors, workspace.data()).ok()) ++wrong;
          if (!tensors.all(static_cast<float>(value))) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(context->stats().kernel_compiles, 8) << "four values, with and without scratch";
}

// Turns the stored constant 1.0f into 1024.0f in every object under `directory`, behind the store's back. Returns how many.
int damage_objects(const std::filesystem::path& directory) {
  constexpr std::string_view one("\x00\x00\x80\x3f", 4), many("\x00\x00\x80\x44", 4);
  int changed = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    sqlite3* database = nullptr;
    sqlite3_stmt* row = nullptr;
    sqlite3_stmt* update = nullptr;
    if (file.is_regular_file() && sqlite3_open(file.path().c_str(), &database) == SQLITE_OK &&
        sqlite3_prepare_v2(database, "select blob, compile_key from kernel", -1, &row, nullptr) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW) {
      std::string blob(static_cast<const char*>(sqlite3_column_blob(row, 0)),
                       static_cast<size_t>(sqlite3_column_bytes(row, 0)));
      const std::string key(reinterpret_cast<const char*>(sqlite3_column_text(row, 1)));
      sqlite3_reset(row);
      const size_t at = blob.find(one);
      if (at != std::string::npos) blob.replace(at, many.size(), many);
      sqlite3_prepare_v2(database, "update kernel set blob = ?1 where compile_key = ?2", -1, &update, nullptr);
      sqlite3_bind_blob(update, 1, blob.data(), static_cast<int>(blob.size()), SQLITE_TRANSIENT);
      sqlite3_bind_text(update, 2, key.c_str(), -1, SQLITE_TRANSIENT);
      if (at != std::string::npos && sqlite3_step(update) == SQLITE_DONE) changed += sqlite3_changes(database);
    }
    sqlite3_finalize(row);
    sqlite3_finalize(update);
    sqlite3_close(database);
  }
  return changed;
}

// The damaged object links and runs; executing it would show in the result.
TEST_F(CpuContextTest, ADamagedObjectIsNeverExecuted) {
  const Problem problem = fill_problem(20);
  ASSERT_TRUE(open()->find(problem, Policy::compile).ok());
  ASSERT_EQ(damage_objects(directory_.path()), 1) << "the store's layout has changed: damage it in another way";

  const LogSink previous = set_log_sink([](LogLevel, std::string_view) {});
  const auto context = open();
  const auto plan = context->find(problem, Policy::compile);
  set_log_sink(previous);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ((*plan)->provenance.kernel_origin, "compiled");
  FillTensors tensors(problem);
  ASSERT_TRUE(context->execute(**plan, tensors.tensors, nullptr).ok());
  EXPECT_TRUE(tensors.all(1));

  const auto again = open()->find(problem, Policy::compile);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->provenance.kernel_origin, "kernel cache") << "the good one took its place";
}

TEST_F(CpuContextTest, CachedLoadIsQuick) {
  ASSERT_TRUE(open()->find(fill_problem(20), Policy::compile).ok());
  const auto context = open();
  const auto plan = context->find(fill_problem(20), Policy::compile);
  ASSERT_TRUE(plan.ok());
  // The budget is 5 ms; ten times that still tells a load from a compile on a loaded machine.
  EXPECT_LT((*plan)->provenance.load_ms, 50);
  EXPECT_EQ((*plan)->provenance.compile_ms, 0);
}

}  // namespace
}  // namespace attune::runtime
