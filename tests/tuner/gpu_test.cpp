// Measuring on GPUs where there is none: the emulated device stands in for a machine that works, a driver that fails on
// purpose for one that is lost. No time here means anything; what is tested is who survives, and who is believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>

#include "generator/dtype_codec.hpp"
#include "generator/families/forward_simt/forward_simt.hpp"
#include "tests/common/temporary_directory.hpp"
#include "tuner/device_reference.hpp"
#include "tuner/pipeline.hpp"
#include "tuner/worker_measurer.hpp"

namespace attune::tuner {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Problem small(DType dtype = DType::f32) {
  Problem problem;
  problem.heads_q = problem.heads_kv = 2;
  problem.seqlen_q = problem.seqlen_kv = 24;
  problem.head_dim_qk = problem.head_dim_v = 16;
  problem.dtype = dtype;
  problem.want_lse = true;
  return problem;
}

const Family& simt() { return *find_family("forward_simt"); }

class GpuTunerTest : public testing::Test {
 protected:
  runtime::ContextOptions options(std::string device) {
    const auto environment = runtime::options_from_environment();
    EXPECT_TRUE(environment.ok());
    runtime::ContextOptions options;
    options.device = environment->device;
    options.device.name = std::move(device);
    options.device.threads = 2;
    options.records.user_directory = directory_ / "records";
    options.kernels.user_directory = directory_ / "kernels";
    options.families = {&simt()};
    return options;
  }
  std::unique_ptr<runtime::Context> open(std::string device = "emulated:sm_80") {
    auto context = runtime::Context::create(options(std::move(device)));
    EXPECT_TRUE(context.ok()) << context.error().message();
    return *std::move(context);
  }
  static Config heuristic(runtime::Context& context, const Problem& problem) {
    const DeviceClass& device = context.device().device_class();
    return simt().heuristic(simt().spec(problem, device), problem, device);
  }
  WorkerOptions worker(const runtime::ContextOptions& context, const Problem& problem) {
    WorkerOptions worker;
    worker.open.context = context;
    worker.open.family = "forward_simt";
    worker.open.problem = problem;
    worker.open.workbench.validation_rows = 8;
    return worker;
  }
  void TearDown() override { EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD) << "a worker is left"; }

  static constexpr SamplingRule few{.min_samples = 2, .max_samples = 3, .max_total_ms = 100, .relative_precision = 0};
  test::TemporaryDirectory directory_;
};

TEST_F(GpuTunerTest, AWorkerMeasuresAndValidatesAndEachFaultCostsOneCandidate) {
  const Problem problem = small();
  const Config config = heuristic(*open(), problem);
  WorkerOptions started = worker(options("emulated:sm_80"), problem);
  started.candidate_timeout_s = 5;
  std::deque<Fault> faults = {Fault::none,  Fault::crash,   Fault::none, Fault::lost,
                              Fault::wrong, Fault::overrun, Fault::hang, Fault::none};
  started.inject = [&](const Config&) {
    const Fault fault = faults.front();
    faults.pop_front();
    return fault;
  };
  WorkerMeasurer measurer(std::move(started));
  const std::vector<std::pair<std::string, std::string>> expected = {{"ok", ""},
                                                                     {"crashed", "SIGSEGV"},
                                                                     {"ok", ""},
                                                                     {"crashed", "lost"},
                                                                     {"validation_failed", ""},
                                                                     {"validation_failed", "output"},
                                                                     {"timed_out", "killed"},
                                                                     {"ok", ""}};
  for (const auto& [status, detail] : expected) {
    const auto measured = measurer.measure({config, few, true});
    ASSERT_TRUE(measured.ok()) << measured.error().message();
    EXPECT_EQ(measured->status, status) << measured->detail;
    EXPECT_THAT(measured->detail, HasSubstr(detail));
    EXPECT_EQ(measured->validated, status == "ok");
    if (status != "ok") continue;
    ASSERT_GE(measured->samples_ms.size(), 2U);
    EXPECT_GT(measured->samples_ms[0], 0);
    EXPECT_NEAR(measured->samples_ms[1], measured->samples_ms[0], measured->samples_ms[0] * 1e-6) << "a count, no time";
  }
  EXPECT_EQ(measurer.workers_started(), 4) << "after the crash, the loss and the hang";
}

TEST_F(GpuTunerTest, ASearchGoesOnAroundItsFaults) {
  const auto context = open();
  const Problem problem = small();
  TuneOptions tuning;
  tuning.budget = {"5evals", 60, 5};  // ends by evaluations, however busy the machine is
  tuning.compile_jobs = 1;
  const Config first = heuristic(*context, problem);
  std::optional<Config> victim;
  TestHooks hooks;
  hooks.on_emulated = true;
  hooks.inject = [&](const Config& config) {
    if (!victim && config != first) victim = config;
    return victim == config ? Fault::lost : Fault::none;
  };
  const Outcome outcome = tune_problem(*context, problem, tuning, {}, nullptr, hooks);
  EXPECT_EQ(outcome.status, "ok");
  EXPECT_GE(outcome.failed, 1);
  bool crashed = false;
  for (const auto& stored : context->records().find(context->tuning_key(simt(), problem))) {
    crashed = crashed || stored.record.status == "crashed";
    EXPECT_EQ(stored.record.cache_regime, "hot");
  }
  EXPECT_TRUE(crashed);
  const auto plan = context->find(problem, runtime::Policy::compile);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ((*plan)->provenance.origin, runtime::Origin::exact_record);
}

TEST_F(GpuTunerTest, UsersCannotTuneOnTheEmulator) {
  const auto context = open();
  const Problem problem = small();
  const TuneOptions defaults;
  const auto outcomes = tune(*context, std::span(&problem, 1), defaults);
  ASSERT_TRUE(outcomes.ok());
  EXPECT_THAT(outcomes->front().status, AllOf(HasSubstr("has no clock"), HasSubstr("cuda device")));
  EXPECT_EQ(outcomes->front().evaluated, 0);
}

TEST_F(GpuTunerTest, ALostGpuIsOpenedAgainInANewWorker) {
  runtime::ContextOptions device = options("cuda:0");
  device.device.driver = ATTUNE_FAKE_CUDA;
  const Config config = heuristic(*open(), small());
  WorkerMeasurer measurer(worker(device, small()));
  ASSERT_EQ(setenv("FAKE_CUDA_FAIL", "cuEventSynchronize=700", 1), 0);
  const auto lost = measurer.measure({config, few, true});
  unsetenv("FAKE_CUDA_FAIL");
  ASSERT_TRUE(lost.ok()) << lost.error().message();
  EXPECT_EQ(lost->status, "crashed");
  EXPECT_THAT(lost->detail, HasSubstr("lost to this process"));
  // The next worker's driver works, but its kernels write nothing: fast, and wrong.
  const auto wrong = measurer.measure({config, few, true});
  ASSERT_TRUE(wrong.ok()) << wrong.error().message();
  EXPECT_EQ(wrong->status, "validation_failed") << wrong->detail;
  EXPECT_FALSE(wrong->samples_ms.empty());
  EXPECT_EQ(measurer.workers_started(), 2);
}

TEST_F(GpuTunerTest, AGpuWithoutMemoryIsToldAsSuch) {
  runtime::ContextOptions device = options("cuda:0");
  device.device.driver = ATTUNE_FAKE_CUDA;
  const Config config = heuristic(*open(), small());
  WorkerMeasurer measurer(worker(device, small()));
  ASSERT_EQ(setenv("FAKE_CUDA_FAIL", "cuMemAlloc_v2=2", 1), 0);
  const auto measured = measurer.measure({config, few, true});
  unsetenv("FAKE_CUDA_FAIL");
  ASSERT_FALSE(measured.ok());
  EXPECT_EQ(measured.error().status(), Status::out_of_memory);
}

// forward_simt under another name, with an output that lies elsewhere when it is told to go wrong.
class Astray final : public Family {
 public:
  bool astray = false;
  std::string_view name() const override { return "astray"; }
  int version() const override { return 1; }
  SourceKind source_kind() const override { return simt().source_kind(); }
  Result<void> supports(const Problem& p, const DeviceClass& d) const override { return simt().supports(p, d); }
  Spec spec(const Problem& p, const DeviceClass& d) const override { return simt().spec(p, d); }
  std::string shape_bucket(const Problem& p) const override { return simt().shape_bucket(p); }
  Space space(const Spec& s, const Problem& p, const DeviceClass& d) const override { return simt().space(s, p, d); }
  Config heuristic(const Spec& s, const Problem& p, const DeviceClass& d) const override {
    return simt().heuristic(s, p, d);
  }
  Result<Source> emit(const Spec& s, const Config& c) const override { return simt().emit(s, c); }
  std::vector<Launch> launches(const Problem& p, const Config& c, const DeviceClass& d) const override {
    return simt().launches(p, c, d);
  }
  int64_t workspace_bytes(const Problem& p, const Config& c, const DeviceClass& d) const override {
    return simt().workspace_bytes(p, c, d);
  }
  void bind(const Problem& p, const Config& c, const DeviceClass& d, const Tensors& tensors, void* workspace,
            ArgumentBlock& arguments) const override {
    Tensors shifted = tensors;
    if (astray) shifted.o.data = static_cast<std::byte*>(tensors.o.data) + (int64_t{1} << 40);
    simt().bind(p, c, d, shifted, workspace, arguments);
  }
  std::string_view model() const override { return simt().model(); }
};

TEST_F(GpuTunerTest, AnIllegalAccessFailsTheCandidateAndTheNextOneRuns) {
  const auto context = open();
  const Problem problem = small(DType::f16);
  Astray family;
  auto bench = Workbench::create(*context, family, problem, {"cold", 1, 8});
  ASSERT_TRUE(bench.ok()) << bench.error().message();
  const Config config = heuristic(*context, problem);
  family.astray = true;
  const auto illegal = (*bench)->measure({config, few, true});
  ASSERT_TRUE(illegal.ok());
  EXPECT_EQ(illegal->status, "launch_failed");
  EXPECT_THAT(illegal->detail, HasSubstr("emulated:sm_80"));
  family.astray = false;
  const auto fine = (*bench)->measure({config, few, true});
  ASSERT_TRUE(fine.ok());
  EXPECT_EQ(fine->status, "ok") << fine->detail;
  EXPECT_TRUE(fine->validated);
}

TEST_F(GpuTunerTest, EveryRowIsComparedWithTheReferenceOnTheDevice) {
  const auto context = open();
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    const Problem problem = small(dtype);
    const auto workload = Workload::create(context->device(), problem, 3);
    ASSERT_TRUE(workload.ok());
    const auto reference = DeviceReference::create(*context, problem, **workload, 8, 3);
    ASSERT_TRUE(reference.ok()) << reference.error().message();
    ASSERT_NE(*reference, nullptr);
    const auto fetched = (*workload)->fetch();  // still what forward_simt wrote
    ASSERT_TRUE(fetched.ok());
    Tensors result = **fetched;
    EXPECT_EQ((*reference)->difference(result), std::nullopt);

    // A row that no sample looks at, off by a fifth.
    const int64_t first = result.o.stride_head + 13 * result.o.stride_seq;
    std::vector<float> row;
    for (int64_t d = 0; d < problem.head_dim_v; ++d) row.push_back(load_float(dtype, result.o.data, first + d));
    for (int64_t d = 0; d < problem.head_dim_v; ++d) {
      store_float(dtype, result.o.data, first + d, row[static_cast<size_t>(d)] * 1.2F);
    }
    const auto found = (*reference)->difference(result);
    ASSERT_TRUE(found.has_value()) << name(dtype);
    EXPECT_THAT(*found, HasSubstr("head 1 query 13"));
    for (int64_t d = 0; d < problem.head_dim_v; ++d)
      store_float(dtype, result.o.data, first + d, row[static_cast<size_t>(d)]);

    const float lse = result.lse[5];
    result.lse[5] = lse + 0.01F;
    EXPECT_THAT((*reference)->difference(result).value_or(""), HasSubstr("head 0 query 5"));
    result.lse[5] = lse;
    store_float(dtype, result.o.data, first, NAN);
    EXPECT_THAT((*reference)->difference(result).value_or(""), HasSubstr("inf times"));
  }
}

}  // namespace
}  // namespace attune::tuner
