// Ties device, stores, planner and plan cache together.
#include "runtime/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/cores.hpp"
#include "runtime/kernel_provider.hpp"
#include "runtime/memory_regions.hpp"
#include "runtime/plan_cache.hpp"
#include "runtime/planner.hpp"
#include "runtime/single_flight.hpp"

namespace attune::runtime {
namespace {

constexpr uintptr_t workspace_alignment = 64;

std::span<const Family* const> chosen_families(const ContextOptions& options) {
  return options.families.empty() ? families() : std::span<const Family* const>(options.families);
}

// Beside the compiled kernels, unless these stay in memory or belong to somebody else.
std::filesystem::path failure_directory(const ContextOptions& options) {
  if (options.kernels.user_directory.empty() || options.kernels.read_only) return {};
  return options.kernels.user_directory / "failed";
}

// Rows of O that exist at all.
bool has_rows(const Problem& problem) {
  if (problem.varlen) return problem.total_q > 0;
  return problem.batch > 0 && problem.heads_q > 0 && problem.seqlen_q > 0;
}

}  // namespace

struct Context::Impl {
  // Order of destruction matters: plans hold kernels, kernels were loaded by the device.
  ContextOptions options;
  std::unique_ptr<Device> device;
  std::unique_ptr<cache::RecordStore> records;
  std::unique_ptr<cache::KernelStore> kernels;
  KernelProvider provider;
  Planner planner;
  PlanCache plans;
  std::atomic<int64_t> plan_hits{0}, plan_misses{0};

  std::mutex tuner_mutex;  // guards tuner
  std::shared_ptr<const TunerHook> tuner;
  SingleFlight<Result<void>> tunings;

  Impl(std::unique_ptr<Device> opened, const ContextOptions& given)
      : options(given),
        device(std::move(opened)),
        records(cache::RecordStore::open(options.records)),
        kernels(cache::KernelStore::open(options.kernels)),
        provider(*device, *kernels, options.dump_directory, failure_directory(options)),
        planner(*device, *records, provider, chosen_families(options)),
        plans(options.plan_capacity) {}

  Result<void> tune(Context& context, const Problem& problem, Policy policy);
  Result<PlanPtr> find(Context& context, const Problem& problem, Policy policy, Stream stream, bool pinned);
};

Result<void> Context::Impl::tune(Context& context, const Problem& problem, Policy policy) {
  ATTUNE_TRY([[maybe_unused]] const Family* family, planner.select_family(problem, nullptr));
  std::shared_ptr<const TunerHook> hook;
  {
    const std::scoped_lock lock(tuner_mutex);
    hook = tuner;
  }
  if (!hook || !*hook) {
    return Error(Status::unsupported,
                 fmt::format("The policy {} needs a tuner, and none is installed on this context. Use the "
                             "policy compile, or tune with `attune tune` first.",
                             name(policy)));
  }
  return tunings.run(to_json(problem), [&] { return (*hook)(context, problem); }).value;
}

Result<PlanPtr> Context::Impl::find(Context& context, const Problem& problem, Policy policy, Stream stream, bool pinned) {
  if (PlanPtr plan = plans.find(problem, policy)) {
    plan_hits.fetch_add(1, std::memory_order_relaxed);
    if (pinned) plans.pin(problem);
    return plan;
  }
  plan_misses.fetch_add(1, std::memory_order_relaxed);
  if (device->is_capturing(stream)) {
    return Error(Status::not_ready_in_capture,
                 fmt::format("The stream is being captured and there is no plan yet for {}: prepare the problem before the "
                             "capture begins.",
                             to_text(problem)));
  }
  std::string note;
  bool tuned = false;
  if (policy == Policy::retune || policy == Policy::tune_if_missing) {
    bool missing = policy == Policy::retune;
    if (!missing) {
      ATTUNE_TRY(const bool known, planner.has_record(problem));
      missing = !known;
    }
    tuned = true;
    if (missing) {
      if (auto outcome = tune(context, problem, policy); !outcome.ok()) {
        const Status status = outcome.error().status();
        // Otherwise the problem is answered from what is known, and the failure is told: a server must not stop because
        // its worker program is missing. Cancelling is the user's wish, and who asks to measure again wants to know.
        if (policy == Policy::retune || status == Status::cancelled || status == Status::unsupported) return outcome.error();
        note = "tuning failed: " + outcome.error().message();
        log(LogLevel::warning, fmt::format("Tuning of {} failed, the best known config is used: {}", to_text(problem),
                                           outcome.error().message()));
      }
    }
  }
  const uint64_t generation = plans.generation();
  ATTUNE_TRY(Planned planned, planner.plan(problem, policy != Policy::cached_only));
  if (!note.empty()) planned.plan->provenance.notes.push_back(std::move(note));
  const Origin origin = planned.plan->provenance.origin;
  const bool measured = origin == Origin::exact_record || origin == Origin::same_bucket;
  const Policy answers = !planned.best_known ? Policy::cached_only
                         : tuned || measured ? Policy::tune_if_missing
                                             : Policy::compile;
  PlanPtr plan = std::move(planned.plan);
  plans.insert(problem, plan, answers, pinned, generation);
  return plan;
}

Context::Context(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Context::~Context() = default;

Result<std::unique_ptr<Context>> Context::create(const ContextOptions& options) {
  ATTUNE_TRY(auto device, open_device(options.device));
  return create_with(std::move(device), options);
}

Result<std::unique_ptr<Context>> Context::create_with(std::unique_ptr<Device> device, const ContextOptions& options) {
  if (device == nullptr) return Error(Status::invalid_argument, "device is null: open one with open_device().");
  if (options.log_level) set_log_level(*options.log_level);
  return std::unique_ptr<Context>(new Context(std::make_unique<Impl>(std::move(device), options)));
}

Result<PlanPtr> Context::find(const Problem& problem, Policy policy, Stream stream) {
  return impl_->find(*this, problem, policy, stream, /*pinned=*/false);
}

Result<PlanPtr> Context::plan_with(const Family& family, const Problem& problem, const Config& config) {
  return impl_->planner.plan_with(family, problem, config);
}

Result<void> Context::execute(const Plan& plan, const Tensors& tensors, void* workspace, Stream stream) {
  if (plan.family == nullptr || plan.stages.empty()) {
    return Error(Status::invalid_argument, "The plan is empty: get one from find().");
  }
  if (!has_rows(plan.problem)) return {};
  ATTUNE_CHECK(validate(plan.problem, tensors));
  // Lengths and block lists steer the kernel's addresses: where the host can read them, they are checked before each launch.
  if (impl_->device->device_class().kind != "cuda") ATTUNE_CHECK(validate_contents(plan.problem, tensors));
  if (plan.workspace_bytes > 0 && workspace == nullptr) {
    return Error(Status::invalid_argument,
                 fmt::format("workspace is null, but this plan needs {} bytes: allocate them, aligned to {} bytes.",
                             plan.workspace_bytes, workspace_alignment));
  }
  if (plan.workspace_bytes > 0 && reinterpret_cast<uintptr_t>(workspace) % workspace_alignment != 0) {
    return Error(Status::invalid_argument,
                 fmt::format("workspace is not aligned: allocate it at a multiple of {} bytes.", workspace_alignment));
  }
  ArgumentBlock arguments;  // left uninitialised: bind() fills what the kernel reads
  plan.family->bind(plan.problem, plan.config, impl_->device->device_class(), tensors, workspace, arguments);
  std::vector<MemoryRegion> regions;
  if (impl_->device->checks_memory()) regions = memory_regions(plan.problem, tensors, workspace, plan.workspace_bytes);
  for (const Stage& stage : plan.stages) {
    ATTUNE_CHECK(impl_->device->launch(*stage.kernel, stage.launches, arguments, stream, regions));
  }
  return {};
}

Result<void> Context::prepare(std::span<const Problem> problems, Policy policy) {
  // Compiling dominates, and each compile is one thread's work. Tuning measures, and so stays alone.
  const bool serial = policy == Policy::tune_if_missing || policy == Policy::retune;
  const size_t workers = serial ? 1 : std::min(static_cast<size_t>(usable_cores()), problems.size());
  std::atomic<size_t> next{0};
  std::mutex failure_mutex;
  std::optional<std::pair<size_t, Error>> failure;  // of the first problem in the caller's order
  const auto work = [&] {
    for (size_t i = next.fetch_add(1); i < problems.size(); i = next.fetch_add(1)) {
      const auto plan = impl_->find(*this, problems[i], policy, nullptr, /*pinned=*/true);
      if (plan.ok()) continue;
      const std::scoped_lock lock(failure_mutex);
      if (!failure || i < failure->first) failure.emplace(i, plan.error());
    }
  };
  {
    std::vector<std::jthread> threads;
    try {
      for (size_t i = 1; i < workers; ++i) threads.emplace_back(work);
    } catch (const std::system_error& error) {
      log(LogLevel::info,
          fmt::format("Preparing with {} threads: no more could be started ({}).", threads.size() + 1, error.what()));
    }
    work();
  }
  if (failure) return failure->second.within(fmt::format("preparing problem {} of {}", failure->first + 1, problems.size()));
  return {};
}

Result<const Family*> Context::select_family(const Problem& problem, std::vector<std::string>* declined) const {
  return impl_->planner.select_family(problem, declined);
}

Result<std::vector<Problem>> Context::alternatives(const Problem& problem) const {
  return impl_->planner.alternatives(problem);
}

cache::TuningKey Context::tuning_key(const Family& family, const Problem& problem) const {
  return impl_->planner.tuning_key(family, problem);
}

Device& Context::device() { return *impl_->device; }
cache::RecordStore& Context::records() { return *impl_->records; }
cache::KernelStore& Context::kernels() { return *impl_->kernels; }

CacheStats Context::stats() const {
  const KernelStats kernels = impl_->provider.stats();
  return {impl_->plan_hits.load(std::memory_order_relaxed),
          impl_->plan_misses.load(std::memory_order_relaxed),
          kernels.hits,
          kernels.compiles,
          kernels.shared,
          kernels.compile_ms};
}

void Context::forget_plans() { impl_->plans.clear(); }

void Context::set_tuner(TunerHook hook) {
  auto shared = std::make_shared<const TunerHook>(std::move(hook));
  const std::scoped_lock lock(impl_->tuner_mutex);
  impl_->tuner = std::move(shared);
}

const ContextOptions& Context::options() const { return impl_->options; }

}  // namespace attune::runtime
