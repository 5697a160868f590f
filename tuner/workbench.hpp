// Measures and validates configs of one problem in this process: what a worker runs, and tuning without isolation.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "runtime/context.hpp"
#include "tuner/device_reference.hpp"
#include "tuner/measurer.hpp"
#include "tuner/model_reference.hpp"
#include "tuner/workload.hpp"

namespace attune::tuner {

struct WorkbenchOptions {
  std::string cache_regime = "hot";  // "hot", "cold": flush before each sample
  uint64_t seed = 1;
  int64_t validation_rows = 24;
};

// Faults a test may ask for, to prove that the run survives them: never set outside tests. `lost`: the sticky error of a GPU
// after an illegal access.
enum class Fault { none, crash, hang, wrong, overrun, slow, lost };

class Workbench final : public Measurer {
 public:
  // Allocates and fills the problem's tensors. `context` outlives it.
  static Result<std::unique_ptr<Workbench>> create(runtime::Context& context, const Family& family, const Problem& problem,
                                                   const WorkbenchOptions& options);

  Result<Measurement> measure(const MeasureRequest& request) override { return measure(request, Fault::none); }
  Result<Measurement> measure(const MeasureRequest& request, Fault fault);
  Result<void> refresh() override { return {}; }

 private:
  Workbench(runtime::Context& context, const Family& family, Problem problem, WorkbenchOptions options)
      : context_(context), family_(family), problem_(std::move(problem)), options_(std::move(options)) {}

  Result<runtime::PlanPtr> plan_for(const Config& config);
  Result<void> validate(const runtime::Plan& plan, void* workspace, Fault fault, Measurement& measurement);
  // Holds the result that lies in the workload to its reference: double, or of a quantized problem its exact model.
  Result<Accuracy> judge(const runtime::Plan& plan, const Tensors& result);
  Result<void> sample(const runtime::Plan& plan, void* workspace, const SamplingRule& rule, Fault fault,
                      Measurement& measurement);

  runtime::Context& context_;
  const Family& family_;
  Problem problem_;
  WorkbenchOptions options_;
  std::unique_ptr<Workload> workload_;
  // Made when the first candidate is validated; null where there is none, for the reference's own family, and for quantized
  // problems.
  std::optional<std::unique_ptr<const DeviceReference>> reference_;
  std::unique_ptr<ModelReference> model_;  // of quantized problems; made when the first candidate is validated
  std::deque<runtime::PlanPtr> recent_;    // a race goes round among a few: their kernels stay loaded
};

}  // namespace attune::tuner
