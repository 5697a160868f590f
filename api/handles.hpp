// What stands behind the opaque handles.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/workspace.hpp"
#include "attune/attune.h"
#include "runtime/context.hpp"
#include "tuner/tuner.hpp"

namespace attune::api {

// Shared with the context's plans, so that a plan released after its context still finds its device.
struct ContextBody {
  std::unique_ptr<runtime::Context> runtime;
  std::string device_name;
  tuner::TuneOptions tuning;
  attune_allocate allocate = nullptr;
  attune_release release = nullptr;
  void* allocator_user = nullptr;
  bool reads_host_memory = false;  // the cpu: workspaces may come from the pool below
  WorkspacePool workspaces;
};

// Tuning was asked for and there is nothing to measure with.
Error no_worker_program();

}  // namespace attune::api

struct attune_context {
  std::shared_ptr<attune::api::ContextBody> body;
};

struct attune_plan {
  std::shared_ptr<attune::api::ContextBody> body;  // destroyed after the plan below
  attune::runtime::PlanPtr plan;
  // Written once, when somebody asks: a find on the hot path builds no text.
  struct LazyText {
    std::once_flag once;
    std::string text;
  };
  mutable LazyText text, json;
};

struct attune_tuning {
  std::vector<attune::tuner::Outcome> outcomes;
  std::vector<std::string> configs;  // canonical JSON of each winner
};

struct attune_cancel {
  std::atomic<bool> requested{false};
};
