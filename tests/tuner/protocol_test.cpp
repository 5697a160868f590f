// The worker protocol: round trips, and lines from programs that are no worker.
#include "tuner/protocol.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace attune::tuner {
namespace {

OpenRequest sample_open() {
  OpenRequest open;
  open.context.device = {"cpu", 2, "portable"};
  open.context.device.nvrtc = "/opt/nvrtc";
  open.context.device.driver = "/opt/libcuda.so";
  open.context.device.places = {.virtual_env = "/venv", .conda_prefix = {}, .cuda_home = {}, .path = {}, .home = "/home/me"};
  open.context.kernels.user_directory = "/tmp/with \"quotes\" and \xc3\xa9";
  open.context.kernels.site_databases = {"/a/b.db", "/c.db"};
  open.context.kernels.read_only = true;
  open.context.kernels.max_bytes = 12345;
  open.family = "forward_cpu";
  open.problem.seqlen_q = 77;
  open.problem.seqlen_kv = 99;
  open.problem.causal = true;
  open.workbench = {"cold", 42, 7};
  return open;
}

TEST(Protocol, OpenRoundTrip) {
  const OpenRequest open = sample_open();
  const std::string line = encode_open(open);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto request = decode_request(line);
  ASSERT_TRUE(request.ok()) << request.error().message();
  ASSERT_EQ(request->kind, Request::Kind::open);
  EXPECT_EQ(request->open.context.device.name, "cpu");
  EXPECT_EQ(request->open.context.device.threads, 2);
  EXPECT_EQ(request->open.context.device.cpu_isa, "portable");
  EXPECT_EQ(request->open.context.device.nvrtc, "/opt/nvrtc");
  EXPECT_EQ(request->open.context.device.driver, "/opt/libcuda.so");
  EXPECT_EQ(request->open.context.device.places.virtual_env, "/venv");
  EXPECT_EQ(request->open.context.device.places.home, "/home/me");
  EXPECT_EQ(request->open.context.kernels.user_directory, open.context.kernels.user_directory);
  EXPECT_EQ(request->open.context.kernels.site_databases, open.context.kernels.site_databases);
  EXPECT_TRUE(request->open.context.kernels.read_only);
  EXPECT_EQ(request->open.context.kernels.max_bytes, 12345);
  EXPECT_TRUE(request->open.context.records.user_directory.empty()) << "only the tuner writes records";
  EXPECT_EQ(request->open.family, "forward_cpu");
  EXPECT_EQ(request->open.problem, open.problem);
  EXPECT_EQ(request->open.workbench.cache_regime, "cold");
  EXPECT_EQ(request->open.workbench.seed, 42u);
  EXPECT_EQ(request->open.workbench.validation_rows, 7);
}

TEST(Protocol, MeasureRoundTripWithEachFault) {
  MeasureRequest request{Config().set("block_m", 64), {}, false};
  request.rule = {
      .min_samples = 2, .max_samples = 5, .max_total_ms = 12.5, .relative_precision = 0.25, .give_up_above_ms = 3};
  for (const Fault fault :
       {Fault::none, Fault::crash, Fault::hang, Fault::wrong, Fault::overrun, Fault::slow, Fault::lost}) {
    const auto read = decode_request(encode_measure(request, fault));
    ASSERT_TRUE(read.ok()) << read.error().message();
    ASSERT_EQ(read->kind, Request::Kind::measure);
    EXPECT_EQ(read->fault, fault);
    EXPECT_EQ(read->measure.config, request.config);
    EXPECT_FALSE(read->measure.validate);
    EXPECT_EQ(read->measure.rule.min_samples, 2);
    EXPECT_EQ(read->measure.rule.max_samples, 5);
    EXPECT_EQ(read->measure.rule.max_total_ms, 12.5);
    EXPECT_EQ(read->measure.rule.relative_precision, 0.25);
    EXPECT_EQ(read->measure.rule.give_up_above_ms, 3);
  }
}

TEST(Protocol, AnswersRoundTrip) {
  Measurement measurement{"validation_failed", "row 3: NaN\n\"", {1.5, 0.1, 1e-9}, 2400, 2300, false, 0.5, 0.001};
  const auto read = decode_measured(encode_answer(Result<Measurement>(measurement)));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->status, measurement.status);
  EXPECT_EQ(read->detail, measurement.detail);
  EXPECT_EQ(read->samples_ms, measurement.samples_ms);
  EXPECT_EQ(read->clock_before_mhz, 2400);
  EXPECT_EQ(read->clock_after_mhz, 2300);
  EXPECT_EQ(read->max_error, 0.5);
  EXPECT_EQ(read->tolerance, 0.001);

  EXPECT_TRUE(decode_opened(encode_answer(Result<void>())).ok());
  const Error error(Status::out_of_memory, "No memory.", "the log");
  for (const std::string& line : {encode_answer(Result<void>(error)), encode_answer(Result<Measurement>(error))}) {
    EXPECT_EQ(decode_opened(line).error().status(), Status::out_of_memory);
    EXPECT_EQ(decode_measured(line).error().message(), "No memory.");
    EXPECT_EQ(decode_measured(line).error().log(), "the log");
  }
}

TEST(Protocol, HelloRefusesOtherProgramsAndVersions) {
  EXPECT_TRUE(decode_hello(encode_hello()).ok());
  for (const char* line :
       {"", "Python 3.11", "{}", "[]", R"({"program":"attune worker"})", R"({"program":"attune worker","protocol":1})",
        R"({"program":"other","protocol":2})", R"({"program":1,"protocol":2})"}) {
    EXPECT_FALSE(decode_hello(line).ok()) << line;
  }
}

TEST(Protocol, DamagedLinesAreErrorsNotCrashes) {
  const std::string lines[] = {encode_open(sample_open()), encode_measure({Config().set("a", 1), {}, true}, Fault::none),
                               encode_answer(Result<Measurement>(Measurement{}))};
  std::mt19937_64 generator(1);
  int refused = 0;
  for (const std::string& line : lines) {
    for (size_t length = 0; length < line.size(); ++length) {
      EXPECT_FALSE(decode_request(line.substr(0, length)).ok());
      EXPECT_FALSE(decode_measured(line.substr(0, length)).ok());
    }
    for (int round = 0; round < 3000; ++round) {
      std::string damaged = line;
      for (uint64_t changes = 1 + generator() % 3; changes > 0; --changes) {
        damaged[generator() % damaged.size()] = static_cast<char>(generator());
      }
      refused += !decode_request(damaged).ok();
      refused += !decode_measured(damaged).ok();
    }
  }
  EXPECT_GT(refused, 3000);
  EXPECT_FALSE(decode_request(R"({"op":"format"})").ok());
  EXPECT_FALSE(decode_measured(R"({"error":"x","error_status":0,"error_log":""})").ok())
      << "an error may not claim to be ok";
  EXPECT_FALSE(decode_measured(R"({"error":"x","error_status":9999,"error_log":""})").ok());
}

}  // namespace
}  // namespace attune::tuner
