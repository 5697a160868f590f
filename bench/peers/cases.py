"""The shapes of the comparison, their input data and the attention that all peers must agree with."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np

from peers.case import Case

DTYPES = ("fp32", "bf16")


SHAPES = (
    Case("prefill-4k-d64", 1, 8, 8, 4096, 4096, 64),
    Case("llm-prefill-2k", 1, 32, 8, 2048, 2048, 128, causal=True),
    Case("video-dit-1100", 2, 30, 30, 1100, 1100, 64),
    Case("prefill-8k-d128", 1, 16, 16, 8192, 8192, 128),
    Case("vit-197", 8, 12, 12, 197, 197, 64),
    Case("decode-8k", 8, 32, 8, 1, 8192, 128),
)


def numpy_dtype(dtype: str) -> np.dtype:
    return np.dtype(np.float32) if dtype == "fp32" else np.dtype(ml_dtypes.bfloat16)


def write_inputs(case: Case, directory: Path, seed: int = 1) -> None:
    """Standard normal Q, K, V, rounded to the dtype; bf16 is stored as its 16 bits, which every reader understands."""
    generator = np.random.default_rng(seed)
    for name, shape in (("q", case.q_shape()), ("k", case.kv_shape()), ("v", case.kv_shape())):
        values = generator.standard_normal(shape, dtype=np.float32)
        if case.dtype == "bf16":
            values = values.astype(ml_dtypes.bfloat16).view(np.uint16)
        np.save(directory / f"{name}.npy", values)


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Zeros on a 64-byte boundary, as every peer's own allocator gives; NumPy promises 16."""
    size_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    storage = np.zeros(size_bytes + 64, dtype=np.uint8)
    start = -storage.ctypes.data % 64
    return storage[start : start + size_bytes].view(dtype).reshape(shape)


def read_array(path: Path, dtype: str) -> np.ndarray:
    """A private, writable, aligned copy: fp32, or bf16 as ml_dtypes.bfloat16."""
    stored = np.load(path, mmap_mode="r")
    values = aligned(stored.shape, stored.dtype)
    values[...] = stored
    return values.view(ml_dtypes.bfloat16) if dtype == "bf16" else values


def sampled_error(case: Case, directory: Path, output: np.ndarray, rows: int = 48) -> dict[str, float]:
    """Errors of `output` [B,Hq,Sq,D] against attention in double precision on rows spread over batch, heads and queries.

    `tolerance_ratio` is the largest error over eps(dtype) * sum_j P_j |V_j| * factor: oneDNN's row rule, which neither
    fails on cancellation nor hides an error in a small output. The factor is 4 for bf16; for fp32 it is 64, since eps is
    that of one rounding and a row sums thousands of terms.
    """
    k = np.load(directory / "k.npy", mmap_mode="r")
    v = np.load(directory / "v.npy", mmap_mode="r")
    q = np.load(directory / "q.npy", mmap_mode="r")

    def exact(array: np.ndarray) -> np.ndarray:
        if case.dtype == "bf16":
            array = array.view(ml_dtypes.bfloat16)
        return array.astype(np.float64)

    eps, factor = (2.0**-24, 64.0) if case.dtype == "fp32" else (2.0**-9, 4.0)
    generator = np.random.default_rng(7)
    places = [(0, 0, 0), (case.batch - 1, case.heads_q - 1, case.seqlen_q - 1)]
    while len(places) < rows:
        places.append(tuple(int(generator.integers(n)) for n in (case.batch, case.heads_q, case.seqlen_q)))
    worst_ratio = max_error = error_sum = reference_sum = 0.0
    for b, h, i in places:
        keys = i + 1 if case.causal else case.seqlen_kv
        logits = exact(k[b, h // case.group, :keys]) @ exact(q[b, h, i]) * case.scale
        p = np.exp(logits - logits.max())
        p /= p.sum()
        values = exact(v[b, h // case.group, :keys])
        error = np.abs(output[b, h, i].astype(np.float64) - p @ values)
        worst_ratio = max(worst_ratio, float((error / (eps * factor * (p @ np.abs(values)))).max()))
        max_error = max(max_error, float(error.max()))
        error_sum += float(error.sum())
        reference_sum += float(np.abs(p @ values).sum())
    if not np.isfinite(output.astype(np.float32)).all():
        worst_ratio = float("inf")
    return {
        "max_error": max_error,
        "relative_l1": error_sum / reference_sum,
        "tolerance_ratio": worst_ratio,
    }
