/* Attune: attention kernels generated, compiled and tuned for the machine at hand. The C ABI.
 *
 * Every function returns an attune_status; results come back through trailing pointers. Every struct starts with
 * struct_size, set by the caller to sizeof: a newer library reads an older, smaller struct and takes defaults for the rest.
 * No exception crosses this boundary. Nothing happens when the library is loaded; the environment is read in
 * attune_context_create only.
 *
 * Threads: a context may be used by any number of threads at once; a plan is immutable; destroy the context last.
 * Sizes are elements unless a name says _bytes; times are milliseconds (_ms) or seconds (_s); LSE is natural log. */
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

typedef enum attune_status {
  ATTUNE_OK = 0,
  ATTUNE_INVALID_ARGUMENT,      /* malformed input: the message names the field and the remedy */
  ATTUNE_UNSUPPORTED,           /* well-formed, but no kernel can do it here: the message says what would work */
  ATTUNE_NOT_FOUND,             /* policy CACHED_ONLY and nothing is cached */
  ATTUNE_OUT_OF_MEMORY,
  ATTUNE_IO_ERROR,
  ATTUNE_CACHE_CORRUPT,
  ATTUNE_NO_COMPILER,
  ATTUNE_COMPILER_TOO_OLD,
  ATTUNE_COMPILE_FAILED,        /* attune_last_error_log() holds the compiler's words */
  ATTUNE_LOAD_FAILED,
  ATTUNE_RESOURCES_EXCEEDED,
  ATTUNE_NOT_READY_IN_CAPTURE,  /* call attune_prepare before capturing */
  ATTUNE_TIMED_OUT,
  ATTUNE_CANCELLED,
  ATTUNE_VALIDATION_FAILED,
  ATTUNE_DEVICE_UNAVAILABLE,
  ATTUNE_DEVICE_LOST,
  ATTUNE_INTERNAL
} attune_status;

typedef enum attune_dtype { ATTUNE_F32 = 0, ATTUNE_F16, ATTUNE_BF16, ATTUNE_BOOL, ATTUNE_I32, ATTUNE_I64 } attune_dtype;
typedef enum attune_layout { ATTUNE_BHSD = 0, ATTUNE_BSHD } attune_layout;
typedef enum attune_alignment { ATTUNE_TOP_LEFT = 0, ATTUNE_BOTTOM_RIGHT } attune_alignment;
typedef enum attune_mask_kind { ATTUNE_MASK_NONE = 0, ATTUNE_MASK_BOOLEAN, ATTUNE_MASK_ADDITIVE } attune_mask_kind;
typedef enum attune_sparsity { ATTUNE_DENSE = 0, ATTUNE_PADDED_LISTS, ATTUNE_CSR_LISTS } attune_sparsity;
typedef enum attune_policy {
  ATTUNE_CACHED_ONLY = 0,
  ATTUNE_COMPILE,
  ATTUNE_TUNE_IF_MISSING,
  ATTUNE_RETUNE
} attune_policy;
typedef enum attune_origin {
  ATTUNE_EXACT_RECORD = 0,
  ATTUNE_SAME_BUCKET,
  ATTUNE_NEIGHBOUR_SHAPE,
  ATTUNE_SIBLING_DEVICE,
  ATTUNE_HEURISTIC,
  ATTUNE_FALLBACK
} attune_origin;

typedef struct attune_context attune_context;
typedef struct attune_plan attune_plan;
