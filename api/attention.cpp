// Find, prepare, execute, and the one-call form.
#include <fmt/format.h>

#include "api/handles.hpp"
#include "api/translate.hpp"
#include "api/versioned.hpp"

using namespace attune;       // NOLINT(google-build-using-namespace): the C names below live outside
using namespace attune::api;  // NOLINT(google-build-using-namespace)

namespace {

// A workspace for the length of one call, from the caller's allocator or from the context's own pool.
class Workspace {
 public:
  Workspace(ContextBody& body, int64_t size_bytes, void* stream) : body_(body), size_bytes_(size_bytes), stream_(stream) {
    if (size_bytes == 0) return;
    if (body.allocate != nullptr) {
      memory_ = body.allocate(size_bytes, stream, body.allocator_user);
    } else {
      buffer_ = body.workspaces.take(size_bytes);
      memory_ = buffer_.memory.get();
    }
  }
  ~Workspace() {
    if (memory_ == nullptr) return;
    if (body_.allocate != nullptr) {
      body_.release(memory_, size_bytes_, stream_, body_.allocator_user);
    } else {
      body_.workspaces.give_back(std::move(buffer_));
    }
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  void* memory() const { return memory_; }

 private:
  ContextBody& body_;
  int64_t size_bytes_;
  void* stream_;
  WorkspacePool::Buffer buffer_;
  void* memory_ = nullptr;
};

Result<void> check_workspace(const void* memory, int64_t given_bytes, int64_t needed_bytes) {
  if (needed_bytes == 0) return {};
  if (memory == nullptr) {
    return invalid(fmt::format(
        "workspace is null and the plan needs {} bytes. Pass a buffer of attune_plan_workspace_bytes.", needed_bytes));
  }
  if (given_bytes < needed_bytes) {
    return invalid(fmt::format("workspace_bytes is {} and the plan needs {}. Pass a buffer of attune_plan_workspace_bytes.",
                               given_bytes, needed_bytes));
  }
  if (reinterpret_cast<uintptr_t>(memory) % 64 != 0) {
    return invalid("workspace is not aligned to 64 bytes. Allocate it with aligned_alloc(64, size) or the like.");
  }
  return {};
}

Result<void> attend(ContextBody& body, const attune_problem* given_problem, const attune_tensors* given_tensors,
                    void* stream) {
  ATTUNE_TRY(const Problem problem, to_problem(given_problem));
  ATTUNE_TRY(const Tensors tensors, to_tensors(given_tensors));
  ATTUNE_TRY(const runtime::PlanPtr plan, body.runtime->find(problem, runtime::Policy::compile, stream));
  if (plan->workspace_bytes > 0 && body.allocate == nullptr && !body.reads_host_memory) {
    return invalid(
        fmt::format("the plan needs {} bytes of device memory and the context has no allocator. Set allocate and release "
                    "in attune_context_options, or use attune_find and attune_execute.",
                    plan->workspace_bytes));
  }
  const Workspace workspace(body, plan->workspace_bytes, stream);
  if (plan->workspace_bytes > 0 && workspace.memory() == nullptr) {
    return Error(Status::out_of_memory,
                 fmt::format("no memory for a workspace of {} bytes. Free some memory, or use smaller shapes.",
                             plan->workspace_bytes));
  }
  ATTUNE_CHECK(check_workspace(workspace.memory(), plan->workspace_bytes, plan->workspace_bytes));
  return body.runtime->execute(*plan, tensors, workspace.memory(), stream);
}

}  // namespace

extern "C" {

attune_status attune_problem_check(attune_context* context, const attune_problem* problem) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_TRY(const Problem parsed, to_problem(problem));
    ATTUNE_CHECK(validate(parsed));
    ATTUNE_CHECK(context->body->runtime->select_family(parsed));
    return {};
  });
}

attune_status attune_attention(attune_context* context, const attune_problem* problem, const attune_tensors* tensors,
                               void* stream) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    return attend(*context->body, problem, tensors, stream);
  });
}

attune_status attune_find(attune_context* context, const attune_problem* problem, int32_t policy, void* stream,
                          attune_plan** plan) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_CHECK(check_pointer(plan, "plan"));
    ATTUNE_TRY(const Problem parsed, to_problem(problem));
    ATTUNE_TRY(const runtime::Policy checked_policy, to_policy(policy));
    ATTUNE_TRY(runtime::PlanPtr found, context->body->runtime->find(parsed, checked_policy, stream));
    auto handle = std::make_unique<attune_plan>();
    handle->body = context->body;
    handle->plan = std::move(found);
    *plan = handle.release();
    return {};
  });
}

void attune_plan_release(attune_plan* plan) { delete plan; }

attune_status attune_prepare(attune_context* context, const attune_problem* const* problems, size_t count, int32_t policy) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_TRY(const runtime::Policy checked_policy, to_policy(policy));
    ATTUNE_TRY(const auto parsed, to_problems(problems, count));
    for (size_t i = 0; i < parsed.size(); ++i) {
      const auto prepared = context->body->runtime->prepare(std::span(&parsed[i], 1), checked_policy);
      if (!prepared.ok()) return prepared.error().within(fmt::format("problems[{}]", i));
    }
    return {};
  });
}

attune_status attune_execute(attune_context* context, const attune_plan* plan, const attune_tensors* tensors,
                             void* workspace, int64_t workspace_bytes, void* stream) {
  return fenced([&]() -> Result<void> {
    ATTUNE_CHECK(check_pointer(context, "context"));
    ATTUNE_CHECK(check_pointer(plan, "plan"));
    if (plan->body != context->body)
      return invalid("plan belongs to another context. Find it in the context it is executed in.");
    ATTUNE_TRY(const Tensors views, to_tensors(tensors));
    ATTUNE_CHECK(check_workspace(workspace, workspace_bytes, plan->plan->workspace_bytes));
    return context->body->runtime->execute(*plan->plan, views, workspace, stream);
  });
}

int64_t attune_plan_workspace_bytes(const attune_plan* plan) { return plan == nullptr ? 0 : plan->plan->workspace_bytes; }

}  // extern "C"
