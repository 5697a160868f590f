// Problems, contexts and tensors of the benchmarks.
#include "bench/subject.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

namespace attune::bench {
namespace {

Problem attention(int64_t batch, int64_t heads_q, int64_t heads_kv, int64_t seqlen_q, int64_t seqlen_kv, int64_t head_dim,
                  DType dtype) {
  Problem problem;
  problem.batch = batch;
  problem.heads_q = heads_q;
  problem.heads_kv = heads_kv;
  problem.seqlen_q = seqlen_q;
  problem.seqlen_kv = seqlen_kv;
  problem.head_dim_qk = problem.head_dim_v = head_dim;
  problem.dtype = dtype;
  return problem;
}

}  // namespace

std::vector<NamedProblem> problems() {
  Problem causal = attention(1, 32, 8, 2048, 2048, 128, DType::bf16);
  causal.causal = true;
  return {
      {"prefill_fp32_d64", attention(1, 8, 8, 1024, 1024, 64, DType::f32)},
      {"prefill_bf16_d64", attention(1, 8, 8, 1024, 1024, 64, DType::bf16)},
      {"llm_prefill_bf16_d128_causal", causal},
      {"decode_fp32_d128", attention(1, 32, 8, 1, 8192, 128, DType::f32)},
      {"vit_fp32_d64", attention(8, 12, 12, 197, 197, 64, DType::f32)},
  };
}

Problem tiny_problem() { return attention(1, 1, 1, 1, 1, 64, DType::f32); }

ScratchDirectory::ScratchDirectory() {
  static std::atomic<int> count{0};
  path_ = std::filesystem::temp_directory_path() / fmt::format("attune-bench-{}-{}", getpid(), count++);
  std::filesystem::create_directories(path_);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;  // a leftover in the temporary directory is no reason to end the program
  std::filesystem::remove_all(path_, ignored);
}

Result<std::unique_ptr<runtime::Context>> open_context(const std::filesystem::path& stores) {
  runtime::ContextOptions options;
  options.device.name = "cpu";
  if (!stores.empty()) {
    options.records.user_directory = stores / "records";
    options.kernels.user_directory = stores / "kernels";
  }
  return runtime::Context::create(options);
}

Result<Call> prepare_call(runtime::Context& context, runtime::PlanPtr plan) {
  Call call;
  ATTUNE_TRY(call.workload, tuner::Workload::create(context.device(), plan->problem, /*seed=*/1));
  if (plan->workspace_bytes > 0) {
    ATTUNE_TRY(call.workspace, call.workload->workspace(plan->workspace_bytes));
  }
  call.plan = std::move(plan);
  return call;
}

}  // namespace attune::bench
