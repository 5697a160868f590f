// Variables to options, one row a case.
#include "runtime/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>

#include "tests/common/temporary_directory.hpp"

namespace attune::runtime {
namespace {

using ::testing::HasSubstr;

// Collects what is logged while it lives.
class CapturedLog {
 public:
  CapturedLog() {
    previous_ = set_log_sink([this](LogLevel, std::string_view message) { lines_.emplace_back(message); });
  }
  ~CapturedLog() {
    set_log_sink(std::move(previous_));
    set_log_level(LogLevel::warning);
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  LogSink previous_;
};

struct Good {
  const char* what;
  Environment environment;
  std::function<bool(const ContextOptions&)> holds;
};

// First: each notice is given once a process.
TEST(Environment, WithoutAHomeTheLossIsTold) {
  const CapturedLog log;
  ASSERT_TRUE(options_from({{"XDG_DATA_HOME", "/data"}}).ok());
  ASSERT_EQ(log.lines().size(), 1U) << "records have a place, kernels have none";
  EXPECT_THAT(log.lines()[0], ::testing::AllOf(HasSubstr("XDG_CACHE_HOME"), HasSubstr("Set ATTUNE_KERNELS_DIR")));
}

TEST(Environment, WellFormedValues) {
  const Environment home = {{"HOME", "/home/someone"}};
  const auto with = [&](Environment more) {
    more.insert(home.begin(), home.end());
    return more;
  };
  const std::vector<Good> cases = {
      {"defaults", home,
       [](const auto& o) {
         return o.records.user_directory == "/home/someone/.local/share/attune" &&
                o.kernels.user_directory == "/home/someone/.cache/attune" && !o.records.read_only && o.device.threads == 0 &&
                o.device.name == "cpu" && o.device.cpu_isa.empty() && o.dump_directory.empty() && !o.log_level;
       }},
      {"XDG", with({{"XDG_DATA_HOME", "/data"}, {"XDG_CACHE_HOME", "/cache"}}),
       [](const auto& o) {
         return o.records.user_directory == "/data/attune" && o.kernels.user_directory == "/cache/attune";
       }},
      {"a relative XDG path is ignored", with({{"XDG_DATA_HOME", "data"}}),
       [](const auto& o) { return o.records.user_directory == "/home/someone/.local/share/attune"; }},
      {"explicit wins over XDG",
       with({{"XDG_DATA_HOME", "/data"}, {"ATTUNE_RECORDS_DIR", "/r"}, {"ATTUNE_KERNELS_DIR", "/k"}}),
       [](const auto& o) { return o.records.user_directory == "/r" && o.kernels.user_directory == "/k"; }},
      {"a relative directory is taken from here", with({{"ATTUNE_RECORDS_DIR", "r"}}),
       [](const auto& o) { return o.records.user_directory == std::filesystem::current_path() / "r"; }},
      {"in memory on request", with({{"ATTUNE_RECORDS_DIR", ":memory:"}, {"ATTUNE_KERNELS_DIR", ":memory:"}}),
       [](const auto& o) { return o.records.user_directory.empty() && o.kernels.user_directory.empty(); }},
      {"no home", {}, [](const auto& o) { return o.records.user_directory.empty() && o.kernels.user_directory.empty(); }},
      {"empty is unset", with({{"ATTUNE_THREADS", ""}, {"ATTUNE_LOG_LEVEL", ""}, {"ATTUNE_RECORDS_DIR", ""}}),
       [](const auto& o) {
         return o.device.threads == 0 && o.records.user_directory == "/home/someone/.local/share/attune";
       }},
      {"site layers in order", with({{"ATTUNE_SITE_RECORDS", "/a/r.db:/b/r.db"}, {"ATTUNE_SITE_KERNELS", "/a/k.db"}}),
       [](const auto& o) {
         return o.records.site_databases == std::vector<std::filesystem::path>{"/a/r.db", "/b/r.db"} &&
                o.kernels.site_databases == std::vector<std::filesystem::path>{"/a/k.db"};
       }},
      {"read only", with({{"ATTUNE_READ_ONLY", "yes"}}),
       [](const auto& o) { return o.records.read_only && o.kernels.read_only; }},
      {"read only off", with({{"ATTUNE_READ_ONLY", "0"}}), [](const auto& o) { return !o.records.read_only; }},
      {"threads", with({{"ATTUNE_THREADS", "3"}}), [](const auto& o) { return o.device.threads == 3; }},
      {"nvrtc", with({{"ATTUNE_NVRTC", "/opt/nvrtc"}}), [](const auto& o) { return o.device.nvrtc == "/opt/nvrtc"; }},
      {"places of libraries",
       with({{"VIRTUAL_ENV", "/v"}, {"CONDA_PREFIX", "/c"}, {"CUDA_PATH", "/cuda"}, {"PATH", "/a:/b"}}),
       [](const auto& o) {
         const LibraryPlaces& p = o.device.places;
         return p.virtual_env == "/v" && p.conda_prefix == "/c" && p.cuda_home == "/cuda" && p.path == "/a:/b" &&
                p.home == "/home/someone";
       }},
      {"CUDA_HOME before CUDA_PATH", with({{"CUDA_HOME", "/home/cuda"}, {"CUDA_PATH", "/other"}}),
       [](const auto& o) { return o.device.places.cuda_home == "/home/cuda"; }},
      {"log level", with({{"ATTUNE_LOG_LEVEL", "debug"}}), [](const auto& o) { return o.log_level == LogLevel::debug; }},
      {"dump", with({{"ATTUNE_DUMP_DIR", "/tmp/dump"}}), [](const auto& o) { return o.dump_directory == "/tmp/dump"; }},
  };
  const CapturedLog log;
  for (const Good& good : cases) {
    const auto options = options_from(good.environment);
    ASSERT_TRUE(options.ok()) << good.what << ": " << options.error().message();
    EXPECT_TRUE(good.holds(*options)) << good.what;
  }
}

TEST(Environment, MalformedValuesNameTheVariable) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ATTUNE_THREADS", "four"},   {"ATTUNE_THREADS", "-1"},          {"ATTUNE_THREADS", "2.5"},
      {"ATTUNE_THREADS", "4 "},     {"ATTUNE_THREADS", "99999999999"}, {"ATTUNE_READ_ONLY", "maybe"},
      {"ATTUNE_LOG_LEVEL", "loud"}, {"ATTUNE_SITE_RECORDS", "/a::/b"}, {"ATTUNE_SITE_KERNELS", "/a:"},
      {"ATTUNE_SITE_RECORDS", ":"},
  };
  for (const auto& [variable, value] : cases) {
    const auto options = options_from({{"HOME", "/h"}, {variable, value}});
    ASSERT_FALSE(options.ok()) << variable << '=' << value;
    EXPECT_EQ(options.error().status(), Status::invalid_argument);
    EXPECT_THAT(options.error().message(), HasSubstr(variable));
    EXPECT_THAT(options.error().message(), HasSubstr(value));
  }
}

TEST(Environment, UnknownVariablesGetTheNearestName) {
  const CapturedLog log;
  ASSERT_TRUE(options_from({{"HOME", "/h"}, {"ATTUNE_THREAD", "2"}, {"ATTUNE_RECORD_DIRS", "/r"}, {"OTHER", "x"}}).ok());
  ASSERT_EQ(log.lines().size(), 2U);
  EXPECT_THAT(log.lines()[0], ::testing::AllOf(HasSubstr("ATTUNE_RECORD_DIRS"), HasSubstr("ATTUNE_RECORDS_DIR?")));
  EXPECT_THAT(log.lines()[1], ::testing::AllOf(HasSubstr("ATTUNE_THREAD is"), HasSubstr("ATTUNE_THREADS?")));
}

TEST(Environment, TableIsSmallAndComplete) {
  EXPECT_LT(environment_variables().size(), 10U);
  for (const EnvironmentVariable& variable : environment_variables()) {
    EXPECT_TRUE(variable.name.starts_with("ATTUNE_"));
    EXPECT_FALSE(variable.option.empty());
    EXPECT_TRUE(variable.meaning.ends_with(".")) << variable.name;
  }
}

TEST(Environment, RealEnvironmentIsRead) {
  const test::TemporaryDirectory directory;
  ASSERT_EQ(setenv("ATTUNE_RECORDS_DIR", directory.path().c_str(), 1), 0);
  ASSERT_EQ(setenv("ATTUNE_THREADS", "2", 1), 0);
  const auto options = options_from_environment();
  unsetenv("ATTUNE_RECORDS_DIR");
  unsetenv("ATTUNE_THREADS");
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->records.user_directory, directory.path());
  EXPECT_EQ(options->device.threads, 2);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "reading options must not touch the disk";
}

}  // namespace
}  // namespace attune::runtime
