"""Attune through the C ABI of libattune.so, by ctypes: what any foreign program does."""

from __future__ import annotations

import ctypes
import time
from ctypes import POINTER, c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

from peers.case import Case

DTYPE = {"fp32": 0, "fp16": 1, "bf16": 2}
POLICY_COMPILE = 1


def _struct(name: str, fields: list[tuple]) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": fields})


def _run(kind, *names: str) -> list[tuple]:
    return [(name, kind) for name in names]


# Layouts of include/attune/attune.h; `struct_size` tells the library which age of them it gets.
ContextOptions = _struct(
    "ContextOptions",
    [
        ("struct_size", c_size_t),
        ("device", c_char_p),
        *_run(c_int32, "threads", "read_only"),
        *_run(c_char_p, "cpu_isa", "records_directory", "kernels_directory"),
        ("site_records", POINTER(c_char_p)),
        ("site_records_count", c_size_t),
        ("site_kernels", POINTER(c_char_p)),
        ("site_kernels_count", c_size_t),
        ("kernels_max_bytes", c_int64),
        *_run(c_char_p, "dump_directory", "tune_budget", "worker_program"),
        *_run(c_void_p, "allocate", "release", "allocator_user"),
        ("nvrtc", c_char_p),
    ],
)
DeviceInfo = _struct(
    "DeviceInfo",
    [
        ("struct_size", c_size_t),
        *_run(c_char_p, "device", "name", "arch"),
        *_run(c_int64, "compute_units", "memory_bytes"),
    ],
)
Problem = _struct(
    "Problem",
    [
        ("struct_size", c_size_t),
        *_run(
            c_int64, "batch", "heads_q", "heads_kv", "seqlen_q", "seqlen_kv", "head_dim_qk", "head_dim_v"
        ),
        *_run(c_int32, "dtype", "layout", "has_softmax_scale"),
        *_run(c_float, "softmax_scale", "softcap"),
        ("causal", c_int32),
        *_run(c_int64, "window_left", "window_right"),
        *_run(c_int32, "alignment", "sinks", "alibi", "want_lse", "mask_kind", "mask_dtype"),
        *_run(c_int64, "mask_batch", "mask_heads", "mask_seqlen_q", "mask_seqlen_kv"),
        *_run(c_int32, "kv_lengths", "varlen"),
        *_run(c_int64, "total_q", "total_kv"),
        *_run(c_int32, "sparsity", "sparsity_full", "sparsity_partial", "reserved_zero"),
        *_run(
            c_int64,
            "sparsity_block_q",
            "sparsity_block_kv",
            "sparsity_batch",
            "sparsity_heads",
            "sparsity_max_blocks",
        ),
        ("quantization", c_char_p),
        *_run(c_int64, "page_size", "page_count"),
    ],
)
View = _struct("View", [("data", c_void_p), *_run(c_int64, "stride_batch", "stride_head", "stride_seq")])
Mask = _struct(
    "Mask", [("data", c_void_p), *_run(c_int64, "stride_batch", "stride_head", "stride_q", "stride_kv")]
)
Tensors = _struct(
    "Tensors",
    [
        ("struct_size", c_size_t),
        *_run(View, "q", "k", "v", "o"),
        ("lse", c_void_p),
        *_run(c_int64, "lse_stride_batch", "lse_stride_head"),
        ("mask", Mask),
        *_run(c_void_p, "sinks", "alibi_slopes"),
        ("alibi_stride_batch", c_int64),
        *_run(c_void_p, "cu_seqlens_q", "cu_seqlens_kv", "kv_lengths"),
        *_run(c_void_p, "full_counts", "full_indices", "partial_counts", "partial_indices"),
        *_run(c_void_p, "full_row_ptr", "partial_row_ptr", "page_table"),
        ("page_table_stride", c_int64),
        *_run(c_void_p, "q_scales", "k_scales", "v_scales"),
    ],
)
Given = _struct(
    "Given",
    [
        ("struct_size", c_size_t),
        *_run(c_int64, "q_rows", "kv_rows", "q_scales", "k_scales", "v_codes", "v_scales"),
    ],
)
Provenance = _struct(
    "Provenance",
    [
        ("struct_size", c_size_t),
        *_run(c_int32, "origin", "launches"),
        *_run(c_char_p, "origin_name", "family", "config", "spec", "shape_bucket", "record_id", "record_file"),
        ("record_median_ms", c_double),
        ("record_unix_ms", c_int64),
        *_run(c_char_p, "kernel_origin", "compile_key"),
        *_run(c_double, "compile_ms", "load_ms", "plan_ms"),
        *_run(c_char_p, "quantization", "quantization_why"),
    ],
)
TuneOptions = _struct(
    "TuneOptions",
    [
        ("struct_size", c_size_t),
        *_run(c_char_p, "budget", "strategy", "cache_regime", "worker_program"),
        ("seed", c_uint64),
        *_run(c_int32, "resume", "isolate", "compile_jobs", "reserved_zero"),
        ("candidate_timeout_s", c_double),
        *_run(c_void_p, "progress", "progress_user", "cancel"),
    ],
)
Outcome = _struct(
    "Outcome",
    [
        ("struct_size", c_size_t),
        *_run(c_char_p, "status", "config"),
        *_run(c_double, "best_ms", "best_mad_ms", "heuristic_ms"),
        *_run(c_int64, "evaluated", "failed", "reused"),
        *_run(c_int32, "cancelled", "reserved_zero"),
    ],
)


class AttuneError(RuntimeError):
    pass


class Library:
    """The functions used here, with their types; `check` turns a status into an exception."""

    def __init__(self, path: str):
        self.c = ctypes.CDLL(path)
        for name in ("attune_version", "attune_last_error", "attune_plan_text"):
            getattr(self.c, name).restype = c_char_p
        self.c.attune_status_name.restype = c_char_p
        self.c.attune_plan_workspace_bytes.restype = c_int64
        self.c.attune_execute.argtypes = [c_void_p, c_void_p, c_void_p, c_void_p, c_int64, c_void_p]
        for name in ("attune_plan_release", "attune_context_destroy", "attune_tuning_release"):
            getattr(self.c, name).argtypes = [c_void_p]
            getattr(self.c, name).restype = None

    def check(self, status: int) -> None:
        if status != 0:
            name = self.c.attune_status_name(c_int32(status)).decode()
            raise AttuneError(f"{name}: {self.c.attune_last_error().decode()}")

    def init(self, function: str, kind: type[ctypes.Structure]) -> ctypes.Structure:
        value = kind()
        self.check(getattr(self.c, function)(ctypes.byref(value), c_size_t(ctypes.sizeof(kind))))
        return value

    @staticmethod
    def sized(kind: type[ctypes.Structure]) -> ctypes.Structure:
        value = kind()
        value.struct_size = ctypes.sizeof(kind)
        return value


class Session:
    """One context of the library, with what every measurement needs of it."""

    def __init__(self, library: str, device: str, store: Path, program: str, threads: int = 0):
        self.library = Library(library)
        options = self.library.init("attune_context_options_init", ContextOptions)
        options.device = device.encode()
        options.threads = threads
        options.records_directory = str(store / "records").encode()
        options.kernels_directory = str(store / "kernels").encode()
        options.worker_program = program.encode()
        self.context = c_void_p()
        self.library.check(self.library.c.attune_context_create(ctypes.byref(options), ctypes.byref(self.context)))

    def close(self) -> None:
        self.library.c.attune_context_destroy(self.context)
        self.context = c_void_p()

    def device(self) -> dict[str, str]:
        info = self.library.sized(DeviceInfo)
        self.library.check(self.library.c.attune_context_device(self.context, ctypes.byref(info)))
        return {
            "attune": self.library.c.attune_version().decode(),
            "device": info.name.decode(),
            "arch": info.arch.decode(),
        }

    def problem(self, case: Case, quantization: str = "none") -> ctypes.Structure:
        problem = self.library.init("attune_problem_init", Problem)
        if (problem.head_dim_qk, problem.window_left, problem.window_right) != (64, -1, -1):
            raise AttuneError("attune_problem_init wrote other defaults: bring attune_abi.py in line with attune.h")
        problem.batch, problem.heads_q, problem.heads_kv = case.batch, case.heads_q, case.heads_kv
        problem.seqlen_q, problem.seqlen_kv = case.seqlen_q, case.seqlen_kv
        problem.head_dim_qk = problem.head_dim_v = case.head_dim
        problem.dtype = DTYPE[case.dtype]
        problem.causal = int(case.causal)
        problem.quantization = quantization.encode()
        return problem

    def find(self, problem: ctypes.Structure, stream: int | None = None) -> c_void_p:
        """The plan; release it with attune_plan_release."""
        plan = c_void_p()
        self.library.check(
            self.library.c.attune_find(
                self.context, ctypes.byref(problem), c_int32(POLICY_COMPILE), c_void_p(stream), ctypes.byref(plan)
            )
        )
        return plan

    def provenance(self, plan: c_void_p) -> ctypes.Structure:
        provenance = self.library.sized(Provenance)
        self.library.check(self.library.c.attune_plan_provenance(plan, ctypes.byref(provenance)))
        return provenance

    def tensors(self, problem: ctypes.Structure, q: int, k: int, v: int, o: int) -> ctypes.Structure:
        """Addresses of contiguous Q, K, V and O in the problem's layout."""
        tensors = self.library.init("attune_tensors_init", Tensors)
        self.library.check(self.library.c.attune_tensors_set_contiguous(ctypes.byref(problem), ctypes.byref(tensors)))
        tensors.q.data, tensors.k.data, tensors.v.data, tensors.o.data = q, k, v, o
        return tensors

    def tune(self, problem: ctypes.Structure, budget: str, cache_regime: str = "hot") -> dict:
        """Searches configs under the budget; what earlier runs measured is in the records and is not measured again."""
        options = self.library.init("attune_tune_options_init", TuneOptions)
        options.budget = budget.encode()
        options.cache_regime = cache_regime.encode()
        tuning = c_void_p()
        problems = (POINTER(Problem) * 1)(ctypes.pointer(problem))
        start = time.perf_counter()
        self.library.check(
            self.library.c.attune_tune(
                self.context, problems, c_size_t(1), ctypes.byref(options), ctypes.byref(tuning)
            )
        )
        outcome = self.library.sized(Outcome)
        self.library.check(self.library.c.attune_tuning_outcome(tuning, c_size_t(0), ctypes.byref(outcome)))
        tuned = {
            "seconds": time.perf_counter() - start,
            "status": outcome.status.decode(),
            "evaluated": outcome.evaluated,
            "failed": outcome.failed,
            "reused": outcome.reused,
            "heuristic_ms": outcome.heuristic_ms,
            "best_ms": outcome.best_ms,
        }
        self.library.c.attune_tuning_release(tuning)
        return tuned
