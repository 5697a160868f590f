// Tuning one problem on one context: ties space, strategy, compiler, measurer and records together.
#pragma once

#include "tuner/recorder.hpp"
#include "tuner/tuner.hpp"
#include "tuner/workbench.hpp"

namespace attune::tuner {

// Malformed options, before anything is measured: strategy, cache regime, budget, timeout.
Result<void> validate(const TuneOptions& options);

// What tests add to the options; never set elsewhere.
struct TestHooks {
  std::function<Fault(const Config&)> inject = {};  // a fault in the worker for this config
  bool on_emulated = false;                         // tune on the emulated device, whose times mean nothing
};

// `progress` gets phase and counters; the caller fills in the problem's index and text.
Outcome tune_problem(runtime::Context& context, const Problem& problem, const TuneOptions& options,
                     const ProgressCallback& progress, const std::atomic<bool>* cancel, const TestHooks& hooks = {});

}  // namespace attune::tuner
