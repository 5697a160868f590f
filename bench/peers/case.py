"""One attention problem of a comparison. Needs nothing but Python, so that a machine with a GPU needs nothing more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One attention problem in BHSD layout; `causal` is top-left, which equals bottom-right where seqlens are equal."""

    name: str
    batch: int
    heads_q: int
    heads_kv: int
    seqlen_q: int
    seqlen_kv: int
    head_dim: int
    causal: bool = False
    dtype: str = "fp32"

    @property
    def key(self) -> str:
        return f"{self.name}-{self.dtype}"

    @property
    def scale(self) -> float:
        return self.head_dim**-0.5

    @property
    def group(self) -> int:
        return self.heads_q // self.heads_kv

    @property
    def flops(self) -> int:
        """2 flops for each multiply-add of Q K^T and P V over the visible pairs."""
        if self.causal:
            pairs = sum(min(i + 1, self.seqlen_kv) for i in range(self.seqlen_q))
        else:
            pairs = self.seqlen_q * self.seqlen_kv
        return 4 * self.batch * self.heads_q * self.head_dim * pairs

    @property
    def kv_bytes(self) -> int:
        element = 4 if self.dtype == "fp32" else 2
        return 2 * self.batch * self.heads_kv * self.seqlen_kv * self.head_dim * element

    @property
    def text(self) -> str:
        heads = str(self.heads_q) if self.group == 1 else f"{self.heads_q}/{self.heads_kv}"
        lengths = (
            str(self.seqlen_q) if self.seqlen_q == self.seqlen_kv else f"{self.seqlen_q}x{self.seqlen_kv}"
        )
        return f"({self.batch}, {heads}, {lengths}, {self.head_dim}{', causal' if self.causal else ''})"

    def q_shape(self) -> tuple[int, ...]:
        return (self.batch, self.heads_q, self.seqlen_q, self.head_dim)

    def kv_shape(self) -> tuple[int, ...]:
        return (self.batch, self.heads_kv, self.seqlen_kv, self.head_dim)
