/* Attune: attention kernels generated, compiled and tuned for the machine at hand. The C ABI.
 *
 * Fallible functions return an attune_status; results come back through trailing pointers, which are untouched on failure
 * unless the function says otherwise. attune_last_error() has the sentence that belongs to the status.
 *
 * Structs that may grow start with struct_size = sizeof of the caller's struct: a newer library reads an older, smaller one
 * and takes defaults for the rest; an older library refuses a larger one only if the part it does not know is not zero.
 * The attune_*_init functions fill in defaults, struct_size included. Enumerations travel in structs and arguments as
 * int32_t.
 *
 * No exception crosses this boundary. Nothing happens when the library is loaded; the environment is read in
 * attune_context_create only.
 *
 * Threads: a context may be used by any number of threads at once; a plan is immutable. Functions without a word on threads
 * may be called from any thread at any time. Destroy the context last.
 *
 * Units: sizes and strides are elements unless a name says _bytes; times are milliseconds (_ms) or seconds (_s); LSE is the
 * natural logarithm. B, Hq, Hkv, Sq, Skv, Dqk and Dv stand for batch, heads_q, heads_kv, seqlen_q, seqlen_kv, head_dim_qk
 * and head_dim_v of the problem. Strings are UTF-8 and end with a zero byte. */
#ifndef ATTUNE_ATTUNE_H
#define ATTUNE_ATTUNE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define ATTUNE_API __declspec(dllexport)
#else
#define ATTUNE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ATTUNE_VERSION_MAJOR 0
#define ATTUNE_VERSION_MINOR 1
#define ATTUNE_VERSION_PATCH 0

/* ---- Words -------------------------------------------------------------------------------------------------------- */

typedef enum attune_status {
  ATTUNE_OK = 0,
  ATTUNE_INVALID_ARGUMENT, /* malformed input: the message names the field and the remedy */
  ATTUNE_UNSUPPORTED,      /* well-formed, but no kernel can do it here: the message says what would work */
  ATTUNE_NOT_FOUND,        /* policy ATTUNE_CACHED_ONLY and nothing is cached, or a named thing does not exist */
  ATTUNE_OUT_OF_MEMORY,
  ATTUNE_IO_ERROR,
  ATTUNE_CACHE_CORRUPT,
  ATTUNE_NO_COMPILER,
  ATTUNE_COMPILER_TOO_OLD,
  ATTUNE_COMPILE_FAILED, /* attune_last_error_log() holds the compiler's words */
  ATTUNE_LOAD_FAILED,
  ATTUNE_RESOURCES_EXCEEDED,
  ATTUNE_NOT_READY_IN_CAPTURE, /* call attune_prepare before capturing */
  ATTUNE_TIMED_OUT,
  ATTUNE_CANCELLED,
  ATTUNE_VALIDATION_FAILED,  /* ran, but the numbers are wrong */
  ATTUNE_DEVICE_UNAVAILABLE, /* this build or this machine has no such device */
  ATTUNE_DEVICE_LOST,        /* sticky: create a new context */
  ATTUNE_INTERNAL            /* a bug in Attune */
} attune_status;

typedef enum attune_dtype { ATTUNE_F32 = 0, ATTUNE_F16, ATTUNE_BF16, ATTUNE_BOOL, ATTUNE_I32, ATTUNE_I64 } attune_dtype;

/* [B,H,S,D] ("HND") and [B,S,H,D] ("NHD"). */
typedef enum attune_layout { ATTUNE_BHSD = 0, ATTUNE_BSHD } attune_layout;

/* Query i of a batch element stands at position i (TOP_LEFT, as PyTorch's is_causal) or at i + kv_length - q_length
 * (BOTTOM_RIGHT, as FlashAttention >= 2.1) among the keys. Matters for causal masks, windows and ALiBi. */
typedef enum attune_alignment { ATTUNE_TOP_LEFT = 0, ATTUNE_BOTTOM_RIGHT } attune_alignment;

typedef enum attune_mask_kind { ATTUNE_MASK_NONE = 0, ATTUNE_MASK_BOOLEAN, ATTUNE_MASK_ADDITIVE } attune_mask_kind;

typedef enum attune_sparsity { ATTUNE_DENSE = 0, ATTUNE_PADDED_LISTS, ATTUNE_CSR_LISTS } attune_sparsity;

typedef enum attune_policy {
  ATTUNE_CACHED_ONLY = 0, /* never compile: ATTUNE_NOT_FOUND when the kernel is in no store */
  ATTUNE_COMPILE,         /* compile the best known config, never measure: the usual choice */
  ATTUNE_TUNE_IF_MISSING, /* tune first, under the context's budget, when there is no record for this problem */
  ATTUNE_RETUNE           /* tune again */
} attune_policy;

/* Where a plan's config came from. */
typedef enum attune_origin {
  ATTUNE_EXACT_RECORD = 0, /* a measurement of this very problem on this device class */
  ATTUNE_SAME_BUCKET,      /* ... of a problem in the same shape bucket */
  ATTUNE_NEIGHBOUR_SHAPE,
  ATTUNE_SIBLING_DEVICE,
  ATTUNE_HEURISTIC, /* no measurement is known */
  ATTUNE_FALLBACK,
  ATTUNE_CHOSEN /* given by the caller */
} attune_origin;

typedef enum attune_log_level {
  ATTUNE_LOG_SILENT = 0,
  ATTUNE_LOG_ERROR,
  ATTUNE_LOG_WARNING,
  ATTUNE_LOG_INFO,
  ATTUNE_LOG_DEBUG
} attune_log_level;

typedef struct attune_context attune_context; /* one device, its stores and its plan cache */
typedef struct attune_plan attune_plan;       /* what to launch for one problem; immutable */
typedef struct attune_tuning attune_tuning;   /* the outcomes of one attune_tune call */
typedef struct attune_cancel attune_cancel;   /* a flag that stops a tuning from another thread or a signal handler */

/* ---- Version, errors, log ------------------------------------------------------------------------------------------ */

/* "0.1.0" of the library that is loaded, which may be newer than this header. Never fails. */
ATTUNE_API const char* attune_version(void);

/* "invalid_argument" and so on; "unknown" for a value that is no status. Never fails. */
ATTUNE_API const char* attune_status_name(int32_t status);

/* The message of the last call of this thread that failed: what went wrong, the field, and what to do. "" before the first
 * failure. Valid until this thread's next failing call. Never fails. */
ATTUNE_API const char* attune_last_error(void);

/* The full log that belongs to attune_last_error() (compiler output and the like), or "". Same lifetime. */
ATTUNE_API const char* attune_last_error_log(void);

/* Where the library's few log lines go. One sink per process, since several contexts share the process; called from any
 * thread, one call at a time; it must not call back into Attune and must not throw. A null sink restores standard error.
 * `level` is an attune_log_level (default ATTUNE_LOG_WARNING); lines beyond it are dropped.
 * Errors: INVALID_ARGUMENT (level). */
typedef void (*attune_log_sink)(int32_t level, const char* message, void* user);
ATTUNE_API attune_status attune_set_log(attune_log_sink sink, void* user, int32_t level);

/* Releases text that a function of this header returned through a char**. Null is allowed. Never fails. */
ATTUNE_API void attune_free(char* text);

/* ---- Context ------------------------------------------------------------------------------------------------------- */

/* Memory the kernels of the context's device can read, 64-byte aligned; null when there is none. Called from any thread. */
typedef void* (*attune_allocate)(int64_t size_bytes, void* stream, void* user);
typedef void (*attune_release)(void* memory, int64_t size_bytes, void* stream, void* user);

/* A null pointer or a zero means: not given here, so the environment decides, and the built-in default after it.
 * Precedence: this struct, then ATTUNE_* variables, then XDG directories, then defaults. */
typedef struct attune_context_options {
  size_t struct_size;
  const char* device;  /* "cpu" (default), "cuda:0", "emulated:sm_90a" */
  int32_t threads;     /* cpu: worker threads, the calling one included; 0: one per core this process may use */
  int32_t read_only;   /* 1: never write the user's stores */
  const char* cpu_isa; /* cpu: "avx512bf16", "avx2" or another that `attune doctor` knows; default: the best of the host */

  const char* records_directory;   /* measurements (small, precious); "" keeps them in memory */
  const char* kernels_directory;   /* compiled kernels (large, disposable); "" keeps them in memory */
  const char* const* site_records; /* read-only record databases, in order of preference */
  size_t site_records_count;
  const char* const* site_kernels; /* read-only kernel databases, in order of preference */
  size_t site_kernels_count;
  int64_t kernels_max_bytes;  /* beyond it, least recently used kernels go; default 1 GiB */
  const char* dump_directory; /* keeps source, optimised IR and object of every compile there; default: nowhere */

  const char*
      tune_budget; /* of ATTUNE_TUNE_IF_MISSING and ATTUNE_RETUNE: "quick", "default", "thorough", "30s", "200evals" */
  const char*
      worker_program; /* path of the `attune` program that measures; default: the one installed beside this library */

  /* Workspace of attune_attention. All three or none; without them the library keeps buffers of its own, on cpu only. */
  attune_allocate allocate;
  attune_release release;
  void* allocator_user;

  const char* nvrtc; /* cuda, emulated: NVRTC's library, a folder that holds it, or "none"; default: searched for */
} attune_context_options;

/* Writes defaults into the first `struct_size` bytes: attune_context_options_init(&options, sizeof options).
 * Errors: INVALID_ARGUMENT (null, a size too small to be this struct). */
ATTUNE_API attune_status attune_context_options_init(attune_context_options* options, size_t struct_size);

/* Opens the device and its stores. `options` may be null. This is the one call that reads the environment. Trouble with a
 * store (unwritable, corrupt, from a newer version) is no error: it is logged once and the context works in memory.
 * Errors: INVALID_ARGUMENT, DEVICE_UNAVAILABLE, OUT_OF_MEMORY. */
ATTUNE_API attune_status attune_context_create(const attune_context_options* options, attune_context** context);

/* Null is allowed. No other thread may be using the context. Plans of it stay valid until they are released. */
ATTUNE_API void attune_context_destroy(attune_context* context);

typedef struct attune_device_info {
  size_t struct_size;
  const char* device; /* "cpu", "cuda:0"; strings live as long as the context */
  const char* name;   /* as the device reports itself */
  const char* arch;   /* instruction set that kernels are emitted for: "x86-64-avx512bf16", "sm_90a" */
  int64_t compute_units;
  int64_t memory_bytes; /* 0: not known */
} attune_device_info;

/* Fills the first info->struct_size bytes. Errors: INVALID_ARGUMENT. */
ATTUNE_API attune_status attune_context_device(attune_context* context, attune_device_info* info);

/* ---- Problem ------------------------------------------------------------------------------------------------------- */

/* What the caller of attention has. Every field is honoured or refused by name; none is ignored.
 * O = softmax(f(scale * Q K^T)) V per head, where f applies softcap, ALiBi, mask and sinks in the order given below.
 * A row with no visible key gives O = 0 and LSE = -inf. Query head h reads KV head h / (heads_q / heads_kv). */
typedef struct attune_problem {
  size_t struct_size;
  int64_t batch;
  int64_t heads_q;
  int64_t heads_kv;    /* divides heads_q */
  int64_t seqlen_q;    /* varlen: the largest length */
  int64_t seqlen_kv;   /* varlen: the largest length; 0 is allowed (every row is empty) */
  int64_t head_dim_qk; /* 1..576 */
  int64_t head_dim_v;  /* 1..512 */
  int32_t dtype;       /* attune_dtype of Q, K, V and O: F32, F16 or BF16; arithmetic accumulates in fp32 */
  int32_t layout;      /* attune_layout the tuner lays tensors out in; execution takes any strides */

  int32_t has_softmax_scale; /* 0: 1 / sqrt(head_dim_qk), and softmax_scale must be 0 */
  float softmax_scale;       /* any finite value, also 0 and negative */
  float softcap;             /* 0: off; else s <- softcap * tanh(s / softcap), after the scale, before any mask */
  int32_t causal;            /* 1: key j is visible to position p iff j <= p */
  int64_t window_left;       /* key j is visible iff j >= p - window_left; -1: no bound */
  int64_t window_right;      /* key j is visible iff j <= p + window_right; -1: no bound */
  int32_t alignment;         /* attune_alignment */
  int32_t sinks;             /* 1: one fp32 logit per query head joins the softmax denominator */
  int32_t alibi;             /* 1: s <- s - slope[h] * |p - j| */
  int32_t want_lse;          /* 1: also write the natural-log sum of exponentials of each row, fp32 */

  int32_t mask_kind;      /* attune_mask_kind */
  int32_t mask_dtype;     /* boolean: BOOL, one byte, keeps where non-zero; additive: F32, F16 or BF16 */
  int64_t mask_batch;     /* extents of the mask: the problem's, or 1 to broadcast */
  int64_t mask_heads;     /* heads_q or 1 */
  int64_t mask_seqlen_q;  /* seqlen_q or 1 */
  int64_t mask_seqlen_kv; /* keys at and beyond it are masked */

  int32_t kv_lengths; /* 1: an int32 per batch element; keys at and beyond it do not exist */
  int32_t varlen;     /* 1: packed [total, H, D] tensors with int32 cumulative lengths for Q and for KV */
  int64_t total_q;    /* varlen: rows of the packed tensors */
  int64_t total_kv;

  int32_t sparsity;         /* attune_sparsity: which KV blocks each query block visits */
  int32_t sparsity_full;    /* 1: lists of full blocks are given: only the sequence end is masked in them */
  int32_t sparsity_partial; /* 1: lists of partial blocks are given: causal, window and mask apply in them */
  int32_t reserved_zero;    /* must be 0 */
  int64_t sparsity_block_q; /* queries and keys of one block */
  int64_t sparsity_block_kv;
  int64_t sparsity_batch;      /* extents of the lists: batch or 1 */
  int64_t sparsity_heads;      /* heads_q, heads_kv or 1 */
  int64_t sparsity_max_blocks; /* PADDED_LISTS: row length of the index arrays */

  const char* quantization; /* "none" (or null), a preset such as "sage2-8b", or words: docs/quantization.md */

  /* Paged KV cache: K and V are pools of pages, and key j of batch element b is row j % page_size of page
   * page_table[b][j / page_size]. With varlen only Q is packed: total_kv is 0, kv_lengths 1, cu_seqlens_kv null. */
  int64_t page_size;  /* keys of one page; 0: K and V are not paged */
  int64_t page_count; /* pages in the pools */
} attune_problem;

/* Writes defaults (batch 1, one head, D 64, fp32, no mask, no window) into the first `struct_size` bytes.
 * Errors: INVALID_ARGUMENT (null, a size too small to be this struct). */
ATTUNE_API attune_status attune_problem_init(attune_problem* problem, size_t struct_size);

/* Whether the problem is well-formed and some kernel can do it on this context's device. Compiles nothing.
 * Errors: INVALID_ARGUMENT (names the field), UNSUPPORTED (names the field and what would work). */
ATTUNE_API attune_status attune_problem_check(attune_context* context, const attune_problem* problem);

/* ---- Tensors ------------------------------------------------------------------------------------------------------- */

/* A view of [B,H,S,D] with any strides (elements) and a contiguous last dimension; varlen: [total,H,D], stride_batch unused.
 * `data` is aligned to its element. A stride of 0 broadcasts (inputs only). These three structs never grow. */
typedef struct attune_input {
  const void* data;
  int64_t stride_batch, stride_head, stride_seq;
} attune_input;
typedef struct attune_output {
  void* data;
  int64_t stride_batch, stride_head, stride_seq;
} attune_output;
typedef struct attune_mask {
  const void* data;
  int64_t stride_batch, stride_head, stride_q; /* 0 where the extent is 1 */
  int64_t stride_kv;                           /* 1, or 0 to broadcast one column */
} attune_mask;

/* Memory of the context's device. Inputs are never written. What the problem does not ask for must be null. */
typedef struct attune_tensors {
  size_t struct_size;
  attune_input q;  /* [B,Hq,Sq,Dqk] */
  attune_input k;  /* [B,Hkv,Skv,Dqk]; paged: [page_count,Hkv,page_size,Dqk], stride_batch leads from page to page */
  attune_input v;  /* [B,Hkv,Skv,Dv]; paged: [page_count,Hkv,page_size,Dv] */
  attune_output o; /* [B,Hq,Sq,Dv] */
  float* lse;      /* [B,Hq,Sq], or [Hq,total_q] for varlen; rows are contiguous */
  int64_t lse_stride_batch, lse_stride_head;
  attune_mask mask;
  const float* sinks;            /* [Hq] */
  const float* alibi_slopes;     /* [Hq], or [B,Hq] with alibi_stride_batch = Hq */
  int64_t alibi_stride_batch;    /* 0 or Hq */
  const int32_t* cu_seqlens_q;   /* varlen: [B+1], starts with 0, ends with total_q */
  const int32_t* cu_seqlens_kv;  /* varlen: [B+1], starts with 0, ends with total_kv; null when paged */
  const int32_t* kv_lengths;     /* [B] */
  const int32_t* full_counts;    /* PADDED_LISTS: [b][h][query block] */
  const int32_t* full_indices;   /* PADDED_LISTS: [b][h][query block][max_blocks]; CSR_LISTS: all rows after each other */
  const int32_t* partial_counts; /* as full_counts */
  const int32_t* partial_indices;
  const int64_t* full_row_ptr;    /* CSR_LISTS: [b][h][query blocks + 1], into full_indices */
  const int64_t* partial_row_ptr; /* CSR_LISTS */
  const int32_t* page_table;      /* paged: [B, ceil(Skv / page_size)]; entries behind a sequence's last page are not used */
  int64_t page_table_stride;      /* entries from one batch element to the next */
  /* Operands that are given as codes (quantization given-qk, given-v, given-qkv: docs/quantization.md, "Codes that are
   * given"). q and k are then codes, with strides in codes that are whole 16 bytes; v is codes in blocks of 64 tokens,
   * without strides. Paged: k, k_scales and v page by page, in pages of whole blocks. Scales are finite and not negative;
   * execution does not look at them. */
  const float* q_scales;
  const float* k_scales;
  const float* v_scales;
} attune_tensors;

/* Null pointers everywhere, and strides 1 for the mask's last dimension. As attune_problem_init. */
ATTUNE_API attune_status attune_tensors_init(attune_tensors* tensors, size_t struct_size);

/* Fills every stride for contiguous tensors in the problem's layout (mask: [b][h][q][kv] of its extents; LSE: [B,Hq,Sq]),
 * and leaves pointers alone. Errors: INVALID_ARGUMENT. */
ATTUNE_API attune_status attune_tensors_set_contiguous(const attune_problem* problem, attune_tensors* tensors);

/* Elements of the arrays that stand in place of operands given as codes; 0 for what is not given. */
typedef struct attune_given {
  size_t struct_size;
  int64_t q_rows, kv_rows;    /* rows of one head of Q, and of K and V (paged: in one page), in whole scale blocks */
  int64_t q_scales, k_scales; /* floats */
  int64_t v_codes;            /* bytes */
  int64_t v_scales;           /* floats: B * Hkv * Dv */
} attune_given;

/* Errors: INVALID_ARGUMENT (null, or the problem gives nothing), UNSUPPORTED (what cannot be given). */
ATTUNE_API attune_status attune_given_sizes(const attune_problem* problem, attune_given* sizes);

/* ---- Attention ----------------------------------------------------------------------------------------------------- */

/* One call: finds the plan (policy ATTUNE_COMPILE), takes a workspace from the context's allocator, launches on `stream`.
 * `stream` is a CUstream on cuda (null: the default stream) and null on cpu, where the call returns when O is written.
 * The first call for a problem compiles (times: docs/performance.md); later ones cost a hash and a lookup.
 * Errors: those of attune_find and attune_execute. */
ATTUNE_API attune_status attune_attention(attune_context* context, const attune_problem* problem,
                                          const attune_tensors* tensors, void* stream);

/* The plan for a problem under a policy (attune_policy). `stream` is the one that will be used, asked only whether it is
 * being captured; null on cpu. Release the plan with attune_plan_release.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED, NOT_FOUND, COMPILE_FAILED, LOAD_FAILED, NOT_READY_IN_CAPTURE, OUT_OF_MEMORY. */
ATTUNE_API attune_status attune_find(attune_context* context, const attune_problem* problem, int32_t policy, void* stream,
                                     attune_plan** plan);

/* Null is allowed. A plan may be released while another thread executes its own reference to the same kernel. */
ATTUNE_API void attune_plan_release(attune_plan* plan);

/* Makes every kernel that later calls for these problems need, so that those calls neither compile nor load, also while a
 * stream is being captured. Stops at the first problem that fails; the message gives its index.
 * Errors: those of attune_find. */
ATTUNE_API attune_status attune_prepare(attune_context* context, const attune_problem* const* problems, size_t count,
                                        int32_t policy);

/* Launches a plan. `workspace` has at least attune_plan_workspace_bytes(plan) bytes, is 64-byte aligned, and belongs to this
 * call until its work on the stream is done; null when 0 bytes are needed. Allocates nothing and synchronises nothing.
 * Errors: INVALID_ARGUMENT (names the tensor: null, misaligned, overlapping rows, workspace too small), DEVICE_LOST. */
ATTUNE_API attune_status attune_execute(attune_context* context, const attune_plan* plan, const attune_tensors* tensors,
                                        void* workspace, int64_t workspace_bytes, void* stream);

/* ---- What a plan is ------------------------------------------------------------------------------------------------ */

/* Bytes of workspace one execute needs. 0 for a null plan. Never fails. */
ATTUNE_API int64_t attune_plan_workspace_bytes(const attune_plan* plan);

/* Why this kernel. Strings live as long as the plan. */
typedef struct attune_provenance {
  size_t struct_size;
  int32_t origin;            /* attune_origin */
  int32_t launches;          /* kernels one execute starts */
  const char* origin_name;   /* "exact record", "heuristic", ... */
  const char* family;        /* kind of kernel: "forward_cpu" */
  const char* config;        /* JSON: values of the tunables */
  const char* spec;          /* JSON: what is a constant in the kernel */
  const char* shape_bucket;  /* shapes that share records */
  const char* record_id;     /* the measurement the config came from; "" when there is none */
  const char* record_file;   /* the database that holds it; "" when in memory */
  double record_median_ms;   /* its time; 0 when there is none */
  int64_t record_unix_ms;    /* when it was measured */
  const char* kernel_origin; /* "compiled", "kernel cache", "memory" */
  const char* compile_key;   /* SHA-256 over source, options, compiler and arch */
  double compile_ms, load_ms, plan_ms;
  const char* quantization;     /* what the plan runs: "none", "sage2-8b", ... */
  const char* quantization_why; /* the problem asked for "sage": why this one; else "" */
} attune_provenance;

/* Fills the first provenance->struct_size bytes. Errors: INVALID_ARGUMENT. */
ATTUNE_API attune_status attune_plan_provenance(const attune_plan* plan, attune_provenance* provenance);

/* The same for people (several lines) and for programs (one JSON object, with skipped records and the reasons why).
 * Both live as long as the plan. "" for a null plan. */
ATTUNE_API const char* attune_plan_text(const attune_plan* plan);
ATTUNE_API const char* attune_plan_json(const attune_plan* plan);

/* The source text of the plan's kernel (LLVM IR or CUDA C++), byte for byte what was compiled. Free with attune_free.
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY. */
ATTUNE_API attune_status attune_emit(attune_context* context, const attune_plan* plan, char** source);

/* ---- Tuning -------------------------------------------------------------------------------------------------------- */

typedef struct attune_progress {
  size_t struct_size;
  int64_t problem_index, problem_count;
  const char* problem; /* one line for people; strings live until the callback returns */
  const char* phase;   /* "compile", "screen", "race", "final" */
  int64_t evaluated, planned, compile_queue, failed;
  double best_ms, heuristic_ms; /* 0: not known yet */
  double elapsed_s, budget_s;
} attune_progress;

/* Called on the thread that tunes. Return 0 to go on, anything else to cancel. */
typedef int32_t (*attune_progress_callback)(const attune_progress* progress, void* user);

typedef struct attune_tune_options {
  size_t struct_size;
  const char* budget;         /* a shape: "quick", "default", "thorough", "30s", "10m", "200evals"; null: the context's */
  const char* strategy;       /* "random", "ils"; null: "ils" */
  const char* cache_regime;   /* "hot", "cold"; null: cold on a GPU, hot on the CPU */
  const char* worker_program; /* null: the context's */
  uint64_t seed;              /* same seed, same candidates */
  int32_t resume;             /* 1 (default): configs with a record of this toolchain are not measured again */
  int32_t isolate;            /* 1 (default): measure in a worker process that can be killed; 0: in this process */
  int32_t compile_jobs;       /* 0: one per core */
  int32_t reserved_zero;      /* must be 0 */
  double candidate_timeout_s; /* a candidate that takes longer is killed and recorded as timed out; 0: 30 s */
  attune_progress_callback progress; /* null: none */
  void* progress_user;
  attune_cancel* cancel; /* null: none; raised as well when the callback cancels */
} attune_tune_options;

/* As attune_problem_init. */
ATTUNE_API attune_status attune_tune_options_init(attune_tune_options* options, size_t struct_size);

/* A flag to stop a tuning with. Create it before, set it from any thread or from a signal handler, destroy it after. */
ATTUNE_API attune_status attune_cancel_create(attune_cancel** cancel);
ATTUNE_API void attune_cancel_set(attune_cancel* cancel);
ATTUNE_API void attune_cancel_destroy(attune_cancel* cancel);

/* Tunes one problem after the other. Everything measured is committed at once, so that cancelling loses nothing. `options`
 * and `tuning` may be null. When `tuning` is given it is set whenever something was started, also with CANCELLED and
 * NOT_FOUND; release it with attune_tuning_release.
 * Errors: INVALID_ARGUMENT, UNSUPPORTED, CANCELLED, NOT_FOUND (a problem ended without a winner: the message says why),
 * NO_COMPILER, DEVICE_LOST. */
ATTUNE_API attune_status attune_tune(attune_context* context, const attune_problem* const* problems, size_t count,
                                     const attune_tune_options* options, attune_tuning** tuning);

typedef struct attune_outcome {
  size_t struct_size;
  const char* status; /* "ok", or why there is no winner; strings live as long as the attune_tuning */
  const char* config; /* JSON of the winner; "{}" when there is none */
  double best_ms, best_mad_ms, heuristic_ms;
  int64_t evaluated, failed, reused;
  int32_t cancelled;
  int32_t reserved_zero;
} attune_outcome;

/* Problems that were started. 0 for null. */
ATTUNE_API size_t attune_tuning_count(const attune_tuning* tuning);
/* Fills the first outcome->struct_size bytes. Errors: INVALID_ARGUMENT. */
ATTUNE_API attune_status attune_tuning_outcome(const attune_tuning* tuning, size_t index, attune_outcome* outcome);
/* Null is allowed. */
ATTUNE_API void attune_tuning_release(attune_tuning* tuning);

/* ---- Stores -------------------------------------------------------------------------------------------------------- */

/* Writes all records as JSON lines; reads such a file (strictly: a malformed line is named and nothing is imported); merges
 * another record database. Merging is idempotent and order does not matter. `count` (may be null) gets the records written,
 * or those that were new. Errors: INVALID_ARGUMENT (also a malformed file), IO_ERROR, CACHE_CORRUPT. */
ATTUNE_API attune_status attune_export(attune_context* context, const char* path, int64_t* count);
ATTUNE_API attune_status attune_import(attune_context* context, const char* path, int64_t* count);
ATTUNE_API attune_status attune_merge(attune_context* context, const char* database, int64_t* count);

typedef struct attune_statistics {
  size_t struct_size;
  int64_t plan_hits, plan_misses;
  int64_t kernel_hits, kernel_compiles, kernel_shared; /* shared: waited for another thread's compile of the same kernel */
  double compile_ms;                                   /* spent compiling by this context */
  int64_t records, kernels;                            /* in the stores, all layers */
} attune_statistics;

/* Since the context was created. Fills the first statistics->struct_size bytes. Errors: INVALID_ARGUMENT. */
ATTUNE_API attune_status attune_context_statistics(attune_context* context, attune_statistics* statistics);

#ifdef __cplusplus
}
#endif

#endif
