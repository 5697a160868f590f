"""The shapes of the comparison on a GPU, and how their work is counted."""

from __future__ import annotations

from dataclasses import dataclass

from peers.case import Case

TOKENS, HIDDEN = 16384, 2048


@dataclass(frozen=True)
class GpuCase(Case):
    dtype: str = "bf16"

    @property
    def decode(self) -> bool:
        return self.seqlen_q == 1

    @property
    def flops(self) -> int:
        """The convention of published figures: 4 B Hq Sq Skv D, and half of it when causal."""
        dense = 4 * self.batch * self.heads_q * self.seqlen_q * self.seqlen_kv * self.head_dim
        return dense // 2 if self.causal else dense

    @property
    def bytes(self) -> int:
        """Least traffic of memory: every input read once and the output written once."""
        element = 4 if self.dtype == "fp32" else 2
        q_and_o = 2 * self.batch * self.heads_q * self.seqlen_q * self.head_dim
        return (q_and_o + 2 * self.batch * self.heads_kv * self.seqlen_kv * self.head_dim) * element

    @property
    def shape_text(self) -> str:
        """In the grammar of `attune tune`."""
        heads = f"{self.heads_q}" if self.group == 1 else f"{self.heads_q}/{self.heads_kv}"
        lengths = f"{self.seqlen_q}" if self.seqlen_q == self.seqlen_kv else f"{self.seqlen_q}x{self.seqlen_kv}"
        causal = " causal" if self.causal else ""
        return f"B{self.batch} H{heads} S{lengths} D{self.head_dim} {self.dtype}{causal}"


def prefill(head_dim: int, seqlen: int, causal: bool) -> GpuCase:
    """16k tokens of hidden size 2048 at every length."""
    heads = HIDDEN // head_dim
    name = f"prefill-d{head_dim}-{seqlen}{'-causal' if causal else ''}"
    return GpuCase(name, TOKENS // seqlen, heads, heads, seqlen, seqlen, head_dim, causal)


def decode(batch: int, seqlen_kv: int) -> GpuCase:
    """One token of a Llama-class model: 32 query heads, 8 KV heads."""
    return GpuCase(f"decode-b{batch}-{seqlen_kv // 1024}k", batch, 32, 8, 1, seqlen_kv, 128)


def gpu_cases() -> list[GpuCase]:
    """What matters most comes first: a run that is out of time leaves out the rest."""
    lengths = (16384, 4096, 1024, 8192, 2048, 512)
    decodes = [decode(b, s * 1024) for b, s in ((8, 32), (1, 128), (64, 8), (1, 32), (64, 32), (8, 8), (1, 8), (8, 128))]
    by_dim = {d: [prefill(d, s, causal) for s in lengths for causal in (False, True)] for d in (64, 128, 256)}
    # B 64 with 128k keys holds 34 GB of K and V: last, since it needs a large GPU.
    return by_dim[128][:6] + decodes[:4] + by_dim[64] + by_dim[128][6:] + by_dim[256] + decodes[4:] + [decode(64, 131072)]


def cpu_cases() -> list[GpuCase]:
    """Small ones that take every path of the program on a machine without a GPU."""
    return [
        GpuCase("prefill-small", 2, 4, 4, 128, 128, 64),
        GpuCase("prefill-small-causal", 1, 2, 2, 160, 160, 128, True),
        GpuCase("decode-small", 2, 8, 2, 1, 512, 128),
    ]
