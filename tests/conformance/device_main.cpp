// gpu_device_tests: conformance on a GPU at hand. Starts, and lists its tests, on machines that have none.
//   gpu_device_tests [--target cuda:0] [--case JSON] [GoogleTest's options]
// Exits with 0 when all passed, 1 when a test failed, 2 when the arguments are wrong, 3 when a kernel took the device down:
// then the tests behind it did not run and need a new process (scripts/gpu.sh goes on by itself).
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/device_target.hpp"
#include "tests/conformance/harness.hpp"
#include "tests/conformance/quantized.hpp"

namespace attune::test {
namespace {

constexpr int exit_failed = 1, exit_arguments = 2, exit_device_lost = 3;

// Says what the tests run on. Where the target does not open no test is begun, since none could say anything.
bool describe_target() {
  const auto context = open_target(device_target(), 1);
  if (!context.ok()) {
    std::fprintf(stderr, "gpu_device_tests: %s does not open: %s\n", device_target().c_str(),
                 context.error().message().c_str());
    return false;
  }
  const DeviceClass& facts = (*context)->device().device_class();
  std::printf("%s: %s, %s\n", device_target().c_str(), facts.name.c_str(), facts.arch.c_str());
  for (const Family* family : families()) {
    const auto able = (*context)->device().compiler().can_compile(family->source_kind());
    std::printf("  %s: %s\n", std::string(family->name()).c_str(),
                able.ok() ? "can be compiled" : able.error().message().c_str());
  }
  if (!has_forward_simt()) {
    std::printf(
        "This build has no LLVM and so no forward_simt: fp32, and head dimensions that are no multiple of 8, are "
        "not tested here.\n");
  }
  std::fflush(stdout);
  return true;
}

// After an illegal access every call fails. Results of tests behind it would be lies, so the process ends.
class StopWhenLost : public testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Failed()) return;
    const auto alive = conformer(device_target()).context().device().synchronize(nullptr);
    if (alive.ok() || alive.error().status() != Status::device_lost) return;
    std::printf("[  FAILED  ] %s.%s\nThe device is lost: %s\n", test.test_suite_name(), test.name(),
                alive.error().message().c_str());
    std::fflush(stdout);
    _exit(exit_device_lost);
  }
};

int replay(const std::string& text) {
  auto parsed = case_from_json(text);
  if (!parsed.ok()) {
    std::fprintf(stderr, "gpu_device_tests: %s\n", parsed.error().message().c_str());
    return exit_arguments;
  }
  parsed->target = device_target();
  if (!describe_target()) return exit_failed;
  const std::string failure = replay_case(*parsed);
  std::printf("%s: %s\n", failure.empty() ? "passed" : "FAILED",
              failure.empty() ? to_text(parsed->problem).c_str() : failure.c_str());
  return failure.empty() ? 0 : exit_failed;
}

}  // namespace
}  // namespace attune::test

int main(int count, char** arguments) {
  using namespace attune::test;
  std::string case_json;
  std::vector<char*> rest = {arguments[0]};
  for (int n = 1; n < count; ++n) {
    const std::string_view word = arguments[n];
    if (word != "--target" && word != "--case") {
      rest.push_back(arguments[n]);
    } else if (n + 1 == count) {
      std::fprintf(stderr, "gpu_device_tests: %s needs a value\n", arguments[n]);
      return exit_arguments;
    } else {
      (word == "--target" ? device_target() : case_json) = arguments[++n];
    }
  }
  if (!case_json.empty()) return replay(case_json);
  int left = static_cast<int>(rest.size());
  rest.push_back(nullptr);
  testing::InitGoogleTest(&left, rest.data());
  if (left > 1) {
    std::fprintf(stderr, "gpu_device_tests: unknown option %s\n", rest[1]);
    return exit_arguments;
  }
  if (!has_forward_simt()) {
    // The tests that are shared with other devices name their dtypes themselves.
    std::string filter = testing::GTEST_FLAG(filter);
    filter += filter.find('-') == std::string::npos ? "-" : ":";
    testing::GTEST_FLAG(filter) = filter + "Conformance/*_fp32";
  }
  if (!testing::GTEST_FLAG(list_tests) && !describe_target()) return exit_failed;
  testing::UnitTest::GetInstance()->listeners().Append(new StopWhenLost);
  return RUN_ALL_TESTS();
}
