"""What is measured on a GPU: Attune through its C ABI, and the backends of PyTorch's scaled_dot_product_attention."""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Callable

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa

from peers.attune_abi import Session
from peers.gpu_cases import GpuCase

TORCH_DTYPE = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
BACKENDS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "math": SDPBackend.MATH,
}
# The math backend keeps several Sq x Skv matrices a head: beyond this many elements it is left out, and the reason shown.
MATH_LIMIT_ELEMENTS = 600_000_000


@dataclass
class Subject:
    """One way to compute the case. `call` launches on PyTorch's current stream and returns O, inside of `scope()`: what
    chooses the backend costs microseconds and is entered once for all launches of a measurement."""

    name: str
    call: Callable[[], torch.Tensor]
    scope: Callable[[], AbstractContextManager] = nullcontext
    facts: dict = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


class Inputs:
    """Standard normal Q, K and V on the device, [B,H,S,D]."""

    def __init__(self, case: GpuCase, device: str, seed: int = 1):
        generator = torch.Generator(device=device).manual_seed(seed)
        dtype = TORCH_DTYPE[case.dtype]

        def normal(shape):
            # In parts, since a large K of fp32 numbers would take twice its memory once more.
            tensor = torch.empty(shape, dtype=dtype, device=device)
            for part in tensor.view(-1).split(1 << 28):
                part.normal_(generator=generator)
            return tensor

        self.case = case
        self.q, self.k, self.v = normal(case.q_shape()), normal(case.kv_shape()), normal(case.kv_shape())


def attune_subject(
    session: Session, inputs: Inputs, tune_budget: str, quantization: str = "none", name: str = "attune"
) -> Subject:
    case, c = inputs.case, session.library.c
    problem = session.problem(case, quantization)
    facts: dict = {}
    if tune_budget != "none":
        facts["tuning"] = session.tune(problem, tune_budget, "cold" if case.decode else "hot")
    plan = session.find(problem)
    provenance = session.provenance(plan)
    facts |= {
        "origin": provenance.origin_name.decode(),
        "family": provenance.family.decode(),
        "config": provenance.config.decode(),
        "compile_ms": provenance.compile_ms,
        "launches": provenance.launches,
        "quantization": provenance.quantization.decode(),
        "quantization_why": provenance.quantization_why.decode(),
    }
    o = torch.full_like(inputs.q, float("nan"))
    tensors = session.tensors(problem, *(t.data_ptr() for t in (inputs.q, inputs.k, inputs.v, o)))
    workspace_bytes = c.attune_plan_workspace_bytes(plan)
    facts["workspace_bytes"] = workspace_bytes
    workspace = torch.empty(max(workspace_bytes, 1), dtype=torch.uint8, device=inputs.q.device)
    on_gpu = inputs.q.is_cuda
    address, scratch = ctypes.addressof(tensors), workspace.data_ptr() if workspace_bytes else None

    def call() -> torch.Tensor:
        stream = torch.cuda.current_stream().cuda_stream if on_gpu else None
        status = c.attune_execute(session.context, plan, address, scratch, workspace_bytes, stream)
        if status:
            session.library.check(status)
        return o

    def close() -> None:
        c.attune_plan_release(plan)

    # The closure keeps tensors and workspace alive; the struct is reached by address only.
    call.keep = (tensors, workspace)
    return Subject(name, call, facts=facts, close=close)


def torch_subjects(inputs: Inputs, backends: list[str]):
    """Name and maker of each; a maker raises where the backend cannot do the case."""
    case, (q, k, v) = inputs.case, (inputs.q, inputs.k, inputs.v)
    gqa = case.group > 1

    def scope(name: str):
        def enter():
            stack = ExitStack()
            stack.enter_context(sdpa_kernel([BACKENDS[name]]))
            stack.enter_context(torch.inference_mode())
            return stack

        return enter

    def plain():
        return sdpa(q, k, v, is_causal=case.causal, enable_gqa=gqa)

    for name in backends:

        def make(name=name):
            elements = case.batch * case.heads_q * case.seqlen_q * case.seqlen_kv
            if name == "math" and elements > MATH_LIMIT_ELEMENTS:
                raise MemoryError(f"not tried: it would hold {elements:,} logits at once")
            return Subject(name, plain, scope(name))

        yield name, make
        if gqa and case.decode and name != "math":
            # The query heads of a group as queries of their KV head: in the peer's favour, since K and V are then read once.
            folded_q = q.view(case.batch, case.heads_kv, case.group, case.head_dim)

            def make_folded(name=name, folded_q=folded_q):
                def call():
                    return sdpa(folded_q, k, v).view(case.q_shape())

                return Subject(f"{name}, heads folded", call, scope(name))

            yield f"{name}, heads folded", make_folded


def reference_rows(inputs: Inputs, rows: int = 48) -> list[tuple[tuple[int, int, int], torch.Tensor, torch.Tensor]]:
    """Places (b, h, i), their O in double, and sum_j P_j |V_j|: the scale of the error that rounding may leave."""
    case = inputs.case
    generator = torch.Generator().manual_seed(7)
    places = [(0, 0, 0), (case.batch - 1, case.heads_q - 1, case.seqlen_q - 1)]
    while len(places) < rows:
        sizes = (case.batch, case.heads_q, case.seqlen_q)
        places.append(tuple(int(torch.randint(n, (1,), generator=generator)) for n in sizes))
    found = []
    for b, h, i in places:
        keys = i + 1 if case.causal else case.seqlen_kv
        logits = inputs.k[b, h // case.group, :keys].double() @ inputs.q[b, h, i].double() * case.scale
        p = torch.softmax(logits, 0)
        values = inputs.v[b, h // case.group, :keys].double()
        found.append(((b, h, i), p @ values, p @ values.abs()))
    return found


def error_of(output: torch.Tensor, reference, dtype: str) -> dict[str, float]:
    """`tolerance_ratio` is the largest error over u * sum_j P_j |V_j| * factor, with u the unit roundoff of the dtype. The
    factor is 4 for 16-bit types, since tensor cores take P rounded to the dtype as well, and 64 for fp32."""
    u, factor = {"fp32": (2.0**-24, 64.0), "fp16": (2.0**-11, 4.0), "bf16": (2.0**-8, 4.0)}[dtype]
    worst = largest = error_sum = reference_sum = product = own_square = reference_square = 0.0
    for (b, h, i), expected, scale in reference:
        row = output[b, h, i].double()
        error = (row - expected).abs()
        worst = max(worst, float((error / (u * factor * scale)).max()))
        largest = max(largest, float(error.max()))
        error_sum += float(error.sum())
        reference_sum += float(expected.abs().sum())
        product += float(row @ expected)
        own_square += float(row @ row)
        reference_square += float(expected @ expected)
    cosine = product / max((own_square * reference_square) ** 0.5, 1e-300)
    # An element that nobody wrote is still NaN; max() would pass over it.
    if not all(bool(torch.isfinite(part).all()) for part in output.reshape(-1).split(1 << 28)):
        worst = largest = float("inf")
        cosine = 0.0
    relative_l1 = error_sum / reference_sum
    return {"max_error": largest, "relative_l1": relative_l1, "cosine": cosine, "tolerance_ratio": worst}
