"""Attune on the CPU as a peer of the comparison: through the C ABI, on arrays of NumPy."""

from __future__ import annotations

import ctypes
from ctypes import c_void_p
from pathlib import Path

import numpy as np

from peers.attune_abi import Session
from peers.cases import Case, aligned, numpy_dtype, read_array


class Peer:
    def __init__(self, options: dict):
        self.options = options
        self.session = Session(
            options["library"], "cpu", Path(options["store"]), options["program"], options["threads"]
        )
        self.plan = c_void_p()
        self.tuning: dict = {}
        self.keep: tuple = ()

    def versions(self) -> dict[str, str]:
        return {**self.session.device(), "threads": str(self.options["threads"])}

    def notes(self) -> list[str]:
        provenance = self.session.provenance(self.plan)
        notes = [f"{provenance.origin_name.decode()}: {provenance.config.decode()}"]
        if self.tuning:
            notes.append(
                "tuning: {evaluated} configs in {seconds:.1f} s, heuristic {heuristic_ms:.3f} ms, "
                "best {best_ms:.3f} ms".format(**self.tuning)
            )
        return notes

    def release(self) -> None:
        if self.plan:
            self.session.library.c.attune_plan_release(self.plan)
            self.plan = c_void_p()
        self.keep = ()
        self.tuning = {}

    @staticmethod
    def output(result: np.ndarray) -> np.ndarray:
        return result

    def forms(self, case: Case, directory: Path):
        def execute():
            session, library, c = self.session, self.session.library, self.session.library.c
            problem = session.problem(case)
            if self.options["tune_budget"] != "none":
                self.tuning = session.tune(problem, self.options["tune_budget"])
            self.plan = session.find(problem)
            q, k, v = (read_array(directory / f"{name}.npy", case.dtype) for name in "qkv")
            o = aligned(case.q_shape(), numpy_dtype(case.dtype))
            tensors = session.tensors(problem, *(array.ctypes.data for array in (q, k, v, o)))
            workspace_bytes = c.attune_plan_workspace_bytes(self.plan)
            workspace = aligned((max(workspace_bytes, 1),), np.dtype(np.uint8))
            self.keep = (q, k, v, o, tensors, workspace)
            arguments = (
                session.context,
                self.plan,
                ctypes.addressof(tensors),
                workspace.ctypes.data if workspace_bytes else None,
                workspace_bytes,
                None,
            )

            def call():
                status = c.attune_execute(*arguments)
                if status:
                    library.check(status)
                return o

            return call

        yield "attune_execute", execute
