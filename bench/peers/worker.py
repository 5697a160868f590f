"""The process of one peer: `python -m peers.worker NAME` answers JSON lines on standard output.

One process a peer, because their thread pools and their copies of OpenMP and LLVM disturb one another in one process;
idle peers wait on a pipe, so the peer that is measured has the cores to itself.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from peers.cases import Case

MODULES = {"attune": "peers.attune_cpu", "torch": "peers.torch_sdpa", "onnxruntime": "peers.onnx_attention"}

# A cold start costs a few ms at most (537 MB of KV are read in 9 ms): below 1 % of a longer call.
WAKING_MATTERS_MS = 500


def timed_calls(call, count: int) -> tuple[list[float], float]:
    """Wall milliseconds of each of `count` calls, and CPU milliseconds a call over all threads of this process."""
    times = []
    cpu = time.process_time()
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return times, (time.process_time() - cpu) * 1e3 / count


class Worker:
    def __init__(self, name: str, options: dict):
        self.peer = importlib.import_module(MODULES[name]).Peer(options)
        self.call = None
        self.call_ms = 0.0

    def hello(self) -> dict:
        return {"versions": self.peer.versions()}

    def prepare(self, case: dict, directory: str) -> dict:
        """Loads the case, tries every form of the call the peer offers, keeps the fastest and stores its output."""
        self.call = None
        problem = Case(**case)
        forms, refused = [], {}
        for form, make in self.peer.forms(problem, Path(directory)):
            try:
                call = make()
                call()
                best = min(timed_calls(call, 2)[0])
                if best < 50:
                    best = min(best, *timed_calls(call, 5)[0])
            except Exception as error:  # a peer may raise anything; the reason goes into the table
                refused[form] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
                continue
            forms.append((best, form))
            if best == min(forms)[0]:
                self.call = call
        if self.call is None:
            return {"forms": {}, "refused": refused}
        self.call_ms = min(forms)[0]
        output = np.asarray(self.peer.output(self.call()))
        np.save(Path(directory) / "output.npy", output.view(np.uint16) if problem.dtype == "bf16" else output)
        return {
            "forms": {form: best for best, form in forms},
            "refused": refused,
            "chosen": min(forms)[1],
            "call_ms": min(forms)[0],
            "notes": self.peer.notes(),
        }

    def measure(self, calls: int) -> dict:
        if self.call_ms < WAKING_MATTERS_MS:
            self.call()  # wakes the thread pool and brings the data back after the other peers
        times, cpu_ms = timed_calls(self.call, calls)
        return {"wall_ms": times, "cpu_ms": cpu_ms}

    def release(self) -> dict:
        self.call = None
        self.peer.release()
        return {}


def main() -> None:
    # Libraries may print on standard output: keep the answers on a descriptor of our own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        worker = Worker(sys.argv[1], json.loads(sys.argv[2]))
        answer = worker.hello()
    except Exception as error:
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}".splitlines()[0]}) + "\n")
        return
    answers.write(json.dumps(answer) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
