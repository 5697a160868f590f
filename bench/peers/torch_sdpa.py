"""PyTorch's scaled_dot_product_attention on the CPU, in every form that is valid for a case."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa

from peers.cases import Case, read_array

# The math backend keeps two Sq x Skv matrices a head; beyond this many elements it is left out, and the reason is shown.
MATH_LIMIT_ELEMENTS = 300_000_000


class Peer:
    def __init__(self, options: dict):
        self.threads = options["threads"]
        torch.set_num_threads(self.threads)
        self.tensors: tuple[torch.Tensor, ...] | None = None

    def versions(self) -> dict[str, str]:
        return {
            "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
            "threads": str(torch.get_num_threads()),
        }

    def notes(self) -> list[str]:
        return []

    def release(self) -> None:
        self.tensors = None

    @staticmethod
    def output(result: torch.Tensor) -> np.ndarray:
        result = result.contiguous()
        if result.dtype == torch.bfloat16:
            return result.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
        return result.numpy()

    def _load(self, case: Case, directory: Path) -> tuple[torch.Tensor, ...]:
        def tensor(name: str) -> torch.Tensor:
            values = read_array(directory / f"{name}.npy", case.dtype)
            if case.dtype == "bf16":
                return torch.from_numpy(values.view(np.uint16)).view(torch.bfloat16)
            return torch.from_numpy(values)

        self.tensors = tuple(tensor(name) for name in "qkv")
        return self.tensors

    def forms(self, case: Case, directory: Path):
        """Name and maker of each form. K and V expanded to all query heads, and one-row decode folded so that the query
        heads of a group become queries of their KV head, are prepared outside the timed call: in the peer's favour."""
        q, k, v = self._load(case, directory)
        gqa = case.group > 1
        shape = case.q_shape()

        def default():
            return lambda: self._run(q, k, v, case.causal, gqa)

        def backend(which: SDPBackend):
            def make():
                def call():
                    with sdpa_kernel([which]):
                        return self._run(q, k, v, case.causal, gqa)

                return call

            return make

        def math():
            elements = case.batch * case.heads_q * case.seqlen_q * case.seqlen_kv
            if elements > MATH_LIMIT_ELEMENTS:
                raise MemoryError(f"not tried: it would hold {elements:,} logits at once")
            return backend(SDPBackend.MATH)()

        yield "default", default
        yield "flash backend", backend(SDPBackend.FLASH_ATTENTION)
        yield "math backend", math
        if gqa:

            def expanded():
                ke, ve = (t.repeat_interleave(case.group, dim=1) for t in (k, v))
                return lambda: self._run(q, ke, ve, case.causal, False)

            yield "KV heads expanded beforehand", expanded
        if gqa and case.seqlen_q == 1:
            folded_q = q.view(case.batch, case.heads_kv, case.group, case.head_dim)

            def folded():
                return lambda: self._run(folded_q, k, v, False, False).view(shape)

            yield "query heads folded into queries", folded

    @staticmethod
    @torch.inference_mode()
    def _run(q, k, v, causal: bool, gqa: bool) -> torch.Tensor:
        return sdpa(q, k, v, is_causal=causal, enable_gqa=gqa)
