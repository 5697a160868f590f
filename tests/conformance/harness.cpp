// Executing, judging and shrinking cases.
#include "tests/conformance/harness.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "generator/family.hpp"
#include "tests/conformance/device_copy.hpp"
#ifdef ATTUNE_LLVM
#include "tests/conformance/lowered_device.hpp"
#endif
#include "tuner/validate.hpp"

namespace attune::test {

namespace {

// The handler may only touch memory that is there already.
char crash_text[8192];

void report_crash(int number) {
  const char head[] = "\ncrashed while running (replay with conformance_fuzz --case): ";
  [[maybe_unused]] auto written = write(STDERR_FILENO, head, sizeof head - 1);
  written = write(STDERR_FILENO, crash_text, strnlen(crash_text, sizeof crash_text));
  written = write(STDERR_FILENO, "\n", 1);
  signal(number, SIG_DFL);
  raise(number);
}

// Rows worth checking: all of a small problem, a sample of a large one.
int64_t default_rows(const Problem& p) {
  const double work = static_cast<double>(p.batch * p.heads_q) * static_cast<double>(p.seqlen_q) *
                      static_cast<double>(p.seqlen_kv + 1) * static_cast<double>(p.head_dim_qk + p.head_dim_v);
  return work < 4e6 ? 0 : 24;
}

template <class Enum>
bool read_name(const nlohmann::json& json, const char* key, Enum& value, int count) {
  if (!json.contains(key)) return true;
  for (int n = 0; n < count; ++n) {
    if (json[key] == name(static_cast<Enum>(n))) {
      value = static_cast<Enum>(n);
      return true;
    }
  }
  return false;
}

}  // namespace

std::string Case::to_json() const {
  return fmt::format(R"({{"target":"{}","problem":{},"workload":{},"config":{}}})", target, attune::to_json(problem),
                     workload.to_json(), config ? config->to_json() : "null");
}

Result<Case> case_from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object() || !json.contains("problem")) {
    return Error(Status::invalid_argument, "A case is an object with a problem; copy it whole from the failing test.");
  }
  Case result;
  ATTUNE_TRY(result.problem, problem_from_json(json["problem"].dump()));
  // A build without LLVM has no instruction set of the host: there a case must name its target.
  result.target = json.value("target", host_isas().empty() ? std::string() : host_isas().front());
  const nlohmann::json workload = json.value("workload", nlohmann::json::object());
  result.workload.seed = workload.value("seed", uint64_t{1});
  result.workload.poison = workload.value("poison", false);
  result.workload.finite_min = workload.value("finite_min", false);
  if (!read_name(workload, "values", result.workload.values, 6) ||
      !read_name(workload, "strides", result.workload.strides, 4)) {
    return Error(Status::invalid_argument, "The workload names unknown values or strides; copy the case whole.");
  }
  if (json.contains("config") && json["config"].is_object()) {
    ATTUNE_TRY(result.config, Config::from_json(json["config"].dump()));
  }
  return result;
}

const std::vector<std::string>& host_isas() {
  static const std::vector<std::string> isas = [] {
    std::vector<std::string> result;
    for (const char* target : {"avx512bf16", "avx512vnni", "avx512", "avxvnni", "avx2", "portable"}) {
      if (runtime::open_device({"cpu", 1, target}).ok()) result.emplace_back(target);
    }
    return result;
  }();
  return isas;
}

Result<std::unique_ptr<runtime::Context>> open_target(const std::string& target, int threads) {
  const size_t slash = target.find('/');
  const std::string device = target.substr(0, slash);
  ATTUNE_TRY(const runtime::ContextOptions environment, runtime::options_from_environment());
  runtime::ContextOptions options;
  options.device = environment.device;
  options.device.threads = threads;
  const bool is_device = device.find(':') != std::string::npos;
  options.device.name = is_device ? device : "cpu";
  options.device.cpu_isa = is_device ? "" : device;
  if (slash != std::string::npos) {
    const std::string name = target.substr(slash + 1);
    const Family* family = find_family(name);
    if (family == nullptr) {
      return Error(Status::not_found, fmt::format("The family '{}' is not in this build. Name one of families().", name));
    }
    options.families = {family};
  }
#ifdef ATTUNE_LLVM
  if (const std::string_view prefix = "lowered:"; device.starts_with(prefix)) {
    ATTUNE_TRY(auto lowered, open_lowered_device(device.substr(prefix.size()), threads));
    return runtime::Context::create_with(std::move(lowered), options);
  }
#endif
  return runtime::Context::create(options);
}

std::string test_name(const std::string& target) {
  std::string name;
  for (const char c : target) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

std::string test_name(const std::tuple<std::string, DType>& target) {
  return test_name(std::get<0>(target)) + "_" + std::string(name(std::get<1>(target)));
}

Conformer::Conformer(const std::string& target, int threads) : target_(target) {
  auto context = open_target(target, threads);
  if (!context.ok()) {
    std::fprintf(stderr, "conformance: the target %s does not open: %s\n", target.c_str(),
                 context.error().message().c_str());
    std::abort();
  }
  context_ = *std::move(context);
  if (context_->device().device_class().kind == "cuda") copy_ = std::make_unique<DeviceCopy>(context_->device());
}

Conformer::~Conformer() = default;

Result<runtime::PlanPtr> Conformer::plan(const Problem& problem, const std::optional<Config>& wanted) {
  ATTUNE_CHECK(validate(problem));
  ATTUNE_TRY(const Family* family, context_->select_family(problem));
  const DeviceClass& device = context_->device().device_class();
  const Spec spec = family->spec(problem, device);
  const Config config = wanted ? *wanted : family->heuristic(spec, problem, device);
  if (const auto broken = family->space(spec, problem, device).violation(config)) {
    return Error(Status::internal, fmt::format("the config {} is outside the space: {}", config.to_text(), *broken));
  }
  ATTUNE_TRY(runtime::PlanPtr plan, context_->plan_with(*family, problem, config));
  // For as long as one plan of a kernel is kept, the context finds it for other shapes without emitting it.
  kernels_.emplace(spec.to_json() + config.to_json(), plan);
  return plan;
}

std::string Conformer::execute(Workload& work, const std::optional<Config>& config) {
  const auto plan = this->plan(work.problem(), config);
  if (!plan.ok()) return fmt::format("no plan: {} {}", plan.error().message(), plan.error().log());
  const auto bytes = static_cast<size_t>((*plan)->workspace_bytes);
  // Uninitialised by contract, so it starts as NaN.
  workspace_.assign(bytes + 64, std::byte{0xff});
  void* start = workspace_.data();
  size_t space = workspace_.size();
  void* workspace = bytes == 0 ? nullptr : std::align(64, bytes, start, space);
  work.reset_outputs();
  if (const auto contents = runtime::validate_contents(work.problem(), work.tensors()); !contents.ok()) {
    return "the workload is malformed: " + contents.error().message();
  }
  const auto done =
      copy_ ? copy_->execute(*context_, **plan, work.tensors()) : context_->execute(**plan, work.tensors(), workspace);
  return done.ok() ? std::string() : "execute: " + done.error().message();
}

std::string Conformer::run(Workload& work, const std::optional<Config>& config, int64_t rows) {
  if (std::string failure = execute(work, config); !failure.empty()) return failure;
  if (std::string damage = work.damage(); !damage.empty()) return damage;
  const tuner::Accuracy accuracy =
      tuner::check_against_double(work.problem(), work.tensors(), rows < 0 ? default_rows(work.problem()) : rows, 1);
  return accuracy.passed() ? std::string() : accuracy.to_text();
}

std::string Conformer::run(const Case& test_case, int64_t rows) {
  report_case_on_crash(test_case.to_json());
  Workload work(test_case.problem, test_case.workload);
  return run(work, test_case.config, rows);
}

Case Conformer::shrink(const Case& failing, std::string& text, int attempts) {
  Case smallest = failing;
  const auto still_fails = [&](const Case& candidate) {
    if (attempts-- <= 0) return false;
    std::string failure = run(candidate, 0);
    if (failure.empty() || failure.starts_with("no plan")) return false;
    smallest = candidate;
    text = std::move(failure);
    return true;
  };
  bool progress = true;
  while (progress && attempts > 0) {
    progress = false;
    if (smallest.config) {
      Case candidate = smallest;
      candidate.config.reset();
      progress = still_fails(candidate);
    }
    for (const WorkloadOptions& options : simpler_workloads(smallest.workload)) {
      Case candidate = smallest;
      candidate.workload = options;
      if (still_fails(candidate)) {
        progress = true;
        break;
      }
    }
    for (const Problem& problem : simpler_problems(smallest.problem)) {
      Case candidate = smallest;
      candidate.problem = problem;
      if (candidate.config && !is_valid(problem, *candidate.config)) candidate.config.reset();
      if (still_fails(candidate)) {
        progress = true;
        break;
      }
    }
  }
  return smallest;
}

std::optional<Config> Conformer::random_config(const Problem& problem, Random& random) {
  const auto family = context_->select_family(problem);
  if (!family.ok()) return std::nullopt;
  const DeviceClass& device = context_->device().device_class();
  return (*family)->space((*family)->spec(problem, device), problem, device).random(random);
}

std::optional<Config> Conformer::heuristic(const Problem& problem) {
  const auto family = context_->select_family(problem);
  if (!family.ok()) return std::nullopt;
  const DeviceClass& device = context_->device().device_class();
  return (*family)->heuristic((*family)->spec(problem, device), problem, device);
}

bool Conformer::is_valid(const Problem& problem, const Config& config) {
  const auto family = context_->select_family(problem);
  if (!family.ok()) return false;
  const DeviceClass& device = context_->device().device_class();
  return (*family)->space((*family)->spec(problem, device), problem, device).contains(config);
}

Conformer& conformer(const std::string& target) {
  static std::map<std::string, std::unique_ptr<Conformer>> all;
  std::unique_ptr<Conformer>& one = all[target];
  if (one == nullptr) one = std::make_unique<Conformer>(target);
  return *one;
}

void report_case_on_crash(const std::string& case_json) {
  std::strncpy(crash_text, case_json.c_str(), sizeof crash_text - 1);
  [[maybe_unused]] static const bool installed = [] {
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) signal(number, report_crash);
    return true;
  }();
}

std::string check_case(const Case& test_case, int64_t rows) {
  Conformer& device = conformer(test_case.target);
  std::string text = device.run(test_case, rows);
  if (text.empty()) return {};
  // Hundreds of kernels take a GPU's compiler minutes, and a GPU that was lost fails whatever it is given.
  const bool is_gpu = device.context().device().device_class().kind == "cuda";
  if (is_gpu && !device.context().device().synchronize(nullptr).ok()) {
    return fmt::format("{}\n  case: {}", text, test_case.to_json());
  }
  std::string smallest_text = text;
  const Case smallest = device.shrink(test_case, smallest_text, is_gpu ? 40 : 300);
  return fmt::format("{}\n  case: {}\n  smallest: {}\n  {}\n  {}", text, test_case.to_json(), to_text(smallest.problem),
                     smallest_text, smallest.to_json());
}

}  // namespace attune::test
