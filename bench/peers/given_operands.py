"""Operands quantized by PyTorch and given to Attune as codes, so that a launch is the attention and nothing else. What the
codes look like is in docs/quantization.md, "Codes that are given"."""

from __future__ import annotations

import ctypes

import torch

from peers.attune_abi import Given, Session
from peers.gpu_subjects import Inputs, Subject


def rows_as_codes(x: torch.Tensor, group: torch.Tensor, groups: int, target: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Integers in int8 and the scale of each group, [B,H,groups]; `group` is that of each row."""
    of_row = x.abs().amax(-1).float()
    amax = torch.zeros(*of_row.shape[:2], groups, device=x.device)
    amax.scatter_reduce_(2, group.expand_as(of_row), of_row, "amax")
    scales = (amax / target).clamp_min(1e-30)
    codes = (x / scales.gather(2, group.expand_as(of_row))[..., None]).round().clamp(-target, target).to(torch.int8)
    return codes, scales.contiguous()


def values_as_codes(v: torch.Tensor, rows: int, target: float) -> tuple[torch.Tensor, torch.Tensor]:
    """e4m3 with a scale a channel, [B,H,blocks,Dv,64] with the tokens of a block where the tensor cores want them."""
    batch, heads, length, width = v.shape
    scales = (v.abs().amax(2).float() / target).clamp_min(1e-30)
    padded = torch.zeros(batch, heads, rows, width, device=v.device)
    padded[:, :, :length] = v / scales[:, :, None]
    t = torch.arange(64, device=v.device)
    places = t - t % 16 + t % 16 // 8 * 2 + t // 2 % 4 * 4 + t % 2
    blocks = padded.view(batch, heads, rows // 64, 64, width).transpose(3, 4)
    codes = torch.empty_like(blocks, memory_format=torch.contiguous_format)
    codes[..., places] = blocks
    return codes.to(torch.float8_e4m3fn).view(torch.uint8).contiguous(), scales.contiguous()


def attention_alone(session: Session, inputs: Inputs, request: str, name: str) -> Subject:
    case, c = inputs.case, session.library.c
    problem = session.problem(case, request)
    sizes = session.library.sized(Given)
    session.library.check(c.attune_given_sizes(ctypes.byref(problem), ctypes.byref(sizes)))
    plan = session.find(problem)
    provenance = session.provenance(plan)
    facts = {key: getattr(provenance, key).decode() for key in ("family", "config", "quantization")}
    facts |= {"origin": provenance.origin_name.decode(), "launches": provenance.launches}
    int4 = request.startswith("int4")
    target = 7.0 if int4 else 127.0
    device = inputs.q.device
    q_row, k_row = torch.arange(case.seqlen_q, device=device), torch.arange(case.seqlen_kv, device=device)
    q, q_scales = rows_as_codes(
        inputs.q, q_row // 32 * 8 + q_row % 8, sizes.q_scales // (case.batch * case.heads_q), target
    )
    smoothed = inputs.k - inputs.k.mean(2, keepdim=True, dtype=torch.float32).to(inputs.k.dtype)
    k, k_scales = rows_as_codes(
        smoothed, k_row // 64 * 4 + k_row % 8 // 2, sizes.k_scales // (case.batch * case.heads_kv), target
    )
    if int4:
        q, k = (x[..., 0::2] & 15 | x[..., 1::2] << 4 for x in (q, k))
    v, v_scales = values_as_codes(inputs.v, sizes.kv_rows, 2.25 if "acc-f16" in request else 448.0)
    o = torch.full_like(inputs.q, float("nan"))
    q, k = q.contiguous(), k.contiguous()
    tensors = session.tensors(problem, *(t.data_ptr() for t in (q, k, v, o)))
    tensors.q_scales, tensors.k_scales, tensors.v_scales = (t.data_ptr() for t in (q_scales, k_scales, v_scales))
    workspace_bytes = c.attune_plan_workspace_bytes(plan)
    workspace = torch.empty(max(workspace_bytes, 1), dtype=torch.uint8, device=device)
    address, scratch = ctypes.addressof(tensors), workspace.data_ptr() if workspace_bytes else None

    def call() -> torch.Tensor:
        stream = torch.cuda.current_stream().cuda_stream if inputs.q.is_cuda else None
        status = c.attune_execute(session.context, plan, address, scratch, workspace_bytes, stream)
        if status:
            session.library.check(status)
        return o

    call.keep = (tensors, workspace, q, k, v, q_scales, k_scales, v_scales)  # reached by address only
    return Subject(name, call, facts=facts, close=lambda: c.attune_plan_release(plan))
