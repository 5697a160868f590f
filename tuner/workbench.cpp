// Compile (or find), run, validate, sample.
#include "tuner/workbench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>
#include <utility>

#include "tuner/validate.hpp"

namespace attune::tuner {
namespace {

constexpr size_t max_recent_plans = 16;

// Timed blocks below this repeat the call: a clock of some 50 ns and a thread pool's wake-up would be percents of the
// result.
constexpr double min_block_ms = 0.2;
constexpr int max_calls_a_block = 1000;

void fail(Measurement& measurement, std::string status, std::string detail) {
  measurement.status = std::move(status);
  measurement.detail = std::move(detail);
}

std::string status_of(const Error& error) {
  switch (error.status()) {
    case Status::compile_failed:
    case Status::load_failed:
    case Status::resources_exceeded:
    case Status::no_compiler: return "compile_failed";
    default: return "launch_failed";
  }
}

}  // namespace

Result<std::unique_ptr<Workbench>> Workbench::create(runtime::Context& context, const Family& family, const Problem& problem,
                                                     const WorkbenchOptions& options) {
  std::unique_ptr<Workbench> bench(new Workbench(context, family, problem, options));
  ATTUNE_TRY(bench->workload_, Workload::create(context.device(), problem, options.seed));
  return bench;
}

Result<runtime::PlanPtr> Workbench::plan_for(const Config& config) {
  const auto same = [&](const runtime::PlanPtr& plan) { return plan->config == config; };
  if (const auto found = std::find_if(recent_.begin(), recent_.end(), same); found != recent_.end()) return *found;
  ATTUNE_TRY(runtime::PlanPtr plan, context_.plan_with(family_, problem_, config));
  recent_.push_front(plan);
  if (recent_.size() > max_recent_plans) recent_.pop_back();
  return plan;
}

Result<Measurement> Workbench::measure(const MeasureRequest& request, Fault fault) {
  Measurement measurement;
  const auto plan = plan_for(request.config);
  if (!plan) {
    fail(measurement, "compile_failed", plan.error().message());
    return measurement;
  }
  if (fault == Fault::crash) std::raise(SIGSEGV);
  if (fault == Fault::hang) {
    while (true) std::this_thread::sleep_for(std::chrono::seconds(3600));
  }
  if (fault == Fault::lost) {
    return Error(Status::device_lost, "The GPU is lost to this process, as a test asked for: start it again.");
  }
  const runtime::Plan& ready = **plan;
  const auto workspace = workload_->workspace(ready.workspace_bytes);
  if (!workspace) {
    fail(measurement, "launch_failed", workspace.error().message());
    return measurement;
  }

  measurement.clock_before_mhz = context_.device().clock_mhz();
  // Sampled first: the result of a hopelessly slow config needs no validation, which costs as much as a few samples.
  if (auto sampled = sample(ready, *workspace, request.rule, fault, measurement); !sampled) {
    if (sampled.error().status() == Status::device_lost) return sampled.error();
    fail(measurement, status_of(sampled.error()), sampled.error().message());
    return measurement;
  }
  measurement.clock_after_mhz = context_.device().clock_mhz();
  if (measurement.status != "ok" || !request.validate) return measurement;

  if (auto validated = validate(ready, *workspace, fault, measurement); !validated) {
    if (validated.error().status() == Status::device_lost) return validated.error();
    fail(measurement, status_of(validated.error()), validated.error().message());
  }
  return measurement;
}

Result<void> Workbench::sample(const runtime::Plan& plan, void* workspace, const SamplingRule& rule, Fault fault,
                               Measurement& measurement) {
  runtime::Device& device = context_.device();
  const bool cold = options_.cache_regime == "cold";
  Sampling sampling(rule);
  int calls = 1;
  while (!sampling.finished()) {
    if (cold) ATTUNE_CHECK(device.flush_cache());
    const auto block = [&]() -> Result<void> {
      for (int call = 0; call < calls; ++call) ATTUNE_CHECK(context_.execute(plan, workload_->tensors(), workspace));
      if (fault == Fault::slow) std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return {};
    };
    ATTUNE_TRY(const double block_ms, device.time_ms(block, nullptr));
    ATTUNE_CHECK(device.synchronize(nullptr));
    const double sample_ms = block_ms / calls;
    if (!(sample_ms >= 0)) {
      return Error(Status::internal, fmt::format("the device's clock gave {} ms. Check the driver.", sample_ms));
    }
    sampling.add(sample_ms);
    // A repeated call would find its inputs warm: one call a sample is what cold means.
    if (!cold && sampling.samples_ms().size() == 1 && sample_ms < min_block_ms) {
      calls = static_cast<int>(std::clamp(min_block_ms / std::max(sample_ms, 1e-6), 1.0, double{max_calls_a_block}));
    }
  }
  measurement.samples_ms = sampling.samples_ms();
  if (sampling.reason() == "hopeless") {
    fail(
        measurement, "abandoned",
        fmt::format("sampling ended early: the fastest of {} samples is {:.4g} ms, above the limit of {:.4g} ms",
                    measurement.samples_ms.size(),
                    *std::min_element(measurement.samples_ms.begin(), measurement.samples_ms.end()), rule.give_up_above_ms));
  }
  return {};
}

Result<Accuracy> Workbench::judge(const runtime::Plan& plan, const Tensors& result) {
  if (problem_.quantization == "none") {
    return check_against_double(problem_, result, options_.validation_rows, options_.seed);
  }
  if (!model_) {
    ATTUNE_TRY(model_, ModelReference::create(problem_, result, options_.validation_rows, options_.seed));
  }
  return model_->check(result, family_.quantized_schedule(problem_, plan.config, context_.device().device_class()));
}

Result<void> Workbench::validate(const runtime::Plan& plan, void* workspace, Fault fault, Measurement& measurement) {
  if (!reference_) {
    // forward_simt is attention in full precision, which a quantized result is not near enough to.
    if (family_.name() == "forward_simt" || problem_.quantization != "none") {
      reference_.emplace();
    } else {
      ATTUNE_TRY(reference_,
                 DeviceReference::create(context_, problem_, *workload_, options_.validation_rows, options_.seed));
      ATTUNE_TRY(workspace, workload_->workspace(plan.workspace_bytes));
    }
  }
  ATTUNE_CHECK(workload_->poison());
  ATTUNE_CHECK(context_.execute(plan, workload_->tensors(), workspace));
  ATTUNE_CHECK(context_.device().synchronize(nullptr));
  if (fault == Fault::wrong) ATTUNE_CHECK(workload_->corrupt_output());
  if (fault == Fault::overrun) ATTUNE_CHECK(workload_->write_past_output());

  ATTUNE_TRY(const auto broken, workload_->broken_guard());
  if (broken) {
    fail(measurement, "validation_failed", fmt::format("the kernel wrote outside its {} buffer", *broken));
    return {};
  }
  ATTUNE_TRY(const Tensors* tensors, workload_->fetch());
  ATTUNE_TRY(const Accuracy accuracy, judge(plan, *tensors));
  measurement.max_error = std::isfinite(accuracy.max_error) ? accuracy.max_error : 0;
  if (std::isfinite(accuracy.worst_ratio) && accuracy.worst_ratio > 0) {
    measurement.tolerance = measurement.max_error / accuracy.worst_ratio;
  }
  measurement.validated = accuracy.passed();
  if (!measurement.validated) {
    fail(measurement, "validation_failed", accuracy.to_text());
  } else if (const auto difference = *reference_ ? (*reference_)->difference(*tensors) : std::nullopt) {
    measurement.validated = false;
    fail(measurement, "validation_failed", *difference);
  }
  return {};
}

}  // namespace attune::tuner
