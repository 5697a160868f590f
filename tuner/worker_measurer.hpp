// Measures in a worker process that may crash, hang or be killed: each costs one candidate.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "tuner/child_process.hpp"
#include "tuner/measurer.hpp"
#include "tuner/protocol.hpp"

namespace attune::tuner {

struct WorkerOptions {
  std::string program;  // empty: this executable
  OpenRequest open;
  double candidate_timeout_s = 30;
  const std::atomic<bool>* cancel = nullptr;
  std::function<Fault(const Config&)> inject;  // tests only
};

class WorkerMeasurer final : public Measurer {
 public:
  explicit WorkerMeasurer(WorkerOptions options) : options_(std::move(options)) {}

  Result<Measurement> measure(const MeasureRequest& request) override;
  // Ends the worker; the next measure() starts another.
  Result<void> refresh() override;

  int64_t workers_started() const { return workers_started_; }

 private:
  Result<void> start();

  WorkerOptions options_;
  std::unique_ptr<ChildProcess> worker_;
  int64_t workers_started_ = 0;
};

}  // namespace attune::tuner
