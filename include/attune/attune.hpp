// Attune for C++20: values, move-only handles and results over the C ABI of attune.h. Header only; semantics, shapes, units
// and errors of every call are those of the C function it names.
//
// Two styles of the same call (as in simdjson):
//   attune::Context context = attune::Context::create().value_or_throw();          // exceptions
//   attune::Context context;                                                       // statuses
//   if (auto status = attune::Context::create().get(context); status != attune::Status::ok) ...
//
// Threads: a Context may be used by any number of threads at once; a Plan is immutable. Destroy the Context last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "attune/attune.h"

namespace attune {
// The version is part of every mangled name, so that two headers of different versions can live in one program.
inline namespace v0 {

enum class Status : int {
  ok = ATTUNE_OK,
  invalid_argument = ATTUNE_INVALID_ARGUMENT,
  unsupported = ATTUNE_UNSUPPORTED,
  not_found = ATTUNE_NOT_FOUND,
  out_of_memory = ATTUNE_OUT_OF_MEMORY,
  io_error = ATTUNE_IO_ERROR,
  cache_corrupt = ATTUNE_CACHE_CORRUPT,
  no_compiler = ATTUNE_NO_COMPILER,
  compiler_too_old = ATTUNE_COMPILER_TOO_OLD,
  compile_failed = ATTUNE_COMPILE_FAILED,
  load_failed = ATTUNE_LOAD_FAILED,
  resources_exceeded = ATTUNE_RESOURCES_EXCEEDED,
  not_ready_in_capture = ATTUNE_NOT_READY_IN_CAPTURE,
  timed_out = ATTUNE_TIMED_OUT,
  cancelled = ATTUNE_CANCELLED,
  validation_failed = ATTUNE_VALIDATION_FAILED,
  device_unavailable = ATTUNE_DEVICE_UNAVAILABLE,
  device_lost = ATTUNE_DEVICE_LOST,
  internal = ATTUNE_INTERNAL,
};

enum class DType : int32_t { f32 = ATTUNE_F32, f16 = ATTUNE_F16, bf16 = ATTUNE_BF16, boolean = ATTUNE_BOOL };
enum class Layout : int32_t { bhsd = ATTUNE_BHSD, bshd = ATTUNE_BSHD };
enum class Alignment : int32_t { top_left = ATTUNE_TOP_LEFT, bottom_right = ATTUNE_BOTTOM_RIGHT };
enum class MaskKind : int32_t { none = ATTUNE_MASK_NONE, boolean = ATTUNE_MASK_BOOLEAN, additive = ATTUNE_MASK_ADDITIVE };
enum class Sparsity : int32_t { dense = ATTUNE_DENSE, padded_lists = ATTUNE_PADDED_LISTS, csr_lists = ATTUNE_CSR_LISTS };
enum class Policy : int32_t {
  cached_only = ATTUNE_CACHED_ONLY,
  compile = ATTUNE_COMPILE,
  tune_if_missing = ATTUNE_TUNE_IF_MISSING,
  retune = ATTUNE_RETUNE,
};
enum class Origin : int32_t {
  exact_record = ATTUNE_EXACT_RECORD,
  same_bucket = ATTUNE_SAME_BUCKET,
  neighbour_shape = ATTUNE_NEIGHBOUR_SHAPE,
  sibling_device = ATTUNE_SIBLING_DEVICE,
  heuristic = ATTUNE_HEURISTIC,
  fallback = ATTUNE_FALLBACK,
  chosen = ATTUNE_CHOSEN,
};

// Why a call failed: the status, one or two sentences for people, and the full log (compiler output and the like).
class Error {
 public:
  Error(Status status, std::string message, std::string log)
      : status_(status), message_(std::move(message)), log_(std::move(log)) {}
  // Of the call that just failed on this thread.
  static Error last(attune_status status) {
    return {static_cast<Status>(status), attune_last_error(), attune_last_error_log()};
  }

  Status status() const { return status_; }
  const std::string& message() const { return message_; }
  const std::string& log() const { return log_; }

 private:
  Status status_;
  std::string message_, log_;
};

class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error)
      : std::runtime_error(std::string(attune_status_name(static_cast<int32_t>(error.status()))) + ": " + error.message()),
        error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

template <class T>
class [[nodiscard]] Result {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

 public:
  Result()
    requires std::is_void_v<T>
  = default;
  Result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  Status status() const { return ok() ? Status::ok : error().status(); }
  const Error& error() const { return std::get<1>(state_); }  // only after ok() was false

  // Moves the value into `out` when there is one.
  Status get(Value& out) && {
    if (ok()) out = std::get<0>(std::move(state_));
    return status();
  }
  // The value, or Exception.
  T value_or_throw() && {
    if (!ok()) throw Exception(std::get<1>(std::move(state_)));
    if constexpr (!std::is_void_v<T>) return std::get<0>(std::move(state_));
  }
  const Value& operator*() const { return std::get<0>(state_); }  // only after ok() was true
  Value& operator*() { return std::get<0>(state_); }
  const Value* operator->() const { return &std::get<0>(state_); }
  Value* operator->() { return &std::get<0>(state_); }

 private:
  std::variant<Value, Error> state_;
};

inline Result<void> to_result(attune_status status) {
  if (status != ATTUNE_OK) return Error::last(status);
  return {};
}

struct Mask {
  MaskKind kind = MaskKind::none;
  DType dtype = DType::boolean;
  int64_t batch = 1, heads = 1, seqlen_q = 1, seqlen_kv = 0;
};

struct BlockSparsity {
  Sparsity kind = Sparsity::dense;
  bool full = true, partial = false;
  int64_t block_q = 64, block_kv = 64, batch = 1, heads = 1, max_blocks = 0;
};

// attune_problem with its defaults, for designated initialisers:
//   attune::Problem{.batch = 2, .heads_q = 32, .heads_kv = 8, .seqlen_q = 1, .seqlen_kv = 4096, .head_dim_qk = 128, ...}
struct Problem {
  int64_t batch = 1, heads_q = 1, heads_kv = 1, seqlen_q = 1, seqlen_kv = 1, head_dim_qk = 64, head_dim_v = 64;
  DType dtype = DType::f32;
  Layout layout = Layout::bhsd;
  std::optional<float> softmax_scale = std::nullopt;  // 1 / sqrt(head_dim_qk)
  float softcap = 0;
  bool causal = false;
  int64_t window_left = -1, window_right = -1;
  Alignment alignment = Alignment::top_left;
  bool sinks = false, alibi = false, want_lse = false;
  Mask mask = {};
  bool kv_lengths = false, varlen = false;
  int64_t total_q = 0, total_kv = 0;
  BlockSparsity sparsity = {};
  const char* quantization = "none";
  int64_t page_size = 0, page_count = 0;  // paged K and V

  attune_problem to_c() const {
    attune_problem c{};
    c.struct_size = sizeof c;
    c.batch = batch;
    c.heads_q = heads_q;
    c.heads_kv = heads_kv;
    c.seqlen_q = seqlen_q;
    c.seqlen_kv = seqlen_kv;
    c.head_dim_qk = head_dim_qk;
    c.head_dim_v = head_dim_v;
    c.dtype = static_cast<int32_t>(dtype);
    c.layout = static_cast<int32_t>(layout);
    c.has_softmax_scale = softmax_scale.has_value() ? 1 : 0;
    c.softmax_scale = softmax_scale.value_or(0.0F);
    c.softcap = softcap;
    c.causal = causal ? 1 : 0;
    c.window_left = window_left;
    c.window_right = window_right;
    c.alignment = static_cast<int32_t>(alignment);
    c.sinks = sinks ? 1 : 0;
    c.alibi = alibi ? 1 : 0;
    c.want_lse = want_lse ? 1 : 0;
    c.mask_kind = static_cast<int32_t>(mask.kind);
    c.mask_dtype = static_cast<int32_t>(mask.dtype);
    c.mask_batch = mask.batch;
    c.mask_heads = mask.heads;
    c.mask_seqlen_q = mask.seqlen_q;
    c.mask_seqlen_kv = mask.seqlen_kv;
    c.kv_lengths = kv_lengths ? 1 : 0;
    c.varlen = varlen ? 1 : 0;
    c.total_q = total_q;
    c.total_kv = total_kv;
    c.sparsity = static_cast<int32_t>(sparsity.kind);
    c.sparsity_full = sparsity.full ? 1 : 0;
    c.sparsity_partial = sparsity.partial ? 1 : 0;
    c.sparsity_block_q = sparsity.block_q;
    c.sparsity_block_kv = sparsity.block_kv;
    c.sparsity_batch = sparsity.batch;
    c.sparsity_heads = sparsity.heads;
    c.sparsity_max_blocks = sparsity.max_blocks;
    c.quantization = quantization;
    c.page_size = page_size;
    c.page_count = page_count;
    return c;
  }
};

// Pointers and strides; start from contiguous() or from Tensors{} and fill in what the problem asks for.
struct Tensors : attune_tensors {
  Tensors() : attune_tensors{} {
    struct_size = sizeof(attune_tensors);
    mask.stride_kv = 1;
  }
  // Contiguous Q, K, V and O in the problem's layout; the strides of everything else are set as well.
  static Result<Tensors> contiguous(const Problem& problem, const void* q, const void* k, const void* v, void* o) {
    Tensors tensors;
    const attune_problem c = problem.to_c();
    if (const attune_status status = attune_tensors_set_contiguous(&c, &tensors); status != ATTUNE_OK) {
      return Error::last(status);
    }
    tensors.q.data = q;
    tensors.k.data = k;
    tensors.v.data = v;
    tensors.o.data = o;
    return tensors;
  }
};

// A handle of the C ABI that is released once.
template <class C, void (*release)(C*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(C* handle) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      release(handle_);
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Handle() { release(handle_); }

  C* get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  C* handle_ = nullptr;
};

struct Provenance {
  Origin origin = Origin::heuristic;
  int launches = 0;
  std::string family, config, spec, shape_bucket, record_id, record_file, kernel_origin, compile_key;
  double record_median_ms = 0, compile_ms = 0, load_ms = 0, plan_ms = 0;
  int64_t record_unix_ms = 0;
  std::string quantization, quantization_why;
};

class Plan {
 public:
  Plan() = default;
  explicit Plan(attune_plan* plan) : handle_(plan) {}

  int64_t workspace_bytes() const { return attune_plan_workspace_bytes(handle_.get()); }
  std::string text() const { return attune_plan_text(handle_.get()); }
  std::string json() const { return attune_plan_json(handle_.get()); }
  Result<Provenance> provenance() const {
    attune_provenance c{};
    c.struct_size = sizeof c;
    if (const attune_status status = attune_plan_provenance(handle_.get(), &c); status != ATTUNE_OK)
      return Error::last(status);
    return Provenance{static_cast<Origin>(c.origin),
                      c.launches,
                      c.family,
                      c.config,
                      c.spec,
                      c.shape_bucket,
                      c.record_id,
                      c.record_file,
                      c.kernel_origin,
                      c.compile_key,
                      c.record_median_ms,
                      c.compile_ms,
                      c.load_ms,
                      c.plan_ms,
                      c.record_unix_ms,
                      c.quantization,
                      c.quantization_why};
  }
  attune_plan* get() const { return handle_.get(); }
  explicit operator bool() const { return static_cast<bool>(handle_); }

 private:
  Handle<attune_plan, attune_plan_release> handle_;
};

// Stops a tuning from another thread or a signal handler.
class Cancel {
 public:
  static Result<Cancel> create() {
    attune_cancel* cancel = nullptr;
    if (const attune_status status = attune_cancel_create(&cancel); status != ATTUNE_OK) return Error::last(status);
    Cancel created;
    created.handle_ = Handle<attune_cancel, attune_cancel_destroy>(cancel);
    return created;
  }
  void request() const { attune_cancel_set(handle_.get()); }
  attune_cancel* get() const { return handle_.get(); }

 private:
  Handle<attune_cancel, attune_cancel_destroy> handle_;
};

struct TuneOptions {
  std::string budget = {};  // "quick", "default", "thorough", "30s", "200evals"; empty: the context's
  std::string strategy = "ils", cache_regime = {};  // "hot", "cold"; empty: cold on a GPU, hot on the CPU
  std::string worker_program = {};                  // empty: the context's
  uint64_t seed = 1;
  bool resume = true, isolate = true;
  int compile_jobs = 0;
  double candidate_timeout_s = 0;
  // Called on the thread that tunes; false cancels. Must not throw.
  std::function<bool(const attune_progress&)> progress = {};
  const Cancel* cancel = nullptr;
};

struct Outcome {
  std::string status, config;
  double best_ms = 0, best_mad_ms = 0, heuristic_ms = 0;
  int64_t evaluated = 0, failed = 0, reused = 0;
  bool cancelled = false;
};

struct Tuning {
  Status status = Status::ok;  // not_found: a problem ended without a winner; cancelled
  std::string message;
  std::vector<Outcome> outcomes;  // one per problem that was started
};

struct ContextOptions {
  // Empty or zero: not given, so the environment decides, and the default after it.
  std::string device = {}, cpu_isa = {};
  int threads = 0;
  bool read_only = false;
  std::optional<std::string> records_directory = std::nullopt, kernels_directory = std::nullopt;  // "": in memory
  std::vector<std::string> site_records = {}, site_kernels = {};
  int64_t kernels_max_bytes = 0;
  std::string dump_directory = {}, tune_budget = {}, worker_program = {};
  attune_allocate allocate = nullptr;
  attune_release release = nullptr;
  void* allocator_user = nullptr;
  std::string nvrtc = {};
};

class Context {
 public:
  Context() = default;  // empty: every call fails with invalid_argument

  static Result<Context> create(const ContextOptions& options = {}) {
    const auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
    const auto pointers = [](const std::vector<std::string>& texts) {
      std::vector<const char*> list;
      for (const std::string& text : texts) list.push_back(text.c_str());
      return list;
    };
    const std::vector<const char*> site_records = pointers(options.site_records);
    const std::vector<const char*> site_kernels = pointers(options.site_kernels);
    attune_context_options c{};
    c.struct_size = sizeof c;
    c.device = given(options.device);
    c.cpu_isa = given(options.cpu_isa);
    c.threads = options.threads;
    c.read_only = options.read_only ? 1 : 0;
    c.records_directory = options.records_directory ? options.records_directory->c_str() : nullptr;
    c.kernels_directory = options.kernels_directory ? options.kernels_directory->c_str() : nullptr;
    c.site_records = site_records.empty() ? nullptr : site_records.data();
    c.site_records_count = site_records.size();
    c.site_kernels = site_kernels.empty() ? nullptr : site_kernels.data();
    c.site_kernels_count = site_kernels.size();
    c.kernels_max_bytes = options.kernels_max_bytes;
    c.dump_directory = given(options.dump_directory);
    c.tune_budget = given(options.tune_budget);
    c.worker_program = given(options.worker_program);
    c.allocate = options.allocate;
    c.release = options.release;
    c.allocator_user = options.allocator_user;
    c.nvrtc = given(options.nvrtc);
    attune_context* context = nullptr;
    if (const attune_status status = attune_context_create(&c, &context); status != ATTUNE_OK) return Error::last(status);
    Context created;
    created.handle_ = Handle<attune_context, attune_context_destroy>(context);
    return created;
  }

  Result<void> check(const Problem& problem) const {
    const attune_problem c = problem.to_c();
    return to_result(attune_problem_check(handle_.get(), &c));
  }
  Result<void> attention(const Problem& problem, const Tensors& tensors, void* stream = nullptr) const {
    const attune_problem c = problem.to_c();
    return to_result(attune_attention(handle_.get(), &c, &tensors, stream));
  }
  Result<Plan> find(const Problem& problem, Policy policy = Policy::compile, void* stream = nullptr) const {
    const attune_problem c = problem.to_c();
    attune_plan* plan = nullptr;
    const attune_status status = attune_find(handle_.get(), &c, static_cast<int32_t>(policy), stream, &plan);
    if (status != ATTUNE_OK) return Error::last(status);
    return Plan(plan);
  }
  Result<void> prepare(std::span<const Problem> problems, Policy policy = Policy::compile) const {
    const List list(problems);
    return to_result(
        attune_prepare(handle_.get(), list.pointers.data(), list.pointers.size(), static_cast<int32_t>(policy)));
  }
  Result<void> execute(const Plan& plan, const Tensors& tensors, std::span<std::byte> workspace = {},
                       void* stream = nullptr) const {
    return to_result(attune_execute(handle_.get(), plan.get(), &tensors, workspace.data(),
                                    static_cast<int64_t>(workspace.size()), stream));
  }
  Result<std::string> emit(const Plan& plan) const {
    char* text = nullptr;
    if (const attune_status status = attune_emit(handle_.get(), plan.get(), &text); status != ATTUNE_OK) {
      return Error::last(status);
    }
    const Handle<char, attune_free> owner(text);
    return std::string(text);
  }

  // An error when nothing could be started; otherwise the outcomes, with the verdict in Tuning::status.
  Result<Tuning> tune(std::span<const Problem> problems, const TuneOptions& options = {}) const {
    const List list(problems);
    attune_tune_options c{};
    c.struct_size = sizeof c;
    c.budget = options.budget.empty() ? nullptr : options.budget.c_str();
    c.strategy = options.strategy.c_str();
    c.cache_regime = options.cache_regime.c_str();
    c.worker_program = options.worker_program.empty() ? nullptr : options.worker_program.c_str();
    c.seed = options.seed;
    c.resume = options.resume ? 1 : 0;
    c.isolate = options.isolate ? 1 : 0;
    c.compile_jobs = options.compile_jobs;
    c.candidate_timeout_s = options.candidate_timeout_s;
    if (options.progress) {
      c.progress = [](const attune_progress* progress, void* user) noexcept -> int32_t {
        return static_cast<const TuneOptions*>(user)->progress(*progress) ? 0 : 1;
      };
      c.progress_user = const_cast<TuneOptions*>(&options);
    }
    c.cancel = options.cancel != nullptr ? options.cancel->get() : nullptr;

    attune_tuning* tuning = nullptr;
    const attune_status status = attune_tune(handle_.get(), list.pointers.data(), list.pointers.size(), &c, &tuning);
    const Handle<attune_tuning, attune_tuning_release> owner(tuning);
    if (tuning == nullptr) return Error::last(status);
    Tuning result;
    result.status = static_cast<Status>(status);
    if (status != ATTUNE_OK) result.message = attune_last_error();
    for (size_t i = 0; i < attune_tuning_count(tuning); ++i) {
      attune_outcome o{};
      o.struct_size = sizeof o;
      if (const attune_status read = attune_tuning_outcome(tuning, i, &o); read != ATTUNE_OK) return Error::last(read);
      result.outcomes.push_back(
          {o.status, o.config, o.best_ms, o.best_mad_ms, o.heuristic_ms, o.evaluated, o.failed, o.reused, o.cancelled != 0});
    }
    return result;
  }

  // How many records were written, or were new.
  Result<int64_t> export_records(const std::string& path) const { return exchange(attune_export, path); }
  Result<int64_t> import_records(const std::string& path) const { return exchange(attune_import, path); }
  Result<int64_t> merge_records(const std::string& database) const { return exchange(attune_merge, database); }

  Result<attune_statistics> statistics() const {
    attune_statistics c{};
    c.struct_size = sizeof c;
    if (const attune_status status = attune_context_statistics(handle_.get(), &c); status != ATTUNE_OK) {
      return Error::last(status);
    }
    return c;
  }
  // Strings live as long as the context.
  Result<attune_device_info> device() const {
    attune_device_info c{};
    c.struct_size = sizeof c;
    if (const attune_status status = attune_context_device(handle_.get(), &c); status != ATTUNE_OK)
      return Error::last(status);
    return c;
  }
  attune_context* get() const { return handle_.get(); }

 private:
  struct List {
    explicit List(std::span<const Problem> problems) {
      for (const Problem& problem : problems) values.push_back(problem.to_c());
      for (const attune_problem& value : values) pointers.push_back(&value);
    }
    std::vector<attune_problem> values;
    std::vector<const attune_problem*> pointers;
  };

  Result<int64_t> exchange(attune_status (*call)(attune_context*, const char*, int64_t*), const std::string& path) const {
    int64_t count = 0;
    if (const attune_status status = call(handle_.get(), path.c_str(), &count); status != ATTUNE_OK)
      return Error::last(status);
    return count;
  }

  Handle<attune_context, attune_context_destroy> handle_;
};

}  // namespace v0
}  // namespace attune
