"""ONNX Runtime's attention operators on the CPU execution provider, in every form that is valid for a case."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from peers.cases import Case, aligned, read_array

MICROSOFT = "com.microsoft"
ELEMENT = {"fp32": TensorProto.FLOAT, "bf16": TensorProto.BFLOAT16}


class Peer:
    def __init__(self, options: dict):
        self.threads = options["threads"]
        ort.set_default_logger_severity(3)
        self.arrays: tuple[np.ndarray, ...] | None = None

    def versions(self) -> dict[str, str]:
        return {"onnxruntime": ort.__version__, "onnx": onnx.__version__, "threads": str(self.threads)}

    def notes(self) -> list[str]:
        return []

    def release(self) -> None:
        self.arrays = None

    @staticmethod
    def output(result: np.ndarray) -> np.ndarray:
        return result

    def _session(self, operator: str, domain: str, attributes: dict, inputs: dict, element: int, outputs: list[str]):
        """`inputs`: name -> array, in operator order; a name that starts with '-' is an input left out."""
        names = ["" if name.startswith("-") else name for name in inputs]
        node = helper.make_node(operator, names, outputs, domain=domain, **attributes)

        def info(name, array):
            kind = {np.dtype(np.int32): TensorProto.INT32}.get(array.dtype, element)
            return helper.make_tensor_value_info(name, kind, array.shape)

        graph = helper.make_graph(
            [node],
            "attention",
            [info(name, array) for name, array in inputs.items() if not name.startswith("-")],
            [helper.make_tensor_value_info(name, element, None) for name in outputs],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", 23), helper.make_opsetid(MICROSOFT, 1)],
            ir_version=10,
        )
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def _caller(self, session, inputs: dict, outputs: dict, reshape):
        """Inputs and outputs are bound once, so a call copies and allocates nothing of ours."""
        binding = session.io_binding()
        values = {}
        for name, array in inputs.items():
            if not name.startswith("-"):
                values[name] = ort.OrtValue.ortvalue_from_numpy(array)
                binding.bind_ortvalue_input(name, values[name])
        for name, value in outputs.items():
            value = values[value] if isinstance(value, str) else ort.OrtValue.ortvalue_from_numpy(value)
            values.setdefault(name, value)
            binding.bind_ortvalue_output(name, value)

        def call():
            session.run_with_iobinding(binding)
            return Lazy(values["o"], reshape)

        return call

    def forms(self, case: Case, directory: Path):
        """Name and maker of each form. Transposition to the layout of an operator, and K and V expanded to all query heads
        where an operator has no grouped heads, are done outside the timed call: in the peer's favour."""
        element = ELEMENT[case.dtype]
        q, k, v = self.arrays = tuple(read_array(directory / f"{name}.npy", case.dtype) for name in "qkv")

        def merged(array):  # [B,H,S,D] -> [B,S,H*D]
            b, h, s, d = array.shape
            result = aligned((b, s, h, d), array.dtype)
            result[...] = array.transpose(0, 2, 1, 3)
            return result.reshape(b, s, h * d)

        def unmerged(output):  # [B,S,H*D] -> [B,H,S,D]
            b, s, _ = output.shape
            return np.ascontiguousarray(output.reshape(b, s, -1, case.head_dim).transpose(0, 2, 1, 3))

        def blank(shape):
            return aligned(shape, q.dtype)

        def attention(query, key, value, reshape):
            inputs = {"q": query, "k": key, "v": value}
            session = self._session("Attention", "", {"is_causal": int(case.causal)}, inputs, element, ["o"])
            return self._caller(session, inputs, {"o": blank(query.shape)}, reshape)

        yield "Attention (opset 23)", lambda: attention(q, k, v, lambda o: o)

        if case.group > 1 and case.seqlen_q == 1:
            folded = q.reshape(case.batch, case.heads_kv, case.group, case.head_dim)
            yield (
                "Attention (opset 23), query heads folded into queries",
                lambda: attention(folded, k, v, lambda o: o.reshape(case.q_shape())),
            )

        def multi_head(query, key, value, reshape):
            inputs = {"q": merged(query), "k": merged(key), "v": merged(value)}
            attributes = {"num_heads": query.shape[1], "unidirectional": int(case.causal)}
            session = self._session("MultiHeadAttention", MICROSOFT, attributes, inputs, element, ["o"])
            return self._caller(session, inputs, {"o": blank(inputs["q"].shape)}, reshape)

        if case.group == 1:
            yield "MultiHeadAttention (contrib)", lambda: multi_head(q, k, v, unmerged)
        else:

            def expanded():
                ke, ve = (np.repeat(array, case.group, axis=1) for array in (k, v))
                return multi_head(q, ke, ve, unmerged)

            yield "MultiHeadAttention (contrib), KV heads expanded beforehand", expanded
            if case.seqlen_q == 1:
                yield (
                    "MultiHeadAttention (contrib), query heads folded into queries",
                    lambda: multi_head(folded, k, v, lambda o: unmerged(o).reshape(case.q_shape())),
                )

        # GroupQueryAttention is always causal, so it is valid for causal prefill and for one new token after a past.
        attributes = {"num_heads": case.heads_q, "kv_num_heads": case.heads_kv}
        lengths = {
            "seqlens": np.full([case.batch], case.seqlen_kv - 1, dtype=np.int32),
            "total": np.array([case.seqlen_kv], dtype=np.int32),
        }
        if case.causal and case.seqlen_q == case.seqlen_kv:

            def prefill():
                inputs = {"q": merged(q), "k": merged(k), "v": merged(v), "-pk": None, "-pv": None, **lengths}
                outputs = {"o": blank(inputs["q"].shape), "present_k": blank(k.shape), "present_v": blank(v.shape)}
                session = self._session("GroupQueryAttention", MICROSOFT, attributes, inputs, element, list(outputs))
                return self._caller(session, inputs, outputs, unmerged)

            yield "GroupQueryAttention (contrib)", prefill
        if case.seqlen_q == 1:

            def decode():
                # The cache buffer is both past and present, so the operator appends one token in place.
                inputs = {
                    "q": merged(q),
                    "k": merged(k[:, :, -1:]),
                    "v": merged(v[:, :, -1:]),
                    "past_k": k,
                    "past_v": v,
                    **lengths,
                }
                session = self._session(
                    "GroupQueryAttention", MICROSOFT, attributes, inputs, element, ["o", "present_k", "present_v"]
                )
                outputs = {"o": blank(inputs["q"].shape), "present_k": "past_k", "present_v": "past_v"}
                return self._caller(session, inputs, outputs, unmerged)

            yield "GroupQueryAttention (contrib), cache appended in place", decode


class Lazy:
    """The bound output, copied to NumPy only when it is looked at, never inside a timed call."""

    def __init__(self, value, reshape):
        self.value, self.reshape = value, reshape

    def __array__(self, dtype=None, copy=None):
        return self.reshape(self.value.numpy())
